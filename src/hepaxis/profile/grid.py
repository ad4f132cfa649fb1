"""A delimited text as comments, header and body, with every faulty cell named.

Assumes one table a file.  Finds the separator, the header (also one that starts with '#', one that is short of
its first cell as R writes it, or none) and QIIME's type line by their look.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import numpy as np
import pandas as pd

from hepaxis.problems import InputError, Problem, error
from hepaxis.profile.source import Source

MAX_SHOWN = 20
"""Faulty cells or rows listed one by one; the rest are counted in a last entry.  A choice for readability."""

PEEK_LINES = 400
"""Lines looked at to tell the format.  A choice: past every comment block seen, short of a full parse."""

_NUMBER = re.compile(r"^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*%?\s*$")
_DECIMAL_COMMA = re.compile(r"^\s*[-+]?\d+,\d+\s*$")
_MISSING = frozenset({"", "na", "nan", "n/a", "null", "none", "#n/a", "-nan"})


def is_number(cell: str) -> bool:
    return _NUMBER.match(cell) is not None or cell.strip().lower() in _MISSING


@dataclass(frozen=True)
class Grid:
    """comments: lines before the table; header: one name a column ('' where absent), or None; body: cells as text,
    rows x columns; ``first_row`` is the 1-based line of the first body row; ``types_row`` a skipped ``#q2:types``."""

    file: str
    comments: tuple[str, ...]
    header: tuple[str, ...] | None
    body: pd.DataFrame
    separator: str
    first_row: int
    types_row: bool

    @property
    def names(self) -> list[str]:
        """First column, as text."""
        return [str(x).strip() for x in self.body.iloc[:, 0].tolist()]

    def row_number(self, position: int) -> int:
        return self.first_row + position


def separator_of(lines: list[str]) -> str:
    """Tab, comma or semicolon: the first that cuts the lines alike; tab where none does."""
    for separator in ("\t", ",", ";"):
        widths = [len(_cut(line, separator)) for line in lines[:8]]
        if widths and min(widths) >= 2 and max(widths) - min(widths) <= 1:
            return separator
    counts = {s: sum(line.count(s) for line in lines[:20]) for s in ("\t", ",")}
    best = max(counts, key=lambda s: counts[s])
    return best if counts[best] else "\t"


def read_grid(source: Source, *, limit: int | None = None) -> Grid:
    """Cut a text file into a grid.  ``limit`` reads only that many lines (to tell the format).

    Raises InputError naming the rows whose number of cells does not fit.
    """
    lines = _lines(source.text, limit)
    comments, at = [], 0
    while at < len(lines) and (lines[at].startswith("#") or not lines[at].strip()):
        comments.append(lines[at])
        at += 1
    data = [line for line in lines[at:] if line.strip() and not line.startswith("#q2:types")]
    if not data:
        raise InputError(
            [error("profile.no_table", "there are only comment lines", "give the table itself", file=source.name)]
        )
    separator = separator_of(data)
    header, from_comment = _header(comments, data, separator)
    body_start = at + (0 if header is None or from_comment is not None else 1)
    types_row = any(line.startswith("#q2:types") for line in lines[: at + 3])
    kept = comments if from_comment is None else comments[:from_comment] + comments[from_comment + 1 :]
    body, first_row = _body(source, lines, body_start, separator, header)
    width = body.shape[1]
    if header is not None:
        header = _fitted(header, width, source.name, body_start)
    notes = tuple(c for c in kept if c.strip() and not c.startswith("#q2:types"))
    return Grid(source.name, notes, header, body, separator, first_row, types_row)


def _fitted(header: tuple[str, ...], width: int, file: str, line: int) -> tuple[str, ...]:
    """The header with one name a column; R's write.table leaves the corner cell out."""
    if len(header) == width - 1:
        return ("", *header)
    if len(header) > width and not any(header[width:]):
        return header[:width]
    if len(header) != width:
        raise InputError(
            [
                error(
                    "profile.header_width",
                    f"the header has {len(header)} cells and the rows have {width}",
                    "each column needs one name",
                    file=file,
                    row=max(line, 1),
                )
            ]
        )
    return header


def _lines(text: str, limit: int | None) -> list[str]:
    if limit is None:
        return text.split("\n")
    return [line.rstrip("\n") for line in islice(io.StringIO(text), limit)]


def _cut(line: str, separator: str) -> list[str]:
    if '"' not in line:
        return line.split(separator)
    try:
        return next(csv.reader([line], delimiter=separator))
    except (csv.Error, StopIteration):
        return line.split(separator)


def _header(comments: list[str], data: list[str], separator: str) -> tuple[tuple[str, ...] | None, int | None]:
    first = [cell.strip() for cell in _cut(data[0], separator)]
    second = [cell.strip() for cell in _cut(data[1], separator)] if len(data) > 1 else []
    numeric = sum(is_number(c) for c in first[1:])
    below = sum(is_number(c) for c in second[1:])
    texts_above_numbers = len(first) > 1 and second and numeric < below and numeric <= len(first) // 2
    for at in range(len(comments) - 1, -1, -1):
        cells = [cell.strip() for cell in _cut(comments[at].lstrip("#"), separator)]
        if len(cells) == len(first) and len(cells) > 1 and not comments[at].startswith("#q2:types"):
            if not (texts_above_numbers and numeric == 0):
                return tuple(cells), at
            break
    known = first[0].lower() in {"clade_name", "id", "otu id", "feature id", "sample", "sample_id", "sampleid", "name"}
    if texts_above_numbers or (known and numeric < len(first) - 1) or first[0] == "":
        return tuple(first), None
    if numeric == 0 and len(first) > 1:
        return tuple(first), None
    if len(second) == len(first) + 1 and second:
        return tuple(first), None
    # sample names may be plain numbers (hospital numbers): all different, whole, over a non-number corner
    whole = [c for c in first[1:] if re.fullmatch(r"\d+", c)]
    if len(whole) == len(first) - 1 > 1 and len(set(whole)) == len(whole) and not is_number(first[0]):
        lineage_like = "__" in first[0] or ";" in first[0]
        if not lineage_like:
            return tuple(first), None
    return None, None


def _body(
    source: Source, lines: list[str], start: int, separator: str, header: tuple[str, ...] | None
) -> tuple[pd.DataFrame, int]:
    while start < len(lines) and (not lines[start].strip() or lines[start].startswith("#q2:types")):
        start += 1
    rows = [line for line in lines[start:] if line.strip() and not line.startswith("#q2:types")]
    if not rows:
        raise InputError(
            [error("profile.no_rows", "the table has a header and no rows", "give the table itself", file=source.name)]
        )
    width = max(len(_cut(rows[0], separator)), 1)
    _check_widths(source.name, rows, width, separator, start)
    quoting: Literal[0, 3] = 0 if any('"' in r for r in rows) else 3  # csv.QUOTE_MINIMAL, csv.QUOTE_NONE
    try:
        with warnings.catch_warnings():
            # a quote that swallows separators only warns in pandas, and drops cells
            warnings.simplefilter("error", pd.errors.ParserWarning)
            body = pd.read_csv(
                io.StringIO("\n".join(rows)),
                sep=separator,
                header=None,
                names=list(range(width)),
                index_col=False,
                dtype={0: str},
                keep_default_na=True,
                low_memory=False,
                quoting=quoting,
                skip_blank_lines=False,
                decimal="," if separator == ";" and _has_decimal_comma(rows[0]) else ".",
            )
    except (ValueError, pd.errors.ParserError, pd.errors.ParserWarning, OverflowError) as fault:
        raise InputError(
            [
                error(
                    "profile.unparsable",
                    f"the text cannot be cut into a table ({str(fault).splitlines()[0][:160]})",
                    "check quotes and separators",
                    file=source.name,
                )
            ]
        ) from fault
    body[0] = body[0].fillna("").astype(str)
    return body, start + 1


def _has_decimal_comma(row: str) -> bool:
    return any(_DECIMAL_COMMA.match(cell) for cell in row.split(";"))


def _check_widths(file: str, rows: list[str], width: int, separator: str, start: int) -> None:
    """Rows of another width than the first; a short row is a fault too: its missing cells are not zeros."""
    if any('"' in row for row in rows):
        widths = np.fromiter((len(_cut(row, separator)) for row in rows), dtype=int, count=len(rows))
    else:
        widths = np.fromiter((row.count(separator) + 1 for row in rows), dtype=int, count=len(rows))
    wrong = np.flatnonzero(widths != width)
    if not len(wrong):
        return
    raise InputError(
        listed(
            [
                error(
                    "profile.ragged_row",
                    f"{widths[i]} cells where the first row has {width}",
                    "each row needs one cell a column; check separators inside names and cut-off lines",
                    file=file,
                    row=start + int(i) + 1,
                )
                for i in wrong[: MAX_SHOWN + 1]
            ],
            len(wrong),
        )
    )


def listed(problems: list[Problem], total: int) -> list[Problem]:
    """The first MAX_SHOWN problems, and one that counts the rest."""
    if total <= MAX_SHOWN:
        return problems
    first = problems[0]
    rest = error(first.code, f"{total - MAX_SHOWN} more of the same", first.hint, file=first.file)
    return [*problems[:MAX_SHOWN], rest]


def numbers(grid: Grid, columns: list[int], labels: list[str]) -> pd.DataFrame:
    """The named body columns as float, rows in file order.  Empty and NA cells become NaN.

    Raises InputError listing each cell that is no number, is negative or not finite.
    """
    faults: list[Problem] = []
    total = 0
    out: dict[int, np.ndarray] = {}
    for column, text in zip(columns, labels, strict=True):
        cells = grid.body[column]
        if cells.dtype.kind in "iuf":
            values = cells.to_numpy(dtype=float)
            wrong = np.flatnonzero((values < 0) | np.isinf(values))
        else:
            stripped = cells.astype(str).str.strip()
            parsed = pd.to_numeric(stripped.str.removesuffix("%"), errors="coerce")
            values = parsed.to_numpy(dtype=float)
            missing = cells.isna().to_numpy() | stripped.str.lower().isin(_MISSING).to_numpy()
            wrong = np.flatnonzero((np.isnan(values) & ~missing) | (values < 0) | np.isinf(values))
        out[column] = values
        total += len(wrong)
        for i in wrong[: max(MAX_SHOWN + 1 - len(faults), 0)]:
            found = str(cells.iloc[i])[:60]
            faults.append(
                error(
                    "profile.bad_number",
                    f"'{found}' is not an abundance",
                    "abundances are numbers of 0 or more; leave absent taxa 0",
                    file=grid.file,
                    row=grid.row_number(int(i)),
                    column=text,
                )
            )
    if faults:
        raise InputError(listed(faults, total))
    return pd.DataFrame(out, index=grid.body.index)
