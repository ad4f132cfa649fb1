"""The one in-memory form of a stool sample, and the steps that led to it.

Every reader hands its table to `assemble`, which returns a `Profile`; nothing downstream knows a file format.
Abundance is relative over what was identified; what a profiler could not place is kept apart as ``unknown``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from hepaxis.problems import Problem

RANKS = ("domain", "phylum", "class", "order", "family", "genus", "species", "strain")

PROFILERS = (
    "metaphlan2",
    "metaphlan3",
    "metaphlan4",
    "gtdb",
    "sylph",
    "ogu",
    "motus",
    "bracken",
    "kraken2",
    "humann",
    "16s",
    "plain",
)


@dataclass(frozen=True)
class Step:
    """One thing done while reading: a sentence, a stable dotted code, and the numbers in the sentence."""

    text: str
    code: str
    counts: dict[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Profile:
    """Stool samples as relative abundance.

    abundance  samples x taxa, float, each row sums to 1 over what was identified; one row a sample id
    lineages   taxa x `RANKS`, text; '' where unknown, rank prefixes stripped, spaces written as '_'
    unknown    samples, fraction 0-1 the profiler could not place; NaN where the format does not report it
    reads      samples, number of reads (or counts) behind the row; NaN where the format does not report it
    format     the reader that took the file (see `formats`)
    profiler   one of `PROFILERS`
    database   the profiler's database where the file names it, else ''
    rank       species, genus or strain (a coarser rank, e.g. family, only with a warning)
    log        what was done, in order
    problems   warnings and infos; a file with errors is never returned
    """

    abundance: pd.DataFrame
    lineages: pd.DataFrame
    unknown: pd.Series
    reads: pd.Series
    format: str
    profiler: str
    database: str
    rank: str
    log: tuple[Step, ...]
    problems: tuple[Problem, ...]

    @property
    def samples(self) -> tuple[str, ...]:
        return tuple(str(s) for s in self.abundance.index)

    @property
    def taxa(self) -> tuple[str, ...]:
        return tuple(str(t) for t in self.abundance.columns)


@dataclass(frozen=True)
class FunctionTable:
    """What the genes can do (HUMAnN): gene families, reactions or pathways.

    total         samples x functions, from the unstratified rows only, in ``unit``
    stratified    samples x (function, species), the same amounts by contributor; not to be added to ``total``
    unmapped      samples, reads that met no gene, in ``unit``; NaN where the file has no such row
    unintegrated  samples, genes in no pathway, in ``unit``; NaN where the file has no such row
    kind          gene_family, reaction or pathway
    unit          RPK, CPM, relab, coverage, counts or unknown
    """

    total: pd.DataFrame
    stratified: pd.DataFrame
    unmapped: pd.Series
    unintegrated: pd.Series
    kind: str
    unit: str
    log: tuple[Step, ...]
    problems: tuple[Problem, ...]
