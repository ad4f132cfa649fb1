"""How far two sets of communities lie apart: energy distance, a classifier's AUC, shifts of normal scores.

Held: intervals are 90%, from samples drawn again.  The classifier is a ridge logistic regression on log shares, their
squares and presence, scored on samples it was not fitted to; 0.5 means that it cannot tell the two apart.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.spatial.distance import cdist

Array = npt.NDArray[np.float64]
FLOOR = 1e-5  # share below which a guild counts as absent
RIDGE, FOLDS, STEPS, RESAMPLES = 1.0, 5, 25, 400
DRAWN_USED = 600  # drawn communities in a distance; the real cohorts are smaller


def energy_coefficient(real: Array, made: Array, seed: int) -> dict[str, float]:
    """Energy coefficient (0 alike, 1 apart) of square-root shares, with its 90% interval and that of chance alone."""
    rng = np.random.default_rng(seed)
    one, other = np.sqrt(real), np.sqrt(made[:DRAWN_USED])
    both, n = np.concatenate([one, other]), len(one)
    apart = cdist(both, both)

    def coefficient(first: npt.NDArray[np.int64], second: npt.NDArray[np.int64]) -> float:
        cross = apart[np.ix_(first, second)].mean()
        size = (first.size / (first.size - 1), second.size / (second.size - 1))
        within = apart[np.ix_(first, first)].mean() * size[0] + apart[np.ix_(second, second)].mean() * size[1]
        return float(max(0.0, 1 - within / (2 * cross)))

    rows, columns = np.arange(n), np.arange(n, len(both))
    again = [coefficient(_unique_draw(rng, rows), columns) for _ in range(RESAMPLES // 4)]
    mixed = []
    for _ in range(RESAMPLES // 4):
        order = rng.permutation(len(both))
        mixed.append(coefficient(order[:n], order[n:]))
    low, high = np.quantile(again, (0.05, 0.95))
    return {
        "value": round(coefficient(rows, columns), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
        "by_chance": round(float(np.quantile(mixed, 0.95)), 4),
    }


def _unique_draw(rng: np.random.Generator, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Four fifths of the rows without repeats: a repeat would be at distance 0 from itself."""
    return rng.choice(rows, size=4 * len(rows) // 5, replace=False)


def features(shares: Array) -> Array:
    logs = np.log10(np.maximum(shares, FLOOR))
    return np.hstack([logs, logs**2, (shares > FLOOR).astype(float)])


def auc_two_samples(real: Array, made: Array, seed: int) -> dict[str, float]:
    """Cross-validated AUC of telling real from drawn communities, with its 90% interval."""
    rng = np.random.default_rng(seed)
    made = made[:DRAWN_USED]
    x = features(np.concatenate([real, made]))
    y = np.concatenate([np.ones(len(real)), np.zeros(len(made))])
    fold = np.concatenate([rng.permutation(np.arange(len(part)) % FOLDS) for part in (real, made)])
    score = np.empty(len(y))
    for k in range(FOLDS):
        held = fold == k
        mean, sd = x[~held].mean(axis=0), x[~held].std(axis=0) + 1e-9
        weights = fitted((x[~held] - mean) / sd, y[~held])
        score[held] = np.column_stack([np.ones(held.sum()), (x[held] - mean) / sd]) @ weights
    ones, zeros = score[y == 1], score[y == 0]
    again = [auc(rng.choice(ones, len(ones)), rng.choice(zeros, len(zeros))) for _ in range(RESAMPLES)]
    low, high = np.quantile(again, (0.05, 0.95))
    return {"value": round(auc(ones, zeros), 3), "low": round(float(low), 3), "high": round(float(high), 3)}


def fitted(x: Array, y: Array) -> Array:
    """Ridge logistic regression with an intercept, classes weighted alike; Newton's method."""
    design = np.column_stack([np.ones(len(x)), x])
    balance = np.where(y == 1, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    penalty = RIDGE * np.eye(design.shape[1])
    penalty[0, 0] = 0.0
    weights = np.zeros(design.shape[1])
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        slope = design.T @ (balance * (p - y)) + penalty @ weights
        curve = design.T @ (design * (balance * p * (1 - p))[:, None]) + penalty + 1e-9 * np.eye(len(weights))
        weights = weights - np.linalg.solve(curve, slope)
    return weights


def auc(ones: Array, zeros: Array) -> float:
    ranks = stats.rankdata(np.concatenate([ones, zeros]))
    return float((ranks[: len(ones)].sum() - len(ones) * (len(ones) + 1) / 2) / (len(ones) * len(zeros)))


def score_shift(first: Array, second: Array, seed: int) -> dict[str, float]:
    """Shift of the first against the second in sd of the normal score, from the AUC, with its 90% interval."""
    rng = np.random.default_rng(seed)
    shown = [np.where(part < FLOOR, 0.0, part) for part in (first, second)]

    def shift(one: Array, other: Array) -> float:
        return float(np.sqrt(2) * stats.norm.ppf(np.clip(auc(one, other), 1e-3, 1 - 1e-3)))

    again = [shift(rng.choice(shown[0], len(shown[0])), rng.choice(shown[1], len(shown[1]))) for _ in range(RESAMPLES)]
    low, high = np.quantile(again, (0.05, 0.95))
    return {"real": round(shift(*shown), 2), "low": round(float(low), 2), "high": round(float(high), 2)}
