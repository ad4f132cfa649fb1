"""Durable response, primary and acquired resistance as the SITC task force defines them.

Held: 10.1136/jitc-2019-000398, table 1.  Primary: at least six weeks of the drug and progression as best response or
within six months; acquired (secondary): at least six months of the drug and of benefit (response or stable disease),
then progression.  Progression more than twelve weeks after the last dose is not resistance.  A response that ends
within six months is counted as primary, as later users of the definitions counted it.  The task force asks for a
second scan four weeks on unless the patient fails fast: ``confirmed`` keeps only such progressions.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
import pandas as pd

from hepaxis.trial.follow_up import FollowUp
from hepaxis.trial.parameters import criterion
from hepaxis.trial.recist import NEVER, Best


class Resistance(StrEnum):
    """``none``: no progression was found; the others are of patients that progressed."""

    NONE = "none"
    PRIMARY = "primary"
    ACQUIRED = "acquired"
    OFF_DRUG = "off drug"
    TOO_SHORT = "exposure too short"
    UNCONFIRMED = "not confirmed"


def resistance(
    progression_day: np.ndarray, exposure_days: np.ndarray, *, confirmed: np.ndarray | None = None
) -> np.ndarray:
    """Resistance (n,) of each patient.

    progression_day (n,) day progression was found, ``inf`` where it was not; exposure_days (n,) last day of the drug;
    confirmed (n,): whether a second scan or early death bore it out (default: not asked for).
    """
    benefit = criterion("resistance_benefit_days")
    least = criterion("resistance_exposure_days") - criterion("resistance_window_days")
    on_drug = np.minimum(exposure_days, progression_day)
    progressed = np.isfinite(progression_day)
    late = progression_day >= benefit
    conditions = [
        ~progressed,
        progressed & (progression_day - on_drug > criterion("resistance_after_drug_days")),
        np.zeros(len(progressed), bool) if confirmed is None else ~confirmed,
        ~late & (on_drug >= least),
        late & (on_drug >= benefit),
    ]
    kinds = [Resistance.NONE, Resistance.OFF_DRUG, Resistance.UNCONFIRMED, Resistance.PRIMARY, Resistance.ACQUIRED]
    return np.select(conditions, [kind.value for kind in kinds], Resistance.TOO_SHORT.value)


def progression_borne_out(got: FollowUp) -> np.ndarray:
    """Patients (n,) whose progression a later scan confirmed (iRECIST) or who died before one could be made.

    A patient not scanned beyond progression is only borne out by death within the scan's four weeks.
    """
    reading = got.reading
    row = np.arange(len(reading.progression))
    day = np.where(reading.progression == NEVER, np.inf, reading.days[row, np.maximum(reading.progression, 0)])
    soon = got.lives.death <= day + criterion("resistance_confirmation_days")
    borne_out: np.ndarray = (got.immune.confirmed != NEVER) | (np.isfinite(day) & soon)
    return borne_out


def durable(best: Best, table: pd.DataFrame) -> np.ndarray:
    """Confirmed responses (n,) still standing six months after they began; table: ``endpoints`` of the same patients.

    A response whose six months were not watched to their end is not durable.
    """
    stands: np.ndarray = best.objective & (table["duration"].to_numpy() >= criterion("durable_days"))
    return stands
