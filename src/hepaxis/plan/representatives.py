"""Some of the virtual patients that stand for all of them: the same number of each draw, hosts by their weight.

Held: within a draw hosts are taken in proportion to their weight at even steps from a random start of the draw's own,
so that over the draws every host has its turn; the weight of a patient is then that of its draw.
"""

from __future__ import annotations

import numpy as np

from hepaxis.plan.estimates import Cross


def representatives(cross: Cross, patients: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(positions (n,), weights (n,)) of about ``patients`` virtual patients who count; all where there are no more."""
    draws = np.unique(cross.draw[cross.lane_weights > 0])
    each = max(1, patients // max(1, len(draws)))
    rows, weights = [], []
    for k in draws:
        here = np.flatnonzero((cross.draw == k) & (cross.lane_weights > 0))
        share = cross.lane_weights[here] / cross.lane_weights[here].sum()
        if each >= len(here):
            chosen, own = here, share
        else:
            order = np.random.default_rng([seed, 72, int(k)]).permutation(len(here))
            start = np.random.default_rng([seed, 73, int(k)]).uniform()
            points = (start + np.arange(each)) / each
            place = np.minimum(np.searchsorted(np.cumsum(share[order]), points), len(here) - 1)
            chosen, own = here[order[place]], np.full(each, 1.0 / each)
        rows.append(chosen)
        weights.append(own * cross.draw_weights[k])
    return np.concatenate(rows), np.concatenate(weights)
