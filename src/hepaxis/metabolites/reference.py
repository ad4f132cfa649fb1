"""The reference community: what a capacity is compared with.

The mean healthy western adult of the trait table (mean abundance by species); a community of the same profiler is
taken instead where ``hepaxis.profile`` ships one.
"""

from __future__ import annotations

from functools import lru_cache

from hepaxis import profile
from hepaxis.metabolites.community import Community, community, trait_lineages, traits
from hepaxis.metabolites.facts import parameter

UNLISTED = "unlisted"


@lru_cache(maxsize=16)
def reference_community(profiler: str) -> Community:
    """Reference community for profiles of ``profiler``."""
    shipped = getattr(profile, "reference_community", None)
    if shipped is not None:
        found = shipped(profiler)
        if found is not None:
            return community(*found)
    table = traits()
    lineages, abundance = trait_lineages(table), table["abundance"].copy()
    lineages.loc[UNLISTED] = ""
    abundance[UNLISTED] = parameter("unlisted_abundance")
    return community(abundance / abundance.sum(), lineages)
