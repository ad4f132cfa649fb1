"""HUMAnN 2 to 4: gene families, reactions and pathways, as a table of functions (not of taxa).

Unstratified rows hold the community's total and stratified rows ('|g__..s__..', '|unclassified') the same amounts
again by contributor, so only the former enter the total.  UNMAPPED and UNINTEGRATED are reported apart.  A file
whose UNMAPPED, UNINTEGRATED and first pathway agree to all digits is corrupt (seen in a public table).
Format: biobakery/humann readme, "Output files" and the HUMAnN 3 tutorial.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from hepaxis.problems import InputError, Problem, error, warning
from hepaxis.profile.formats import sniff_source
from hepaxis.profile.grid import Grid, numbers, read_grid
from hepaxis.profile.record import FunctionTable, Step
from hepaxis.profile.source import open_source

MIN_SAMPLES_IDENTICAL = 3
"""Samples over which two pathways must agree to all digits to be named; in one sample it happens by chance."""

_UNITS = {
    "rpks": "RPK",
    "rpk": "RPK",
    "cpm": "CPM",
    "relab": "relab",
    "coverage": "coverage",
}
_SUFFIX = re.compile(r"[_-](?:Abundance|Coverage|genefamilies|pathabundance)(?:[-_](RPKs?|CPM|RELAB))?$", re.IGNORECASE)


def read_functions(path: str | Path) -> FunctionTable:
    """Read a HUMAnN table.  Raises InputError when it is none, or when special rows show it to be corrupt."""
    source = open_source(path)
    found = sniff_source(source)
    if found.name != "humann":
        raise InputError(
            [
                error(
                    "profile.not_functions",
                    f"this is no HUMAnN table (it looks like {found.name})",
                    "give ..._genefamilies.tsv or ..._pathabundance.tsv",
                    file=source.name,
                )
            ]
        )
    grid = read_grid(source)
    columns = list(range(1, grid.body.shape[1]))
    header = list(grid.header) if grid.header else ["", *(f"sample_{c}" for c in columns)]
    raw = [header[c].strip() for c in columns]
    values = numbers(grid, columns, raw)
    labels = [_SUFFIX.sub("", x) or x for x in raw]
    values.columns, values.index = pd.Index(labels), pd.Index([_plain(n) for n in grid.names])
    if not values.columns.is_unique or not values.index.is_unique:
        twice = [*values.columns[values.columns.duplicated()], *values.index[values.index.duplicated()]]
        raise InputError(
            [
                error(
                    "profile.duplicate_function",
                    f"{len(twice)} samples or functions are listed twice, e.g. {twice[0]}",
                    "write the table again with humann_join_tables",
                    file=source.name,
                )
            ]
        )
    cells = dict(zip(map(str, values.index), values.to_numpy(), strict=True))
    special: dict[str, pd.Series] = {
        n: pd.Series(cells[n], index=values.columns)
        for n in ("UNMAPPED", "READS_UNMAPPED", "UNINTEGRATED")
        if n in cells
    }
    problems = _corrupt(values, special, source.name)
    stratum = np.array(["|" in n for n in values.index])
    reserved = values.index.str.match(r"^(?:UNMAPPED|READS_UNMAPPED|UNINTEGRATED|UNGROUPED)(?:\||$)")
    total, stratified = values[~stratum & ~reserved], values[stratum & ~reserved]
    if total.empty:
        raise InputError(
            [
                error(
                    "profile.only_stratified",
                    "the table has stratified rows only",
                    "give the table before humann_split_stratified_table",
                    file=source.name,
                )
            ]
        )
    pairs = (
        pd.MultiIndex.from_tuples([tuple(n.split("|", 1)) for n in stratified.index], names=["function", "species"])
        if len(stratified)
        else pd.MultiIndex.from_arrays([[], []], names=["function", "species"])
    )
    stratified = stratified.set_axis(pairs, axis=0)
    nothing = pd.Series(np.nan, index=values.columns)
    log = (
        Step(
            f"Read as HUMAnN {_kind(grid)}: {len(total)} functions in the total, {len(stratified)} stratified apart.",
            "profile.read_functions",
            {"functions": len(total), "stratified": len(stratified), "samples": len(labels)},
        ),
    )
    return FunctionTable(
        total=total.T.rename_axis("sample"),
        stratified=stratified.T.rename_axis("sample"),
        unmapped=special.get("UNMAPPED", special.get("READS_UNMAPPED", nothing)).rename("unmapped"),
        unintegrated=special.get("UNINTEGRATED", nothing).rename("unintegrated"),
        kind=_kind(grid),
        unit=_unit(raw, grid),
        log=log,
        problems=tuple(problems),
    )


def _plain(name: str) -> str:
    return re.sub(r"\s+", " ", name.strip())


def _kind(grid: Grid) -> str:
    text = " ".join([*(grid.header or ("",))[:1], *grid.comments]).lower()
    names = grid.names[:200]
    if "pathway" in text or any("PWY" in n for n in names):
        return "pathway"
    return "reaction" if "reaction" in text else "gene_family"


def _unit(raw: list[str], grid: Grid) -> str:
    for label in raw:
        match = _SUFFIX.search(label)
        if match and match.group(1):
            return _UNITS.get(match.group(1).lower(), "unknown")
        if label.lower().endswith("coverage"):
            return "coverage"
    # HUMAnN 3 writes pathways without a unit: they are in that of the gene families, RPK unless renormalised
    return "unknown"


def _corrupt(values: pd.DataFrame, special: dict[str, pd.Series], file: str) -> list[Problem]:
    cells = values.to_numpy()
    whole = ~values.index.str.contains("|", regex=False)
    faults: list[Problem] = []
    for name, row in special.items():
        numbers_ = row.to_numpy()
        if not (numbers_ > 0).any():
            continue
        same = [
            str(n)
            for n, r, w in zip(values.index, cells, whole, strict=True)
            if w and n != name and np.array_equal(r, numbers_)
        ]
        if same:
            faults.append(
                error(
                    "profile.identical_rows",
                    f"{name} equals {', '.join(same[:3])} to all digits in every sample",
                    "the table is corrupt: make it again from HUMAnN's output",
                    file=file,
                )
            )
    if faults:
        raise InputError(faults)
    if values.shape[1] < MIN_SAMPLES_IDENTICAL:
        return []
    body = values[whole & ~values.index.isin(list(special))]
    body = body[(body > 0).sum(axis=1) >= MIN_SAMPLES_IDENTICAL]
    twins = body[body.duplicated(keep=False)]
    if twins.empty:
        return []
    return [
        warning(
            "profile.identical_rows",
            f"{len(twins)} functions have a twin with the same values in all samples, e.g. {twins.index[0]}",
            "pathways that share all their genes do this; otherwise the table is damaged",
            file=file,
        )
    ]
