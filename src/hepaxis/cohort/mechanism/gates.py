"""From a difference between two groups to the claims that would have to be true for it to matter.

Held: the typical community of either group (geometric mean of guild shares, zeros at half the smallest share), both in
the typical host; the model's difference in shrinkage with every claim at its prior mean, and again with one claim off
at a time.  What a claim carries is what the difference loses without it; claims interact, so the parts need not add up.
It says what would have to act if the model were right, not that it does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hepaxis import axis
from hepaxis.cohort.mechanism.rest import mechanisms_at_mean, shrinkage_of, twin_of
from hepaxis.profile.guilds import GUILDS


@dataclass(frozen=True)
class GateShares:
    """difference: predicted shrinkage of the first group's community less the second's (log volume).

    table: one row a gate that carries anything: gate, claim, grade, carries (part of the difference lost without it);
    typical: guild x group.
    """

    difference: float
    table: pd.DataFrame
    typical: pd.DataFrame


def gates_for(guilds: pd.DataFrame, first: np.ndarray, second: np.ndarray, profiler: str) -> GateShares:
    """guilds: samples x guild shares; first and second: which samples are of either group (bool).

    Raises ValueError when a group is empty or the model cannot hold one of the communities.
    """
    if not first.any() or not second.any():
        raise ValueError("a group is empty")
    typical = np.stack([_typical(guilds.to_numpy(float)[rows]) for rows in (first, second)])
    gates = [f"gate.{gate}" for gate in axis.build().gates.index]
    mean = mechanisms_at_mean(2)
    draws = [mean.inputs] + [mean.inputs.assign(**{gate: 0.0}) for gate in gates]
    inputs = pd.concat(draws, ignore_index=True)
    both = type(mean)(inputs, np.repeat(np.asarray(mean.core, float)[:1], len(inputs)))
    twin = twin_of(np.tile(typical, (len(gates) + 1, 1)), both, profiler)
    change, lost = shrinkage_of(twin)
    change = np.where(lost | ~twin.ok, np.nan, change).reshape(-1, 2)
    gap = change[:, 0] - change[:, 1]
    if not np.isfinite(gap[0]):
        raise ValueError("the model cannot hold the typical communities at rest")
    claims = axis.build().gates
    table = pd.DataFrame(
        {
            "gate": list(claims.index),
            "claim": [str(text) for text in claims["claim"]],
            "grade": [str(grade) for grade in claims["grade"]],
            "carries": gap[0] - gap[1:],
        }
    )
    table = table[table["carries"].abs() > 1e-6]
    order = table["carries"].abs().sort_values(ascending=False).index
    shown = pd.DataFrame(typical.T, index=list(GUILDS), columns=["first", "second"])
    return GateShares(float(gap[0]), table.loc[order].reset_index(drop=True), shown)


def _typical(shares: np.ndarray) -> np.ndarray:
    """Geometric mean with zeros at half the smallest share, summing to 1."""
    floor = shares[shares > 0].min() / 2
    mean = np.exp(np.log(np.maximum(shares, floor)).mean(0))
    found: np.ndarray = mean / mean.sum()
    return found
