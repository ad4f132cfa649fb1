"""The faults that real published tables were found to hold: each is named, and stops the join where it matters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hepaxis import cohort
from hepaxis.problems import InputError, Problem, Severity

pytestmark = pytest.mark.shared
CMD4 = "data/cmd4_ici_metadata"
OGU = "data/ici_ogu_11cohorts"


def stand_in(table: Path, tmp_path: Path) -> Path:
    """A profile with the run ids of a table whose real profile is not public: faults of tables need no community."""
    frame = pd.read_csv(table, sep="\t", dtype=str)
    cells = frame[next(c for c in frame.columns if c.lower() == "ncbi_accession")].dropna()
    ids = sorted({part.strip() for cell in cells for part in cell.split(";")})
    counts = np.random.default_rng(7).integers(1, 500, size=(3, len(ids)))
    taxa = pd.Index(["Escherichia_coli", "Akkermansia_muciniphila", "Bacteroides_uniformis"], name="species")
    pd.DataFrame(counts, index=taxa, columns=ids).to_csv(tmp_path / "profile.tsv", sep="\t")
    return tmp_path / "profile.tsv"


def named(problems: list[Problem], code: str, severity: Severity, words: str = "") -> bool:
    return any(p.code == code and p.severity is severity and words in p.found for p in problems)


@pytest.mark.parametrize(
    ("file", "response", "code", "words"),
    [
        ("BaruchEN_2021.tsv", "ORR", "cohort.label_conflict", "4 PR counted as no response"),
        ("GunjurA_2024_sample.tsv", "PFS@6", "cohort.days_as_months", "median 84.5"),
        ("GunjurA_2024_sample.tsv", "OS@12", "cohort.days_as_months", "maximum 1413"),
        ("McCullochJA_2022_sample.tsv", "ORR", "cohort.label_conflict", "1 CR counted as no"),
        ("RoutyB_2018.tsv", "ORR", "cohort.label_conflict", "82 PD counted as response"),
        ("SpencerCN_2021_sample.tsv", "ORR", "cohort.inverted_response", "60 have PFS12 = no"),
        ("GopalakrishnanV_2018_sample.tsv", "ORR", "cohort.no_response", "no sample"),
        ("MatsonV_2018_sample.tsv", "DCR", "cohort.no_response", "no sample"),
        ("PetersBA_2019_sample.tsv", "ORR", "cohort.no_response", "no sample"),
    ],
)
def test_a_fault_in_a_column_that_is_used_stops_the_join(shared, tmp_path, file, response, code, words):
    path = shared(f"{CMD4}/{file}")
    found = cohort.check(stand_in(path, tmp_path), path, response=response)
    assert named(found, code, Severity.ERROR, words), [str(p) for p in found if p.severity is Severity.ERROR]


@pytest.mark.parametrize(
    ("file", "response", "code", "words"),
    [
        ("GunjurA_2024_sample.tsv", "ORR", "cohort.days_as_months", "these look like days"),
        ("QinN_2014_sample.tsv", "LABEL:control=Study Control", "cohort.joined_ids", "70 cells"),
        ("QinN_2014_sample.tsv", "LABEL:control=Study Control", "cohort.unit", "Albumin"),
        ("McCullochJA_2022_sample.tsv", "DCR", "cohort.stable_disease", "13 rows and as none in 7"),
    ],
)
def test_a_fault_in_a_column_that_is_not_used_is_carried(shared, tmp_path, file, response, code, words):
    path = shared(f"{CMD4}/{file}")
    found = cohort.check(stand_in(path, tmp_path), path, response=response)
    assert named(found, code, Severity.WARNING, words)


@pytest.mark.parametrize(
    ("file", "people"), [("DavarD_2021.tsv", 33), ("BaruchEN_2021.tsv", 12), ("RoutyB_2018.tsv", 106)]
)
def test_repeated_samples_of_a_person_are_counted(shared, tmp_path, file, people):
    path = shared(f"{CMD4}/{file}")
    found = cohort.check(stand_in(path, tmp_path), path, response="DCR")
    assert named(found, "cohort.repeated_samples", Severity.INFO, f"of {people} people")


def test_days_of_gunjur_are_read_once_the_unit_is_said(shared, tmp_path):
    path = shared(f"{CMD4}/GunjurA_2024_sample.tsv")
    profile = stand_in(path, tmp_path)
    found = cohort.join(profile, {"gunjur": path}, response="PFS@6", units={"pfs_time": "day", "os_time": "day"})
    assert found.survival["os_months"].max() == pytest.approx(1413 / 30.4375)
    assert 0.2 < found.response.mean() < 0.6


def test_lee_and_frankel_count_stable_disease_otherwise_in_another_archive(shared):
    for study, file in (("Lee_2022", "LeeKA_2022_sample.tsv"), ("Frankel_2017", "FrankelAE_2017_sample.tsv")):
        with pytest.raises(InputError) as fault:
            _both(shared, study, file)
        assert named(list(fault.value.problems), "cohort.label_conflict", Severity.ERROR, "labelled the other way")


def _both(shared, study: str, file: str) -> None:
    """One table answers ORR by category, the other by its own yes/no column."""
    other = pd.read_csv(shared(f"{OGU}/{study}_metadata.tsv"), sep="\t", dtype=str).rename(columns={"response": "orr"})
    cohort.join(
        shared(f"{OGU}/{study}_table.tsv.gz"),
        {"cmd": shared(f"{CMD4}/{file}"), "ogu": other},
        response="ORR",
        taxonomy=shared(f"{OGU}/taxonomy.tsv"),
    )


def test_rows_of_the_cohort_without_a_table_are_orphans(shared):
    tables = sorted(shared(OGU).glob("*_table.tsv.gz"))
    profiles = {path.name.removesuffix("_table.tsv.gz"): path for path in tables}
    metadata = {path.name: path for path in sorted(shared(OGU).glob("*_20*_metadata.tsv"))}
    found = cohort.join(profiles, metadata, response="LABEL:response", taxonomy=shared(f"{OGU}/taxonomy.tsv"))
    assert len(found.abundance) == 521
    assert found.study.nunique() == 10
    wide = cohort.check(
        profiles, shared(f"{OGU}/meta_data.tsv"), response="LABEL:response", taxonomy=shared(f"{OGU}/taxonomy.tsv")
    )
    assert named(wide, "cohort.orphan_row", Severity.WARNING, "128 of 624 rows")
    assert named(wide, "cohort.orphan_sample", Severity.WARNING, "25 of 521 samples")
    lost = cohort.check(
        profiles, shared(f"{OGU}/metadata.tsv"), response="LABEL:response", taxonomy=shared(f"{OGU}/taxonomy.tsv")
    )
    assert named(lost, "cohort.no_header", Severity.ERROR, "SRR8387676")


def test_the_lung_table_is_joined_with_its_faults_named(shared):
    folder = shared("data/toposcore_nsclc")
    found = cohort.join(
        folder / "met4_valid_complete.csv", folder / "DS1_oncology_clinical_data_DiscValid.csv", response="OS@12"
    )
    problems = list(found.problems)
    assert named(problems, "profile.duplicate_sample_conflict", Severity.WARNING, "41 sample ids")
    assert named(problems, "cohort.mixed_response", Severity.WARNING, "'SD/PD'")
    assert named(problems, "cohort.spelling", Severity.WARNING, "'Gray' 227, 'Grey' 2, 'grey' 1")
    assert named(problems, "cohort.placeholder", Severity.WARNING, "'?'")
    assert named(problems, "cohort.blank", Severity.WARNING, "'Death '")
    assert set(found.clinical["sex"].dropna()) == {"Male", "Female"}
    assert found.clinical["antibiotics"].isin([0.0, 1.0]).all()


def test_blood_and_liver_samples_of_low_biomass_are_named(shared):
    folder = shared("data/hcc_16s_waschina2022")
    found = cohort.check(
        folder / "asv_tab.tsv.gz",
        folder / "samples_16S_DNA.csv",
        response="LABEL:Condition=HCC",
        taxonomy=folder / "asv_tax.tsv",
    )
    assert any("known from reagents" in p.found for p in found)
    assert named(found, "cohort.label_varies", Severity.ERROR, "3 people")
    assert named(found, "cohort.person_varies", Severity.WARNING, "more than one sex")
