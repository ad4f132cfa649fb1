"""The room's own fact tables, typed by the schemas beside them, in the manner of ``knowledge``.

They live here because no other room reads them, and because a new antigen must not change the hash of what the model
was calibrated with.  ``tests/antigens/test_tables.py`` lints them with the linter of ``knowledge``.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from hepaxis.knowledge.schema import Column, Value, parse_cell

HERE = Path(__file__).resolve().parent
NAMES = ("antigens", "off_targets", "hit_rates", "anchors")


@cache
def schema(name: str) -> tuple[Column, ...]:
    """Columns of a table, in order."""
    with (HERE / "schema" / f"{name}.csv").open(newline="", encoding="utf-8") as handle:
        return tuple(
            Column(
                row["column"],
                row["type"],
                row["required"] == "yes",
                tuple(part for part in row["allowed"].split("|") if part),
                row["unit"],
                row["description"],
            )
            for row in csv.DictReader(handle)
        )


@cache
def records(name: str) -> tuple[Mapping[str, Value], ...]:
    """Rows of a table in file order, typed by its schema and read-only."""
    with (HERE / f"{name}.csv").open(newline="", encoding="utf-8") as handle:
        return tuple(
            MappingProxyType({column.name: parse_cell(row[column.name], column) for column in schema(name)})
            for row in csv.DictReader(handle)
        )
