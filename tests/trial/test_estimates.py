"""Chance of patients and of draws are told apart, and each estimate's influences are right."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from hepaxis.trial import product_limit
from hepaxis.trial.estimates import nothing, share, spread
from hepaxis.trial.feature_response import logistic, normal_score
from hepaxis.trial.time_summary import Times, influence_of_survival, median, steps_of

WORLDS, EACH = 600, 10


def worlds(sd: float, seed: int = 1):
    """Responses in worlds whose log odds scatter by sd about -1."""
    rng = np.random.default_rng(seed)
    chance = expit(-1.0 + sd * rng.standard_normal(WORLDS))
    draw = np.repeat(np.arange(WORLDS), EACH)
    return rng.random(len(draw)) < chance[draw], draw, chance


@pytest.mark.parametrize("sd", [0.0, 0.5, 1.0])
def test_the_spread_between_draws_is_that_of_their_shares(sd):
    happened, draw, chance = worlds(sd)
    got = spread(happened - happened.mean(), draw)
    assert got.draws == pytest.approx(chance.var(), abs=4 * got.draws_se + 0.1 * chance.var())
    assert got.patient == pytest.approx((chance * (1 - chance)).mean(), rel=0.05)
    assert got.draw_sd <= got.draw_sd_most


def test_arms_balanced_within_draws_do_not_feign_a_difference_between_draws():
    """An effect common to both arms of a draw is no spread of their difference; one on one arm is."""
    rng = np.random.default_rng(2)
    draw, side = np.repeat(np.arange(WORLDS), EACH), np.tile([0, 1], WORLDS * EACH // 2)
    common = rng.standard_normal(WORLDS)[draw]
    own = rng.standard_normal(WORLDS)[draw] * side

    def between(value):
        value = value + 0.5 * rng.standard_normal(len(draw))
        moves = np.where(side == 1, value - value[side == 1].mean(), -(value - value[side == 0].mean())) * 2
        return spread(moves, draw, side)

    assert between(common).draws == pytest.approx(0.0, abs=0.05)
    assert between(own).draws == pytest.approx(1.0, rel=0.15)


def test_few_draws_say_nothing_of_draws():
    happened, draw, _ = worlds(0.5)
    assert share(happened[:100], np.ones(100), draw[:100], 100)["draws"] is None
    assert share(happened[:0], np.ones(0), draw[:0], 100)["estimate"] is None
    assert nothing(3)["trial"]["low"] is None


def test_what_was_never_seen_is_not_certain():
    """Nothing in 50 patients: the simulation leaves about 1 in 100 open."""
    found = share(np.zeros(50, bool), np.ones(50), np.arange(50), 60)
    assert found["estimate"] == 0.0
    assert 0.005 < found["simulation_se"] < 0.03


def test_a_share_in_a_trial_is_binomial():
    happened, draw, _ = worlds(0.0)
    found = share(happened, np.ones(len(happened)), draw, 60)
    se = np.sqrt(happened.mean() * (1 - happened.mean()) / 60)
    assert found["trial"]["low"] == pytest.approx(happened.mean() - 1.96 * se, abs=0.02)
    assert found["trial"]["n"] == 60


@pytest.fixture(scope="module")
def times():
    rng = np.random.default_rng(3)
    life, left = rng.exponential(300.0, 400), rng.exponential(500.0, 400)
    return Times(np.minimum(life, left), life <= left, rng.uniform(0.5, 1.5, 400), np.arange(400) // EACH)


def test_influences_on_survival_are_those_of_leaving_one_out(times):
    """The infinitesimal jackknife against the plain one: weight of one patient a little more."""
    day = 250.0
    moves = influence_of_survival(times, product_limit(times.day, times.event, times.weight), day)
    assert moves.mean() == pytest.approx(0.0, abs=1e-9)
    step = 1e-4
    for k in (0, 17, 200):
        more = times.weight.copy()
        more[k] *= 1 + step
        change = product_limit(times.day, times.event, more).at(day) - product_limit(
            times.day, times.event, times.weight
        ).at(day)
        assert len(times) * change / step == pytest.approx(moves[k], rel=1e-2, abs=1e-3)


def test_the_band_is_greenwood_at_the_size_of_the_trial(times):
    flat = Times(times.day, times.event, np.ones(len(times)), times.draw)
    curve = product_limit(flat.day, flat.event)
    band, smaller = steps_of(flat, curve, len(flat)), steps_of(flat, curve, len(flat) // 4)
    middle = len(band["day"]) // 2
    moves = influence_of_survival(flat, curve, band["day"][middle])
    se = np.sqrt((moves**2).sum()) / len(flat)
    assert band["high"][middle] - band["value"][middle] == pytest.approx(1.96 * se, rel=0.02)
    assert smaller["high"][middle] - smaller["value"][middle] == pytest.approx(2 * 1.96 * se, rel=0.02)


def test_the_median_lies_between_its_bounds(times):
    found = median(times, product_limit(times.day, times.event, times.weight), 60)
    assert found["trial"]["low"] < found["estimate"] < found["trial"]["high"]


def test_the_odds_ratio_is_that_of_the_logistic_model():
    rng = np.random.default_rng(4)
    score = rng.standard_normal(20_000)
    happened = (rng.random(20_000) < expit(logit(0.3) + 0.4 * score)).astype(float)
    slope, moves = logistic(score, happened, np.ones(20_000))
    assert slope == pytest.approx(0.4, abs=0.05)
    assert moves.mean() == pytest.approx(0.0, abs=1e-9)
    assert normal_score(np.array([5.0, 1e6, 7.0]))[1] == pytest.approx(1.22, abs=0.01)
