"""Protects the Bayesian pooling of few studies: equal to integration by brute force, and never surer than its data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hepaxis.evidence.meta import fit
from hepaxis.evidence.shrinkage import shrink

Y, V = [0.49, 1.43, 0.20], [0.029, 0.232, 0.0039]


def test_the_posterior_is_that_of_brute_force() -> None:
    """Mean and spread on a grid of mu and tau at once, with the likelihood as written down."""
    mu, tau = np.linspace(-4, 5, 1201), np.linspace(0, 3, 601)
    M, T = np.meshgrid(mu, tau, indexing="ij")
    log = stats.norm.logpdf(M, 0, 2) + stats.halfnorm.logpdf(T, scale=0.5)
    for y, v in zip(Y, V, strict=True):
        log = log + stats.norm.logpdf(y, M, np.sqrt(v + T**2))
    weight = np.exp(log - log.max())
    weight[:, 0] /= 2
    weight /= weight.sum()
    found = shrink(Y, V)
    of_mu, of_tau = weight.sum(axis=1).cumsum(), weight.sum(axis=0).cumsum()
    for q, got in ((0.025, found.mu.low), (0.5, found.mu.median), (0.975, found.mu.high)):
        assert got == pytest.approx(np.interp(q, of_mu, mu), abs=0.01)
    for q, got in ((0.025, found.tau.low), (0.5, found.tau.median), (0.975, found.tau.high)):
        assert got == pytest.approx(np.interp(q, of_tau, tau), abs=0.01)
    assert found.above == pytest.approx(weight[mu > 0].sum(), abs=0.002)


def test_a_single_study_is_drawn_to_the_prior_and_stays_unsure() -> None:
    found = shrink([1.0], [0.04])
    assert 0 < found.mu.median < 1
    assert found.mu.high - found.mu.low > 2 * 1.96 * 0.2
    assert found.tau.median == pytest.approx(0.5 * stats.halfnorm.median(), abs=0.02)  # one study says nothing of tau


def test_many_studies_outweigh_the_prior() -> None:
    rng = np.random.default_rng(1)
    y = 0.4 + 0.3 * rng.normal(size=60)
    v = np.full(60, 0.01)
    found, plain = shrink(y, v), fit(y, v)
    assert found.mu.median == pytest.approx(plain.pooled.estimate, abs=0.01)
    assert found.tau.median == pytest.approx(np.sqrt(plain.tau2), abs=0.02)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(-2, 2), st.floats(0.01, 1)), min_size=1, max_size=6))
def test_each_study_is_drawn_towards_the_mean(rows) -> None:  # type: ignore[no-untyped-def]
    y, v = [row[0] for row in rows], [row[1] for row in rows]
    found = shrink(y, v)
    assert found.new.high - found.new.low >= found.mu.high - found.mu.low - 1e-6
    for one, own in zip(found.studies, y, strict=True):
        low, high = sorted((own, found.mu.median))
        assert low - 0.25 <= one.median <= high + 0.25


@pytest.mark.parametrize(("y", "v"), [([], []), ([0.1], [0.0]), ([0.1, 0.2], [0.1])])
def test_nothing_to_shrink_is_refused(y, v) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="give effects"):
        shrink(y, v)
