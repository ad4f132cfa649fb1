"""What is wrong with the fact tables, all at once, as Problems with file, row and column.

Assumes that every table states ``id``, ``source`` and ``checked``.  Run by the tests and by ``hepaxis`` itself before
a release; a fault here is the project's, not the user's.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping

from hepaxis.knowledge.citations import locator_fault
from hepaxis.knowledge.schema import (
    SCHEMA_DIR,
    TABLE_DIR,
    TYPES,
    CellError,
    Column,
    columns,
    file_of,
    parse_cell,
    split_list,
)
from hepaxis.problems import Problem, error

KEYS = ("id", "source", "checked")
#: Columns that hold ids of another table's rows.
REFERENCES = {
    "taxon_id": "taxa",
    "study_id": "studies",
    "guild_id": "guilds",
    "metabolite_id": "metabolites",
}
#: Words that admit a memory; a row that uses them outside its ``unverified`` column must not be graded as seen.
_MEMORY = re.compile(r"\b(recalled|from memory|to be verified|unverified|not verified)\b", re.IGNORECASE)
_FULL_GRADES = ("seen", "recomputed", "read")

Raw = list[tuple[int, dict[str, str]]]


def lint() -> list[Problem]:
    """Every fault of every table: missing or doubled ids, cells that do not fit the schema, missing or malformed
    sources, parts from memory that are not flagged, retracted studies with a weight, references to no row."""
    problems: list[Problem] = []
    tables = {path.stem for path in TABLE_DIR.rglob("*.csv")}
    schemas = {path.stem for path in SCHEMA_DIR.rglob("*.csv")}
    for name in sorted(tables - schemas):
        problems.append(_fault("no_schema", "table without a schema", f"write schema/{name}.csv", name))
    for name in sorted(schemas - tables):
        problems.append(_fault("no_table", "schema without a table", f"write tables/{name}.csv or drop it", name))
    raw: dict[str, Raw] = {}
    for name in sorted(tables & schemas):
        problems += _schema_faults(name)
        with file_of(TABLE_DIR, name).open(newline="", encoding="utf-8") as handle:
            reader = csv.DictReader(handle)
            header = list(reader.fieldnames or [])
            rows = [(line, {k: v or "" for k, v in row.items() if k}) for line, row in enumerate(reader, start=2)]
        raw[name] = rows
        problems += check_rows(name, header, rows, columns(name))
    problems += _reference_faults(raw)
    return problems


def check_rows(name: str, header: list[str], rows: Raw, schema: Iterable[Column]) -> list[Problem]:
    """Faults of one table's rows (line number, cells) against its schema; needs no file, so that tests can break it."""
    schema = tuple(schema)
    expected = [column.name for column in schema]
    problems = []
    if header != expected:
        problems.append(_fault("columns", f"columns {header}", f"make them {expected}", name))
    seen: dict[str, int] = {}
    for line, row in rows:
        problems += _cell_faults(name, line, row, schema)
        problems += _id_faults(name, line, row.get("id", "").strip(), seen)
        problems += _source_faults(name, line, row)
        problems += _grade_faults(name, line, row, expected)
        problems += _weight_faults(name, line, row)
    return problems


def gate_evidence_problems(evidence: Mapping[str, Iterable[str]], table: Raw | None = None) -> list[Problem]:
    """Faults of the evidence that gates cite: an unknown perturbation, or one kept for testing.

    evidence: gate id -> ids of perturbations it cites.  A gate may rest on ``construct`` rows only; ``test`` rows are
    evidence and are never tuned to.
    """
    use = {row["id"]: row["use"] for _, row in (table if table is not None else _raw("perturbations"))}
    problems = []
    for gate, ids in evidence.items():
        for id in ids:
            if id not in use:
                problems.append(_fault("unknown_evidence", f"gate {gate} cites {id}", "cite an existing row", "gates"))
            elif use[id] != "construct":
                found = f"gate {gate} cites {id}, which is kept for '{use[id]}'"
                problems.append(_fault("evidence_not_construct", found, "cite a construct row instead", "gates"))
    return problems


def _raw(name: str) -> Raw:
    with file_of(TABLE_DIR, name).open(newline="", encoding="utf-8") as handle:
        return [(line, row) for line, row in enumerate(csv.DictReader(handle), start=2)]


def _schema_faults(name: str) -> list[Problem]:
    schema = columns(name)
    present = {column.name for column in schema}
    problems = [
        _fault("schema_key", f"schema has no column '{key}'", "add it", name) for key in KEYS if key not in present
    ]
    for column in schema:
        if column.type not in TYPES:
            problems.append(_fault("schema_type", f"'{column.type}' is no type", f"one of {', '.join(TYPES)}", name))
        if not column.description and column.name != "note":
            problems.append(_fault("schema_text", f"column '{column.name}' is not described", "describe it", name))
        if column.name != column.name.lower():
            problems.append(_fault("schema_case", f"column '{column.name}'", "use lower-case snake case", name))
    return problems


def _cell_faults(name: str, line: int, row: dict[str, str], schema: Iterable[Column]) -> list[Problem]:
    problems = []
    for column in schema:
        if column.name in KEYS:
            continue
        try:
            parse_cell(row.get(column.name, ""), column)
        except CellError as exc:
            problems.append(_fault("bad_value", str(exc), "mend the cell or the schema", name, line, column.name))
    return problems


def _id_faults(name: str, line: int, id: str, seen: dict[str, int]) -> list[Problem]:
    if not id:
        return [_fault("missing_id", "row without an id", "give it a stable one", name, line, "id")]
    if id in seen:
        return [_fault("duplicate_id", f"id '{id}' also in row {seen[id]}", "rename one", name, line, "id")]
    seen[id] = line
    try:
        parse_cell(id, Column("id", "id", True, (), "", "id"))
    except CellError as exc:
        return [_fault("bad_id", str(exc), "use letters, digits and '_'", name, line, "id")]
    return []


def _source_faults(name: str, line: int, row: dict[str, str]) -> list[Problem]:
    locators = split_list(row.get("source", ""))
    if not locators:
        return [_fault("missing_source", "row without a source", "add a locator", name, line, "source")]
    faults = [fault for fault in map(locator_fault, locators) if fault]
    hint = "use doi:, nct:, pmid:, pmc:, https://, text: or own:"
    return [_fault("malformed_source", fault, hint, name, line, "source") for fault in faults]


def _grade_faults(name: str, line: int, row: dict[str, str], expected: list[str]) -> list[Problem]:
    grade = row.get("checked", "").strip()
    try:
        parse_cell(grade, Column("checked", "grade", True, (), "", "grade"))
    except CellError as exc:
        return [_fault("bad_grade", str(exc), "grade it", name, line, "checked")]
    if grade in _FULL_GRADES:
        admits = [key for key, text in row.items() if (text.strip() if key == "unverified" else _MEMORY.search(text))]
        if admits:
            found = f"graded '{grade}' but {', '.join(admits)} admits a part from memory"
            return [_fault("memory_not_flagged", found, "grade it part_seen or recalled", name, line, "checked")]
    if grade == "part_seen" and "unverified" in expected and not row.get("unverified", "").strip():
        hint = "name the part that was not seen in 'unverified'"
        found = "graded part_seen without saying which part"
        return [_fault("memory_not_named", found, hint, name, line, "unverified")]
    return []


def _weight_faults(name: str, line: int, row: dict[str, str]) -> list[Problem]:
    if row.get("status", "").strip() != "retracted":
        return []
    if "retraction" in row and not row["retraction"].strip():
        hint = "give the locator of the notice"
        return [_fault("retraction", "retracted study without its notice", hint, name, line, "retraction")]
    weight = row.get("weight", "0").strip()
    if weight not in ("0", "0.0"):
        found = f"retracted study with weight '{weight}'"
        return [_fault("retracted_weight", found, "set the weight to 0", name, line, "weight")]
    return []


def _reference_faults(raw: dict[str, Raw]) -> list[Problem]:
    """A cell in a column called ``<x>_id`` must name a row of the table that holds such ids."""
    problems = []
    for name, rows in raw.items():
        for column, holder in REFERENCES.items():
            if not rows or column not in rows[0][1] or holder not in raw:
                continue
            known = {row["id"] for _, row in raw[holder]}
            for line, row in rows:
                if row[column] and row[column] not in known:
                    found = f"'{row[column]}' is no row of {holder}"
                    problems.append(_fault("dangling_reference", found, f"add it to {holder}", name, line, column))
    return problems


def _fault(code: str, found: str, hint: str, name: str, row: int | None = None, column: str = "") -> Problem:
    return error(f"knowledge.{code}", found, hint, file=f"{name}.csv", row=row, column=column)
