"""Draws reproduce bit for bit, cover their distribution evenly, and refuse what has no quantile."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hepaxis.population.sampling import arguments, beta_shape, quantile, uniform_cube


def test_the_cube_is_the_same_bits_for_a_seed_and_others_for_another():
    one, again, other = uniform_cube(40, 5, 3), uniform_cube(40, 5, 3), uniform_cube(40, 5, 4)
    assert one.tobytes() == again.tobytes()
    assert (one != other).all()


@given(n=st.integers(1, 60), dimensions=st.integers(1, 8), seed=st.integers(0, 2**31))
def test_every_stratum_of_every_dimension_holds_one_point(n, dimensions, seed):
    cube = uniform_cube(n, dimensions, seed)
    assert ((cube > 0) & (cube < 1)).all()
    assert (np.sort(np.floor(cube * n), axis=0) == np.arange(n)[:, None]).all()


def test_quantiles_are_those_of_the_named_distribution():
    u = np.array([0.05, 0.5, 0.95])
    assert quantile("lognormal", {"median": 3.0, "sd_log": 0.4}, u) == pytest.approx(
        stats.lognorm.ppf(u, 0.4, scale=3.0)
    )
    assert quantile("normal", {"mean": 2.0, "sd": 0.5}, u) == pytest.approx(stats.norm.ppf(u, 2.0, 0.5))
    fine = np.linspace(0.0005, 0.9995, 1000)
    beta = quantile("beta", {"mean": 0.3, "sd": 0.15}, fine)
    assert (beta.mean(), beta.std()) == pytest.approx((0.3, 0.15), rel=5e-3)


def test_a_mixture_is_the_factor_with_its_probability_and_one_otherwise():
    values = quantile("mixture", {"probability": 0.4, "factor": 0.01}, np.linspace(0.005, 0.995, 100))
    assert np.count_nonzero(values == 0.01) == 40
    assert np.count_nonzero(values == 1.0) == 60


def test_a_bernoulli_is_one_with_its_probability_and_zero_otherwise():
    values = quantile("bernoulli", {"probability": 0.25}, np.linspace(0.005, 0.995, 100))
    assert np.count_nonzero(values == 1.0) == 25
    assert np.count_nonzero(values == 0.0) == 75


def test_limits_hold_at_both_ends():
    u = np.array([1e-9, 0.5, 1 - 1e-9])
    assert quantile("lognormal", {"median": 10.0, "sd_log": 2.0, "low": 2.0, "high": 90.0}, u).tolist() == [2, 10, 90]


def test_what_has_no_quantile_is_refused():
    with pytest.raises(ValueError, match="unknown distribution 'gamma'"):
        quantile("gamma", {"mean": 1.0}, np.array([0.5]))
    with pytest.raises(ValueError, match="no Beta"):
        beta_shape(0.5, 0.5)
    with pytest.raises(ValueError, match="no Beta"):
        beta_shape(1.0, 0.1)


@given(mean=st.floats(0.02, 0.98), share=st.floats(0.02, 0.95))
def test_beta_shapes_give_back_mean_and_sd(mean, share):
    sd = share * np.sqrt(mean * (1 - mean))
    a, b = beta_shape(mean, sd)
    assert stats.beta.mean(a, b) == pytest.approx(mean)
    assert stats.beta.std(a, b) == pytest.approx(sd)


def test_arguments_read_as_written_in_the_tables():
    assert arguments("median=1 sd_log=0.3 low=1e-9") == {"median": 1.0, "sd_log": 0.3, "low": 1e-9}
