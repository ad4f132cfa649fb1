"""Feature tables: rows or columns are ids (ASV, OTU, genome), the names are elsewhere.  Shared by QIIME 2, DADA2
and OGU readers, which differ in what their ids and scales mean."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from hepaxis.problems import InputError, error
from hepaxis.profile import lineage as lin
from hepaxis.profile.assemble import Draft
from hepaxis.profile.grid import Grid, is_number, numbers, read_grid
from hepaxis.profile.record import Step
from hepaxis.profile.source import Source
from hepaxis.profile.taxonomy import name_features

_TAXONOMY_COLUMNS = frozenset({"taxonomy", "taxon", "consensus lineage", "consensuslineage", "lineage"})


def read_features(source: Source, *, kind: str, taxa_in: str, taxonomy: Path | None) -> Draft:
    """Feature table -> Draft with lineages.  Raises InputError without names for the ids."""
    grid = read_grid(source)
    if grid.header is None:
        raise InputError(
            [error("profile.no_header", "there is no header row with sample names", "add one", file=source.name)]
        )
    inside = _taxonomy_column(grid)
    columns = [c for c in range(1, grid.body.shape[1]) if c != inside]
    if taxa_in != "columns":
        columns = [c for c in columns if grid.header[c].strip().lower() not in {"confidence", "sequence", "length"}]
    header = [h.strip() or f"column_{i + 1}" for i, h in enumerate(grid.header)]
    across = taxa_in == "columns"
    if across:
        columns = [c for c in columns if _numeric(grid, c)]
    ids = [header[c] for c in columns] if across else grid.names
    if not columns:
        raise InputError([error("profile.no_samples", "no column holds numbers", "give the table", file=source.name)])
    draft = Draft(file=source.name, format=kind, profiler="16s", amounts=pd.DataFrame(), lineages=[])
    samples = len(grid.names) if across else len(columns)
    draft.log.append(
        Step(
            f"Read as a feature table ({kind}) with features in the {taxa_in or 'rows'}: {len(ids)} features, "
            f"{samples} samples.",
            "profile.read",
            {"features": len(ids), "samples": samples},
        )
    )
    if grid.types_row:
        draft.log.append(Step("The '#q2:types' line was skipped.", "profile.types_line"))
    if inside is not None and taxonomy is None:
        draft.lineages = [lin.parse(str(x)) for x in grid.body[inside].fillna("")]
        draft.log.append(Step(f"Names taken from the column '{header[inside]}'.", "profile.taxonomy"))
    elif taxonomy is None and sum(map(lin.has_rank_prefix, ids)) > len(ids) / 2:
        draft.lineages = [lin.parse(x) for x in ids]
    else:
        # names first: a table of something else is told so, instead of a list of its negative numbers
        name_features(draft, ids, taxonomy, source)
    values = numbers(grid, columns, [header[c] for c in columns])
    values.index, values.columns = pd.Index(grid.names), pd.Index([header[c] for c in columns])
    draft.amounts = values.T if across else values
    return draft


def _taxonomy_column(grid: Grid) -> int | None:
    for column, name in enumerate(grid.header or ()):
        if column and name.strip().lower() in _TAXONOMY_COLUMNS and not _numeric(grid, column):
            return column
    return None


def _numeric(grid: Grid, column: int) -> bool:
    return grid.body[column].dtype.kind in "iuf" or all(is_number(str(x)) for x in grid.body[column].dropna())
