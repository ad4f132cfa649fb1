"""Yields of fermentation products measured in pure cultures, as mol per mol hexose: how ``yields.csv`` was made.

Takes the published species means (mmol per g dry mass, one row a species and medium) of Arnoldini et al. 2025
(10.5281/zenodo.10445505, MIT) and returns the rows of ``yields.csv`` whose scope is ``species``, ``guild`` or
``producer``.  Assumes that sugar taken up (glucose + 2 maltose) is the carbon source; where products hold more carbon
than the sugar, the medium gave the rest, so the pattern is kept and scaled to full recovery.  Suspected peak swaps of
the source are left out (``culture_exclusions.csv``).  The program itself reads only the shipped table; this file is
run again by its test and when the source changes.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from hepaxis.metabolites.facts import ACIDS, CARBON, HEXOSE_CARBON, fact_table

SOURCE = "10.5281/zenodo.10445505"
HEXOSE_PER_MALTOSE = 2.0
COLUMNS = ("scope", "name", "acid", "mean", "sd", "n_cultures", "source", "note")
TRACE = 0.05  # mol/mol hexose: below it the spread between media is noise of the assay

# Names of the source that the trait table holds under a newer name.
RENAMED = {"Eubacterium rectale": "Agathobacter rectalis", "Prevotella copri": "Segatella copri"}


def per_culture(means: pd.DataFrame) -> pd.DataFrame:
    """Species x medium rows of the source -> yields (mol/mol hexose), excluded acids as NaN, carbon recovery <= 1."""
    hexose = -(means["glucose"] + HEXOSE_PER_MALTOSE * means["maltose"])
    yields = means[list(ACIDS)].div(hexose, axis=0)
    yields.insert(0, "medium", means["medium"])
    yields.insert(0, "species", means["ncbi_name"].replace(RENAMED))
    left_out = fact_table("culture_exclusions")
    for species, medium, acid in zip(left_out["species"], left_out["medium"], left_out["acid"], strict=True):
        yields.loc[(yields["species"] == species) & (yields["medium"] == medium), acid] = np.nan
    recovery = (yields[list(ACIDS)] * pd.Series(CARBON)).sum(axis=1) / HEXOSE_CARBON
    yields[list(ACIDS)] = yields[list(ACIDS)].div(recovery.clip(lower=1.0), axis=0)
    return yields


def _rows(scope: str, values: pd.DataFrame, spread: pd.DataFrame, count: pd.DataFrame, note: str) -> pd.DataFrame:
    rows = [
        (scope, name, acid, values.loc[name, acid], spread.loc[name, acid], count.loc[name, acid], SOURCE, note)
        for name in values.index
        for acid in ACIDS
        if count.loc[name, acid] > 0
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def from_cultures(means: pd.DataFrame, guild_of: Mapping[str, str], traits: pd.DataFrame) -> pd.DataFrame:
    """The measured rows of ``yields.csv``.

    means      the source's species means, columns ncbi_name, medium, glucose, maltose and the six acids
    guild_of   species -> guild
    traits     the trait table, indexed by species

    Returns scope, name, acid, mean, sd, n_cultures (species x medium rows used), source, note.  sd of a species is
    between its media (a species grown in one medium gets the pooled coefficient of variation); of a guild and of a
    producer it is between species.
    """
    cultures = per_culture(means)
    by_species = cultures.drop(columns="medium").groupby("species")
    mean, count = by_species.mean(), by_species.count()
    spread = by_species.std()
    pooled_cv = float(np.nanmedian((spread / mean.where(mean > TRACE)).to_numpy()))
    spread = spread.fillna(pooled_cv * mean)
    species = _rows("species", mean, spread, count, "mean over media")

    grouped = mean.groupby(mean.index.map(dict(guild_of)))
    guild = _rows("guild", grouped.mean(), grouped.std(), grouped.count(), "mean over cultured species")

    producers = {acid: _producers(acid, traits).intersection(mean.index) for acid in ACIDS}
    made = pd.DataFrame(
        {acid: mean.loc[list(names), acid].agg(["mean", "std", "count"]) for acid, names in producers.items()}
    )
    producer = pd.DataFrame(
        {
            "scope": "producer",
            "name": "any",
            "acid": list(ACIDS),
            "mean": made.loc["mean"].to_numpy(),
            "sd": made.loc["std"].to_numpy(),
            "n_cultures": made.loc["count"].to_numpy(),
            "source": SOURCE,
            "note": "mean over cultured species that have the trait",
        }
    )
    table = pd.concat([species, guild, producer], ignore_index=True)
    table["sd"] = table["sd"].fillna(pooled_cv * table["mean"])
    table["n_cultures"] = table["n_cultures"].astype(int)
    return table.round({"mean": 3, "sd": 3})


def _producers(acid: str, traits: pd.DataFrame) -> pd.Index:
    routes = {
        "acetate": ["acetate"],
        "formate": ["formate"],
        "lactate": ["lactate_production"],
        "succinate": ["succinate_production"],
        "propionate": ["propionate_succinate_pathway"],
        "butyrate": ["butyrate_but", "butyrate_buk"],
    }[acid]
    return traits.index[(traits[routes].astype(str) == "1").any(axis=1)]
