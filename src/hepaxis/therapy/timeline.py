"""Courses and doses laid on one time line, then written as protocol rows.

A ``Course`` holds a set lever at a level from a day to a day; a ``Given`` adds or multiplies on one day.  Where courses
of one lever overlap they combine by the lever's own rule, so that no course's end switches off another's.  What belongs
to one patient of a batch carries the patient's number; with what holds for all it combines in that patient alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from hepaxis.therapy.levers import HABITUAL_CARBOHYDRATE, levers

COLUMNS = ["time", "lever", "action", "amount", "component"]
PATIENT = "patient"
Row = tuple[float, str, str, float, str, int | None]


@dataclass(frozen=True)
class Given:
    """One dose: ``amount`` added to (or multiplied with) the lever on ``day``; ``patient`` None: everybody."""

    lever: str
    amount: float
    day: float
    component: str
    patient: int | None = None


@dataclass(frozen=True)
class Course:
    """A level from ``start`` until ``end`` (day the level is off again; None: to the horizon); ``patient`` as above."""

    lever: str
    amount: float
    start: float
    end: float | None
    component: str
    patient: int | None = None


def rows(
    given: Iterable[Given],
    courses: Iterable[Course],
    horizon_days: float,
    habitual: float = HABITUAL_CARBOHYDRATE,
    patients: int | None = None,
) -> pd.DataFrame:
    """The protocol: time (day), lever, action, amount, component; sorted, every time before the horizon.

    ``patients`` of a batch adds a column ``patient`` (NaN: everybody).
    """
    known = levers()
    found: list[Row] = [
        (dose.day, dose.lever, known[dose.lever].action, dose.amount, dose.component, dose.patient)
        for dose in given
        if dose.day < horizon_days
    ]
    by_lever: dict[str, list[Course]] = defaultdict(list)
    for course in courses:
        by_lever[course.lever].append(course)
    for lever, held in by_lever.items():
        for patient, mine in _by_patient(held, patients):
            found += _steps(lever, mine, horizon_days, habitual, patient)
    found.sort(key=lambda row: (row[0], row[2] != "set", row[1]))
    table = pd.DataFrame(found, columns=[*COLUMNS, PATIENT]).astype({"time": float, "amount": float, PATIENT: float})
    return table if patients is not None else table.drop(columns=PATIENT)


def _by_patient(held: list[Course], patients: int | None) -> list[tuple[int | None, list[Course]]]:
    """Courses of one lever by whom they are for; one patient's own stand with what is given to everybody."""
    own: dict[int, list[Course]] = defaultdict(list)
    shared = [course for course in held if course.patient is None]
    for course in held:
        if course.patient is not None:
            own[course.patient].append(course)
    if not own:
        return [(None, shared)]
    lanes = range(patients or 0) if shared else sorted(own)
    return [(lane, [*shared, *own[lane]]) for lane in lanes]


def _steps(lever: str, held: list[Course], horizon_days: float, habitual: float, patient: int | None) -> list[Row]:
    """One row at each day on which the combined level changes."""
    rule = levers()[lever]
    days = sorted({c.start for c in held} | {c.end for c in held if c.end is not None})
    steps: list[Row] = []
    level = rule.together([], habitual)
    names = ""
    for day in days:
        if day >= horizon_days:
            break
        on = [c for c in held if c.start <= day and (c.end is None or day < c.end)]
        new = rule.together([c.amount for c in on], habitual)
        names = "+".join(dict.fromkeys(c.component for c in on)) or names
        if new != level:
            steps.append((day, lever, "set", new, names, patient))
            level = new
    return steps
