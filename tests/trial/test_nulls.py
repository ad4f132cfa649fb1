"""Null predictors know the fit arms alone."""

from __future__ import annotations

import numpy as np
import pytest

from hepaxis import knowledge
from hepaxis.trial.nulls import null_predictions, slots
from hepaxis.trial.published_arms import published_arm


def test_an_arm_is_classed_by_its_drugs():
    assert slots(published_arm("imbrave150_atezo_bev")) == {"pd1", "vegf"}
    assert slots(published_arm("himalaya_stride_t300_d")) == {"pd1", "ctla4"}
    assert slots(published_arm("keynote_394_placebo_asia")) == set()


def test_a_mean_is_of_fit_arms_of_the_class_weighted_by_patients():
    arms = [knowledge.row("trials", id) for id in ("keynote_240_placebo", "sharp_placebo")]
    n, os = (np.array([float(row[name]) for row in arms]) for name in ("n", "os_med_mo"))
    got = null_predictions(published_arm("keynote_394_placebo_asia"), "os_med_mo")
    assert got["class"] == pytest.approx(np.exp(np.average(np.log(os), weights=n)))


def test_no_outcome_of_another_row_moves_them(monkeypatch):
    arm = published_arm("himalaya_stride_t300_d")
    before = null_predictions(arm, "orr_recist_pct")
    own = knowledge.records
    spoiled = [dict(row) if row["use"] == "fit" else {**row, "orr_recist_pct": 99.0} for row in own("trials")]
    monkeypatch.setattr(
        "hepaxis.trial.nulls.knowledge.records", lambda table: spoiled if table == "trials" else own(table)
    )
    assert null_predictions(arm, "orr_recist_pct") == before
