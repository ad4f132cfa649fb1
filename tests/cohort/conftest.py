"""Data of the reference values: read as the R script that made them reads them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def reference(shared) -> pd.Series:
    """Values computed by R 4.2.2, vegan 2.6-4 and survival 3.5-3, by key."""
    table = pd.read_csv(shared("data/r_reference_values/reference_values.csv"))
    return table.set_index("key")["value"].astype(float)


@pytest.fixture(scope="session")
def cirrhosis(shared) -> tuple[pd.DataFrame, pd.Series]:
    """Qin 2014: relative abundance (232 x 542) and group, 'n' or 'cirrhosis'."""
    folder = shared("data/cirrhosis_qin2014")
    table = pd.read_csv(folder / "abundance.tsv", sep="\t", header=None, index_col=0).T.astype(float)
    table.index = pd.Index([f"sample_{n + 1}" for n in range(len(table))], name="sample")
    labels = [line.strip() for line in (folder / "labels.txt").read_text().splitlines()]
    return table.div(table.sum(axis=1), axis=0), pd.Series(labels, index=table.index, name="group")


@pytest.fixture(scope="session")
def liver_16s(shared) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Waschina 2022: counts of the 117 faecal samples of the R script and their covariates."""
    folder = shared("data/hcc_16s_waschina2022")
    counts = pd.read_csv(folder / "asv_tab.tsv.gz", sep="\t", index_col=0).T
    samples = pd.read_csv(folder / "samples_16S_DNA.csv")
    samples = samples[samples["Sample_type"] == "faeces"]
    samples = samples.set_index(samples["sample"].astype(str))
    samples["age"] = pd.to_numeric(samples["age"], errors="coerce")
    counts = counts.loc[samples.index]
    deep = counts.sum(axis=1) >= 5000
    whole = samples[["age", "sex", "underlying_condition", "Condition"]].notna().all(axis=1)
    counts, samples = counts[deep & whole], samples[deep & whole]
    return counts.loc[:, counts.sum() > 0], samples


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20261201)
