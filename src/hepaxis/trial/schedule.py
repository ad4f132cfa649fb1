"""When a trial scans, and how it counts what it sees.

Held: one row a trial in ``conduct.csv``: interval of scans at first and later, whether responses had to be confirmed,
how patients that could not be evaluated are counted, and how many were treated beyond progression.  Visits scatter
around the protocol's day.  Missed visits are not held.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hepaxis.trial.parameters import hazard, rows

DAYS_PER_MONTH = 30.4375
WEEK = 7.0


@dataclass(frozen=True)
class Conduct:
    """How a trial was read.

    interval_weeks until switch_weeks, then later_weeks; confirmed: whether a response needs a second scan;
    not_evaluable: ``separate`` or ``progression`` (counted with progression as best response); beyond_progression:
    share of patients still treated, and so still scanned, after progression.
    """

    trial: str
    interval_weeks: float
    switch_weeks: float
    later_weeks: float
    confirmed: bool
    not_evaluable: str
    beyond_progression: float
    source: str

    def days(self, horizon_days: float) -> np.ndarray:
        """Planned scan days (s,) until ``horizon_days``."""
        return scan_schedule(
            self.interval_weeks, horizon_days, switch_weeks=self.switch_weeks, later_weeks=self.later_weeks
        )


@lru_cache(maxsize=1)
def _conducts() -> dict[str, Conduct]:
    return {
        row["trial"]: Conduct(
            trial=row["trial"],
            interval_weeks=float(row["interval_weeks"]),
            switch_weeks=float(row["switch_weeks"]),
            later_weeks=float(row["later_weeks"]),
            confirmed=row["confirmed"] == "yes",
            not_evaluable=row["not_evaluable"],
            beyond_progression=float(row["beyond_progression"]),
            source=row["source"],
        )
        for row in rows("conduct.csv")
    }


def conduct_trials() -> tuple[str, ...]:
    """Trials whose conduct is known."""
    return tuple(_conducts())


def conduct(trial: str) -> Conduct:
    """How ``trial`` was read.  Raises KeyError naming the trials that are known."""
    if trial not in _conducts():
        raise KeyError(f"no conduct of trial '{trial}'; known: {', '.join(_conducts())}")
    return _conducts()[trial]


def scan_schedule(
    interval_weeks: float, horizon_days: float, *, switch_weeks: float | None = None, later_weeks: float | None = None
) -> np.ndarray:
    """Days of the scans after baseline until ``horizon_days`` (inclusive).

    Every ``interval_weeks``; from the first scan at or after ``switch_weeks`` on every ``later_weeks``.
    Raises ValueError when an interval is not positive or no scan fits the horizon.
    """
    later = interval_weeks if later_weeks is None else later_weeks
    for weeks in (interval_weeks, later):
        if weeks <= 0:
            raise ValueError(f"scan interval must be positive, found {weeks} weeks")
    switch = np.inf if switch_weeks is None else WEEK * switch_weeks
    days, day = [], WEEK * interval_weeks
    while day <= horizon_days:
        days.append(day)
        day += WEEK * (interval_weeks if day < switch else later)
    if not days:
        raise ValueError(f"no scan within {horizon_days} days at one every {interval_weeks} weeks")
    return np.array(days)


def visits(planned: np.ndarray, scatter: np.ndarray) -> np.ndarray:
    """Days of the visits (n, s) that were made: planned (s,) plus scatter (n, s) standard normal, in order."""
    gap = hazard("visit_gap")
    steps = gap * np.arange(1, len(planned) + 1)
    days = planned + hazard("visit_jitter") * scatter
    ordered: np.ndarray = np.maximum.accumulate(np.maximum(days, gap) - steps, axis=1) + steps
    return ordered
