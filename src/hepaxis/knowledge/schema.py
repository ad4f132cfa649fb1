"""What a fact table may hold: one small file per table in ``schema/``, one row a column.

Types: ``id`` (snake-case key of the row), ``text``, ``category`` (one of ``allowed``), ``integer``, ``number``,
``boolean`` (yes/no), ``list`` (parts split at ';', may be limited by ``allowed``), ``locators`` (where the fact was
read, split at ';'), ``grade`` (how far it was checked).  Nothing but the standard library is imported here, so that a
command which only prints help does not pay for pandas.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCHEMA_DIR = HERE / "schema"
TABLE_DIR = HERE / "tables"
#: Folder, in both, of the tables that no simulation reads: what is published, how well, and what contradicts it.
EVIDENCE = "evidence"

TYPES = ("id", "text", "category", "integer", "number", "boolean", "list", "locators", "grade")
#: ``seen``: the figure was seen in the source; ``recomputed``: from the source's own data; ``read``: abstract or full
#: text read; ``part_seen``: the row says which part was not; ``recalled``: from memory, to be shown as unverified.
GRADES = ("seen", "recomputed", "read", "part_seen", "recalled")
MAX_SUGGESTIONS = 3

Value = str | int | float | bool | tuple[str, ...] | None
Record = dict[str, Value]

_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
_TRUE, _FALSE = ("yes", "true", "1"), ("no", "false", "0")


@dataclass(frozen=True)
class Column:
    """One column of a fact table.  ``required`` means no empty cell; ``allowed`` is empty where anything goes."""

    name: str
    type: str
    required: bool
    allowed: tuple[str, ...]
    unit: str
    description: str


class CellError(ValueError):
    """A cell does not fit its column."""


def split_list(text: str) -> tuple[str, ...]:
    """Parts of a ';'-separated cell without surrounding blanks; empty parts are dropped."""
    return tuple(part.strip() for part in text.split(";") if part.strip())


def parse_cell(text: str, column: Column) -> Value:
    """Typed value of a cell; ``None`` for an empty number or boolean, '' or () for an empty text or list.

    Raises CellError where the text does not fit the column's type or its allowed values.
    """
    text = text.strip()
    if not text:
        if column.required:
            raise CellError("empty, but the column is required")
        if column.type in ("list", "locators"):
            return ()
        return None if column.type in ("integer", "number", "boolean") else ""
    if column.type == "integer":
        return _number(text, int)
    if column.type == "number":
        return _number(text, float)
    if column.type == "boolean":
        if text.lower() in _TRUE:
            return True
        if text.lower() in _FALSE:
            return False
        raise CellError(f"{text!r} is neither yes nor no")
    if column.type == "id" and not _ID.match(text):
        raise CellError(f"{text!r} is not an id (letters, digits, '_', '.', '-')")
    allowed = column.allowed or (GRADES if column.type == "grade" else ())
    parts = split_list(text) if column.type in ("list", "locators") else (text,)
    if allowed and any(part not in allowed for part in parts):
        wrong = ", ".join(repr(part) for part in parts if part not in allowed)
        raise CellError(f"{wrong} is not one of {', '.join(allowed)}")
    return parts if column.type in ("list", "locators") else text


def _number(text: str, kind: type[int] | type[float]) -> int | float:
    try:
        return kind(text)
    except ValueError as exc:
        raise CellError(f"{text!r} is not {'an integer' if kind is int else 'a number'}") from exc


def file_of(folder: Path, table: str) -> Path:
    """Where a table or its schema lies: in the folder itself, or in its ``evidence/``."""
    path = folder / f"{table}.csv"
    return path if path.is_file() else folder / EVIDENCE / f"{table}.csv"


@cache
def columns(table: str) -> tuple[Column, ...]:
    """The columns of a table, in the order of its schema file.  KeyError, with the nearest names, if unknown."""
    path = file_of(SCHEMA_DIR, table)
    if not path.is_file():
        raise KeyError(unknown_table(table))
    with path.open(newline="", encoding="utf-8") as handle:
        return tuple(
            Column(
                name=row["column"],
                type=row["type"],
                required=row["required"] == "yes",
                allowed=tuple(part for part in (row["allowed"] or "").split("|") if part),
                unit=row["unit"] or "",
                description=row["description"] or "",
            )
            for row in csv.DictReader(handle)
        )


def unknown_table(table: str) -> str:
    """The sentence shown when a table is asked for that does not exist."""
    import difflib

    known = sorted(path.stem for path in SCHEMA_DIR.rglob("*.csv"))
    near = difflib.get_close_matches(table, known, n=MAX_SUGGESTIONS) or known
    return f"no fact table {table!r}; best matches are {', '.join(near)}"
