"""Times to an event as they are compared: near-tied times merged, bad ones refused.

Held: two times that differ only by the rounding of a division (23.4 months written as 702/30 and 712/30.4375) are one
time.  The rule is that of R's ``survival::aeqSurv``: neighbours closer than the square root of machine precision,
absolutely or against the mean time, are tied.  Python's packages have no such rule and differ from R in the fourth
digit of a Cox coefficient until it is applied.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TOLERANCE = float(np.sqrt(np.finfo(float).eps))  # R: sqrt(.Machine$double.eps)


@dataclass(frozen=True)
class Times:
    """Follow-up of n rows.

    time   n, when it ended; near ties merged
    event  n, whether an event ended it
    entry  n, when the row came under observation (0 unless left-truncated or split)
    merged number of distinct times that were merged into a neighbour
    """

    time: np.ndarray
    event: np.ndarray
    entry: np.ndarray
    merged: int

    def __len__(self) -> int:
        return len(self.time)

    def take(self, which: np.ndarray) -> Times:
        return Times(self.time[which], self.event[which], self.entry[which], self.merged)


def merged_times(values: np.ndarray, tolerance: float = TOLERANCE) -> tuple[np.ndarray, int]:
    """``values`` with near ties set to the lowest of their run, and how many distinct values that removed."""
    distinct = np.unique(values[np.isfinite(values)])
    if len(distinct) < 2:
        return values.astype(float), 0
    gap = np.diff(distinct)
    tied = (gap <= tolerance) | (gap / np.abs(distinct).mean() <= tolerance)
    if not tied.any():
        return values.astype(float), 0
    cuts = distinct[np.concatenate([[True], ~tied])]
    place = np.clip(np.searchsorted(cuts, values, side="right") - 1, 0, None)
    return np.where(np.isfinite(values), cuts[place], values), int(tied.sum())


def follow_up(time: np.ndarray, event: np.ndarray, entry: np.ndarray | None = None) -> Times:
    """Times with near ties merged.

    Raises ValueError for missing or negative times, events that are neither 0 nor 1, rows that end before they begin.
    """
    when = np.asarray(time, float)
    happened = np.asarray(event, float)
    begins = np.zeros(len(when)) if entry is None else np.asarray(entry, float)
    if not (np.isfinite(when).all() and np.isfinite(begins).all()):
        raise ValueError("times must be finite; leave out the rows without one and count them")
    if (when < 0).any() or (begins < 0).any():
        raise ValueError("times must not be negative")
    if not np.isin(happened, (0.0, 1.0)).all():
        raise ValueError("an event is 0 (censored) or 1")
    both, merged = merged_times(np.concatenate([begins, when]) if entry is not None else when)
    begins, when = (both[: len(when)], both[len(when) :]) if entry is not None else (begins, both)
    if entry is not None and (begins >= when).any():
        raise ValueError("a row must end after it begins")
    return Times(when, happened.astype(bool), begins, merged)
