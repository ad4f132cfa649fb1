"""Clinical tables made clean: columns by meaning, outcomes in months, each cell typed, every mend written down.

The checks of single tables are the patient room's; a fault in a column that is used stops the join, the same fault in
another column is carried as a warning.  A survival time whose unit is in doubt is never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from hepaxis.cohort.columns import (
    MONTHS_PER,
    fields,
    find,
    flag_values,
    flags_at,
    number_values,
    sign_values,
    text_values,
    time_unit,
)
from hepaxis.cohort.record import ResponseDefinition
from hepaxis.cohort.response import Outcomes
from hepaxis.patient.check import COLUMN_CHECKS
from hepaxis.patient.cohort import Cohort as Table
from hepaxis.patient.cohort import read_cohort
from hepaxis.patient.cohort_values import MONTHS_MAX, MONTHS_MEDIAN
from hepaxis.problems import Problem, Severity, error, info, warning

DAYS_CODE = "cohort.days_as_months"
USED_BY = {"ORR": ("recist", "orr"), "DCR": ("recist", "orr"), "PFS": ("pfs_time", "pfs_event", "pfs_free"),
           "OS": ("os_time", "os_event"), "LABEL": ()}  # fmt: skip
TIMES = {"pfs": ("pfs_time", "pfs_event"), "os": ("os_time", "os_event")}
KEY_FIELDS = ("subject", "study")


@dataclass(frozen=True)
class Clinical:
    """One clean table; every part is indexed by the row number in the file.

    fields  fields of ``columns.csv`` found, typed; raw every column as text; outcomes as ``derive`` takes them;
    columns field -> column; problems what was found, by file, row and column
    """

    name: str
    table: Table
    fields: pd.DataFrame
    raw: pd.DataFrame
    outcomes: Outcomes
    columns: dict[str, str]
    problems: tuple[Problem, ...]


def read_clinical(
    source: str | Path | pd.DataFrame,
    name: str,
    definition: ResponseDefinition,
    *,
    named: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
) -> Clinical | list[Problem]:
    """A file or frame -> clean table, or the problems that keep it from being read.

    named  field -> column, before the names of ``columns.csv``
    units  field (pfs_time, os_time) or '<name>.<field>' -> month, day, week or year
    """
    problems: list[Problem] = []
    if isinstance(source, pd.DataFrame):
        table = _as_table(source, name)
    else:
        read, shape = read_cohort(Path(source), str(source))
        problems += shape
        if read is None:
            return problems
        table = read
    found = find(table, named or {})
    typed = pd.DataFrame({f: _typed(table, column, fields()[f].kind) for f, column in found.items()})
    typed = typed.reindex([row for row, _ in table.rows])
    used = _used(table, found, definition)
    told = [problem for check in COLUMN_CHECKS for problem in check(table)]
    times, timed = _times(table, found, typed, units or {}, name, used)
    settled = {column for column, unit in timed.items() if unit}
    told = [p for p in told if not (p.code == DAYS_CODE and p.column in settled | set(timed))]
    problems += [_weighed(p, used) for p in told] + times
    columns = list(dict.fromkeys(table.columns))
    raw = pd.DataFrame({c: text_values(table, c) for c in columns}).reindex(typed.index)
    signs = pd.DataFrame({c: sign_values(table, c) for c in columns}).reindex(typed.index)
    empty = pd.Series(np.nan, index=typed.index, dtype=object)
    outcomes = Outcomes(
        recist=raw[found["recist"]] if "recist" in found else empty,
        orr=(signs[found["orr"]] if "orr" in found else empty).astype(float),
        survival=_survival(typed, table, found),
        flags={key: signs[column] for key, column in flags_at(table).items()} | _flag_of_pair(typed, table, found),
        columns=raw,
        signs=signs,
    )
    return Clinical(name, table, typed, raw, outcomes, found, tuple(problems))


def _as_table(frame: pd.DataFrame, name: str) -> Table:
    """A frame as the text table that the checks read; a named index becomes a column, row 1 is the header."""
    flat = frame.reset_index() if frame.index.name else frame
    columns = tuple(str(c) for c in flat.columns)
    rows = []
    for number, row in enumerate(flat.itertuples(index=False, name=None), start=2):
        rows.append((number, {c: "" if pd.isna(v) else str(v) for c, v in zip(columns, row, strict=True)}))
    return Table(name, columns, tuple(rows))


def _typed(table: Table, column: str, kind: str) -> pd.Series:
    if kind in ("number", "time"):
        return number_values(table, column)
    if kind in ("flag", "event"):
        return flag_values(table, column)
    return text_values(table, column)


def _used(table: Table, found: Mapping[str, str], definition: ResponseDefinition) -> set[str]:
    used = {found[f] for f in (*KEY_FIELDS, *USED_BY[definition.endpoint]) if f in found}
    if definition.column:
        used.add(definition.column)
    if definition.months is not None:
        used |= {
            c for (name, at), c in flags_at(table).items() if (name, at) == (definition.endpoint, definition.months)
        }
    return used


def _weighed(problem: Problem, used: set[str]) -> Problem:
    """An error in a column that nothing rests on is a warning here."""
    if problem.severity is Severity.ERROR and problem.column not in used:
        return replace(problem, severity=Severity.WARNING)
    return problem


def _times(
    table: Table, found: Mapping[str, str], typed: pd.DataFrame, units: Mapping[str, str], name: str, used: set[str]
) -> tuple[list[Problem], dict[str, str]]:
    """Times brought to months in place.  Returns problems, and column -> unit the caller gave ('' if none)."""
    problems: list[Problem] = []
    told: dict[str, str] = {}
    for field in ("pfs_time", "os_time"):
        column = found.get(field)
        if column is None:
            continue
        given = units.get(f"{name}.{field}") or units.get(field) or ""
        told[column] = given
        unit = (given or time_unit(table, column) or "month").lower().rstrip("s")
        if unit not in MONTHS_PER:
            hint = "give " + ", ".join(MONTHS_PER)
            problems.append(error("cohort.unit", f"'{given}' is no unit of time", hint, file=table.file, column=column))
            continue
        if given or unit != "month":
            text = f"{column} was read in {unit}s and brought to months"
            problems.append(info("cohort.time_unit", text, "check that this is so", file=table.file, column=column))
        elif not time_unit(table, column):
            text = f"{column} names no unit and was read as months"
            problems.append(info("cohort.time_unit", text, "name the unit", file=table.file, column=column))
        typed[field] *= MONTHS_PER[unit]
        values = typed[field].dropna()
        if len(values) and (values.median() > MONTHS_MEDIAN or values.max() > MONTHS_MAX):
            text = f"times in months have median {values.median():g} and maximum {values.max():g}: these look like days"
            hint = f"if they are, say so: units={{'{name}.{field}': 'day'}}"
            if column in used:
                problems.append(error(DAYS_CODE, text, hint, file=table.file, column=column))
            else:
                hint = "they were left out of survival; " + hint
                problems.append(warning(DAYS_CODE, text, hint, file=table.file, column=column))
            typed[field] = np.nan
        if (values < 0).any():
            rows = [int(r) for r in values.index[values < 0]]
            text = f"{len(rows)} times are negative, e.g. {values[rows[0]]:g}"
            problems.append(
                error(
                    "cohort.negative_time", text, "correct or empty them", file=table.file, row=rows[0], column=column
                )
            )
    return problems, told


def _survival(typed: pd.DataFrame, table: Table, found: Mapping[str, str]) -> pd.DataFrame:
    parts = {}
    for name, (time, event) in TIMES.items():
        parts[f"{name}_months"] = typed.get(time, pd.Series(np.nan, index=typed.index)).astype(float)
        seen = typed.get(event, pd.Series(np.nan, index=typed.index)).astype(float)
        if name == "pfs" and "pfs_free" in found and "pfs_event" not in found:
            # 'free of progression: no' at a time of one's own is an event at that time
            seen = 1.0 - sign_values(table, found["pfs_free"])
        parts[f"{name}_event"] = seen
    survival = pd.DataFrame(parts)[["os_months", "os_event", "pfs_months", "pfs_event"]]
    month = _fixed_month(typed, table, found)
    if month is not None:
        survival[["pfs_months", "pfs_event"]] = np.nan
    return survival


def _fixed_month(typed: pd.DataFrame, table: Table, found: Mapping[str, str]) -> float | None:
    """The month that 'free of progression' refers to, where the time column holds one value and only beside yes."""
    if "pfs_free" not in found or "pfs_time" not in typed:
        return None
    free = sign_values(table, found["pfs_free"])
    times = typed["pfs_time"].dropna()
    one = len(times) > 1 and times.min() == times.max() and bool((free[times.index] == 1.0).all())
    return float(times.iloc[0]) if one else None


def _flag_of_pair(typed: pd.DataFrame, table: Table, found: Mapping[str, str]) -> dict[tuple[str, float], pd.Series]:
    month = _fixed_month(typed, table, found)
    return {} if month is None else {("PFS", month): sign_values(table, found["pfs_free"])}
