"""Joining: ids and never order, a chosen definition, no person counted twice, and batch never taken for group."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hepaxis import cohort
from hepaxis.problems import InputError, Problem

TAXA = ("Akkermansia_muciniphila", "Escherichia_coli", "Faecalibacterium_prausnitzii", "Bacteroides_uniformis")


def profile_file(tmp_path: Path, samples: list[str], name: str = "profile.tsv", seed: int = 1) -> Path:
    counts = np.random.default_rng(seed).integers(1, 400, size=(len(TAXA), len(samples)))
    table = pd.DataFrame(counts, index=pd.Index(TAXA, name="species"), columns=samples)
    table.to_csv(tmp_path / name, sep="\t")
    return tmp_path / name


def clinical_frame(samples: list[str], **columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame({"sample_id": samples, **columns})


def codes(fault: pytest.ExceptionInfo[InputError]) -> set[str]:
    return {p.code for p in fault.value.problems}


def of(problems: tuple[Problem, ...] | list[Problem], code: str) -> list[Problem]:
    return [p for p in problems if p.code == code]


NAMES = [f"S{n}" for n in range(24)]
RECIST = ["CR", "PR", "SD", "PD"] * 6


def test_rows_are_joined_by_id_whatever_their_order(tmp_path):
    path = profile_file(tmp_path, NAMES)
    table = clinical_frame(NAMES, RECIST=RECIST, age=list(range(40, 64)))
    straight = cohort.join(path, table, response="ORR")
    shuffled = cohort.join(path, table.sample(frac=1.0, random_state=3), response="ORR")
    pd.testing.assert_frame_equal(straight.clinical[["age"]], shuffled.clinical[["age"]])
    pd.testing.assert_series_equal(straight.response, shuffled.response)
    assert straight.response["S0"] == 1.0
    assert straight.response["S2"] == 0.0
    assert straight.clinical.loc["S5", "age"] == 45
    assert straight.counts is not None
    assert np.allclose(straight.abundance.sum(axis=1), 1.0)


def test_there_is_no_default_definition(tmp_path):
    with pytest.raises(TypeError):
        cohort.join(profile_file(tmp_path, NAMES), clinical_frame(NAMES, RECIST=RECIST))  # type: ignore[call-arg]
    with pytest.raises(InputError, match="PFS@<months>"):
        cohort.join(profile_file(tmp_path, NAMES), clinical_frame(NAMES, RECIST=RECIST), response="response")


def test_stable_disease_counts_as_the_definition_says_and_the_others_are_shown(tmp_path):
    found = cohort.join(profile_file(tmp_path, NAMES), clinical_frame(NAMES, RECIST=RECIST), response="DCR")
    assert found.response["S2"] == 1.0
    shown = cohort.sensitivity(found).set_index("definition")
    assert shown.index[0] == "DCR"
    assert shown.loc["ORR", "lost"] == 6
    assert shown.loc["ORR", "gained"] == 0
    assert shown.loc["ORR", "kappa"] == pytest.approx(0.5)


def test_a_word_that_may_be_two_categories_counts_only_where_both_count_alike(tmp_path):
    words = ["SD/PD", "PR/dissociated response", "Death ", "PD/Death", *RECIST[4:]]
    table = clinical_frame(NAMES, Best_response=words)
    path = profile_file(tmp_path, NAMES)
    orr = cohort.join(path, table, response="ORR", accept=["cohort.mixed_response"]).response
    dcr = cohort.join(path, table, response="DCR", accept=["cohort.mixed_response"]).response
    assert orr["S0"] == 0.0
    assert np.isnan(dcr["S0"])
    assert np.isnan(orr["S1"])
    assert (orr["S2"], dcr["S2"], orr["S3"]) == (0.0, 0.0, 0.0)


def test_someone_censored_before_the_month_is_missing_not_a_responder(tmp_path):
    times = [3.0, 3.0, 8.0, 8.0] * 6
    table = clinical_frame(NAMES, PFS_months=times, PFS_event=[1, 0, 1, 0] * 6, sex=["F"] * 24)
    found = cohort.join(profile_file(tmp_path, NAMES), table, response="PFS@6")
    assert found.response["S0"] == 0.0
    assert np.isnan(found.response["S1"])
    assert (found.response["S2"], found.response["S3"]) == (1.0, 1.0)


def test_days_called_months_stop_the_join_until_the_unit_is_said(tmp_path):
    times = [300.0, 90.0, 500.0, 800.0] * 6
    table = clinical_frame(NAMES, os_month=times, death=[1, 1, 1, 0] * 6, sex=["F"] * 24)
    path = profile_file(tmp_path, NAMES)
    with pytest.raises(InputError) as fault:
        cohort.join(path, {"one": table}, response="OS@12")
    assert "cohort.days_as_months" in codes(fault)
    told = cohort.join(path, {"one": table}, response="OS@12", units={"one.os_time": "day"})
    assert told.survival.loc["S0", "os_months"] == pytest.approx(300 / 30.4375)
    assert told.response["S3"] == 1.0


def test_a_study_that_is_the_group_is_refused(tmp_path):
    table = clinical_frame(NAMES, RECIST=["PR"] * 12 + ["PD"] * 12, study_name=["one"] * 12 + ["two"] * 12)
    path = profile_file(tmp_path, NAMES)
    with pytest.raises(InputError) as fault:
        cohort.join(path, table, response="ORR")
    assert "cohort.batch_is_group" in codes(fault)
    table.loc[0, "RECIST"] = "PD"
    assert not of(cohort.join(path, table, response="ORR").problems, "cohort.batch_is_group")


def test_an_inverted_label_is_refused_and_can_be_turned_back(tmp_path):
    good = [n % 2 == 0 for n in range(24)]
    table = clinical_frame(
        NAMES,
        ORR=["no" if g else "yes" for g in good],
        PFS_months=[18.0 + n if g else 2.0 for n, g in enumerate(good)],
        PFS_event=[1] * 24,
        study_name=["turned"] * 24,
    )
    path = profile_file(tmp_path, NAMES)
    with pytest.raises(InputError) as fault:
        cohort.join(path, table, response="ORR")
    assert "cohort.inverted_response" in codes(fault)
    mended = cohort.join(path, table, response="ORR", invert=["turned"])
    assert mended.response["S0"] == 1.0
    assert any("turned round" in step.text for step in mended.log)


def test_two_sources_that_disagree_are_refused_and_the_first_goes_first_once_accepted(tmp_path):
    first = clinical_frame(NAMES, RECIST=RECIST, sex=["F"] * 24)
    second = clinical_frame(NAMES, ORR=["no", "yes", "no", "no"] * 6, country=["X"] * 24)
    path = profile_file(tmp_path, NAMES)
    with pytest.raises(InputError) as fault:
        cohort.join(path, {"a": first, "b": second}, response="ORR")
    (conflict,) = of(list(fault.value.problems), "cohort.label_conflict")
    assert "6 of 24 samples" in conflict.found
    joined = cohort.join(path, {"a": first, "b": second}, response="ORR", accept=["cohort.label_conflict"])
    assert joined.response["S0"] == 1.0
    assert joined.accepted == ("cohort.label_conflict",)
    assert joined.clinical["country"].eq("X").all()


def test_runs_of_one_row_become_one_sample(tmp_path):
    path = profile_file(tmp_path, ["ERR0001", "ERR0002", "ERR0003", "ERR0004"])
    table = pd.DataFrame({"ncbi_accession": ["ERR0001;ERR0002", "ERR0003", "ERR0004"], "RECIST": ["PR", "PD", "PD"]})
    found = cohort.join(path, table, response="ORR")
    assert len(found.abundance) == 3
    raw = pd.read_csv(path, sep="\t", index_col=0)
    assert found.counts is not None
    assert found.counts.loc["ERR0001"].sum() == raw[["ERR0001", "ERR0002"]].to_numpy().sum()


def test_a_table_of_persons_is_joined_through_the_person(tmp_path):
    samples = clinical_frame(NAMES, subject_id=[f"P{n // 2:02d}" for n in range(24)], sex=["F"] * 24)
    persons = pd.DataFrame({"patient": [f"P{n:02d}" for n in range(12)], "RECIST": ["PR", "PD"] * 6})
    found = cohort.join(profile_file(tmp_path, NAMES), {"samples": samples, "persons": persons}, response="ORR")
    assert found.response.tolist() == [1.0, 1.0, 0.0, 0.0] * 6
    assert found.subject.nunique() == 12
    assert of(found.problems, "cohort.repeated_samples")
    assert len(found.first_samples().abundance) == 12


def test_one_person_id_in_two_studies_is_two_people(tmp_path):
    table = clinical_frame(
        NAMES, RECIST=RECIST, patient_id=[f"P{n % 12}" for n in range(24)], study=["a"] * 12 + ["b"] * 12
    )
    found = cohort.join(profile_file(tmp_path, NAMES), table, response="ORR")
    assert found.subject.nunique() == 24


def test_profiles_of_two_files_share_taxa_by_lineage(tmp_path):
    first, second = profile_file(tmp_path, NAMES[:12], "a.tsv"), profile_file(tmp_path, NAMES[12:], "b.tsv", seed=2)
    found = cohort.join({"a": first, "b": second}, clinical_frame(NAMES, RECIST=RECIST), response="ORR")
    assert found.abundance.shape == (24, len(TAXA))
    assert set(found.study) == {"a", "b"}
    with pytest.raises(InputError) as fault:
        cohort.join([first, first], clinical_frame(NAMES, RECIST=RECIST), response="ORR")
    assert "cohort.sample_in_two_files" in codes(fault)


def test_samples_with_one_community_under_two_ids_are_named(tmp_path):
    path = profile_file(tmp_path, NAMES)
    table = pd.read_csv(path, sep="\t", index_col=0)
    table["S1"] = table["S0"]
    table.to_csv(path, sep="\t")
    found = cohort.join(path, clinical_frame(NAMES, RECIST=RECIST), response="ORR")
    assert "S0, S1" in of(found.problems, "cohort.identical_samples")[0].found


def test_check_lists_what_join_raises(tmp_path):
    table = clinical_frame(NAMES, RECIST=["PR"] * 24)
    found = cohort.check(profile_file(tmp_path, NAMES), table, response="ORR")
    assert found[0].code == "cohort.one_class"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["CR", "PR", "SD", "PD", "", "SD/PD", "Death"]), min_size=3, max_size=12))
def test_an_objective_response_is_always_disease_control(words: list[str]):
    from hepaxis.cohort.response import Outcomes, derive, parse_definition

    index = pd.RangeIndex(len(words))
    recist = pd.Series([w or np.nan for w in words], index=index, dtype=object)
    empty = pd.DataFrame(index=index)
    outcomes = Outcomes(recist, pd.Series(np.nan, index=index), empty, {}, empty, empty)
    orr, dcr = derive(outcomes, parse_definition("ORR")), derive(outcomes, parse_definition("DCR"))
    assert not ((orr == 1.0) & (dcr == 0.0)).any()
    assert (orr.notna() | dcr.isna() | (dcr == 1.0)).all()
