"""Curves against scipy and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf

from hepaxis.trial import cumulative_incidence, interval_censored, product_limit


def test_product_limit_by_hand():
    curve = product_limit(np.array([1.0, 2, 2, 3, 4]), np.array([True, True, False, True, False]))
    assert curve.day.tolist() == [1, 2, 3]
    assert curve.value == pytest.approx([0.8, 0.6, 0.3])
    assert curve.at(np.array([0.5, 1, 2.9, 9])) == pytest.approx([1, 0.8, 0.6, 0.3])
    assert curve.median() == 3
    assert product_limit(np.array([1.0, 2]), np.array([False, False])).median() == float("inf")


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 60))
def test_product_limit_is_scipys(seed, n):
    rng = np.random.default_rng(seed)
    time, event = rng.integers(1, 20, n).astype(float), rng.random(n) < 0.6
    mine = product_limit(time, event)
    theirs = ecdf(CensoredData.right_censored(time, ~event)).sf
    when = np.arange(0, 22.0)
    assert mine.at(when) == pytest.approx(theirs.evaluate(when), abs=1e-12)


def test_weights_are_copies():
    time, event = np.array([1.0, 2, 3]), np.array([True, False, True])
    copied = product_limit(np.repeat(time, [2, 1, 3]), np.repeat(event, [2, 1, 3]))
    weighted = product_limit(time, event, np.array([2.0, 1, 3]))
    assert weighted.value == pytest.approx(copied.value)


def test_ignoring_censoring_shortens_the_median():
    """Trap 6: patients who leave are not events."""
    rng = np.random.default_rng(0)
    event, leave = rng.exponential(120, 20_000), rng.exponential(150, 20_000)
    time = np.minimum(event, leave)
    true = product_limit(time, event <= leave).median()
    assert true == pytest.approx(120 * np.log(2), rel=0.04)
    assert np.median(time) < 0.7 * true


def test_competing_causes_by_hand_and_in_sum():
    time, cause = np.array([1.0, 2, 3, 4]), np.array([1, 2, 1, 0])
    one, two = (cumulative_incidence(time, cause, k) for k in (1, 2))
    assert one.at(4.0) == pytest.approx(0.25 + 0.5 * 0.5)
    assert two.at(4.0) == pytest.approx(0.25)
    assert one.at(4.0) + two.at(4.0) + product_limit(time, cause > 0).at(4.0) == pytest.approx(1)
    naive = 1 - product_limit(time, cause == 1).at(4.0)
    assert naive > one.at(4.0), "one minus Kaplan-Meier overstates a competing event"


def test_one_cause_alone_is_one_minus_survival():
    rng = np.random.default_rng(0)
    time, event = rng.exponential(1, 200), rng.random(200) < 0.7
    incidence = cumulative_incidence(time, event.astype(int), 1)
    assert incidence.at(time) == pytest.approx(1 - product_limit(time, event).at(time))


def test_interval_censoring_does_not_wait_for_the_scan():
    """Trap 2: dates of scans put every event late; what is known is that it came since the last scan."""
    rng = np.random.default_rng(0)
    true = rng.exponential(150, 20_000)
    first = rng.uniform(0, 56, 20_000)  # scans at first, first + 56, ...
    right = first + 56 * np.ceil(np.maximum(true - first, 0) / 56)
    left = np.maximum(right - 56, 0)
    grid = np.arange(7.0, 400, 7)
    known = interval_censored(left, right, grid)
    dated = product_limit(right, np.ones(20_000, bool))
    when = 150 * np.log(2)
    assert known.at(when) == pytest.approx(0.5, abs=0.03)
    assert dated.at(when) > 0.55


def test_exact_days_give_the_empirical_curve():
    time = np.array([7.0, 14, 14, 21])
    curve = interval_censored(time, time, np.array([7.0, 14, 21, 28]))
    assert curve.value == pytest.approx([0.75, 0.25, 0, 0], abs=1e-6)


def test_what_is_never_seen_keeps_its_mass_beyond():
    left, right = np.array([0.0, 28.0]), np.array([7.0, np.inf])
    curve = interval_censored(left, right, np.array([7.0, 14, 28, 35]))
    assert curve.at(28.0) == pytest.approx(0.5, abs=1e-5)


@pytest.mark.parametrize("time", [[-1.0, 2], [1.0, np.inf], [np.nan, 1]])
def test_bad_times_are_refused(time):
    with pytest.raises(ValueError, match="finite"):
        product_limit(np.array(time), np.array([True, True]))


def test_a_grid_that_does_not_increase_is_refused():
    with pytest.raises(ValueError, match="increase"):
        interval_censored(np.zeros(1), np.ones(1), np.array([2.0, 1]))
