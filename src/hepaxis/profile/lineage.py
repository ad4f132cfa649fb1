"""Taxon names as their writers write them, turned into one lineage of eight ranks.

Holds MetaPhlAn (``k__..|s__..|t__SGB``), GTDB (``d__..;s__Genus species;t__GCF``), SILVA and Greengenes strings
with or without prefixes, and bare names (``Genus_species``).  A rank that is a placeholder ('uncultured', a name
ending in ``_unclassified``, MicrobiotaProcess's ``un_f__..``) is unknown: ''.  Names are not translated here: that
is `names`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import pandas as pd

from hepaxis.profile.record import RANKS

Lineage = tuple[str, str, str, str, str, str, str, str]

_PREFIX = {"d": 0, "k": 0, "p": 1, "c": 2, "o": 3, "f": 4, "g": 5, "s": 6, "t": 7}
_PREFIXED = re.compile(r"^(?:D_([0-6])|([dkpcofgst]))__(.*)$", re.DOTALL)
_ANY_PREFIX = re.compile(r"(?:^|[|;]\s*)(?:[rdkpcofgst]|D_[0-6])__")
_CONFIDENCE = re.compile(r"\(\d{1,3}(?:\.\d+)?\)$")
_DOMAIN_WORDS = "bacteria archaea eukaryota eukarya viruses virus unassigned unknown unclassified fungi metazoa"
_DOMAINS = frozenset(_DOMAIN_WORDS.split())
_PHYLUM_WORDS = """
firmicutes bacillota bacteroidetes bacteroidota actinobacteria actinobacteriota actinomycetota proteobacteria
pseudomonadota verrucomicrobia verrucomicrobiota fusobacteria fusobacteriota tenericutes mycoplasmatota
spirochaetes spirochaetota synergistetes synergistota euryarchaeota methanobacteriota desulfobacterota
cyanobacteria campylobacterota elusimicrobiota lentisphaerae lentisphaerota
"""
_PHYLA = frozenset(_PHYLUM_WORDS.split())
_PLACEHOLDER = re.compile(
    r"^(?:na|nan|none|null|\?|-|_|unassigned|unknown|unclassified|unidentified|uncultured.*|gut_metagenome|metagenome"
    r"|human_gut_metagenome|ambiguous_taxa|un_[dkpcofgs]__.*|(?:.*_)?incertae_sedis|.*_unclassified|unclassified_.*|unknown_\w+|\w+__)$",
    re.IGNORECASE,
)
_SGB = re.compile(r"(?:^|_)(SGB\d+(?:_group)?)$")
_WORD = r"\[?[A-Z][a-z]{2,40}(?:[-/][A-Za-z][a-z]{0,40}){0,3}\]?(?:_[A-Z]{1,2})?"
_BINOMIAL = re.compile(rf"^(?:Candidatus[ _])?{_WORD}[ _|]\S.*$")
_GENUS = re.compile(rf"^{_WORD}(?:[ _]\d{{1,2}})?$")
_GGB = re.compile(r"^(?:GGB|FGB|OFGB|CFGB|PGB)\d+")

UNKNOWN: Lineage = ("", "", "", "", "", "", "", "")


def has_rank_prefix(name: str) -> bool:
    """Whether a name carries ``k__``-like rank prefixes."""
    return _ANY_PREFIX.search(name) is not None


def looks_like_taxon(name: str) -> bool:
    """Whether a bare header or row name is shaped like a taxon's (lineage, binomial, genus, SGB)."""
    if has_rank_prefix(name) or (name.count(";") >= 2 and name[:1].isalpha()):
        return True
    return bool(_BINOMIAL.match(name) or _GENUS.match(name) or _GGB.match(name) or _SGB.search(name))


def clean(name: str, *, rank: str = "") -> str:
    """One rank's name: confidence, spaces and placeholders removed; '' where it says nothing."""
    text = _CONFIDENCE.sub("", name.strip().strip('"').strip())
    text = re.sub(r"\s+", "_", text)
    if not text or _PLACEHOLDER.match(text):
        return ""
    if rank == "species" and text.endswith(("_sp.", "_sp", "_spp.", "_bacterium")) and text.count("_") == 1:
        return ""
    return text


def parse(name: str) -> Lineage:
    """A taxon name of any of the known writings -> eight ranks, '' where unknown.  Never raises."""
    text = name.strip().strip('"')
    if has_rank_prefix(text):
        return _prefixed(text)
    for separator in (";", "|"):
        parts = [p.strip() for p in text.split(separator)]
        if len(parts) > 2 or (len(parts) == 2 and parts[0].lower() in _DOMAINS):
            return _positional(parts)
        if len(parts) == 2:
            # 'Lachnospiraceae|unclassified': the last word that names a clade
            return _bare(parts[1] if clean(parts[1]) else parts[0])
    return _bare(text)


def from_columns(cells: Sequence[str], columns: Sequence[str]) -> Lineage:
    """Ranks given as separate columns (DADA2, phyloseq): ``columns`` are rank names or '' to skip.

    A species column may hold the epithet alone; a column given twice keeps its first filled cell.
    """
    ranks = [""] * 8
    for cell, column in zip(cells, columns, strict=False):
        if not column:
            continue
        at = RANKS.index(column)
        match = _PREFIXED.match(cell.strip())
        value = clean(match.group(3) if match else cell, rank=column)
        if value and not ranks[at]:
            ranks[at] = value
    return _finished(ranks)


def _prefixed(text: str) -> Lineage:
    ranks = [""] * 8
    separator = "|" if "|" in text else ";"
    for part in text.split(separator):
        match = _PREFIXED.match(part.strip())
        if match:
            at = int(match.group(1)) if match.group(1) else _PREFIX[match.group(2)]
            ranks[at] = clean(match.group(3), rank=RANKS[at])
    return _finished(ranks)


def _positional(parts: Sequence[str]) -> Lineage:
    ranks = [""] * 8
    first = _CONFIDENCE.sub("", parts[0].strip()).lower()
    start = 0 if first in _DOMAINS or not first else 1
    for at, part in enumerate(parts, start=start):
        if at < 8:
            ranks[at] = clean(part, rank=RANKS[at])
    return _finished(ranks)


def _bare(text: str) -> Lineage:
    ranks = [""] * 8
    if text.strip().lower().removesuffix("_").removeprefix("_") in _DOMAINS | {"others", "other"}:
        return UNKNOWN
    name = re.sub(r"\s+", "_", text.strip())
    whole = clean(name)
    if (sgb := _SGB.search(name)) is not None:
        ranks[7] = sgb.group(1)
    words = name.split("_")
    head = words[0]
    if head == "Candidatus" and len(words) > 1:
        head = f"Candidatus_{words[1]}"
        words = [head, *words[2:]]
    lower = head.strip("[]").lower()
    suffix = "_" + words[1] if len(words) > 1 and re.fullmatch(r"[A-Z]{1,2}", words[1]) else ""
    if lower in _PHYLA:
        ranks[1] = head + suffix
    elif lower.endswith("ales"):
        ranks[3] = head + suffix
    elif lower.endswith("aceae"):
        ranks[4] = head + suffix
    elif lower.endswith("bacteria") or lower.endswith(("cutes", "idia")) or lower in {"bacilli", "clostridia"}:
        ranks[2] = head + suffix
    else:
        ranks[5] = clean(head + suffix)
    rest = words[2:] if suffix else words[1:]
    if rest and whole and not re.fullmatch(r"\d+|group|unclassified|spp?\.?", "_".join(rest)):
        ranks[6] = whole
    return _finished(ranks)


def _finished(ranks: list[str]) -> Lineage:
    genus, species = ranks[5], ranks[6]
    if species and genus and _is_epithet(species):
        # DADA2's addSpecies and SILVA give the epithet alone; two epithets name no single species
        ranks[6] = "" if "/" in species else f"{genus}_{species}"
    if ranks[6] and not genus:
        word = ranks[6].split("_")[0]
        if _GENUS.match(word) and not word.lower().endswith(("aceae", "ales")) and word.lower() not in _PHYLA:
            ranks[5] = word
    return tuple(ranks)  # type: ignore[return-value]


def _is_epithet(species: str) -> bool:
    return species[:1].islower() and "_" not in species


def deepest(lineage: Lineage) -> int:
    """Index in RANKS of the deepest known rank, -1 when nothing is known."""
    return max((i for i, value in enumerate(lineage) if value), default=-1)


def label(lineage: Lineage) -> str:
    """A taxon's id: species, or species|strain, or the deepest known clade with '_unclassified' above genus."""
    at = deepest(lineage)
    if at < 0:
        return "unknown"
    if at == 7:
        return f"{lineage[6]}|{lineage[7]}" if lineage[6] and lineage[7] not in lineage[6] else lineage[6] or lineage[7]
    return lineage[at] if at >= 5 else f"{lineage[at]}_unclassified"


def unique_labels(lineages: Sequence[Lineage]) -> list[str]:
    """Ids for distinct lineages; names that collide carry their parent clade (a genus name in two families)."""
    labels = [label(x) for x in lineages]
    for above in range(1, 8):
        seen = Counter(labels)
        clashing = [i for i, text in enumerate(labels) if seen[text] > 1]
        if not clashing:
            return labels
        for i in clashing:
            parent = _ancestor(lineages[i], above)
            if parent:
                labels[i] = f"{label(lineages[i])}_{parent}"
    seen = Counter()
    for i, text in enumerate(labels):
        seen[text] += 1
        if seen[text] > 1:
            labels[i] = f"{text}_{seen[text]}"
    return labels


def _ancestor(lineage: Lineage, above: int) -> str:
    known = [value for value in lineage[: max(deepest(lineage), 0)] if value]
    return known[-above] if above <= len(known) else ""


def frame(lineages: Iterable[Lineage], labels: Sequence[str]) -> pd.DataFrame:
    """Lineages -> taxa x RANKS."""
    return pd.DataFrame(list(lineages), index=pd.Index(labels, name="taxon"), columns=list(RANKS), dtype=object)
