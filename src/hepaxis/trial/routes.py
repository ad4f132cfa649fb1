"""By which route a tumour got away: what lowered the model's killing between best response and progression.

Held: killing of tumour cells is a product, so its logarithm is a sum, and the change of each term between the day of
the smallest true volume and the day progression was found is that route's loss (positive: less killing).  The route is
the largest; below ``SEEN`` none is named, because growth outran an unchanged response or a new lesion came by chance.
The gut acts through the other terms, so it is named where its ports changed by more than any of them.
Assumed: the terms' order of size is their order of importance; suppressor cells, metabolism and arginine belong to the
niche; a checkpoint freed because a dose was missed counts with those that compensate.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

#: Sign of each port's effect on killing.
PORTS = {
    "priming": 1.0,
    "expansion": 1.0,
    "killing": 1.0,
    "exhaustion": -1.0,
    "infiltration": 1.0,
    "treg": -1.0,
    "mdsc": -1.0,
    "nkt": 1.0,
    "checkpoint": -1.0,
}
LABELS = {
    "compensation": "checkpoint compensation",
    "antigen_loss": "antigen loss",
    "exhaustion": "exhaustion",
    "cold_niche": "cold niche",
    "gut_shift": "gut shift",
}
NONE_SEEN = "none seen"
SEEN = 0.05  # of log killing; assumed
#: What a run must observe.
OBSERVE = (
    *("effectors", "exhausted", "tpex", "loss_fraction", "kill_sensitive", "kill_lost"),
    *("stop_signal", "suppression", "metabolic_fitness", "arginine", "kill_signal", "kill_half"),
    *(f"port_{port}" for port in PORTS),
)
TINY = 1e-12


def losses(
    values: Mapping[str, np.ndarray], days: np.ndarray, volume: np.ndarray, progression_day: np.ndarray
) -> pd.DataFrame:
    """Loss of log killing by each of ``LABELS`` (n rows); NaN without progression.

    values name -> (n, m) of ``OBSERVE`` over days (m,); volume (n, m); progression_day (n,), inf where there is none.
    """
    progressed = np.isfinite(progression_day)
    until = np.where(progressed, np.minimum(progression_day, days[-1]), days[-1])
    best = np.where(days[None, :] <= until[:, None], volume, np.inf).argmin(1)
    row = np.arange(len(volume))

    def loss(term: np.ndarray) -> np.ndarray:
        found: np.ndarray = term[row, best] - _at(term, days, until)
        return found

    terms = log_terms(values)
    amount = loss(terms.pop("effectors"))
    half = values["kill_half"][:, 0]
    # d ln(E/(E + half))/d ln E at the best response: what a change of the effectors does to killing
    felt = half / (values["effectors"][row, best] + half)
    share = loss(terms.pop("effector_share"))
    found = {
        "compensation": loss(terms["checkpoints"]),
        "antigen_loss": loss(terms["antigen"]),
        "exhaustion": felt * share,
        "cold_niche": felt * (amount - share) + loss(terms["niche"]),
        "gut_shift": loss(terms["gut"]),
    }
    return pd.DataFrame({name: np.where(progressed, column, np.nan) for name, column in found.items()})


def log_terms(values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Terms (n, m) of the logarithm of killing."""

    def log(array: np.ndarray) -> np.ndarray:
        return np.asarray(np.log(np.maximum(array, TINY)))

    cells = values["effectors"] + values["exhausted"] + values["tpex"]
    lost = values["loss_fraction"]
    seen = (1 - lost) * values["kill_sensitive"] + lost * values["kill_lost"]
    return {
        "effectors": log(values["effectors"]),
        "effector_share": log(values["effectors"]) - log(cells),
        "checkpoints": log(1 - values["kill_signal"] * values["stop_signal"]),
        "antigen": log(seen) - log(values["kill_sensitive"]),
        "niche": log(values["metabolic_fitness"]) + log(values["arginine"]) - log(values["suppression"]),
        "gut": np.sum([sign * log(values[f"port_{port}"]) for port, sign in PORTS.items()], axis=0),
    }


def routes(lost: pd.DataFrame) -> np.ndarray:
    """Name (n,) of the largest loss; ``NONE_SEEN`` below ``SEEN``, empty without progression."""
    table = lost[list(LABELS)].to_numpy(float)
    known = np.isfinite(table).all(1)
    filled = np.where(known[:, None], table, 0.0)
    names = np.array(list(LABELS), dtype=object)[filled.argmax(1)]
    named: np.ndarray = np.where(filled.max(1) < SEEN, NONE_SEEN, names)
    return np.where(known, named, "")


def _at(values: np.ndarray, days: np.ndarray, when: np.ndarray) -> np.ndarray:
    """Values (n, m) at each patient's own day (n,)."""
    right = np.clip(np.searchsorted(days, when), 1, len(days) - 1)
    row = np.arange(len(values))
    share = np.clip((when - days[right - 1]) / (days[right] - days[right - 1]), 0.0, 1.0)
    found: np.ndarray = values[row, right - 1] * (1 - share) + values[row, right] * share
    return found
