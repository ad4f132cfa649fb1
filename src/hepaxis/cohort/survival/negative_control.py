"""The same exposure where the drug is not an immunotherapy: what it does there cannot be its effect on one.

Held: the exposure's hazard ratio in patients of another therapy, and the ratio of the two, which is what is left to
immunotherapy.  In HCC, antibiotics went with a hazard ratio of 1.91 (1.1-3.2) under sorafenib (Pomej 2021), as large as
under checkpoint inhibitors: mostly infection and frailty.  Source: Lipsitch 2010 (10.1097/EDE.0b013e3181d61eeb).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from hepaxis.cohort.survival.exposure import Exposure, exposure
from hepaxis.cohort.survival.times import Times

Z = float(stats.norm.ppf(0.975))


@dataclass(frozen=True)
class NegativeControl:
    """Exposure in the cohort and in its control therapy; ratio, low, high, p of the first over the second."""

    treated: Exposure
    control: Exposure
    ratio: float
    low: float
    high: float
    p: float

    @property
    def sentence(self) -> str:
        if not np.isfinite(self.ratio):
            return "too few events for a comparison with the control therapy"
        told = "differs from" if self.p < 0.05 else "is not told apart from"
        return (
            f"the hazard ratio under immunotherapy {told} that under the control therapy "
            f"(ratio {self.ratio:.2f}, {self.low:.2f} to {self.high:.2f})"
        )


def negative_control(
    times: Times,
    exposed: np.ndarray,
    on_control: np.ndarray,
    adjust: pd.DataFrame | None = None,
    *,
    name: str,
    outcome: str,
) -> NegativeControl:
    """Compare the exposure among rows not on, and on, the control therapy (n, bool)."""
    parts = []
    for rows in (~on_control, on_control):
        covariates = None if adjust is None else adjust.loc[rows].reset_index(drop=True)
        parts.append(exposure(times.take(rows), exposed[rows], covariates, name=name, outcome=outcome))
    mains = [part.main for part in parts if part.main is not None]
    nothing = float("nan")
    if len(mains) < len(parts):
        return NegativeControl(parts[0], parts[1], nothing, nothing, nothing, nothing)
    logs = [float(np.log(float(m["estimate"]))) for m in mains]
    errors = [float(np.log(float(m["high"]) / float(m["low"]))) / (2 * Z) for m in mains]
    difference, se = logs[0] - logs[1], float(np.hypot(errors[0], errors[1]))
    low, high = np.exp(difference - Z * se), np.exp(difference + Z * se)
    p = float(2 * stats.norm.sf(abs(difference) / se))
    return NegativeControl(parts[0], parts[1], float(np.exp(difference)), float(low), float(high), p)
