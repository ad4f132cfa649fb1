"""Numbers of the twin's conditioning, read from ``twin_settings.csv``: one value, unit, source and grade a row."""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib.resources import files


def table(name: str) -> list[dict[str, str]]:
    """Rows of a table of this room."""
    text = files("hepaxis.plan").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@lru_cache(maxsize=1)
def _values() -> dict[str, float]:
    return {row["name"]: float(row["value"]) for row in table("twin_settings.csv")}


def setting(name: str) -> float:
    """One value of ``twin_settings.csv``.  Raises KeyError for a name that is not there."""
    return _values()[name]
