"""Which format a file is in, by a look at its content.  The name and its extension are never used.

Rules run from the most to the least specific; the first that holds wins, and its reason is kept so that a user can
see why a file was taken for what it was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from hepaxis.problems import InputError, error
from hepaxis.profile import columns as cols
from hepaxis.profile import lineage as lin
from hepaxis.profile.grid import PEEK_LINES, Grid, is_number, read_grid
from hepaxis.profile.source import Source, open_source

FORMATS = (
    "metaphlan",
    "gtdb",
    "ogu",
    "biom-json",
    "biom-hdf5",
    "qiime2",
    "dada2",
    "motus",
    "bracken",
    "kraken2",
    "humann",
    "plain",
    "taxonomy",
    "clinical",
    "unknown",
)

TAXON_SHARE = 0.4
"""Share of names on one side of a table that must be shaped like taxa.  A choice: met4 tables reach 0.97, sample
names stay below 0.1; half the columns of a small clinic table may be taxa."""

MIN_FIELDS, FIELD_SHARE = 2, 0.1
"""Known patient fields, in number and as share of the columns, that make a table a clinic sheet.  A choice."""

MIN_TAXA = 3
"""Taxon columns below which a table with other columns is no profile.  A choice."""

_DNA = re.compile(r"^[ACGTNacgtn]{50,}$")
_FEATURE = re.compile(
    r"^(?:[a-z]?ASV_?\d+|OTU_?\d+|z?OTU\d+|asv_?\d+|sq_?\d+|[0-9a-f]{32}|[0-9a-f]{40}|seq_?\d+)$", re.I
)
_KRAKEN_CODE = re.compile(r"^[URDKPCOFGSN-]\d*$")
_RANK_TEXT = "kingdom domain superkingdom phylum class order family genus species"
_RANK_WORDS = frozenset(_RANK_TEXT.split())
_MOTU = re.compile(r"\[?(?:ref|meta|ext)_mOTU_v\d")
_HUMANN_ROW = re.compile(r"^(?:UNMAPPED|UNINTEGRATED|UNGROUPED|READS_UNMAPPED|UniRef\d{2}_\S+)(?:\||:|$)")
_HUMANN_STRATUM = re.compile(r"\|(?:g__[^|]+\.s__[^|]+|unclassified)$")


@dataclass(frozen=True)
class Format:
    """name: one of FORMATS; why: what in the file said so; taxa_in: rows or columns (plain, dada2), else ''."""

    name: str
    why: str
    compressed: bool = False
    taxa_in: str = ""


def sniff(path: str | Path) -> Format:
    """Tell a file's format.  Raises InputError when it cannot be opened or is no table at all."""
    return sniff_source(open_source(path))


def sniff_source(source: Source) -> Format:
    name, why, taxa_in = _look(source)
    return Format(name, why, source.compressed, taxa_in)


def _look(source: Source) -> tuple[str, str, str]:
    if source.kind == "hdf5":
        return "biom-hdf5", "HDF5 signature", ""
    if source.kind == "json":
        if "matrix_type" in source.text[:20000] or "Biological Observation Matrix" in source.text[:20000]:
            return "biom-json", "JSON with a BIOM header", ""
        if "matrix_type" in source.text:
            return "biom-json", "JSON with a BIOM header", ""
        return "unknown", "JSON that is not BIOM", ""
    grid = read_grid(source, limit=PEEK_LINES)
    names = [n for n in grid.names if n]
    header = [h.strip() for h in grid.header or ()]
    for rule in (_kraken2, _bracken, _humann, _motus, _taxonomy, _lineage_rows):
        found = rule(grid, header, names)
        if found:
            return found
    return _table(grid, header, names)


Found = tuple[str, str, str]


def _kraken2(grid: Grid, header: list[str], names: list[str]) -> Found | None:
    width = grid.body.shape[1]
    if width not in (6, 8) or grid.separator != "\t":
        return None
    codes = grid.body[width - 3].astype(str).str.strip()
    numeric = all(is_number(str(x)) for c in (0, 1, 2) for x in grid.body[c].head(20))
    if numeric and codes.head(50).map(lambda x: bool(_KRAKEN_CODE.match(x))).all():
        return "kraken2", f"a Kraken 2 report of {width} columns", ""
    return None


def _bracken(grid: Grid, header: list[str], names: list[str]) -> Found | None:
    words = {h.lower() for h in header}
    if {"name", "taxonomy_id", "taxonomy_lvl"} <= words:
        return "bracken", "header of Bracken", ""
    return None


def _humann(grid: Grid, header: list[str], names: list[str]) -> Found | None:
    corner = (header[0] if header else "").lower()
    if corner in {"gene family", "pathway", "reaction", "gene families"} or any(
        c.lower().startswith(("# gene family", "# pathway", "# reaction")) for c in grid.comments
    ):
        return "humann", f"header '{corner}' of HUMAnN", ""
    hits = sum(bool(_HUMANN_ROW.match(n) or _HUMANN_STRATUM.search(n)) for n in names)
    if names and hits >= max(2, 0.3 * len(names)):
        return "humann", "rows stratified as HUMAnN does", ""
    return None


def _motus(grid: Grid, header: list[str], names: list[str]) -> Found | None:
    words = [h.lower() for h in header[:3]]
    if any(w in {"motu", "consensus_taxonomy"} for w in words):
        return "motus", "header of mOTUs", ""
    if any("motus version" in c for c in grid.comments) or any(_MOTU.search(n) for n in names[:50]):
        return "motus", "mOTU ids", ""
    return None


def _taxonomy(grid: Grid, header: list[str], names: list[str]) -> Found | None:
    words = [h.lower().strip("#").strip() for h in header]
    ranks = [w for w in words if w in _RANK_WORDS]
    texts = [c for c in range(1, grid.body.shape[1]) if not _numeric(grid, c)]
    if "taxon" in words[1:2] and words[0] in {"feature id", "#otuid", "id", "otu id", "featureid"}:
        return "taxonomy", "a QIIME 2 taxonomy file", ""
    if len(ranks) >= 3 and len(texts) >= len(ranks) - 1:
        return "taxonomy", f"rank columns ({', '.join(ranks)})", ""
    if grid.body.shape[1] in (2, 3) and texts:
        cells = grid.body[1].astype(str).head(50)
        strings = cells.map(lambda x: lin.has_rank_prefix(x) or x.count(";") >= 2)
        if strings.mean() > 0.8 and not any(lin.has_rank_prefix(n) for n in names[:20]):
            return "taxonomy", "ids beside lineages", ""
    return None


def _lineage_rows(grid: Grid, header: list[str], names: list[str]) -> Found | None:
    if header[:1] == ["clade_name"] and names and all(n.lower() in {"unknown", "unclassified"} for n in names):
        return "metaphlan", "a MetaPhlAn profile in which nothing was identified", "rows"
    prefixed = [n for n in names if lin.has_rank_prefix(n)]
    if not names or len(prefixed) < 0.5 * len(names):
        return None
    joined = "\n".join(prefixed[:200])
    corner = (header[0] if header else "").lower()
    if corner in {"otu id", "#otu id"} or any("biom file" in c for c in grid.comments):
        return "qiime2", "lineages under '#OTU ID'", "rows"
    gtdb = "d__" in joined or "r__" in joined
    if gtdb and grid.header is None and "|" in joined and grid.body.shape[1] == 2 and _whole(grid, 1):
        return "kraken2", "a Kraken 2 report in mpa style", "rows"
    if gtdb and (corner == "clade_name" or "t__" in joined or any("Taxonomies_used" in c for c in grid.comments)):
        return "gtdb", "clade names of GTDB (d__, genome at t__)", "rows"
    if gtdb and re.search(r"p__\w+_[A-Z](?:[;|]|$)|s__\w+ \w+", joined):
        return "gtdb", "lineages of GTDB", "rows"
    if "|" in joined or corner in {"clade_name", "id", "sampleid"} or "mpa" in " ".join(grid.comments).lower():
        return "metaphlan", "clade names of MetaPhlAn (k__..|..)", "rows"
    return "plain", "lineages as row names", "rows"


def _table(grid: Grid, header: list[str], names: list[str]) -> Found:
    columns = [h for h in header[1:] if h]
    corner = (header[0] if header else "").lower().lstrip("#").strip()
    marked = any("biom file" in c.lower() for c in grid.comments) or corner in {"otu id", "otuid"} or grid.types_row
    whole = all(_whole(grid, c) for c in range(1, min(grid.body.shape[1], 30)))
    features = [sum(map(is_feature, side)) / max(len(side), 1) for side in (names, columns)]
    taxa = [_taxon_share(side) for side in (names, columns)]
    fields = sum(map(cols.is_field, header))
    if fields >= MIN_FIELDS and fields >= FIELD_SHARE * len(header) and taxa[1] < TAXON_SHARE:
        return "clinical", f"{fields} columns are patient or sample fields", ""
    if max(features) >= TAXON_SHARE:
        side = "rows" if features[0] >= features[1] else "columns"
        if marked and side == "rows":
            return "qiime2", "feature ids under '#OTU ID'", side
        return "dada2", f"ASV names or sequences in the {side}", side
    if marked and max(taxa) < TAXON_SHARE:
        return ("qiime2" if whole else "ogu"), "feature ids under 'OTU ID'", "rows"
    if max(taxa) < TAXON_SHARE and header and corner in {"feature id", "featureid", "genome", "mag", "ogu", "bin"}:
        return "ogu", f"genome ids under '{corner}'", "rows"
    if max(taxa) >= TAXON_SHARE:
        side = "rows" if taxa[0] >= taxa[1] else "columns"
        if side == "rows" and not any(_numeric(grid, c) for c in range(1, grid.body.shape[1])):
            return "unknown", "taxon names without numbers", ""
        named = sum(lin.looks_like_taxon(c) and not cols.is_field(c) for c in columns)
        if side == "columns" and named < len(columns) and named < MIN_TAXA:
            return "clinical", "columns of a clinic sheet", ""
        return "plain", f"taxon names in the {side}", side
    numeric = sum(_numeric(grid, c) for c in range(1, grid.body.shape[1]))
    if header and grid.body.shape[1] > 2 and numeric < 0.7 * (grid.body.shape[1] - 1):
        return "clinical", "columns of text without taxon names", ""
    if numeric and header:
        return "ogu", "numbers under ids that name no taxon", ""
    return "unknown", "no taxon name on either side", ""


def _taxon_share(names: list[str]) -> float:
    """Share of names shaped like taxa; repeated names count once against all, since taxa are listed once."""
    distinct = set(names)
    return sum(map(lin.looks_like_taxon, distinct)) / max(len(names), 1)


def is_feature(name: str) -> bool:
    """An ASV or OTU id: a sequence, a hash or a numbered name."""
    return bool(_FEATURE.match(name) or _DNA.match(name))


def _numeric(grid: Grid, column: int) -> bool:
    cells = grid.body[column]
    return cells.dtype.kind in "iuf" or all(is_number(str(x)) for x in cells.head(50) if str(x) != "nan")


def _whole(grid: Grid, column: int) -> bool:
    cells = grid.body[column]
    return cells.dtype.kind in "iu" or (cells.dtype.kind == "f" and bool((cells.dropna() % 1 == 0).all()))


def refuse(found: Format, source: Source) -> None:
    """Raise InputError for a file that is recognised but is no profile."""
    hints = {
        "taxonomy": ("this is a taxonomy file, not an abundance table", "give the table, and this file as taxonomy"),
        "clinical": (
            "this looks like a clinic or sample sheet, not a profile",
            "give the abundance table; clinical data go into patient.yaml (`hepaxis check`)",
        ),
        "humann": (
            "HUMAnN output holds functions, not taxa",
            "give the MetaPhlAn profile of the same run (..._metaphlan_bugs_list.tsv)",
        ),
        "unknown": (
            f"the content is no known profile format ({found.why})",
            "give MetaPhlAn, sylph, mOTUs, Kraken2, Bracken, QIIME 2, BIOM, DADA2 or a plain table with taxon names",
        ),
    }
    what, hint = hints[found.name]
    raise InputError([error(f"profile.{found.name}_file", what, hint, file=source.name)])
