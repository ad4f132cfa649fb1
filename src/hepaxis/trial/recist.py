"""RECIST 1.1: from sums of diameters and new lesions to time-point response, progression and best response.

Held: the rules of 10.1016/j.ejca.2008.10.026.  Partial response is a fall of at least 30% from baseline; progression a
rise of at least 20% and 5 mm above the nadir (the smallest sum so far, baseline included), or a new or unequivocally
grown non-target lesion; a response is confirmed when it still stands at least 28 days later with no scan between that
lost it.  Scans that were not made (``seen``) do not exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from hepaxis.trial.parameters import criterion

NEVER = -1


class Response(IntEnum):
    """Time-point and best response."""

    NE = 0
    CR = 1
    PR = 2
    SD = 3
    PD = 4


@dataclass(frozen=True)
class Reading:
    """What the scans of n patients say.  Scan indices count from 0 (first scan after baseline); ``NEVER`` = -1.

    days          (n, s) day of each scan
    seen          (n, s) whether the scan was made
    state         (n, s) time-point response against baseline and nadir (NE where not seen)
    progression   (n,) first scan of progression
    by_new_lesion (n,) whether only a new or non-target lesion made it
    """

    days: np.ndarray
    seen: np.ndarray
    state: np.ndarray
    progression: np.ndarray
    by_new_lesion: np.ndarray


@dataclass(frozen=True)
class Best:
    """Best overall response (n,) with the scan it was first met at (onset) and confirmed at; ``NEVER`` where none."""

    response: np.ndarray
    onset: np.ndarray
    confirmation: np.ndarray

    @property
    def objective(self) -> np.ndarray:
        """Complete or partial response (n,)."""
        return (self.response == Response.CR) | (self.response == Response.PR)


def read_scans(
    days: np.ndarray,
    baseline_mm: np.ndarray,
    sums_mm: np.ndarray,
    *,
    vanished: np.ndarray | None = None,
    new_lesion_day: np.ndarray | None = None,
    seen: np.ndarray | None = None,
) -> Reading:
    """Apply the rules scan by scan.

    days (s,) or (n, s); baseline_mm (n,); sums_mm (n, s) measured sums of the targets; vanished (n, s) every lesion
    gone, non-targets too (default: sum 0); new_lesion_day (n,) day the first can be seen (default never);
    seen (n, s) (default all).
    """
    n, s = sums_mm.shape
    when = np.broadcast_to(days, (n, s))
    made = np.ones((n, s), bool) if seen is None else seen
    gone = sums_mm <= 0 if vanished is None else vanished
    new = np.zeros((n, s), bool) if new_lesion_day is None else when >= new_lesion_day[:, None]
    grown = target_progression(nadir_before(baseline_mm, sums_mm, made), sums_mm)
    small = sums_mm <= criterion("partial_response") * baseline_mm[:, None]
    state = np.full((n, s), Response.SD, np.int8)
    state[small] = Response.PR
    state[gone] = Response.CR
    state[grown | new] = Response.PD
    state[~made] = Response.NE
    progressed = state == Response.PD
    first = np.where(progressed.any(1), progressed.argmax(1), NEVER)
    row = np.arange(n)
    by_new = (first != NEVER) & ~grown[row, np.maximum(first, 0)]
    return Reading(when, made, state, first, by_new)


def nadir_before(baseline_mm: np.ndarray, sums_mm: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Smallest sum (n, s) measured before each scan, baseline included; scans that were not made do not count."""
    measured = np.where(seen, sums_mm, np.inf)
    before = np.concatenate([baseline_mm[:, None], measured[:, :-1]], axis=1)
    nadir: np.ndarray = np.minimum.accumulate(before, axis=1)
    return nadir


def target_progression(nadir_mm: np.ndarray, sums_mm: np.ndarray) -> np.ndarray:
    """Whether a sum is progression over the nadir: relative and absolute rise together."""
    grown: np.ndarray = (sums_mm >= criterion("progression") * nadir_mm) & (
        sums_mm - nadir_mm >= criterion("progression_mm")
    )
    return grown


def best_response(reading: Reading, *, confirmed: bool = True) -> Best:
    """Best overall response before progression.

    confirmed: complete and partial responses need a later scan (28 days) at which they still stand; an unconfirmed
    complete response within a confirmed response counts as partial.  Stable disease needs a scan without progression at
    least ``stable_days`` after baseline; else progression, else not evaluable.
    """
    s = reading.state.shape[1]
    before = reading.seen & (np.arange(s)[None, :] < _end(reading, s)[:, None])
    complete = before & (reading.state == Response.CR)
    response = complete | (before & (reading.state == Response.PR))
    if confirmed:
        onset, sure = _first_confirmed(response, reading.days, reading.seen)
        has_complete = _first_confirmed(complete, reading.days, reading.seen)[1] != NEVER
    else:
        onset = np.where(response.any(1), response.argmax(1), NEVER)
        sure, has_complete = onset, complete.any(1)
    stable = (before & (reading.days >= criterion("stable_days"))).any(1)
    best = np.select(
        [has_complete, sure != NEVER, stable, reading.progression != NEVER],
        [Response.CR, Response.PR, Response.SD, Response.PD],
        Response.NE,
    )
    return Best(best.astype(np.int8), onset, sure)


def _end(reading: Reading, scans: int) -> np.ndarray:
    return np.where(reading.progression == NEVER, scans, reading.progression)


def _first_confirmed(response: np.ndarray, days: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First scan of a response that was confirmed, and the scan that confirmed it.

    A response runs on while every scan made still shows it; scans that were not made do not end it.
    """
    n, s = response.shape
    onset, sure = np.full(n, NEVER), np.full(n, NEVER)
    start = np.full(n, NEVER)
    row = np.arange(n)
    for k in range(s):
        start = np.where(response[:, k], np.where(start == NEVER, k, start), np.where(seen[:, k], NEVER, start))
        lasted = days[:, k] - days[row, np.maximum(start, 0)] >= criterion("confirmation_days")
        now = response[:, k] & (sure == NEVER) & lasted
        onset, sure = np.where(now, start, onset), np.where(now, k, sure)
    return onset, sure


def shares(best: Best, *, not_evaluable: str, weights: np.ndarray | None = None) -> dict[str, float]:
    """Shares (0-1) of all patients: objective, complete, control, progression, not_evaluable.

    not_evaluable: ``separate`` or ``progression`` (the rule of the trial: see ``Conduct``); it never leaves the
    denominator.  Raises ValueError for another rule.
    """
    if not_evaluable not in ("separate", "progression"):
        raise ValueError(f"not evaluable is counted 'separate' or as 'progression', found '{not_evaluable}'")

    def share(of: np.ndarray) -> float:
        return float(np.average(of, weights=weights))

    code = best.response
    unseen = share(code == Response.NE)
    merged = not_evaluable == "progression"
    return {
        "objective": share(best.objective),
        "complete": share(code == Response.CR),
        "control": share(best.objective | (code == Response.SD)),
        "progression": share(code == Response.PD) + (unseen if merged else 0.0),
        "not_evaluable": 0.0 if merged else unseen,
    }
