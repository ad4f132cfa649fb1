"""Anti-tumour regimens: what is given, how much, how often, with the evidence and the rate of severe immune events.

Read from ``knowledge``: ``regimens`` (one row a regimen), ``regimen_doses`` (one row a drug and phase).  A weight that
is not known is taken as the reference weight, and whoever asks is told by ``Regimen.weight_assumed``.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from hepaxis import knowledge
from hepaxis.problems import InputError, error
from hepaxis.therapy.antibiotics import NO_FUNGI, is_antifungal

#: Body weight where none is known, kg; near the medians of the antibody populations (69-77 kg).
REFERENCE_WEIGHT = 75.0


@dataclass(frozen=True)
class Dose:
    """One drug of a regimen in one phase.  ``amount`` mg (a day for daily drugs), weight already applied; ``per_kg`` mg
    a kg where the dose goes by weight.

    ``count`` None: until stopped; ``interval`` None: once, or every day when ``daily``; ``by_weight``: one of the doses
    that a label gives by body weight, which are taken to give one exposure.
    """

    drug: str
    amount: float
    prescribed: str
    first_day: float
    interval: float | None
    count: int | None
    daily: bool
    by_weight: bool
    per_kg: float | None = None


@dataclass(frozen=True)
class Regimen:
    """A regimen for one body weight.  ``classes``: immune, antivegf, tki, locoregional.

    ``immune_event_rate`` share with a grade 3-4 immune-mediated event, None where no figure was located.
    """

    id: str
    label: str
    standing: str  # standard, option, limited or locoregional
    classes: tuple[str, ...]
    doses: tuple[Dose, ...]
    scan_interval_weeks: float
    immune_event_rate: float | None
    immune_event_note: str
    immune_event_sources: tuple[str, ...]
    immune_event_checked: str
    guideline: str
    evidence_grade: str
    evidence: str
    sources: tuple[str, ...]
    checked: str
    burden: str
    weight_assumed: bool

    @property
    def drugs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(dose.drug for dose in self.doses))

    @property
    def schedule(self) -> tuple[str, ...]:
        """One printed line a dose."""
        return tuple(_line(dose) for dose in self.doses) or (self.burden,)


@cache
def regimen_ids() -> tuple[str, ...]:
    """Ids of all regimens in table order."""
    return tuple(str(row["id"]) for row in knowledge.records("regimens"))


def regimen(id: str, weight_kg: float | None = None) -> Regimen:
    """The regimen ``id`` for a body weight in kg (None: the reference weight, said by ``weight_assumed``).

    Raises InputError, with the nearest ids, for an unknown regimen or a weight that is not positive.
    """
    if id not in regimen_ids():
        raise InputError([unknown("regimen", id, regimen_ids())])
    if weight_kg is not None and not (math.isfinite(weight_kg) and weight_kg > 0):
        hint = "give a positive weight or leave it out"
        raise InputError([error("therapy.weight", f"body weight {weight_kg} kg", hint)])
    row: Mapping[str, Any] = knowledge.row("regimens", id)
    weight = REFERENCE_WEIGHT if weight_kg is None else weight_kg
    mine = [dose for dose in knowledge.records("regimen_doses") if dose["regimen"] == id]
    rate = row["immune_event_rate"]
    return Regimen(
        id=id,
        label=row["label"],
        standing=row["standing"],
        classes=row["classes"],
        doses=tuple(_dose(dose, weight) for dose in mine if _for_weight(dose, weight)),
        scan_interval_weeks=row["scan_interval_weeks"],
        immune_event_rate=None if rate is None else float(rate),
        immune_event_note=row["immune_event_note"],
        immune_event_sources=row["immune_event_source"],
        immune_event_checked=row["immune_event_check"],
        guideline=row["guideline"],
        evidence_grade=row["evidence_grade"],
        evidence=row["evidence"],
        sources=row["source"],
        checked=row["checked"],
        burden=row["burden"],
        weight_assumed=weight_kg is None and any(_needs_weight(dose) for dose in mine),
    )


def unknown(what: str, id: str, known: tuple[str, ...]) -> Any:
    """The problem of an id that is in no table, with the best matches."""
    if is_antifungal(id):
        return error(f"therapy.unknown_{what}", f"no {what} '{id}'", f"{NO_FUNGI}: leave it out")
    near = difflib.get_close_matches(id, known, n=3) or known
    return error(f"therapy.unknown_{what}", f"no {what} '{id}'", f"best matches are {', '.join(near)}")


def _needs_weight(row: Mapping[str, Any]) -> bool:
    return row["unit"] == "mg/kg" or row["weight_from"] is not None or row["weight_below"] is not None


def _for_weight(row: Mapping[str, Any], weight: float) -> bool:
    lowest, below = row["weight_from"], row["weight_below"]
    return (lowest is None or weight >= lowest) and (below is None or weight < below)


def _dose(row: Mapping[str, Any], weight: float) -> Dose:
    per_kg = row["unit"] == "mg/kg"
    return Dose(
        drug=row["drug"],
        amount=row["amount"] * (weight if per_kg else 1.0),
        prescribed=f"{row['amount']:g} {row['unit']}",
        first_day=row["first_day"],
        interval=row["interval_days"],
        count=None if row["doses"] is None else int(row["doses"]),
        daily=row["unit"] == "mg/day",
        by_weight=row["weight_from"] is not None or row["weight_below"] is not None,
        per_kg=row["amount"] if per_kg else None,
    )


def _line(dose: Dose) -> str:
    text = f"{dose.drug} {dose.prescribed}"
    if dose.daily:
        return text
    if dose.interval is None:
        return f"{text} once, day {dose.first_day:g}"
    often = f"every {dose.interval / 7:g} weeks"
    times = "" if dose.count is None else f", {dose.count} doses"
    return f"{text} {often}{times}, from day {dose.first_day:g}"
