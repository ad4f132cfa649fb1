"""Compact identifiers (CURIEs) against a frozen prefix map: ``NCBITaxon:239935``, ``CHEBI:17968``, ``DOI:10...``.

Held: the prefixes of the table ``curie_prefixes``, frozen so that an identifier means the same in every release.
Locators of the fact tables (``doi:``, ``nct:``, ``pmid:``, ``pmc:``) have a CURIE; printed references have none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from hepaxis import knowledge

_OF_LOCATOR = {"doi": "DOI", "nct": "NCT", "pmid": "PMID", "pmc": "PMC"}


def fault(curie: str) -> str:
    """Why a CURIE does not fit the prefix map, or '' where it does."""
    prefix, colon, local = curie.partition(":")
    known = {str(row["id"]): str(row["pattern"]) for row in knowledge.records("curie_prefixes")}
    if not colon or prefix not in known:
        return f"{curie!r} has none of the prefixes {', '.join(known)}"
    if not re.match(known[prefix], local) or local.count("(") != local.count(")"):
        return f"{local!r} is not a local identifier of {prefix}"
    return ""


def expand(curie: str) -> str:
    """Web address of a CURIE.  ValueError where it does not fit the prefix map."""
    if why := fault(curie):
        raise ValueError(why)
    prefix, _, local = curie.partition(":")
    return str(knowledge.row("curie_prefixes", prefix)["url"]).replace("{id}", local)


def of_locator(locator: str) -> str:
    """CURIE of a locator of the fact tables; '' for addresses, printed references and own choices."""
    kind, _, local = locator.partition(":")
    return f"{_OF_LOCATOR[kind]}:{local}" if kind in _OF_LOCATOR else ""


def of_record(source: Iterable[str], tumours: Iterable[str], taxa: Iterable[str]) -> tuple[str, ...]:
    """CURIEs of a record's locators, tumours and taxa, those that have one, each once."""
    terms = {str(row["id"]): str(row["curie"]) for row in knowledge.records("terms")}
    named = {str(row["taxon_id"]): str(row["curie"]) for row in knowledge.records("taxon_curies")}
    found = [of_locator(locator) for locator in source]
    found += [terms.get(id, "") for id in tumours] + [named.get(id, "") for id in taxa]
    return tuple(dict.fromkeys(one for one in found if one))
