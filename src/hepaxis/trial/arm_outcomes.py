"""An arm's virtual patients read as its trial read them: shares and curves beside which published figures stand.

Held: every patient is followed several times with other random numbers (scans, events), which belong to the patient's
number, so that two readings of the same patients differ by what was changed alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hepaxis.trial.course import Course
from hepaxis.trial.endpoints import endpoints
from hepaxis.trial.follow_up import Arm, Chance, follow
from hepaxis.trial.published_arms import PublishedArm
from hepaxis.trial.published_outcomes import Target
from hepaxis.trial.recist import Response
from hepaxis.trial.schedule import DAYS_PER_MONTH
from hepaxis.trial.survival import Curve, product_limit

LESIONS = 5


def followed(course: Course, arm: PublishedArm, patients: np.ndarray, *, replicates: int, seed: int) -> pd.DataFrame:
    """Endpoints (``endpoints.COLUMNS``) of n patients with numbers (n,), ``replicates`` times one below the other."""
    scans = len(arm.conduct.days(course.days[-1]))
    found = []
    for k in range(replicates):
        chance = Chance.of(patients, scans, seed + k, lesions=LESIONS)
        found.append(endpoints(follow(course, arm.conduct, chance, Arm.published(arm))))
    return pd.concat(found, ignore_index=True)


def simulated(table: pd.DataFrame, arm: PublishedArm, wanted: Sequence[Target]) -> np.ndarray:
    """The targets (k,) of an arm as its followed patients give them, 0-1; NaN where no one can be read."""
    return np.array([_figure(table, arm, target) for target in wanted])


def curve(table: pd.DataFrame, outcome: str) -> Curve:
    """pfs, os, or dor (of who responded)."""
    if outcome == "dor":
        table = table[table["response_day"].notna()]
        return product_limit(table["duration"].to_numpy(float), table["duration_event"].to_numpy(bool))
    return product_limit(table[f"{outcome}_day"].to_numpy(float), table[f"{outcome}_event"].to_numpy(bool))


def _figure(table: pd.DataFrame, arm: PublishedArm, target: Target) -> float:
    best = table["best"].to_numpy()
    if target.outcome in ("orr", "cr", "dcr", "pd"):
        counted = {
            "orr": (Response.CR, Response.PR),
            "cr": (Response.CR,),
            "dcr": (Response.CR, Response.PR, Response.SD),
            "pd": (Response.PD, Response.NE) if arm.conduct.not_evaluable == "progression" else (Response.PD,),
        }[target.outcome]
        return float(np.isin(best, counted).mean())
    if target.outcome == "dor" and not table["response_day"].notna().any():
        return float("nan")
    if target.month is None:
        raise ValueError(f"{target.outcome} has no time")
    return float(curve(table, target.outcome).at(target.month * DAYS_PER_MONTH))
