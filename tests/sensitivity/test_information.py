"""What measurements can tell: exact cases of the linear Gaussian posterior."""

from __future__ import annotations

import numpy as np
import pytest

from hepaxis.sensitivity import collinearity, information


def test_one_measurement_of_a_sum_knows_one_direction_and_cannot_part_the_pair():
    """y = a + b, twice: the pair is not identifiable, however often it is measured."""
    known = information(np.array([[3.0, 3.0], [3.0, 3.0]]), ["a", "b"])
    assert known.directions == 1
    assert known.singular[1] == pytest.approx(0, abs=1e-12)
    assert known.collinearity == np.inf
    assert known.pairs.loc[0, ["first", "second"]].tolist() == ["a", "b"]
    # prior variance 1 along (1,-1)/sqrt2 stays: half of each parameter's variance, and 1/37 of the other half
    assert known.posterior.to_numpy() == pytest.approx(np.sqrt(0.5 + 0.5 / 37))


def test_a_second_measurement_of_the_difference_parts_them():
    known = information(np.array([[3.0, 3.0], [3.0, -3.0]]), ["a", "b"])
    assert known.directions == 2
    assert known.collinearity == pytest.approx(1.0)
    assert known.posterior.to_numpy() == pytest.approx(1 / np.sqrt(19))


def test_the_posterior_is_the_inverse_of_prior_plus_information():
    scaled = np.random.default_rng(3).normal(size=(4, 7))
    known = information(scaled, [f"p{k}" for k in range(7)])
    exact = np.sqrt(np.diag(np.linalg.inv(np.eye(7) + scaled.T @ scaled)))
    assert known.posterior.to_numpy() == pytest.approx(exact)
    gained = 0.5 * np.linalg.slogdet(np.eye(7) + scaled.T @ scaled)[1] / np.log(2)
    assert known.bits == pytest.approx(gained)


def test_a_parameter_that_moves_nothing_keeps_its_prior():
    known = information(np.array([[2.0, 0.0]]), ["seen", "unseen"])
    assert known.posterior["unseen"] == 1.0
    assert "unseen" not in known.strongest


def test_collinearity_of_an_angle():
    """Two unit columns at angle t: the smallest eigenvalue is 1 - cos t."""
    t = 0.1
    columns = np.array([[1.0, np.cos(t)], [0.0, np.sin(t)]])
    assert collinearity(columns) == pytest.approx(1 / np.sqrt(1 - np.cos(t)))
