"""Times to an event as a page shows them: curve, numbers at risk, median, survival at landmarks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepaxis.trial.estimates import (
    DRAW_LEVEL,
    LEVEL,
    Json,
    draws_part,
    normal,
    nothing,
    number,
    spread,
    survival,
)
from hepaxis.trial.schedule import DAYS_PER_MONTH
from hepaxis.trial.survival import Curve, product_limit

LANDMARKS = (6, 12, 18, 24)  # months
MOST_STEPS = 200  # of a curve as written
MOST_COLUMNS = 10  # of a table of numbers at risk
STEP_MONTHS = (1, 2, 3, 6, 12, 24)


@dataclass(frozen=True)
class Times:
    """Of n patients: day (n,), event (n,) bool, weight (n,), draw (n,) number of the draw of mechanisms."""

    day: np.ndarray
    event: np.ndarray
    weight: np.ndarray
    draw: np.ndarray

    def __len__(self) -> int:
        return len(self.day)


def influence_of_survival(times: Times, curve: Curve, when: float) -> np.ndarray:
    """Influence (n,) of each patient on the survival at a day (martingale form; mean about 0)."""
    weight = times.weight / times.weight.mean()
    n = len(times)
    order = np.argsort(times.day, kind="stable")
    at_risk_sorted = np.cumsum(weight[order][::-1])[::-1] / n
    first = np.searchsorted(times.day[order], times.day, side="left")
    at_risk = at_risk_sorted[first]
    own = np.where(times.event & (times.day <= when), 1.0 / at_risk, 0.0)
    steps = np.where(times.event & (times.day <= when), weight / n / at_risk**2, 0.0)[order]
    passed = np.cumsum(steps)
    last = np.searchsorted(times.day[order], np.minimum(times.day, when), side="right")
    gone = np.concatenate([[0.0], passed])[last]
    found: np.ndarray = -float(curve.at(when)) * weight * (own - gone)
    return found


def time_summary(times: Times, horizon: float, trial_n: int) -> Json:
    """``times`` of an arm (docs/trial.md).  trial_n: patients of this kind in a trial of the design's size."""
    empty = {"n": 0, "events": 0, "median": nothing(trial_n), "landmarks": [], "curve": None, "risk": None}
    if not len(times):
        return empty
    curve = product_limit(times.day, times.event, times.weight)
    months = [month for month in LANDMARKS if month * DAYS_PER_MONTH <= horizon]
    landmarks = []
    for month in months:
        day = month * DAYS_PER_MONTH
        point = survival(float(curve.at(day)), influence_of_survival(times, curve, day), times.draw, trial_n)
        landmarks.append({"day": number(day), **point})
    return {
        "n": len(times),
        "events": int(times.event.sum()),
        "median": median(times, curve, trial_n),
        "landmarks": landmarks,
        "curve": steps_of(times, curve, trial_n),
        "risk": at_risk(times, horizon),
    }


def median(times: Times, curve: Curve, trial_n: int) -> Json:
    """Median with the days at which the bounds of the survival then cross one half; null where it is not reached."""
    day = curve.median()
    if not np.isfinite(day):
        return nothing(trial_n)
    got = spread(influence_of_survival(times, curve, day), times.draw)

    def days(half: float) -> tuple[float, float]:
        return crossing(curve, 0.5 + half), crossing(curve, 0.5 - half)

    low, high = days(normal(LEVEL) * got.trial_se(trial_n))
    near, far = days(float(np.sqrt(got.simulation)))
    draws = draws_part(got, *days(normal(DRAW_LEVEL) * got.draw_sd)) if np.isfinite(got.draw_sd) else None
    return {
        "estimate": number(day),
        "simulation_se": number((far - near) / 2),
        "trial": {"n": trial_n, "low": number(low), "high": number(high), "level": LEVEL},
        "draws": draws,
    }


def crossing(curve: Curve, level: float) -> float:
    """First day at or below the level; inf when it is not reached."""
    below = np.nonzero(curve.value <= level)[0]
    if level >= curve.start:
        return 0.0
    return float(curve.day[below[0]]) if len(below) else float("inf")


def steps_of(times: Times, curve: Curve, trial_n: int) -> Json:
    """The curve as steps, with the band in which a trial of the design's size would lie (Greenwood)."""
    n = len(times)
    risk = _risks(times, curve)
    before = np.concatenate([[curve.start], curve.value[:-1]])
    hazard = np.where(before > 0, 1 - curve.value / np.where(before > 0, before, 1.0), 0.0)
    relative = hazard / np.maximum((1 - hazard) * risk / times.weight.mean(), 1e-12)
    se = curve.value * np.sqrt(np.cumsum(np.where(hazard < 1, relative, 0.0)) * n / max(trial_n, 1))
    half = normal(LEVEL) * se
    keep = np.unique(np.linspace(0, len(curve.day) - 1, min(len(curve.day), MOST_STEPS)).astype(int))

    def shown(values: np.ndarray) -> list[float | None]:
        return [number(value) for value in values[keep]]

    return {
        "day": shown(curve.day),
        "value": shown(curve.value),
        "low": shown(np.maximum(curve.value - half, 0.0)),
        "high": shown(np.minimum(curve.value + half, 1.0)),
    }


def _risks(times: Times, curve: Curve) -> np.ndarray:
    """Weight at risk (k,) on each day of the curve."""
    order = np.argsort(times.day, kind="stable")
    left = np.cumsum(times.weight[order][::-1])[::-1]
    found: np.ndarray = left[np.searchsorted(times.day[order], curve.day, side="left")]
    return found


def at_risk(times: Times, horizon: float) -> Json:
    """Patients still at risk, and events so far, on round months."""
    months = horizon / DAYS_PER_MONTH
    step = next((one for one in STEP_MONTHS if months / one < MOST_COLUMNS), STEP_MONTHS[-1])
    days = np.arange(0.0, horizon + 1e-9, step * DAYS_PER_MONTH)
    return {
        "day": [number(day) for day in days],
        "at_risk": [int((times.day >= day).sum()) for day in days],
        "events": [int((times.event & (times.day <= day)).sum()) for day in days],
    }
