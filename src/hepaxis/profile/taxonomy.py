"""The names behind ASV, OTU or genome ids: a taxonomy file given, or found beside the table by its content.

Knows ``Feature ID / Taxon`` (QIIME 2), rank columns (DADA2, phyloseq; with or without a corner cell), ids beside
lineages (mothur), with prefixes or without.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hepaxis.problems import InputError, error, warning
from hepaxis.profile import lineage as lin
from hepaxis.profile.assemble import Draft
from hepaxis.profile.formats import sniff_source
from hepaxis.profile.grid import Grid, read_grid
from hepaxis.profile.lineage import Lineage
from hepaxis.profile.record import Step
from hepaxis.profile.source import Source, open_source

MAX_NEIGHBOURS = 40
"""Files beside the table that are looked at when no taxonomy is given.  A choice: keeps a full folder quick."""

MAX_NEIGHBOUR_BYTES = 64 * 1024**2
"""Larger neighbours are not opened.  A choice."""

FOUND_SHARE = 0.5
"""Share of a table's ids that a neighbouring taxonomy must know to be used unasked.  A choice."""

_RANK_NAMES = {
    "kingdom": "domain",
    "domain": "domain",
    "superkingdom": "domain",
    **{r: r for r in ("phylum", "class", "order", "family", "genus", "species")},
}


def read_taxonomy(source: Source) -> dict[str, Lineage]:
    """Taxonomy text -> lineage by id.  Raises InputError when no column names lineages or ranks."""
    grid = read_grid(source)
    header = [h.strip().lower().lstrip("#").strip() for h in grid.header or ()]
    ranks = [_RANK_NAMES.get(h, "") for h in header]
    if sum(map(bool, ranks)) >= 3:
        return _by_columns(grid, ranks)
    column = _lineage_column(grid, header)
    if column is None:
        raise InputError(
            [
                error(
                    "profile.taxonomy_unread",
                    "no column holds lineages or ranks",
                    "give a taxonomy with 'Feature ID' and 'Taxon', or one column a rank",
                    file=source.name,
                )
            ]
        )
    cells = grid.body[column].fillna("").astype(str).tolist()
    known: dict[str, Lineage] = {}
    out: dict[str, Lineage] = {}
    for name, cell in zip(grid.names, cells, strict=True):
        if cell not in known:
            known[cell] = lin.parse(cell)
        out.setdefault(name, known[cell])
    return out


def _by_columns(grid: Grid, ranks: list[str]) -> dict[str, Lineage]:
    chosen = [i for i, r in enumerate(ranks) if r]
    wanted = [ranks[i] for i in chosen]
    blank = grid.body[chosen].fillna("").astype(str).to_numpy(dtype=object)
    out: dict[str, Lineage] = {}
    known: dict[tuple[str, ...], Lineage] = {}
    for name, cells in zip(grid.names, map(tuple, blank.tolist()), strict=True):
        if cells not in known:
            known[cells] = lin.from_columns(cells, wanted)
        out.setdefault(name, known[cells])
    return out


def _lineage_column(grid: Grid, header: list[str]) -> int | None:
    for word in ("taxon", "taxonomy", "lineage", "consensus lineage", "classification"):
        if word in header[1:]:
            return header.index(word, 1)
    for column in range(1, grid.body.shape[1]):
        cells = grid.body[column].astype(str).head(50)
        if cells.map(lambda x: lin.has_rank_prefix(x) or x.count(";") >= 2).mean() > 0.5:
            return column
    return None


def name_features(draft: Draft, ids: list[str], taxonomy: Path | None, source: Source) -> None:
    """Fill ``draft.lineages`` for ids from the taxonomy given or found.  Raises InputError when there is none."""
    if taxonomy is not None:
        names = given(taxonomy)
        where = str(taxonomy)
    else:
        found = _beside(ids, source)
        if found is None:
            raise InputError(
                [
                    error(
                        "profile.taxonomy_missing",
                        f"the rows are named by ids ({', '.join(ids[:3])}, ...) and no taxonomy file was found beside",
                        "give the taxonomy file (taxonomy=..., --taxonomy)",
                        file=draft.file,
                    )
                ]
            )
        names, where = found
    known = np.array([i in names for i in ids])
    if not known.any():
        raise InputError(
            [
                error(
                    "profile.taxonomy_mismatch",
                    f"none of the {len(ids)} ids (e.g. {ids[0]}) is in the taxonomy {where}",
                    "give the taxonomy made for this table",
                    file=draft.file,
                )
            ]
        )
    draft.lineages = [names.get(i, lin.UNKNOWN) for i in ids]
    draft.log.append(
        Step(
            f"Taxonomy {'given' if taxonomy is not None else 'found beside the table'}: {Path(where).name}; "
            f"{int(known.sum())} of {len(ids)} ids named.",
            "profile.taxonomy",
            {"named": int(known.sum()), "ids": len(ids)},
        )
    )
    if not known.all():
        missing = [i for i, ok in zip(ids, known, strict=True) if not ok]
        draft.problems.append(
            warning(
                "profile.ids_without_taxonomy",
                f"{len(missing)} ids are not in the taxonomy (e.g. {missing[0]}); they count as unknown",
                "give the taxonomy made for this table",
                file=draft.file,
            )
        )


def given(path: Path) -> dict[str, Lineage]:
    """A taxonomy file by path -> lineage by id.  Raises InputError when it is none."""
    source = open_source(path)
    if source.kind != "text":
        raise InputError(
            [error("profile.taxonomy_unread", "the taxonomy is not a text table", "export it as TSV", file=source.name)]
        )
    return read_taxonomy(source)


def _beside(ids: list[str], source: Source) -> tuple[dict[str, Lineage], str] | None:
    """The neighbouring taxonomy that knows most of the ids, if it knows at least FOUND_SHARE of them."""
    try:
        near = sorted(p for p in source.path.parent.iterdir() if p.is_file() and p.name != source.path.name)
    except OSError:
        return None
    # names that speak of a taxonomy first: only the order depends on the name, the choice on the content
    near = sorted(near, key=lambda p: "tax" not in p.name.lower())[:MAX_NEIGHBOURS]
    best: tuple[float, dict[str, Lineage], str] | None = None
    for path in near:
        try:
            if path.stat().st_size > MAX_NEIGHBOUR_BYTES:
                continue
            other = open_source(path)
            if other.kind != "text" or sniff_source(other).name != "taxonomy":
                continue
            names = read_taxonomy(other)
        except (InputError, OSError):
            continue
        share = sum(i in names for i in ids) / max(len(ids), 1)
        if share >= FOUND_SHARE and (best is None or share > best[0]):
            best = (share, names, str(path))
            if share == 1.0:
                break
    return None if best is None else (best[1], best[2])
