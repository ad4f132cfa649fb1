"""The shipped fit is what the scans give, is reported as held out, and brings probabilities down to experience."""

from __future__ import annotations

import importlib.util
import json

import numpy as np
import pytest

from hepaxis.antigens.calibration import UNRELATED, answer, calibration, ceiling, mean_probability, probability


def tool(root):
    spec = importlib.util.spec_from_file_location("calibrate_mimics", root / "tools" / "calibrate_mimics.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def made(root):
    return tool(root)


@pytest.fixture(scope="module")
def data(made, shared):
    return made.scans(shared("data/batcave/TCR_pMHCI_mutational_scan_database.xlsx"))


def test_the_shipped_fit_is_made_from_the_scans(made, data):
    told = json.loads(made.TARGET.read_text(encoding="utf-8"))
    human = data[data.allele != made.KB]
    intercept, weights, parts = made.fit(human, len(made.CLASSES))
    assert intercept == pytest.approx(told["intercept"], rel=2e-3)
    assert weights == pytest.approx(list(told["positions"].values()), rel=5e-3)
    assert parts == pytest.approx(list(told["chemistry"].values()), abs=2e-3)
    assert len(data.epitope) == told["data"]["substitutions"] == 16993


def test_one_epitope_left_out_is_scored_as_shipped(made, data):
    """AFP158, the HCC epitope: three clones that the fit has not seen."""
    human = data[data.allele != made.KB]
    out = human.epitope == "FMNKFIYEI"
    _, weights, parts = made.fit(human[~out], len(made.CLASSES))
    score = -weights[human.place[out]] * (human.gaps[out] @ parts)
    expected = calibration().held_out["by_epitope"]["FMNKFIYEI"]["all"]
    assert made.auroc(score, human.answered[out]) == pytest.approx(expected, abs=5e-3)


def test_held_out_auroc_is_what_such_scores_reach_and_has_an_interval():
    """About .72-.74 for generic profiles; all of it well below what a receptor's own scan gives."""
    found = calibration().held_out["auroc"]["facing"]
    assert found["low"] < found["mean"] < found["high"]
    assert found["low"] > 0.70
    assert found["high"] < 0.85
    assert found["low"] <= 0.74
    assert found["mean"] > calibration().held_out["auroc"]["blosum62"]["high"]


def test_held_out_predictions_are_as_often_right_as_they_say():
    for row in calibration().held_out["reliability"]:
        if row["n"] >= 500:
            assert row["predicted"] == pytest.approx(row["measured"], abs=0.06)


def test_probability_falls_with_distance_from_the_published_ceiling_to_the_rate_of_unrelated_peptides():
    a, b = ceiling()
    grid = np.linspace(0.0, 40.0, 41)
    found = probability(grid)
    assert (np.diff(found, axis=0) < 0).all()
    assert (np.diff(found[:, :3], axis=1) > 0).all()
    assert found[0, 3] == pytest.approx(a / (a + b), rel=0.01)
    assert 0.05 <= found[0, 3] <= 0.30
    assert found[-1, 1] == pytest.approx(UNRELATED, rel=1e-3)
    assert mean_probability(grid) == pytest.approx(found[:, 3], rel=1e-6)
    assert answer(0.0) > 0.9 > 0.1 > answer(6.0)
