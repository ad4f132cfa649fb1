"""What can differ between patients: taxa at a rank, guilds, capacities of this project, functions.

Taxa, guilds and functions are parts of a whole and are compared as such; a capacity is an amount of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from hepaxis.cohort.record import Cohort
from hepaxis.metabolites import capacities
from hepaxis.problems import InputError, error
from hepaxis.profile.guilds import shares as guild_shares
from hepaxis.profile.lineage import unique_labels
from hepaxis.profile.names import complete
from hepaxis.profile.record import RANKS, FunctionTable

Kind = Literal["taxa", "guilds", "capacities", "functions"]
CAPACITY_DRAWS = 200
"""Draws behind a capacity's median; its spread within a person is not error of the comparison between people."""


@dataclass(frozen=True)
class FeatureTable:
    """values: samples x features, not negative (shares, or amounts for capacities); ``counts`` whole numbers where
    known; ``compositional``: whether the features are parts of a whole; ``kind`` and ``rank`` say what they are."""

    values: pd.DataFrame
    counts: pd.DataFrame | None
    kind: str
    compositional: bool
    rank: str = ""


def features(
    cohort: Cohort,
    kind: Kind = "taxa",
    *,
    rank: str | None = None,
    functions: FunctionTable | None = None,
    seed: int = 0,
) -> FeatureTable:
    """Features of a cohort's samples.

    rank       for taxa: sum to this rank (genus ...); taxa without a name there keep their lowest one
    functions  for functions: the table of ``profile.read_functions``; samples are matched by id, none may be missing
    seed       for capacities

    InputError for a sample without functions or an unknown rank.
    """
    if kind == "guilds":
        found = guild_shares(cohort.abundance, cohort.lineages)
        return FeatureTable(found.shares, None, kind, True)
    if kind == "capacities":
        return FeatureTable(_capacities(cohort, seed), None, kind, False)
    if kind == "functions":
        if functions is None:
            raise InputError([error("cohort.functions", "no function table was given", "give read_functions(path)")])
        lost = [s for s in cohort.samples if s not in functions.total.index]
        if lost:
            text = f"{len(lost)} samples have no functions, e.g. {lost[0]}"
            raise InputError([error("cohort.functions", text, "take the samples that have them first")])
        table = functions.total.loc[list(cohort.samples)]
        return FeatureTable(table.div(table.sum(axis=1), axis=0), None, kind, True)
    if rank is None:
        return FeatureTable(cohort.abundance, cohort.counts, kind, True)
    return _at_rank(cohort, rank)


def _at_rank(cohort: Cohort, rank: str) -> FeatureTable:
    if rank not in RANKS:
        raise InputError([error("cohort.rank", f"there is no rank '{rank}'", "give one of " + ", ".join(RANKS))])
    full = complete(cohort.lineages)
    full = full.assign(**dict.fromkeys(RANKS[RANKS.index(rank) + 1 :], ""))
    keys = [tuple(map(str, row)) for row in full.itertuples(index=False, name=None)]
    first = {key: n for n, key in enumerate(dict.fromkeys(keys))}
    member = np.zeros((len(keys), len(first)))
    member[np.arange(len(keys)), [first[key] for key in keys]] = 1.0
    names = unique_labels(list(first))  # type: ignore[arg-type]

    def summed(table: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame(table.to_numpy(dtype=float) @ member, index=table.index, columns=names)

    return FeatureTable(
        summed(cohort.abundance), None if cohort.counts is None else summed(cohort.counts), "taxa", True, rank
    )


def _capacities(cohort: Cohort, seed: int) -> pd.DataFrame:
    rows = {}
    for sample in cohort.abundance.index:
        profiler = str(cohort.profiler[sample]).split(" ")[0]
        found = capacities(
            cohort.abundance.loc[sample], cohort.lineages, profiler=profiler, n=CAPACITY_DRAWS, seed=seed
        )
        known = found.summary[found.summary["status"] != "unknown"]
        rows[sample] = known["median"]
    return pd.DataFrame.from_dict(rows, orient="index").dropna(axis=1)
