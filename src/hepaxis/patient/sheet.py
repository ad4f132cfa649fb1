"""From a YAML tree to a :class:`Patient`: every value read by the kind its field has in ``fields.csv``.

Nothing stops at the first fault: unknown keys (with the nearest known one), missing or foreign units, impossible and
unusual values, dates without a first dose are all collected with their lines.
"""

from __future__ import annotations

import difflib
import re
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hepaxis.patient import quantity
from hepaxis.patient.consistency import contradictions
from hepaxis.patient.drugs import complete
from hepaxis.patient.fields import Field, children, fields
from hepaxis.patient.record import Patient
from hepaxis.patient.yaml_tree import Mapping, Node, Scalar, Sequence, parse, read
from hepaxis.problems import InputError, Problem, error, has_errors, info, warning

YES = frozenset({"yes", "true", "y", "positive", "present", "done", "on"})
NO = frozenset({"no", "false", "n", "negative", "absent", "not done", "off"})
MUTATED = frozenset({"mutated", "mutant", "mut", "loss", "lost"})
WILD_TYPE = frozenset({"wild_type", "wild-type", "wild type", "wildtype", "wt", "intact"})
SHEET = "patient.yaml"
_ALLELE = re.compile(r"^(?:HLA-)?([A-C])\*?(\d{2,3}):(\d{2,3})$")
_GENE = re.compile(r"^[A-Za-z][A-Za-z0-9-]{1,19}$")


def read_sheet(path: Path, name: str = "") -> tuple[Patient | None, list[Problem]]:
    """Record of ``patient.yaml`` and what was noticed; None when any fault is an error."""
    label = name or str(path)
    node, problems = read(path, label)
    return (None, problems) if node is None else interpret(node, label)


def read_text(text: str, name: str = SHEET) -> tuple[Patient | None, list[Problem]]:
    """As :func:`read_sheet`, from text."""
    node, problems = parse(text, name)
    return (None, problems) if node is None else interpret(node, name)


def from_text(text: str, name: str = SHEET) -> Patient:
    """Record of a sheet's text.  Raises InputError with every problem."""
    patient, problems = read_text(text, name)
    if patient is None:
        raise InputError(problems)
    return patient


def interpret(node: Node, name: str) -> tuple[Patient | None, list[Problem]]:
    """Record of a YAML tree, with problems; None when any is an error."""
    reader = _Reader(name)
    if not isinstance(node, Mapping):
        found = "the sheet is not a list of 'field: value' lines"
        return None, [error("patient.shape", found, "start from the template", file=name, row=node.line)]
    first = node.entries.get("first_dose")
    if isinstance(first, Scalar) and not first.missing:
        reader.first_dose = _iso_date(first.text)
    values = reader.section("", node)
    if has_errors(reader.problems):
        return None, reader.problems
    values["exposures"] = [
        complete(exposure, name, row, reader.problems)
        for exposure, row in zip(values.get("exposures", ()), reader.exposure_rows, strict=True)
    ]
    values["limits"] = reader.limits
    try:
        patient = Patient.model_validate(values)
    except ValidationError as fault:
        for item in fault.errors():
            where = ".".join(str(part) for part in item["loc"])
            reader.problems.append(error("patient.invalid", f"{where}: {item['msg']}", "see the template", file=name))
        return None, reader.problems
    problems = reader.problems + contradictions(patient, name, reader.rows)
    return (None if has_errors(problems) else patient), problems


class _Reader:
    """One pass over one sheet, gathering values and problems."""

    def __init__(self, name: str):
        self.name = name
        self.first_dose: date | None = None
        self.problems: list[Problem] = []
        self.limits: dict[str, str] = {}
        self.rows: dict[str, int] = {}
        self.exposure_rows: list[int] = []

    def error(self, code: str, found: str, hint: str, row: int, path: str) -> None:
        self.problems.append(error(f"patient.{code}", found, hint, file=self.name, row=row, column=path))

    def section(self, parent: str, node: Mapping, shown: str = "") -> dict[str, Any]:
        """Values under ``parent`` (a path of the table); ``shown`` is the path with list numbers."""
        known = children(parent)
        values: dict[str, Any] = {}
        for key, child in node.entries.items():
            path = f"{shown}.{key}" if shown else key
            row = node.lines[key]
            self.rows[path] = row
            field = known.get(key)
            if field is None:
                self.error("unknown_field", f"unknown field '{key}'", _did_you_mean(key, parent, known), row, path)
                continue
            value = self.field(field, child, path, row)
            if value is not None:
                values[key] = value
        return values

    def field(self, field: Field, node: Node, path: str, row: int) -> Any:
        if isinstance(node, Scalar) and node.missing:
            return None
        if field.kind == "section":
            if isinstance(node, Mapping):
                return self.section(field.path, node, path)
            self.error("shape", f"'{path}' should hold fields", "indent its fields under it", row, path)
            return None
        if field.kind == "records":
            return self.records(field, node, path, row)
        return getattr(self, field.kind)(field, node, path, row)

    def records(self, field: Field, node: Node, path: str, row: int) -> list[dict[str, Any]] | None:
        items = node.items if isinstance(node, Sequence) else (node,) if isinstance(node, Mapping) else None
        if items is None:
            self.error("shape", f"'{path}' should be a list", "start each entry with '- '", row, path)
            return None
        found = []
        for number, item in enumerate(items, start=1):
            entry = f"{path}[{number}]"
            if not isinstance(item, Mapping):
                self.error(
                    "shape", f"entry {number} of '{path}' has no fields", "write '- field: value'", item.line, entry
                )
                continue
            self.rows[entry] = item.line
            found.append(self.section(f"{field.path}[]", item, entry))
            if field.path == "exposures":
                self.exposure_rows.append(item.line)
        return found

    def scalar(self, field: Field, node: Node, path: str, row: int) -> str | None:
        if isinstance(node, Scalar):
            return node.text.strip()
        self.error("shape", f"{field.label} should be a single value", "write it after the colon", row, path)
        return None

    def text(self, field: Field, node: Node, path: str, row: int) -> str | None:
        return self.scalar(field, node, path, row)

    def date(self, field: Field, node: Node, path: str, row: int) -> date | None:
        text = self.scalar(field, node, path, row)
        found = None if text is None else _iso_date(text)
        if text is not None and found is None:
            self.error("date", f"{field.label} '{text}' is not a date", "write it as YYYY-MM-DD", row, path)
        return found

    def flag(self, field: Field, node: Node, path: str, row: int) -> bool | None:
        text = self.scalar(field, node, path, row)
        if text is None:
            return None
        if text.lower() in YES | NO:
            return text.lower() in YES
        self.error("flag", f"{field.label} is '{text}'", "write yes or no, or leave it out when unknown", row, path)
        return None

    def choice(self, field: Field, node: Node, path: str, row: int) -> str | None:
        text = self.scalar(field, node, path, row)
        if text is None:
            return None
        word = _word(text)
        for name, others in field.choices:
            if word == _word(name) or word in map(_word, others):
                return name
        near = difflib.get_close_matches(word, field.choice_ids, n=1)
        hint = (f"did you mean '{near[0]}'? " if near else "") + "known: " + ", ".join(field.choice_ids)
        self.error("choice", f"{field.label} is '{text}'", hint, row, path)
        return None

    def choices(self, field: Field, node: Node, path: str, row: int) -> list[str]:
        items = node.items if isinstance(node, Sequence) else (node,)
        found = (self.choice(field, item, path, item.line) for item in items if not _is_missing(item))
        return list(dict.fromkeys(word for word in found if word is not None))

    def genes(self, field: Field, node: Node, path: str, row: int) -> dict[str, bool]:
        states: dict[str, bool] = {}
        if isinstance(node, Mapping):
            pairs = [(gene, state, node.lines[gene]) for gene, state in node.entries.items()]
        else:
            items = node.items if isinstance(node, Sequence) else (node,)
            pairs = [(getattr(item, "text", ""), Scalar("mutated", False, item.line), item.line) for item in items]
        for gene, state, line in pairs:
            if _is_missing(state):
                continue
            word = state.text.strip().lower() if isinstance(state, Scalar) else ""
            if not _GENE.match(gene):
                self.error("gene", f"'{gene}' is not a gene symbol", "write symbols such as CTNNB1", line, path)
            elif word in MUTATED | YES | WILD_TYPE | NO:
                states[gene.upper()] = word in MUTATED | YES
            else:
                self.error("gene", f"{gene} is '{word}'", "write mutated or wild_type", line, path)
        return states

    def alleles(self, field: Field, node: Node, path: str, row: int) -> list[str]:
        items = node.items if isinstance(node, Sequence) else (node,)
        found = []
        for item in items:
            text = item.text.strip() if isinstance(item, Scalar) else ""
            match = _ALLELE.match(text)
            if match:
                found.append(f"HLA-{match[1]}*{match[2]}:{match[3]}")
            else:
                self.error("allele", f"'{text}' is not a class I allele", "write A*02:01", item.line, path)
        return found

    def integer(self, field: Field, node: Node, path: str, row: int) -> int | None:
        value = self.quantity(field, node, path, row)
        if value is None:
            return None
        if value != int(value):
            self.error("integer", f"{field.label} is {value:g}", "write a whole number", row, path)
            return None
        return int(value)

    def quantity(self, field: Field, node: Node, path: str, row: int) -> float | None:
        try:
            written = _written(node)
            value = quantity.convert(field, written)
        except quantity.QuantityError as fault:
            self.error("quantity", fault.found, fault.hint, row, path)
            return None
        if written.limit:
            self.limits[path] = written.limit
            found = f"{field.label} is written as {written.limit}{written.value:g} {written.unit}".rstrip()
            hint = "the limit itself is used"
            self.problems.append(info("patient.limit", found, hint, file=self.name, row=row, column=path))
        elif not quantity.is_plausible(field, value):
            found = f"{field.label} {written.value:g} {written.unit}".rstrip() + " is unusual"
            hint = quantity.implausible_hint(field, value, written)
            self.problems.append(warning("patient.unusual", found, hint, file=self.name, row=row, column=path))
        return value

    def day(self, field: Field, node: Node, path: str, row: int) -> float | str | None:
        text = self.scalar(field, node, path, row)
        if text is None:
            return None
        if field.key == "end_day" and text.lower() in ("ongoing", "still", "current"):
            return "ongoing"
        when = _iso_date(text)
        if when is None:
            return self.quantity(field, node, path, row)
        if self.first_dose is None:
            hint = "give first_dose: YYYY-MM-DD at the top, or write days relative to the first dose"
            self.error("date_without_zero", f"{field.label} is the date {text}", hint, row, path)
            return None
        return self.quantity(field, Scalar(str((when - self.first_dose).days), False, row), path, row)


def _written(node: Node) -> quantity.Written:
    if isinstance(node, Scalar):
        return quantity.parse(node.text)
    if isinstance(node, Mapping) and set(node.entries) <= {"value", "unit"} and "value" in node.entries:
        parts = [node.entries[key] for key in ("value", "unit") if key in node.entries]
        if all(isinstance(part, Scalar) for part in parts):
            return quantity.parse(" ".join(part.text for part in parts if isinstance(part, Scalar)))
    raise quantity.QuantityError("this is not a quantity", "write '1.2 mg/dL' or {value: 1.2, unit: mg/dL}")


def _is_missing(node: Node) -> bool:
    return isinstance(node, Scalar) and node.missing


def _word(text: str) -> str:
    return re.sub(r"[\s\-/+]+", "_", text.strip().lower())


def _iso_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text.strip()) else None
    except ValueError:
        return None


def _did_you_mean(key: str, parent: str, known: dict[str, Field]) -> str:
    near = difflib.get_close_matches(_word(key), list(known), n=1, cutoff=0.6)
    if near:
        return f"did you mean '{near[0]}'?"
    everywhere = {field.key: field.path for field in fields().values()}
    far = difflib.get_close_matches(_word(key), list(everywhere), n=1, cutoff=0.75)
    if far:
        return f"did you mean '{everywhere[far[0]]}'?"
    return f"known {'under ' + parent if parent else 'at the top'}: " + ", ".join(known)
