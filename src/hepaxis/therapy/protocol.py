"""From a strategy and a patient's exposures to protocol rows.

A strategy is a list of components (one regimen, a local treatment, arms), each an id or one with options.  Day 0 is the
first dose of the regimen; lead-ins and earlier exposures stand at negative days.  Every row lies before the horizon; a
course that ends inside it is set back to rest.  With ``lanes`` what differs between patients has rows of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

import pandas as pd

from hepaxis.problems import InputError, Problem, error
from hepaxis.therapy.antibiotics import HELD, antibiotic_class, course, exposure
from hepaxis.therapy.arms import Pull, donor_shares
from hepaxis.therapy.component import PROGRESSION, Component, Part, component, component_faults, component_pulls
from hepaxis.therapy.lanes import Lanes
from hepaxis.therapy.levers import HABITUAL_CARBOHYDRATE, levers
from hepaxis.therapy.pharmacokinetics import drug, strategy_drugs
from hepaxis.therapy.regimens import Dose, regimen, regimen_ids
from hepaxis.therapy.timeline import Course, Given, rows

#: Days a course lasts whose end is not known; a usual oral course, assumed.
ASSUMED_COURSE_DAYS = 7.0
#: Prednisolone equivalent, mg/day, that counts as full immunosuppression (1 mg/kg in 75 kg); assumed.
FULL_STEROID_MG = 75.0
#: Lever of a steroid course whose dose is not known; 20 mg/day, assumed.
UNKNOWN_STEROID = 20.0 / FULL_STEROID_MG
#: Lactulose, mg/day, where the dose is not known: 30 g, the lower end of use in encephalopathy; assumed.
UNKNOWN_LACTULOSE_MG = 30_000.0
#: A disaccharide of 342.3 g/mol gives two hexoses.
LACTULOSE_MG_PER_MMOL_HEXOSE = 342.3 / 2
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
    components: Sequence[Part],
    horizon_days: float,
    *,
    weight_kg: float | None = None,
    start_day: float = 0.0,
    habitual_carbohydrate: float = HABITUAL_CARBOHYDRATE,
    lanes: Lanes | None = None,
) -> pd.DataFrame:
    """Protocol rows of a strategy: time (day), lever, action (add, set, multiply), amount, component.

    ``components``: ids, ``Component``s or mappings of their options.  ``start_day`` is the day of the regimen's first
    dose; lead-ins come before it.  ``weight_kg`` None takes the reference weight (``Regimen.weight_assumed``).
    Antibody and kinase inhibitor parameters are not rows: see ``parameters``.  ``lanes`` adds a column ``patient``
    (NaN: all).
    Raises InputError listing every unknown id, option, doubled slot and bad number at once.
    """
    return full_protocol(
        components,
        (),
        horizon_days,
        weight_kg=weight_kg,
        start_day=start_day,
        habitual_carbohydrate=habitual_carbohydrate,
        lanes=lanes,
    )[0]


def exposure_protocol(
    exposures: Iterable[ExposureLike], horizon_days: float, *, components: Sequence[str] = ()
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Protocol rows of what the patient has taken or still takes, and sentences on what the model cannot stand for.

    ``components`` with ``stop_ppi`` or ``stop_elective_antibiotic`` end such a course on day 0, or on the
    day the strategy begins.
    """
    given, held, notes = _exposures(exposures, horizon_days, components, 0.0)
    return rows(given, held, horizon_days), tuple(notes)


def full_protocol(
    components: Sequence[Part],
    exposures: Iterable[ExposureLike],
    horizon_days: float,
    *,
    weight_kg: float | None = None,
    start_day: float = 0.0,
    habitual_carbohydrate: float = HABITUAL_CARBOHYDRATE,
    lanes: Lanes | None = None,
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Strategy and exposures on one time line, so that overlapping courses combine; with the notes of both.

    ``exposures`` are everybody's; those of one patient stand in ``lanes``.
    """
    parts = _parts(components, horizon_days, start_day, lanes)
    ids = tuple(one.id for one in parts)
    given, held = _strategy(parts, horizon_days, weight_kg, start_day, lanes)
    more_given, more_held, notes = _exposures(exposures, horizon_days, ids, start_day)
    given, held = [*given, *more_given], [*held, *more_held]
    for patient, own in enumerate(lanes.exposures if lanes else ()):
        more_given, more_held, own_notes = _exposures(own, horizon_days, ids, start_day)
        given += [replace(one, patient=patient) for one in more_given]
        held += [replace(one, patient=patient) for one in more_held]
        notes += own_notes
    if lanes is None or lanes.weight_kg is None:
        for id in ids:
            if id in regimen_ids() and regimen(id, weight_kg).weight_assumed:
                notes.append(f"{regimen(id).label}: body weight unknown, reference weight used")
    table = rows(given, held, horizon_days, habitual_carbohydrate, lanes.n if lanes else None)
    return table, tuple(dict.fromkeys(notes))


def _parts(
    components: Sequence[Part], horizon_days: float, start_day: float, lanes: Lanes | None
) -> tuple[Component, ...]:
    """The components, each once.  Raises InputError with every fault."""
    parts: dict[Component, None] = {}
    problems: list[Problem] = []
    for given in components:
        try:
            parts[component(given)] = None
        except InputError as fault:
            problems += fault.problems
    for one in parts:
        problems += component_faults(one)
        if one.at == PROGRESSION and lanes is None:
            hint = "give lanes with the day of each patient's progression"
            problems.append(error("therapy.trigger", f"{one.id} waits for progression", hint))
    problems += _faults(horizon_days, start_day)
    if problems:
        raise InputError(problems)
    strategy_drugs(one.id for one in parts)
    return tuple(parts)


def _faults(horizon_days: float, start_day: float) -> list[Problem]:
    if not (math.isfinite(horizon_days) and horizon_days > 0):
        return [error("therapy.horizon", f"horizon of {horizon_days} days", "give a positive number of days")]
    if not start_day < horizon_days:
        found = f"start on day {start_day}, horizon {horizon_days} days"
        return [error("therapy.start", found, "start before the horizon")]
    return []


def _strategy(
    parts: Sequence[Component], horizon_days: float, weight_kg: float | None, start_day: float, lanes: Lanes | None
) -> tuple[list[Given], list[Course]]:
    given: list[Given] = []
    held: list[Course] = []
    for one in parts:
        if one.at == PROGRESSION:
            continue
        if one.id in regimen_ids():
            first = start_day + (one.first_day or 0.0)
            for dose in regimen(one.id, weight_kg).doses:
                _add_dose(dose, one.id, first, horizon_days, given, held, lanes)
        for pull in component_pulls(one):
            _add_pull(pull, one.id, start_day, horizon_days, given, held)
    if lanes is None:
        return given, held
    for one in parts:
        if one.at != PROGRESSION:
            continue
        for patient, start in enumerate(lanes.start(one.at)):
            if start < horizon_days:  # NaN: never
                _add_own(one, float(start), horizon_days, patient, given, held)
    return given, held


def _add_own(
    one: Component, start: float, horizon: float, patient: int, given: list[Given], held: list[Course]
) -> None:
    """A component of one patient alone, its days counted from ``start``."""
    mine: list[Given] = []
    courses: list[Course] = []
    for pull in component_pulls(one):
        _add_pull(pull, one.id, start, horizon, mine, courses)
    given += [replace(dose, patient=patient) for dose in mine]
    held += [replace(course, patient=patient) for course in courses]


def _add_dose(
    dose: Dose,
    id: str,
    start_day: float,
    horizon: float,
    given: list[Given],
    held: list[Course],
    lanes: Lanes | None = None,
) -> None:
    first = start_day + dose.first_day
    what = drug(dose.drug)
    if what.slot == "tki":
        level = 1.0 if dose.by_weight else dose.amount / what["daily_dose"]
        held.append(Course("tki.level", level, first, None, id))
        return
    days = _days(first, dose.interval, dose.count, horizon)
    lever = f"antibody.{what.slot}"
    if dose.per_kg is not None and lanes is not None and lanes.weight_kg is not None:
        doses = [dose.per_kg * float(weight) for weight in lanes.weight_kg]
        given += [Given(lever, amount, day, id, patient) for day in days for patient, amount in enumerate(doses)]
    else:
        given += [Given(lever, dose.amount, day, id) for day in days]


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
    exposures: Iterable[ExposureLike], horizon: float, components: Sequence[str], stop_day: float
) -> tuple[list[Given], list[Course], list[str]]:
    given: list[Given] = []
    held: list[Course] = []
    notes: list[str] = []
    for one in exposures:
        what = exposure(one.kind, one.drug, one.drug_class, one.route)
        if what.note:
            notes.append(what.note)
        if what.kind not in ("antibiotic", *HELD):
            continue
        span = _span(one, what.drug, what.kind, horizon, components, stop_day, notes)
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
        elif what.kind == "lactulose":
            if one.dose is None:
                notes.append(f"{what.drug}: dose unknown, {UNKNOWN_LACTULOSE_MG / 1000:g} g/day assumed")
            hexose = (one.dose or UNKNOWN_LACTULOSE_MG) / LACTULOSE_MG_PER_MMOL_HEXOSE
            held.append(Course("lactulose", hexose, start, end, f"exposure:{what.drug}"))
        else:
            level = UNKNOWN_STEROID
            if one.dose is None or what.daily_mg is None:
                notes.append(f"{what.drug}: dose unknown, 20 mg/day prednisolone equivalent assumed")
            else:
                level = min(1.0, one.dose / what.daily_mg * STEROID_DDD_MG / FULL_STEROID_MG)
            held.append(Course("steroid", level, start, end, f"exposure:{what.drug}"))
    return given, held, notes


def _span(
    one: ExposureLike,
    name: str,
    kind: str,
    horizon: float,
    components: Sequence[str],
    stop_day: float,
    notes: list[str],
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
    if STOPS.get(kind) in components and end > stop_day:
        if kind == "ppi" or (one.reason or "") in ELECTIVE:
            notes.append(f"{name}: stopped on day {stop_day:g} by this strategy")
            end = max(stop_day, one.start_day)
        else:
            notes.append(f"{name}: not stopped, it is not marked elective or prophylactic")
    end = min(end, horizon)
    return (one.start_day, end) if end > one.start_day else None
