"""tau's experiment and its page: no effect at tau 0, more with tau, and the errors that are printed."""

from __future__ import annotations

import numpy as np
import pytest

from hepaxis.sensitivity.gut_effect import GutExperiment, agreed_gates, auc_of_gut, strengths, without
from hepaxis.sensitivity.tau_scan import DRAW_TAUS, tau_for


@pytest.fixture(scope="module")
def experiment():
    return GutExperiment(communities=5, hosts=6, seed=3)


@pytest.fixture(scope="module")
def whole(experiment):
    return experiment.response(strengths(0.5, discounted=True), 0.5)


def test_without_tau_every_community_responds_alike(experiment):
    spread = experiment.spread(experiment.response(strengths(0.0, discounted=True), 0.0))
    assert spread.sd == pytest.approx(0.0, abs=1e-3)
    assert spread.auc == pytest.approx(0.5, abs=1e-3)


def test_the_guts_effect_grows_with_tau_and_without_discounts(experiment, whole):
    small = experiment.spread(experiment.response(strengths(0.1, discounted=True), 0.1))
    claimed = experiment.spread(experiment.response(strengths(0.5, discounted=False), 0.5))
    assert 0 < small.sd < experiment.spread(whole).sd < claimed.sd
    assert set(small.errors) == {"sd", "auc", "response_low", "response_median", "response_high"}


def test_all_gates_off_carry_all_of_the_variance_and_none_off_carries_none(experiment, whole):
    off = experiment.response(without(strengths(0.5, discounted=True), agreed_gates()), 0.5)
    share, error = experiment.share(whole, off)
    assert share == pytest.approx(1.0, abs=1e-2)
    assert error == pytest.approx(0.0, abs=1e-2)
    assert experiment.share(whole, whole) == (0.0, 0.0)


def test_the_same_seed_gives_the_same_numbers(experiment, whole):
    again = GutExperiment(communities=5, hosts=6, seed=3)
    assert np.array_equal(again.response(strengths(0.5, discounted=True), 0.5), whole, equal_nan=True)
    assert again.spread(whole) == experiment.spread(whole)


def test_auc_of_two_guts_by_hand():
    """Response 0.2 and 0.6: pairs of a responder and a non-responder, weighted by how likely they are."""
    low, high = 0.2, 0.6
    right, tied = high * (1 - low), 0.5 * (low * (1 - low) + high * (1 - high))
    assert auc_of_gut(np.array([low, high])) == pytest.approx((right + tied) / ((low + high) * (2 - low - high)))


def test_tau_for_a_target_lies_on_the_curve_and_is_not_made_up_beyond_it():
    spread = np.repeat(np.array(DRAW_TAUS)[:, None], 3, axis=1)  # sd equal to tau
    assert tau_for(0.45, spread) == pytest.approx(0.45)
    assert np.isnan(tau_for(1.5, spread))
