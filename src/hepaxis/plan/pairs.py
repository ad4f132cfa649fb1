"""Pairs of microbiota arms: which two can sensibly be given together, and in which order.

Held: the rules of ``pair_rules.csv`` (words and reasons there, predicates here); the order of two arms is that of their
first days, so that a depletion comes before the living product that is to take its place.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files

from hepaxis.therapy import Arm, Component, component_pulls

STANDS_AFTER = ("microbiota",)  # kinds that are given into the room another arm makes
MAKES_ROOM = ("narrow_depletion_opportunists", "oral_vancomycin")
CONCEPT = ("D", "E")


def _one_donor(a: Arm, b: Arm) -> bool:
    return "live" in a.safety_classes and "live" in b.safety_classes


def _same_lever(a: Arm, b: Arm) -> bool:
    mine, theirs = ({pull.lever for pull in arm.pulls} - {"donor"} for arm in (a, b))
    food = {"diet.carbohydrate", "diet.inulin"}
    return bool(mine & theirs) or (bool(mine & food) and bool(theirs & food))


def _living_under_antibiotic(a: Arm, b: Arm) -> bool:
    """Cells are given on a day on which the other arm's antibiotic is still taken."""
    for living, drug in ((a, b), (b, a)):
        cells = [pull.first_day for pull in living.pulls if pull.lever == "donor"]
        for pull in drug.pulls:
            end = float("inf") if pull.duration is None else pull.first_day + pull.duration
            if pull.lever == "antibiotic" and any(pull.first_day <= day < end for day in cells):
                return True
    return False


def _one_engineered(a: Arm, b: Arm) -> bool:
    return a.kind == b.kind == "engineered"


def _one_concept(a: Arm, b: Arm) -> bool:
    return a.evidence_grade in CONCEPT and b.evidence_grade in CONCEPT


def _burden(a: Arm, b: Arm) -> bool:
    return a.burden == b.burden == "high"


def _stopping(a: Arm, b: Arm) -> bool:
    return "stewardship" in (a.kind, b.kind)


RULES: dict[str, Callable[[Arm, Arm], bool]] = {
    "one_donor": _one_donor,
    "same_lever": _same_lever,
    "living_under_antibiotic": _living_under_antibiotic,
    "one_engineered": _one_engineered,
    "one_concept": _one_concept,
    "burden": _burden,
    "stopping": _stopping,
}


@cache
def reasons() -> dict[str, str]:
    """Rule -> why, from the table."""
    with files("hepaxis.plan").joinpath("pair_rules.csv").open(encoding="utf-8") as stream:
        return {row["id"]: row["reason"] for row in csv.DictReader(stream)}


def against(a: Arm, b: Arm) -> tuple[str, ...]:
    """Ids of the rules that speak against a pair; empty where it makes sense."""
    return tuple(id for id, broken in RULES.items() if broken(a, b))


def ordered(a: Arm, b: Arm) -> Iterator[tuple[Component, Component]]:
    """The pair in the orders worth trying: as the tables say, and with the one that makes room ending first."""
    yield Component(a.id), Component(b.id)
    for first, second in ((a, b), (b, a)):
        if first.id in MAKES_ROOM and second.kind in STANDS_AFTER and second.id not in MAKES_ROOM:
            earlier = replace(Component(first.id), first_day=-_course(first))
            yield earlier, Component(second.id)


def _course(arm: Arm) -> float:
    """Days one course lasts."""
    return max(pull.duration or 0.0 for pull in component_pulls(Component(arm.id)))


def sensible_pairs(arms: Sequence[Arm]) -> Iterator[tuple[Component, Component]]:
    """All pairs of ``arms`` that no rule speaks against, in the order given, each in its orders."""
    for k, a in enumerate(arms):
        for b in arms[k + 1 :]:
            if not against(a, b):
                yield from ordered(a, b)
