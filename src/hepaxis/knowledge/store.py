"""The fact tables on disk, read once, typed by their schema and handed out so that nobody can change another's copy.

``records`` needs the standard library only; ``table`` makes a DataFrame of it (pandas is imported when first asked).
"""

from __future__ import annotations

import csv
import difflib
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from hepaxis.knowledge.schema import (
    EVIDENCE,
    MAX_SUGGESTIONS,
    SCHEMA_DIR,
    TABLE_DIR,
    CellError,
    Column,
    Record,
    Value,
    columns,
    file_of,
    parse_cell,
    unknown_table,
)

if TYPE_CHECKING:
    import pandas as pd


def names() -> tuple[str, ...]:
    """Names of all fact tables, sorted."""
    return tuple(sorted(path.stem for path in TABLE_DIR.rglob("*.csv")))


@cache
def records(name: str) -> tuple[Mapping[str, Value], ...]:
    """Rows of a table in file order, typed by its schema and read-only.

    KeyError if there is no such table; ValueError naming file, row and column if a cell does not fit
    (``lint`` lists all such cells at once).
    """
    path = file_of(TABLE_DIR, name)
    if not path.is_file():
        raise KeyError(unknown_table(name))
    by_name = {column.name: column for column in columns(name)}
    rows: list[Mapping[str, Value]] = []
    with path.open(newline="", encoding="utf-8") as handle:
        for line, raw in enumerate(csv.DictReader(handle), start=2):
            record: Record = {}
            for key, column in by_name.items():
                try:
                    record[key] = parse_cell(raw.get(key) or "", column)
                except CellError as exc:
                    raise ValueError(f"{path.name} row {line} column '{key}': {exc}") from exc
            rows.append(MappingProxyType(record))
    return tuple(rows)


def row(table: str, id: str) -> Record:
    """One row as a plain dict.  KeyError, with the nearest ids, if there is none."""
    found = _index(table).get(id)
    if found is None:
        near = difflib.get_close_matches(id, list(_index(table)), n=MAX_SUGGESTIONS)
        raise KeyError(f"table {table!r} has no row {id!r}" + (f"; best matches are {', '.join(near)}" if near else ""))
    return dict(found)


@cache
def _index(table: str) -> dict[str, Mapping[str, Value]]:
    return {str(record["id"]): record for record in records(table)}


def table(name: str) -> pd.DataFrame:
    """A fact table as a new DataFrame, one row a fact, column types from the schema.

    number -> float64 (missing: NaN), integer -> Int64, boolean -> boolean, list and locators -> tuples of str,
    all else str ('' where empty).  Changing the result changes nobody else's.
    """
    return _frame(name).copy(deep=True)


@cache
def _frame(name: str) -> pd.DataFrame:
    import pandas as pd

    rows = records(name)
    data = {column.name: _series([record[column.name] for record in rows], column) for column in columns(name)}
    return pd.DataFrame(data)


def _series(values: list[Value], column: Column) -> pd.Series:
    import pandas as pd

    dtype = {"number": "float64", "integer": "Int64", "boolean": "boolean"}.get(column.type, "object")
    return pd.Series(values, dtype=dtype)


def content_hash() -> str:
    """SHA-256 over the names and bytes of all tables and schemas that a simulation reads: what a run was told."""
    return _digest(SCHEMA_DIR, TABLE_DIR)


def evidence_hash() -> str:
    """The same over the tables of published evidence (``tables/evidence``), which no simulation reads.

    They grow with every paper; results computed without them must not go stale with them.
    """
    return _digest(SCHEMA_DIR / EVIDENCE, TABLE_DIR / EVIDENCE)


def _digest(*folders: Path) -> str:
    digest = hashlib.sha256()
    for kind, folder in zip(("schema", "tables"), folders, strict=True):
        for path in sorted(folder.glob("*.csv")):
            digest.update(f"{kind}/{path.name}\0".encode())
            digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()
