"""Scores that were published as a plain rule and may be used as such, each with its source.

Akkermansia's three classes: absent, present up to 4.799% of the community, above it; in lung cancer under PD-1 blockade
survival was longest in the middle class (Derosa 2022, 10.1038/s41591-021-01655-5).  In the middle, not the top: more is
not better, so the class is a category and its numeric form is 1 in the middle and 0 elsewhere.
Ratios of clades are those of ``community.dysbiosis``, turned so that higher is what was called healthier.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from hepaxis.cohort.community import dysbiosis_indices
from hepaxis.cohort.community.dysbiosis import index_table
from hepaxis.profile.names import complete, genus_spellings

AKKERMANSIA_HIGH = 0.04799  # share above which there is too much (Derosa 2022)
AKKERMANSIA_SOURCE = "10.1038/s41591-021-01655-5"
CLASSES = ("zero", "low", "high")


def akkermansia_classes(abundance: pd.DataFrame, lineages: pd.DataFrame) -> pd.Series:
    """zero, low or high for each sample; all taxa of Akkermansia muciniphila and its GTDB species count together."""
    named = complete(lineages)
    member = named["species"].map(lambda s: "muciniphila" in s) & named["genus"].map(
        lambda g: "Akkermansia" in genus_spellings(g) if g else False
    )
    share = abundance.loc[:, member.to_numpy()].sum(axis=1)
    found = np.where(share <= 0, "zero", np.where(share > AKKERMANSIA_HIGH, "high", "low"))
    return pd.Series(found, index=abundance.index, name="akkermansia")


def published_scores(abundance: pd.DataFrame, lineages: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """samples x scores, higher meaning healthier as published; and score -> source.

    Ratios without an agreed direction are left out, and so are those whose clades the profiler cannot name.
    """
    scores: dict[str, pd.Series] = {}
    sources: dict[str, str] = {}
    classes = akkermansia_classes(abundance, lineages)
    if (classes == "low").any() and (classes != "low").any():
        scores["Akkermansia in the middle class"] = (classes == "low").astype(float)
        sources["Akkermansia in the middle class"] = AKKERMANSIA_SOURCE
    found = dysbiosis_indices(abundance, lineages)
    for row in index_table():
        values = found[row["id"], "log10"]
        if row["worse"] and values.notna().all():
            turn = -1.0 if row["worse"] == "high" else 1.0
            name = f"{row['name']}, {'low' if turn < 0 else 'high'}"
            scores[name] = turn * values
            sources[name] = row["source"]
    return pd.DataFrame(scores, index=abundance.index), sources
