"""States at rest, on the branch the patient's own start leads to.

Continuation first: each patient is integrated from its start with the frozen states held, so that of several rest
points the one is found that the start flows to.  Then Newton's method polishes; a polish that jumps is not taken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEWTON_STEPS = 30
# A polish that moves a state by more than this share of itself has left the branch.
BRANCH = 0.05
# Integration is continued, each time this much longer, while the residual test fails.
LONGER = 4.0
CONTINUATIONS = 4

Integrate = Callable[[Floats, Ints, float], tuple[Floats, dict[int, str]]]
Rates = Callable[[Floats, Ints], Floats]


@dataclass(frozen=True)
class RestTask:
    """``integrate(y, rows, horizon)``; ``rhs(y, rows)`` and ``jacobian(y, rows)`` of the states ``solve`` alone."""

    integrate: Integrate
    rhs: Rates
    jacobian: Rates
    solve: Ints
    tolerance: float
    floor: float

    def residual(self, y: Floats, rows: Ints) -> Floats:
        with np.errstate(all="ignore"):
            scale = np.abs(y[:, self.solve]) + self.floor
            worst: Floats = (np.abs(self.rhs(y, rows)) / scale).max(axis=1, initial=0.0)
        return np.where(np.isfinite(worst), worst, np.inf)


def rest(task: RestTask, start: Floats, horizon: float, *, keep: bool = False) -> tuple[Floats, Floats, dict[int, str]]:
    """(values, residuals, reasons by row) from the start values (n, n_states); ``keep``: what rests already stays."""
    y, residual = start.copy(), np.full(len(start), np.inf)
    reasons: dict[int, str] = {}
    todo = np.arange(len(start))
    if keep:
        residual = task.residual(y, todo)
        todo = todo[~(residual <= task.tolerance)]
        if len(todo) == 0:
            return y, residual, reasons
    for _ in range(CONTINUATIONS):
        y[todo], failed = task.integrate(y[todo], todo, horizon)
        for row, reason in failed.items():
            reasons[int(todo[row])] = reason
        alive = np.array([i for i in todo if int(i) not in reasons], dtype=np.int64)
        polished = _newton(task, y[alive], alive)
        moved = (np.abs(polished - y[alive]) / (np.abs(y[alive]) + task.floor)).max(axis=1, initial=0.0)
        better = task.residual(polished, alive)
        plain = task.residual(y[alive], alive)
        # Strictly: a small residual far away is another branch, not a better answer.
        take = (moved <= BRANCH) & (better <= plain)
        y[alive] = np.where(take[:, None], polished, y[alive])
        residual[alive] = np.where(take, better, plain)
        todo = alive[residual[alive] > task.tolerance]
        if len(todo) == 0:
            break
        horizon *= LONGER
    for i in todo:
        reasons.setdefault(int(i), f"not at rest: residual {residual[i]:.1e} above {task.tolerance:.0e}")
    return y, residual, reasons


def _newton(task: RestTask, y: Floats, rows: Ints) -> Floats:
    """Newton on the states solved for, all rows at once; each row stops when it no longer improves."""
    y = y.copy()
    best = task.residual(y, rows)
    going = np.arange(len(y))
    for _ in range(NEWTON_STEPS):
        if len(going) == 0:
            break
        f = task.rhs(y[going], rows[going])
        j = task.jacobian(y[going], rows[going])
        step = _solve(j, f)
        trial = y[going].copy()
        trial[:, task.solve] -= step
        quality = task.residual(trial, rows[going])
        improved = quality < best[going]
        keep = going[improved]
        y[keep], best[keep] = trial[improved], quality[improved]
        going = keep
    return y


def _solve(j: Floats, f: Floats) -> Floats:
    """(n, k) moves from (n, k, k) and (n, k); NaN where something is not finite."""
    step = np.full_like(f, np.nan)
    fine = np.isfinite(j).all(axis=(1, 2)) & np.isfinite(f).all(axis=1)
    try:
        step[fine] = np.linalg.solve(j[fine], f[fine, :, None])[:, :, 0]
    except np.linalg.LinAlgError:
        for row in np.flatnonzero(fine):
            step[row] = _solve_one(j[row], f[row])
    return step


def _solve_one(j: Floats, f: Floats) -> Floats:
    try:
        return np.asarray(np.linalg.solve(j, f), dtype=np.float64)
    except np.linalg.LinAlgError:
        # A conserved total makes the Jacobian singular: the least move keeps the total.
        return np.asarray(np.linalg.lstsq(j, f, rcond=None)[0], dtype=np.float64)
