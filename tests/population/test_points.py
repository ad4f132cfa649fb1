"""A patient's draws depend on the seed, the patient's number and the name of the quantity, and on nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hepaxis.population.points import correlated, normal_points, uniform_points

NAMES = ["age", "albi", "guild.but"]


@given(st.integers(0, 2**40), st.integers(0, 10**9), st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_a_patient_is_the_same_alone_and_in_a_crowd(seed, first, n):
    crowd = uniform_points(seed, np.arange(first, first + n), NAMES)
    alone = np.concatenate([uniform_points(seed, np.array([k]), NAMES) for k in range(first, first + n)])
    assert crowd.tobytes() == alone.tobytes()
    assert (crowd > 0).all()
    assert (crowd < 1).all()


def test_a_new_quantity_moves_no_other():
    patients = np.arange(100)
    few = uniform_points(3, patients, ["albi"])
    more = uniform_points(3, patients, ["new", "albi"])
    assert few[:, 0].tobytes() == more[:, 1].tobytes()


def test_seeds_and_names_have_streams_of_their_own():
    points = normal_points(1, np.arange(20_000), [f"q{k}" for k in range(30)])
    other = normal_points(2, np.arange(20_000), [f"q{k}" for k in range(30)])
    every = np.corrcoef(np.concatenate([points, other], axis=1).T) - np.eye(60)
    assert np.abs(every).max() < 5 / np.sqrt(20_000)
    assert all(stats.kstest(points[:, k], "norm").pvalue > 1e-4 for k in range(30))
    lag = np.corrcoef(points[1:, 0], points[:-1, 0])[0, 1]
    assert abs(lag) < 4 / np.sqrt(20_000)


def test_correlated_scores_have_the_correlations_and_do_not_depend_on_the_batch():
    matrix = np.array([[1.0, 0.6, 0.0], [0.6, 1.0, -0.3], [0.0, -0.3, 1.0]])
    root = np.linalg.cholesky(matrix)
    scores = normal_points(5, np.arange(40_000), NAMES)
    mixed = correlated(scores, root)
    assert np.corrcoef(mixed.T) == pytest.approx(matrix, abs=0.02)
    assert correlated(scores[:7], root).tobytes() == mixed[:7].tobytes()
