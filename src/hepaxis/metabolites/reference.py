"""The reference community: what a capacity is compared with.

Guild shares are the medians of the profiler family's reference cohort (``profile.reference``: treated cancer cohorts,
not healthy people); inside a guild stand the species of the mean healthy western adult (trait table).  Profilers find
very different shares of some guilds in the same stool, so the bai share is put on the scale its half-saturation was
set on (``bai_reference.csv``).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from hepaxis.metabolites.community import GUILDS, Community, community, trait_lineages, traits
from hepaxis.metabolites.facts import fact_table, parameter
from hepaxis.profile.reference import reference

UNLISTED = "unlisted"


@lru_cache(maxsize=16)
def reference_family(profiler: str) -> str:
    """Profiler family whose reference cohort stands behind ``profiler``."""
    return reference(profiler).family


@lru_cache(maxsize=16)
def reference_community(family: str) -> Community:
    """Reference community of a profiler family."""
    table = traits()
    lineages, abundance = trait_lineages(table), table["abundance"].copy()
    lineages.loc[UNLISTED] = ""
    abundance[UNLISTED] = parameter("unlisted_abundance")
    guild = table["guild"].reindex(abundance.index).fillna("oth")
    median = reference(family).quantiles[50].reindex(list(GUILDS))
    share = abundance / abundance.groupby(guild).transform("sum").replace(0.0, np.nan) * guild.map(median)
    return community(share.fillna(0.0) / share.sum(), lineages)


@lru_cache(maxsize=16)
def bai_scale(profiler: str) -> float:
    """Factor that puts a profiler's bai share on the scale of ``bai_half_share``."""
    own = fact_table("bai_reference").set_index("profiler")["median_share"]
    name = profiler.lower()
    share = float(own[name]) if name in own.index else float(reference(name).quantiles[50]["bai"])
    return parameter("bai_calibration_share") / share


def bai_blind(profiler: str) -> bool:
    """Whether the profiler's database misses the uncultured clade that carries most bai genes."""
    table = fact_table("bai_reference").set_index("profiler")["blind"]
    return bool(table.get(profiler.lower(), 0))
