"""Runs again and beside each other: bit for bit, honest about what changed, and exactly the sources a run used."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hepaxis import STATEMENT
from hepaxis.cli import main
from hepaxis.report import load_plan

Run = Callable[..., tuple[int, str, str]]
SHEET = "id: T\ntherapy:\n  planned:\n    - {regimen: durvalumab, start_day: 0}\n"
PROFILE = "taxon\tS1\nFaecalibacterium prausnitzii\t30\nBacteroides uniformis\t60\nEscherichia coli\t10\n"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a patient, donors and two small runs of it with different seeds."""
    root = tmp_path_factory.mktemp("runs")
    (root / "patient").mkdir()
    (root / "patient" / "patient.yaml").write_text(SHEET, encoding="utf-8")
    (root / "patient" / "profile.tsv").write_text(PROFILE, encoding="utf-8")
    (root / "donors").mkdir()
    (root / "donors" / "donor.tsv").write_text(PROFILE.replace("S1", "D1"), encoding="utf-8")
    for name, seed in (("a", 1), ("b", 2)):
        words = ["plan", str(root / "patient"), "--out", str(root / name), "--patients", "10", "--strategies", "udca"]
        more = ["--donors", str(root / "donors")] if name == "a" else []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("hepaxis.plan.attribution.GROUP_LABELS", {})
            patch.setattr("hepaxis.plan.attribution._tumour_groups", list)
            patch.setattr(sys, "argv", ["hepaxis", *words, "--seed", str(seed), *more])
            with pytest.raises(SystemExit) as left:
                main()
        assert not left.value.code
    return root


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, hepaxis: Run) -> Run:
    monkeypatch.setattr("hepaxis.plan.attribution.GROUP_LABELS", {})
    monkeypatch.setattr("hepaxis.plan.attribution._tumour_groups", list)
    return hepaxis


def test_a_run_with_donors_is_repeated_bit_for_bit(runs: Path, run: Run) -> None:
    code, out, err = run("replay", runs / "a")
    assert code == 0, err
    assert out.splitlines() == ["plan.json: the same, bit for bit", "report.html: the same, bit for bit"]


def test_a_moved_pair_of_folders_is_still_found(runs: Path, run: Run, tmp_path: Path) -> None:
    """Folders are named relative to the run, so nothing of one machine is in the record."""
    record = json.loads((runs / "a" / "run.json").read_text(encoding="utf-8"))
    assert record["folders"] == {"patient": "../patient", "donors": "../donors"}
    shutil.copytree(runs, tmp_path / "moved")
    (tmp_path / "moved" / "patient" / "profile.tsv").write_text(PROFILE.replace("30", "31"), encoding="utf-8")
    code, _, err = run("replay", tmp_path / "moved" / "a")
    assert code == 1
    assert "profile.tsv has changed" in err


def test_a_report_that_was_touched_is_found_out(runs: Path, run: Run, tmp_path: Path) -> None:
    shutil.copytree(runs, tmp_path / "touched")
    page = tmp_path / "touched" / "b" / "report.html"
    page.write_text(page.read_text(encoding="utf-8").replace("durvalumab", "durvalumaB", 1), encoding="utf-8")
    code, out, err = run("replay", tmp_path / "touched" / "b")
    assert code == 1
    assert "plan.json: the same" in out
    assert "report.html is not what the inputs give" in err


def test_another_model_or_knowledge_is_said_before_anything_is_computed(
    runs: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hepaxis.plan.make.patient_twin", lambda *a, **k: pytest.fail("work began"))
    shutil.copytree(runs, tmp_path / "old")
    record = tmp_path / "old" / "b" / "run.json"
    text = json.loads(record.read_text(encoding="utf-8"))
    text["versions"]["knowledge"] = "0" * 16
    record.write_text(json.dumps(text), encoding="utf-8")
    code, _, err = run("replay", tmp_path / "old" / "b")
    assert code == 1
    assert "knowledge was 0000000000000000" in err


@pytest.mark.parametrize("words", [("replay",), ("cite",), ("compare",)])
def test_a_folder_without_a_run_is_refused(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    folders = [tmp_path] * (2 if words == ("compare",) else 1)
    code, _, err = run(*words, *folders)
    assert code == 1
    assert "there is no" in err


def test_cite_prints_the_sources_of_the_run_and_no_others(runs: Path, run: Run) -> None:
    plan = load_plan((runs / "a" / "plan.json").read_text(encoding="utf-8"))
    code, out, _ = run("cite", runs / "a", "--json")
    assert code == 0
    assert [item["id"] for item in json.loads(out)] == [source.id for source in plan.sources]
    code, out, _ = run("cite", runs / "a")
    assert sum(line.split(". ", 1)[0].isdigit() for line in out.splitlines()) == len(plan.sources)
    assert STATEMENT in out


def test_a_run_beside_itself_differs_in_nothing(runs: Path, run: Run) -> None:
    code, out, _ = run("compare", runs / "b", runs / "b", "--json")
    assert code == 0
    assert not [line for line in json.loads(out)["lines"] if line["apart"]]


def test_two_runs_are_set_beside_each_other(runs: Path, run: Run) -> None:
    lines = json.loads(run("compare", runs / "a", runs / "b", "--json")[1])["lines"]
    seeds = next(line for line in lines if line["label"] == "seed")
    assert (seeds["a"], seeds["b"], seeds["apart"]) == ("1", "2", True)
    assert {line["section"] for line in lines} >= {"run", "estimate", "strategy"}
    assert STATEMENT in run("compare", runs / "a", runs / "b")[1]
