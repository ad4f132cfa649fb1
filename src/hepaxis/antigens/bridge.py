"""What a search for mimics tells the mechanistic model: a cross-reactive load against the median, with its doubt.

The model's input ``host.mimicry`` is log-normal about 1 (sd of the logarithm 1) where nothing is known.  Two estimates
of the logarithm are at hand: the weighted strength against permuted antigens, and how much closer the closest
candidates are than those of natural decoys.  The one nearer to 0 is taken, and 0 where they disagree in sign; it is
then weighed against the prior with what is not known of exposure and of clones.  Whether cross-reactive clones help or
are tolerised is not decided here: that sign is the model's disputed gate ``mimic_precursors``.  Nothing moves unless
the user writes the value into the clinic sheet (``antigens.mimicry``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.special import ndtri

from hepaxis.antigens.calibration import calibration

PRIOR_SD = 1.0  # of ln host.mimicry in the model
EXPOSURE_SD = 1.0  # ln; share of the stool is not exposure of the immune system (no measurement; assumed)
CENTRAL = 0.95  # share of draws between the limits that a null reports


def load_for_model(claim: Mapping[str, Any]) -> dict[str, Any] | None:
    """``median`` and ``sd_log`` of ``host.mimicry`` by a claim (``patient_claim``); None where no null was run."""
    if not claim["permuted"] or not claim["decoys"] or not claim["antigens"]:
        return None
    by_strength, chance_strength = _log_ratio(claim["permuted"])
    per_antigen = (claim["decoys"]["observed"] - claim["decoys"]["median"]) / claim["antigens"]
    chance_surprise = _spread(claim["decoys"]["low"], claim["decoys"]["high"]) / claim["antigens"]
    agree = by_strength * per_antigen > 0
    measured = (by_strength if abs(by_strength) < abs(per_antigen) else per_antigen) if agree else 0.0
    error = float(np.hypot(np.hypot(max(chance_strength, chance_surprise), EXPOSURE_SD), calibration().clone_sd))
    weight = PRIOR_SD**2 / (PRIOR_SD**2 + error**2)
    return {
        "input": "antigens.mimicry",
        "median": float(np.exp(weight * measured)),
        "sd_log": float(PRIOR_SD * np.sqrt(1.0 - weight)),
        "log_by_strength": float(by_strength),
        "log_by_closest": float(per_antigen),
        "error_log": error,
        "sign": "disputed: set by the gate mimic_precursors of the model, mean 0",
    }


def _log_ratio(null: Mapping[str, Any]) -> tuple[float, float]:
    tiny = np.finfo(float).tiny
    low, middle, high, observed = (max(null[name], tiny) for name in ("low", "median", "high", "observed"))
    return float(np.log(observed / middle)), _spread(np.log(low), np.log(high))


def _spread(low: float, high: float) -> float:
    return float((high - low) / (2.0 * ndtri(0.5 + CENTRAL / 2.0)))
