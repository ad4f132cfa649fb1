"""Null predictors: what someone without a model would say of an arm, from the arms marked ``fit`` alone.

Held: the mean of the fit arms of the same drug classes, of all fit arms with immunotherapy, and of all fit arms;
percentages on the arcsine scale, months on the log scale, arms weighted by patients.
Assumed: an arm whose drug classes no fit arm has takes the next wider mean, as a reader would.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from hepaxis import knowledge
from hepaxis.therapy import drug, regimen, regimen_ids
from hepaxis.trial.published_arms import PublishedArm, published_arm
from hepaxis.trial.published_outcomes import FIT, arcsine

NULLS = ("class", "immunotherapy", "constant")
IMMUNE_SLOTS = {"pd1", "ctla4", "coinhibitory"}


def slots(arm: PublishedArm) -> frozenset[str]:
    """Kinds of drug an arm holds: pd1, ctla4, vegf, coinhibitory, tki; empty for placebo."""
    drugs = [name for id in arm.components if id in regimen_ids() for name in regimen(id).drugs]
    return frozenset(drug(name).slot for name in drugs)


def null_predictions(arm: PublishedArm, column: str) -> dict[str, float | None]:
    """Null -> value of a column of ``trials`` (orr_recist_pct, pfs_med_mo, os_med_mo ...); None without any fit arm."""
    known = [(published_arm(str(row["id"])), row) for row in knowledge.records("trials") if row["use"] == FIT]
    rules: dict[str, Callable[[PublishedArm], bool]] = {
        "class": lambda other: slots(other) == slots(arm),
        "immunotherapy": lambda other: bool(slots(other) & IMMUNE_SLOTS),
        "constant": lambda other: True,
    }
    found = {name: _mean([row for other, row in known if rule(other)], column) for name, rule in rules.items()}
    if found["class"] is None:
        found["class"] = found["immunotherapy"] if slots(arm) & IMMUNE_SLOTS else found["constant"]
    return found


def _mean(rows: list[Mapping[str, Any]], column: str) -> float | None:
    there = [(float(row[column]), int(row["n"])) for row in rows if row[column] is not None]
    if not there:
        return None
    values, weights = (np.array(part, float) for part in zip(*there, strict=True))
    if column.endswith("_pct"):
        return float(100 * np.sin(np.average(arcsine(values / 100), weights=weights)) ** 2)
    return float(np.exp(np.average(np.log(values), weights=weights)))
