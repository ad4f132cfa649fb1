"""metabolites.csv: known names, units turned into one, impossible values and repeats named with their row."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hepaxis.patient import metabolite_names, read_metabolites
from hepaxis.problems import has_errors


def read(tmp_path: Path, *rows: str, header: str = "metabolite,value,unit,matrix,day,method"):  # type: ignore[no-untyped-def]
    path = tmp_path / "metabolites.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return read_metabolites(path, "metabolites.csv")


@pytest.mark.parametrize(
    ("row", "name", "value", "unit"),
    [
        ("Butyric acid,5.2,umol/g,stool,-10,GC", "butyrate", 5.2, "umol/g"),
        ("butyrate,5.2,mmol/kg,faeces,,", "butyrate", 5.2, "umol/g"),
        ("butyrate,0.871,mg/g,stool,,", "butyrate", 10.0, "umol/g"),
        ("butyrate,5.2,µmol/g dry weight,stool,,", "butyrate", 5.2, "umol/g dry"),
        ("deoxycholic acid,391.56,ng/mL,serum,,", "dca", 1.0, "umol/L"),
        ("tryptophan,0.05,mmol/L,plasma,,", "tryptophan", 50.0, "umol/L"),
        ("IPA,400,nM,serum,,", "ipa", 0.4, "umol/L"),
        ("dca_fraction,0.9,fraction,stool,,", "dca_fraction", 90.0, "%"),
    ],
)
def test_names_and_units_are_turned_into_one(tmp_path: Path, row: str, name: str, value: float, unit: str) -> None:
    table, problems = read(tmp_path, row)
    assert not has_errors(problems)
    assert table.loc[0, "metabolite"] == name
    assert table.loc[0, "value"] == pytest.approx(value)
    assert table.loc[0, "unit"] == unit


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        ("butyrate,5200,umol/g,stool,,", "metabolites.impossible", "value"),
        ("butyrate,-1,umol/g,stool,,", "metabolites.impossible", "value"),
        ("butyrate,0,umol/g,stool,,", "metabolites.zero", "value"),
        ("butyrate,lots,umol/g,stool,,", "metabolites.value", "value"),
        ("butyrate,,umol/g,stool,,", "metabolites.value", "value"),
        ("butyrate,5,furlong,stool,,", "metabolites.unit", "unit"),
        ("butyrate,5,umol/L,stool,,", "metabolites.unit", "unit"),
        ("butyrate,5,umol/g,hair,,", "metabolites.matrix", "matrix"),
        ("butyrate,5,umol/g,stool,soon,", "metabolites.day", "day"),
    ],
)
def test_each_fault_is_an_error_with_row_and_column(tmp_path: Path, row: str, code: str, column: str) -> None:
    table, problems = read(tmp_path, "acetate,40,umol/g,stool,-10,GC", row)
    (fault,) = [problem for problem in problems if problem.severity.value == "error"]
    assert (fault.code, fault.row, fault.column) == (code, 3, column)
    assert list(table["metabolite"]) == ["acetate"]


def test_a_repeat_is_an_error_unless_the_day_differs(tmp_path: Path) -> None:
    assert has_errors(read(tmp_path, "acetate,40,umol/g,stool,-10,", "acetic acid,41,umol/g,stool,-10,")[1])
    assert not has_errors(read(tmp_path, "acetate,40,umol/g,stool,-10,", "acetate,41,umol/g,stool,-3,")[1])


def test_an_unknown_metabolite_is_warned_of_with_the_nearest_name(tmp_path: Path) -> None:
    table, problems = read(tmp_path, "butyrat,5,umol/g,stool,,")
    assert table.empty
    assert problems[0].severity.value == "warning"
    assert "butyrate" in problems[0].hint


def test_an_unusual_value_is_warned_of_and_kept(tmp_path: Path) -> None:
    table, problems = read(tmp_path, "butyrate,0.005,umol/g,stool,,")
    assert len(table) == 1
    assert [problem.code for problem in problems] == ["metabolites.unusual"]


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    problems = read(tmp_path, "butyrate,5,stool", header="metabolite,value,matrix")[1]
    assert [problem.column for problem in problems] == ["unit"]


def test_names_are_unique_and_spans_ordered() -> None:
    for one in metabolite_names().values():
        for most, low, high in (one.stool, one.blood):
            assert 0 <= low < high <= most


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_file_is_a_table_or_problems(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "metabolites.csv"
    path.write_bytes(content)
    table, problems = read_metabolites(path)
    assert len(table) or problems
