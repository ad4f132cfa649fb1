"""Ratios of clades used as dysbiosis indices in liver disease, by the table ``dysbiosis.csv``.

A ratio is carried as log10 with half the smallest share of the table in place of zero, and as the plain ratio.  Clades
are found under their old and new names and without GTDB's suffixes; how much of a sample the clades cover is said, and
an index whose clades a profiler cannot name is NaN, not zero.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib.resources import files

import numpy as np
import pandas as pd

from hepaxis.cohort.community.distances import half_smallest
from hepaxis.profile.names import complete, genus_spellings

MIN_COVERAGE = 0.05
"""Median share of abundance in the clades of an index below which it says nothing; a choice."""


@lru_cache(maxsize=1)
def index_table() -> tuple[dict[str, str], ...]:
    """Rows of ``dysbiosis.csv``: id, name, numerator, denominator, worse (high, low or '' where disputed), source."""
    text = files("hepaxis.cohort.community").joinpath("dysbiosis.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def dysbiosis_indices(abundance: pd.DataFrame, lineages: pd.DataFrame) -> pd.DataFrame:
    """samples x (index, part): ``ratio`` (inf or NaN where a side is 0), ``log10`` and ``coverage`` for each index."""
    full = complete(lineages)
    values = abundance.to_numpy(dtype=float)
    values = values / values.sum(axis=1, keepdims=True)
    floor = half_smallest(values)
    found: dict[tuple[str, str], np.ndarray] = {}
    for row in index_table():
        top = values[:, _members(full, row["numerator"])].sum(axis=1)
        bottom = values[:, _members(full, row["denominator"])].sum(axis=1)
        covered = top + bottom
        named = float(np.median(covered)) >= MIN_COVERAGE
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = top / bottom
        found[row["id"], "ratio"] = ratio if named else np.full(len(values), np.nan)
        logs = np.log10(np.maximum(top, floor)) - np.log10(np.maximum(bottom, floor))
        found[row["id"], "log10"] = logs if named else np.full(len(values), np.nan)
        found[row["id"], "coverage"] = covered
    out = pd.DataFrame(found, index=abundance.index)
    out.columns = pd.MultiIndex.from_tuples(list(found), names=["index", "part"])
    return out


def _members(lineages: pd.DataFrame, clades: str) -> np.ndarray:
    member = np.zeros(len(lineages), dtype=bool)
    for clade in clades.split(";"):
        rank, name = clade.split(":")
        member |= np.array([bool(cell) and name in genus_spellings(cell) for cell in lineages[rank]])
    return np.asarray(member, dtype=bool)
