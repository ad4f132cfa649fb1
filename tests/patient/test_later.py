"""follow_up.csv: rows become scans and courses of the record; every fault is told with its row, and nothing is used."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from hepaxis.patient import load
from hepaxis.problems import InputError

SHEET = {
    "first_dose": "2026-01-01",
    "tumour": {"lesions": [{"id": "L1", "target": True, "diameter": "50 mm"}]},
    "therapy": {"planned": [{"regimen": "durvalumab"}]},
}
HEAD = "day,what,name,value,unit,until,route,file\n"


def folder(tmp_path: Path, text: str) -> Path:
    (tmp_path / "patient.yaml").write_text(yaml.safe_dump(SHEET), encoding="utf-8")
    (tmp_path / "first.tsv").write_text("#\n", encoding="utf-8")
    (tmp_path / "second.tsv").write_text("#\n", encoding="utf-8")
    (tmp_path / "follow_up.csv").write_text(text, encoding="utf-8")
    return tmp_path


def test_rows_are_folded_into_the_record(tmp_path):
    rows = HEAD + (
        "56,scan,L1,3.1,cm,,,\n2026-02-10,exposure,ciprofloxacin,1,g/day,47,oral,\n60,lab,liver.alt,120,U/L,,,\n"
        "61,stool,,,,,,second.tsv\n"
    )
    found = load(folder(tmp_path, rows))
    (scan,) = found.record.tumour.lesions[0].scans
    assert (scan.day, scan.diameter) == (56.0, 31.0)
    (course,) = found.record.exposures
    assert (course.kind, course.drug_class, course.start_day, course.end_day) == (
        "antibiotic",
        "fluoroquinolone",
        40,
        47,
    )
    assert course.dose == 1000.0
    (value,) = found.follow_up.values
    assert (value.field, value.value) == ("liver.alt", 120.0)
    (sample,) = found.follow_up.samples
    assert sample.path.name == "second.tsv"
    assert found.profile_path is not None
    assert found.profile_path.name == "first.tsv", "a later sample's file is not taken for the first"
    assert found.follow_up.last == 61.0
    assert {"follow_up.csv", "second.tsv"} <= set(found.files)


def test_every_fault_is_told_with_its_row(tmp_path):
    rows = HEAD + (
        "56,scan,L9,31,mm,,,\n-3,scan,L1,31,mm,,,\n60,biopsy,L1,,,,,\nsoon,scan,L1,31,mm,,,\n57,scan,L1,31,stone,,,\n"
        "58,stool,,,,,,elsewhere.tsv\n59,lab,liver.colour,1,,,,\n60,exposure,,,,,,\n"
    )
    with pytest.raises(InputError) as fault:
        load(folder(tmp_path, rows))
    mine = [problem for problem in fault.value.problems if problem.file and problem.file.endswith("follow_up.csv")]
    assert [problem.row for problem in mine] == list(range(2, 10))
    assert all(problem.hint for problem in mine)


def test_a_missing_column_is_told(tmp_path):
    with pytest.raises(InputError, match="what"):
        load(folder(tmp_path, "day,kind\n56,scan\n"))


def test_one_lesion_is_measured_once_a_day(tmp_path):
    with pytest.raises(InputError, match="twice"):
        load(folder(tmp_path, HEAD + "56,scan,L1,31,mm,,,\n56,scan,L1,33,mm,,,\n"))
