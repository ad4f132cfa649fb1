"""The clinic sheet: missing stays unknown, every fault comes with its line, nothing crashes."""

from __future__ import annotations

import string

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hepaxis.patient import Patient, fields, from_text
from hepaxis.patient.sheet import read_text
from hepaxis.patient.yaml_tree import MAX_BYTES
from hepaxis.problems import InputError, Problem, has_errors


def faults(text: str) -> list[Problem]:
    return [problem for problem in read_text(text)[1] if problem.severity.value == "error"]


def test_an_empty_field_stays_unknown_and_is_listed_with_its_label() -> None:
    patient = from_text("id: A\nliver: {bilirubin: 20 umol/L, albumin: unknown}\n")
    assert patient.liver.albumin is None
    unknown = {field.path: field.label for field in patient.unknown_fields("liver")}
    assert unknown["liver.albumin"] == "Albumin"
    assert "liver.bilirubin" not in unknown
    assert len(Patient().unknown_fields()) > len(patient.unknown_fields())


@pytest.mark.parametrize("word", ["", "~", "null", "unknown", "unk", "?", "NA", "not tested"])
def test_every_word_for_missing_is_none(word: str) -> None:
    assert from_text(f"demographics: {{sex: '{word}'}}").demographics.sex is None


def test_no_and_none_are_values_not_missing() -> None:
    patient = from_text("aetiology: {hbsag: no, hcv: none}\nliver: {ascites: none}")
    assert patient.aetiology.hbsag is False
    assert patient.aetiology.hcv == "none"
    assert patient.liver.ascites == "none"


def test_all_faults_are_found_at_once_each_with_its_line() -> None:
    text = "\n".join(
        [
            "demographics:",
            "  age: 300",
            "  sexx: male",
            "liver:",
            "  albumin: 3.9",
            "  bilirubin: 5000 mg/dL",
            "  ascites: huge",
            "blood:",
            "  albumin: 39 g/L",
            "exposures: yes",
        ]
    )
    found = {problem.row: problem for problem in faults(text)}
    assert set(found) == {2, 3, 5, 6, 7, 9, 10}
    assert "did you mean 'sex'" in found[3].hint
    assert "did you mean 'liver.albumin'" in found[9].hint
    with pytest.raises(InputError) as raised:
        from_text(text)
    assert len(raised.value.problems) >= len(found)


def test_a_value_written_as_mapping_or_text_is_the_same() -> None:
    one = from_text("liver: {albumin: {value: 3.9, unit: g/dL}}")
    other = from_text("liver: {albumin: 3.9 g/dL}")
    assert one == other


def test_a_limit_is_kept_as_a_limit() -> None:
    patient, problems = read_text('aetiology: {hbv_dna: "<10 IU/mL"}')
    assert patient is not None
    assert patient.aetiology.hbv_dna == 10
    assert patient.limits == {"aetiology.hbv_dna": "<"}
    assert [problem.code for problem in problems] == ["patient.limit"]


def test_an_unusual_value_is_kept_and_warned_of() -> None:
    patient, problems = read_text("liver: {albumin: 60 g/L}")
    assert patient is not None
    assert [problem.code for problem in problems] == ["patient.unusual"]


def test_dates_become_days_from_the_first_dose() -> None:
    text = "first_dose: 2026-12-01\nexposures: [{drug: ceftriaxone, start_day: 2026-11-08, end_day: 2026-11-15}]"
    course = from_text(text).exposures[0]
    assert (course.start_day, course.end_day) == (-23, -16)


def test_a_date_without_a_first_dose_is_refused_with_its_line() -> None:
    (fault,) = faults("stool:\n  day: 2026-11-08\n")
    assert fault.row == 2
    assert "first_dose" in fault.hint


def test_the_drug_fills_kind_and_class_and_a_contradiction_is_warned_of() -> None:
    course = from_text("exposures: [{drug: Ceftriaxone, start_day: -5}]").exposures[0]
    assert (course.kind, course.drug_class) == ("antibiotic", "cephalosporin_3")
    problems = read_text("exposures: [{kind: ppi, drug: ceftriaxone}]")[1]
    assert "patient.drug_class" in {problem.code for problem in problems}


def test_reversed_days_are_an_error() -> None:
    assert {fault.code for fault in faults("exposures: [{drug: ceftriaxone, start_day: 23, end_day: -16}]")} == {
        "patient.days_reversed"
    }


@pytest.mark.parametrize(
    ("start", "end", "ongoing", "inside"),
    [
        (-23, -16, None, True),
        (-90, -70, None, False),
        (-23, None, True, True),
        (None, -16, None, True),
        (None, None, None, None),
        (-90, None, None, None),
        (50, None, None, False),
    ],
)
def test_whether_a_course_falls_in_a_window_is_unknown_when_its_days_do_not_say(
    start: float | None, end: float | None, ongoing: bool | None, inside: bool | None
) -> None:
    from hepaxis.patient import Exposure

    course = Exposure(kind="antibiotic", start_day=start, end_day=end, ongoing=ongoing)
    assert course.covers(-60, 42) is inside


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("tumour: {extrahepatic_spread: no, lesions: [{organ: lung, diameter: 20 mm}]}", "patient.spread"),
        ("tumour: {macrovascular_invasion: no, portal_vein: vp3}", "patient.invasion"),
        ("tumour: {lesion_count: 1, lesions: [{organ: liver}, {organ: liver}]}", "patient.lesion_count"),
        ("tumour: {lesions: [{id: L1}, {id: L1}]}", "patient.lesion_twice"),
        ("aetiology: {causes: [hcv], hcv: none}", "patient.hcv"),
    ],
)
def test_contradictions_are_errors(text: str, code: str) -> None:
    assert code in {fault.code for fault in faults(text)}


def test_mutations_written_as_list_or_mapping_leave_the_others_unknown() -> None:
    listed = from_text("biomarkers: {mutations: [TP53]}").biomarkers
    mapped = from_text("biomarkers: {mutations: {TP53: mutated, CTNNB1: wild_type}}").biomarkers
    assert listed.mutated("TP53") is True
    assert listed.mutated("CTNNB1") is None
    assert mapped.mutated("CTNNB1") is False


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: &x [1]\nb: *x", "patient.yaml_feature"),
        ("id: !!python/object/apply:os.system [ls]", "patient.yaml_feature"),
        ("id: A\n---\nid: B", "patient.yaml_shape"),
        ("id: " + "[" * 40 + "]" * 40, "patient.yaml_shape"),
        ("id: A\nid: B", "patient.duplicate_key"),
        ("id: [", "patient.yaml_syntax"),
        ("id: 'a\x00b'", "patient.yaml_syntax"),
        ("- a", "patient.shape"),
        ("", "patient.empty"),
        ("? [a]\n: b", "patient.yaml_key"),
    ],
)
def test_yaml_beyond_plain_fields_is_refused_with_its_reason(text: str, code: str) -> None:
    found = faults(text)
    assert code in {fault.code for fault in found}


def test_a_deep_or_large_sheet_ends_quickly(tmp_path) -> None:  # type: ignore[no-untyped-def]
    from hepaxis.patient import read_sheet

    big = tmp_path / "patient.yaml"
    big.write_text("id: A\n#" + "x" * MAX_BYTES)
    assert {problem.code for problem in read_sheet(big)[1]} == {"patient.too_large"}
    assert faults("[" * 50_000)


KEYS = st.sampled_from(sorted({field.key for field in fields().values()})) | st.text(string.printable, max_size=8)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["-23", "1.2 mg/dL", "2026-12-01", "ongoing", "yes", "<5 ng/mL", "male", "hbv"])
)
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=25
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TREES)
def test_any_yaml_tree_is_a_patient_or_a_list_of_problems(tree: object) -> None:
    patient, problems = read_text(yaml.safe_dump(tree, allow_unicode=True))
    assert (patient is None) == has_errors(problems)
    assert patient is not None or all(problem.found and problem.hint for problem in problems)


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_a_patient_or_a_list_of_problems(text: str) -> None:
    patient, problems = read_text(text)
    assert (patient is None) == has_errors(problems)


KNOWN_PATHS = sorted(path for path, field in fields().items() if "[]" not in path and not field.is_container)


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(st.sampled_from(KNOWN_PATHS), SCALARS, max_size=8))
def test_what_is_read_is_in_range_and_what_is_not_written_is_none(values: dict[str, object]) -> None:
    tree: dict[str, object] = {}
    for path, value in values.items():
        *sections, key = path.split(".")
        place = tree
        for section in sections:
            place = place.setdefault(section, {})  # type: ignore[assignment]
        place[key] = value
    patient = read_text(yaml.safe_dump(tree))[0]
    if patient is None:
        return
    for path in KNOWN_PATHS:
        value, field = patient.value(path), fields()[path]
        if path not in values:
            assert value is None
        elif isinstance(value, float):
            assert field.hard_min is None or field.hard_min <= value <= field.hard_max  # type: ignore[operator]
