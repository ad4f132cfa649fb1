"""``metabolites.csv``: what was measured in stool or blood, in one unit a matrix, impossible values named.

Stool is held in umol per gram (wet unless the unit says dry, then 'umol/g dry': no water content is assumed),
blood (serum, plasma, portal) in umol/L, and shares of a class in %.  Names, molar masses and the spans that betray a
mistaken unit are in ``metabolite_names.csv``.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import pandas as pd

from hepaxis.patient import quantity
from hepaxis.problems import Problem, error, info, warning

TABLE = "metabolite_names.csv"
FILE = "metabolites.csv"
MAX_BYTES = 2_000_000
REQUIRED = ("metabolite", "value", "unit", "matrix")
OPTIONAL = ("day", "method")
COLUMNS = ("metabolite", "value", "unit", "matrix", "basis", "day", "method", "limit", "row", "written")
STOOL = "stool"
MATRICES = {
    "stool": STOOL, "faeces": STOOL, "feces": STOOL, "faecal": STOOL, "fecal": STOOL,
    "serum": "serum", "plasma": "plasma", "portal": "portal", "portal_blood": "portal",
}  # fmt: skip
# to umol/g; the mass ones need the molar mass (g/mol)
STOOL_MOLAR = {"umol/g": 1.0, "mmol/kg": 1.0, "nmol/mg": 1.0, "nmol/g": 1e-3, "umol/kg": 1e-3, "mmol/g": 1e3}
STOOL_MASS = {"mg/g": 1e3, "ug/mg": 1e3, "ug/g": 1.0, "mg/kg": 1.0, "ng/mg": 1.0, "ng/g": 1e-3}  # to ug/g
BLOOD_MOLAR = {
    "umol/l": 1.0,
    "um": 1.0,
    "mmol/l": 1e3,
    "mm": 1e3,
    "nmol/l": 1e-3,
    "nm": 1e-3,
    "nmol/ml": 1.0,
    "pmol/ml": 1e-3,
}
BLOOD_MASS = {"mg/l": 1.0, "ug/ml": 1.0, "ng/ml": 1e-3, "ug/l": 1e-3, "mg/dl": 10.0}  # to mg/L
SHARE = {"%": 1.0, "percent": 1.0, "fraction": 100.0}  # to %
FRACTION_GROUP = "fraction"


@dataclass(frozen=True)
class Metabolite:
    """One row of ``metabolite_names.csv``: spans are (most that can be, usual low, usual high)."""

    id: str
    label: str
    molar_mass: float | None
    group: str
    stool: tuple[float, float, float]
    blood: tuple[float, float, float]


@cache
def metabolite_names() -> dict[str, Metabolite]:
    """Metabolites by id and by every other name (lower case, spaces and hyphens alike)."""
    text = files("hepaxis.patient").joinpath(TABLE).read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    found: dict[str, Metabolite] = {}
    for row in rows:
        one = Metabolite(
            row["id"],
            row["label"],
            float(row["molar_mass"]) if row["molar_mass"] else None,
            row["group"],
            (float(row["stool_max"]), float(row["stool_low"]), float(row["stool_high"])),
            (float(row["blood_max"]), float(row["blood_low"]), float(row["blood_high"])),
        )
        for name in (row["id"], row["label"], *row["other_names"].split("|")):
            if name:
                found[_word(name)] = one
    return found


def empty() -> pd.DataFrame:
    """The table of a patient without measurements."""
    return pd.DataFrame(columns=list(COLUMNS))


def read_metabolites(path: Path, name: str = "") -> tuple[pd.DataFrame, list[Problem]]:
    """Measurements of one file and what was noticed.

    Columns of the result: metabolite (id), value (umol/g, umol/L or %), unit, matrix (stool, serum, plasma, portal),
    basis (wet, dry or ''), day, method, limit ('<', '>' or ''), row (in the file), written (as it stood).  Rows with an
    error are left out; whoever loads a patient refuses the file then.
    """
    label = name or str(path)
    rows, problems = _rows(path, label)
    kept: list[dict[str, object]] = []
    seen: dict[tuple[object, ...], int] = {}
    for number, row in rows:
        measured = _row(row, label, number, problems)
        if measured is None:
            continue
        key = tuple(measured[part] for part in ("metabolite", "matrix", "basis", "day", "unit"))
        if key in seen:
            found = f"{measured['metabolite']} in {measured['matrix']} is given twice, first at row {seen[key]}"
            hint = "keep one, or give each its day"
            problems.append(error("metabolites.twice", found, hint, file=label, row=number, column="metabolite"))
        seen.setdefault(key, number)
        kept.append(measured)
    return pd.DataFrame(kept, columns=list(COLUMNS)), problems


def _rows(path: Path, label: str) -> tuple[list[tuple[int, dict[str, str]]], list[Problem]]:
    try:
        raw = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
        text = None if raw is None else raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except (OSError, UnicodeDecodeError) as fault:
        return [], [error("metabolites.unreadable", f"cannot be read: {fault}", "save it as UTF-8 CSV", file=label)]
    if text is None:
        return [], [error("metabolites.too_large", "the file is over 2 MB", "give one patient's table", file=label)]
    if not text.strip() or "\0" in text:
        return [], [error("metabolites.empty", "the file holds no table", "see the columns in the guide", file=label)]
    first = text.splitlines()[0]
    separator = max(("\t", ";", ","), key=first.count)
    try:
        lines = list(csv.reader(io.StringIO(text), delimiter=separator))
    except csv.Error as fault:
        return [], [error("metabolites.unreadable", f"not a CSV table: {fault}", "save it as CSV", file=label)]
    header = [_word(cell) for cell in lines[0]]
    problems = []
    for column in REQUIRED:
        if column not in header:
            found = f"column '{column}' is missing; found: {', '.join(cell for cell in lines[0] if cell) or 'nothing'}"
            hint = "columns are metabolite, value, unit, matrix and, if known, day and method"
            problems.append(error("metabolites.column", found, hint, file=label, row=1, column=column))
    for column in header:
        if column and column not in REQUIRED + OPTIONAL:
            problems.append(info("metabolites.ignored", f"column '{column}' is not read", "", file=label, row=1))
    if problems and any(column not in header for column in REQUIRED):
        return [], problems
    rows = [
        (number, dict(zip(header, (cell.strip() for cell in line), strict=False)))
        for number, line in enumerate(lines[1:], start=2)
        if any(cell.strip() for cell in line)
    ]
    return rows, problems


def _row(row: dict[str, str], file: str, number: int, problems: list[Problem]) -> dict[str, object] | None:
    def fail(code: str, found: str, hint: str, column: str) -> None:
        problems.append(error(f"metabolites.{code}", found, hint, file=file, row=number, column=column))

    cells = {column: row.get(column, "") for column in REQUIRED + OPTIONAL}
    one = metabolite_names().get(_word(cells["metabolite"]))
    if one is None:
        near = difflib.get_close_matches(_word(cells["metabolite"]), list(metabolite_names()), n=1)
        hint = f"did you mean '{near[0]}'?" if near else "known: " + ", ".join(_ids())
        problems.append(
            warning(
                "metabolites.unknown",
                f"metabolite '{cells['metabolite']}' is not known and not used",
                hint,
                file=file,
                row=number,
                column="metabolite",
            )
        )
        return None
    matrix = MATRICES.get(_word(cells["matrix"]))
    if matrix is None:
        fail("matrix", f"matrix is '{cells['matrix']}'", "write stool, serum, plasma or portal", "matrix")
        return None
    try:
        written = quantity.parse(f"{cells['value']} {cells['unit']}")
    except quantity.QuantityError as fault:
        fail("value", f"value: {fault.found}", "write a number with a point; leave the row out if missing", "value")
        return None
    if written.value == 0:
        fail("zero", f"{one.label} is 0", "write the limit of the assay instead, as <0.05", "value")
        return None
    converted = _convert(one, written.value, cells["unit"], matrix)
    if isinstance(converted, str):
        fail("unit", f"unit of {one.id} in {matrix} is '{cells['unit']}'", converted, "unit")
        return None
    value, unit, basis = converted
    most, low, high = (100.0, 0.0, 100.0) if unit == "%" else one.stool if matrix == STOOL else one.blood
    if not 0 <= value <= most:
        shown = f"{one.label} {written.value:g} {cells['unit']} in {matrix} cannot be"
        fail("impossible", shown, f"possible values are 0 to {most:g} {unit}; check the unit", "value")
        return None
    if not low <= value <= high and not written.limit:
        shown = f"{one.label} {written.value:g} {cells['unit']} in {matrix} is unusual"
        hint = f"usual values are {low:g} to {high:g} {unit}; check the unit"
        problems.append(warning("metabolites.unusual", shown, hint, file=file, row=number, column="value"))
    day = _day(cells["day"])
    if isinstance(day, str):
        fail("day", f"day is '{cells['day']}'", day, "day")
        return None
    text = f"{cells['value']} {cells['unit']}"
    return dict(
        zip(
            COLUMNS,
            (one.id, value, unit, matrix, basis, day, cells["method"], written.limit, number, text),
            strict=True,
        )
    )


def _convert(one: Metabolite, value: float, unit: str, matrix: str) -> tuple[float, str, str] | str:
    """(value, unit, basis), or a hint at the units that can be read."""
    text = quantity.plain_unit(unit)
    if text in SHARE:
        return value * SHARE[text], "%", ""
    if one.group == FRACTION_GROUP:
        return "use % or fraction"
    molar, mass, to, basis = BLOOD_MOLAR, BLOOD_MASS, "umol/L", ""
    if matrix == STOOL:
        basis = "dry" if re.search(r"dry|dw", text) else "wet"
        molar, mass, to = STOOL_MOLAR, STOOL_MASS, "umol/g dry" if basis == "dry" else "umol/g"
        text = re.sub(r"(dry|wet)?(weight|stool|faeces|feces)|dry|wet|dw|ww", "", text).strip("()_")
    if text in molar:
        return value * molar[text], to, basis
    if text in mass and one.molar_mass:
        per_litre = 1.0 if matrix == STOOL else 1e3  # ug/g over g/mol is umol/g; mg/L over g/mol is mmol/L
        return value * mass[text] / one.molar_mass * per_litre, to, basis
    known = (*molar, *(mass if one.molar_mass else ()))
    return "use one of: " + ", ".join([*known, "%"]) + (" (with 'dry' or 'wet')" if matrix == STOOL else "")


def _day(text: str) -> float | str | None:
    if text.strip().lower() in ("", "na", "unknown"):
        return None
    try:
        return float(text)
    except ValueError:
        return "write the day relative to the first dose, negative before it"


@cache
def _ids() -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.id for one in metabolite_names().values()))


def _word(text: str) -> str:
    return re.sub(r"[\s\-_/]+", "_", text.strip().lower())
