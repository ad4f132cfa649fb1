"""A patient's folder: parts found by content, every fault at once, the three shipped examples."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from hepaxis import profile
from hepaxis.patient import check, growth, load, scores
from hepaxis.problems import InputError, has_errors

PROFILE = "clade_name\tS1\nk__Bacteria|p__Verrucomicrobia\t100.0\n"
EXAMPLES = ("viral_antibiotic", "masld_dysbiotic", "little_data")


def folder(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        (tmp_path / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_profile_is_the_file_that_is_nothing_else(tmp_path: Path) -> None:
    place = folder(
        tmp_path,
        patient__yaml="id: A",
        anything__dat=PROFILE,
        README__md="# notes",
        metabolites__csv="metabolite,value,unit,matrix\nacetate,40,umol/g,stool\n",
        taxa__tsv="Feature ID\tTaxon\tConfidence\nx\td__Bacteria\t0.9\n",
        peptides__txt="SLLMWITQC\n",
    )
    found = load(place)
    assert found.profile_path == place / "anything.dat"
    assert found.taxonomy_path == place / "taxa.tsv"
    assert found.peptides == ("SLLMWITQC",)
    assert list(found.metabolites["metabolite"]) == ["acetate"]
    assert found.files["anything.dat"] == hashlib.sha256(PROFILE.encode()).hexdigest()
    assert "README.md" not in found.files


def test_two_possible_profiles_are_refused_until_one_is_named(tmp_path: Path) -> None:
    place = folder(tmp_path, patient__yaml="id: A", a__tsv=PROFILE, b__tsv=PROFILE)
    with pytest.raises(InputError, match=r"a\.tsv, b\.tsv"):
        load(place)
    (place / "patient.yaml").write_text("stool: {file: b.tsv}")
    assert load(place).profile_path == place / "b.tsv"


@pytest.mark.parametrize("name", ["gone.tsv", "../outside.tsv", "/etc/hostname"])
def test_a_named_file_must_lie_in_the_folder(tmp_path: Path, name: str) -> None:
    place = folder(tmp_path, patient__yaml=f"stool: {{file: {name}}}")
    with pytest.raises(InputError, match=r"patient\.file"):
        load(place)


def test_without_a_profile_the_folder_loads_and_says_so(tmp_path: Path) -> None:
    found = load(folder(tmp_path, patient__yaml="id: A"))
    assert found.profile_path is None
    assert [problem.code for problem in found.problems] == ["patient.no_profile"]


def test_faults_of_every_file_are_raised_together(tmp_path: Path) -> None:
    place = folder(
        tmp_path,
        patient__yaml="liver: {albumin: 3.9}",
        metabolites__csv="metabolite,value,unit,matrix\nacetate,-4,umol/g,stool\n",
        peptides__txt="SLLX1\n",
    )
    with pytest.raises(InputError) as raised:
        load(place)
    codes = {problem.code for problem in raised.value.problems}
    assert {"patient.quantity", "metabolites.impossible", "peptides.sequence"} <= codes


def test_a_folder_without_a_sheet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"patient\.no_sheet"):
        load(tmp_path)
    with pytest.raises(InputError, match=r"patient\.folder"):
        load(tmp_path / "nowhere")


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_shipped_examples_are_free_of_errors_and_their_profiles_are_read(root: Path, name: str) -> None:
    place = root / "examples" / name
    assert not has_errors(check(place))
    found = load(place)
    assert found.record.id == name
    assert found.profile_path is not None
    read = profile.read(found.profile_path)
    assert read.abundance.shape[0] == 1
    assert read.abundance.iloc[0].sum() == pytest.approx(1.0)
    assert read.abundance.shape[1] > 40
    if found.record.stool.sample:
        assert list(read.abundance.index) == [found.record.stool.sample]


def test_the_viral_example_is_the_patient_it_says(root: Path) -> None:
    record = load(root / "examples" / "viral_antibiotic").record
    worked_out = scores(record)
    assert record.planned_regimen() == "atezolizumab_bevacizumab"
    assert (worked_out["child_pugh"].value, worked_out["bclc"].grade) == (6, "C")
    (course,) = record.courses("antibiotic")
    assert (course.drug_class, course.start_day, course.end_day) == ("cephalosporin_3", -23, -16)
    assert course.covers(-60, 42)
    assert record.aetiology.viral
    grown = growth(record)
    assert grown is not None
    assert grown.doubling_days is not None
    assert 60 < grown.doubling_days < 200


def test_the_other_examples_are_the_patients_they_say(root: Path) -> None:
    masld = load(root / "examples" / "masld_dysbiotic")
    assert masld.record.planned_regimen() == "durvalumab_tremelimumab"
    assert len(masld.metabolites) == 12
    little = load(root / "examples" / "little_data").record
    assert little.planned_regimen() == "durvalumab"
    assert little.aetiology.causes is None
    assert all(score.value is None for score in scores(little).values())
