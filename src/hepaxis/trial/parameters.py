"""Numbers of a trial, read from the tables beside this file: one value, unit, source and grade a row.

Held: ``hazards.csv`` (hazards and measurement; ``calibrated`` rows were fitted to ``fit`` rows of the trial table and
are never tuned to ``validate`` rows) and ``criteria.csv`` (what the response criteria say).
"""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib.resources import files

Table = dict[str, dict[str, str]]


def rows(file: str) -> list[dict[str, str]]:
    """Rows of a table of this room in its order."""
    text = files("hepaxis.trial").joinpath(file).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@lru_cache(maxsize=1)
def hazard_table() -> Table:
    """All rows of ``hazards.csv`` by name: value, unit, source, grade, note."""
    return {row["name"]: row for row in rows("hazards.csv")}


@lru_cache(maxsize=1)
def criteria_table() -> Table:
    """All rows of ``criteria.csv`` by name: value, unit, source, grade, note."""
    return {row["name"]: row for row in rows("criteria.csv")}


def hazard(name: str) -> float:
    """One value of ``hazards.csv``.  Raises KeyError naming the parameters that exist."""
    return _value(hazard_table(), name, "hazard parameter")


def criterion(name: str) -> float:
    """One value of ``criteria.csv``.  Raises KeyError naming the criteria that exist."""
    return _value(criteria_table(), name, "response criterion")


def _value(table: Table, name: str, what: str) -> float:
    if name not in table:
        raise KeyError(f"no {what} '{name}'; known: {', '.join(table)}")
    return float(table[name]["value"])
