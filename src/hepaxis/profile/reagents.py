"""Samples that look like reagents: genera of water, kits and skin that outweigh the gut's in low-biomass material.

The genera are those reported from blank extractions (tables/reagent_genera.csv, with source).  Blood and liver
samples, or failed stool extractions, show them in front.  The sample is kept and the warning says so.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

import pandas as pd

from hepaxis.problems import Problem, warning
from hepaxis.profile.record import Profile

REAGENT_SHARE = 0.2
"""Share of reagent genera above which a sample is named.  A choice: far above stool, below typical blood and tissue."""


@cache
def reagent_genera() -> frozenset[str]:
    text = resources.files("hepaxis.profile").joinpath("tables/reagent_genera.csv")
    with text.open(encoding="utf-8") as handle:
        return frozenset(pd.read_csv(handle)["genus"])


def reagent_share(profile: Profile) -> pd.Series:
    """samples -> share of abundance in genera known from blank extractions, 0-1."""
    genus = profile.lineages["genus"].str.replace(r"_[A-Z]{1,2}$", "", regex=True)
    mask = genus.isin(reagent_genera()).to_numpy()
    return pd.Series(profile.abundance.to_numpy()[:, mask].sum(axis=1), index=profile.abundance.index, name="reagent")


def reagent_warning(file: str, profile: Profile) -> list[Problem]:
    share = reagent_share(profile)
    high = share[share > REAGENT_SHARE].sort_values(ascending=False)
    if high.empty:
        return []
    named = ", ".join(f"{s}: {v:.0%}" for s, v in high.iloc[:5].items())
    more = f" and {len(high) - 5} more" if len(high) > 5 else ""
    return [
        warning(
            "profile.low_biomass",
            f"{len(high)} of {len(share)} samples are made up of genera known from reagents and water ({named}{more})",
            "blood, tissue or a failed extraction is no stool profile; check blanks and the sample type",
            file=file,
        )
    ]
