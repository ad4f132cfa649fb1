"""Hazard and measurement parameters of a trial, read from ``hazards.csv`` beside this file.

Held: one value, unit, source and grade a row.  ``calibrated`` rows were fitted to ``fit`` rows of the trial table in
the feasibility work and are never tuned to ``validate`` rows.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib.resources import files


@lru_cache(maxsize=1)
def hazard_table() -> dict[str, dict[str, str]]:
    """All rows by name: value, unit, source, grade, note."""
    text = files("hepaxis.trial").joinpath("hazards.csv").read_text(encoding="utf-8")
    return {row["name"]: row for row in csv.DictReader(text.splitlines())}


def hazard(name: str) -> float:
    """One value.  Raises KeyError naming the parameters that exist."""
    table = hazard_table()
    if name not in table:
        raise KeyError(f"no hazard parameter '{name}'; known: {', '.join(table)}")
    return float(table[name]["value"])
