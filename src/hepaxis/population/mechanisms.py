"""Draws of what biology is uncertain about, shared by all hosts of one draw: gate strengths, tau, niche overlap, core.

Held: each gate's strength is Normal(prior mean, prior sd): 1 where the literature agrees, 0 where it disputes the sign;
and each claim transfers to people with HCC or does not, with the probability of its grade (``relevance.csv``): a claim
from mice alone is absent in half of the draws.
tau is the common scale that bounds the gut's total effect by human data (``population.tau``).  ``core`` is a factor on
infiltration that stands for what trials leave uncertain about the immune core, so that a predicted response is never
more certain than a trial arm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hepaxis import axis
from hepaxis.population.assumptions import assumed, relevance
from hepaxis.population.sampling import quantile, uniform_cube
from hepaxis.profile.guilds import GUILDS

OWN_TAU = 1.0  # a claim in its own system: the port moves in proportion to the exposure near the reference


@dataclass(frozen=True)
class Mechanisms:
    """g draws: ``inputs`` g x (gate.<gate>, tau, phi.<guild>), ``core`` (g,) factor on host.infiltration."""

    inputs: pd.DataFrame
    core: np.ndarray

    def __len__(self) -> int:
        return len(self.inputs)


def draw_mechanisms(n: int, tau: float, seed: int) -> Mechanisms:
    """n draws around the solved ``tau``."""
    return mechanisms_at(uniform_cube(n, len(mechanism_names()), seed), tau)


def mechanism_names() -> list[str]:
    """Names of the columns of the cube that ``mechanisms_at`` reads."""
    gates = list(axis.build().gates.index)
    phi = [f"phi.{guild}" for guild in GUILDS]
    return [*(f"gate.{gate}" for gate in gates), *phi, *(f"holds.{gate}" for gate in reversed(gates)), "tau", "core"]


def mechanisms_at(cube: np.ndarray, tau: float) -> Mechanisms:
    """Draws at points (n, len(mechanism_names())) of the unit cube, around the solved ``tau``."""
    u = dict(zip(mechanism_names(), cube.T, strict=True))
    columns: dict[str, np.ndarray] = {}
    for gate, row in axis.build().gates.iterrows():
        args = {"mean": float(row["prior_mean"]), "sd": float(row["prior_sd"])}
        holds = u[f"holds.{gate}"] < relevance()[str(row["grade"])]
        columns[f"gate.{gate}"] = quantile("normal", args, u[f"gate.{gate}"]) * holds
    for guild in GUILDS:
        args = {"median": 1.0, "sd_log": assumed("phi_sd_log")}
        columns[f"phi.{guild}"] = quantile("lognormal", args, u[f"phi.{guild}"])
    columns["tau"] = quantile("lognormal", {"median": tau, "sd_log": assumed("tau_sd_log")}, u["tau"])
    core = quantile("lognormal", {"median": 1.0, "sd_log": assumed("core_sd_log")}, u["core"])
    return Mechanisms(pd.DataFrame(columns), core)


def prior_mean_mechanisms(tau: float) -> Mechanisms:
    """One draw with every gate at its prior mean, the chance that the claim transfers included."""
    gates = axis.build().gates
    return _one_draw(gates["prior_mean"] * gates["grade"].map(relevance()), tau)


def claimed_mechanisms() -> Mechanisms:
    """One draw with every gate as it is claimed in the system it was measured in: its prior mean, exponent 1."""
    return _one_draw(axis.build().gates["prior_mean"], OWN_TAU)


def _one_draw(strengths: pd.Series, tau: float) -> Mechanisms:
    columns = {f"gate.{gate}": [float(mean)] for gate, mean in strengths.items()}
    columns |= {f"phi.{guild}": [1.0] for guild in GUILDS}
    return Mechanisms(pd.DataFrame({**columns, "tau": [tau]}), np.ones(1))
