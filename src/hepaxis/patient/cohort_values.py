"""Faults of single columns of a cohort table: ids, times, spelling, blanks, placeholders, units."""

from __future__ import annotations

import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator

from hepaxis.patient import quantity
from hepaxis.patient.cohort import Cohort, plain_name, rows_shown
from hepaxis.patient.fields import fields
from hepaxis.problems import Problem, error, info, warning

MONTHS_MEDIAN = 60.0  # months; no cohort's median time lies above (Gunjur cMD4 had 84.5, in days)
MONTHS_MAX = 240.0
PLACEHOLDERS = frozenset(
    {"?", "??", "unk", "unknown", "n.d.", "nd", "-", "--", ".", "missing", "#n/a", "999", "-9", "-99"}
)
MAX_CATEGORIES = 60
CATEGORY_SHARE = 0.5  # a column with more distinct values than this share of its rows is free text or ids
ACCESSION = re.compile(r"^[A-Za-z]{2,6}[-_.]?\d{3,}$")
SPELLINGS = (("grey", "gray"), ("tumour", "tumor"), ("ised", "ized"), ("aemia", "emia"))
LABS = {
    "albumin": "liver.albumin",
    "totalbilirubin": "liver.bilirubin",
    "bilirubin": "liver.bilirubin",
    "creatinine": "liver.creatinine",
    "creatine": "liver.creatinine",
    "neutrophiltolymphocyteratio": "blood.nlr",
    "lactatedehydrogenase": "blood.ldh",
    "alphafetoprotein": "blood.afp",
    "creactiveprotein": "blood.crp",
}


def repeated_ids(cohort: Cohort) -> Iterator[Problem]:
    """Rows that share the id of the table: identical ones and conflicting ones are told apart."""
    column = cohort.id_column
    if column is None:
        return
    groups: dict[str, list[int]] = defaultdict(list)
    for row, text in cohort.cells(column):
        groups[text.strip()].append(row)
    by_row = dict(cohort.rows)
    for name, rows in groups.items():
        if len(rows) < 2:
            continue
        first = by_row[rows[0]]
        differing = sorted({key for row in rows[1:] for key in first if by_row[row][key] != first[key]})
        what = "with conflicting " + ", ".join(differing[:4]) if differing else "with identical rows"
        found = f"id '{name}' is used {len(rows)} times ({rows_shown(rows)}), {what}"
        hint = "keep one row an id" + ("; decide which is right" if differing else "")
        yield error("cohort.duplicate_id", found, hint, file=cohort.file, row=rows[1], column=column)


def joined_ids(cohort: Cohort) -> Iterator[Problem]:
    """Several run ids in one cell: a join on the column loses those rows."""
    for column in cohort.columns:
        cells = cohort.cells(column)
        parts = {row: [part.strip() for part in text.split(";")] for row, text in cells}
        joined = [row for row, ids in parts.items() if len(ids) > 1 and all(map(ACCESSION.match, ids))]
        if joined:
            total = sum(map(len, parts.values()))
            found = f"{len(joined)} cells hold several ids joined by ';' ({len(cells)} rows, {total} ids)"
            hint = "split them, one id a row, before joining to a profile"
            yield warning("cohort.joined_ids", found, hint, file=cohort.file, row=joined[0], column=column)


def days_as_months(cohort: Cohort) -> Iterator[Problem]:
    """Times called months that only days could be, also under a bare OS or PFS (months by custom)."""
    for column in cohort.columns:
        values = cohort.values(column)
        bare = column.lower() in ("os", "pfs", "ttp")
        if not values or not (bare or _says_months(cohort, column)):
            continue
        middle, most = statistics.median(value for _, value in values), max(value for _, value in values)
        if middle <= MONTHS_MEDIAN and most <= MONTHS_MAX:
            continue
        row = next(row for row, value in values if value == most)
        said = "times without a unit" if bare else "times said to be months"
        found = f"{said} have median {middle:g} and maximum {most:g}: these look like days"
        hint = "name the unit in the column" if bare else "divide by 30.44 or correct the unit"
        report = warning if bare else error
        yield report("cohort.days_as_months", found, hint, file=cohort.file, row=row, column=column)


def _says_months(cohort: Cohort, column: str) -> bool:
    if "month" in column.lower():
        return True
    unit = next((other for other in cohort.columns if other.lower() == f"{column.lower()}_unit"), None)
    return unit is not None and {text.strip().lower().rstrip("s") for _, text in cohort.cells(unit)} == {"month"}


def spelling_variants(cohort: Cohort) -> Iterator[Problem]:
    """Categories that differ only in case, blanks, hyphens or national spelling."""
    for column, cells in _categories(cohort):
        groups: dict[str, Counter[str]] = defaultdict(Counter)
        for _, text in cells:
            groups[_spelling(text)][text] += 1
        for forms in groups.values():
            if len({form.strip() for form in forms}) > 1:
                rarest = forms.most_common()[-1][0]
                row = next(row for row, text in cells if text == rarest)
                shown = ", ".join(f"'{form}' {count}" for form, count in forms.most_common())
                yield warning(
                    "cohort.spelling",
                    f"one category is written several ways: {shown}",
                    "write it one way",
                    file=cohort.file,
                    row=row,
                    column=column,
                )


def trailing_blanks(cohort: Cohort) -> Iterator[Problem]:
    """Blanks at an end of a cell, which make 'Death ' another category than 'Death'."""
    for column in cohort.columns:
        cells = [(row, text) for row, text in cohort.cells(column) if text != text.strip()]
        for text, count in Counter(text for _, text in cells).items():
            rows = [row for row, other in cells if other == text]
            found = f"'{text}' has a blank at an end in {count} cell{'s' if count > 1 else ''} ({rows_shown(rows)})"
            yield warning("cohort.blank", found, "remove the blank", file=cohort.file, row=rows[0], column=column)


def placeholders(cohort: Cohort) -> Iterator[Problem]:
    """Marks for missing that a program would take for a value."""
    for column in cohort.columns:
        cells = [(row, text) for row, text in cohort.cells(column) if text.strip().lower() in PLACEHOLDERS]
        if len(cells) == len(cohort.cells(column)) or _is_number_column(cohort, column, cells):
            continue
        for text, count in Counter(text for _, text in cells).items():
            rows = [row for row, other in cells if other == text]
            found = (
                f"'{text}' stands for a missing value in {count} cell{'s' if count > 1 else ''} ({rows_shown(rows)})"
            )
            yield warning(
                "cohort.placeholder", found, "leave the cell empty", file=cohort.file, row=rows[0], column=column
            )


def _is_number_column(cohort: Cohort, column: str, cells: list[tuple[int, str]]) -> bool:
    """999 and -9 may be measurements; they are placeholders only where they repeat."""
    numbers = {text for _, text in cells if re.fullmatch(r"-?\d+", text.strip())}
    return bool(numbers) and len(cells) < 2


def impossible_labs(cohort: Cohort) -> Iterator[Problem]:
    """Laboratory values that cannot be under the unit written beside them (columns biomarker_name, _unit, _value)."""
    names, units, values = (_column(cohort, f"biomarker{part}") for part in ("name", "unit", "value"))
    if names is None or units is None or values is None:
        return
    wrong: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    hints: dict[tuple[str, str], str] = {}
    for row, cells in cohort.rows:
        parts = [cells[column].split(";") for column in (names, units, values)]
        if len({len(part) for part in parts}) > 1:
            continue
        for name, unit, value in zip(*parts, strict=True):
            path = LABS.get(plain_name(name.removesuffix("Measurement")))
            if path is None or quantity.factor(fields()[path], unit) is None:
                continue
            try:
                quantity.convert(fields()[path], quantity.parse(f"{value} {unit}"))
            except quantity.QuantityError as fault:
                wrong[name.strip(), unit.strip()].append((row, value.strip()))
                hints.setdefault((name.strip(), unit.strip()), fault.hint)
    for (name, unit), cells_wrong in wrong.items():
        rows = [row for row, _ in cells_wrong]
        example = cells_wrong[0][1]
        found = f"{name} in '{unit}' cannot be in {len(rows)} rows, for example {example} ({rows_shown(rows)})"
        yield error("cohort.unit", found, hints[name, unit], file=cohort.file, row=rows[0], column=values)


def ages(cohort: Cohort) -> Iterator[Problem]:
    """Ages outside what a person can have."""
    column = _column(cohort, "age") or _column(cohort, "ageyears")
    limits = fields()["demographics.age"]
    if column is None or limits.hard_min is None or limits.hard_max is None:
        return
    low, high = limits.hard_min, limits.hard_max
    rows = [row for row, value in cohort.values(column) if not low <= value <= high]
    if rows:
        found = f"{len(rows)} ages are outside {low:g}-{high:g} ({rows_shown(rows)})"
        yield error("cohort.age", found, "check the column and its unit", file=cohort.file, row=rows[0], column=column)


def orphans(cohort: Cohort, samples: list[str], profile: str) -> Iterator[Problem]:
    """Rows without a sample in the profile, and samples without a row."""
    column = cohort.id_column
    if column is None:
        return
    cells = [(row, text.strip()) for row, text in cohort.cells(column)]
    known = set(samples)
    lost = [(row, name) for row, name in cells if name not in known]
    extra = [name for name in samples if name not in {name for _, name in cells}]
    if len(lost) == len(cells):
        found = f"no id of '{column}' is a sample of {profile}"
        hint = "check which column names the samples and how they are written"
        yield error("cohort.no_match", found, hint, file=cohort.file, column=column)
        return
    if lost:
        shown = ", ".join(name for _, name in lost[:5])
        found = f"{len(lost)} of {len(cells)} rows have no sample in {profile}: {shown}"
        yield warning("cohort.orphan_row", found, "they are left out", file=cohort.file, row=lost[0][0], column=column)
    if extra:
        found = f"{len(extra)} samples of {profile} have no row: {', '.join(extra[:5])}"
        yield info("cohort.orphan_sample", found, "they are left out", file=cohort.file, column=column)


def _categories(cohort: Cohort) -> Iterator[tuple[str, list[tuple[int, str]]]]:
    for column in cohort.columns:
        cells = cohort.cells(column)
        distinct = {text for _, text in cells}
        few = len(distinct) <= MAX_CATEGORIES and len(distinct) <= max(2, CATEGORY_SHARE * len(cells))
        if column != cohort.id_column and (few or len(cells) < 10):
            yield column, cells


def _spelling(text: str) -> str:
    plain = re.sub(r"[\s_-]+", " ", text.strip().casefold())
    for british, american in SPELLINGS:
        plain = plain.replace(british, american)
    return plain


def _column(cohort: Cohort, plain: str) -> str | None:
    return next((column for column in cohort.columns if plain_name(column) == plain), None)
