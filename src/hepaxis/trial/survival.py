"""Curves of times to an event: product limit, cumulative incidence with competing causes, interval censoring.

Held: patients carry prevalence weights and arms hold 16,000 of them; ``scipy.stats.ecdf`` takes no weights, and the
usual survival package breaks ties of competing causes by jitter and would bring plotting and autograd for three short
functions.  The tests check these against scipy on censored data and by hand.  A published median is compared through
the survival at its time (``Curve.at``), never through medians, since those sit on scan days.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Curve:
    """A step function: ``value`` holds from ``day`` on; before the first day it is ``start``."""

    day: np.ndarray
    value: np.ndarray
    start: float

    def at(self, when: float | np.ndarray) -> np.ndarray:
        """Value at days ``when``."""
        place = np.searchsorted(self.day, np.asarray(when, float), side="right")
        found: np.ndarray = np.concatenate([[self.start], self.value])[place]
        return found

    def median(self) -> float:
        """First day at or below one half; ``inf`` when not reached."""
        below = np.nonzero(self.value <= 0.5)[0]
        return float(self.day[below[0]]) if len(below) else float("inf")


def _steps(
    time: np.ndarray, happened: np.ndarray, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distinct days, weight of events on each (causes in columns), and weight at risk just before each."""
    if np.any(np.asarray(time) < 0) or not np.all(np.isfinite(time)):
        raise ValueError("times must be finite and not negative; censor those without an event at their last day")
    weight = np.ones(len(time)) if weights is None else np.asarray(weights, float)
    day, place = np.unique(time, return_inverse=True)
    leaving = np.bincount(place, weight, len(day))
    risk = weight.sum() - np.concatenate([[0.0], np.cumsum(leaving)[:-1]])
    events = np.stack([np.bincount(place, weight * column, len(day)) for column in happened.T], axis=1)
    return day, events, np.maximum(risk, 1e-300)


def product_limit(time: np.ndarray, event: np.ndarray, weights: np.ndarray | None = None) -> Curve:
    """Kaplan-Meier survival of times (n,) with event (n,) bool.  Raises ValueError for negative or infinite times."""
    day, events, risk = _steps(time, np.asarray(event, float)[:, None], weights)
    keep = events[:, 0] > 0
    value = np.cumprod(np.maximum(1.0 - events[keep, 0] / risk[keep], 0.0))
    return Curve(day[keep], value, 1.0)


def cumulative_incidence(time: np.ndarray, cause: np.ndarray, of: int, weights: np.ndarray | None = None) -> Curve:
    """Probability of ``of`` by each day when other causes compete (Aalen-Johansen).

    cause (n,): 0 censored, positive numbers the causes.  Raises ValueError as ``product_limit`` does.
    """
    happened = np.stack([cause == of, (cause != of) & (cause > 0)], axis=1).astype(float)
    day, events, risk = _steps(time, happened, weights)
    survival = np.cumprod(np.maximum(1.0 - events.sum(1) / risk, 0.0))
    before = np.concatenate([[1.0], survival[:-1]])
    value = np.cumsum(before * events[:, 0] / risk)
    return Curve(day, value, 0.0)


def interval_censored(
    left: np.ndarray,
    right: np.ndarray,
    grid: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    rounds: int = 500,
    tolerance: float = 1e-7,
) -> Curve:
    """Survival on a grid of days when an event is only known to lie in (left, right] (Turnbull's self-consistency).

    left, right (n,): equal for an exactly known day; right infinite when not seen.  grid (m,) increasing: ends of
    the cells in which mass may lie.  Raises ValueError when the grid is not increasing.
    """
    if np.any(np.diff(grid) <= 0):
        raise ValueError("the grid must increase")
    ends = np.append(grid, np.inf)
    first = np.searchsorted(grid, left, side="right")  # first cell whose end lies after left
    exact = right <= left
    last = np.minimum(np.searchsorted(grid, right, side="left"), len(grid))
    first = np.where(exact, last, np.minimum(first, last))
    weight = np.ones(len(left)) if weights is None else np.asarray(weights, float)
    pairs, place = np.unique(np.stack([first, last], 1), axis=0, return_inverse=True)
    count = np.bincount(np.ravel(place), weight, len(pairs)) / weight.sum()
    inside = (np.arange(len(ends))[None, :] >= pairs[:, :1]) & (np.arange(len(ends))[None, :] <= pairs[:, 1:])
    mass = np.full(len(ends), 1.0 / len(ends))
    for _ in range(rounds):
        covered = inside @ mass
        new = mass * (inside.T @ (count / np.maximum(covered, 1e-300)))
        done = np.abs(new - mass).max() < tolerance
        mass = new
        if done:
            break
    return Curve(grid, np.clip(1.0 - np.cumsum(mass[:-1]), 0.0, 1.0), 1.0)
