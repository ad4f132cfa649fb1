"""Yield of each fermentation product by each taxon, as a distribution: the second layer of uncertainty.

A species that was cultured has its own measured yields (``yields.csv``).  Another with a trait row has carriage x the
yield of cultured producers in its guild.  A genus has the mean of its trait rows, a taxon known by its guild the
guild's mean, each wider than the last; such taxa are scaled to the carbon recovery of the cultured.  One factor an acid is shared by all taxa, because yields differ more between
media than between species and the colon is one medium.  Carbon recovered never exceeds the sugar's.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from hepaxis.metabolites.carriage import WEIGHT_FLOOR, draw_carriage, expected_carriage
from hepaxis.metabolites.community import Community, traits
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
def _measured(scope: str) -> pd.DataFrame:
    """yields.csv of one scope: name x acid, columns (mean, acid) and (sd, acid)."""
    table = fact_table("yields")
    return table[table["scope"] == scope].pivot(index="name", columns="acid", values=["mean", "sd"])


def guild_yield(guild: str, acid: str) -> float:
    """Mean yield of a guild, mol per mol hexose (``yields.csv``)."""
    return float(_measured("guild").loc[guild, ("mean", acid)])


def _producer(guild: str, acid: str) -> float:
    own = guild_yield(guild, acid)
    return own if own >= NEGLIGIBLE else float(_measured("producer").loc["any", ("mean", acid)])


def _own(row: str, acid: str) -> tuple[float, float] | None:
    """Measured mean and coefficient of variation of a trait row's species; None if it was not cultured."""
    name, table = str(traits().loc[row, "label"]), _measured("species")
    if name not in table.index or not np.isfinite(table.loc[name, ("mean", acid)]):
        return None
    mean, sd = float(table.loc[name, ("mean", acid)]), float(table.loc[name, ("sd", acid)])
    floor = uncertainty("yield", "floor_cv")
    return mean, max(sd / mean, floor) if mean > 0 else floor


@lru_cache(maxsize=8)
def _expected_yield(acid: str) -> pd.Series:
    """Mean yield of every trait row: measured, else carriage x producer."""
    table = traits()
    carried = 1.0 - np.prod([1.0 - expected_carriage(route) for route in _ROUTES[acid]], axis=0)
    if acid == "propionate":
        carried = np.maximum(carried, parameter("propanediol_from_hexose") * expected_carriage(DEOXY_ROUTE))
    values = {}
    for row, share in zip(table.index, carried, strict=True):
        own = _own(row, acid)
        values[row] = own[0] if own else float(share) * _producer(str(table.loc[row, "guild"]), acid)
    return pd.Series(values)


@lru_cache(maxsize=1024)
def _genus_yield(genus: str, acid: str) -> float:
    table = traits()
    inside = table["genus"] == genus
    weight = table["abundance"] + WEIGHT_FLOOR
    return float(np.average(_expected_yield(acid)[inside], weights=weight[inside]))


def _carried(community: Community, acid: str, n: int, rng: np.random.Generator) -> np.ndarray:
    absent = np.ones((n, len(community.taxa)))
    for route in _ROUTES[acid]:
        absent *= 1.0 - draw_carriage(community, route, n, rng)
    carried = 1.0 - absent
    if acid == "propionate":
        carried = np.maximum(carried, parameter("propanediol_from_hexose") * draw_carriage(community, DEOXY_ROUTE, n, rng))
    return carried


def draw_yields(community: Community, n: int, rng: np.random.Generator) -> np.ndarray:
    """Yields, n x taxa x 6 acids (order ``ACIDS``), mol per mol hexose; carbon recovered <= 1 in every draw."""
    taxa = len(community.taxa)
    yields = np.empty((n, taxa, len(ACIDS)))
    common = uncertainty("yield", "common_sd_log")
    measured = np.ones(taxa, dtype=bool)
    for j, acid in enumerate(ACIDS):
        mean, cv, by_trait = np.empty(taxa), np.empty(taxa), np.zeros(taxa, dtype=bool)
        for i, basis in enumerate(community.basis):
            if basis == "species":
                own = _own(community.row[i], acid)
                by_trait[i] = own is None
                mean[i], cv[i] = own or (_producer(community.guild[i], acid), uncertainty("yield", "trait_cv"))
            elif basis == "genus":
                mean[i], cv[i] = _genus_yield(community.genus[i], acid), uncertainty("yield", "genus_cv")
            else:
                mean[i], cv[i] = guild_yield(community.guild[i], acid), uncertainty("yield", "guild_cv")
        drawn = mean * lognormal(cv, (n, taxa), rng)
        drawn = np.where(by_trait, drawn * _carried(community, acid, n, rng), drawn)
        shared = np.exp(common * rng.standard_normal((n, 1)) - common**2 / 2)
        yields[:, :, j] = drawn * shared
        measured &= ~by_trait & (community.basis == "species")
    recovery = yields @ CARBON_OF / HEXOSE_CARBON
    # a taxon without a full culture must still void its electrons: it recovers as much carbon as the cultured do
    expected = np.where(measured, recovery.mean(axis=0), parameter("carbon_recovery"))
    yields *= (expected / np.maximum(recovery.mean(axis=0), 1e-9))[None, :, None]
    recovery = yields @ CARBON_OF / HEXOSE_CARBON
    yields /= np.maximum(recovery, 1.0)[:, :, None]
    return yields
