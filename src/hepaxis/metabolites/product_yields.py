"""Yield of each fermentation product by each taxon, as a distribution: the second layer of uncertainty.

A species that was cultured has its own measured yields (``yields.csv``).  Another with a trait row has carriage x the
yield of cultured producers in its guild.  A genus has the mean of its trait rows, a taxon known by its guild the
guild's mean, each wider than the last; such taxa are scaled to the carbon recovery of the cultured.  One factor an acid
is shared by all taxa, because yields differ more between media than between species and the colon is one medium.
Carbon recovered never exceeds the sugar's.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from hepaxis.metabolites.carriage import WEIGHT_FLOOR, draw_carriage, expected_carriage, names_of
from hepaxis.metabolites.community import GUILDS, Community, traits
from hepaxis.metabolites.facts import ACIDS, CARBON, HEXOSE_CARBON, fact_table, parameter, uncertainty
from hepaxis.metabolites.residuals import lognormal

CARBON_OF = np.array([CARBON[acid] for acid in ACIDS])
NEGLIGIBLE = 0.05  # mol/mol hexose: a guild's mean below this says nothing of a producer in it

_ROUTES = {
    "acetate": ("acetate",),
    "propionate": ("propionate_succinate_pathway",),
    "butyrate": ("butyrate_but", "butyrate_buk"),
    "lactate": ("lactate_production",),
    "succinate": ("succinate_production",),
    "formate": ("formate",),
}
DEOXY_ROUTE = "propionate_propanediol_pathway"


@lru_cache(maxsize=4)
def _measured(scope: str) -> dict[tuple[str, str], tuple[float, float]]:
    """yields.csv of one scope: (name, acid) -> mean, sd."""
    table = fact_table("yields")
    table = table[table["scope"] == scope]
    columns = (table[column].to_list() for column in ("name", "acid", "mean", "sd"))
    return {(str(name), str(acid)): (float(mean), float(sd)) for name, acid, mean, sd in zip(*columns, strict=True)}


def guild_yield(guild: str, acid: str) -> float:
    """Mean yield of a guild, mol per mol hexose (``yields.csv``)."""
    return _measured("guild")[guild, acid][0]


def _producer(guild: str, acid: str) -> float:
    own = guild_yield(guild, acid)
    return own if own >= NEGLIGIBLE else _measured("producer")["any", acid][0]


def _own(label: str, acid: str) -> tuple[float, float] | None:
    """Measured mean and coefficient of variation of a species; None if it was not cultured."""
    found = _measured("species").get((label, acid))
    if found is None:
        return None
    mean, sd = found
    floor = uncertainty("yield", "floor_cv")
    return mean, max(sd / mean, floor) if mean > 0 else floor


@lru_cache(maxsize=8)
def _known(acid: str) -> dict[tuple[str, str], tuple[float, float, bool]]:
    """(basis, name) -> mean yield, coefficient of variation, whether carriage still multiplies it."""
    table = traits()
    carried = 1.0 - np.prod([1.0 - expected_carriage(route) for route in _ROUTES[acid]], axis=0)
    if acid == "propionate":
        carried = np.maximum(carried, parameter("propanediol_from_hexose") * expected_carriage(DEOXY_ROUTE))
    known: dict[tuple[str, str], tuple[float, float, bool]] = {}
    mean = pd.Series(0.0, index=table.index)
    squared = pd.Series(0.0, index=table.index)
    by_trait = uncertainty("yield", "trait_cv")
    for row, label, guild, share in zip(table.index, table["label"], table["guild"], carried, strict=True):
        own = _own(str(label), acid)
        known["species", str(row)] = (*own, False) if own else (_producer(str(guild), acid), by_trait, True)
        squared[row] = known["species", str(row)][1] ** 2
        mean[row] = own[0] if own else float(share) * _producer(str(guild), acid)
    weight = table["abundance"] + WEIGHT_FLOOR
    parts = pd.DataFrame({"mean": mean * weight, "squared": squared * weight, "weight": weight})
    summed = parts.groupby(table["genus"]).sum().div(parts.groupby(table["genus"])["weight"].sum(), axis=0)
    by_genus, by_guild = uncertainty("yield", "genus_cv"), uncertainty("yield", "guild_cv")
    for genus, value, within in zip(summed.index, summed["mean"], summed["squared"], strict=True):
        known["genus", str(genus)] = (
            float(value),
            float(np.sqrt(within + by_genus**2)),
            False,
        )  # within + between species
    for guild in GUILDS:
        known["guild", guild] = guild_yield(guild, acid), by_guild, False
    return known


def _carried(community: Community, acid: str, n: int, rng: np.random.Generator) -> np.ndarray:
    absent = np.ones((n, len(community.taxa)))
    for route in _ROUTES[acid]:
        absent *= 1.0 - draw_carriage(community, route, n, rng)
    carried = 1.0 - absent
    if acid == "propionate":
        deoxy = draw_carriage(community, DEOXY_ROUTE, n, rng)
        carried = np.maximum(carried, parameter("propanediol_from_hexose") * deoxy)
    return carried


def draw_yields(community: Community, n: int, rng: np.random.Generator) -> np.ndarray:
    """Yields, n x taxa x 6 acids (order ``ACIDS``), mol per mol hexose; carbon recovered <= 1 in every draw."""
    taxa = len(community.taxa)
    yields = np.empty((n, taxa, len(ACIDS)))
    common = uncertainty("yield", "common_sd_log")
    measured = np.ones(taxa, dtype=bool)
    names = names_of(community)
    for j, acid in enumerate(ACIDS):
        known = _known(acid)
        found = np.array([known[name] for name in names])
        mean, cv, by_trait = found[:, 0], found[:, 1], found[:, 2] > 0
        drawn = mean * lognormal(cv, (n, taxa), rng)
        drawn = np.where(by_trait, drawn * _carried(community, acid, n, rng), drawn)
        shared = np.exp(common * rng.standard_normal((n, 1)) - common**2 / 2)
        yields[:, :, j] = drawn * shared
        measured &= ~by_trait & (community.basis == "species")
    recovery = yields @ CARBON_OF / HEXOSE_CARBON
    # a taxon without a full culture must still void its electrons: it recovers as much carbon as the cultured do
    expected = np.where(measured, recovery.mean(axis=0), parameter("carbon_recovery"))
    scale = np.minimum(expected / np.maximum(recovery.mean(axis=0), 1e-9), parameter("carbon_scale_max"))
    yields *= scale[None, :, None]
    recovery = yields @ CARBON_OF / HEXOSE_CARBON
    yields /= np.maximum(recovery, 1.0)[:, :, None]
    return yields
