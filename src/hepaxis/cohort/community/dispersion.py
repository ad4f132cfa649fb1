"""Whether groups are equally spread: distances to the spatial median (or centroid) of a group, over all axes.

Anderson 2006 (10.1111/j.1541-0420.2005.00440.x), as vegan's betadisper: real and imaginary axes are kept apart and a
distance is the root of the difference of their squares.  Unlike spread makes PERMANOVA ambiguous, so the two go
together.  P values permute residuals of the distances, as vegan's permutest does; the F test is given beside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.stats import f as f_distribution

from hepaxis.cohort.community.distances import Distances
from hepaxis.cohort.community.ordination import principal_coordinates
from hepaxis.cohort.community.permanova import EPSILON, _order
from hepaxis.problems import InputError, error

STEPS = 10_000
CONVERGED = 1e-12


@dataclass(frozen=True)
class Dispersion:
    """distances: samples, distance to the own group's centre; ``group_means``; F, df and the P of the F test
    (``p_f``) and of permutations (``p``)."""

    distances: pd.Series
    group_means: pd.Series
    F: float
    df: tuple[int, int]
    p_f: float
    p: float
    centre: str
    permutations: int
    seed: int


def dispersion(
    distances: Distances,
    group: pd.Series,
    *,
    centre: Literal["median", "centroid"] = "median",
    strata: pd.Series | None = None,
    permutations: int = 999,
    seed: int = 0,
) -> Dispersion:
    """Samples without a group are left out.  InputError where fewer than two groups have two samples."""
    known = group.reindex(distances.index).notna().to_numpy()
    used = distances.take(distances.index[known])
    codes, names = pd.factorize(group.reindex(used.index).astype(str), sort=True)
    if (np.bincount(codes) > 1).sum() < 2:
        raise InputError([error("cohort.groups", "two groups with two samples are needed", "check the group column")])
    found = principal_coordinates(used)
    scores, real = found.scores.to_numpy(), found.positive
    out = np.zeros(len(codes))
    for k in range(len(names)):
        at = codes == k
        out[at] = _distances_to_centre(scores[at], real, centre)
    n, groups = len(codes), len(names)
    sizes = np.bincount(codes)
    means = np.bincount(codes, out) / sizes
    f = float(_f_values(out[None, :], codes, groups)[0])
    df = (groups - 1, n - groups)
    rng = np.random.default_rng(seed)
    blocks = None if strata is None else strata.reindex(used.index).astype(str).to_numpy()
    residuals = out - means[codes]
    orders = np.stack([_order(n, blocks, rng) for _ in range(permutations)])
    drawn = _f_values(residuals[orders], codes, groups)
    return Dispersion(
        distances=pd.Series(out, index=used.index, name="distance_to_centre"),
        group_means=pd.Series(means, index=list(names), name="mean_distance"),
        F=f,
        df=df,
        p_f=float(f_distribution.sf(f, *df)),
        p=float((1 + np.sum(drawn >= f - EPSILON)) / (1 + permutations)),
        centre=centre,
        permutations=permutations,
        seed=seed,
    )


def _distances_to_centre(points: np.ndarray, real: np.ndarray, centre: str) -> np.ndarray:
    parts = []
    for axes in (points[:, real], points[:, ~real]):
        middle = axes.mean(axis=0) if centre == "centroid" else spatial_median(axes)
        parts.append(((axes - middle) ** 2).sum(axis=1))
    squared: np.ndarray = np.abs(parts[0] - parts[1])
    return np.sqrt(squared)


def spatial_median(points: np.ndarray) -> np.ndarray:
    """The point with the least sum of distances (Weiszfeld 1937 with the step of Vardi & Zhang 2000)."""
    middle = np.median(points, axis=0)
    if points.shape[1] == 0 or len(points) < 3:
        return points.mean(axis=0)
    for _ in range(STEPS):
        away = np.sqrt(((points - middle) ** 2).sum(axis=1))
        here = away < CONVERGED
        weights = np.where(here, 0.0, 1.0 / np.where(here, 1.0, away))
        if weights.sum() == 0:
            return middle
        target = (points * weights[:, None]).sum(axis=0) / weights.sum()
        if here.any():
            pull = float(np.sqrt((((points - middle) * weights[:, None]).sum(axis=0) ** 2).sum()))
            stay = min(1.0, here.sum() / pull) if pull > 0 else 1.0
            target = (1.0 - stay) * target + stay * middle
        if np.sqrt(((target - middle) ** 2).sum()) <= CONVERGED * max(1.0, float(away.max())):
            return np.asarray(target)
        middle = target
    return np.asarray(middle)


def _f_values(rows: np.ndarray, codes: np.ndarray, groups: int) -> np.ndarray:
    """One-way F of each row over the groups."""
    member = (codes[:, None] == np.arange(groups)[None, :]).astype(float)
    sizes = member.sum(axis=0)
    means = rows @ member / sizes
    grand = rows.mean(axis=1, keepdims=True)
    between = ((means - grand) ** 2 * sizes).sum(axis=1) / (groups - 1)
    within = ((rows - means @ member.T) ** 2).sum(axis=1) / (len(codes) - groups)
    found: np.ndarray = between / within
    return found
