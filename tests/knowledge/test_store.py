"""Protects the face of the fact tables: typed by their schema, safe to change, found by name, cheap to import."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepaxis import knowledge
from hepaxis.knowledge.schema import CellError, Column, parse_cell

DTYPES = {"number": "float64", "integer": "Int64", "boolean": "boolean"}


@pytest.mark.parametrize("name", knowledge.names())
def test_every_table_loads_with_the_types_of_its_schema(name: str) -> None:
    frame = knowledge.table(name)
    assert list(frame.columns) == [column.name for column in knowledge.columns(name)]
    assert len(frame) > 0
    for column in knowledge.columns(name):
        assert str(frame[column.name].dtype) == DTYPES.get(column.type, "object")
        if column.type in ("list", "locators"):
            assert all(isinstance(cell, tuple) for cell in frame[column.name])


@pytest.mark.parametrize("name", knowledge.names())
def test_every_row_can_be_cited(name: str) -> None:
    for record in knowledge.records(name):
        citation = knowledge.cite(name, str(record["id"]))
        assert citation.locator
        assert citation.label
        assert citation.checked in ("seen", "recomputed", "read", "part_seen", "recalled")


def test_changing_a_table_changes_nobody_elses() -> None:
    mine = knowledge.table("quantities")
    mine.loc[:, "value"] = -1.0
    assert (knowledge.table("quantities")["value"] != -1.0).all()


def test_rows_are_read_only_and_row_gives_a_copy() -> None:
    with pytest.raises(TypeError):
        knowledge.records("guilds")[0]["label"] = "x"  # type: ignore[index]
    copy = knowledge.row("guilds", "but")
    copy["label"] = "x"
    assert knowledge.row("guilds", "but")["label"] == "Butyrate producers"


def test_unknown_names_suggest_the_nearest() -> None:
    with pytest.raises(KeyError, match="perturbations"):
        knowledge.table("perturbation")
    with pytest.raises(KeyError, match="akkermansia_muciniphila"):
        knowledge.row("traits", "akkermansia_muciniphil")


def test_recalled_facts_are_unverified_and_checked_ones_are_not() -> None:
    assert knowledge.cite("safety_rules", "S29").unverified
    assert not knowledge.cite("safety_rules", "S01").unverified
    assert knowledge.cite("perturbations", "P001").locator == "doi:10.1038/s41467-021-22938-y"


def test_locators_have_web_addresses() -> None:
    assert knowledge.url("doi:10.1126/science.aan5931") == "https://doi.org/10.1126/science.aan5931"
    assert knowledge.url("nct:NCT03434379").endswith("/NCT03434379")
    assert knowledge.url("text:a book") == ""


def test_content_hash_is_stable_and_hexadecimal() -> None:
    assert knowledge.content_hash() == knowledge.content_hash()
    assert len(knowledge.content_hash()) == 64


def test_importing_and_reading_rows_needs_no_pandas() -> None:
    code = (
        "import sys; from hepaxis import knowledge; knowledge.records('traits'); knowledge.cite('trials', "
        "knowledge.records('trials')[0]['id']); print('pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


NUMBER = Column("x", "number", False, (), "", "x")
LIST = Column("x", "list", False, (), "", "x")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_survives_its_cell(value: float) -> None:
    assert parse_cell(repr(value), NUMBER) == value


@given(st.lists(st.text(st.characters(categories=("L", "N")), min_size=1), max_size=5))
def test_a_list_survives_its_cell(parts: list[str]) -> None:
    assert parse_cell("; ".join(parts), LIST) == tuple(parts)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("seven", NUMBER),
        ("7.5", Column("x", "integer", False, (), "", "x")),
        ("maybe", Column("x", "boolean", False, (), "", "x")),
        ("blue", Column("x", "category", False, ("red", "green"), "", "x")),
        ("red; blue", Column("x", "list", False, ("red", "green"), "", "x")),
        ("", Column("x", "text", True, (), "", "x")),
        ("sure", Column("x", "grade", True, (), "", "x")),
        ("two words", Column("x", "id", True, (), "", "x")),
    ],
)
def test_a_cell_that_does_not_fit_is_refused(text: str, column: Column) -> None:
    with pytest.raises(CellError):
        parse_cell(text, column)


def test_missing_numbers_are_nan_not_zero() -> None:
    trials = knowledge.table("trials").set_index("id")
    empty = trials[trials["use"] == "predict"]["orr_recist_pct"]
    assert np.isnan(empty).all()
    assert isinstance(trials, pd.DataFrame)
