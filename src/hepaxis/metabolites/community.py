"""One stool sample as the mechanisms see it: taxa with shares, guild, genus and what the trait table knows of them.

A taxon is known as a ``species`` (its own trait row), a ``genus`` (trait rows of its genus) or only by its ``guild``.
Assumes a sample sums to 1 over what was identified; shares are renormalised over taxa above zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from hepaxis import knowledge
from hepaxis.metabolites.facts import parameter
from hepaxis.problems import InputError, error
from hepaxis.profile import guilds, names
from hepaxis.profile.record import RANKS

GUILDS: tuple[str, ...] = tuple(guilds.GUILDS)
UNCULTURED_BAI = "uncultured_bai_oscillospirales_clade"
BASES = ("species", "genus", "guild")


@dataclass(frozen=True)
class Community:
    """Taxa above zero of one sample, most abundant first.

    share   taxa, sums to 1             guild, genus, basis  taxa, text
    row     taxa, id in the trait table, '' unless basis is ``species``
    unassigned  taxa, whether no guild rule but the rest rule took it
    """

    taxa: tuple[str, ...]
    share: np.ndarray
    guild: np.ndarray
    unassigned: np.ndarray
    genus: np.ndarray
    row: np.ndarray
    basis: np.ndarray

    def guild_share(self, guild: str) -> float:
        return float(self.share[self.guild == guild].sum())

    def basis_share(self, basis: str) -> float:
        """Share of abundance known at ``basis`` (species, genus or guild)."""
        return float(self.share[self.basis == basis].sum())


@lru_cache(maxsize=1)
def _taxa() -> pd.DataFrame:
    return knowledge.table("taxa").set_index("id")


@lru_cache(maxsize=1)
def _traits() -> pd.DataFrame:
    table = knowledge.table("traits").set_index("id")
    of = _taxa().reindex(table["taxon_id"])
    table["genus"] = of["genus"].where(of["rank"] != "genus", of["name"]).fillna("").to_numpy()
    table["guild"] = guilds.assign(trait_lineages(table))["guild"].to_numpy()
    table["abundance"] = table["mean_abundance_pct"].fillna(0.0)
    # the mean community was counted by named species; the clade without an isolate is put back
    table.loc[UNCULTURED_BAI, "abundance"] = parameter("uncultured_bai_abundance")
    return table


def traits() -> pd.DataFrame:
    """The trait table, indexed by its id, with ``genus``, ``guild`` and ``abundance`` (%).  Treat as read-only."""
    return _traits()


def trait_lineages(table: pd.DataFrame) -> pd.DataFrame:
    """Lineages (taxa x ranks, as ``Profile.lineages``) of rows of the trait table."""
    of = _taxa().reindex(table["taxon_id"])
    frame = pd.DataFrame("", index=table.index, columns=list(RANKS))
    for rank in ("domain", "phylum", "class", "order", "family", "genus"):
        frame[rank] = of[rank].fillna("").to_numpy()
    named = of["name"].astype(str).str.replace(" ", "_").to_numpy()
    level = of["rank"].to_numpy()
    frame["species"] = np.where(np.isin(level, ["species", "clade", "strain"]), named, "")
    frame["genus"] = np.where(level == "genus", named, frame["genus"])
    return frame


def describe(lineages: pd.DataFrame) -> pd.DataFrame:
    """What the tables know of taxa, whatever the sample: taxa x (guild, unassigned, genus, row, basis)."""
    ranks = lineages.reindex(columns=list(RANKS), fill_value="").fillna("").astype(str)
    return _described(tuple(ranks.itertuples(name=None))).copy()


@lru_cache(maxsize=4)
def _described(rows: tuple[tuple[str, ...], ...]) -> pd.DataFrame:
    """Looking names up is most of the time of a patient; a cohort's samples share their lineages."""
    lineages = pd.DataFrame([row[1:] for row in rows], index=[row[0] for row in rows], columns=list(RANKS))
    resolved = names.resolve(lineages)
    assigned = guilds.assign(lineages)
    table, taxa = traits(), _taxa()
    row_of = dict(zip(table["taxon_id"], table.index, strict=True))
    known = set(table["genus"]) - {""}
    found = []
    for taxon, matched in zip(resolved["taxon_id"], resolved["rank_matched"], strict=True):
        own = str(row_of.get(taxon, "")) if matched == "species" else ""
        genus = ""
        if matched in ("species", "genus"):
            genus = str(taxa.loc[taxon, "genus" if matched == "species" else "name"] or "")
        found.append((genus, own, "species" if own else "genus" if genus in known else "guild"))
    frame = pd.DataFrame(found, index=lineages.index, columns=["genus", "row", "basis"])
    return frame.assign(guild=assigned["guild"], unassigned=assigned["rank"] == guilds.REST_RANK)


def community(abundance: pd.Series, lineages: pd.DataFrame) -> Community:
    """One sample (taxa -> share >= 0) and its lineages (taxa x ranks) -> `Community`.

    Raises InputError when a taxon has no lineage, a share is negative or missing, or nothing is above zero.
    """
    values = pd.to_numeric(abundance, errors="coerce").astype(float)
    problems = []
    for taxon in values.index[(values < 0) | ~np.isfinite(values)]:
        problems.append(
            error(
                "metabolites.share",
                f"share of {taxon} is {abundance[taxon]}",
                "Give shares of 0 or more.",
            )
        )
    for taxon in values.index.difference(lineages.index):
        problems.append(error("metabolites.lineage", f"{taxon} has no lineage", "Read the profile with profile.read."))
    if not problems and not (values > 0).any():
        problems.append(error("metabolites.empty", "no taxon is above zero", "Check the profile: it may be empty."))
    if problems:
        raise InputError(problems)
    present = values[values > 0].sort_values(ascending=False, kind="stable")
    about = describe(lineages).loc[present.index]
    return Community(
        taxa=tuple(str(t) for t in present.index),
        share=(present / present.sum()).to_numpy(),
        guild=about["guild"].to_numpy(dtype=str),
        unassigned=about["unassigned"].to_numpy(dtype=bool),
        genus=about["genus"].to_numpy(dtype=str),
        row=about["row"].to_numpy(dtype=str),
        basis=about["basis"].to_numpy(dtype=str),
    )
