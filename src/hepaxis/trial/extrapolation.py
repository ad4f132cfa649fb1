"""How far a predicted effect may lie from a real trial's, beyond what the model's own draws say (extrapolation.csv).

Held: on the logarithm of odds or hazard ratios, a true effect is the model's times ``carried`` plus a normal error of
mean zero.  Stated beforehand and shown at several widths, since no trial in liver cancer can say how wide it should be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepaxis.trial.parameters import rows

PARTS = ("trials_differ", "not_in_the_model")


@dataclass(frozen=True)
class Extrapolation:
    """``sd`` on the log scale, ``carried`` factor of the model's effect, ``shared`` share of the variance between arms.

    ``told_apart``: probability from which two arms are called different.
    """

    sd: float
    carried: float
    shared: float
    told_apart: float

    def widened(self, width: float) -> Extrapolation:
        """With its sd times ``width``."""
        return Extrapolation(self.sd * width, self.carried, self.shared, self.told_apart)

    def covariance(self, arms: int) -> np.ndarray:
        """Of the errors of several arms of one design (arms, arms)."""
        return self.sd**2 * (self.shared * np.ones((arms, arms)) + (1 - self.shared) * np.eye(arms))


def extrapolation(scale: str) -> Extrapolation:
    """The stated one of a scale: log_odds or log_hazard."""
    value = {row["name"]: float(row["value"]) for row in rows("extrapolation.csv") if row["scale"] in (scale, "any")}
    sd = float(np.sqrt(sum(value[name] ** 2 for name in PARTS)))
    return Extrapolation(sd, value["carried"], value["shared"], value["told_apart"])


def extrapolation_table(scale: str) -> list[dict[str, str]]:
    """Its rows, with sources and reasons."""
    return [dict(row) for row in rows("extrapolation.csv") if row["scale"] in (scale, "any")]
