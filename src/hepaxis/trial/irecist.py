"""iRECIST: progression must be confirmed, and a tumour that shrinks again resets the bar.

Held: 10.1016/S1470-2045(17)30074-8.  A scan that meets RECIST progression is unconfirmed (iUPD).  At a later scan, at
least four weeks on, progression is confirmed (iCPD) when the sum of targets rose by a further 5 mm, the sum of new
lesions rose by 5 mm, another new lesion is seen, or targets and new lesions now both progress where one did before.
When none of it holds and the criteria are no longer met the bar is reset; otherwise it stays iUPD.  Non-target growth
is counted with new lesions, as in the hazard.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from hepaxis.trial.parameters import criterion
from hepaxis.trial.recist import NEVER, nadir_before, target_progression


class ImmuneResponse(IntEnum):
    """Time-point response by iRECIST."""

    NE = 0
    CR = 1
    PR = 2
    SD = 3
    UPD = 4
    CPD = 5


@dataclass(frozen=True)
class ImmuneReading:
    """state (n, s); confirmed (n,) scan of iCPD; event (n,) scan that dates progression; resets (n,) count.

    event: the first iUPD of the run that was confirmed, or that no later scan reset; ``NEVER`` where there is none.
    """

    state: np.ndarray
    confirmed: np.ndarray
    event: np.ndarray
    resets: np.ndarray


@dataclass
class _Memory:
    """What a reader carries from scan to scan, of each patient."""

    since: np.ndarray  # scan of the first iUPD of the run
    sum_mm: np.ndarray
    new_mm: np.ndarray
    new_count: np.ndarray
    by_target: np.ndarray
    by_new: np.ndarray


def read_immune(
    days: np.ndarray,
    baseline_mm: np.ndarray,
    sums_mm: np.ndarray,
    *,
    vanished: np.ndarray,
    new_count: np.ndarray,
    new_mm: np.ndarray,
    seen: np.ndarray,
) -> ImmuneReading:
    """Apply the rules scan by scan.

    days, sums_mm, vanished, seen (n, s) as in ``read_scans``; new_count (n, s) new lesions seen so far; new_mm (n, s)
    the sum of their diameters; baseline_mm (n,).
    """
    n, s = sums_mm.shape
    grown = target_progression(nadir_before(baseline_mm, sums_mm, seen), sums_mm)
    state = np.full((n, s), ImmuneResponse.NE, np.int8)
    confirmed = np.full(n, NEVER)
    resets = np.zeros(n, int)
    row = np.arange(n)
    nothing = np.zeros(n)
    memory = _Memory(np.full(n, NEVER), nothing, nothing, nothing, nothing > 0, nothing > 0)
    for k in range(s):
        open_ = seen[:, k] & (confirmed == NEVER)
        target, new = grown[:, k], new_count[:, k] > 0
        pending = memory.since != NEVER
        late = days[:, k] - days[row, np.maximum(memory.since, 0)] >= criterion("icpd_days")
        worse = (
            (memory.by_target & (sums_mm[:, k] - memory.sum_mm >= criterion("icpd_mm")))
            | (memory.by_new & (new_mm[:, k] - memory.new_mm >= criterion("icpd_mm")))
            | (memory.by_new & (new_count[:, k] > memory.new_count))
            | (memory.by_target & ~memory.by_new & new)
            | (memory.by_new & ~memory.by_target & target)
        )
        sure = open_ & pending & late & worse
        progressing = open_ & ~sure & (target | new)
        calm = open_ & ~sure & ~progressing
        resets += calm & pending
        state[sure, k] = ImmuneResponse.CPD
        state[progressing, k] = ImmuneResponse.UPD
        state[calm, k] = _calm_state(baseline_mm, sums_mm[:, k], vanished[:, k])[calm]
        confirmed = np.where(sure, k, confirmed)
        begins = progressing & ~pending
        memory = _Memory(
            np.where(begins, k, np.where(calm, NEVER, memory.since)),
            np.where(begins, sums_mm[:, k], memory.sum_mm),
            np.where(begins, new_mm[:, k], memory.new_mm),
            np.where(begins, new_count[:, k], memory.new_count),
            np.where(begins, target, memory.by_target),
            np.where(begins, new, memory.by_new),
        )
    return ImmuneReading(state, confirmed, memory.since, resets)


def _calm_state(baseline_mm: np.ndarray, sum_mm: np.ndarray, vanished: np.ndarray) -> np.ndarray:
    small = sum_mm <= criterion("partial_response") * baseline_mm
    return np.select([vanished, small], [ImmuneResponse.CR, ImmuneResponse.PR], ImmuneResponse.SD)
