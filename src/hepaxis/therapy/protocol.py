"""From a strategy and a patient's exposures to protocol rows.

A strategy is a list of ids (one regimen, a local treatment, arms).  Day 0 is the first dose of the regimen; lead-ins
and earlier exposures stand at negative days.  Every row lies before the horizon; a course that ends inside it is set
back to rest.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Protocol

import pandas as pd

from hepaxis.problems import InputError, Problem, error
from hepaxis.therapy.antibiotics import antibiotic_class, course, exposure
from hepaxis.therapy.arms import Pull, arm_ids, donor_shares, pulls
from hepaxis.therapy.levers import HABITUAL_CARBOHYDRATE, levers
from hepaxis.therapy.pharmacokinetics import drug, strategy_drugs
from hepaxis.therapy.regimens import Dose, regimen, regimen_ids, unknown
from hepaxis.therapy.timeline import Course, Given, rows

#: Days a course lasts whose end is not known; a usual oral course, assumed.
ASSUMED_COURSE_DAYS = 7.0
#: Prednisolone equivalent, mg/day, that counts as full immunosuppression (1 mg/kg in 75 kg); assumed.
FULL_STEROID_MG = 75.0
#: Lever of a steroid course whose dose is not known; 20 mg/day, assumed.
UNKNOWN_STEROID = 20.0 / FULL_STEROID_MG
#: Prednisolone equivalent of one mg (defined daily doses of the WHO, 10 mg prednisolone).
STEROID_DDD_MG = 10.0
STOPS = {"antibiotic": "stop_elective_antibiotic", "ppi": "stop_ppi"}
ELECTIVE = ("prophylaxis", "procedure")


class ExposureLike(Protocol):
    """The fields of a clinic sheet's exposure that are read here (``hepaxis.patient`` has the record)."""

    @property
    def kind(self) -> str | None: ...
    @property
    def drug(self) -> str | None: ...
    @property
    def drug_class(self) -> str | None: ...
    @property
    def route(self) -> str | None: ...
    @property
    def start_day(self) -> float | None: ...
    @property
    def end_day(self) -> float | None: ...
    @property
    def ongoing(self) -> bool | None: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def dose(self) -> float | None: ...


def protocol(
    components: Sequence[str],
    horizon_days: float,
    *,
    weight_kg: float | None = None,
    start_day: float = 0.0,
    habitual_carbohydrate: float = HABITUAL_CARBOHYDRATE,
) -> pd.DataFrame:
    """Protocol rows of a strategy: time (day), lever, action (add, set, multiply), amount, component.

    ``start_day`` is the day of the regimen's first dose; lead-ins come before it.  ``weight_kg`` None takes the
    reference weight (``Regimen.weight_assumed``).  Antibody and kinase inhibitor parameters are not rows: see
    ``parameters``.  Raises InputError listing every unknown id, doubled slot and bad number at once.
    """
    given, held = _strategy(components, horizon_days, weight_kg, start_day)
    return rows(given, held, horizon_days, habitual_carbohydrate)


def exposure_protocol(
    exposures: Iterable[ExposureLike], horizon_days: float, *, components: Sequence[str] = ()
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Protocol rows of what the patient has taken or still takes, and sentences on what the model cannot stand for.

    ``components`` with ``stop_ppi`` or ``stop_elective_antibiotic`` end such a course on day 0.
    """
    given, held, notes = _exposures(exposures, horizon_days, components)
    return rows(given, held, horizon_days), tuple(notes)


def full_protocol(
    components: Sequence[str],
    exposures: Iterable[ExposureLike],
    horizon_days: float,
    *,
    weight_kg: float | None = None,
    start_day: float = 0.0,
    habitual_carbohydrate: float = HABITUAL_CARBOHYDRATE,
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Strategy and exposures on one time line, so that overlapping courses combine; with the notes of both."""
    given, held = _strategy(components, horizon_days, weight_kg, start_day)
    more_given, more_held, notes = _exposures(exposures, horizon_days, components)
    for id in components:
        if id in regimen_ids() and regimen(id, weight_kg).weight_assumed:
            notes.append(f"{regimen(id).label}: body weight unknown, reference weight used")
    return rows([*given, *more_given], [*held, *more_held], horizon_days, habitual_carbohydrate), tuple(notes)


def _strategy(
    components: Sequence[str], horizon_days: float, weight_kg: float | None, start_day: float
) -> tuple[list[Given], list[Course]]:
    problems = _faults(components, horizon_days, start_day)
    if problems:
        raise InputError(problems)
    strategy_drugs(components)
    given: list[Given] = []
    held: list[Course] = []
    for id in dict.fromkeys(components):
        if id in regimen_ids():
            for dose in regimen(id, weight_kg).doses:
                _add_dose(dose, id, start_day, horizon_days, given, held)
        for pull in pulls(id):
            _add_pull(pull, id, start_day, horizon_days, given, held)
    return given, held


def _faults(components: Sequence[str], horizon_days: float, start_day: float) -> list[Problem]:
    known = (*regimen_ids(), *arm_ids())
    problems = [unknown("component", id, known) for id in components if id not in known]
    if not (math.isfinite(horizon_days) and horizon_days > 0):
        problems.append(error("therapy.horizon", f"horizon of {horizon_days} days", "give a positive number of days"))
    elif not start_day < horizon_days:
        found = f"start on day {start_day}, horizon {horizon_days} days"
        problems.append(error("therapy.start", found, "start before the horizon"))
    return problems


def _add_dose(dose: Dose, id: str, start_day: float, horizon: float, given: list[Given], held: list[Course]) -> None:
    first = start_day + dose.first_day
    what = drug(dose.drug)
    if what.slot == "tki":
        level = 1.0 if dose.by_weight else dose.amount / what["daily_dose"]
        held.append(Course("tki.level", level, first, None, id))
        return
    days = _days(first, dose.interval, dose.count, horizon)
    given += [Given(f"antibody.{what.slot}", dose.amount, day, id) for day in days]


def _add_pull(pull: Pull, id: str, start_day: float, horizon: float, given: list[Given], held: list[Course]) -> None:
    for day in _days(start_day + pull.first_day, pull.interval, pull.repeats, horizon):
        if pull.lever == "donor":
            shares = donor_shares(pull.profile).items()
            given += [Given(f"donor.{guild}", pull.amount * share, day, id) for guild, share in shares if share > 0]
        elif pull.lever == "antibiotic":
            cls = antibiotic_class(pull.profile)
            end = min(horizon, math.inf if pull.duration is None else day + pull.duration)
            more_given, more_held = course(cls, pull.amount, day, end, id)
            given += more_given
            held += more_held
        elif levers()[pull.lever].action == "set":
            off = None if pull.duration is None else day + pull.duration
            held.append(Course(pull.lever, pull.amount, day, off, id))
        else:
            given.append(Given(pull.lever, pull.amount, day, id))


def _days(first: float, interval: float | None, count: int | None, horizon: float) -> list[float]:
    """Days of dosing before the horizon; ``count`` None repeats until then."""
    if interval is None:
        return [first] if first < horizon else []
    most = max(0, math.ceil((horizon - first) / interval))
    number = most if count is None else min(count, most)
    return [first + interval * k for k in range(number)]


def _exposures(
    exposures: Iterable[ExposureLike], horizon: float, components: Sequence[str]
) -> tuple[list[Given], list[Course], list[str]]:
    given: list[Given] = []
    held: list[Course] = []
    notes: list[str] = []
    for one in exposures:
        what = exposure(one.kind, one.drug, one.drug_class, one.route)
        if what.note:
            notes.append(what.note)
        if what.kind not in ("antibiotic", "ppi", "steroid"):
            continue
        span = _span(one, what.drug, what.kind, horizon, components, notes)
        if span is None:
            continue
        start, end = span
        if what.antibiotic is not None:
            daily = one.dose or what.daily_mg or what.antibiotic.standard_mg
            more_given, more_held = course(what.antibiotic, daily, start, end, f"exposure:{what.drug}")
            given += more_given
            held += more_held
        elif what.kind == "ppi":
            held.append(Course("ppi", 1.0, start, end, f"exposure:{what.drug}"))
        else:
            level = UNKNOWN_STEROID
            if one.dose is None or what.daily_mg is None:
                notes.append(f"{what.drug}: dose unknown, 20 mg/day prednisolone equivalent assumed")
            else:
                level = min(1.0, one.dose / what.daily_mg * STEROID_DDD_MG / FULL_STEROID_MG)
            held.append(Course("steroid", level, start, end, f"exposure:{what.drug}"))
    return given, held, notes


def _span(
    one: ExposureLike, name: str, kind: str, horizon: float, components: Sequence[str], notes: list[str]
) -> tuple[float, float] | None:
    """First day and day after the last of a course, or None where the sheet does not give enough."""
    if one.start_day is None:
        notes.append(f"{name}: first day unknown, left out of the simulation")
        return None
    if one.end_day is not None:
        end = one.end_day + 1.0
    elif one.ongoing:
        end = horizon
    else:
        end = one.start_day + ASSUMED_COURSE_DAYS
        notes.append(f"{name}: last day unknown, {ASSUMED_COURSE_DAYS:g} days assumed")
    if STOPS.get(kind) in components and end > 0:
        if kind == "ppi" or (one.reason or "") in ELECTIVE:
            notes.append(f"{name}: stopped on day 0 by this strategy")
            end = 0.0
        else:
            notes.append(f"{name}: not stopped, it is not marked elective or prophylactic")
    end = min(end, horizon)
    return (one.start_day, end) if end > one.start_day else None
