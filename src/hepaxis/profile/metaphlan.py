"""MetaPhlAn 2, 3 and 4, single or merged: one row a clade, ranks joined with '|', all ranks stacked.

Version 2 tables may have no header; 3 and 4 carry ``NCBI_tax_id`` (or ``clade_taxid``) as second column and
UNKNOWN / UNCLASSIFIED as first row; 4 ends in ``t__SGB``.  Rows are keyed on the clade, never on the tax id: the
six Prevotella copri clades share one (taxprofiler/taxpasta#140).  Formats: MetaPhlAn 4 wiki, "Output files".
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from hepaxis.problems import InputError, error, info, warning
from hepaxis.profile import lineage as lin
from hepaxis.profile.assemble import Draft
from hepaxis.profile.grid import Grid, is_number, numbers, read_grid
from hepaxis.profile.record import Step
from hepaxis.profile.source import Source

_DATABASE = re.compile(r"(mpa_v\w+)")
_READS = re.compile(r"#?\s*(\d+) reads processed")
_UNKNOWN_ROWS = frozenset({"unknown", "unclassified", "unassigned", "unmapped"})
_SINGLE_WORDS = (
    "relative_abundance coverage estimated_number_of_reads_from_the_clade additional_species metaphlan_analysis "
    "metaphlan2_analysis average_genome_length_in_the_clade"
)
_SINGLE_COLUMNS = frozenset(_SINGLE_WORDS.split())
_OTHER_WORDS = (
    "ncbi_tax_id clade_taxid taxid additional_species coverage average_genome_length_in_the_clade "
    "estimated_number_of_reads_from_the_clade"
)
_NOT_ABUNDANCE = frozenset(_OTHER_WORDS.split())


def read(source: Source) -> Draft:
    """MetaPhlAn text -> Draft.  Raises InputError on cells that are no abundance."""
    grid = read_grid(source)
    names = grid.names
    columns, labels, reads_column = _sample_columns(grid, source)
    values = numbers(grid, columns, labels)
    values.columns = pd.Index(labels)
    values.index = pd.Index(names)
    lower = np.array([n.lower() in _UNKNOWN_ROWS for n in names])
    clades = ~lower
    draft = Draft(
        file=source.name,
        format="metaphlan",
        profiler=_version(grid, names),
        amounts=values[clades],
        lineages=[lin.parse(n) for n, ok in zip(names, clades, strict=True) if ok],
        unknown=values[lower].sum() if lower.any() else None,
        database=_database(grid),
    )
    draft.reads = _reads(grid, values, clades, reads_column, labels)
    draft.log.append(
        Step(
            f"Read as {draft.profiler}{' (' + draft.database + ')' if draft.database else ''}: "
            f"{int(clades.sum())} clade rows, {len(labels)} samples.",
            "profile.read",
            {"rows": int(clades.sum()), "samples": len(labels)},
        )
    )
    _say_unknown(draft, values[lower])
    _say_shared_tax_ids(draft, grid, names)
    return draft


def _sample_columns(grid: Grid, source: Source) -> tuple[list[int], list[str], int | None]:
    width = grid.body.shape[1]
    if grid.header is None:
        skip = 1 if width > 2 and _is_tax_id(grid, 1) else 0
        columns = list(range(1 + skip, width))
        return columns, [f"sample_{i + 1}" for i in range(len(columns))], None
    header = [h.strip() for h in grid.header]
    lowered = [h.lower() for h in header]
    reads_column = next((i for i, h in enumerate(lowered) if h.startswith("estimated_number_of_reads")), None)
    columns = [i for i in range(1, width) if lowered[i] not in _NOT_ABUNDANCE]
    if not columns:
        raise InputError(
            [error("profile.no_samples", "no abundance column was found", "give the MetaPhlAn table", file=source.name)]
        )
    labels = [header[i] for i in columns]
    if len(columns) == 1 and lowered[columns[0]] in _SINGLE_COLUMNS:
        labels = [_single_name(grid, source)]
    labels = [re.sub(r"(?:_profile|_metaphlan|_metaphlan_bugs_list|\.metaphlan)$", "", x) for x in labels]
    return columns, labels, reads_column


def _single_name(grid: Grid, source: Source) -> str:
    for comment in grid.comments:
        cells = comment.lstrip("#").split("\t")
        if cells[0].strip().lower() == "sampleid" and len(cells) > 1:
            name = cells[1].strip()
            if name and name.lower() not in _SINGLE_COLUMNS:
                return name
    return source.path.name.split(".")[0] or "sample_1"


def _is_tax_id(grid: Grid, column: int) -> bool:
    cells = grid.body[column].astype(str).head(40)
    return bool(cells.map(lambda x: "|" in x or x in {"-1", "nan"} or re.fullmatch(r"\d{3,}", x) is not None).all())


def _database(grid: Grid) -> str:
    for comment in (*grid.comments, *(grid.header or ())):
        if match := _DATABASE.search(comment):
            return match.group(1)
    return ""


def _version(grid: Grid, names: list[str]) -> str:
    database = _database(grid)
    if "SGB" in database or re.search(r"mpa_v[A-Z][a-z]{2}\d\d", database) or any("t__SGB" in n for n in names):
        return "metaphlan4"
    header = [h.lower() for h in grid.header or ()]
    if re.match(r"mpa_v(?:29|3)", database) or "ncbi_tax_id" in header or "UNKNOWN" in names[:1]:
        return "metaphlan3"
    if any("GGB" in n or "_SGB" in n for n in names):
        return "metaphlan4"
    if grid.header is not None and header[0] == "clade_name":
        return "metaphlan4" if "UNCLASSIFIED" in names[:1] else "metaphlan3"
    return "metaphlan2"


def _reads(
    grid: Grid, values: pd.DataFrame, clades: np.ndarray, reads_column: int | None, labels: list[str]
) -> pd.Series | None:
    for comment in grid.comments:
        if (match := _READS.search(comment)) and len(labels) == 1:
            return pd.Series([float(match.group(1))], index=labels)
    if reads_column is not None and len(labels) == 1 and is_number(str(grid.body[reads_column].iloc[-1])):
        counts = pd.to_numeric(grid.body[reads_column], errors="coerce")
        tops = [i for i, n in enumerate(grid.names) if "|" not in n and clades[i]]
        return pd.Series([float(counts.to_numpy()[tops].sum())], index=labels)
    return None


def _say_unknown(draft: Draft, rows: pd.DataFrame) -> None:
    if rows.empty:
        draft.problems.append(
            info(
                "profile.unknown_not_reported",
                "the profile has no UNCLASSIFIED row, so the unknown fraction is not known",
                "run MetaPhlAn 4 with unclassified estimation to have it",
                file=draft.file,
            )
        )
        return
    identified = 100 - float(rows.sum().median())
    draft.log.append(
        Step(
            f"The {rows.index[0]} row was taken as the unknown fraction; a median of {identified:.1f}% is identified.",
            "profile.unknown_row",
            {"identified_percent": identified},
        )
    )


def _say_shared_tax_ids(draft: Draft, grid: Grid, names: list[str]) -> None:
    """Clades that share one NCBI id stay apart; said, because a table keyed on the id would have lost them."""
    header = [h.lower() for h in grid.header or ()]
    column = next((header.index(h) for h in ("ncbi_tax_id", "clade_taxid") if h in header), None)
    if column is None:
        return
    species = [i for i, n in enumerate(names) if "|s__" in n and "|t__" not in n]
    last = grid.body.loc[species, column].astype(str).str.rsplit("|", n=1).str[-1]
    shared = last[last.duplicated(keep=False) & ~last.isin(["", "nan", "-1"])]
    if len(shared):
        draft.problems.append(
            warning(
                "profile.shared_tax_id",
                f"{len(shared)} species share an NCBI id with another (e.g. {shared.iloc[0]}); they were kept apart",
                "nothing to do: rows are told apart by clade, not by tax id",
                file=draft.file,
            )
        )
