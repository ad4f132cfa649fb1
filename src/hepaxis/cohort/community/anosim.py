"""Analysis of similarities (Clarke 1993): whether ranks of distances between groups exceed those within.

Sensitive to unlike spread as well as to unlike position, so it goes with ``dispersion`` beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from hepaxis.cohort.community.distances import Distances
from hepaxis.cohort.community.permanova import CHUNK, EPSILON, _order
from hepaxis.problems import InputError, error


@dataclass(frozen=True)
class Anosim:
    """R: (mean rank between - mean rank within) / (n (n-1) / 4), from -1 to 1; p by permutation of samples."""

    R: float
    p: float
    n: int
    permutations: int
    seed: int


def anosim(
    distances: Distances,
    group: pd.Series,
    *,
    strata: pd.Series | None = None,
    permutations: int = 999,
    seed: int = 0,
) -> Anosim:
    """Samples without a group are left out.  InputError where fewer than two groups or no repeats are left."""
    known = group.reindex(distances.index).notna().to_numpy()
    used = distances.take(distances.index[known])
    codes, names = pd.factorize(group.reindex(used.index).astype(str))
    if len(names) < 2 or np.bincount(codes).max() < 2:
        raise InputError([error("cohort.groups", "two groups with repeats are needed", "check the group column")])
    n = len(codes)
    upper = np.triu_indices(n, 1)
    ranks = np.zeros((n, n))
    ranks[upper] = rankdata(used.values[upper])
    ranks += ranks.T
    sizes = np.bincount(codes)
    pairs_within = float((sizes * (sizes - 1) / 2).sum())
    pairs, summed = n * (n - 1) / 2, float(ranks.sum() / 2)
    member = (codes[:, None] == np.arange(len(names))[None, :]).astype(float)

    def statistic(orders: np.ndarray) -> np.ndarray:
        moved = member[orders].transpose(1, 0, 2).reshape(n, -1)
        within = np.einsum("ij,ij->j", moved, ranks @ moved).reshape(len(orders), -1).sum(axis=1) / 2
        found: np.ndarray = ((summed - within) / (pairs - pairs_within) - within / pairs_within) / (pairs / 2)
        return found

    real = float(statistic(np.arange(n)[None, :])[0])
    rng = np.random.default_rng(seed)
    blocks = None if strata is None else strata.reindex(used.index).astype(str).to_numpy()
    orders = np.stack([_order(n, blocks, rng) for _ in range(permutations)])
    drawn = np.concatenate([statistic(orders[k : k + CHUNK]) for k in range(0, permutations, CHUNK)])
    p = float((1 + np.sum(drawn >= real - EPSILON)) / (1 + permutations))
    return Anosim(real, p, n, permutations, seed)
