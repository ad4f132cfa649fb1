"""``hepaxis trial power`` and ``scan``: faults before work, and figures of a finished paired run."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(hepaxis: Run) -> Run:
    return partial(hepaxis, "trial")


def test_unknown_arms_and_outcomes_are_problems(run: Run) -> None:
    code, _, err = run("power", "fmt_timing", "--arm", "day_7", "--control", "nobody", "--outcome", "joy")
    assert code == 1
    for word in ("day_7", "nobody", "joy", "day_minus_7", "known are response"):
        assert word in err
    code, _, err = run("scan", "fmt_timing", "--outcome", "joy", "--control", "nobody")
    assert code == 1
    assert "nobody" in err


def test_sizes_that_are_no_numbers_are_problems(run: Run) -> None:
    code, _, err = run("power", "fmt_timing", "--arm", "day_0", "--control", "none", "--n", "many,100")
    assert code == 1
    assert "'many'" in err


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made rows in place of the simulation."""
    import numpy as np
    import pandas as pd

    from hepaxis.trial import effects

    def made(design, arms, control, patients, *, workers, progress):
        rng = np.random.default_rng(1)
        draw = np.arange(patients) // 10
        chance = rng.random(patients)
        rows = {}
        for k, name in enumerate((control, *arms)):
            best = np.where(chance < 0.3 + 0.05 * (k > 0) * rng.random(draw.max() + 1)[draw], 2, 4)
            columns = {"patient": np.arange(patients), "weight": 1.0, "draw": draw, "best": best}
            other = {"best_unconfirmed": best, "best_viable": best, "decompensation_day": np.inf}
            flags = dict.fromkeys(("durable", "severe", "severe_immune"), False)
            rows[name] = pd.DataFrame({**columns, **other, **flags})
        progress(patients, patients)
        return rows, {"model": "made"}

    monkeypatch.setattr(effects, "paired_pool", made)


@pytest.mark.usefixtures("pool")
def test_power_is_printed_and_written(run: Run, tmp_path: Path) -> None:
    words = ("power", "fmt_timing", "--arm", "day_0", "--control", "none", "--trials", 200, "--out", tmp_path)
    code, out, err = run(*words)
    assert code == 0, err
    assert "80% power" in out
    assert "No randomised trial" in out
    found = json.loads((tmp_path / "power.json").read_text(encoding="utf-8"))
    assert found["schema"] == "hepaxis.trial.power/1"
    assert found["patients"] == 1500
    assert [one["n"] for one in found["sizes"]] == [50, 100, 200, 400]
    assert found["stamp"] == {"model": "made"}
    again = json.loads(run(*words, "--json")[1])
    assert again == found


@pytest.mark.usefixtures("pool")
def test_a_scan_abstains_where_arms_are_alike(run: Run, tmp_path: Path) -> None:
    code, out, err = run("scan", "fmt_timing", "--out", tmp_path)
    assert code == 0, err
    assert "no best arm" in out
    found = json.loads((tmp_path / "scan.json").read_text(encoding="utf-8"))
    assert found["abstains"]
    assert {one["arm"] for one in found["arms"]} >= {"none", "day_0", "day_63"}


def test_a_parallel_run_is_refused(run: Run, tmp_path: Path) -> None:
    from hepaxis.trial import load_design

    text = {"design": {"text": load_design("flora").text, "file": "flora"}}
    (tmp_path / "manifest.json").write_text(json.dumps(text), encoding="utf-8")
    code, _, err = run("scan", tmp_path)
    assert code == 1
    assert "parallel" in err
