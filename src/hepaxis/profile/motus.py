"""mOTUs 2 and 3: one row a marker-gene unit, names in the row or in ``consensus_taxonomy`` (short, or full with -q).

Several mOTUs of one species are summed; a mOTU without a species keeps its id, so that unnamed units stay apart.
'-1' (version 2) or 'unassigned' (version 3) is the unknown fraction.
Format: motu-tool/mOTUs_v2 wiki, "Parameters to change the resulting profiles"; motu-tool/mOTUs issue 103; MLP
documentation (microbiome-tools.embl.de/mlp/documentation).
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from hepaxis.problems import InputError, error
from hepaxis.profile import lineage as lin
from hepaxis.profile.assemble import Draft
from hepaxis.profile.grid import numbers, read_grid
from hepaxis.profile.lineage import Lineage
from hepaxis.profile.record import Step
from hepaxis.profile.source import Source

_ID = re.compile(r"\[?((?:ref|meta|ext)_mOTU_v[\d.]+_\d+)\]?")
_UNASSIGNED = frozenset({"-1", "unassigned"})
_LEADING = frozenset({"motu", "consensus_taxonomy", "ncbi_tax_id", "taxid"})
_VERSION = re.compile(r"motus version\s+([\d.]+)")
_NOT_A_NAME = re.compile(r"^(?:unknown|uncultured|NA)\s+|\s+(?:species\s+)?incertae sedis$|\s+gen\. incertae sedis$")


def read(source: Source) -> Draft:
    """mOTUs text -> Draft.  Raises InputError on cells that are no abundance."""
    grid = read_grid(source)
    width = grid.body.shape[1]
    header = [h.strip().lstrip("#") for h in grid.header or ("", *(f"sample_{i}" for i in range(1, width)))]
    lowered = [h.lower() for h in header]
    first = max((i + 1 for i, h in enumerate(lowered) if h in _LEADING), default=1)
    columns = list(range(first, width))
    if not columns:
        raise InputError([error("profile.no_samples", "no abundance column", "give the table", file=source.name)])
    names = grid.names
    taxa = names
    if "consensus_taxonomy" in lowered[:first] and lowered.index("consensus_taxonomy"):
        taxa = grid.body[lowered.index("consensus_taxonomy")].fillna("").astype(str).tolist()
    values = numbers(grid, columns, [header[c] for c in columns])
    values.columns, values.index = pd.Index([header[c] for c in columns]), pd.Index(names)
    nowhere = np.array([n.lower() in _UNASSIGNED or n.lower().startswith("unassigned") for n in names])
    version = next((m.group(1) for c in grid.comments if (m := _VERSION.search(c))), "")
    draft = Draft(
        file=source.name,
        format="motus",
        profiler="motus",
        amounts=values[~nowhere],
        lineages=[_lineage(n, t) for n, t, out in zip(names, taxa, nowhere, strict=True) if not out],
        unknown=values[nowhere].sum() if nowhere.any() else None,
        database=f"mOTUs {version}" if version else "",
    )
    draft.log.append(
        Step(
            f"Read as mOTUs: {int((~nowhere).sum())} units, {len(columns)} samples.",
            "profile.read",
            {"rows": int((~nowhere).sum()), "samples": len(columns)},
        )
    )
    return draft


def _lineage(name: str, taxon: str) -> Lineage:
    match = _ID.search(name) or _ID.search(taxon)
    unit = match.group(1) if match else ""
    text = re.sub(r"\s*\[C\]\s*$", "", _ID.sub("", taxon)).strip()
    if not text:
        text = _ID.sub("", name).strip()
    ranks = list(lin.parse(_NOT_A_NAME.sub("", text).strip()))
    if _NOT_A_NAME.search(text) and not lin.has_rank_prefix(text):
        ranks[6] = ""
    if not ranks[6] and any(ranks):
        ranks[7] = unit
    return tuple(ranks)  # type: ignore[return-value]
