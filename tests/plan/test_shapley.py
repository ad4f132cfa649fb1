"""Shapley values: exact where the game is known, adding up always, nothing for who does nothing, computed once each."""

from __future__ import annotations

from itertools import permutations
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hepaxis.plan.estimates import Cross
from hepaxis.plan.representatives import representatives
from hepaxis.plan.shapley import shapley

PATIENTS, GROUPS = 400, 4
ACTIVE = np.zeros((PATIENTS, GROUPS), bool)


def worth(mask: np.ndarray) -> float:
    """A game with interactions."""
    a, b, c, d = mask.astype(float)
    return 0.3 * a + 0.2 * a * b - 0.4 * c * d + 0.1 * a * b * c


def exactly() -> np.ndarray:
    values = np.zeros(GROUPS)
    for order in permutations(range(GROUPS)):
        mask = np.zeros(GROUPS, bool)
        for group in order:
            before = worth(mask)
            mask[group] = True
            values[group] += worth(mask) - before
    return values / factorial(GROUPS)


def of(rows: np.ndarray, masks: np.ndarray) -> np.ndarray:
    return np.array([worth(mask) for mask in masks])


def test_the_mean_over_patients_is_the_exact_value_within_the_said_error():
    found = shapley(of, ACTIVE, 3)
    error = np.sqrt((found.order_error**2).sum(axis=0)) / PATIENTS
    assert np.abs(found.values.mean(axis=0) - exactly()).max() < 4 * error.max()
    assert error.max() < 0.02


@given(st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_values_of_each_patient_add_up_to_the_gap(seed):
    found = shapley(of, ACTIVE[:20], seed)
    assert found.values.sum(axis=1) == pytest.approx(found.all_ - found.none, abs=1e-12)


def test_an_inactive_group_has_no_value_and_saves_solves():
    still = ACTIVE.copy()
    still[:, 2] = True
    asked = []

    def value(rows, masks):
        asked.append(masks)
        return of(rows, masks & ~np.eye(GROUPS, dtype=bool)[2])

    found = shapley(value, still, 1)
    assert (found.values[:, 2] == 0.0).all()
    assert (found.order_error[:, 2] == 0.0).all()
    assert asked[0][:, 2].all(), "asked for as the patient's own"
    assert found.solves < shapley(of, ACTIVE, 1).solves
    assert found.solves == len(np.unique(np.column_stack([np.arange(len(asked[0])), asked[0]]), axis=0))


def test_each_coalition_of_a_patient_is_computed_once():
    seen = []

    def value(rows, masks):
        seen.extend((int(row), *mask) for row, mask in zip(rows, masks.tolist(), strict=True))
        return of(rows, masks)

    found = shapley(value, ACTIVE[:50], 5)
    assert len(seen) == len(set(seen)) == found.solves


def test_representatives_have_every_draw_and_follow_the_weights():
    host, draw = np.tile(np.arange(30), 8), np.repeat(np.arange(8), 30)
    weights = np.where(host < 3, 50.0, 1.0)
    rows, own = representatives(Cross(host, draw, np.ones(240, bool), weights), 80, 2)
    assert np.bincount(draw[rows]).tolist() == [10] * 8
    assert (host[rows] < 3).mean() > 0.6
    assert own.sum() == pytest.approx(1.0)
    alike, _ = representatives(Cross(host, draw, np.ones(240, bool)), 80, 2)
    assert len(np.unique(host[alike])) > 20
    all_of_them, every = representatives(Cross(host, draw, np.ones(240, bool)), 1000, 2)
    assert sorted(all_of_them) == list(range(240))
    assert np.allclose(every, 1 / 240)
