"""One part of a strategy with a timing of its own: a regimen or arm by id, and what of its schedule is changed.

Held: an option replaces what the tables say, nothing else; what an arm cannot take is a fault, never ignored.  The day
of a component is that of its own first dose; its lead-in course ends before it and moves with it.  ``at`` progression:
days count from each patient's progression, and nothing may come before it is known.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from hepaxis import knowledge
from hepaxis.problems import InputError, Problem, error
from hepaxis.therapy.antibiotics import antibiotic_class
from hepaxis.therapy.arms import DonorShares, Pull, arm_ids, pulls
from hepaxis.therapy.levers import levers
from hepaxis.therapy.regimens import regimen, regimen_ids, unknown

START, PROGRESSION = "start", "progression"
#: Days of a lead-in course where none are given: the course of FLORA (NCT05690048).
LEAD_IN_DAYS = 3.0


@dataclass(frozen=True)
class LeadIn:
    """An antibiotic course before the first dose.  ``mg`` a day, None: the standard dose of the class; ``gap`` days
    between its end and the first dose."""

    antibiotic: str
    mg: float | None = None
    days: float = LEAD_IN_DAYS
    gap: float = 0.0


@dataclass(frozen=True)
class Component:
    """``id`` of a regimen or arm; None leaves what the tables say.

    first_day   day of its own first dose, from the first dose of the regimen (or from progression)
    repeats     how often; interval days between; duration days a course or a level lasts
    donor       id of ``donor_profiles``, or a donor's own shares; dose a factor on every amount
    lead_in     course before it, in place of the arm's own; own_lead_in False drops the arm's own
    at          start, or progression
    """

    id: str
    first_day: float | None = None
    repeats: int | None = None
    interval: float | None = None
    duration: float | None = None
    donor: str | DonorShares | None = None
    dose: float = 1.0
    lead_in: LeadIn | None = None
    own_lead_in: bool = True
    at: str = START

    @property
    def plain(self) -> bool:
        return self == Component(self.id)

    @property
    def label(self) -> str:
        """Id and what was changed: ``fmt_capsules_healthy (first day -14, repeats 3)``."""
        changed = [
            f"{field.name.replace('_', ' ')} {_shown(getattr(self, field.name))}"
            for field in fields(self)
            if field.name != "id" and getattr(self, field.name) != field.default
        ]
        return f"{self.id} ({', '.join(changed)})" if changed else self.id


Part = str | Component | Mapping[str, Any]


def _shown(value: object) -> str:
    if isinstance(value, LeadIn):
        dose = "" if value.mg is None else f" {value.mg:g} mg"
        return f"{value.antibiotic}{dose} for {value.days:g} days"
    return f"{value:g}" if isinstance(value, float) else str(value)


def component(given: Part) -> Component:
    """A component from an id or a mapping of options (``lead_in`` an id, 'none' or a mapping).

    Raises InputError for an option that does not exist; whether the arm can take them is said by ``component_faults``.
    """
    if isinstance(given, Component):
        return given
    if isinstance(given, str):
        return Component(given)
    options = dict(given)
    known = tuple(field.name for field in fields(Component))
    wrong = [name for name in options if name not in known]
    if wrong or "id" not in options:
        problems = [unknown("option", str(name), known) for name in wrong]
        if "id" not in options:
            problems.append(error("therapy.component", "a component without an id", "give the id of a regimen or arm"))
        raise InputError(problems)
    if options.get("lead_in") == "none":
        options |= {"lead_in": None, "own_lead_in": False}
    elif "lead_in" in options:
        options["lead_in"] = _lead_in(options["lead_in"])
    return Component(**options)


def _lead_in(given: str | Mapping[str, Any] | LeadIn | None) -> LeadIn | None:
    if given is None or isinstance(given, LeadIn):
        return given
    if isinstance(given, str):
        return LeadIn(given)
    known = tuple(field.name for field in fields(LeadIn))
    problems = [unknown("option", str(name), known) for name in given if name not in known]
    if "antibiotic" not in given:
        problems.append(error("therapy.component", "a lead-in without an antibiotic", "give the class it is of"))
    if problems:
        raise InputError(problems)
    return LeadIn(**given)


def component_faults(one: Component) -> list[Problem]:
    """What is wrong with a component: an unknown id, or an option that it cannot take."""
    if one.id not in (*regimen_ids(), *arm_ids()):
        return [unknown("component", one.id, (*regimen_ids(), *arm_ids()))]
    if one.plain:
        return []
    own, _ = _parts(one.id)
    if not own:
        return _faults_without_schedule(one)
    found = [*_number_faults(one), *_schedule_faults(one, own), *_donor_faults(one, own), *_lead_in_faults(one)]
    if not found and one.at == PROGRESSION:
        first = min(pull.first_day for pull in component_pulls(one))
        if first < 0:
            what = f"begins {-first:g} days before the progression it waits for"
            at_least = (_anchor(own) if one.first_day is None else one.first_day) - first
            found.append(_fault(one, what, f"give a first_day of at least {at_least:g}"))
    return found


def _fault(one: Component, found: str, hint: str) -> Problem:
    return error("therapy.option", f"{one.id}: {found}", hint)


def _parts(id: str) -> tuple[tuple[Pull, ...], tuple[Pull, ...]]:
    """A component's own pulls, and its lead-in: antibiotics that begin before what it gives."""
    every = pulls(id)
    anchor = min((pull.first_day for pull in every if pull.lever != "antibiotic"), default=None)
    lead = tuple(p for p in every if p.lever == "antibiotic" and anchor is not None and p.first_day < anchor)
    return tuple(pull for pull in every if pull not in lead), lead


def _anchor(own: Iterable[Pull]) -> float:
    return min(pull.first_day for pull in own)


def _faults_without_schedule(one: Component) -> list[Problem]:
    """Regimens of infusions and stewardship: only the first day of a regimen can be moved."""
    drugs = one.id in regimen_ids() and bool(regimen(one.id).doses)
    allowed = Component(one.id, first_day=one.first_day) if drugs else Component(one.id)
    if one == allowed:
        return [] if one.first_day is None or math.isfinite(one.first_day) else _number_faults(one)
    hint = "only its first_day can be given" if drugs else "it has no schedule: leave the options out"
    return [_fault(one, "takes no such option", hint)]


def _number_faults(one: Component) -> list[Problem]:
    found = []
    if one.at not in (START, PROGRESSION):
        found.append(_fault(one, f"at '{one.at}'", f"give {START} or {PROGRESSION}"))
    if one.first_day is not None and not math.isfinite(one.first_day):
        found.append(_fault(one, f"first_day {one.first_day}", "give a day"))
    if one.repeats is not None and one.repeats < 1:
        found.append(_fault(one, f"repeats {one.repeats}", "give a number from 1"))
    for name in ("interval", "duration", "dose"):
        value = getattr(one, name)
        if value is not None and not (math.isfinite(value) and value > 0):
            found.append(_fault(one, f"{name} {value}", "give a number above 0"))
    return found


def _schedule_faults(one: Component, own: tuple[Pull, ...]) -> list[Problem]:
    found = []
    schedules = {(pull.repeats, pull.interval) for pull in own}
    again = one.repeats is not None or one.interval is not None
    if again and len(schedules) > 1:
        found.append(_fault(one, "its parts have schedules of their own", "give duration instead of repeats"))
    elif again:
        repeats, interval = next(iter(schedules))
        often = one.repeats if one.repeats is not None else repeats
        if often != 1 and one.interval is None and interval is None:
            found.append(_fault(one, "repeats without an interval", "give interval, days between"))
        if often != 1 and one.duration is None and any(_held(pull) and pull.duration is None for pull in own):
            found.append(_fault(one, "a level without an end cannot repeat", "give duration, days it lasts"))
    if one.duration is not None and not any(_lasts(pull, one) for pull in own):
        found.append(_fault(one, "it is given at once, not for a time", "leave duration out"))
    if one.duration is not None and len({pull.duration for pull in own if _held(pull)}) > 1:
        found.append(_fault(one, "its parts last for times of their own", "leave duration out"))
    if one.dose != 1.0:
        for pull in own:
            lever = levers().get(pull.lever)
            if lever is None or not (lever.unit == "1" and lever.action in ("set", "multiply")):
                continue
            if lever.action == "multiply" or pull.amount * one.dose > 1.0:
                found.append(_fault(one, f"{pull.lever} cannot be {one.dose:g} times {pull.amount:g}", "lower dose"))
    return found


def _held(pull: Pull) -> bool:
    return pull.lever == "antibiotic" or (pull.lever in levers() and levers()[pull.lever].action == "set")


def _lasts(pull: Pull, one: Component) -> bool:
    return _held(pull) or (one.interval or pull.interval) is not None


def _donor_faults(one: Component, own: tuple[Pull, ...]) -> list[Problem]:
    if one.donor is None:
        return []
    if not any(pull.lever == "donor" for pull in own):
        return [_fault(one, "gives no living cells", "leave donor out")]
    if isinstance(one.donor, DonorShares):
        return []
    profiles = tuple(str(row["id"]) for row in knowledge.records("donor_profiles"))
    return [] if one.donor in profiles else [unknown("donor", one.donor, profiles)]


def _lead_in_faults(one: Component) -> list[Problem]:
    lead = one.lead_in
    if lead is None:
        return []
    found = []
    classes = tuple(str(row["id"]) for row in knowledge.records("antibiotic_classes"))
    if lead.antibiotic not in classes:
        found.append(unknown("antibiotic", lead.antibiotic, classes))
    for name, least in (("mg", 0.0), ("days", 0.0), ("gap", -1e-12)):
        value = getattr(lead, name)
        if value is not None and not (math.isfinite(value) and value > least):
            found.append(_fault(one, f"lead-in with {name} {value}", "give a number above 0"))
    return found


def component_pulls(one: Component) -> tuple[Pull, ...]:
    """What the component does to the model with its options carried out; empty for regimens of infusions alone."""
    own, lead = _parts(one.id)
    if not own:
        return pulls(one.id)
    anchor = _anchor(own)
    first = anchor if one.first_day is None else one.first_day
    shift = first - anchor
    changed = [_changed(pull, one, shift) for pull in own]
    if one.lead_in is None:
        kept = lead if one.own_lead_in else ()
        return (*(replace(pull, first_day=pull.first_day + shift) for pull in kept), *changed)
    return (_course(one.lead_in, first), *changed)


def _changed(pull: Pull, one: Component, shift: float) -> Pull:
    interval = pull.interval if one.interval is None else one.interval
    repeats = pull.repeats if one.repeats is None else one.repeats
    duration = pull.duration
    if one.duration is not None and _held(pull):
        duration = one.duration
    elif one.duration is not None and interval is not None and one.repeats is None:
        repeats = math.ceil(one.duration / interval)
    return replace(
        pull,
        amount=pull.amount * one.dose,
        first_day=pull.first_day + shift,
        duration=duration,
        repeats=repeats,
        interval=interval,
        profile=one.donor if one.donor is not None and pull.lever == "donor" else pull.profile,
    )


def _course(lead: LeadIn, first: float) -> Pull:
    daily = antibiotic_class(lead.antibiotic).standard_mg if lead.mg is None else lead.mg
    start = first - lead.gap - lead.days
    return Pull("antibiotic", daily, "mg/day", start, lead.days, 1, None, lead.antibiotic, (), "", "lead-in")
