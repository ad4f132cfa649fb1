"""The table of the clinic sheet: one row a field, with its unit, limits, choices and source.

``fields.csv`` is the single description of what a sheet may hold: the reader, the template, the check and the
documentation all follow it.  ``hard`` limits are what cannot be; outside ``plausible`` is unusual and only warned of.
Paths are dotted; ``[]`` marks one entry of a list (``tumour.lesions[].diameter``).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

TABLE = "fields.csv"
CONTAINERS = ("section", "records")


@dataclass(frozen=True)
class Field:
    """One row of ``fields.csv``.  Limits are in ``unit``; ``factors`` turn another unit's number into ``unit``."""

    path: str
    label: str
    kind: str
    unit: str
    factors: tuple[tuple[str, float], ...]
    bare: bool
    hard_min: float | None
    hard_max: float | None
    plausible_min: float | None
    plausible_max: float | None
    choices: tuple[tuple[str, tuple[str, ...]], ...]
    help: str
    source: str
    checked: str

    @property
    def key(self) -> str:
        return self.path.removesuffix("[]").rsplit(".", 1)[-1]

    @property
    def parent(self) -> str:
        """Path of the section or list entry that holds the field; '' at the top."""
        return self.path.rsplit(".", 1)[0] if "." in self.path else ""

    @property
    def is_container(self) -> bool:
        return self.kind in CONTAINERS

    @property
    def choice_ids(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.choices)


def _number(text: str) -> float | None:
    return float(text) if text else None


def _factors(text: str) -> tuple[tuple[str, float], ...]:
    pairs = (item.rsplit("=", 1) for item in text.split(";") if item.strip())
    return tuple((unit.strip(), float(factor)) for unit, factor in pairs)


def _choices(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    rows = []
    for item in (part for part in text.split("|") if part):
        name, _, other = item.partition("=")
        rows.append((name, tuple(word for word in other.split(",") if word)))
    return tuple(rows)


@cache
def fields() -> dict[str, Field]:
    """Every row of ``fields.csv`` by path, in the order of the table."""
    text = files("hepaxis.patient").joinpath(TABLE).read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    return {
        row["field"]: Field(
            path=row["field"],
            label=row["label"],
            kind=row["kind"],
            unit=row["unit"],
            factors=_factors(row["other_units"]),
            bare=row["bare"] == "yes",
            hard_min=_number(row["hard_min"]),
            hard_max=_number(row["hard_max"]),
            plausible_min=_number(row["plausible_min"]),
            plausible_max=_number(row["plausible_max"]),
            choices=_choices(row["choices"]),
            help=row["help"],
            source=row["source"],
            checked=row["checked"],
        )
        for row in rows
    }


@cache
def children(parent: str) -> dict[str, Field]:
    """Fields directly under ``parent`` by key; a list entry's parent ends in ``[]``."""
    return {field.key: field for field in fields().values() if field.parent == parent}
