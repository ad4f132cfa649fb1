"""Draws from the distributions that the tables name, by quantile, so that a Latin hypercube covers them evenly.

Held: ``lognormal`` (median, sd_log), ``normal`` (mean, sd), ``beta`` (mean, sd), each with optional low and high,
``mixture`` (probability, factor), a multiplier that is ``factor`` with ``probability`` and 1 otherwise, and
``bernoulli`` (probability), 1 with ``probability`` and 0 otherwise.
"""

from __future__ import annotations

import numpy as np
from scipy import stats
from scipy.stats import qmc


def uniform_cube(n: int, dimensions: int, seed: int) -> np.ndarray:
    """Latin hypercube (n, dimensions) in the open unit cube."""
    cube: np.ndarray = qmc.LatinHypercube(d=dimensions, rng=np.random.default_rng(seed)).random(n)
    return np.clip(cube, 1e-9, 1 - 1e-9)


def arguments(text: str) -> dict[str, float]:
    """``"median=1 sd_log=0.3"`` -> dict."""
    return {key: float(value) for key, value in (part.split("=") for part in text.split())}


def beta_shape(mean: float, sd: float) -> tuple[float, float]:
    """Shape parameters of a Beta with this mean and sd.  Raises ValueError when no such Beta exists."""
    total = mean * (1 - mean) / sd**2 - 1
    if not (0 < mean < 1 and total > 0):
        raise ValueError(f"no Beta has mean {mean} and sd {sd}")
    return mean * total, (1 - mean) * total


def quantile(distribution: str, args: dict[str, float], u: np.ndarray) -> np.ndarray:
    """Values at quantiles ``u``.  Raises ValueError for an unknown distribution."""
    if distribution == "lognormal":
        values = args["median"] * np.exp(args["sd_log"] * stats.norm.ppf(u))
    elif distribution == "normal":
        values = args["mean"] + args["sd"] * stats.norm.ppf(u)
    elif distribution == "beta":
        values = stats.beta.ppf(u, *beta_shape(args["mean"], args["sd"]))
    elif distribution == "mixture":
        values = np.where(u < args["probability"], args["factor"], 1.0)
    elif distribution == "bernoulli":
        values = np.where(u < args["probability"], 1.0, 0.0)
    else:
        raise ValueError(f"unknown distribution '{distribution}'")
    return np.clip(values, args.get("low", -np.inf), args.get("high", np.inf))


def bounded(mean: float, sd: float, u: np.ndarray) -> np.ndarray:
    """Values at quantiles ``u``: Beta for shares below 1, normal above zero otherwise (barrier is a ratio)."""
    if mean < 1.0:
        try:
            beta_shape(mean, sd)
        except ValueError:
            return np.clip(quantile("normal", {"mean": mean, "sd": sd}, u), 0.01, None)
        return quantile("beta", {"mean": mean, "sd": sd}, u)
    return np.clip(quantile("normal", {"mean": mean, "sd": sd}, u), 0.2, None)
