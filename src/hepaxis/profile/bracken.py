"""Bracken abundances, single or combined: ``new_est_reads`` or ``<sample>_num``; fractions are never used, because
they are of all reads while the reads of a taxon are what they are.  Names are NCBI's.

Homo sapiens leaves the table in `assemble`.  Format: jenniferlu717/Bracken README, "Output formats", and
analysis_scripts/combine_bracken_outputs.py.
"""

from __future__ import annotations

import re

import pandas as pd

from hepaxis.problems import InputError, error, info
from hepaxis.profile import lineage as lin
from hepaxis.profile.assemble import Draft
from hepaxis.profile.grid import numbers, read_grid
from hepaxis.profile.lineage import Lineage
from hepaxis.profile.record import RANKS, Step
from hepaxis.profile.source import Source

_LEVEL = {"D": "domain", "K": "domain", "P": "phylum", "C": "class", "O": "order", "F": "family", "G": "genus"}


def read(source: Source) -> Draft:
    """Bracken text -> Draft.  Raises InputError when neither kind of read column is there."""
    grid = read_grid(source)
    header = [h.strip() for h in grid.header or ()]
    lowered = [h.lower() for h in header]
    if "new_est_reads" in lowered:
        columns, labels = [lowered.index("new_est_reads")], [_from_file(source)]
    else:
        columns = [i for i, h in enumerate(lowered) if h.endswith("_num")]
        labels = [re.sub(r"(?:\.bracken)?(?:\.(?:tsv|txt|bracken|out))*_num$", "", header[i]) for i in columns]
    if not columns:
        raise InputError(
            [
                error(
                    "profile.bracken_columns",
                    "there is neither 'new_est_reads' nor a '..._num' column",
                    "give Bracken's own output or that of combine_bracken_outputs.py",
                    file=source.name,
                )
            ]
        )
    values = numbers(grid, columns, labels)
    names = grid.body[lowered.index("name")].fillna("").astype(str).str.strip().tolist()
    levels = grid.body[lowered.index("taxonomy_lvl")].fillna("").astype(str).str.strip().str.upper().tolist()
    values.columns, values.index = pd.Index(labels), pd.Index(names)
    draft = Draft(source.name, "bracken", "bracken", values, [named(n, x) for n, x in zip(names, levels, strict=True)])
    draft.log.append(
        Step(
            f"Read as Bracken ({'single' if 'new_est_reads' in lowered else 'combined'}): {len(names)} taxa, "
            f"{len(labels)} samples; estimated reads used.",
            "profile.read",
            {"rows": len(names), "samples": len(labels)},
        )
    )
    draft.problems.append(
        info(
            "profile.read_fractions",
            "Bracken counts reads, not cells: large genomes weigh more than in marker-based profiles",
            "compare with read-based references only",
            file=source.name,
        )
    )
    return draft


def named(name: str, level: str) -> Lineage:
    """An NCBI name at a Kraken rank code -> lineage."""
    ranks = [""] * 8
    level = level[:1]
    if level == "S":
        ranks = list(lin.parse(name))
        ranks[6] = lin.clean(name) if not ranks[6] else ranks[6]
    elif level in _LEVEL:
        ranks[RANKS.index(_LEVEL[level])] = lin.clean(name)
    return tuple(ranks)  # type: ignore[return-value]


def _from_file(source: Source) -> str:
    return source.path.name.split(".")[0] or "sample_1"
