"""Physiology: the human quantities of ``knowledge`` beside what the model gives, inside or outside.

Held: each row of the quantities table is a row of ``physiology.csv``, with the arm it is read in (liver, diet,
community; tokens as in ``arms``) and the variable in the table's unit, or the reason why it is not expressed.
``named_diets`` reads each diet of ``diets.csv`` beside the habitual one, with the direction its source gives.
Assumed: the median of the panel is held against the published range; without one, against one sd of people about the
mean (sd from the sem and n where that is printed), else against a factor about the value.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from hepaxis import knowledge
from hepaxis.population.diets import HABITUAL, diet_effects
from hepaxis.population.panel import Panel

FILE = "physiology.csv"
POINT_FACTOR = 1.5  # a value printed without spread is met within this factor; assumed
HEALTHY = "liver=no_cirrhosis"  # arm in which the diets are read
DIET_BAND = 0.01  # relative change of a state below which a diet does nothing to it; assumed
SEM_WIDTH = 2.0  # a mean printed with a sem but no n is met within two of them


@dataclass(frozen=True)
class Reading:
    """``variable`` in the table's unit, read on ``day`` of ``arm``; ``reason`` why it is not expressed."""

    quantity: str
    arm: str
    day: float
    variable: str
    reason: str
    note: str


@cache
def readings() -> dict[str, Reading]:
    """Every quantity of the table, by id."""
    text = files("hepaxis.population").joinpath(FILE).read_text(encoding="utf-8")
    found = {}
    for row in csv.DictReader(text.splitlines()):
        day = float(row["day"] or 0.0)
        found[row["quantity"]] = Reading(row["quantity"], row["arm"], day, row["variable"], row["reason"], row["note"])
    return found


def published_range(row: Mapping[str, Any]) -> tuple[float, float, str]:
    """(low, high, basis) of a quantity.  Basis: range, sd, sem or factor."""
    value, sd, sem, n = row["value"], row["sd"], row["sem"], row["n"]
    if row["low"] is not None and row["high"] is not None:
        return float(row["low"]), float(row["high"]), "range"
    if sd is None and sem is not None and n is not None:
        sd = sem * float(n) ** 0.5
    if sd is not None:
        return max(value - sd, 0.0), value + sd, "sd"
    if sem is not None:
        return max(value - SEM_WIDTH * sem, 0.0), value + SEM_WIDTH * sem, "sem"
    return value / POINT_FACTOR, value * POINT_FACTOR, "factor"


def physiology(*, hosts: int = 12, seed: int = 5) -> pd.DataFrame:
    """One row a quantity: published value and range, what the model gives, and whether it is inside.

    Columns: id, label, host_state, unit, value, low, high, basis, predicted (median of the panel), inside (None where
    not expressed), arm, variable, reason, note, checked, source.
    """
    panel = Panel(hosts, seed)
    return pd.DataFrame([_held_against(row, readings()[str(row["id"])], panel) for row in _quantities()])


def named_diets(*, hosts: int = 12, seed: int = 5) -> pd.DataFrame:
    """One row a diet and variable at rest in people without cirrhosis.

    Columns: diet, variable, unit, habitual and predicted (medians of the panel), published (up or down against the
    habitual diet), right (whether it moves that way by more than ``DIET_BAND``), source, note.
    """
    panel = Panel(hosts, seed)
    found = []
    for effect in diet_effects():
        usual, eaten = (
            panel.read("reference", "", f"{HEALTHY} diet={diet}", 1.0, effect.variable)
            for diet in (HABITUAL, effect.diet)
        )
        change = float(np.nanmedian(eaten / usual)) - 1.0
        right = change > DIET_BAND if effect.published == "up" else change < -DIET_BAND
        medians = {"habitual": float(np.nanmedian(usual)), "predicted": float(np.nanmedian(eaten))}
        found.append({**asdict(effect), **medians, "right": right})
    return pd.DataFrame(found)


def _quantities() -> tuple[Mapping[str, Any], ...]:
    return knowledge.records("quantities")


def _held_against(row: Mapping[str, Any], reading: Reading, panel: Panel) -> dict[str, object]:
    found: dict[str, object] = {name: row[name] for name in ("id", "label", "host_state", "unit", "value")}
    model: dict[str, object] = dict.fromkeys(("low", "high", "basis", "predicted", "inside"))
    if not reading.reason:
        low, high, basis = published_range(row)
        values = panel.read("reference", "", reading.arm, reading.day, reading.variable)
        predicted = float(np.nanmedian(values)) if np.isfinite(values).any() else float("nan")
        model = {"low": low, "high": high, "basis": basis, "predicted": predicted, "inside": low <= predicted <= high}
    said = {"arm": reading.arm, "variable": reading.variable, "reason": reading.reason, "note": reading.note}
    return found | model | said | {"checked": row["checked"], "source": "; ".join(row["source"])}
