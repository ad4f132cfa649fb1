"""Morris screening: which of many factors move an output at all.

Held: one-at-a-time trajectories through the unit cube of quantiles (10.1080/00401706.1991.10484804).  Levels are the
middles of equal cells, so that no quantile is 0 or 1, and a step is half the cube.  mu_star is the mean size of an
elementary effect (10.1016/j.envsoft.2006.10.004), sigma its spread (curvature and interaction).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

LEVELS = 8  # an even number; 4 is the least that is used, 8 reaches further into the tails
STEP = 0.5  # of the unit cube


def trajectories(factors: int, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(points, order): points (count (factors + 1), factors) in the open cube; order (count, factors).

    In trajectory t, step s moves factor ``order[t, s]`` by half the cube.
    """
    rng = np.random.default_rng(seed)
    points = np.empty((count, factors + 1, factors))
    order = np.argsort(rng.random((count, factors)), axis=1)
    for t in range(count):
        at = (rng.integers(0, LEVELS, factors) + 0.5) / LEVELS
        points[t, 0] = at
        for s, factor in enumerate(order[t], start=1):
            at[factor] += STEP if at[factor] < STEP else -STEP
            points[t, s] = at
    return points.reshape(-1, factors), order


def elementary_effects(
    points: np.ndarray, order: np.ndarray, values: np.ndarray, factors: Sequence[str], outputs: Sequence[str]
) -> pd.DataFrame:
    """Effects of trajectories -> rows output, factor, mu, mu_star, mu_star_error, sigma, steps.

    values (points, outputs), NaN where a run failed: its two steps are left out.  mu_star_error is the standard error
    of mu_star over trajectories; effects are per whole cube, so a linear factor has mu = its range.
    """
    count, width = order.shape
    y = values.reshape(count, width + 1, len(outputs))
    u = points.reshape(count, width + 1, width)
    rows = np.arange(count)[:, None]
    step = np.take_along_axis(np.diff(u, axis=1), order[:, :, None], axis=2)
    effects = np.full((count, width, len(outputs)), np.nan)
    effects[rows, order] = np.diff(y, axis=1) / step
    seen = np.isfinite(effects).sum(axis=0)
    safe = np.maximum(seen, 1)
    size = np.nansum(np.abs(effects), axis=0) / safe
    mean = np.nansum(effects, axis=0) / safe
    spread = np.sqrt(np.nansum((effects - mean) ** 2, axis=0) / np.maximum(seen - 1, 1))
    error = np.sqrt(np.nansum((np.abs(effects) - size) ** 2, axis=0) / np.maximum(seen - 1, 1) / safe)
    table = pd.DataFrame(
        {
            "output": np.repeat(list(outputs), width),
            "factor": np.tile(list(factors), len(outputs)),
            "mu": mean.T.ravel(),
            "mu_star": size.T.ravel(),
            "mu_star_error": error.T.ravel(),
            "sigma": spread.T.ravel(),
            "steps": seen.T.ravel(),
        }
    )
    table.loc[table["steps"] == 0, ["mu", "mu_star", "mu_star_error", "sigma"]] = np.nan
    return table
