"""The twelve guilds of a stool community: every taxon goes to exactly one, by ordered rules in a table.

Rules are tried by rank, species before genus before family, order, class and phylum; what no rule fits is 'other' by
the rest rule and is reported as not assigned.  Assumes that a guild is a niche of the model, not a clade: the rules
say why (``guild_rules`` of ``knowledge``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from hepaxis import knowledge
from hepaxis.profile.names import RANKS, complete, genus_spellings, species_spellings

REST_RANK = "any"
#: Ranks of the rules, in the order in which they are tried.
RULE_RANKS = ("species", "genus", "family", "order", "class", "phylum")

GUILDS: tuple[str, ...] = tuple(str(record["id"]) for record in knowledge.records("guilds"))


@lru_cache(maxsize=1)
def _rules() -> dict[str, dict[str, tuple[str, str]]]:
    """rank -> pattern -> (guild, rule id)."""
    found: dict[str, dict[str, tuple[str, str]]] = {}
    for record in sorted(knowledge.records("guild_rules"), key=lambda r: int(str(r["order"]))):
        by_pattern = found.setdefault(str(record["rank"]), {})
        by_pattern.setdefault(str(record["pattern"]), (str(record["guild_id"]), str(record["id"])))
    return found


def assign(lineages: pd.DataFrame) -> pd.DataFrame:
    """Guild of each taxon: columns ``guild``, ``rule_id``, ``rank`` (of the rule; 'any' for the rest rule).

    lineages: taxa x ranks as for ``names.resolve``; missing ranks are completed first.
    """
    frame = complete(lineages)[list(RANKS)]
    rows = [_assign_row(dict(zip(RANKS, row, strict=True))) for row in frame.itertuples(index=False, name=None)]
    return pd.DataFrame(rows, index=lineages.index, columns=["guild", "rule_id", "rank"])


def _assign_row(names: dict[str, str]) -> tuple[str, str, str]:
    rules = _rules()
    for rank in RULE_RANKS:
        if rank == "species":
            spellings = species_spellings(names["species"], names["genus"])
        else:
            spellings = genus_spellings(names[rank]) if names[rank] else ()
        for spelling in spellings:
            if spelling in rules.get(rank, {}):
                guild, rule_id = rules[rank][spelling]
                return guild, rule_id, rank
    guild, rule_id = rules[REST_RANK]["*"]
    return guild, rule_id, REST_RANK


@dataclass(frozen=True)
class GuildShares:
    """Guild shares of samples.

    shares     samples x 12 in the order of GUILDS, rows sum to 1 over what was identified
    other      per sample, abundance that fell to the rest rule (it is part of the guild 'oth')
    assigned   1 - other
    by_taxon   result of ``assign``: guild, rule and rank of each taxon
    """

    shares: pd.DataFrame
    other: pd.Series
    assigned: pd.Series
    by_taxon: pd.DataFrame


def shares(abundance: pd.DataFrame, lineages: pd.DataFrame) -> GuildShares:
    """Guild shares of an abundance table (samples x taxa, not negative; scaled to sum 1 here).

    ValueError if the taxa of the two tables differ or a sample is empty.
    """
    if not abundance.columns.equals(lineages.index):
        raise ValueError("abundance columns and lineage rows are not the same taxa in the same order")
    values = abundance.to_numpy(dtype=float)
    totals = values.sum(axis=1)
    if not (totals > 0).all() or (values < 0).any():
        raise ValueError("abundance must be non-negative, with at least one taxon present in every sample")
    by_taxon = assign(lineages)
    membership = (by_taxon["guild"].to_numpy()[:, None] == np.array(GUILDS)[None, :]).astype(float)
    relative = values / totals[:, None]
    table = pd.DataFrame(relative @ membership, index=abundance.index, columns=list(GUILDS))
    rest = relative @ (by_taxon["rank"] == REST_RANK).to_numpy(dtype=float)
    other = pd.Series(rest, index=abundance.index, name="other")
    return GuildShares(shares=table, other=other, assigned=(1.0 - other).rename("assigned"), by_taxon=by_taxon)
