"""How often a score orders two people as their times are ordered (Harrell's C, as R's ``concordance`` counts pairs).

Held: pairs within a stratum, of which the earlier time is an event; equal times are no pair, except that an event
comes before a censoring of the same time; equal scores count one half.
"""

from __future__ import annotations

import numpy as np

from hepaxis.cohort.survival.times import Times

BLOCK = 2_000  # rows compared with all others at once


def concordance(times: Times, score: np.ndarray, group: np.ndarray | None = None) -> float:
    """Share of comparable pairs in which the higher ``score`` has the earlier event; NaN without such a pair."""
    strata = np.zeros(len(score), int) if group is None else group
    right = tied = pairs = 0.0
    for start in range(0, len(score), BLOCK):
        one = slice(start, start + BLOCK)
        later = (times.time[None, :] > times.time[one, None]) | (
            (times.time[None, :] == times.time[one, None]) & ~times.event[None, :]
        )
        comparable = later & times.event[one, None] & (strata[None, :] == strata[one, None])
        comparable &= times.entry[None, :] < times.time[one, None]
        difference = np.sign(score[one, None] - score[None, :])
        right += float((comparable & (difference > 0)).sum())
        tied += float((comparable & (difference == 0)).sum())
        pairs += float(comparable.sum())
    return (right + tied / 2) / pairs if pairs else float("nan")
