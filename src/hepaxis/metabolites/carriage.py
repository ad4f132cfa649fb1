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
def _rows(trait: str) -> pd.DataFrame:
    """Per trait row: mean and concentration of the Beta."""
    table = traits()
    value = table[trait].astype(str)
    if trait.endswith(DOCUMENTED):
        value = value.replace("u", "0")
    mean = value.map(
        {
            "1": uncertainty("trait", "one_mean"),
            "0": uncertainty("trait", "zero_mean"),
            "v": uncertainty("trait", "variable_mean"),
            "c": uncertainty("trait", "consumer_share"),
        }
    )
    concentration = value.map(
        {
            "1": uncertainty("trait", "one_concentration"),
            "0": uncertainty("trait", "zero_concentration"),
            "v": uncertainty("trait", "variable_concentration"),
            "c": uncertainty("trait", "variable_concentration"),
        }
    ).fillna(uncertainty("trait", "unknown_concentration"))
    frame = pd.DataFrame({"mean": mean, "concentration": concentration, "said": mean.notna()})
    frame["mean"] = frame["mean"].fillna(table["guild"].map(_base_rates(mean)))
    frame["mean"] = frame["mean"].clip(RATE_FLOOR, 1 - RATE_FLOOR)
    return frame


def _base_rates(mean: pd.Series) -> pd.Series:
    """Guild -> mean of the rows that say something, by abundance; the mean over all rows for a guild with none."""
    table = traits()
    said, weight = mean.notna(), table["abundance"] + WEIGHT_FLOOR
    overall = float(np.average(mean[said], weights=weight[said])) if said.any() else RATE_FLOOR
    rates = {}
    for guild in GUILDS:
        inside = said & (table["guild"] == guild)
        rates[guild] = float(np.average(mean[inside], weights=weight[inside])) if inside.any() else overall
    return pd.Series(rates).clip(RATE_FLOOR, 1 - RATE_FLOOR)


def expected_carriage(trait: str) -> pd.Series:
    """Mean carriage of ``trait`` by every row of the trait table."""
    return _rows(trait)["mean"]


@lru_cache(maxsize=64)
def _known(trait: str) -> dict[tuple[str, str], tuple[float, float]]:
    """(basis, name) -> mean and concentration: name is a trait row, a genus or a guild."""
    rows, table = _rows(trait), traits()
    known = {
        ("species", str(row)): (float(mean), float(weight))
        for row, mean, weight in zip(rows.index, rows["mean"], rows["concentration"], strict=True)
    }
    weight = table["abundance"] + WEIGHT_FLOOR
    summed = pd.DataFrame({"mean": rows["mean"] * weight, "weight": weight}).groupby(table["genus"]).sum()
    by_genus, by_guild = uncertainty("trait", "genus_concentration"), uncertainty("trait", "guild_concentration")
    for genus, total in zip(summed.index, summed["mean"] / summed["weight"], strict=True):
        known["genus", str(genus)] = float(total), by_genus
    for guild, rate in _base_rates(rows["mean"].where(rows["said"])).items():
        known["guild", str(guild)] = float(rate), by_guild
    return known


def names_of(community: Community) -> list[tuple[str, str]]:
    """Under which (basis, name) each taxon is known: its trait row, its genus or its guild."""
    by_basis = {"species": community.row, "genus": community.genus, "guild": community.guild}
    return [(str(basis), str(by_basis[basis][i])) for i, basis in enumerate(community.basis)]


def beta_parameters(community: Community, trait: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean and concentration (a + b) of each taxon's carriage of ``trait``; both taxa long."""
    known = _known(trait)
    pairs = np.array([known[name] for name in names_of(community)])
    return pairs[:, 0], pairs[:, 1]


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
        return _known(trait)["guild", guild][0]
    return float(np.average(expected_carriage(trait)[inside], weights=table["abundance"][inside] + WEIGHT_FLOOR))


def relative_carriage(carriage: np.ndarray, community: Community, trait: str, within: tuple[str, ...]) -> np.ndarray:
    """Carriage (n x taxa) in the guilds ``within`` against what their shares hold in the mean healthy community.

    n long; 1 where none of the guilds is present.  The model multiplies it with the guilds' shares.
    """
    inside = np.isin(community.guild, within)
    if not inside.any():
        return np.ones(carriage.shape[0])
    expected = sum(guild_carriage(trait, guild) * community.guild_share(guild) for guild in within)
    return carriage[:, inside] @ community.share[inside] / expected
