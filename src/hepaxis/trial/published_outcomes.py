"""What was published of an arm, as targets on one scale; what may be fitted is kept apart from what may not.

Held: percentages of best response and survival at printed times, with the median read as one half surviving then
(medians themselves sit on scan steps).  All are compared as arcsine of the square root, where counting error is
1/(2 sqrt n); to it comes a spread between trials of one regimen, stated beforehand (``between_trials.csv``).
Assumed: effective numbers of patients for survival are those randomised; of a duration, those who responded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from hepaxis import knowledge
from hepaxis.trial.parameters import rows

FIT = "fit"
ANY = "any"
LATEST = {"pfs": 24.0, "os": 24.0, "dor": 18.0}  # months of a simulated course of two years that hold such a figure
HALF = 0.5
SHARES = {"orr": "orr_recist_pct", "cr": "cr_pct", "dcr": "dcr_pct", "pd": "pd_pct"}
MEDIANS = {"pfs": "pfs_med_mo", "os": "os_med_mo", "dor": "dor_med_mo"}
LANDMARKS = {"os": {6: "os6_pct", 12: "os12_pct", 24: "os24_pct"}}


@dataclass(frozen=True)
class Target:
    """One published figure of an arm.

    outcome: orr, cr, dcr, pd (shares), pfs, os, dor (share free at ``month``); value 0-1; n patients behind it;
    sd: of counting and between trials together, on the arcsine scale.
    """

    arm: str
    outcome: str
    month: float | None
    value: float
    n: int
    sd: float

    @property
    def name(self) -> str:
        """As ``os at 12 months``."""
        return self.outcome if self.month is None else f"{self.outcome} at {self.month:g} months"


def arcsine(share: float | np.ndarray) -> np.ndarray:
    """Shares 0-1 on the scale on which their counting error does not depend on them."""
    found: np.ndarray = np.arcsin(np.sqrt(np.clip(share, 0.0, 1.0)))
    return found


@lru_cache(maxsize=1)
def between_trials() -> dict[str, float]:
    """Outcome -> sd between trials of one regimen, arcsine scale."""
    return {row["outcome"]: float(row["sd_arcsine"]) for row in rows("between_trials.csv")}


def fit_targets() -> tuple[Target, ...]:
    """Everything that is fitted: rows marked ``fit`` but what ``not_fitted.csv`` names.  No other row is looked at."""
    mine = [row for row in knowledge.records("trials") if row["use"] == FIT]
    left = {(row["arm"], row["outcome"]) for row in rows("not_fitted.csv")}
    return tuple(
        target
        for row in mine
        for target in targets(row)
        if not {(target.arm, target.outcome), (ANY, target.outcome)} & left
        and (target.month is None or target.month <= LATEST[target.outcome])
    )


def targets(row: Mapping[str, Any]) -> list[Target]:
    """Figures printed in one row of ``trials``."""
    n = int(row["n"])
    found: list[tuple[str, float | None, float, int]] = []
    for outcome, column in SHARES.items():
        if row[column] is not None:
            found.append((outcome, None, float(row[column]) / 100, n))
    for outcome, column in MEDIANS.items():
        if row[column] is not None:
            behind = n if outcome != "dor" else max(round(n * float(row["orr_recist_pct"]) / 100), 1)
            found.append((outcome, float(row[column]), HALF, behind))
    for outcome, columns in LANDMARKS.items():
        for month, column in columns.items():
            if row[column] is not None:
                found.append((outcome, float(month), float(row[column]) / 100, n))
    return [
        Target(str(row["id"]), outcome, month, value, behind, _sd(outcome, behind))
        for outcome, month, value, behind in found
    ]


def _sd(outcome: str, n: int) -> float:
    return float(np.hypot(0.5 / np.sqrt(n), between_trials()[outcome]))
