"""RECIST 1.1 on a scan schedule: sums of target diameters to response and progression by size.

Held: the rules of 10.1016/j.ejca.2008.10.026 for target lesions: partial response is a fall of at least 30% from
baseline, progression a rise of at least 20% and 5 mm above the smallest sum so far (nadir), response confirmed at the
next scan at least 28 days later.  New lesions and death enter as hazards in ``endpoints``, not here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PARTIAL_RESPONSE = 0.70  # sum over baseline
PROGRESSION = 1.20  # sum over nadir
PROGRESSION_MM = 5.0
CONFIRMATION_DAYS = 28.0
NEVER = -1


def scan_schedule(interval_weeks: float, horizon_days: float) -> np.ndarray:
    """Days of the scans after baseline: every ``interval_weeks`` until ``horizon_days`` (inclusive).

    Raises ValueError when the interval is not positive or no scan fits the horizon.
    """
    if interval_weeks <= 0:
        raise ValueError(f"scan interval must be positive, found {interval_weeks} weeks")
    step = 7.0 * interval_weeks
    days = np.arange(1, int(horizon_days // step) + 1) * step
    if not len(days):
        raise ValueError(f"no scan within {horizon_days} days at one every {interval_weeks} weeks")
    return days


@dataclass(frozen=True)
class SizeReading:
    """What target sizes alone say.  Scan indices count from 0 (first scan after baseline); ``NEVER`` = -1.

    progression      (n,) first scan with progression by size
    response         (n,) first scan of a confirmed partial or complete response before progression
    confirmation     (n,) scan that confirmed it
    """

    progression: np.ndarray
    response: np.ndarray
    confirmation: np.ndarray


def read_sizes(days: np.ndarray, baseline_mm: np.ndarray, sums_mm: np.ndarray) -> SizeReading:
    """Apply the size rules.

    days (s,) scan days; baseline_mm (n,); sums_mm (n, s) measured sums, 0 where no target is seen.
    """
    n, s = sums_mm.shape
    before = np.concatenate([baseline_mm[:, None], sums_mm[:, :-1]], axis=1)
    nadir = np.minimum.accumulate(before, axis=1)
    grown = (sums_mm >= PROGRESSION * nadir) & (sums_mm - nadir >= PROGRESSION_MM)
    progression = np.where(grown.any(1), grown.argmax(1), s)
    free = np.arange(s)[None, :] < progression[:, None]
    small = free & (sums_mm <= PARTIAL_RESPONSE * baseline_mm[:, None])
    far = np.diff(days) >= CONFIRMATION_DAYS
    confirmed = small[:, :-1] & small[:, 1:] & far[None, :]
    has = confirmed.any(1) if s > 1 else np.zeros(n, bool)
    first = np.where(has, confirmed.argmax(1) if s > 1 else 0, NEVER)
    return SizeReading(
        progression=np.where(progression == s, NEVER, progression),
        response=first,
        confirmation=np.where(has, first + 1, NEVER),
    )
