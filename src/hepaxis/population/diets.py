"""Named diets: what each sets in the model, and which way published work says it moves the gut.

Held: ``diets.csv`` is the one table of what people eat: per diet fermentable carbohydrate reaching the colon, fat and
cholesterol, each with source and grade.  ``diet_effects.csv`` says which way a state should move against the habitual
diet; nothing is fitted to it.
Assumed: protein and micronutrients are not in the model; fat and cholesterol below the habitual level act as it.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

HABITUAL = "habitual"


@dataclass(frozen=True)
class DietEffect:
    """``published``: up or down of ``variable`` against the habitual diet."""

    diet: str
    variable: str
    unit: str
    published: str
    source: str
    note: str


@cache
def diets() -> dict[str, dict[str, float]]:
    """Diet -> model input -> value, the habitual one first."""
    found: dict[str, dict[str, float]] = {}
    for row in _rows("diets.csv"):
        found.setdefault(row["diet"], {})[row["input"]] = float(row["value"])
    return found


@cache
def diet_effects() -> tuple[DietEffect, ...]:
    """Published directions, one a diet and variable."""
    return tuple(DietEffect(**row) for row in _rows("diet_effects.csv"))


def diet_table() -> list[dict[str, str]]:
    """``diets.csv`` as written: diet, input, value, unit, source, grade, note."""
    return _rows("diets.csv")


def _rows(name: str) -> list[dict[str, str]]:
    text = files("hepaxis.population").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
