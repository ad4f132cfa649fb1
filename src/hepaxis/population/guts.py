"""Guts: community shares, openness of empty niches, and what the community can make, one row a draw.

Held: a relative profile fixes shares, not load; a guild that was not found is a mixture of "no niche" and "open niche"
with a stated prior, which decides every probiotic and FMT.  Yields, carriage and person-level residuals come from
``metabolites.capacities``; without a profile, shares come from the shipped reference community's generator.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hepaxis import axis
from hepaxis.metabolites import Capacities
from hepaxis.metabolites.reference import bai_scale
from hepaxis.population.assumptions import assumed
from hepaxis.population.sampling import arguments, quantile, uniform_cube
from hepaxis.profile.guilds import GUILDS
from hepaxis.profile.reference import GuildReference

PRESENT = 1e-6  # share of the reference biomass above which a guild is there (axis closure, stage 1)


@dataclass(frozen=True)
class Guts:
    """g draws.

    shares   (g, 12) relative to the identified community, rows sum to 1
    absent   (g, 12) capacity an undetected guild would have if its niche were open
    open     (g, 12) openness of each niche: 1 where the guild was found, else 0 or 1 by the prior
    inputs   g x model inputs (yields, carriage, residuals, load)
    source   profile, prior or reference
    """

    shares: np.ndarray
    absent: np.ndarray
    open: np.ndarray
    inputs: pd.DataFrame
    source: str

    def __len__(self) -> int:
        return len(self.shares)


def reference_shares(reference: GuildReference) -> np.ndarray:
    """(12,) typical community of the reference cohort: share of carriers x their geometric mean, normalised.

    Not the medians: a guild that half of the cohort lacks would then be at the detection floor, and any trace of it in
    a patient would count as an extreme.
    """
    table = reference.table.reindex(list(GUILDS))
    typical = table["prevalence"].to_numpy(float) * np.exp(table["log_mean"].to_numpy(float))
    share: np.ndarray = typical / typical.sum()
    return share


def reference_gut(reference: GuildReference) -> Guts:
    """One draw: the reference community with every niche open, traits and residuals at 1.

    Carriage of bai is on the profiler's scale: profilers see the guild of 7a-dehydroxylating clostridia differently.
    """
    shares = reference_shares(reference)[None, :]
    inputs = pd.DataFrame({"carriage.bai": [bai_scale(reference.profiler)]})
    return Guts(shares, niche_if_open(reference)[None, :], np.ones_like(shares), inputs, "reference")


def gut_from_capacities(
    capacities: Capacities, reference: GuildReference, n: int, seed: int, *, recent_antibiotic: bool, load: float | None
) -> Guts:
    """n draws of this patient's gut.  ``load``: measured total load relative to the reference, or None (drawn)."""
    shares = np.tile(capacities.guilds.reindex(list(GUILDS)).to_numpy(float), (n, 1))
    shares /= shares.sum(axis=1, keepdims=True)
    taken = [name for name in capacities.inputs.columns if name in axis.build().inputs.index]  # capacities know more
    inputs = capacities.inputs[taken].iloc[:n].reset_index(drop=True)
    if len(inputs) < n:
        raise ValueError(f"capacities hold {len(inputs)} draws, {n} are needed")
    return _with_niches(shares, inputs, reference, seed, recent_antibiotic, load, "profile")


def gut_from_prior(
    reference: GuildReference, n: int, seed: int, *, recent_antibiotic: bool = False, load: float | None = None
) -> Guts:
    """n draws without a profile: communities of the reference generator, residuals at their priors."""
    shares = reference.draw(n, seed)[list(GUILDS)].to_numpy(float)
    cube = uniform_cube(n, 16, seed + 1)
    table = axis.build().heterogeneity
    rows = list(table[table["input"].str.startswith("residual.")].itertuples())
    inputs: dict[str, np.ndarray] = {"carriage.bai": np.full(n, bai_scale(reference.profiler))}
    inputs |= {
        str(row.input): quantile(str(row.distribution), arguments(str(row.args)), cube[:, k])
        for k, row in enumerate(rows)
    }
    return _with_niches(shares, pd.DataFrame(inputs), reference, seed + 2, recent_antibiotic, load, "prior")


def _with_niches(
    shares: np.ndarray,
    inputs: pd.DataFrame,
    reference: GuildReference,
    seed: int,
    recent_antibiotic: bool,
    load: float | None,
    source: str,
) -> Guts:
    n = len(shares)
    cube = uniform_cube(n, len(GUILDS) + 1, seed)
    chance = assumed("open_niche_after_antibiotic" if recent_antibiotic else "open_niche")
    opened = np.where(shares > PRESENT, 1.0, (cube[:, : len(GUILDS)] < chance).astype(float))
    row = axis.build().heterogeneity.query("input == 'load'").iloc[0]
    drawn = quantile(str(row["distribution"]), arguments(str(row["args"])), cube[:, -1])
    inputs = inputs.assign(load=drawn if load is None else np.full(n, load))
    return Guts(shares, np.tile(niche_if_open(reference), (n, 1)), opened, inputs, source)


def niche_if_open(reference: GuildReference) -> np.ndarray:
    """(12,) typical share of carriers: the capacity an open but empty niche would have."""
    mean = reference.table["log_mean"].reindex(list(GUILDS)).to_numpy(float)
    niche: np.ndarray = np.exp(mean)
    return niche
