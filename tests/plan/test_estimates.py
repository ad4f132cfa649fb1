"""Intervals against hand computations; pairing; the host's part of the error; the chance of being best."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hepaxis.plan.estimates import (
    LOWEST,
    Cross,
    chance_of_best,
    change,
    interval,
    log_odds,
    log_odds_change,
    positive,
    predictive,
    probability,
)
from hepaxis.plan.make import curve_of

HOSTS, DRAWS = 30, 8


def crossed(hosts: int = HOSTS, draws: int = DRAWS) -> Cross:
    host, draw = np.tile(np.arange(hosts), draws), np.repeat(np.arange(draws), hosts)
    return Cross(host, draw, np.ones(len(host), bool))


def noisy(seed: int, spread: float = 0.1) -> np.ndarray:
    """(V,) probabilities with a part of the host, one of the draw, and one of both."""
    rng = np.random.default_rng(seed)
    cross = crossed()
    z = rng.normal(size=HOSTS)[cross.host] + rng.normal(size=DRAWS)[cross.draw] + spread * rng.normal(size=240)
    return 1 / (1 + np.exp(-(z - 1)))


def ordered(found) -> bool:
    return found.lo90 <= found.lo50 <= found.median <= found.hi50 <= found.hi90


def test_means_by_draw_leave_out_who_does_not_count():
    cross = Cross(np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1]), np.array([True, True, True, False]))
    assert cross.by_draw(np.array([0.2, 0.4, 0.5, 9.0])).tolist() == pytest.approx([0.3, 0.5])
    assert cross.by_draw(np.array([0.2, np.nan, 0.5, 9.0])).tolist() == pytest.approx([0.2, 0.5])
    empty = cross.by_draw(np.array([0.2, 0.4, np.nan, 9.0]))
    assert np.isnan(empty[1])


def test_host_error_is_the_standard_error_over_hosts():
    values = noisy(1)
    by_host = values.reshape(DRAWS, HOSTS).mean(axis=0)
    assert crossed().host_error(values) == pytest.approx(by_host.std(ddof=1) / np.sqrt(HOSTS))
    one = Cross(np.zeros(4, int), np.arange(4), np.ones(4, bool))
    assert one.host_error(np.arange(4.0)) == 0.0


def test_limits_are_students():
    found = interval(1.0, 0.5, 8)
    assert found.hi90 - 1.0 == pytest.approx(0.5 * stats.t.ppf(0.95, 7))
    assert found.hi50 - 1.0 == pytest.approx(0.5 * stats.t.ppf(0.75, 7))
    assert 1.0 - found.lo90 == pytest.approx(found.hi90 - 1.0)


def test_a_change_is_the_mean_of_paired_differences_with_both_errors():
    base, other = noisy(2), noisy(2) + 0.05 * noisy(3)
    found = change(crossed(), base, other)
    difference = (other - base).reshape(DRAWS, HOSTS)
    per_draw, per_host = difference.mean(axis=1), difference.mean(axis=0)
    sd = np.sqrt(per_draw.var(ddof=1) * (1 + 1 / DRAWS) + per_host.var(ddof=1) / HOSTS)
    assert found.median == pytest.approx(difference.mean())
    assert found.hi90 == pytest.approx(difference.mean() + stats.t.ppf(0.95, DRAWS - 1) * sd)


def test_a_draw_without_anyone_does_not_sharpen_the_interval():
    base, other = noisy(2), noisy(2) + 0.05 * noisy(3)
    holes = other.copy()
    holes[crossed().draw >= 3] = np.nan
    cross = crossed()
    three = Cross(cross.host[cross.draw < 3], cross.draw[cross.draw < 3], np.ones(3 * HOSTS, bool))
    found, alone = change(cross, base, holes), change(three, base[: 3 * HOSTS], other[: 3 * HOSTS])
    assert (found.lo90, found.hi90) == pytest.approx((alone.lo90, alone.hi90))
    got, want = probability(cross, holes), probability(three, other[: 3 * HOSTS])
    assert (got.lo90, got.hi90) == pytest.approx((want.lo90, want.hi90))


def test_pairing_narrows_the_change():
    base = noisy(4)
    other = np.clip(base + 0.03 + 0.002 * noisy(5), 0, 1)
    paired = change(crossed(), base, other)
    shuffled = other.reshape(DRAWS, HOSTS)[np.random.default_rng(0).permutation(DRAWS)].ravel()
    apart = change(crossed(), base, shuffled)
    assert paired.median == pytest.approx(apart.median)
    assert paired.hi90 - paired.lo90 < 0.1 * (apart.hi90 - apart.lo90)


def test_no_difference_is_no_change_at_all():
    values = noisy(6)
    found = change(crossed(), values, values)
    assert (found.lo90, found.median, found.hi90) == (0.0, 0.0, 0.0)


def test_more_hosts_narrow_only_the_part_of_the_hosts():
    flat = np.repeat(np.random.default_rng(7).uniform(0.1, 0.5, DRAWS), HOSTS)  # all hosts alike
    few = Cross(crossed().host, crossed().draw, np.tile(np.arange(HOSTS) < 5, DRAWS))
    assert probability(few, flat).hi90 == pytest.approx(probability(crossed(), flat).hi90)
    mixed = noisy(8)
    assert few.host_error(mixed) > crossed().host_error(mixed)


def test_a_draw_that_lost_most_of_its_hosts_does_not_count():
    values = np.full(DRAWS * HOSTS, 0.3)
    whole = crossed()
    lost = (whole.draw == 0) & (whole.host > 0)
    values[(whole.draw == 0) & (whole.host == 0)] = 0.0  # the one host left would give a response of 0
    left = Cross(whole.host, whole.draw, ~lost)
    assert np.isnan(left.by_draw(values)[0])
    assert probability(left, values).lo90 > 0.25


@given(
    values=st.lists(st.floats(0.0, 1.0), min_size=12, max_size=12),
    others=st.lists(st.floats(0.0, 1.0), min_size=12, max_size=12),
)
def test_probabilities_stay_between_zero_and_one_and_limits_in_order(values, others):
    cross = crossed(hosts=4, draws=3)
    base, other = np.array(values), np.array(others)
    found = probability(cross, base)
    assert ordered(found)
    assert 0.0 <= found.lo90 <= found.hi90 <= 1.0
    there, back = change(cross, base, other), change(cross, other, base)
    assert ordered(there)
    assert there.median == pytest.approx(-back.median, abs=1e-12)
    assert there.hi90 == pytest.approx(-back.lo90, abs=1e-12)
    assert ordered(log_odds_change(cross, base, other))


def test_log_odds_change_against_hand():
    base = np.repeat([0.2, 0.3], 5)
    other = np.repeat([0.4, 0.5], 5)
    cross = Cross(np.tile(np.arange(5), 2), np.repeat([0, 1], 5), np.ones(10, bool))
    each = [np.log(0.4 / 0.6) - np.log(0.2 / 0.8), np.log(0.5 / 0.5) - np.log(0.3 / 0.7)]
    found = log_odds_change(cross, base, other)
    assert found.median == pytest.approx(np.mean(each))
    sd = np.std(each, ddof=1) * np.sqrt(1.5)
    assert found.hi90 == pytest.approx(np.mean(each) + stats.t.ppf(0.95, 1) * sd)
    assert log_odds(np.array([0.0, 1.0])) == pytest.approx([np.log(LOWEST), -np.log(LOWEST)], rel=1e-3)


def test_a_median_time_not_reached_is_shown_at_the_horizon():
    found = positive(crossed(draws=4), np.array([3.0, 5.0, np.inf, np.nan]), 12.0)
    assert found.hi90 == 12.0
    assert found.median == pytest.approx(np.exp(np.mean(np.log([3.0, 5.0, 12.0, 12.0]))))
    assert ordered(found)


@given(seed=st.integers(0, 1000), strategies=st.integers(1, 6))
def test_chances_of_best_add_up_to_one(seed, strategies):
    rng = np.random.default_rng(seed)
    per_draw = rng.uniform(0.05, 0.6, (strategies, 7))
    found = chance_of_best(per_draw, rng.uniform(0, 0.05, strategies), seed)
    assert found.sum() == pytest.approx(1.0)
    assert (found >= 0).all()


def test_the_chance_of_best_follows_pairing_and_error():
    base = np.random.default_rng(1).uniform(0.1, 0.5, 12)
    always = chance_of_best(np.array([base, base + 0.01]), np.zeros(2), 1)
    assert always[1] > 0.99, "better in every draw, however wide the draws"
    unsure = chance_of_best(np.array([base, base + 0.01]), np.array([0.0, 0.1]), 1)
    assert 0.5 < unsure[1] < 0.65
    same = chance_of_best(np.array([base, base]), np.full(2, 0.01), 1)
    assert same == pytest.approx([0.5, 0.5], abs=0.02)
    assert chance_of_best(np.array([base, base]), np.full(2, 0.01), 1).tolist() == same.tolist()


def test_weights_count_hosts_and_draws_as_copies_would():
    """A lane of weight 2 is two lanes."""
    plain = crossed(3, 2)
    weights = np.array([2.0, 1.0, 1.0, 1.0, 1.0, 2.0])
    cross = Cross(plain.host, plain.draw, plain.ok, weights)
    values = np.array([0.1, 0.2, 0.6, 0.3, 0.5, 0.9])
    assert cross.by_draw(values).tolist() == pytest.approx([1.0 / 4, 2.6 / 4])
    assert cross.mean(cross.by_draw(values)) == pytest.approx(np.average(values, weights=weights))
    assert cross.draw_weights.tolist() == pytest.approx([0.5, 0.5])


def test_weight_on_one_draw_leaves_its_mean_and_wider_limits():
    cross = crossed()
    values = noisy(4)
    heavy = np.where(cross.draw == 3, 100.0, 1.0)
    found = Cross(cross.host, cross.draw, cross.ok, heavy)
    assert probability(found, values).median == pytest.approx(values[cross.draw == 3].mean(), abs=0.03)
    _, effective = found.spread(found.by_draw(values), 0.0)
    assert 1.0 <= effective < 1.5


def test_what_one_patient_may_be_is_wider_than_the_mean_over_hosts():
    cross, values = crossed(), noisy(6)
    mean, own = probability(cross, values), predictive(cross, values)
    assert ordered(own)
    assert own.hi90 - own.lo90 > mean.hi90 - mean.lo90
    none = Cross(cross.host, cross.draw, cross.ok, np.where(cross.host == 2, 1.0, 0.0))
    assert predictive(none, values).lo90 >= values[cross.host == 2].min()


def test_the_drawn_course_follows_the_weights():
    days, volume = np.array([0.0, 30.0]), np.array([[1.0, 8.0], [1.0, 1.0]])
    run = SimpleNamespace(days=days, values={"tumour_volume": volume, "diameter_spread": np.ones((2, 2))})
    made = SimpleNamespace(run=run)
    both = np.array([0, 1])

    def last(weights):
        cross = Cross(both, both, np.array([True, True]), np.array(weights))
        return curve_of("x", "x", made, cross).median[-1]

    assert last([1.0, 0.0]) == pytest.approx(1.0)
    assert last([0.0, 1.0]) == pytest.approx(0.0)
