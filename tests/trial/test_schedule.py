"""Scan days, their scatter, and how each trial was read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hepaxis import knowledge
from hepaxis.trial import conduct, conduct_trials, scan_schedule, visits


def test_schedule_is_within_the_horizon_and_refuses_nonsense():
    assert scan_schedule(8, 365)[-1] == 336
    with pytest.raises(ValueError, match="positive"):
        scan_schedule(0, 365)
    with pytest.raises(ValueError, match="positive"):
        scan_schedule(8, 365, switch_weeks=10, later_weeks=-1)
    with pytest.raises(ValueError, match="no scan"):
        scan_schedule(60, 365)


def test_schedule_slows_after_a_year():
    weeks = scan_schedule(8, 7 * 90, switch_weeks=52, later_weeks=12) / 7
    assert weeks.tolist() == [8, 16, 24, 32, 40, 48, 56, 68, 80]
    assert (conduct("IMbrave150").days(7 * 80) / 7).tolist() == [6, 12, 18, 24, 30, 36, 42, 48, 54, 63, 72]


def test_visits_scatter_and_stay_in_order():
    planned = scan_schedule(4, 365)
    made = visits(planned, np.random.default_rng(0).standard_normal((5000, len(planned))))
    assert np.all(np.diff(made, axis=1) >= 14 - 1e-9)
    assert np.std(made[:, 0]) == pytest.approx(6, abs=0.4)
    assert np.array_equal(visits(planned, np.zeros((1, len(planned))))[0], planned)


@settings(max_examples=50, deadline=None)
@given(weeks=st.sampled_from([3, 4, 6, 8, 9, 12]), seed=st.integers(0, 1000), wild=st.floats(0, 8))
def test_visits_are_always_in_order(weeks, seed, wild):
    planned = scan_schedule(weeks, 400)
    made = visits(planned, wild * np.random.default_rng(seed).standard_normal((20, len(planned))))
    assert np.all(np.diff(made, axis=1) >= 14 - 1e-9)
    assert np.all(made >= 14 - 1e-9)


def test_every_trial_of_the_table_has_a_conduct_with_its_interval():
    rows = knowledge.table("trials").to_dict("records")
    known = {trial.split(" BCLC")[0] for trial in conduct_trials()}
    for row in rows:
        trial = row["trial"].split(" BCLC")[0]
        assert trial in known, trial
        weeks = row["scan_interval_weeks"]
        if weeks == weeks and weeks is not None:
            assert conduct(trial).interval_weeks == float(weeks), row["id"]


def test_not_evaluable_rule_agrees_with_the_published_sums():
    """Trap 1: where progression and control add up to all patients, those not evaluable are in progression."""
    for row in knowledge.table("trials").to_dict("records"):
        total = float(row["pd_pct"] or np.nan) + float(row["dcr_pct"] or np.nan)
        if np.isfinite(total):
            rule = "progression" if total > 99 else "separate"
            assert conduct(row["trial"].split(" BCLC")[0]).not_evaluable == rule, row["id"]


def test_conduct_has_sources_and_an_unknown_trial_is_refused():
    for trial in conduct_trials():
        found = conduct(trial)
        assert found.source, trial
        assert 0 <= found.beyond_progression <= 1
        assert found.not_evaluable in ("separate", "progression")
    with pytest.raises(KeyError, match="HIMALAYA"):
        conduct("HIMALYA")
