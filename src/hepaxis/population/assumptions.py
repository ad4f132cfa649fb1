"""Named assumptions of the virtual patients and of reading a patient into the model, from tables beside this file."""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib.resources import files


def _rows(name: str) -> list[dict[str, str]]:
    text = files("hepaxis.population").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@lru_cache(maxsize=1)
def assumption_table() -> dict[str, dict[str, str]]:
    """All assumptions by name: value, unit, source, grade, note."""
    return {row["name"]: row for row in _rows("assumptions.csv")}


def assumed(name: str) -> float:
    """One value.  Raises KeyError for a name that is not in the table."""
    return float(assumption_table()[name]["value"])


@lru_cache(maxsize=1)
def liver_states() -> dict[str, dict[str, tuple[float, float]]]:
    """State -> input id -> (mean, sd) of what the state of the liver sets."""
    found: dict[str, dict[str, tuple[float, float]]] = {}
    for row in _rows("liver_states.csv"):
        found.setdefault(row["state"], {})[row["input"]] = (float(row["mean"]), float(row["sd"]))
    return found


@lru_cache(maxsize=1)
def relevance() -> dict[str, float]:
    """Grade of a claim's evidence -> probability that it holds in people with HCC."""
    return {row["grade"]: float(row["probability"]) for row in _rows("relevance.csv")}
