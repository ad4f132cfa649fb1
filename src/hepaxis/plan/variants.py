"""A strategy's parts with their schedule changed: how a change is named, and which changes the search may try.

Held: ``schedule_options.csv``, one row a change of one arm (day, dose, repeats, or waiting for progression), with the
reason for trying it.  What an arm can take is checked by ``therapy``; nothing here knows a dose.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib.resources import files
from typing import Any

from hepaxis.therapy import Component, component_pulls
from hepaxis.therapy.component import PROGRESSION

RESCUE = "rescue"
NUMBERS = ("repeats", "interval", "duration", "dose", "first_day")


@dataclass(frozen=True)
class Option:
    """One change of one arm.  ``aim``: timing, dose, repeats or rescue."""

    arm: str
    change: tuple[str, float | str]
    aim: str
    reason: str

    def apply(self, part: Component) -> Component:
        """The part with this change; what waits for progression begins, lead-in first, on the day it is seen."""
        values: dict[str, Any] = {field.name: getattr(part, field.name) for field in fields(Component)}
        if self.aim == RESCUE:
            days = [pull.first_day for pull in component_pulls(part)]
            own = [pull.first_day for pull in component_pulls(replace(part, own_lead_in=False))]
            values["first_day"] = min(own) - min(days)
        return Component(**(values | dict([self.change])))


@cache
def options() -> tuple[Option, ...]:
    """All changes, in table order."""
    with files("hepaxis.plan").joinpath("schedule_options.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return tuple(
        Option(row["arm"], (row["option"], _value(row["option"], row["value"])), row["aim"], row["reason"])
        for row in rows
    )


def _value(option: str, text: str) -> float | int | str:
    if option not in NUMBERS:
        return text
    return int(text) if option == "repeats" else float(text)


def changes_of(parts: Sequence[Component]) -> Iterator[tuple[Component, ...]]:
    """Every strategy that differs from this one by one option of one part.

    Rescue is not among them: who has progressed cannot respond first, so it is compared by other measures.
    """
    for place, part in enumerate(parts):
        if not part.plain:
            continue
        for option in options():
            if option.arm == part.id and option.aim != RESCUE:
                yield (*parts[:place], option.apply(part), *parts[place + 1 :])


def key(part: Component) -> str:
    """Id of a part, with what was changed: ``udca@first_day=-14``."""
    changed = [
        f"{field.name}={_shown(getattr(part, field.name))}"
        for field in fields(Component)
        if field.name != "id" and getattr(part, field.name) != field.default
    ]
    return f"{part.id}@{','.join(changed)}" if changed else part.id


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(getattr(value, "antibiotic", value))


def words(part: Component) -> str:
    """What was changed, to stand behind a label: ``from day \u221214, half the dose``; '' where nothing was."""
    said = []
    if part.at == PROGRESSION:
        said.append("at progression")
    elif part.first_day is not None:
        said.append(f"from day {part.first_day:g}".replace("-", "\u2212"))
    if part.dose != 1.0:
        said.append({0.5: "half the dose", 2.0: "twice the dose"}.get(part.dose, f"{part.dose:g} times the dose"))
    if part.repeats is not None:
        said.append("one dose" if part.repeats == 1 else f"{part.repeats} doses")
    if part.interval is not None:
        said.append(f"every {part.interval:g} days")
    if part.duration is not None:
        said.append(f"for {part.duration:g} days")
    if part.donor is not None:
        said.append(f"donor {part.donor}")
    if part.lead_in is not None:
        said.append(f"after {part.lead_in.antibiotic} for {part.lead_in.days:g} days")
    elif not part.own_lead_in:
        said.append("without a lead-in")
    return ", ".join(said)
