"""``hepaxis trial``: a run and its summary, and whole lists of faults before any work begins."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

Run = Callable[..., tuple[int, str, str]]

DESIGN = """
name: small
statement: Is a run written?
mode: paired
n: 50
arms:
  - {id: none, regimen: durvalumab}
  - {id: fmt, regimen: durvalumab, components: [fmt_capsules_healthy]}
endpoints: {primary: [response], secondary: [pfs]}
horizon_days: 84
"""


@pytest.fixture
def run(hepaxis: Run) -> Run:
    return partial(hepaxis, "trial")


@pytest.fixture
def design(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(DESIGN, encoding="utf-8")
    return path


def test_a_run_is_summarised_and_can_be_again(run: Run, design: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, text, err = run("run", design, "--out", out, "--patients", 3)
    assert code == 0
    assert "within difference" in text
    assert "3 of 3 patients" in err
    written = json.loads((out / "trial.json").read_text(encoding="utf-8"))
    assert {path.name for path in out.iterdir()} == {"parts", "manifest.json", "trial.json", "report.html"}
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Within the same virtual patient" in page
    (out / "report.html").unlink()
    code, text, _ = run("report", out)
    assert code == 0
    assert str(out / "report.html") in text
    assert (out / "report.html").read_text(encoding="utf-8") == page
    code, text, _ = run("summary", out, "--json")
    assert code == 0
    assert json.loads(text) == written
    assert [arm["trial_n"] for arm in written["arms"]] == [50, 50]
    code, _, err = run("run", design, "--out", out, "--patients", 3)
    assert code == 1
    assert "--overwrite" in err


def test_designs_are_listed(run: Run) -> None:
    code, text, _ = run("list")
    assert code == 0
    assert "flora: FLORA (virtual); parallel, 48 patients" in text
    code, text, _ = run("list", "--json")
    assert {row["id"] for row in json.loads(text)} >= {"flora", "himalaya", "fmt_rescue"}


def test_faults_are_said_before_work_begins(
    run: Run, design: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hepaxis.trial.run.Screen.of", lambda *a: pytest.fail("work began on a bad input"))
    code, _, err = run("run", "no_such_design", "--out", tmp_path / "out")
    assert code == 1
    assert "flora" in err
    code, _, err = run("run", design, "--out", tmp_path / "out", "--patients", 0, "--workers", 0)
    assert code == 1
    assert "patients 0" in err
    assert "workers 0" in err
    for verb in ("summary", "report"):
        code, _, err = run(verb, tmp_path)
        assert code == 1
        assert "hepaxis trial run" in err


def test_an_interrupted_run_leaves_nothing(
    run: Run, design: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hepaxis.trial.run.work", stop)
    code, _, err = run("run", design, "--out", tmp_path / "out", "--patients", 3)
    assert code == 4
    assert "goes on from what is done" in err
    assert not list((tmp_path / "out").iterdir())
