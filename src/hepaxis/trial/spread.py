"""How far a trial's figure may lie from what is simulated of it, beside the counting error and the posterior.

Held: two things on the arcsine scale.  What trials of one regimen differ by, stated beforehand
(``between_trials.csv``), which weighs the targets of the fit; and what the arms that were fitted still show of misfit
beyond their counting error (``calibration.json``), corrected for what the fit took up.  Intervals take the larger.
Arms that were not fitted do not enter.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from hepaxis.trial.posterior import calibration
from hepaxis.trial.published_outcomes import arcsine, between_trials


@lru_cache(maxsize=1)
def misfit() -> dict[str, float]:
    """Outcome -> sd of what the fitted arms of the last calibration differ by from it, beyond counting error.

    The counting variance of a target is its whole less that between trials; residuals are widened by targets over
    targets less degrees of freedom (a value's contraction counts as its share of one).
    """
    record = calibration()
    targets = record["targets"]
    taken_up = sum(float(row["contraction"]) for row in record["values"])
    widened = len(targets) / (len(targets) - taken_up)
    beyond: dict[str, list[float]] = {}
    for row in targets:
        outcome = str(row["outcome"]).split(" ")[0]
        off = float(arcsine(row["published"]) - arcsine(row["reached"]))
        counting = float(row["sd_arcsine"]) ** 2 - between_trials()[outcome] ** 2
        beyond.setdefault(outcome, []).append(widened * off**2 - counting)
    return {outcome: float(np.sqrt(max(float(np.mean(values)), 0.0))) for outcome, values in beyond.items()}


def predictive_sd(outcome: str) -> float:
    """sd on the arcsine scale of a trial about its simulation, without counting error and posterior."""
    return max(between_trials()[outcome], misfit().get(outcome, 0.0))
