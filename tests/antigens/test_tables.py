"""The room's tables follow the rules of ``knowledge``: ids, sources, grades, cells that fit their schema."""

from __future__ import annotations

import csv

import pytest

from hepaxis.antigens import tables
from hepaxis.antigens.alphabet import AMINO_ACIDS
from hepaxis.antigens.antigen_list import shipped
from hepaxis.knowledge.lint import check_rows


@pytest.mark.parametrize("name", tables.NAMES)
def test_table_has_no_fault(name):
    with (tables.HERE / f"{name}.csv").open(newline="", encoding="utf-8") as handle:
        reader = csv.DictReader(handle)
        header = list(reader.fieldnames or [])
        rows = [(line, {k: v or "" for k, v in row.items()}) for line, row in enumerate(reader, start=2)]
    assert not [str(p) for p in check_rows(name, header, rows, tables.schema(name))]
    assert len(tables.records(name)) == len(rows) > 0


def test_every_shipped_antigen_group_of_the_issue_is_there():
    held = {one.antigen for one in shipped()}
    assert {"AFP", "GPC3", "NY-ESO-1", "MAGE-A1", "MAGE-A3", "hTERT", "WT1"} <= held
    assert {"HBV core", "HBV polymerase", "HBV envelope", "HBV X"} <= held
    assert all(set(one.peptide) <= set(AMINO_ACIDS) for one in shipped())
    assert {one.kind for one in shipped(["hbv"])} == {"hbv"}


def test_peptides_of_one_protein_agree_where_they_overlap():
    """FLPSDFFPSV at 18 and EYLVSFGVW at 117 cannot both be right if their residues clash; nor can overlapping ones."""
    held: dict[tuple[str, int], str] = {}
    for row in tables.records("antigens"):
        for place, letter in enumerate(row["peptide"], start=row["start"]):
            assert held.setdefault((row["antigen"], place), letter) == letter, row["id"]


def test_titin_is_in_the_off_targets():
    found = [row for row in tables.records("off_targets") if row["human_peptide"] == "ESDPIVAQY"]
    assert found[0]["peptide"] == "EVDPIGHLY"
    assert "died" in found[0]["note"]
