"""Which row of which clinical table belongs to which sample: by id, split at ';', through the person where need be.

Rows of several tables for one sample are laid over each other, the first table given going first; where two tables say
opposite things of one person's response, that is a conflict between sources and is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hepaxis.cohort.clinical import Clinical
from hepaxis.problems import Problem, error, info, warning

SHOWN = 5


@dataclass(frozen=True)
class Link:
    """rows: sample -> row of the table; runs: sample id -> profile samples that one row joins; problems."""

    rows: pd.Series
    runs: dict[str, list[str]]
    problems: tuple[Problem, ...]
    column: str = ""


def link(clinical: Clinical, samples: Sequence[str], column: str | None = None) -> Link:
    """Rows of one table to samples, over the column (``column``, else the one that meets most samples)."""
    there = set(samples)
    columns = [column] if column in clinical.raw.columns else list(clinical.raw.columns)
    best = max(columns, key=lambda c: _hits(clinical.raw[c], there), default="")
    if not best or not _hits(clinical.raw[best], there):
        return Link(pd.Series(dtype=int), {}, ())
    file = clinical.table.file
    problems: list[Problem] = [*_no_header(clinical, best, there)]
    owner: dict[str, int] = {}
    runs: dict[str, list[str]] = {}
    lost: list[tuple[int, str]] = []
    for row, cell in clinical.raw[best].items():
        parts = [part.strip() for part in cell.split(";")] if isinstance(cell, str) else []
        found = [part for part in parts if part in there]
        if not found:
            lost.append((int(str(row)), str(cell)))
            continue
        if found[0] in owner:
            problems += _repeated(clinical, best, found[0], owner[found[0]], int(str(row)))
            continue
        owner[found[0]] = int(str(row))
        if len(found) > 1:
            runs[found[0]] = found
    if lost:
        shown = ", ".join(name for _, name in lost[:SHOWN])
        text = f"{len(lost)} of {len(clinical.raw)} rows have no sample in the profiles: {shown}"
        problems.append(warning("cohort.orphan_row", text, "they are left out", file=file, row=lost[0][0], column=best))
    return Link(pd.Series(owner, dtype=int), runs, tuple(problems), best)


def _no_header(clinical: Clinical, column: str, there: set[str]) -> list[Problem]:
    if column not in there:
        return []
    text = f"the first row holds sample {column} where the names of columns belong"
    hint = "move the header to the first row; it may stand further down"
    return [error("cohort.no_header", text, hint, file=clinical.table.file, row=1)]


def link_by_person(clinical: Clinical, subject: pd.Series) -> Link:
    """Rows of a table of persons to the samples of those persons."""
    people = set(subject.dropna())
    best = max(clinical.raw.columns, key=lambda c: _hits(clinical.raw[c], people), default="")
    if not best or not _hits(clinical.raw[best], people):
        text = f"no row of {clinical.name} names a sample or a person of the others"
        hint = "name the column that does (sample=...), or leave the table out"
        return Link(pd.Series(dtype=int), {}, (error("cohort.no_match", text, hint, file=clinical.table.file),))
    rows: dict[str, int] = {}
    problems: list[Problem] = []
    for row, cell in clinical.raw[best].dropna().items():
        if cell in rows:
            problems += _repeated(clinical, best, str(cell), rows[cell], int(str(row)))
        rows.setdefault(str(cell), int(str(row)))
    owner = {str(sample): rows[person] for sample, person in subject.items() if person in rows}
    problems.append(
        info("cohort.by_person", f"rows were joined to samples through '{best}'", "", file=clinical.table.file)
    )
    return Link(pd.Series(owner, dtype=int), {}, tuple(problems), best)


def _hits(cells: pd.Series, there: set[str]) -> int:
    parts = {part.strip() for cell in cells if isinstance(cell, str) for part in cell.split(";")}
    return len(parts & there)


def _repeated(clinical: Clinical, column: str, name: str, first: int, second: int) -> list[Problem]:
    a, b = clinical.raw.loc[first], clinical.raw.loc[second]
    differ = [str(c) for c in clinical.raw.columns if not (a[c] == b[c] or (pd.isna(a[c]) and pd.isna(b[c])))]
    if not differ:
        text = f"'{name}' has two identical rows ({first} and {second}); one was kept"
        return [warning("cohort.duplicate_id", text, "remove one", file=clinical.table.file, row=second, column=column)]
    text = f"'{name}' has two rows ({first} and {second}) with conflicting {', '.join(differ[:4])}"
    hint = "keep the right one"
    return [error("cohort.duplicate_id", text, hint, file=clinical.table.file, row=second, column=column)]


def overlay(parts: Sequence[tuple[pd.DataFrame, Link]], samples: pd.Index) -> pd.DataFrame:
    """Tables laid over each other by sample, the first that knows a cell going first."""
    whole: pd.DataFrame | None = None
    for frame, found in parts:
        here = frame.loc[found.rows.to_numpy()].set_axis(found.rows.index).reindex(samples)
        if whole is None:
            whole = here
            continue
        new = [c for c in here.columns if c not in whole.columns]
        shared = [c for c in here.columns if c in whole.columns]
        whole = pd.concat([whole, here[new]], axis=1)
        if shared:
            whole[shared] = whole[shared].where(whole[shared].notna(), here[shared])
    return pd.DataFrame(index=samples) if whole is None else whole


def opposed(responses: Sequence[tuple[Clinical, pd.Series]]) -> list[Problem]:
    """Samples that two tables label in opposite ways; ``responses`` pairs a table with its labels by sample."""
    problems = []
    for n, (one, first) in enumerate(responses):
        for other, second in responses[n + 1 :]:
            both = first.index.intersection(second.index)
            a, b = first[both], second[both]
            known = a.notna() & b.notna()
            unlike = list(both[known & (a != b)])
            if unlike:
                text = (
                    f"{len(unlike)} of {int(known.sum())} samples are labelled the other way in {other.name}: "
                    + ", ".join(map(str, unlike[:SHOWN]))
                )
                hint = f"check both against the paper; if accepted, {one.name} goes first"
                problems.append(error("cohort.label_conflict", text, hint, file=one.table.file))
    return problems


def reach(found: Sequence[Link], samples: pd.Index) -> list[Problem]:
    """Samples without a row in any table."""
    reached = set().union(*[set(one.rows.index) for one in found]) if found else set()
    extra = [str(s) for s in samples if s not in reached]
    if not extra:
        return []
    text = f"{len(extra)} of {len(samples)} samples have no row in any clinical table: {', '.join(extra[:SHOWN])}"
    return [warning("cohort.orphan_sample", text, "they are left out")]


def missing_series(index: pd.Index) -> pd.Series:
    return pd.Series(np.nan, index=index, dtype=object)
