"""The scales on which abundance is compared, and the shift that closing to a sum adds to every feature.

Log: log2 of relative abundance, half a feature's smallest positive value for zero (as MaAsLin2).  Centred: log2 ratio
to the sample's geometric mean, after adding 0.5 to counts, or filling zeros in by depth where depth goes with the term
(as LinDA, Zhou 2022, 10.1186/s13059-022-02655-5).  On both, a few features that truly rise push all others down by one
amount; it is estimated as the mode (centred) or median (log) of the coefficients over features and taken off, which is
right where fewer than half of the features change.  Nothing is taken off where there are too few features to see it.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import t as t_distribution

from hepaxis.cohort.differences.linear import fit_linear

ENOUGH_FEATURES = 30
"""Features needed before a common shift can be told from real changes; a choice."""
DEPTH_LEVEL = 0.1
"""P value of depth on the term below which zeros are filled in by depth (as in LinDA)."""
MODE_GRID = 512
MODE_BANDWIDTH = 0.9


def log_shares(shares: np.ndarray) -> np.ndarray:
    """samples x features -> log2 with half of each feature's smallest positive value for zero."""
    positive = np.where(shares > 0, shares, np.inf)
    floor = positive.min(axis=0) / 2.0
    floor = np.where(np.isfinite(floor), floor, 1.0)
    found: np.ndarray = np.log2(np.where(shares > 0, shares, floor[None, :]))
    return found


def centred_log(
    shares: np.ndarray, counts: np.ndarray | None, design: np.ndarray, tested: np.ndarray
) -> tuple[np.ndarray, str]:
    """(samples x features log2 ratios to the geometric mean, what was done with zeros)."""
    if counts is None:
        logs = log_shares(shares)
        return logs - logs.mean(axis=1, keepdims=True), "half of the feature's smallest share"
    depth = counts.sum(axis=1)
    if (counts == 0).any() and _depth_goes_with(depth, design, tested):
        filled, said = _fill_by_depth(counts, depth), "filled in by depth, since depth goes with the term"
    else:
        filled, said = counts + 0.5, "0.5 added to every count"
    logs = np.log2(filled)
    return logs - logs.mean(axis=1, keepdims=True), said


def _depth_goes_with(depth: np.ndarray, design: np.ndarray, tested: np.ndarray) -> bool:
    if np.ptp(depth) == 0:
        return False
    fit = fit_linear(np.log(depth)[:, None], design)
    statistic = np.abs(fit.coefficients[0, tested] / np.maximum(fit.errors[0, tested], 1e-300))
    return bool((2 * t_distribution.sf(statistic, fit.df[tested]) < DEPTH_LEVEL).any())


def _fill_by_depth(counts: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """A zero becomes the sample's depth over the largest depth among the samples without the feature."""
    absent = counts == 0
    largest = np.where(absent, depth[:, None], 0.0).max(axis=0)
    found: np.ndarray = np.where(absent, depth[:, None] / np.maximum(largest, 1.0)[None, :], counts)
    return found


def shift(coefficients: np.ndarray, errors: np.ndarray, scale: str) -> float:
    """What closure adds to every coefficient: their mode (centred) or median (log); 0 with too few features."""
    known = np.isfinite(coefficients) & (errors > 0)
    if known.sum() < ENOUGH_FEATURES:
        return 0.0
    values = coefficients[known]
    return float(np.median(values)) if scale == "log" else mode(values)


def mode(values: np.ndarray) -> float:
    """Peak of a Gaussian kernel density with Silverman's bandwidth on a robust spread."""
    spread = min(float(np.std(values)), float(np.subtract(*np.percentile(values, [75, 25]))) / 1.349)
    if spread <= 0:
        return float(np.median(values))
    width = MODE_BANDWIDTH * spread * len(values) ** -0.2
    grid = np.linspace(float(np.percentile(values, 2)), float(np.percentile(values, 98)), MODE_GRID)
    density = np.exp(-0.5 * ((grid[:, None] - values[None, :]) / width) ** 2).sum(axis=1)
    at = int(density.argmax())
    if 0 < at < MODE_GRID - 1:  # the vertex of the parabola through the three highest points
        left, middle, right = density[at - 1 : at + 2]
        bend = left - 2 * middle + right
        offset = 0.5 * (left - right) / bend if bend < 0 else 0.0
        return float(grid[at] + offset * (grid[1] - grid[0]))
    return float(grid[at])
