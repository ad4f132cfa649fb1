"""Chances belong to patients: the same alone or in a crowd, and distributed as they should be."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from scipy import stats

from hepaxis.trial import Chance, ToxicityChance

NUMBERS = np.arange(100, 4100)


@pytest.fixture(scope="module")
def many():
    return Chance.of(NUMBERS, 3, 5, lesions=2), ToxicityChance.of(NUMBERS, 5)


def test_a_patient_alone_has_the_chances_it_has_among_others(many):
    at = np.array([7, 3000])
    for whole, alone in zip(many, (Chance.of(NUMBERS[at], 3, 5), ToxicityChance.of(NUMBERS[at], 5)), strict=True):
        for field in fields(whole):
            assert np.array_equal(getattr(whole, field.name)[at], getattr(alone, field.name))


def test_a_longer_schedule_or_more_lesions_move_no_other_draw(many):
    longer = Chance.of(NUMBERS, 8, 5, lesions=5)
    assert np.array_equal(longer.error[:, :4, :2], many[0].error)
    assert np.array_equal(longer.scatter[:, :3], many[0].scatter)
    assert np.array_equal(longer.death, many[0].death)


@pytest.mark.parametrize(
    ("name", "law"),
    [("scatter", "norm"), ("error", "norm"), ("new", "expon"), ("death", "expon"), ("second", "uniform")],
)
def test_draws_follow_their_law(many, name, law):
    drawn = getattr(many[0], name).reshape(len(NUMBERS), -1)
    assert all(stats.kstest(column, law).pvalue > 1e-4 for column in drawn.T)
    if drawn.shape[1] > 1:
        assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.06


def test_another_seed_is_another_draw(many):
    assert not np.array_equal(Chance.of(NUMBERS, 3, 6).death, many[0].death)
