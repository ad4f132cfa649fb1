"""A clinical cohort table (CSV or TSV): every fault of the kinds that published tables were found to hold.

Repeated ids, days in a month column, a response column turned round, categories spelt two ways, blanks that make a
category of their own, placeholders for missing, response words that are two at once, several run ids in one cell,
laboratory values under another unit, rows without a profile.  Each is named with its rows; nothing is mended here.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hepaxis.problems import Problem, error, info

MAX_BYTES = 100_000_000
ID_COLUMNS = ("sampleid", "sample", "samplename", "runid", "group", "id", "patientid", "subjectid", "participantid")
CLINICAL = re.compile(
    r"^(age|sex|gender|bmi|os\d*|pfs\d*|orr|death|recist|response|responder|ecog\w*|treatment|therapy|stage|bclc|"
    r"survival|progression|best_?response|disease_response\w*|antibiotics\w*|atb|country|disease|histology|cohort|"
    r"smoking|diagnosis|cancer_type|dataset|condition|study_?condition|target_condition|subject_?id|patient_?id|days_from\w*)$",
    re.IGNORECASE,
)
MIN_CLINICAL = 3
MANY_COLUMNS = 150  # wider tables with a few clinical columns are profiles that carry them
CLINICAL_SHARE = 0.2
MISSING = frozenset({"", "na", "nan", "n/a", "not applicable", "none", "null"})
SHOWN_ROWS = 6


@dataclass(frozen=True)
class Cohort:
    """A table as text: ``rows`` hold (row number in the file, cells by column)."""

    file: str
    columns: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, str]], ...]

    @cached_property
    def id_column(self) -> str | None:
        """The column that names a row: a sample before a patient before the first column."""
        plain = {plain_name(column): column for column in reversed(self.columns)}
        known = next((plain[name] for name in ID_COLUMNS if name in plain), None)
        return known or (self.columns[0] if self.columns else None)

    def cells(self, column: str) -> list[tuple[int, str]]:
        """Row number and text of one column, missing ones left out, blanks at the ends kept."""
        return [(row, cells[column]) for row, cells in self.rows if cells[column].strip().lower() not in MISSING]

    def values(self, column: str) -> list[tuple[int, float]]:
        """Row number and number of the cells that are numbers."""
        found = []
        for row, text in self.cells(column):
            try:
                found.append((row, float(text)))
            except ValueError:
                continue
        return found


def plain_name(column: str) -> str:
    return re.sub(r"[^a-z0-9]", "", column.lower())


def looks_clinical(header: list[str]) -> bool:
    """Whether the columns are those of a clinical table rather than taxa or samples."""
    found = sum(bool(CLINICAL.match(cell.strip().strip('"'))) for cell in header)
    few_columns = len(header) <= MANY_COLUMNS
    return (found >= MIN_CLINICAL and few_columns) or (found >= 2 and found >= CLINICAL_SHARE * len(header))


def read_cohort(path: Path, name: str = "") -> tuple[Cohort | None, list[Problem]]:
    """The table as text, and what is wrong with its shape."""
    label = name or str(path)
    problems: list[Problem] = []
    text = _text(path, label, problems)
    if text is None:
        return None, problems
    try:
        lines = list(csv.reader(io.StringIO(text), delimiter=separator(text)))
    except csv.Error as fault:
        problems.append(error("cohort.unreadable", f"not a table: {fault}", "check the quotes", file=label))
        return None, problems
    header = [cell.strip() for cell in lines[0]]
    for place, column in enumerate(header):
        if column in header[:place]:
            hint = "give each column its own name"
            problems.append(error("cohort.column_twice", f"column '{column}' appears twice", hint, file=label, row=1))
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in line):
            continue
        if len(line) > len(header):
            found = f"{len(line)} cells where the header has {len(header)}"
            problems.append(error("cohort.cells", found, "quote text that holds the separator", file=label, row=number))
        cells = dict(zip(header, (*line, *[""] * len(header)), strict=False))
        rows.append((number, cells))
    if not rows:
        problems.append(error("cohort.empty", "the table has no rows", "give one row a sample", file=label))
    return Cohort(label, tuple(dict.fromkeys(header)), tuple(rows)), problems


def separator(text: str) -> str:
    first = text.splitlines()[0] if text else ""
    return max(("\t", ",", ";"), key=first.count)


def rows_shown(rows: list[int]) -> str:
    """'rows 3, 8, 12 and 4 more'."""
    shown = ", ".join(map(str, rows[:SHOWN_ROWS]))
    more = f" and {len(rows) - SHOWN_ROWS} more" if len(rows) > SHOWN_ROWS else ""
    return f"row{'s' if len(rows) > 1 else ''} {shown}{more}"


def _text(path: Path, label: str, problems: list[Problem]) -> str | None:
    try:
        if path.stat().st_size > MAX_BYTES:
            problems.append(error("cohort.too_large", "the table is over 100 MB", "split it", file=label))
            return None
        raw = path.read_bytes()
    except OSError as fault:
        problems.append(error("cohort.unreadable", f"cannot be read: {fault.strerror}", "check the path", file=label))
        return None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        found = f"byte {fault.start} is not UTF-8; read as Latin-1"
        problems.append(info("cohort.encoding", found, "save the table as UTF-8", file=label))
        text = raw.decode("latin-1")
    if not text.strip() or "\0" in text:
        problems.append(error("cohort.empty", "the file holds no table", "give a CSV or TSV", file=label))
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\n")
