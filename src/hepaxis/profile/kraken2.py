"""Kraken 2 reports, 6 columns or 8 with minimizers, and the mpa style.

Clade reads (column 2) of the species rows are used, and nothing else: clade reads hold what lies below, direct reads
(column 3) do not, and mixing the two counts reads twice or loses them.  Reads that stopped above species are
reported; Bracken is the tool that spreads them.  Format: Kraken 2 manual, "Sample Report Output Format" and
taxpasta's page on Kraken2.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from hepaxis.problems import InputError, error, warning
from hepaxis.profile import lineage as lin
from hepaxis.profile.assemble import Draft
from hepaxis.profile.grid import Grid, numbers, read_grid
from hepaxis.profile.lineage import Lineage
from hepaxis.profile.record import Step
from hepaxis.profile.source import Source

ABOVE_SPECIES = 0.1
"""Share of classified reads that stop above species from which the report should go through Bracken.  A choice."""

_AT = {"D": 0, "K": 0, "P": 1, "C": 2, "O": 3, "F": 4, "G": 5, "S": 6}


def read(source: Source) -> Draft:
    """Kraken 2 report -> Draft at species.  Raises InputError when no species row is there."""
    grid = read_grid(source)
    if grid.body.shape[1] < 6:
        return _mpa(grid, source)
    width = grid.body.shape[1]
    counts = numbers(grid, [1, 2], ["reads in clade", "reads at taxon"]).to_numpy()
    codes = grid.body[width - 3].fillna("").astype(str).str.strip().tolist()
    raw = grid.body[width - 1].fillna("").astype(str).tolist()
    lineages, rows = _species(codes, raw)
    if not rows:
        raise InputError(
            [
                error(
                    "profile.no_species",
                    "the report has no species row (code S)",
                    "give the full report of kraken2 --report",
                    file=source.name,
                )
            ]
        )
    sample = source.path.name.split(".")[0] or "sample_1"
    species = counts[rows, 0]
    unclassified = sum(counts[i, 0] for i, c in enumerate(codes) if c == "U")
    total = unclassified + sum(counts[i, 0] for i, c in enumerate(codes) if c == "R")
    classified = max(total - unclassified, species.sum())
    above = classified - species.sum()
    draft = Draft(
        file=source.name,
        format="kraken2",
        profiler="kraken2",
        amounts=pd.DataFrame({sample: species}, index=pd.Index([lin.label(x) for x in lineages])),
        lineages=lineages,
        reads=pd.Series([float(classified + unclassified)], index=[sample]),
    )
    # unknown is a share of all reads; what stopped above species is classified, hence neither
    whole = classified + unclassified
    share = unclassified / whole if whole else 0.0
    draft.unknown = pd.Series([species.sum() * share / (1 - share) if share < 1 else unclassified], index=[sample])
    draft.log.append(
        Step(
            f"Read as a Kraken 2 report of {width} columns: {len(rows)} species by their clade reads; "
            f"{int(above):,} reads ({above / classified if classified else 0:.1%} of classified) stop above species "
            "and were left out.",
            "profile.read",
            {"rows": len(rows), "reads_above_species": float(above), "unclassified": float(unclassified)},
        )
    )
    if classified and above / classified > ABOVE_SPECIES:
        draft.problems.append(
            warning(
                "profile.reads_above_species",
                f"{above / classified:.0%} of the classified reads stop above species",
                "run Bracken on this report and give its output",
                file=source.name,
            )
        )
    return draft


def _species(codes: list[str], raw: list[str]) -> tuple[list[Lineage], list[int]]:
    """Walk the indented tree: each S row with the ranks above it.  Rows below species belong to it."""
    path: list[tuple[int, str, str]] = []
    lineages: list[Lineage] = []
    rows: list[int] = []
    for i, (code, name) in enumerate(zip(codes, raw, strict=True)):
        depth = len(name) - len(name.lstrip(" "))
        while path and path[-1][0] >= depth:
            path.pop()
        path.append((depth, code, name.strip()))
        if code == "S":
            ranks = [""] * 8
            for _, above, text in path:
                if above in _AT:
                    ranks[_AT[above]] = lin.clean(text)
            if not ranks[5]:
                ranks[5] = lin.parse(ranks[6])[5]
            if ranks[0] == "" and any(text == "Viruses" for _, _, text in path):
                ranks[0] = "Viruses"
            lineages.append(tuple(ranks))  # type: ignore[arg-type]
            rows.append(i)
    return lineages, rows


def _mpa(grid: Grid, source: Source) -> Draft:
    columns = list(range(1, grid.body.shape[1]))
    header = grid.header or ("", *(f"sample_{i}" for i in columns))
    labels = [header[c].strip() for c in columns]
    names = grid.names
    values = numbers(grid, columns, labels)
    values.columns, values.index = pd.Index(labels), pd.Index(names)
    keep = np.array(["|s__" in n for n in names])
    if not keep.any():
        raise InputError([error("profile.no_species", "no s__ row", "give the full report", file=source.name)])
    draft = Draft(source.name, "kraken2", "kraken2", values[keep], [lin.parse(n) for n in np.array(names)[keep]])
    draft.log.append(
        Step(
            f"Read as a Kraken 2 report in mpa style: {int(keep.sum())} species by their clade reads.",
            "profile.read",
            {"rows": int(keep.sum()), "samples": len(labels)},
        )
    )
    return draft
