"""Who carries a trait, as a distribution: the first layer of uncertainty.

The trait table says 1, 0, ``v`` (strain-dependent), ``u`` (unknown) or ``c`` (net consumer of acetate).  Each becomes
a Beta: narrow for 1 and 0, flat for ``v``, the guild's own rate with little weight for ``u``.  A taxon known by its
genus gets the mean over the genus's rows, one known by its guild the guild's rate, each wider than the last
(``uncertainty.csv``, layer trait).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from hepaxis.metabolites.community import GUILDS, Community, traits
from hepaxis.metabolites.facts import uncertainty

WEIGHT_FLOOR = 0.01  # % of the mean community: a rare row still counts a little in a mean over rows
DOCUMENTED = "_documented"  # such a column lists what was shown: there unknown means not shown, not a base rate
RATE_FLOOR = 0.005  # a rate of exactly 0 or 1 is no Beta mean; half of the table's zero


@lru_cache(maxsize=64)
def _expected(trait: str) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Per trait row: mean and concentration of the Beta; per guild: base rate, by mean abundance."""
    table = traits()
    value = table[trait].astype(str)
    if trait.endswith(DOCUMENTED):
        value = value.replace("u", "0")
    weight = table["abundance"] + WEIGHT_FLOOR
    mean = value.map({
        "1": uncertainty("trait", "one_mean"), "0": uncertainty("trait", "zero_mean"),
        "v": uncertainty("trait", "variable_mean"), "c": uncertainty("trait", "consumer_share"),
    })
    concentration = value.map({
        "1": uncertainty("trait", "one_concentration"), "0": uncertainty("trait", "zero_concentration"),
        "v": uncertainty("trait", "variable_concentration"), "c": uncertainty("trait", "variable_concentration"),
    }).fillna(uncertainty("trait", "unknown_concentration"))
    said = mean.notna()
    overall = float(np.average(mean[said], weights=weight[said])) if said.any() else RATE_FLOOR
    rates = {}
    for guild in GUILDS:
        inside = said & (table["guild"] == guild)
        rates[guild] = float(np.average(mean[inside], weights=weight[inside])) if inside.any() else overall
    rate = pd.Series(rates).clip(RATE_FLOOR, 1 - RATE_FLOOR)
    mean = mean.fillna(table["guild"].map(rate)).clip(RATE_FLOOR, 1 - RATE_FLOOR)
    return mean, concentration, rate


def expected_carriage(trait: str) -> pd.Series:
    """Mean carriage of ``trait`` by every row of the trait table."""
    return _expected(trait)[0]


@lru_cache(maxsize=512)
def _genus_mean(trait: str, genus: str) -> float:
    table = traits()
    mean, _, _ = _expected(trait)
    inside = table["genus"] == genus
    weight = table["abundance"] + WEIGHT_FLOOR
    return float(np.average(mean[inside], weights=weight[inside]))


def beta_parameters(community: Community, trait: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean and concentration (a + b) of each taxon's carriage of ``trait``; both taxa long."""
    mean, concentration, rate = _expected(trait)
    by_genus, by_guild = uncertainty("trait", "genus_concentration"), uncertainty("trait", "guild_concentration")
    means, weights = np.empty(len(community.taxa)), np.empty(len(community.taxa))
    for i, basis in enumerate(community.basis):
        if basis == "species":
            means[i], weights[i] = mean[community.row[i]], concentration[community.row[i]]
        elif basis == "genus":
            means[i], weights[i] = _genus_mean(trait, community.genus[i]), by_genus
        else:
            means[i], weights[i] = rate[community.guild[i]], by_guild
    return means, weights


def draw_carriage(community: Community, trait: str, n: int, rng: np.random.Generator) -> np.ndarray:
    """Carriage of ``trait`` by each taxon, n x taxa, 0-1."""
    mean, concentration = beta_parameters(community, trait)
    return rng.beta(mean * concentration, (1 - mean) * concentration, size=(n, mean.size))


@lru_cache(maxsize=128)
def guild_carriage(trait: str, guild: str) -> float:
    """Mean carriage of a trait in a guild of the mean healthy community (trait table, by abundance)."""
    table = traits()
    inside = table["guild"] == guild
    if not inside.any():
        return float(_expected(trait)[2][guild])
    return float(np.average(expected_carriage(trait)[inside], weights=table["abundance"][inside] + WEIGHT_FLOOR))


def relative_carriage(
    carriage: np.ndarray, community: Community, trait: str, within: tuple[str, ...]
) -> np.ndarray:
    """Carriage (n x taxa) in the guilds ``within`` against what their shares hold in the mean healthy community.

    n long; 1 where none of the guilds is present.  The model multiplies it with the guilds' shares.
    """
    inside = np.isin(community.guild, within)
    if not inside.any():
        return np.ones(carriage.shape[0])
    expected = sum(guild_carriage(trait, guild) * community.guild_share(guild) for guild in within)
    return carriage[:, inside] @ community.share[inside] / expected
