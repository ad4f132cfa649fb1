"""Clinical scores against published definitions and figures, and their ranges when inputs are missing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepaxis.patient import from_text, growth, scores, sphere_ml, target_lesions
from hepaxis.patient.burden import sum_of_diameters, tumour_volume
from hepaxis.patient.liver_scores import albi, child_pugh, modified_grade
from hepaxis.patient.record import Blood, Demographics, Lesion, Liver, Patient, Scan, Tumour
from hepaxis.patient.stage import bclc, crafity


def liver(**values: object) -> Patient:
    return Patient(liver=Liver(**values))  # type: ignore[arg-type]


GOOD = {"bilirubin": 15.0, "albumin": 40.0, "inr": 1.0, "ascites": "none", "encephalopathy": "none"}


def test_albi_is_the_equation_of_johnson_2015() -> None:
    """0.66 log10(bilirubin) - 0.085 albumin at round inputs: 10 umol/L and 40 g/L give 0.66 - 3.40 = -2.74, grade 1."""
    score = albi(liver(bilirubin=10.0, albumin=40.0))
    assert score.value == pytest.approx(-2.74)
    assert score.grade == "1"
    assert albi(liver(bilirubin=100.0, albumin=30.0)).value == pytest.approx(1.32 - 2.55)
    assert albi(liver(bilirubin=100.0, albumin=30.0)).grade == "3"


@pytest.mark.parametrize(
    ("score", "grade"),
    [(-2.61, "1"), (-2.60, "1"), (-2.59, "2a"), (-2.27, "2a"), (-2.26, "2b"), (-1.39, "2b"), (-1.38, "3")],
)
def test_albi_limits_belong_to_the_better_grade(score: float, grade: str) -> None:
    assert modified_grade(score) == grade


def test_albi_us_units_give_the_same_score() -> None:
    us = from_text("liver: {bilirubin: 1.0 mg/dL, albumin: 4.0 g/dL}")
    si = from_text("liver: {bilirubin: 17.104 umol/L, albumin: 40 g/L}")
    assert albi(us).value == pytest.approx(albi(si).value)


def test_albi_without_albumin_is_none_and_says_so() -> None:
    score = albi(liver(bilirubin=10.0))
    assert score.value is None
    assert score.grades == ()
    assert score.missing == ("Albumin",)


@given(st.floats(2, 400), st.floats(15, 54))
def test_albi_rises_with_bilirubin_and_falls_with_albumin(bilirubin: float, albumin: float) -> None:
    here = albi(liver(bilirubin=bilirubin, albumin=albumin)).value
    assert albi(liver(bilirubin=bilirubin * 1.1, albumin=albumin)).value > here  # type: ignore[operator]
    assert albi(liver(bilirubin=bilirubin, albumin=albumin + 1)).value < here  # type: ignore[operator]


@pytest.mark.parametrize(
    ("text", "points", "grade"),
    [
        ("bilirubin: 3.2 mg/dL, albumin: 2.6 g/dL, inr: 2.0, ascites: mild, encephalopathy: grade_1_2", 12, "C"),
        ("bilirubin: 1.0 mg/dL, albumin: 4.0 g/dL, inr: 1.1, ascites: none, encephalopathy: none", 5, "A"),
        ("bilirubin: 2.0 mg/dL, albumin: 3.5 g/dL, inr: 1.7, ascites: none, encephalopathy: none", 8, "B"),
        ("bilirubin: 3.0 mg/dL, albumin: 2.8 g/dL, inr: 2.3, ascites: none, encephalopathy: none", 8, "B"),
        ("bilirubin: 3.1 mg/dL, albumin: 2.7 g/dL, inr: 2.4, ascites: severe, encephalopathy: grade_3_4", 15, "C"),
    ],
)
def test_child_pugh_points_with_the_limits_of_the_published_table(text: str, points: int, grade: str) -> None:
    score = child_pugh(from_text(f"liver: {{{text}}}"))
    assert (score.value, score.grade) == (points, grade)


def test_child_pugh_with_missing_items_is_a_range_and_its_possible_classes() -> None:
    score = child_pugh(liver(**(GOOD | {"inr": None, "encephalopathy": None})))
    assert (score.value, score.low, score.high) == (None, 5, 9)
    assert score.grades == ("A", "B")
    assert score.missing == ("INR", "Hepatic encephalopathy")


@given(st.sets(st.sampled_from(sorted(GOOD))))
def test_child_pugh_range_always_holds_the_full_score(missing: set[str]) -> None:
    full = child_pugh(liver(**GOOD))
    partial = child_pugh(liver(**{key: None if key in missing else value for key, value in GOOD.items()}))
    if len(missing) == len(GOOD):
        assert partial.low is None
        return
    assert partial.low <= full.value <= partial.high  # type: ignore[operator]
    assert full.grade in partial.grades


def patient(
    ecog: int | None = 0, invasion: bool | None = False, spread: bool | None = False, **tumour: object
) -> Patient:
    return Patient(
        demographics=Demographics(ecog=ecog),
        liver=Liver(**GOOD),  # type: ignore[arg-type]
        tumour=Tumour(macrovascular_invasion=invasion, extrahepatic_spread=spread, **tumour),  # type: ignore[arg-type]
    )


def nodules(*diameters: float) -> dict[str, object]:
    return {"lesions": tuple(Lesion(organ="liver", diameter=one) for one in diameters), "lesion_count": len(diameters)}


@pytest.mark.parametrize(
    ("case", "stage"),
    [
        (patient(**nodules(20)), "0"),
        (patient(**nodules(21)), "A"),
        (patient(**nodules(90)), "A"),
        (patient(**nodules(30, 30, 30)), "A"),
        (patient(**nodules(31, 10)), "B"),
        (patient(**nodules(10, 10, 10, 10)), "B"),
        (patient(ecog=1, **nodules(15)), "C"),
        (patient(invasion=True, **nodules(15)), "C"),
        (patient(spread=True, **nodules(15)), "C"),
        (patient(ecog=3, **nodules(15)), "D"),
        (patient(lesions=(Lesion(organ="liver", diameter=40), Lesion(organ="lung", diameter=12))), "C"),
    ],
)
def test_bclc_2022(case: Patient, stage: str) -> None:
    assert bclc(case).grade == stage


def test_bclc_end_stage_liver_is_d_and_the_assumption_is_said() -> None:
    case = patient(**nodules(15)).model_copy(
        update={"liver": Liver(bilirubin=80.0, albumin=24.0, inr=2.5, ascites="severe", encephalopathy="none")}
    )
    score = bclc(case)
    assert score.grade == "D"
    assert any("transplant" in text for text in score.assumed)


def test_bclc_missing_inputs_leave_a_set_and_name_what_would_settle_it() -> None:
    score = bclc(patient(ecog=None, invasion=None, **nodules(50)))
    assert score.grades == ("A", "C", "D")
    assert set(score.missing) == {"ECOG performance status", "Macrovascular invasion"}
    assert bclc(Patient()).grades == ()


@pytest.mark.parametrize(
    ("afp", "crp", "points", "grade"),
    [(99.9, 9.9, 0, "low"), (100.0, 9.9, 1, "intermediate"), (5.0, 10.0, 1, "intermediate"), (100.0, 10.0, 2, "high")],
)
def test_crafity_limits_are_at_least(afp: float, crp: float, points: int, grade: str) -> None:
    score = crafity(Patient(blood=Blood(afp=afp, crp=crp)))
    assert (score.value, score.grade) == (points, grade)


def test_crafity_with_one_input_is_a_range() -> None:
    score = crafity(Patient(blood=Blood(afp=500.0)))
    assert (score.value, score.low, score.high) == (None, 1, 2)
    assert score.missing == ("C-reactive protein",)


@pytest.mark.parametrize(("diameter", "mm3"), [(20.0, 4188.0), (30.0, 14137.0)])
def test_sphere_volumes_as_printed_for_early_hcc(diameter: float, mm3: float) -> None:
    """10.4274/dir.2023.222055: cut-offs of 4,188 and 14,137 cubic mm for 2 and 3 cm."""
    assert sphere_ml(diameter) * 1000 == pytest.approx(mm3, rel=2e-4)


def test_volume_has_a_span_and_a_missing_diameter_is_said() -> None:
    case = Patient(tumour=Tumour(lesions=(Lesion(id="L1", diameter=40.0), Lesion(id="L2"))))
    score = tumour_volume(case)
    assert score.low < score.value < score.high  # type: ignore[operator]
    assert score.missing == ("diameter of L2",)
    assert any("lower bound" in text for text in score.assumed)


def test_targets_flagged_on_the_sheet_are_summed() -> None:
    lesions = (
        Lesion(organ="liver", diameter=72, target=True),
        Lesion(organ="liver", diameter=31, target=True),
        Lesion(organ="liver", diameter=90, target=False),
    )
    assert sum_of_diameters(Patient(tumour=Tumour(lesions=lesions))).value == 103


def test_without_flags_the_targets_follow_recist() -> None:
    lesions = (
        *(Lesion(organ="liver", diameter=size) for size in (50, 40, 30)),
        Lesion(organ="lymph_node", diameter=14),
        Lesion(organ="lung", diameter=12),
        Lesion(organ="lung", diameter=9),
        Lesion(organ="vein", diameter=25),
    )
    targets, chosen = target_lesions(Patient(tumour=Tumour(lesions=lesions)))
    assert chosen
    assert [lesion.diameter for lesion in targets] == [50, 40, 12]


def test_growth_is_read_from_two_scans_with_its_error() -> None:
    double = 40 * 2 ** (1 / 3)
    lesion = Lesion(diameter=double, scans=(Scan(day=-100, diameter=40),))
    found = growth(Patient(tumour=Tumour(lesions=(lesion,))))
    assert found is not None
    assert found.doubling_days == pytest.approx(100)
    assert 0 < found.sd < found.rate
    assert found.rate == pytest.approx(math.log(2) / 100)


@pytest.mark.parametrize("scans", [(), (Scan(day=-3, diameter=40),), (Scan(day=30, diameter=80),)])
def test_growth_needs_two_scans_before_treatment_far_enough_apart(scans: tuple[Scan, ...]) -> None:
    assert growth(Patient(tumour=Tumour(lesions=(Lesion(diameter=41, scans=scans),)))) is None


def test_every_score_names_its_formula_and_source_and_stands_an_empty_patient() -> None:
    for name, score in scores(Patient()).items():
        assert score.id == name
        assert score.formula
        assert score.source
        assert score.missing
        assert "not known" in str(score)
