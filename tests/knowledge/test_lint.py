"""Protects the linter: clean tables, and each kind of fault named with its row and column."""

from __future__ import annotations

import csv

import pytest

from hepaxis import knowledge
from hepaxis.knowledge.lint import check_rows
from hepaxis.knowledge.schema import Column

SCHEMA = (
    Column("id", "id", True, (), "", "key"),
    Column("use", "category", True, ("construct", "test"), "", "use"),
    Column("size", "number", False, (), "", "size"),
    Column("weight", "number", False, (), "", "weight"),
    Column("status", "category", False, ("published", "retracted"), "", "status"),
    Column("source", "locators", True, (), "", "source"),
    Column("checked", "grade", True, (), "", "grade"),
    Column("unverified", "text", False, (), "", "what is from memory"),
    Column("note", "text", False, (), "", "note"),
)
HEADER = [column.name for column in SCHEMA]
GOOD = {
    "id": "a1",
    "use": "construct",
    "size": "1.5",
    "weight": "1",
    "status": "published",
    "source": "doi:10.1038/nature12347; nct:NCT03434379",
    "checked": "read",
    "unverified": "",
    "note": "",
}


def faults(*rows: dict[str, str], header: list[str] | None = None) -> list[tuple[str, int | None, str]]:
    numbered = [(line, row) for line, row in enumerate(rows, start=2)]
    found = check_rows("made", header or HEADER, numbered, SCHEMA)
    return [(problem.code.removeprefix("knowledge."), problem.row, problem.column) for problem in found]


def test_the_projects_own_tables_are_clean() -> None:
    assert [str(problem) for problem in knowledge.lint()] == []


def test_a_good_row_has_no_fault() -> None:
    assert faults(GOOD) == []


@pytest.mark.parametrize(
    ("change", "code", "column"),
    [
        ({"id": ""}, "missing_id", "id"),
        ({"id": "no good"}, "bad_id", "id"),
        ({"size": "large"}, "bad_value", "size"),
        ({"use": "maybe"}, "bad_value", "use"),
        ({"source": ""}, "missing_source", "source"),
        ({"source": "doi:nature12347"}, "malformed_source", "source"),
        ({"source": "nct:NCT0343437"}, "malformed_source", "source"),
        ({"source": "pmid:PMC123"}, "malformed_source", "source"),
        ({"source": "Nature 2013"}, "malformed_source", "source"),
        ({"checked": "sure"}, "bad_grade", "checked"),
        ({"checked": ""}, "bad_grade", "checked"),
        ({"note": "the dose is recalled"}, "memory_not_flagged", "checked"),
        ({"unverified": "the dose"}, "memory_not_flagged", "checked"),
        ({"checked": "part_seen"}, "memory_not_named", "unverified"),
        ({"status": "retracted"}, "retracted_weight", "weight"),
    ],
)
def test_each_fault_is_named_where_it_is(change: dict[str, str], code: str, column: str) -> None:
    assert faults(GOOD | change) == [(code, 2, column)]


def test_a_retracted_study_of_weight_zero_may_stay() -> None:
    assert faults(GOOD | {"status": "retracted", "weight": "0"}) == []


def test_a_retracted_study_names_its_notice() -> None:
    without = {key: value for key, value in GOOD.items() if key != "weight"} | {"status": "retracted"}
    assert faults(without | {"retraction": ""}) == [("retraction", 2, "retraction")]
    assert faults(without | {"retraction": "doi:10.1097/MD.0000000000046208"}) == []


def test_a_flagged_memory_may_stay() -> None:
    assert faults(GOOD | {"checked": "part_seen", "unverified": "the dose", "note": "dose recalled"}) == []
    assert faults(GOOD | {"checked": "recalled"}) == []


def test_a_doubled_id_is_named_once_with_its_first_row() -> None:
    assert faults(GOOD, GOOD) == [("duplicate_id", 3, "id")]


def test_a_wrong_header_is_named() -> None:
    assert ("columns", None, "") in faults(GOOD, header=["id"])


def test_all_faults_come_at_once() -> None:
    assert len(faults(GOOD | {"id": "", "size": "x", "source": "", "checked": "?"})) == 4


def test_a_gate_may_cite_construct_rows_only() -> None:
    rows = [(2, {"id": "P1", "use": "construct"}), (3, {"id": "P2", "use": "test"})]
    found = knowledge.gate_evidence_problems({"g": ["P1", "P2", "P9"]}, rows)
    assert [problem.code for problem in found] == ["knowledge.evidence_not_construct", "knowledge.unknown_evidence"]


def test_the_models_gates_cite_construct_rows_only(root) -> None:  # type: ignore[no-untyped-def]
    path = root / "src" / "hepaxis" / "axis" / "gates.csv"
    if not path.exists():
        pytest.skip("the model has no gate table yet")
    ids = {str(record["id"]) for record in knowledge.records("perturbations")}
    with path.open(newline="", encoding="utf-8") as handle:
        cited = {
            row["gate"]: [word for word in row["sources"].replace(";", " ").split() if word in ids]
            for row in csv.DictReader(handle)
        }
    assert any(cited.values())
    assert [str(problem) for problem in knowledge.gate_evidence_problems(cited)] == []
