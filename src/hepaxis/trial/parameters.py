"""Numbers of a trial, read from the tables beside this file: one value, unit, source and grade a row.

Held: ``hazards.csv`` (hazards and measurement; ``calibrated`` rows were fitted to ``fit`` rows of the trial table and
are never tuned to ``validate`` rows) and ``criteria.csv`` (what the response criteria say).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from importlib.resources import files

Table = dict[str, dict[str, str]]
_MOVED: ContextVar[Mapping[str, float]] = ContextVar("moved hazards", default={})  # noqa: B039 - never written to


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
    moved = _MOVED.get()
    return moved[name] if name in moved else _value(hazard_table(), name, "hazard parameter")


@contextmanager
def hazards_as(values: Mapping[str, float]) -> Iterator[None]:
    """Within it ``hazard`` gives these values: a draw of the posterior, a step of the fit.  KeyError for a new name."""
    for name in values:
        _value(hazard_table(), name, "hazard parameter")
    token = _MOVED.set(values)
    try:
        yield
    finally:
        _MOVED.reset(token)


def criterion(name: str) -> float:
    """One value of ``criteria.csv``.  Raises KeyError naming the criteria that exist."""
    return _value(criteria_table(), name, "response criterion")


def _value(table: Table, name: str, what: str) -> float:
    if name not in table:
        raise KeyError(f"no {what} '{name}'; known: {', '.join(table)}")
    return float(table[name]["value"])
