"""Small stools of named species, and readers for the public data these tests are held against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hepaxis.metabolites.community import Community, community

RANKS = ("domain", "phylum", "class", "order", "family", "genus", "species", "strain")
GTDB = {"d": "domain", "p": "phylum", "c": "class", "o": "order", "f": "family", "g": "genus", "s": "species"}

HEALTHY = {
    "Faecalibacterium prausnitzii": 0.10, "Agathobacter rectalis": 0.06, "Anaerostipes hadrus": 0.02,
    "Phocaeicola vulgatus": 0.12, "Bacteroides uniformis": 0.08, "Bacteroides thetaiotaomicron": 0.06,
    "Bifidobacterium longum": 0.05, "Bifidobacterium adolescentis": 0.05, "Akkermansia muciniphila": 0.02,
    "Blautia wexlerae": 0.06, "Blautia obeum": 0.04, "Ruminococcus bromii": 0.05, "Dialister invisus": 0.02,
    "Phascolarctobacterium faecium": 0.01, "Oscillibacter": 0.04, "Flavonifractor plautii": 0.01,
    "Clostridium scindens": 0.01, "Mediterraneibacter gnavus": 0.01, "Escherichia coli": 0.01,
    "Streptococcus salivarius": 0.01, "Collinsella aerofaciens": 0.04, "Dorea longicatena": 0.05,
    "Segatella copri": 0.08,
}  # fmt: skip


def named(names: list[str]) -> pd.DataFrame:
    """Lineages of bare names: 'Genus species' or 'Genus'."""
    rows = []
    for name in names:
        words = name.replace("[", "").replace("]", "").split()
        rows.append({"genus": words[0], "species": "_".join(words) if len(words) > 1 else ""})
    return pd.DataFrame(rows, index=names, columns=list(RANKS)).fillna("")


def stool_of(shares: Mapping[str, float]) -> tuple[pd.Series, pd.DataFrame]:
    return pd.Series(dict(shares), dtype=float), named(list(shares))


@pytest.fixture
def healthy() -> dict[str, float]:
    return dict(HEALTHY)


@pytest.fixture(scope="session")
def stool() -> Callable[[Mapping[str, float]], tuple[pd.Series, pd.DataFrame]]:
    """Species -> share, as (abundance, lineages)."""
    return stool_of


@pytest.fixture(scope="session")
def gut() -> Callable[[Mapping[str, float]], Community]:
    """Species -> share, as a `Community`."""
    return lambda shares: community(*stool_of(shares))


@pytest.fixture(scope="session")
def communities() -> Callable[[pd.DataFrame, pd.DataFrame], dict[str, Community]]:
    """Samples x taxa and lineages -> sample -> `Community`."""

    def build(abundance: pd.DataFrame, lineages: pd.DataFrame) -> dict[str, Community]:
        return {str(i): community(row, lineages) for i, row in abundance.iterrows()}

    return build


@pytest.fixture(scope="session")
def lineages_of() -> Callable[[list[str]], pd.DataFrame]:
    return named


@pytest.fixture(scope="session")
def genus_cohort(
    shared: Callable[[str], Path],
) -> Callable[[str], tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]]:
    """Folder of shared data -> (abundance, lineages, metabolites, metadata), samples in the same order."""

    def read(folder: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        at = shared(f"data/{folder}")
        abundance = pd.read_csv(at / "genus_relative_abundance.csv", index_col=0)
        lineage = pd.read_csv(at / "genus_lineage_gtdb.csv", index_col=0)["lineage"]
        rows = []
        for taxon in abundance.columns:
            parts = [part.split("__", 1) for part in lineage[taxon].split(";") if "__" in part]
            rows.append({GTDB[key]: value for key, value in parts})
        lineages = pd.DataFrame(rows, index=abundance.columns, columns=list(RANKS)).fillna("")
        measured = pd.read_csv(at / "metabolites.csv", index_col=0)
        samples = measured.index
        return abundance.loc[samples], lineages, measured, pd.read_csv(at / "metadata.csv", index_col=0).loc[samples]

    return read


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)
