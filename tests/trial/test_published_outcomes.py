"""What may be fitted is kept apart from what may not; published figures become targets on one scale."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import numpy as np
import pytest

from hepaxis import knowledge
from hepaxis.trial import published_outcomes
from hepaxis.trial.published_outcomes import arcsine, between_trials, fit_targets, targets

TOOL = Path(__file__).resolve().parents[2] / "tools" / "calibrate.py"
OUTCOMES = ("orr_recist_pct", "dcr_pct", "pd_pct", "pfs_med_mo", "os_med_mo", "os12_pct", "os24_pct", "dor_med_mo")


def test_the_fit_cannot_see_a_row_that_is_not_marked_fit(monkeypatch):
    """Fails when outcomes of validate, predict or context rows enter what is fitted."""
    before = fit_targets()
    spoiled = [
        dict(row) if row["use"] == "fit" else {**row, **dict.fromkeys(OUTCOMES, 1e9)}
        for row in knowledge.records("trials")
    ]
    monkeypatch.setattr(published_outcomes.knowledge, "records", lambda table: spoiled)
    assert fit_targets() == before
    spoiled[:] = [dict(row) for row in spoiled if row["use"] == "fit"]
    assert fit_targets() == before


def test_the_tool_reads_outcomes_by_that_door_alone():
    """The tool that calibrates imports no other reader of outcomes and names no table of trials."""
    tree = ast.parse(TOOL.read_text(encoding="utf-8"))
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for name in node.names}
    assert "fit_targets" in imported
    assert not imported & {"targets", "reproduce", "null_predictions"}
    called = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert not [name for name in called if name.startswith("knowledge.") and name != "knowledge.content_hash"]
    reader = inspect.getsource(published_outcomes.fit_targets)
    assert 'row["use"] == FIT' in reader


def test_every_fitted_arm_is_marked_fit_and_every_marked_arm_is_fitted():
    marked = {str(row["id"]) for row in knowledge.records("trials") if row["use"] == "fit"}
    assert {target.arm for target in fit_targets()} == marked


def test_a_median_is_one_half_surviving_then():
    row = {**knowledge.row("trials", "himalaya_durvalumab")}
    found = {target.name: target for target in targets(row)}
    assert found["pfs at 3.7 months"].value == 0.5
    assert found["orr"].value == pytest.approx(0.17)
    assert found["os at 24 months"].month == 24


def test_counting_error_on_the_scale_does_not_depend_on_the_share():
    rng = np.random.default_rng(5)
    for share in (0.1, 0.3, 0.6):
        seen = arcsine(rng.binomial(300, share, 40_000) / 300)
        assert seen.std() == pytest.approx(0.5 / np.sqrt(300), rel=0.05)


def test_a_target_is_held_to_its_trial_and_to_other_trials():
    for target in fit_targets():
        assert target.sd == pytest.approx(np.hypot(0.5 / np.sqrt(target.n), between_trials()[target.outcome]))


def test_complete_response_is_fitted_and_what_is_left_out_says_why():
    with_printed = {
        row["id"] for row in knowledge.records("trials") if row["use"] == "fit" and row["cr_pct"] is not None
    }
    assert {target.arm for target in fit_targets() if target.outcome == "cr"} == with_printed
    left = {(row["arm"], row["outcome"]) for row in published_outcomes.rows("not_fitted.csv")}
    assert not left & {(target.arm, target.outcome) for target in fit_targets()}
    assert all(row["reason"] for row in published_outcomes.rows("not_fitted.csv"))
