"""BIOM 1.0 (JSON) and 2.1 (HDF5), parsed by the biom-format library; taxonomy from the observation metadata as a
list of ranks or one string, else from a taxonomy file."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hepaxis.problems import InputError, error
from hepaxis.profile import lineage as lin
from hepaxis.profile.assemble import Draft
from hepaxis.profile.formats import Format
from hepaxis.profile.lineage import Lineage
from hepaxis.profile.record import Step
from hepaxis.profile.source import Source
from hepaxis.profile.taxonomy import name_features

MAX_CELLS = 50_000_000
"""Samples x features held at once (400 MB as float).  A choice that keeps within the memory bar."""

_KEYS = ("taxonomy", "Taxonomy", "taxon", "Taxon", "ConsensusLineage", "lineage")


def read(source: Source, found: Format, taxonomy: Path | None) -> Draft:
    """BIOM -> Draft.  Raises InputError on a damaged file or ids without names."""
    table = _parse(source, found)
    if table.shape[0] * table.shape[1] > MAX_CELLS:
        raise InputError(
            [
                error(
                    "profile.too_large",
                    f"the table has {table.shape[0]} features x {table.shape[1]} samples",
                    "split it by sample or drop absent features",
                    file=source.name,
                )
            ]
        )
    ids = [str(x) for x in table.ids(axis="observation")]
    samples = [str(x) for x in table.ids(axis="sample")]
    dense = np.asarray(table.matrix_data.todense(), dtype=float)
    if dense.size == 0:
        raise InputError([error("profile.empty", "the BIOM table is empty", "give a filled table", file=source.name)])
    if not np.isfinite(dense).all() or (dense < 0).any():
        row, column = np.argwhere(~np.isfinite(dense) | (dense < 0))[0]
        raise InputError(
            [
                error(
                    "profile.bad_number",
                    f"{dense[row, column]} is not an abundance (feature {ids[row]})",
                    "abundances are numbers of 0 or more",
                    file=source.name,
                    row=int(row) + 1,
                    column=samples[column],
                )
            ]
        )
    draft = Draft(source.name, found.name, "16s", pd.DataFrame(dense, index=ids, columns=samples), [])
    draft.log.append(
        Step(
            f"Read as {'BIOM 2.1 (HDF5)' if found.name == 'biom-hdf5' else 'BIOM 1.0 (JSON)'}: {len(ids)} features, "
            f"{len(samples)} samples.",
            "profile.read",
            {"features": len(ids), "samples": len(samples)},
        )
    )
    metadata = table.metadata(axis="observation")
    inside = None if metadata is None else [_lineage(m) for m in metadata]
    if taxonomy is None and inside is not None and any(any(x) for x in inside):
        draft.lineages = inside
        draft.log.append(Step("Names taken from the observation metadata.", "profile.taxonomy"))
    elif taxonomy is None and sum(map(lin.looks_like_taxon, ids)) > len(ids) / 2:
        draft.lineages = [lin.parse(i) for i in ids]
    else:
        name_features(draft, ids, taxonomy, source)
    return draft


def _parse(source: Source, found: Format) -> Any:
    from biom import Table

    try:
        if found.name == "biom-json":
            return Table.from_json(json.loads(source.text))
        import h5py  # type: ignore[import-untyped]

        with h5py.File(io.BytesIO(source.data), "r") as handle:
            return Table.from_hdf5(handle)
    except InputError:
        raise
    except Exception as fault:  # the library raises whatever the damaged part provokes
        raise InputError(
            [
                error(
                    "profile.biom_damaged",
                    f"the BIOM file cannot be parsed ({type(fault).__name__}: {str(fault)[:120]})",
                    "write it again with `biom convert`",
                    file=source.name,
                )
            ]
        ) from fault


def _lineage(metadata: Any) -> Lineage:
    if not isinstance(metadata, dict) and not hasattr(metadata, "get"):
        return lin.UNKNOWN
    for key in _KEYS:
        value = metadata.get(key)
        if value is None:
            continue
        if isinstance(value, (list, tuple, np.ndarray)):
            parts = [p.decode() if isinstance(p, bytes) else str(p) for p in value]
            return lin.parse(";".join(parts)) if len(parts) > 1 else lin.parse(parts[0] if parts else "")
        return lin.parse(value.decode() if isinstance(value, bytes) else str(value))
    return lin.UNKNOWN
