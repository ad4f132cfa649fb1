"""A plain wide table, either way round: samples x taxa or taxa x samples, names bare or full lineages, with or
without patient columns in between.  Spreadsheet damage (row names lost) is named.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from hepaxis.problems import InputError, error, warning
from hepaxis.profile import columns as cols
from hepaxis.profile import lineage as lin
from hepaxis.profile.assemble import Draft
from hepaxis.profile.formats import Format
from hepaxis.profile.grid import Grid, is_number, numbers, read_grid
from hepaxis.profile.record import Step
from hepaxis.profile.source import Source
from hepaxis.profile.taxonomy import given

_UNKNOWN_NAMES = frozenset({"unclassified", "unknown", "unassigned", "unmapped", "__"})
_GTDB_SUFFIX = re.compile(r"p__\w+_[A-Z](?:[;|]|$)")


def read(source: Source, found: Format, taxonomy: Path | None = None) -> Draft:
    """Plain table -> Draft; ``taxonomy`` completes bare names.

    Raises InputError when taxon names are lost or cells are no abundance.
    """
    grid = read_grid(source)
    if grid.header is None and found.taxa_in == "columns":
        raise InputError([error("profile.no_header", "there is no header row", "add one", file=source.name)])
    draft = _by_columns(grid, source) if found.taxa_in == "columns" else _by_rows(grid, source)
    names = [str(x) for x in draft.amounts.index]
    if taxonomy is not None:
        _complete(draft, names, taxonomy)
    draft.profiler = profiler_of(names, draft.lineages)
    draft.log.insert(
        0,
        Step(
            f"Read as a plain table with taxa in the {found.taxa_in or 'rows'}: {len(names)} taxa, "
            f"{draft.amounts.shape[1]} samples.",
            "profile.orientation",
            {"taxa": len(names), "samples": draft.amounts.shape[1]},
        ),
    )
    return draft


def _complete(draft: Draft, names: list[str], taxonomy: Path) -> None:
    """Lineages of a taxonomy file in place of bare names it knows; the others stay as parsed."""
    known = given(taxonomy)
    draft.lineages = [known.get(n, own) for n, own in zip(names, draft.lineages, strict=True)]
    hits = sum(n in known for n in names)
    draft.log.append(
        Step(f"Taxonomy given: {hits} of {len(names)} names completed.", "profile.taxonomy", {"named": hits})
    )


def profiler_of(names: list[str], lineages: list[lin.Lineage]) -> str:
    """The profiler family that a table's names speak of; plain where they do not say."""
    text = "\n".join(names[:4000])
    if "GGB" in text or re.search(r"SGB\d+", text):
        return "metaphlan4"
    if "d__" in text and _GTDB_SUFFIX.search(text):
        return "gtdb"
    if "D_0__" in text:
        return "16s"
    unprefixed = sum(";" in n and "__" not in n for n in names)
    named = sum(bool(x[6]) for x in lineages)
    if unprefixed > len(names) / 2 and named < len(names) / 2:
        return "16s"
    return "plain"


def _by_rows(grid: Grid, source: Source) -> Draft:
    width = grid.body.shape[1]
    names = grid.names
    numeric = [_numeric(grid, c) for c in range(width)]
    header = list(grid.header) if grid.header else ["", *(f"sample_{i}" for i in range(1, width))]
    if _running_numbers(names):
        raise InputError(
            [
                error(
                    "profile.taxon_names_lost",
                    "the first column holds running numbers where taxon names should be",
                    "write the table again with its row names",
                    file=source.name,
                    column=header[0],
                )
            ]
        )
    columns = [c for c in range(1, width) if numeric[c]]
    left = [header[c] or f"column {c + 1}" for c in range(1, width) if not numeric[c]]
    # one stray word in a sample column is a fault of the sample, not a column of notes
    bad = [c for c in range(1, width) if not numeric[c] and _mostly_numeric(grid, c)]
    columns = sorted({*columns, *bad})
    if not columns:
        raise InputError([error("profile.no_samples", "no column holds numbers", "give abundances", file=source.name)])
    labels = [header[c].strip() or f"column_{c + 1}" for c in columns]
    values = numbers(grid, columns, labels)
    values.columns, values.index = pd.Index(labels), pd.Index(names)
    draft = _drafted(source, values)
    notes = [x for x in left if x not in labels]
    if notes:
        draft.log.append(Step(f"Columns without numbers were left out: {_list(notes)}.", "profile.columns_left_out"))
    return draft


def _by_columns(grid: Grid, source: Source) -> Draft:
    header = [h.strip() for h in grid.header or ()]
    width = grid.body.shape[1]
    numeric = [_numeric(grid, c) or _mostly_numeric(grid, c) for c in range(width)]
    draft_problems = []
    ids, first = grid.names, 1
    if lin.looks_like_taxon(header[0]) and numeric[0] and not _whole_ids(ids):
        ids, first = [f"row_{i + 1}" for i in range(len(ids))], 0
    if first == 0 or _running_numbers(ids):
        draft_problems.append(
            warning(
                "profile.row_names_lost",
                "sample names are missing; rows were numbered in file order",
                "write the table again with its row names, or samples cannot be matched to patients",
                file=source.name,
                column=header[0],
            )
        )
    ids = [x or f"row_{i + 1}" for i, x in enumerate(ids)]
    taxa, other = cols.split(header[first:], numeric[first:])
    taxa, other = [t + first for t in taxa], [o + first for o in other]
    if not taxa:
        raise InputError(
            [error("profile.no_taxa", "no numeric column names a taxon", "give an abundance table", file=source.name)]
        )
    values = numbers(grid, taxa, [header[t] for t in taxa]).T
    values.index, values.columns = pd.Index([header[t] for t in taxa]), pd.Index(ids)
    draft = _drafted(source, values)
    draft.problems.extend(draft_problems)
    if other:
        named = [header[o] or f"column {o + 1}" for o in other]
        draft.log.append(
            Step(
                f"{len(other)} columns are not taxa and were left out: {_list(named)}.",
                "profile.columns_left_out",
                {"columns": len(other)},
            )
        )
        draft.problems.append(
            warning(
                "profile.not_taxon_columns",
                f"{len(other)} columns are not taxa and were left out ({_list(named)})",
                "nothing to do if these are patient or sample fields; rename a column if it is a taxon",
                file=source.name,
            )
        )
    return draft


def _drafted(source: Source, values: pd.DataFrame) -> Draft:
    lowered = values.index.str.lower().str.strip()
    hit = np.asarray(lowered.isin(_UNKNOWN_NAMES))
    kept = values[~hit]
    return Draft(
        file=source.name,
        format="plain",
        profiler="plain",
        amounts=kept,
        lineages=[lin.parse(str(n)) for n in kept.index],
        unknown=values[hit].sum() if hit.any() else None,
    )


def _numeric(grid: Grid, column: int) -> bool:
    return grid.body[column].dtype.kind in "iuf" or all(is_number(str(x)) for x in grid.body[column].dropna())


def _mostly_numeric(grid: Grid, column: int) -> bool:
    cells = grid.body[column].dropna().astype(str)
    return len(cells) > 0 and float(cells.map(is_number).mean()) > 0.5


def _running_numbers(names: list[str]) -> bool:
    if len(names) < 3:
        return False
    start = {"0": 0, "1": 1}.get(names[0])
    return start is not None and names == [str(i + start) for i in range(len(names))]


def _whole_ids(names: list[str]) -> bool:
    return all(re.fullmatch(r"[A-Za-z0-9_-]+", n) for n in names) and len(set(names)) == len(names)


def _list(names: list[str], shown: int = 8) -> str:
    return ", ".join(names[:shown]) + (f" and {len(names) - shown} more" if len(names) > shown else "")
