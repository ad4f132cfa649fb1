"""Rank-sum test of many features at once, blocked by study (van Elteren 1960), people averaged first."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm, rankdata


def blocked_ranks(values: np.ndarray, second: np.ndarray, blocks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """values (samples x features), second (bool), blocks (codes) -> (chance that the second is larger, P value).

    Blocks with one group only count for nothing; chance is NaN where no block counts.
    """
    features = values.shape[1]
    top, bottom, chance, weight = (np.zeros(features) for _ in range(4))
    for block in np.unique(blocks):
        at = blocks == block
        mark = second[at]
        b, n = int(mark.sum()), int(at.sum())
        a = n - b
        if not a or not b:
            continue
        ranks = rankdata(values[at], axis=0)
        sums = ranks[mark].sum(axis=0)
        variance = a * b / n * ((ranks - (n + 1) / 2.0) ** 2).sum(axis=0) / max(n - 1, 1)
        top += (sums - b * (n + 1) / 2.0) / (n + 1)
        bottom += variance / (n + 1) ** 2
        share = (sums - b * (b + 1) / 2.0) / (a * b)
        chance += share * a * b / (n + 1)
        weight += a * b / (n + 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(bottom > 0, top / np.sqrt(bottom), 0.0)
        out = np.where(weight > 0, chance / weight, np.nan)
    return out, np.where(bottom > 0, 2.0 * norm.sf(np.abs(z)), 1.0)
