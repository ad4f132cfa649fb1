"""Names of taxa: MetaPhlAn (2, 3, 4 with SGB numbers), NCBI, GTDB and 16S spellings of one organism lead to one id.

Assumes lineages as the readers give them: one row a taxon, columns domain ... species, strain, '' where unknown.
A name may stand for several taxa and a taxon may carry many names; ``resolve`` takes the first, says where the synonym
was read and marks the row as ambiguous.  Tables: ``taxa`` (ids with their lineage) and ``synonyms`` of ``knowledge``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import pandas as pd

from hepaxis import knowledge

RANKS = ("domain", "phylum", "class", "order", "family", "genus", "species", "strain")
#: Ranks from the most to the least specific at which a name can carry a lineage.
_UPWARDS = ("genus", "family", "order", "class", "phylum")

RankMatched = Literal["species", "genus", "family", "none"]

_PREFIX = re.compile(r"^[kdpcofgst]__")
_GTDB_SUFFIX = re.compile(r"_[A-Z]{1,2}$")
_NUMBERED = re.compile(r"_\d+$")
_SGB = re.compile(r"SGB\d+")
_ONE_GENUS = re.compile(r"^[A-Z][a-z]+$")
_UNNAMED_EPITHET = frozenset({"bacterium", "unclassified", "unidentified", "uncultured", "sp", "archaeon", "phage"})
_RANK_ENDINGS = (("aceae", "family"), ("ales", "order"))


def canonical(name: str) -> str:
    """One spelling of a name: no rank prefix, brackets, quotes or 'Candidatus'; blanks as '_'."""
    text = _PREFIX.sub("", name.strip())
    text = text.replace("[", "").replace("]", "").replace("'", "").replace('"', "").replace(".", "")
    text = re.sub(r"[\s_]+", "_", text).strip("_")
    return text.removeprefix("Candidatus_") if text.count("_") > 0 else text


@lru_cache(maxsize=65536)
def genus_spellings(genus: str) -> tuple[str, ...]:
    """A genus name and what it may be called elsewhere, most specific first.

    'Clostridium_Q' -> itself, 'Clostridium'; 'Prevotella_9' -> itself, 'Prevotella'; 'Escherichia-Shigella' -> itself,
    'Escherichia', 'Shigella'; 'Ruminococcaceae_UCG-002' -> itself, 'UCG-002'.
    """
    name = canonical(genus)
    found = [name]
    if _GTDB_SUFFIX.search(name):
        found.append(_GTDB_SUFFIX.sub("", name))
    if _NUMBERED.search(name):
        found.append(_NUMBERED.sub("", name))
    if "-" in name:
        parts = name.split("-")
        if all(_ONE_GENUS.match(part) for part in parts):
            found += parts
    first, _, rest = name.partition("_")
    if first.endswith("aceae") and rest:
        found.append(rest)
    return tuple(dict.fromkeys(part for part in found if part))


@lru_cache(maxsize=65536)
def species_spellings(species: str, genus: str) -> tuple[str, ...]:
    """A species name and what it may be called elsewhere, most specific first.

    'Clostridium_Q symbiosum' -> 'Clostridium_Q_symbiosum', 'Clostridium_symbiosum'; 'Lachnospira eligens_A' ->
    ..., 'Lachnospira_eligens'; a 16S genus such as '[Eubacterium] hallii group' names its species itself.
    """
    found: list[str] = []
    if species:
        found.append(canonical(species))
        epithet = found[0].split("_")[-1]
        if "_" not in found[0] and genus and not epithet[:1].isupper():
            found.append(f"{canonical(genus)}_{found[0]}")
    elif genus:
        name = canonical(genus)
        if name.endswith("_group"):
            found.append(name.removesuffix("_group"))
    for name in tuple(found):
        plain = _strip_gtdb_suffixes(name)
        if plain != name:
            found.append(plain)
    return tuple(dict.fromkeys(found))


def _strip_gtdb_suffixes(name: str) -> str:
    """'Lachnospira_eligens_A' -> 'Lachnospira_eligens'; 'Clostridium_AP_scindens' -> 'Clostridium_scindens'."""
    return re.sub(r"_[A-Z]{1,2}(?=_|$)", "", name)


@lru_cache(maxsize=1)
def _taxa_by_name() -> dict[str, dict[str, Mapping[str, object]]]:
    """rank -> canonical name -> row of the taxa table."""
    found: dict[str, dict[str, Mapping[str, object]]] = {}
    for record in knowledge.records("taxa"):
        found.setdefault(str(record["rank"]), {})[canonical(str(record["name"]))] = record
    return found


def complete(lineages: pd.DataFrame) -> pd.DataFrame:
    """Lineages with the ranks filled in that a name itself or the ``taxa`` table tells.

    A bare MetaPhlAn species name ('Blautia_wexlerae', 'GGB9633_SGB15091', 'Lachnospiraceae_bacterium_OM04_12BH')
    gains genus, family, order, class and phylum as far as known.  Names already given are never changed.
    """
    frame = lineages.reindex(columns=list(RANKS), fill_value="").fillna("")
    rows = [_complete_row(dict(zip(RANKS, row, strict=True))) for row in frame.itertuples(index=False, name=None)]
    return pd.DataFrame(rows, index=lineages.index, columns=list(RANKS))


def _complete_row(row: dict[str, str]) -> dict[str, str]:
    placed = _taxa_by_name().get("species", {}).get(canonical(row["species"])) if row["species"] else None
    if placed is not None:
        for above in (*_UPWARDS, "domain"):
            row[above] = row[above] or str(placed[above])
    if row["species"] and not row["genus"]:
        first = canonical(row["species"]).split("_")[0]
        place = next((rank for ending, rank in _RANK_ENDINGS if first.endswith(ending)), "")
        place = place or next((rank for rank in ("class", "phylum") if first in _taxa_by_name().get(rank, {})), "genus")
        if not row[place]:
            row[place] = first
    elif row["genus"] and not row["family"] and canonical(row["genus"]).split("_")[0].endswith("aceae"):
        row["family"] = canonical(row["genus"]).split("_")[0]
    for position, rank in enumerate(_UPWARDS):
        known = _known(rank, row[rank])
        if known is None:
            continue
        for above in (*_UPWARDS[position + 1 :], "domain"):
            row[above] = row[above] or str(known[above])
    return row


def _known(rank: str, name: str) -> Mapping[str, object] | None:
    if not name:
        return None
    rows = _taxa_by_name().get(rank, {})
    return next((rows[spelling] for spelling in genus_spellings(name) if spelling in rows), None)


@dataclass(frozen=True)
class Synonym:
    """One name of one taxon: ``form`` is ncbi, metaphlan, sgb, gtdb or silva; ``source`` where it was read."""

    taxon_id: str
    name: str
    form: str
    source: str


@lru_cache(maxsize=1)
def _synonyms() -> dict[str, tuple[Synonym, ...]]:
    found: dict[str, list[Synonym]] = {}
    for record in knowledge.records("synonyms"):
        source = record["source"]
        locator = "; ".join(source) if isinstance(source, tuple) else str(source)
        entry = Synonym(str(record["taxon_id"]), str(record["name"]), str(record["form"]), locator)
        found.setdefault(canonical(entry.name), []).append(entry)
    return {name: tuple(entries) for name, entries in found.items()}


def synonyms(taxon_id: str) -> tuple[Synonym, ...]:
    """All names of a taxon.  KeyError if there is no such taxon."""
    knowledge.row("taxa", taxon_id)
    return tuple(entry for entries in _synonyms().values() for entry in entries if entry.taxon_id == taxon_id)


def candidates(name: str) -> tuple[str, ...]:
    """Ids of all taxa that carry this name, in the order of the table; () if none does."""
    return tuple(dict.fromkeys(entry.taxon_id for entry in _synonyms().get(canonical(name), ())))


def resolve(lineages: pd.DataFrame) -> pd.DataFrame:
    """One taxon id for each row of ``lineages``.

    Columns of the result, same index: ``taxon_id`` ('' if none), ``rank_matched`` (species | genus | family | none),
    ``synonym_source`` (locator of the name that matched, followed by 'suffix dropped' where a GTDB suffix had to go),
    ``ambiguous`` (the name belongs to more than one taxon; the first is given, ``candidates`` lists all).
    """
    frame = complete(lineages)
    rows = [_resolve_row(row) for row in frame[list(RANKS)].itertuples(index=False, name=None)]
    return pd.DataFrame(
        rows, index=lineages.index, columns=["taxon_id", "rank_matched", "synonym_source", "ambiguous"]
    ).astype({"ambiguous": bool})


def _resolve_row(row: tuple[str, ...]) -> tuple[str, RankMatched, str, bool]:
    names = dict(zip(RANKS, row, strict=True))
    found = _match(_species_names(names), "species")
    if found:
        return found[0], "species", found[1], found[2]
    found = _match(genus_spellings(names["genus"]) if names["genus"] else (), "genus")
    if found:
        return found[0], "genus", found[1], found[2]
    found = _match(genus_spellings(names["family"]) if names["family"] else (), "family")
    if found:
        return found[0], "family", found[1], found[2]
    return "", "none", "", False


def _species_names(names: Mapping[str, str]) -> tuple[str, ...]:
    numbers = [match.group(0) for key in ("strain", "species") for match in _SGB.finditer(names[key])]
    return (*species_spellings(names["species"], names["genus"]), *numbers)


def _match(spellings: Iterable[str], rank: RankMatched) -> tuple[str, str, bool] | None:
    """(taxon id, source, ambiguous) of the first spelling that names a taxon of this rank."""
    for position, spelling in enumerate(spellings):
        entries = [entry for entry in _synonyms().get(spelling, ()) if _rank_of(entry.taxon_id) == rank]
        if entries:
            ids = {entry.taxon_id for entry in entries}
            dropped = position > 0 and not _SGB.fullmatch(spelling)
            return entries[0].taxon_id, entries[0].source + (" (suffix dropped)" if dropped else ""), len(ids) > 1
    return None


@lru_cache(maxsize=1)
def _ranks() -> dict[str, str]:
    return {str(record["id"]): str(record["rank"]) for record in knowledge.records("taxa")}


def _rank_of(taxon_id: str) -> str:
    rank = _ranks().get(taxon_id, "")
    return "species" if rank in ("species", "clade", "strain") else rank


def trait_coverage(abundance: pd.DataFrame, resolved: pd.DataFrame) -> pd.DataFrame:
    """Share of each sample's abundance whose traits are known, at species level, at genus level only, and together.

    abundance: samples x taxa, rows sum to 1; resolved: result of ``resolve`` on the same taxa.
    Result: samples x (species, genus, total).
    """
    described = {str(record["taxon_id"]) for record in knowledge.records("traits")}
    ids, rank = resolved["taxon_id"], resolved["rank_matched"]
    at_species = ((rank == "species") & ids.isin(described)).to_numpy()
    at_genus = ((rank == "genus") & ids.isin(described | genera_with_traits())).to_numpy()
    share = pd.DataFrame(
        {"species": abundance.to_numpy() @ at_species, "genus": abundance.to_numpy() @ at_genus}, index=abundance.index
    )
    share["total"] = share["species"] + share["genus"]
    return share


@lru_cache(maxsize=1)
def genera_with_traits() -> frozenset[str]:
    """Ids of genera with at least one species in the traits table."""
    return frozenset(_species_of_genus())


@lru_cache(maxsize=1)
def _species_of_genus() -> dict[str, tuple[str, ...]]:
    described = {str(record["taxon_id"]) for record in knowledge.records("traits")}
    by_name = {
        canonical(str(record["name"])): str(record["id"])
        for record in knowledge.records("taxa")
        if record["rank"] == "genus"
    }
    found: dict[str, list[str]] = {}
    for record in knowledge.records("taxa"):
        if record["id"] in described and record["rank"] == "species":
            genus = by_name.get(canonical(str(record["genus"])))
            if genus:
                found.setdefault(genus, []).append(str(record["id"]))
    return {genus: tuple(ids) for genus, ids in found.items()}


#: Probability that a taxon shows a trait, by the table's code: strain-dependent and unknown stand in the middle.
#: Assumed, as are the spreads below: no source gives per-strain frequencies for all traits.
TRAIT_PROBABILITY = {"0": 0.0, "1": 1.0, "c": 0.0, "v": 0.5, "u": 0.5}
#: Spread (sd) of that probability by code; unknown is that of a uniform distribution, sqrt(1/12).
TRAIT_SPREAD = {"0": 0.05, "1": 0.05, "c": 0.05, "v": 0.2, "u": 0.289}
#: Weight of a species without a stated mean abundance, % of a healthy adult community (below the table's median).
_UNSTATED_ABUNDANCE_PCT = 0.01


def taxon_traits(resolved: pd.DataFrame, trait: str) -> pd.DataFrame:
    """Probability that each taxon shows ``trait`` and the spread of that probability.

    A species match has its own value; a genus match the mean over the genus' described species, weighted by their
    mean abundance in healthy adults, with the spread between them added, so it is wider; anything else is NaN.
    Columns: ``mean``, ``sd``, ``basis`` (species | genus | none), ``n_species``.  KeyError if there is no such trait.
    """
    values = _trait_values(trait)
    rows = []
    for taxon_id, rank in zip(resolved["taxon_id"], resolved["rank_matched"], strict=True):
        if taxon_id in values and rank in ("species", "genus"):
            mean, sd, _ = values[taxon_id]
            rows.append((mean, sd, rank, 1))
        elif rank == "genus" and taxon_id in _species_of_genus():
            rows.append(_genus_trait([values[id] for id in _species_of_genus()[taxon_id]]))
        else:
            rows.append((np.nan, np.nan, "none", 0))
    return pd.DataFrame(rows, index=resolved.index, columns=["mean", "sd", "basis", "n_species"])


@lru_cache(maxsize=64)
def _trait_values(trait: str) -> dict[str, tuple[float, float, float]]:
    found = {}
    for record in knowledge.records("traits"):
        if trait not in record:
            raise KeyError(f"no trait {trait!r} in the traits table")
        code = str(record[trait])
        weight = record["mean_abundance_pct"]
        share = float(weight) if isinstance(weight, int | float) else _UNSTATED_ABUNDANCE_PCT
        found[str(record["taxon_id"])] = (TRAIT_PROBABILITY[code], TRAIT_SPREAD[code], share)
    return found


def _genus_trait(species: list[tuple[float, float, float]]) -> tuple[float, float, str, int]:
    """Abundance-weighted mean; variance within and between species plus that of the undescribed rest of the genus."""
    means, sds, weights = (np.array(column) for column in zip(*species, strict=True))
    weights = weights / weights.sum()
    mean = float(weights @ means)
    between = float(weights @ (means - mean) ** 2)
    within = float(weights @ sds**2)
    undescribed = TRAIT_SPREAD["u"] ** 2 / (len(species) + 1)
    return mean, float(np.sqrt(between + within + undescribed)), "genus", len(species)
