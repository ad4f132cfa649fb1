"""Clinical tables: the faults found in published ones are named, on the real files and on made ones of their shape."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hepaxis.patient import check, check_cohort, check_labels
from hepaxis.problems import Problem

Shared = Callable[[str], Path]


def table(tmp_path: Path, header: str, rows: list[str], name: str = "clinical.csv") -> Path:
    path = tmp_path / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def of(problems: list[Problem], code: str) -> list[Problem]:
    return [problem for problem in problems if problem.code == code]


def test_a_clean_table_has_no_problem(tmp_path: Path) -> None:
    rows = [f"S{n},{50 + n},Male,{'yes' if n % 2 else 'no'},{20 if n % 2 else 4}" for n in range(20)]
    assert check(table(tmp_path, "sample_id,age,sex,ORR,PFS_months", rows)) == []


def test_repeated_ids_say_whether_the_rows_agree(tmp_path: Path) -> None:
    rows = ["S1,60,Male,yes", "S2,61,Male,no", "S1,60,Male,yes", "S2,75,Male,no"]
    same, differs = of(check(table(tmp_path, "sample_id,age,sex,ORR", rows)), "cohort.duplicate_id")
    assert "identical" in same.found
    assert (same.row, same.column) == (4, "sample_id")
    assert "conflicting age" in differs.found


def test_a_patient_with_several_samples_is_no_repeat(tmp_path: Path) -> None:
    rows = [f"S{n},P1,60,Male" for n in range(5)]
    assert not of(check(table(tmp_path, "sample_id,subject_id,age,sex", rows)), "cohort.duplicate_id")


@pytest.mark.parametrize(
    ("header", "times", "severity"),
    [
        ("pfs_month", [80, 90, 100, 85], "error"),
        ("pfs_month", [3, 4, 5, 400], "error"),
        ("OS", [300, 400, 500, 90], "warning"),
        ("pfs_month", [3, 14, 5, 60], None),
        ("pfs_days", [300, 400, 500, 90], None),
    ],
)
def test_days_under_a_month_name(tmp_path: Path, header: str, times: list[int], severity: str | None) -> None:
    rows = [f"S{n},60,Male,{time}" for n, time in enumerate(times)]
    found = of(check(table(tmp_path, f"sample_id,age,sex,{header}", rows)), "cohort.days_as_months")
    assert [problem.severity.value for problem in found] == ([severity] if severity else [])


def test_days_under_a_unit_column_that_says_month(tmp_path: Path) -> None:
    rows = [f"S{n},60,Male,{300 + n},Month" for n in range(6)]
    (found,) = of(check(table(tmp_path, "sample_id,age,sex,survival,survival_unit", rows)), "cohort.days_as_months")
    assert found.column == "survival"


@pytest.mark.parametrize("turned", [False, True])
def test_an_inverted_response_is_found_against_a_flag_and_against_times(tmp_path: Path, turned: bool) -> None:
    rows = []
    for n in range(24):
        good = n % 2 == 0
        response = "yes" if good != turned else "no"
        rows.append(f"S{n},60,{response},{'yes' if good else 'no'},{18 + n / 10 if good else 3 + n / 10}")
    found = of(check(table(tmp_path, "sample_id,age,ORR,PFS12,PFS", rows)), "cohort.inverted_response")
    assert len(found) == (2 if turned else 0)
    if turned:
        assert "of 12 rows with ORR = yes, 12 have PFS12 = no" in found[0].found


def test_labels_that_contradict_recist_are_counted_by_kind(tmp_path: Path) -> None:
    rows = ["S1,60,PD,yes", "S2,60,CR,no", "S3,60,PR,yes", "S4,60,SD,yes", "S5,60,SD,no", "S6,60,PD,no"]
    problems = check(table(tmp_path, "sample_id,age,RECIST,ORR", rows))
    (conflict,) = of(problems, "cohort.label_conflict")
    assert "1 PD counted as response" in conflict.found
    assert "1 CR counted as no response" in conflict.found
    (stable,) = of(problems, "cohort.stable_disease")
    assert "in 1 rows and as none in 1" in stable.found


def test_spelling_blanks_placeholders_and_mixed_words_are_named(tmp_path: Path) -> None:
    rows = [f"S{n},60,Gray,PD,0" for n in range(6)] + [
        "S7,60,Grey,Death ,?",
        "S8,60,grey,SD/PD,unk",
        "S9,60,Gray,PD/death,1",
    ]
    problems = check(table(tmp_path, "Group,Age,SIGCAT,Best_response,ECOGPS", rows))
    (spelling,) = of(problems, "cohort.spelling")
    assert "'Gray' 7, 'Grey' 1, 'grey' 1" in spelling.found
    (blank,) = of(problems, "cohort.blank")
    assert (blank.row, blank.column) == (8, "Best_response")
    assert {problem.found.split()[0] for problem in of(problems, "cohort.placeholder")} == {"'?'", "'unk'"}
    mixed = {problem.found.split("' ")[0].strip("'") for problem in of(problems, "cohort.mixed_response")}
    assert mixed == {"Death", "SD/PD", "PD/death"}


def test_joined_run_ids_are_counted(tmp_path: Path) -> None:
    rows = ["S1,60,Male,ERR528329;ERR526291", "S2,60,Male,ERR527046"]
    (found,) = of(check(table(tmp_path, "sample_id,age,sex,ncbi_accession", rows)), "cohort.joined_ids")
    assert "2 rows, 3 ids" in found.found


def test_a_laboratory_value_under_the_wrong_unit_is_named(tmp_path: Path) -> None:
    rows = ["S1,60,Male,Albumin Measurement,g/dL,46.1", "S2,60,Male,Albumin Measurement,g/dL,4.1"]
    path = table(tmp_path, "sample_id,age,sex,biomarker_name,biomarker_unit,biomarker_value", rows)
    (found,) = of(check(path), "cohort.unit")
    assert found.row == 2
    assert "46.1 g/L" in found.hint


def test_rows_without_a_profile_and_samples_without_a_row(tmp_path: Path) -> None:
    path = table(tmp_path, "sample_id,age,sex", ["S1,60,Male", "S2,61,Male"])
    problems = check_cohort(path, ["S1", "S9"], "table.tsv")
    assert "1 of 2 rows" in of(problems, "cohort.orphan_row")[0].found
    assert "S9" in of(problems, "cohort.orphan_sample")[0].found
    assert of(check_cohort(path, ["X"], "table.tsv"), "cohort.no_match")


def test_a_study_folder_compares_its_table_with_its_profile(tmp_path: Path) -> None:
    table(tmp_path, "sample_id,age,sex", ["S1,60,Male", "S3,61,Male"])
    (tmp_path / "profile.tsv").write_text(
        "clade_name\tS1\tS2\nk__Bacteria|p__Firmicutes|c__Bacilli|o__Lactobacillales|f__Enterococcaceae|"
        "g__Enterococcus|s__Enterococcus_faecalis\t60\t40\n"
        "k__Bacteria|p__Verrucomicrobia|c__Verrucomicrobiae|o__Verrucomicrobiales|f__Akkermansiaceae|"
        "g__Akkermansia|s__Akkermansia_muciniphila\t40\t60\n"
    )
    problems = check(tmp_path)
    assert "S3" in of(problems, "cohort.orphan_row")[0].found


def test_two_tables_that_disagree_on_a_label(tmp_path: Path) -> None:
    one = table(tmp_path, "sample_id,age,ORR", ["S001,60,yes", "S002,60,no", "S003,60,yes"], "one.csv")
    other = table(tmp_path, "run,response", ["S001,NR", "S002,NR", "S003,R", "S004,R"], "two.csv")
    (found,) = check_labels(one, other)
    assert "1 of 3 labels" in found.found
    assert found.row == 2


@pytest.mark.shared
def test_a_profile_that_carries_clinical_columns_stays_a_profile(shared: Shared) -> None:
    problems = check(shared("data/toposcore_nsclc/met4_valid_complete.csv"))
    assert not [problem for problem in problems if problem.code.startswith("cohort.")]


@pytest.mark.shared
def test_spencer_response_is_named_as_inverted(shared: Shared) -> None:
    problems = check(shared("data/cmd4_ici_metadata/SpencerCN_2021_sample.tsv"))
    found = of(problems, "cohort.inverted_response")
    assert any("of 61 rows with ORR = yes, 60 have PFS12 = no" in problem.found for problem in found)


@pytest.mark.shared
def test_spencer_labels_are_the_opposite_of_another_collection(shared: Shared) -> None:
    spencer = shared("data/cmd4_ici_metadata/SpencerCN_2021_sample.tsv")
    found = of(
        check_labels(spencer, shared("data/ici_ogu_11cohorts/Spencer_2021_metadata.tsv")), "cohort.label_conflict"
    )
    assert any("134 of 134 labels are the opposite" in problem.found for problem in found)


@pytest.mark.shared
def test_gunjur_months_are_named_as_days(shared: Shared) -> None:
    found = of(check(shared("data/cmd4_ici_metadata/GunjurA_2024_sample.tsv")), "cohort.days_as_months")
    assert {problem.column for problem in found} == {"disease_response_pfs_month", "disease_response_os"}
    assert "median 84.5 and maximum 1413" in found[0].found


@pytest.mark.shared
def test_qin_joined_runs_and_albumin_unit_are_named(shared: Shared) -> None:
    problems = check(shared("data/cmd4_ici_metadata/QinN_2014_sample.tsv"))
    assert "237 rows, 315 ids" in of(problems, "cohort.joined_ids")[0].found
    assert "Albumin Measurement in 'g/dL' cannot be in 237 rows" in of(problems, "cohort.unit")[0].found


@pytest.mark.shared
@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("RoutyB_2018.tsv", "82 PD counted as response"),
        ("BaruchEN_2021.tsv", "4 PR counted as no response"),
        ("McCullochJA_2022_sample.tsv", "3 PR counted as no response"),
    ],
)
def test_response_columns_that_contradict_recist_in_published_tables(shared: Shared, file: str, words: str) -> None:
    found = of(check(shared(f"data/cmd4_ici_metadata/{file}")), "cohort.label_conflict")
    assert any(words in problem.found for problem in found)


@pytest.mark.shared
def test_toposcore_ds1_faults_are_each_named(shared: Shared) -> None:
    problems = check(shared("data/toposcore_nsclc/DS1_oncology_clinical_data_DiscValid.csv"))
    told = [problem.found for problem in problems]
    for part in ("'Gray' 227, 'Grey' 2, 'grey' 1", "'Death ' has a blank", "'?' stands for", "'unk' stands for"):
        assert any(part in text for text in told), part
    for word in ("'SD/PD' is two", "'PD/death' is two", "'Death' is not a response category, in 24 cells"):
        assert any(word in text for text in told), word


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(st.sampled_from(["", "yes", "no", "PD", "SD/PD", "?", "1", "-3", "x;y", " a", '"', "\t"]), max_size=6)
    )
)
def test_any_clinical_table_is_checked_without_a_crash(tmp_path: Path, rows: list[list[str]]) -> None:
    path = table(tmp_path, "sample_id,age,sex,ORR,RECIST,PFS12", [",".join(row) for row in rows])
    assert all(problem.found for problem in check(path))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=120))
def test_any_bytes_under_a_clinical_header_are_checked_without_a_crash(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clinical.csv"
    path.write_bytes(b"sample_id,age,sex,ORR\n" + content)
    assert all(problem.found for problem in check(path))
