"""Communities of a population: the shipped generator, moved by what the patient's liver and drugs do to a community.

Held: cirrhosis, its severity and a proton-pump inhibitor shift the normal scores of single guilds
(``gut_conditions.csv``), by sizes worked out of published statistics; no profile of a patient with cirrhosis or HCC was
fitted.  What is already in the cohorts behind the generator is not added twice: the shift of a condition that a share
of them has is centred on it.  A course of antibiotics is no shift: it is an event that the model carries out, and makes
the niche of an empty guild likelier to be open.
The shift of cirrhosis was measured at its usual severity; a better liver than that has less of it where the guild goes
with severity.
Assumed: shifts add up; HCC adds none of its own to cirrhosis; a load and residuals of its own to each patient.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import pandas as pd

from hepaxis import axis
from hepaxis.metabolites.reference import bai_scale
from hepaxis.population.assumptions import assumed
from hepaxis.population.guts import PRESENT, Guts, niche_if_open
from hepaxis.population.points import Array, correlated, normal_points, uniform_points
from hepaxis.population.sampling import arguments, quantile
from hepaxis.profile.guilds import GUILDS
from hepaxis.profile.reference import GuildReference


@lru_cache(maxsize=1)
def gut_conditions() -> tuple[dict[str, str], ...]:
    """Rows: condition, guild, effect (shift or correlation of the guild's normal score), size, in_reference, source."""
    text = files("hepaxis.population").joinpath("gut_conditions.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def draw_communities(
    reference: GuildReference,
    covariates: pd.DataFrame,
    seed: int,
    patients: npt.NDArray[np.int64],
    conditions: bool = True,
) -> Guts:
    """One gut a patient.

    covariates: cirrhosis, albi, ppi (0 or 1), antibiotic and antibiotic_start (day), one row a patient.
    conditions False leaves the generator as it is.
    """
    own = normal_points(seed, patients, [f"guild.{guild}" for guild in GUILDS])
    scores = correlated(own, np.asarray(np.linalg.cholesky(reference.generator.correlation), dtype=float))
    if conditions:
        scores = with_conditions(scores, covariates)
    shares = reference.generator.communities(scores)
    before = (covariates["antibiotic"] == 1) & (covariates["antibiotic_start"] < 0)
    chance = np.where(before, assumed("open_niche_after_antibiotic"), assumed("open_niche"))
    opened = uniform_points(seed, patients, [f"open.{guild}" for guild in GUILDS]) < chance[:, None]
    return Guts(
        shares,
        np.tile(niche_if_open(reference), (len(shares), 1)),
        np.where(shares > PRESENT, 1.0, opened.astype(float)),
        _inputs(reference, seed, patients),
        "population",
    )


def with_conditions(scores: Array, covariates: pd.DataFrame) -> Array:
    """Normal scores (n, 12) of the guilds moved by cirrhosis, its severity and a proton-pump inhibitor."""
    cirrhosis = covariates["cirrhosis"].to_numpy(float)
    severity = (covariates["albi"].to_numpy(float) - assumed("albi_of_cirrhosis")) / assumed("albi_spread")
    state = {"cirrhosis": cirrhosis, "ppi": covariates["ppi"].to_numpy(float)}
    moved = scores.copy()
    for row in gut_conditions():
        place, size = GUILDS.index(row["guild"]), float(row["size"])
        if row["effect"] == "correlation":
            tied = size * severity + np.sqrt(1.0 - size**2) * moved[:, place]
            moved[:, place] = np.where(cirrhosis == 1, tied, moved[:, place])
    for row in gut_conditions():
        if row["effect"] == "shift":
            extra = state[row["condition"]] - float(row["in_reference"])
            moved[:, GUILDS.index(row["guild"])] += float(row["size"]) * extra
    return moved


def _inputs(reference: GuildReference, seed: int, patients: npt.NDArray[np.int64]) -> pd.DataFrame:
    table = axis.build().heterogeneity
    rows = table[table["input"].str.startswith("residual.") | (table["input"] == "load")]
    points = uniform_points(seed, patients, list(rows["input"]))
    drawn = {
        str(row.input): quantile(str(row.distribution), arguments(str(row.args)), points[:, place])
        for place, row in enumerate(rows.itertuples())
    }
    return pd.DataFrame({"carriage.bai": np.full(len(patients), bai_scale(reference.profiler)), **drawn})
