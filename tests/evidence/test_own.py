"""Protects a user's own records and the way out: the same columns, the same checks, nothing half-read."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from hepaxis import evidence
from hepaxis.evidence.effects import effects
from hepaxis.evidence.export import bibtex, ris
from hepaxis.evidence.own import TABLES, columns, read, template
from hepaxis.evidence.pooling import answer, question
from hepaxis.problems import InputError

STUDY = {
    "id": "smith_2027", "label": "Smith 2027", "kind": "exposure", "year": "2027", "design": "retrospective_cohort",
    "species": "human", "tumour": "hcc", "stage": "advanced_any", "population": "HCC on ICI", "n": "300",
    "class": "antibiotic", "therapy": "ICI", "exposure": "antibiotic", "conclusion": "better", "status": "published",
    "bias_confounding": "some", "bias_selection": "some", "bias_measurement": "some", "bias_reporting": "some",
    "source": "doi:10.1000/made.1", "checked": "seen",
}  # fmt: skip
EFFECT = {
    "id": "smith_2027_os", "label": "Smith 2027: OS", "study_id": "smith_2027", "exposure": "antibiotic",
    "tumour": "hcc", "treatment": "ici", "outcome": "os", "measure": "hr", "value": "0.7", "low": "0.5",
    "high": "0.98", "n": "300", "adjusted": "yes", "direction": "better", "pool": "yes",
    "source": "doi:10.1000/made.1", "checked": "seen",
}  # fmt: skip


def write(folder: Path, table: str, *rows: dict[str, str]) -> None:
    with (folder / f"{table}.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, columns(table))
        writer.writeheader()
        writer.writerows(rows)


def test_own_records_are_found_and_pooled(tmp_path: Path) -> None:
    write(tmp_path, "studies", STUDY)
    write(tmp_path, "effects", EFFECT)
    mine = read(tmp_path)
    assert mine.records[0].table == "own"
    assert [one["id"] for one in evidence.search("Smith", extra=mine.records)] == ["smith_2027"]
    studies = {one.id: one for one in (*evidence.records(), *mine.records)}
    given = answer(question("antibiotics", "HCC", "OS"), held=[*effects(), *mine.effects], studies=studies)
    assert "smith_2027" in {one.study for one in given.pool.used}


def test_all_faults_come_at_once_with_file_row_and_column(tmp_path: Path) -> None:
    write(tmp_path, "studies", STUDY | {"tumour": "hepatoma", "year": "27"}, STUDY | {"id": "cheung_2021"})
    write(tmp_path, "effects", EFFECT | {"value": "3"}, EFFECT | {"id": "e2", "study_id": "nobody", "pool": "no"})
    with pytest.raises(InputError) as caught:
        read(tmp_path)
    found = {(Path(one.file).name, one.row, one.column) for one in caught.value.problems}
    assert {
        ("studies.csv", 2, "tumour"), ("studies.csv", 2, "year"), ("studies.csv", 3, "id"),
        ("effects.csv", 2, "value"), ("effects.csv", 3, "study_id"),
    } <= found  # fmt: skip


@pytest.mark.parametrize(
    ("change", "column"), [({"design": "a guess"}, "design"), ({"n": "many"}, "n"), ({"source": "Smith"}, "source")]
)
def test_a_cell_that_does_not_fit_is_named(tmp_path: Path, change: dict[str, str], column: str) -> None:
    write(tmp_path, "studies", STUDY | change)
    with pytest.raises(InputError) as caught:
        read(tmp_path)
    assert [(one.row, one.column) for one in caught.value.problems] == [(2, column)]


def test_a_folder_without_studies_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="template"):
        read(tmp_path)


def test_the_template_has_the_projects_columns() -> None:
    for table in TABLES:
        assert template(table).strip().split(",") == columns(table)


def test_bibtex_and_ris_hold_every_record_and_the_retraction() -> None:
    mine = evidence.records()
    text = bibtex(mine)
    keys = re.findall(r"^@misc\{([^,]+),$", text, re.MULTILINE)
    assert keys == [one.id for one in mine]
    assert text.count("{") == text.count("}")
    entry = bibtex([evidence.by_id()["li_ye_2020"]])
    assert "doi = {10.1097/MD.0000000000021788}" in entry
    assert "RETRACTED" in entry
    assert r"Li \& Ye 2020" in entry
    blocks = ris(mine).split("ER  - \r\n")
    assert len(blocks) == len(mine) + 1
    assert all(re.fullmatch(r"(?:[A-Z][A-Z0-9]  - .*\r\n|\r\n)*", block) for block in blocks)
