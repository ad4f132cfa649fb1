"""Formulas of published scores, without the taxa they were published with.

Held: counting (Derosa 2024, 10.1016/j.cell.2024.05.029), collective abundance (Gupta 2020, 10.1038/s41467-020-18476-8)
and weighted sums.  Each takes shares that sum to 1 over what was identified.
"""

from __future__ import annotations

import numpy as np

COLLECTIVE_FLOOR = 1e-5  # added to both sides, and the share below which a taxon is absent (Gupta 2020)


def presence_balance(
    favourable: np.ndarray | float, unfavourable: np.ndarray | float, of_favourable: int, of_unfavourable: int
) -> np.ndarray:
    """(share of the favourable taxa present - share of the unfavourable ones + 1) / 2: 0 worst, 1 best."""
    return (np.asarray(favourable) / of_favourable - np.asarray(unfavourable) / of_unfavourable + 1.0) / 2.0


def collective_balance(
    favourable: np.ndarray, unfavourable: np.ndarray, typical_favourable: float, typical_unfavourable: float
) -> np.ndarray:
    """log10 ratio of collective abundances of two sets (n x taxa of each); positive: more of the favourable one.

    A collective abundance is richness over its typical value (published for the set) times Shannon's sum over the set.
    """
    up = _collective(favourable, typical_favourable)
    down = _collective(unfavourable, typical_unfavourable)
    found: np.ndarray = np.log10((up + COLLECTIVE_FLOOR) / (down + COLLECTIVE_FLOOR))
    return found


def _collective(shares: np.ndarray, typical: float) -> np.ndarray:
    kept = np.where(shares < COLLECTIVE_FLOOR, 0.0, shares)
    spread = -(kept * np.log(np.where(kept > 0, kept, 1.0))).sum(1)
    found: np.ndarray = (kept > 0).sum(1) / typical * spread
    return found


def weighted_sum(shares: np.ndarray, weights: np.ndarray, transform: str) -> np.ndarray:
    """Sum of weights times presence, share or log10 share (at least ``COLLECTIVE_FLOOR``); n x taxa and taxa.

    ValueError for another ``transform``.
    """
    if transform == "presence":
        values = (shares > 0).astype(float)
    elif transform == "share":
        values = shares
    elif transform == "log10":
        values = np.log10(np.maximum(shares, COLLECTIVE_FLOOR))
    else:
        raise ValueError(f"transform '{transform}'; known: presence, share, log10")
    found: np.ndarray = values @ weights
    return found
