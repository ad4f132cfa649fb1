"""Courses and doses laid on one time line, then written as protocol rows.

A ``Course`` holds a set lever at a level from a day to a day; a ``Given`` adds or multiplies on one day.  Where courses
of one lever overlap they combine by the lever's own rule, so that no course's end switches off another's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from hepaxis.therapy.levers import HABITUAL_CARBOHYDRATE, levers

COLUMNS = ["time", "lever", "action", "amount", "component"]


@dataclass(frozen=True)
class Given:
    """One dose: ``amount`` added to (or multiplied with) the lever on ``day``."""

    lever: str
    amount: float
    day: float
    component: str


@dataclass(frozen=True)
class Course:
    """A level from ``start`` until ``end`` (day the level is off again; None: to the horizon)."""

    lever: str
    amount: float
    start: float
    end: float | None
    component: str


def rows(
    given: Iterable[Given], courses: Iterable[Course], horizon_days: float, habitual: float = HABITUAL_CARBOHYDRATE
) -> pd.DataFrame:
    """The protocol: time (day), lever, action, amount, component; sorted, every time before the horizon."""
    known = levers()
    found = [
        (dose.day, dose.lever, known[dose.lever].action, dose.amount, dose.component)
        for dose in given
        if dose.day < horizon_days
    ]
    by_lever: dict[str, list[Course]] = defaultdict(list)
    for course in courses:
        by_lever[course.lever].append(course)
    for lever, held in by_lever.items():
        found += _steps(lever, held, horizon_days, habitual)
    found.sort(key=lambda row: (row[0], row[2] != "set", row[1]))
    return pd.DataFrame(found, columns=COLUMNS).astype({"time": float, "amount": float})


def _steps(
    lever: str, held: list[Course], horizon_days: float, habitual: float
) -> list[tuple[float, str, str, float, str]]:
    """One row at each day on which the combined level changes."""
    rule = levers()[lever]
    days = sorted({c.start for c in held} | {c.end for c in held if c.end is not None})
    steps = []
    level = rule.together([], habitual)
    names = ""
    for day in days:
        if day >= horizon_days:
            break
        on = [c for c in held if c.start <= day and (c.end is None or day < c.end)]
        new = rule.together([c.amount for c in on], habitual)
        names = "+".join(dict.fromkeys(c.component for c in on)) or names
        if new != level:
            steps.append((day, lever, "set", new, names))
            level = new
    return steps
