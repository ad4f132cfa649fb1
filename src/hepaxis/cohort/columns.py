"""What a column of a clinical table means: the fields of ``columns.csv`` found by name, cells made clean and typed.

Published tables of one archive use several schemes (eleven checkpoint-inhibitor tables of one collection use three),
so a field has many names; the caller may name the column instead.  What cannot be read becomes missing and is counted.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
import pandas as pd

from hepaxis.patient.cohort import Cohort as Table
from hepaxis.patient.cohort import plain_name
from hepaxis.patient.cohort_response import sign
from hepaxis.patient.cohort_values import PLACEHOLDERS
from hepaxis.problems import InputError, error

MISSING = frozenset({"", "na", "nan", "n/a", "not applicable", "none", "null", *PLACEHOLDERS}) - {"999", "-9", "-99"}
FLAG_AT = re.compile(r"^(?:disease_?response_?)?(pfs|os)_?0?(\d{1,2})$", re.IGNORECASE)
MONTHS_PER = {"month": 1.0, "day": 1 / 30.4375, "week": 7 / 30.4375, "year": 12.0}
"""Months in a unit of time; a month is 365.25 / 12 days."""
DEAD = frozenset({"dead", "deceased", "death", "died", "progressed", "event"})
ALIVE = frozenset({"alive", "living", "censored", "no event"})


@dataclass(frozen=True)
class Field:
    """field: the name used in ``Cohort.clinical``; kind: text, number, flag, event or time; names: plain spellings."""

    field: str
    kind: str
    names: tuple[str, ...]
    help: str


@lru_cache(maxsize=1)
def fields() -> dict[str, Field]:
    """The fields of ``columns.csv`` by name, in its order."""
    text = files("hepaxis.cohort").joinpath("columns.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {r["field"]: Field(r["field"], r["kind"], tuple(r["names"].split(";")), r["help"]) for r in rows}


def find(table: Table, named: Mapping[str, str]) -> dict[str, str]:
    """Field -> column of this table; ``named`` (field -> column) goes before the names of ``columns.csv``.

    InputError for a field that does not exist.  A named column that this table lacks is passed over: with several
    tables it may be another's (``join`` reports one that no table has).
    """
    unknown = set(named) - set(fields())
    if unknown:
        hint = "the fields are " + ", ".join(fields())
        raise InputError(
            [error("cohort.unknown_field", f"there is no field '{name}'", hint) for name in sorted(unknown)]
        )
    plain: dict[str, list[str]] = {}
    for column in table.columns:
        plain.setdefault(plain_name(column), []).append(column)
    found: dict[str, str] = {}
    for name, field in fields().items():
        if named.get(name) in table.columns:
            found[name] = named[name]
            continue
        hits = [column for spelling in field.names for column in plain.get(spelling, ()) if table.cells(column)]
        if hits:
            found[name] = hits[0]
    return found


def text_values(table: Table, column: str) -> pd.Series:
    """Cells without blanks at the ends, placeholders as missing, spellings of one category as the commonest one."""
    cells = {row: text.strip() for row, text in table.cells(column) if text.strip().lower() not in MISSING}
    forms: dict[str, Counter[str]] = {}
    for text in cells.values():
        forms.setdefault(text.casefold(), Counter())[text] += 1
    commonest = {key: counts.most_common(1)[0][0] for key, counts in forms.items()}
    values = {row: commonest[text.casefold()] for row, text in cells.items()}
    return pd.Series([values.get(row, np.nan) for row, _ in table.rows], index=[r for r, _ in table.rows], dtype=object)


def number_values(table: Table, column: str) -> pd.Series:
    """Cells as numbers; the first number of a text ('ECOG Performance Status 1') counts; else missing."""
    return text_values(table, column).map(_number).astype(float)


def flag_values(table: Table, column: str) -> pd.Series:
    """Cells as 1.0 (yes, exposed), 0.0 (no) or missing."""
    return text_values(table, column).map(_flag).astype(float)


def sign_values(table: Table, column: str) -> pd.Series:
    """Cells as 1.0 (response, yes), 0.0 (none, no) or missing (stable disease and what is neither)."""
    marks = text_values(table, column).map(lambda t: sign(t) if isinstance(t, str) else None)
    return marks.map({1: 1.0, -1: 0.0}).astype(float)


def flags_at(table: Table) -> dict[tuple[str, float], str]:
    """Columns such as PFS06 and OS12 that say yes or no at a month: (PFS or OS, months) -> column."""
    found: dict[tuple[str, float], str] = {}
    for column in table.columns:
        match = FLAG_AT.match(column.strip())
        if match and sign_values(table, column).notna().any():
            found.setdefault((match[1].upper(), float(match[2])), column)
    return found


def time_unit(table: Table, column: str) -> str:
    """month, day, week or year by the column's name or the '_unit' column beside it; '' where neither says."""
    words = [column.lower()]
    beside = next((c for c in table.columns if c.lower() == f"{column.lower()}_unit"), None)
    if beside is not None:
        words += [text.strip().lower() for _, text in table.cells(beside)][:1]
    return next((unit for word in reversed(words) for unit in MONTHS_PER if unit in word), "")


def _number(text: object) -> float:
    match = re.search(r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?", text) if isinstance(text, str) else None
    return float(match[0]) if match else np.nan


def _flag(text: object) -> float:
    if not isinstance(text, str):
        return np.nan
    word = text.casefold()
    if word in DEAD:
        return 1.0
    if word in ALIVE:
        return 0.0
    try:
        number = float(word)
    except ValueError:
        mark = sign(text)
        return np.nan if mark is None else float(mark > 0)
    return number if number in (0.0, 1.0) else np.nan
