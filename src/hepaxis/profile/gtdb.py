"""sylph (sylph-tax) and other GTDB clade tables: 'd__..;p__..;..;s__Genus species;t__GCF_..', all ranks stacked.

Genomes at ``t__`` are summed to species.  Single ``.sylphmpa`` files join ranks with '|', name the sample in a
``#SampleID`` line and carry five columns, of which ``relative_abundance`` is the taxonomic abundance.
Format: sylph-docs.github.io/sylph-tax-output-format (read 2025).
"""

from __future__ import annotations

import re

import pandas as pd

from hepaxis.problems import InputError, error
from hepaxis.profile import lineage as lin
from hepaxis.profile.assemble import Draft
from hepaxis.profile.grid import numbers, read_grid
from hepaxis.profile.record import Step
from hepaxis.profile.source import Source

_TAXONOMY = re.compile(r"(GTDB[_ ]?r\d+)", re.IGNORECASE)
_UNKNOWN_ROWS = frozenset({"unclassified", "unknown", "unmapped", "no_taxonomy"})


def read(source: Source) -> Draft:
    """GTDB clade table -> Draft at species.  Raises InputError on cells that are no abundance."""
    grid = read_grid(source)
    header = [h.strip() for h in grid.header] if grid.header else None
    width = grid.body.shape[1]
    single = header is not None and "relative_abundance" in [h.lower() for h in header]
    if header is None:
        columns, labels = list(range(1, width)), [f"sample_{i}" for i in range(1, width)]
    elif single:
        columns = [[h.lower() for h in header].index("relative_abundance")]
        labels = [_sample(grid.comments, source)]
    else:
        columns, labels = list(range(1, width)), header[1:]
    if not columns:
        raise InputError([error("profile.no_samples", "no abundance column", "give the table", file=source.name)])
    names = grid.names
    values = numbers(grid, columns, labels)
    values.columns, values.index = pd.Index([_short(x) for x in labels]), pd.Index(names)
    nowhere = values.index.str.lower().isin(_UNKNOWN_ROWS)
    kept = values[~nowhere]
    genomes = sum("t__" in str(n) for n in kept.index)
    sylph = genomes > 0 or single or any("Taxonomies_used" in c for c in grid.comments)
    database = next((m.group(1) for c in grid.comments if (m := _TAXONOMY.search(c))), "")
    draft = Draft(
        file=source.name,
        format="gtdb",
        profiler="sylph" if sylph else "gtdb",
        amounts=kept,
        lineages=[lin.parse(str(n)) for n in kept.index],
        unknown=values[nowhere].sum() if nowhere.any() else None,
        database=database,
        merge_strains=True,
    )
    draft.log.append(
        Step(
            f"Read as {draft.profiler} clades of GTDB: {len(kept)} rows, {len(labels)} samples.",
            "profile.read",
            {"rows": len(kept), "samples": len(labels)},
        )
    )
    if genomes:
        draft.log.append(
            Step(f"{genomes} genomes (t__) were summed to species.", "profile.strains_summed", {"genomes": genomes})
        )
    return draft


def _sample(comments: tuple[str, ...], source: Source) -> str:
    for comment in comments:
        cells = comment.lstrip("#").split("\t")
        if cells[0].strip().lower() == "sampleid" and len(cells) > 1 and cells[1].strip():
            return cells[1].strip()
    return source.path.name.split(".")[0] or "sample_1"


def _short(label: str) -> str:
    """sylph names samples by the path of their reads."""
    name = label.replace("\\", "/").rsplit("/", 1)[-1]
    return re.sub(r"\.(?:fastq|fq)(?:\.gz)?$", "", name) or label
