"""Several profile files as one table: the same lineage is the same taxon, and different profilers meet at species.

Names of one profiler are kept as they are.  Where files come from different profilers their taxa are summed by the
name that ``profile.resolve`` gives them (species, else genus), and what keeps its own name is said.  Runs of one
clinical row are averaged by their reads.  Counts are restored only where every file held whole numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from hepaxis import knowledge
from hepaxis import profile as rooms
from hepaxis.problems import InputError, Problem, error, has_errors, info, warning
from hepaxis.profile.lineage import Lineage, unique_labels
from hepaxis.profile.names import complete, resolve
from hepaxis.profile.record import RANKS, Profile, Step

WHOLE = 1e-6
"""Counts rebuilt from shares and totals may differ from whole numbers by this, relative: double precision."""


@dataclass(frozen=True)
class Merged:
    """All samples of all files: tables as in ``Cohort``; ``origin`` names the file or study key of each sample."""

    abundance: pd.DataFrame
    lineages: pd.DataFrame
    counts: pd.DataFrame | None
    unknown: pd.Series
    reads: pd.Series
    profiler: pd.Series
    origin: pd.Series
    log: tuple[Step, ...]
    problems: tuple[Problem, ...]


Source = str | Path | Profile


def named_sources(profiles: Source | Sequence[Source] | Mapping[str, Source]) -> dict[str, Source]:
    """Name -> source: the caller's keys, else the files' names."""
    if isinstance(profiles, Mapping):
        return {str(key): source for key, source in profiles.items()}
    listed = [profiles] if isinstance(profiles, str | Path | Profile) else list(profiles)
    names = [
        Path(s).name.split(".")[0] if not isinstance(s, Profile) else f"profile {n + 1}" for n, s in enumerate(listed)
    ]
    repeated = {name for name in names if names.count(name) > 1}
    return {
        f"{name} {n + 1}" if name in repeated else name: s
        for n, (name, s) in enumerate(zip(names, listed, strict=True))
    }


def merge(
    profiles: Source | Sequence[Source] | Mapping[str, Source],
    taxonomy: str | Path | None = None,
    rank: str | None = None,
) -> Merged:
    """Read and merge.  ``rank`` sums taxa to that rank (species, genus, family ...); None keeps the profilers' own.

    InputError with the problems of every file when one cannot be read, or when a sample is in two files.
    """
    read: dict[str, Profile] = {}
    problems: list[Problem] = []
    for name, source in named_sources(profiles).items():
        try:
            read[name] = source if isinstance(source, Profile) else _read(source, taxonomy)
        except InputError as fault:
            problems += fault.problems
    if not read and not problems:
        problems.append(error("cohort.no_profile", "no profile was given", "give at least one abundance table"))
    problems += _sample_in_two_files(read)
    if has_errors(problems):
        raise InputError(problems)
    problems += [p for one in read.values() for p in one.problems]
    log: list[Step] = []
    profilers = {one.profiler for one in read.values()}
    tables = {name: _keyed(one, rank, len(profilers) > 1, log, problems) for name, one in read.items()}
    keys: list[Lineage] = list(dict.fromkeys(k for table, _ in tables.values() for k in table.columns.to_list()))  # type: ignore[misc]
    lineages = pd.DataFrame(keys, columns=list(RANKS), index=pd.Index(unique_labels(keys), name="taxon"))
    abundance = pd.concat([table.reindex(columns=keys, fill_value=0.0) for table, _ in tables.values()])
    abundance.columns = lineages.index
    abundance.index.name = "sample"
    counts = None
    if all(count is not None for _, count in tables.values()):
        counts = pd.concat([c.reindex(columns=keys, fill_value=0.0) for _, c in tables.values() if c is not None])
        counts.columns, counts.index.name = lineages.index, "sample"
    index = abundance.index
    labels = [f"{one.profiler} {one.database}".strip() for one in read.values() for _ in one.samples]
    origin = [name for name, one in read.items() for _ in one.samples]
    log.insert(
        0, Step(f"{len(index)} samples of {len(read)} files with {len(lineages)} taxa were read.", "cohort.read")
    )
    return Merged(
        abundance=abundance,
        lineages=lineages,
        counts=counts,
        unknown=pd.concat([one.unknown for one in read.values()]).set_axis(index).astype(float),
        reads=pd.concat([one.reads for one in read.values()]).set_axis(index).astype(float),
        profiler=pd.Series(labels, index=index, dtype=object),
        origin=pd.Series(origin, index=index, dtype=object),
        log=tuple(log),
        problems=(*problems, *_identical(abundance)),
    )


def _read(source: str | Path, taxonomy: str | Path | None) -> Profile:
    return rooms.read(source) if taxonomy is None else rooms.read(source, taxonomy=taxonomy)


def _sample_in_two_files(read: Mapping[str, Profile]) -> list[Problem]:
    where: dict[str, list[str]] = {}
    for name, one in read.items():
        for sample in one.samples:
            where.setdefault(sample, []).append(name)
    twice = {sample: names for sample, names in where.items() if len(names) > 1}
    if not twice:
        return []
    first, names = next(iter(twice.items()))
    found = f"{len(twice)} samples are in more than one profile file, e.g. {first} in {' and '.join(names)}"
    return [
        error("cohort.sample_in_two_files", found, "keep each sample in one file, or give unlike samples unlike ids")
    ]


def _keyed(
    one: Profile, rank: str | None, several: bool, log: list[Step], problems: list[Problem]
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Shares and counts with lineage tuples as columns."""
    lineages = one.lineages[list(RANKS)]
    if several:
        lineages = _common_names(one, lineages, problems)
    if rank is not None:
        if rank not in RANKS:
            raise InputError([error("cohort.rank", f"there is no rank '{rank}'", "give one of " + ", ".join(RANKS))])
        lineages = complete(lineages)
        lineages = lineages.assign(**dict.fromkeys(RANKS[RANKS.index(rank) + 1 :], ""))
    keys = [tuple(map(str, row)) for row in lineages.itertuples(index=False, name=None)]
    first: dict[tuple[str, ...], int] = {}
    codes = np.fromiter((first.setdefault(key, len(first)) for key in keys), dtype=int, count=len(keys))
    membership = np.zeros((len(keys), len(first)))
    membership[np.arange(len(keys)), codes] = 1.0
    columns = pd.Index(list(first), tupleize_cols=False)
    shares = pd.DataFrame(one.abundance.to_numpy(dtype=float) @ membership, index=one.abundance.index, columns=columns)
    if len(first) < len(keys):
        what = f"to {rank}" if rank else "by common names"
        log.append(Step(f"{len(keys)} taxa of {one.profiler} were summed {what} into {len(first)}.", "cohort.summed"))
    return shares, _counts(one, shares)


def _common_names(one: Profile, lineages: pd.DataFrame, problems: list[Problem]) -> pd.DataFrame:
    """Taxa under one spelling: the id that a name resolves to, at species or at genus where there is no species."""
    found = resolve(lineages)
    full = complete(lineages)
    exact = found["rank_matched"].eq("species").to_numpy()
    rows = []
    for row, taxon, hit in zip(full.itertuples(index=False, name=None), found["taxon_id"], exact, strict=True):
        name = str(knowledge.row("taxa", str(taxon))["name"]).replace(" ", "_") if hit else str(row[6])
        rows.append(("", "", "", "", "", "" if name else str(row[5]), name, "") if name or row[5] else row)
    share = float(one.abundance.to_numpy()[:, exact].sum() / len(one.abundance))
    problems.append(
        info(
            "cohort.name_coverage",
            f"{int(exact.sum())} of {len(exact)} taxa of {one.profiler} ({share:.0%} of abundance) have a common name",
            "the others meet another profiler's only where both write them alike",
        )
    )
    return complete(pd.DataFrame(rows, index=lineages.index, columns=list(RANKS)))


def _counts(one: Profile, shares: pd.DataFrame) -> pd.DataFrame | None:
    """Whole numbers behind the shares, where the file held them."""
    for whole in (one.reads, one.reads * (1.0 - one.unknown.fillna(0.0))):
        raw = shares.to_numpy() * whole.to_numpy(dtype=float)[:, None]
        if np.isfinite(raw).all() and np.all(np.abs(raw - np.round(raw)) <= WHOLE * np.maximum(raw, 1.0)):
            return pd.DataFrame(np.round(raw), index=shares.index, columns=shares.columns)
    return None


def _identical(abundance: pd.DataFrame) -> list[Problem]:
    """Samples with the same community to the last digit under unlike ids: one sample counted twice."""
    groups: dict[bytes, list[str]] = {}
    values = abundance.to_numpy()
    for sample, row in zip(abundance.index, values, strict=True):
        if np.count_nonzero(row) > 1:
            groups.setdefault(row.tobytes(), []).append(str(sample))
    same = [names for names in groups.values() if len(names) > 1]
    if not same:
        return []
    found = f"{len(same)} groups of samples hold the same community to the last digit, e.g. {', '.join(same[0][:4])}"
    hint = "find out whether one sample was deposited under several ids; they would count as several people"
    return [warning("cohort.identical_samples", found, hint)]


def average_runs(merged: Merged, runs: Mapping[str, list[str]]) -> Merged:
    """Runs of one row as one sample: shares weighted by reads (alike where unknown), counts summed."""
    joined = {name: parts for name, parts in runs.items() if len(parts) > 1}
    if not joined:
        return merged
    gone = {part for parts in joined.values() for part in parts}
    kept = [s for s in merged.abundance.index if s not in gone]
    weight = merged.reads.where(merged.reads.notna(), 1.0)

    def mean(table: pd.DataFrame) -> pd.DataFrame:
        rows = {name: np.average(table.loc[p], axis=0, weights=weight.loc[p]) for name, p in joined.items()}
        return pd.concat([table.loc[kept], pd.DataFrame.from_dict(rows, orient="index", columns=table.columns)])

    def first(values: pd.Series) -> pd.Series:
        return pd.concat([values.loc[kept], pd.Series({name: values.loc[p[0]] for name, p in joined.items()})])

    counts = merged.counts
    if counts is not None:
        sums = pd.DataFrame.from_dict({n: counts.loc[p].sum() for n, p in joined.items()}, orient="index")
        counts = pd.concat([counts.loc[kept], sums])
    text = f"{len(gone)} runs were averaged into the {len(joined)} samples that the clinical table joins them to."
    return Merged(
        abundance=mean(merged.abundance),
        lineages=merged.lineages,
        counts=counts,
        unknown=mean(merged.unknown.to_frame())["unknown"].rename("unknown"),
        reads=pd.concat(
            [merged.reads.loc[kept], pd.Series({n: merged.reads.loc[p].sum(min_count=1) for n, p in joined.items()})]
        ),
        profiler=first(merged.profiler),
        origin=first(merged.origin),
        log=(*merged.log, Step(text, "cohort.runs_averaged", {"runs": len(gone), "samples": len(joined)})),
        problems=merged.problems,
    )
