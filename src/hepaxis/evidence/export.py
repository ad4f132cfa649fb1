"""Records as BibTeX and RIS, for reference managers.

Held: the records know labels, years, locators and notes, not titles or authors; the label stands for the title and the
entry says so.  The locator is what identifies the work.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from hepaxis import knowledge
from hepaxis.evidence.records import RETRACTED, Record

FORMATS = ("bibtex", "ris")
_SPECIAL = {"\\": r"\textbackslash{}", **{mark: f"\\{mark}" for mark in "&%$#_{}"}}


def bibtex(mine: Iterable[Record]) -> str:
    """Entries of kind ``misc``, keyed by record id."""
    return "".join(_entry(one) for one in mine)


def _entry(one: Record) -> str:
    fields = {
        "title": f"{{{_safe(one.label)}}}",
        "year": str(one.year or ""),
        "doi": _first(one, "doi"),
        "url": _address(one),
        "note": _safe(_note(one)),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value.strip("{}")]
    return "\n".join([f"@misc{{{one.id},", *lines, "}", "", ""])


def ris(mine: Iterable[Record]) -> str:
    """Entries of type GEN with the record id as ID."""
    return "".join(_ris(one) for one in mine)


def _ris(one: Record) -> str:
    lines = [("TY", "GEN"), ("ID", one.id), ("TI", one.label), ("PY", str(one.year or "")), ("DO", _first(one, "doi"))]
    lines += [("UR", _address(one)), ("N1", _note(one))]
    told = [f"{tag}  - {value}" for tag, value in lines if value]
    return "\r\n".join([*told, "ER  - ", "", ""])


def _note(one: Record) -> str:
    """One line: record id, how far it was checked, retraction, own note."""
    parts = [f"hepaxis record {one.id}, checked: {one.checked.replace('_', ' ')}"]
    parts += [f"RETRACTED: {'; '.join(one.retraction)}"] if one.status == RETRACTED else []
    parts += [one.note] if one.note else []
    return re.sub(r"\s+", " ", ". ".join(parts))


def _first(one: Record, kind: str) -> str:
    return next((locator.partition(":")[2] for locator in one.source if locator.startswith(f"{kind}:")), "")


def _address(one: Record) -> str:
    return next((address for locator in one.source if (address := knowledge.url(locator))), "")


def _safe(text: str) -> str:
    return "".join(_SPECIAL.get(letter, letter) for letter in text)
