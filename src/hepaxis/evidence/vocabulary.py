"""Words a user may type, and what lies under them: tumours, exposures, treatments, outcomes, taxa, interventions.

Held: the tree of the table ``terms`` (a term takes in what lies under it) and the lineages of ``taxa`` with all
``synonyms``.  An unknown word is an InputError that names the nearest known ones.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import cache

from hepaxis import knowledge
from hepaxis.problems import InputError, error

RANKS = ("genus", "family", "order", "class", "phylum", "domain")
NEAR = 3


@cache
def _terms(kind: str) -> Mapping[str, Mapping[str, object]]:
    return {str(row["id"]): row for row in knowledge.records("terms") if row["kind"] == kind}


@cache
def _words(kind: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for id, row in _terms(kind).items():
        others = row["other_names"]
        names = [id, str(row["label"]), *(others if isinstance(others, tuple) else ())]
        found |= {_plain(str(name)): id for name in names}
    return found


def _plain(word: str) -> str:
    return word.strip().lower().replace("_", " ").replace("-", " ")


def term(kind: str, word: str) -> str:
    """Id of a term by any of its names; a plural s is forgiven.  Raises InputError."""
    words = _words(kind)
    plain = _plain(word)
    found = words.get(plain) or words.get(plain.removesuffix("s"))
    if found is None:
        raise unknown(kind, word, sorted(_terms(kind)))
    return found


def under(kind: str, id: str) -> frozenset[str]:
    """A term and all terms below it."""
    found = {id}
    grown = True
    while grown:
        more = {name for name, row in _terms(kind).items() if row["parent"] in found} - found
        found |= more
        grown = bool(more)
    return frozenset(found)


def label(kind: str, id: str) -> str:
    """Printed name of a term; the id itself where there is none."""
    row = _terms(kind).get(id)
    return str(row["label"]) if row else id


def harm_if_high(outcome: str) -> bool:
    """True where a ratio above 1 is harm to the patient."""
    return bool(_terms("outcome")[outcome]["harm_if_high"])


@cache
def _taxon_words() -> Mapping[str, str]:
    found = {_plain(str(row["name"])): str(row["taxon_id"]) for row in knowledge.records("synonyms")}
    for row in knowledge.records("taxa"):
        found |= {_plain(str(row["id"])): str(row["id"]), _plain(str(row["name"])): str(row["id"])}
    return found


def taxon(word: str) -> str:
    """Id of a taxon by its id, its name or a synonym.  Raises InputError."""
    found = _taxon_words().get(_plain(word))
    if found is None:
        raise unknown("taxon", word, sorted(_taxon_words()))
    return found


@cache
def taxa_under(id: str) -> frozenset[str]:
    """A taxon and everything the table ``taxa`` places below it."""
    row = knowledge.row("taxa", id)
    rank, name = str(row["rank"]), str(row["name"])
    if rank not in RANKS:
        return frozenset({id})
    below = {str(other["id"]) for other in knowledge.records("taxa") if other[rank] == name}
    return frozenset({id} | below)


def metabolite(word: str) -> str:
    """Id of a metabolite by id or name.  Raises InputError."""
    words: dict[str, str] = {}
    for row in knowledge.records("metabolites"):
        words |= {_plain(str(row["id"])): str(row["id"]), _plain(str(row["label"])): str(row["id"])}
    found = words.get(_plain(word))
    if found is None:
        raise unknown("metabolite", word, sorted(words))
    return found


def unknown(kind: str, word: str, known: list[str]) -> InputError:
    """The fault of a word nobody knows, with the nearest known ones."""
    near = difflib.get_close_matches(_plain(word), known, n=NEAR) or known[: 2 * NEAR]
    return InputError([error(f"evidence.{kind}", f"no {kind} '{word}'", f"best matches are {', '.join(near)}")])
