"""A user's own records, as CSV files in the columns of the project's tables.

Held: a folder with ``studies.csv`` and, if wanted, ``effects.csv`` and ``microbiome_response_taxa.csv``.  Files pass
the same checks as the project's; all faults are listed with file, row and column.  An own record may not take the id of
one of the project's.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from hepaxis import knowledge
from hepaxis.evidence.check import check_effects, check_studies, check_taxa
from hepaxis.evidence.effects import Effect, effect
from hepaxis.evidence.records import Finding, Record, by_id, study
from hepaxis.knowledge.lint import check_rows
from hepaxis.knowledge.schema import parse_cell
from hepaxis.problems import InputError, Problem, error, has_errors

TABLES = ("studies", "effects", "microbiome_response_taxa")
NEEDED = "studies"


@dataclass(frozen=True)
class Own:
    """A user's records and effects."""

    records: tuple[Record, ...]
    effects: tuple[Effect, ...]


def columns(table: str) -> list[str]:
    """Column names of a file of own records, in order."""
    return [column.name for column in knowledge.columns(table)]


def template(table: str) -> str:
    """The header of a file of own records."""
    return ",".join(columns(table)) + "\n"


def read(folder: Path) -> Own:
    """Own records of a folder.  Raises InputError with every fault of every file."""
    tables: dict[str, list[tuple[int, dict[str, object]]]] = {}
    problems: list[Problem] = []
    for table in TABLES:
        path = folder / f"{table}.csv"
        if not path.is_file():
            if table == NEEDED:
                hint = f"make it with `hepaxis evidence template {folder}`"
                raise InputError([error("evidence.no_file", f"no {path.name}", hint, file=str(path))])
            tables[table] = []
            continue
        rows, faults = _rows(path, table)
        tables[table], problems = rows, problems + faults
    if has_errors(problems):
        raise InputError(problems)
    problems += _contents(folder, tables)
    if has_errors(problems):
        raise InputError(problems)
    taxa: dict[str, list[Finding]] = {}
    for _, row in tables["microbiome_response_taxa"]:
        p = row["p"]
        taxa.setdefault(str(row["study_id"]), []).append(
            Finding(
                id=str(row["id"]),
                taxon=str(row["taxon_id"]),
                name=str(row["name_as_reported"]),
                direction=str(row["direction"]),
                p=float(p) if isinstance(p, int | float) else None,
                checked=str(row["checked"]),
                note=str(row["note"]),
            )
        )
    mine = [replace(study(row, tuple(taxa.get(str(row["id"]), ()))), table="own") for _, row in tables["studies"]]
    return Own(tuple(mine), tuple(effect(row) for _, row in tables["effects"]))


def _rows(path: Path, table: str) -> tuple[list[tuple[int, dict[str, object]]], list[Problem]]:
    schema = knowledge.columns(table)
    with path.open(newline="", encoding="utf-8-sig") as handle:
        reader = csv.DictReader(handle)
        header = list(reader.fieldnames or [])
        raw = [(line, {k: v or "" for k, v in row.items() if k}) for line, row in enumerate(reader, start=2)]
    faults = [replace(one, file=str(path)) for one in check_rows(table, header, raw, schema)]
    if has_errors(faults):
        return [], faults
    return [(line, {c.name: parse_cell(row.get(c.name, ""), c) for c in schema}) for line, row in raw], faults


def _contents(folder: Path, tables: Mapping[str, list[tuple[int, dict[str, object]]]]) -> list[Problem]:
    files = {table: str(folder / f"{table}.csv") for table in TABLES}
    problems = [
        error("evidence.taken", f"'{row['id']}' is a record of the project", "choose another id", file=files["studies"],
              row=line, column="id")
        for line, row in tables["studies"] if row["id"] in by_id()
    ]  # fmt: skip
    known = knowledge.records("studies")
    problems += check_studies(tables["studies"], files["studies"], [str(row["id"]) for row in known])
    studies = [*known, *(row for _, row in tables["studies"])]
    problems += check_effects(tables["effects"], studies, files["effects"])
    problems += check_taxa(tables["microbiome_response_taxa"], files["microbiome_response_taxa"])
    ids = {str(row["id"]) for row in studies}
    held = {str(row["id"]) for row in knowledge.records("taxa")}
    for line, row in tables["microbiome_response_taxa"]:
        for column, words in (("study_id", ids), ("taxon_id", held)):
            if row[column] not in words:
                found, hint = f"'{row[column]}'", "use a known id"
                file = files["microbiome_response_taxa"]
                problems.append(error("evidence.unknown_word", found, hint, file=file, row=line, column=column))
    return problems
