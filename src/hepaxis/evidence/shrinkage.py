"""Few studies: a Bayesian random-effects model that does not pretend to know the spread between them.

Held: y ~ Normal(theta, v), theta ~ Normal(mu, tau2), mu ~ Normal(centre, scale), tau ~ half-Normal(scale).  Given tau
all is normal, so that only tau is integrated, on a grid (Roever 2020, 10.18637/jss.v093.i06).  The default prior of
tau, half-normal 0.5 for log ratios, lets ratios of single studies differ by a factor of about 2.7 at its median (Roever
et al. 2021, 10.1002/jrsm.1475); that of mu is vague: 95% within a factor of 50.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

TAU_SCALE = 0.5
MU_CENTRE = 0.0
MU_SCALE = 2.0
GRID = 2001
#: Upper end of the grid in scales of the prior; the half-normal beyond holds less than 1e-8.
REACH = 6.0
LEVEL = 0.95


@dataclass(frozen=True)
class Summary:
    """Median with the central interval of a posterior."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Shrunk:
    """mu: mean of studies; new: a new study; tau; studies: each study's effect drawn to the mean; above: P(mu > 0)."""

    mu: Summary
    new: Summary
    tau: Summary
    studies: tuple[Summary, ...]
    above: float


def shrink(
    y: Sequence[float],
    v: Sequence[float],
    *,
    tau_scale: float = TAU_SCALE,
    mu_centre: float = MU_CENTRE,
    mu_scale: float = MU_SCALE,
    level: float = LEVEL,
) -> Shrunk:
    """Posterior of effects y with sampling variances v.  ValueError where there is none to be had."""
    effect, variance = np.asarray(y, float), np.asarray(v, float)
    if not len(effect) or effect.shape != variance.shape or not (variance > 0).all() or tau_scale <= 0 or mu_scale <= 0:
        raise ValueError("give effects, a positive variance each, and positive scales")
    tau = np.linspace(0.0, REACH * tau_scale, GRID)
    total = variance[None, :] + tau[:, None] ** 2
    precision = 1 / mu_scale**2 + (1 / total).sum(axis=1)
    mean = (mu_centre / mu_scale**2 + (effect / total).sum(axis=1)) / precision
    square = mu_centre**2 / mu_scale**2 + (effect**2 / total).sum(axis=1) - mean**2 * precision
    log_weight = -0.5 * (np.log(total).sum(axis=1) + np.log(precision) + square) - 0.5 * (tau / tau_scale) ** 2
    weight = np.exp(log_weight - log_weight.max())
    weight[[0, -1]] /= 2  # trapezoid
    weight /= weight.sum()
    sd = np.sqrt(1 / precision)
    # a study given tau: B y + (1 - B) mu, B = tau2 / (tau2 + v)
    share = tau[:, None] ** 2 / total
    study_mean = share * effect + (1 - share) * mean[:, None]
    study_sd = np.sqrt(share * variance + (1 - share) ** 2 / precision[:, None])
    return Shrunk(
        mu=_mixture(weight, mean, sd, level),
        new=_mixture(weight, mean, np.sqrt(1 / precision + tau**2), level),
        tau=_grid(weight, tau, level),
        studies=tuple(_mixture(weight, study_mean[:, i], study_sd[:, i], level) for i in range(len(effect))),
        above=float(weight @ stats.norm.sf(0.0, mean, sd)),
    )


def _mixture(weight: np.ndarray, mean: np.ndarray, sd: np.ndarray, level: float) -> Summary:
    """Quantiles of a mixture of normals by bisection on its distribution function."""
    from scipy.optimize import brentq

    sd = np.maximum(sd, 1e-12)
    low, high = float((mean - 10 * sd).min()), float((mean + 10 * sd).max())

    def at(q: float) -> float:
        return float(brentq(lambda x: float(weight @ stats.norm.cdf(x, mean, sd)) - q, low, high, xtol=1e-9))

    return Summary(at(0.5), at(0.5 - level / 2), at(0.5 + level / 2))


def _grid(weight: np.ndarray, value: np.ndarray, level: float) -> Summary:
    cumulated = np.cumsum(weight) - weight / 2
    median, low, high = (float(np.interp(q, cumulated, value)) for q in (0.5, 0.5 - level / 2, 0.5 + level / 2))
    return Summary(median, low, high)
