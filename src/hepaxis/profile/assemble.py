"""From a reader's draft (taxa x samples, in the file's units) to a `Profile`: the one place where scale, stacked
ranks, duplicates, empty samples and the unknown fraction are settled, so that every format is treated alike.

Order (it matters, and is logged in this order): leaves -> rows that are no gut microbe -> lineages merged ->
duplicate samples -> scale and totals -> empty or absurd samples -> relative abundance.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from hepaxis.problems import InputError, Problem, error, warning
from hepaxis.profile import lineage as lin
from hepaxis.profile import scale as scales
from hepaxis.profile.lineage import Lineage
from hepaxis.profile.reagents import reagent_warning
from hepaxis.profile.record import RANKS, Profile, Step

LEAF_SUM_TOLERANCE = 0.02
"""Relative gap allowed between a parent row and the sum of its leaves; profilers round to 5 digits.  A choice."""

NAMED_SPECIES_SHARE = 0.5
"""Share of abundance that must carry a species name for a profile to count as one of species.  A choice."""

LOW_IDENTIFIED = 0.5
"""Below this share placed, a profile widens the priors downstream (design/model.md, first version)."""


MAX_DEPTH = 16
"""Separators a lineage may hold to be cut into its ancestors; real ones have 7.  Keeps garbled names cheap."""


@dataclass
class Draft:
    """What a reader found.  ``amounts``: taxa x samples, the file's units, rows labelled as in the file (labels may
    repeat); ``lineages`` one a row; ``unknown`` per sample in the same units, or None where the format has none."""

    file: str
    format: str
    profiler: str
    amounts: pd.DataFrame
    lineages: list[Lineage]
    unknown: pd.Series | None = None
    reads: pd.Series | None = None
    database: str = ""
    merge_strains: bool = False
    log: list[Step] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def finish(draft: Draft, *, sample: str | None = None) -> Profile:
    """Draft -> Profile.  Raises InputError where no usable sample or taxon is left."""
    if not draft.lineages:
        raise InputError(
            [
                *draft.problems,
                error(
                    "profile.nothing_identified",
                    "no taxon was identified: the whole community is unclassified",
                    "check the reads and the database of the profiler",
                    file=draft.file,
                ),
            ]
        )
    values, rows, keep = draft.amounts.to_numpy(dtype=float), draft.lineages, np.ones(len(draft.lineages), dtype=bool)
    samples = [str(s) for s in draft.amounts.columns]
    values = _fill_missing(draft, values)
    names = [str(x) for x in draft.amounts.index]
    keep &= _drop_repeated_rows(draft, names, values)
    keep &= _leaves(draft, names, values, keep)
    unknown = None if draft.unknown is None else np.nan_to_num(draft.unknown.to_numpy(dtype=float).copy())
    if draft.merge_strains:
        rows = [(*x[:7], "") if x[6] else x for x in rows]
    keep, unknown = _not_gut_microbes(draft, rows, values, keep, unknown)
    table, lineages = _merge(draft, [rows[i] for i in np.flatnonzero(keep)], values[keep])
    reads = None if draft.reads is None else draft.reads.to_numpy(dtype=float)
    kept = _samples_once(draft, samples, table, unknown)
    scale = scales.find(table, unknown)
    usable = scales.report(draft, samples, scale, kept)
    if sample is not None:
        usable = _only(draft, samples, usable, sample)
    if not usable.any():
        raise InputError(
            [
                *[p for p in draft.problems if p.code != "profile.scale"],
                error(
                    "profile.no_sample", "no usable sample is left", "see the other entries for why", file=draft.file
                ),
            ]
        )
    return _profile(draft, samples, usable, table, lineages, unknown, reads, scale)


def _fill_missing(draft: Draft, values: np.ndarray) -> np.ndarray:
    missing = int(np.isnan(values).sum())
    if missing:
        draft.problems.append(
            warning(
                "profile.missing_cells",
                f"{missing} cells are empty or NA and were read as 0",
                "write 0 for an absent taxon, or leave out a sample that was not measured",
                file=draft.file,
            )
        )
    return np.nan_to_num(values, nan=0.0)


def _drop_repeated_rows(draft: Draft, names: list[str], values: np.ndarray) -> np.ndarray:
    """A taxon row given twice to the digit is kept once; one given twice with other values is summed, and said."""
    keep = np.ones(len(names), dtype=bool)
    index = pd.Index(names)
    if index.is_unique or draft.format in {"motus", "kraken2", "bracken"}:
        return keep
    same, other = [], []
    for name in index[index.duplicated()].unique():
        at = np.flatnonzero(index == name)
        if np.all(values[at] == values[at[0]]):
            keep[at[1:]] = False
            same.append(str(name))
        else:
            other.append(str(name))
    if same:
        draft.problems.append(
            warning(
                "profile.duplicate_taxon_identical",
                f"{len(same)} taxa are listed twice with the same values, e.g. {same[0]}; one copy was kept",
                "remove the second copy",
                file=draft.file,
            )
        )
    if other:
        draft.problems.append(
            warning(
                "profile.duplicate_taxon",
                f"{len(other)} taxa are listed more than once with different values, e.g. {other[0]}; they were summed",
                "check whether two tables were joined, or clades renamed to one name",
                file=draft.file,
            )
        )
    return keep


def _leaves(draft: Draft, names: list[str], values: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Only rows without a row below them, where a file stacks all ranks."""
    separator = "|" if any("|" in n for n in names) else ";"
    # every ancestor, not only the direct one: tables are often filtered to some ranks
    parents = {n[:i] for n in names if 0 < n.count(separator) <= MAX_DEPTH for i, c in enumerate(n) if c == separator}
    parents |= {p.rstrip() for p in parents}
    leaf = np.array([n not in parents for n in names], dtype=bool)
    inner = int((~leaf & keep).sum())
    if not inner:
        return leaf
    draft.log.append(
        Step(
            f"Ranks are stacked: {inner} rows of higher ranks were left out, {int((leaf & keep).sum())} leaves kept.",
            "profile.ranks_stacked",
            {"inner": inner, "leaves": int((leaf & keep).sum())},
        )
    )
    tops = np.array([separator not in n for n in names], dtype=bool) & keep & ~leaf
    whole, placed = values[tops].sum(axis=0), values[leaf & keep].sum(axis=0)
    if tops.any() and (gap := np.abs(whole - placed) > LEAF_SUM_TOLERANCE * np.maximum(whole, 1e-12)).any():
        at = int(np.argmax(np.abs(whole - placed)))
        draft.problems.append(
            warning(
                "profile.leaves_do_not_add_up",
                f"in {int(gap.sum())} samples the leaves do not add up to the top rows "
                f"(largest: {placed[at]:.4g} against {whole[at]:.4g})",
                "rows may have been filtered out or renamed; prefer the profiler's own file",
                file=draft.file,
            )
        )
    return leaf


def _not_gut_microbes(
    draft: Draft, rows: list[Lineage], values: np.ndarray, keep: np.ndarray, unknown: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Viruses, the host and organelles leave the table; rows that name nothing join the unknown fraction."""
    amount = values[keep].sum() or 1.0
    groups = {
        "virus": np.array([x[0].lower().startswith("vir") for x in rows], dtype=bool),
        "host": np.array([x[6].lower() == "homo_sapiens" or x[5].lower() == "homo" for x in rows], dtype=bool),
        "organelle": np.array(
            [x[3].lower() == "chloroplast" or x[4].lower() == "mitochondria" for x in rows], dtype=bool
        ),
    }
    for name, rule in groups.items():
        hit = rule & keep
        if hit.any():
            share = values[hit].sum() / amount
            draft.log.append(
                Step(
                    f"{int(hit.sum())} {name} rows ({share:.2%} of what is in the table) were left out.",
                    f"profile.dropped_{name}",
                    {"rows": int(hit.sum()), "share": float(share)},
                )
            )
            keep = keep & ~hit
    nameless = np.array([not any(x[1:]) for x in rows], dtype=bool) & keep
    if nameless.any():
        share = values[nameless].sum() / amount
        unknown = values[nameless].sum(axis=0) + (0.0 if unknown is None else unknown)
        keep = keep & ~nameless
        draft.log.append(
            Step(
                f"{int(nameless.sum())} rows that name nothing below the domain ({share:.2%}) were counted as unknown.",
                "profile.unnamed_to_unknown",
                {"rows": int(nameless.sum()), "share": float(share)},
            )
        )
    if not keep.any():
        raise InputError(
            [
                *draft.problems,
                error(
                    "profile.no_taxa",
                    "no row names a gut microbe",
                    "give a taxonomic profile; for ASV or MAG ids give the taxonomy file too (--taxonomy)",
                    file=draft.file,
                ),
            ]
        )
    return keep, unknown


def _merge(draft: Draft, rows: list[Lineage], values: np.ndarray) -> tuple[np.ndarray, pd.DataFrame]:
    """Rows of one lineage summed; returns samples x taxa and the lineages, in order of first appearance."""
    first: dict[Lineage, int] = {}
    codes = np.fromiter((first.setdefault(x, len(first)) for x in rows), dtype=int, count=len(rows))
    summed = np.zeros((len(first), values.shape[1]))
    np.add.at(summed, codes, values)
    if len(first) < len(rows):
        draft.log.append(
            Step(
                f"{len(rows)} rows were merged into {len(first)} taxa with the same lineage.",
                "profile.merged",
                {"rows": len(rows), "taxa": len(first)},
            )
        )
    present = summed.sum(axis=1) > 0
    if present.any() and not present.all():
        draft.log.append(
            Step(
                f"{int((~present).sum())} taxa are zero in every sample and were left out.",
                "profile.absent_taxa",
                {"taxa": int((~present).sum())},
            )
        )
        summed = summed[present]
    else:
        present[:] = True
    lineages = [x for x, here in zip(first, present, strict=True) if here]
    return summed.T, lin.frame(lineages, lin.unique_labels(lineages))


def _samples_once(draft: Draft, samples: list[str], table: np.ndarray, unknown: np.ndarray | None) -> np.ndarray:
    """Sample ids given twice: identical copies are kept once; conflicting ones all go, none can be trusted."""
    keep = np.ones(len(samples), dtype=bool)
    index = pd.Index(samples)
    if index.is_unique:
        return keep
    full = table if unknown is None else np.column_stack([table, unknown])
    same, conflict = [], []
    for name in index[index.duplicated()].unique():
        at = np.flatnonzero(index == name)
        if np.array_equal(full[at], np.broadcast_to(full[at[0]], full[at].shape)):
            keep[at[1:]] = False
            same.append(str(name))
        else:
            keep[at] = False
            conflict.append(str(name))
    if same:
        draft.problems.append(
            warning(
                "profile.duplicate_sample_identical",
                f"{len(same)} sample ids are there twice with the same values ({_some(same)}); one copy was kept",
                "remove the copy",
                file=draft.file,
            )
        )
    if conflict:
        draft.problems.append(
            warning(
                "profile.duplicate_sample_conflict",
                f"{len(conflict)} sample ids are there more than once with different values ({_some(conflict)}); "
                "all their rows were left out",
                "find out which row is the right one and remove the others",
                file=draft.file,
            )
        )
    return keep


def _some(names: list[str], shown: int = 5) -> str:
    return ", ".join(names[:shown]) + (f" and {len(names) - shown} more" if len(names) > shown else "")


def _only(draft: Draft, samples: list[str], usable: np.ndarray, sample: str) -> np.ndarray:
    there = np.array([s == sample for s in samples])
    if not there.any():
        raise InputError(
            [
                *draft.problems,
                error(
                    "profile.sample_not_found",
                    f"there is no sample '{sample}'; the file has {_some(samples)}",
                    "give one of these with --sample",
                    file=draft.file,
                ),
            ]
        )
    if not (there & usable).any():
        raise InputError(
            [
                *draft.problems,
                error(
                    "profile.sample_unusable",
                    f"sample '{sample}' cannot be used",
                    "see the other entries for why",
                    file=draft.file,
                ),
            ]
        )
    return there & usable


def _profile(
    draft: Draft,
    samples: list[str],
    usable: np.ndarray,
    table: np.ndarray,
    lineages: pd.DataFrame,
    unknown: np.ndarray | None,
    reads: np.ndarray | None,
    scale: scales.Scale,
) -> Profile:
    index = pd.Index([s for s, ok in zip(samples, usable, strict=True) if ok], name="sample")
    chosen = table[usable]
    abundance = pd.DataFrame(
        chosen / chosen.sum(axis=1, keepdims=True), index=index, columns=lineages.index, dtype=float
    )
    nan = np.full(len(index), np.nan)
    fraction = nan if unknown is None else unknown[usable] / scale.whole(unknown)[usable]
    if reads is None:
        counted = np.where(scale.kinds[usable] == scales.COUNTS, scale.totals[usable], np.nan)
    else:
        counted = reads[usable]
    profile = Profile(
        abundance=abundance,
        lineages=lineages,
        unknown=pd.Series(np.clip(fraction, 0.0, 1.0), index=index, name="unknown"),
        reads=pd.Series(counted, index=index, name="reads"),
        format=draft.format,
        profiler=draft.profiler,
        database=draft.database,
        rank=_rank(draft, lineages, chosen),
        log=tuple(draft.log),
        problems=(),
    )
    extra = [*_unknown_warning(draft, profile), *reagent_warning(draft.file, profile)]
    return Profile(**{**profile.__dict__, "problems": (*draft.problems, *extra)})


def _rank(draft: Draft, lineages: pd.DataFrame, values: np.ndarray) -> str:
    weights = values.sum(axis=0) / max(values.sum(), 1e-300)
    filled = {r: float(weights[lineages[r].to_numpy() != ""].sum()) for r in RANKS}
    if filled["strain"] >= NAMED_SPECIES_SHARE:
        return "strain"
    if filled["species"] >= NAMED_SPECIES_SHARE:
        return "species"
    if filled["genus"] >= NAMED_SPECIES_SHARE:
        return "genus"
    rank = next((r for r in reversed(RANKS[:5]) if filled[r] >= NAMED_SPECIES_SHARE), "domain")
    draft.problems.append(
        warning(
            "profile.coarse_rank",
            f"most of the abundance is named only to the rank of {rank}",
            "give a species or genus table; guilds cannot be told apart at this rank",
            file=draft.file,
        )
    )
    return rank


def _unknown_warning(draft: Draft, profile: Profile) -> list[Problem]:
    high = profile.unknown > 1 - LOW_IDENTIFIED
    if not high.any():
        return []
    return [
        warning(
            "profile.mostly_unknown",
            f"in {int(high.sum())} of {len(high)} samples more than half of the community has no name "
            f"(highest {profile.unknown.max():.1%})",
            "shares are of what was identified; read them with wider intervals",
            file=draft.file,
        )
    ]
