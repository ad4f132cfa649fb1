"""Where a fact comes from: locators, and the citation a report shows beside a value.

A locator is ``doi:``, ``nct:``, ``pmid:``, ``pmc:`` or an http(s) address; ``text:`` is a printed reference for which
no identifier was found, ``own:`` a choice or computation of this project, named as such.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hepaxis.knowledge.store import row

_FORMS = {
    "doi": re.compile(r"^10\.\d{4,9}/\S+$"),
    "nct": re.compile(r"^NCT\d{8}$"),
    "pmid": re.compile(r"^\d{1,8}$"),
    "pmc": re.compile(r"^PMC\d{4,9}$"),
    "text": re.compile(r"^\S.*$"),
    "own": re.compile(r"^\S.*$"),
}
_LABEL_COLUMNS = ("label", "name", "title", "id")


@dataclass(frozen=True)
class Citation:
    """A fact's provenance.  ``locator`` holds all locators, '; '-joined; ``checked`` is the verification grade."""

    id: str
    label: str
    locator: str
    checked: str
    table: str

    @property
    def unverified(self) -> bool:
        """True where the fact, or a part of it, stands from memory and must be shown so."""
        return self.checked in ("recalled", "part_seen")


def cite(table: str, id: str) -> Citation:
    """The citation of one row.  KeyError if table or row do not exist."""
    record = row(table, id)
    label = next((str(record[column]) for column in _LABEL_COLUMNS if record.get(column)), id)
    source = record.get("source") or ()
    locator = "; ".join(source) if isinstance(source, tuple) else str(source)
    return Citation(id=id, label=label, locator=locator, checked=str(record.get("checked") or ""), table=table)


def url(locator: str) -> str:
    """Web address of a locator; '' for printed references and own choices."""
    if locator.startswith(("http://", "https://")):
        return locator
    kind, _, value = locator.partition(":")
    base = {
        "doi": "https://doi.org/",
        "nct": "https://clinicaltrials.gov/study/",
        "pmid": "https://pubmed.ncbi.nlm.nih.gov/",
        "pmc": "https://pmc.ncbi.nlm.nih.gov/articles/",
    }.get(kind)
    return f"{base}{value}" if base else ""


def locator_fault(locator: str) -> str:
    """Why a locator is malformed, or '' where it is well formed."""
    if re.match(r"^https?://\S+$", locator):
        return ""
    kind, colon, value = locator.partition(":")
    if not colon or kind not in _FORMS:
        return f"{locator!r} has no known prefix"
    if not _FORMS[kind].match(value):
        return f"{value!r} is not a well-formed {kind.upper()}"
    return ""
