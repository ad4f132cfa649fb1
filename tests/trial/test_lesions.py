"""Targets and their measurement."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hepaxis.trial import choose_targets, criterion, hazard, measure, split_sum


def test_two_largest_measurable_lesions_of_an_organ_are_targets():
    chosen = choose_targets(np.array([[9.0, 40, 20, 30, 0, 15]]))
    assert chosen[0].tolist() == [False, True, False, True, False, False]


def test_at_most_five_targets_over_organs():
    organs = ["liver"] * 3 + ["lung"] * 3 + ["node"] * 2
    chosen = choose_targets(np.arange(20.0, 28.0)[None], organs)[0]
    assert chosen.sum() == 5
    assert [int(chosen[[o == organ for o in organs]].sum()) for organ in ("liver", "lung", "node")] == [1, 2, 2]
    with pytest.raises(ValueError, match="organs"):
        choose_targets(np.ones((1, 2)), ["liver"])


def test_small_lesions_are_recorded_as_five_millimetres_at_least_and_those_too_small_to_be_seen_are_gone():
    limit = hazard("disappearance_mm")
    read = measure(np.array([[100.0, limit + 0.1, limit - 0.1, 0.0]]), np.zeros((1, 4)))[0]
    assert read.tolist() == [100, pytest.approx(limit + 0.1), 0, 0]
    short = measure(np.array([[limit + 0.1]]), np.full((1, 1), -10.0))[0]
    assert short.tolist() == [criterion("too_small_mm")]
    volume = np.pi / 6 * (hazard("disappearance_mm") / 10) ** 3
    assert volume == pytest.approx(hazard("eradication_volume"), rel=0.01), "one threshold, twice written"


def test_error_is_of_each_lesion():
    """The relative error of a sum of equal lesions falls with the root of their number, as readers' agreement does."""
    rng = np.random.default_rng(0)
    one = measure(np.full((40_000, 1), 100.0), rng.standard_normal((40_000, 1))).sum(1)
    four = measure(np.full((40_000, 4), 25.0), rng.standard_normal((40_000, 4))).sum(1)
    assert np.std(np.log(one)) == pytest.approx(0.07, rel=0.02)
    assert np.std(np.log(four)) == pytest.approx(0.035, rel=0.03)


@settings(max_examples=40, deadline=None)
@given(mm=arrays(float, (6, 8), elements=st.floats(0, 200)), seed=st.integers(0, 99))
def test_targets_keep_to_their_limits(mm, seed):
    organs = list(np.random.default_rng(seed).choice(["liver", "lung", "bone"], 8))
    chosen = choose_targets(mm, organs)
    assert np.all(chosen.sum(1) <= 5)
    assert np.all(mm[chosen] >= 10)
    for organ in set(organs):
        assert np.all(chosen[:, [o == organ for o in organs]].sum(1) <= 2)


def test_an_unknown_split_adds_up_and_gives_most_patients_two():
    rng = np.random.default_rng(0)
    parts = split_sum(np.full(20_000, 110.0), rng.random(20_000), rng.standard_normal((20_000, 2)))
    assert parts.sum(1) == pytest.approx(110)
    assert (parts[:, 1] > 0).mean() == pytest.approx(hazard("second_lesion"), abs=0.01)
