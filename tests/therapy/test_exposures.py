"""What a patient took before: rows before day 0, and sentences on what the model cannot stand for."""

from __future__ import annotations

import pytest

from hepaxis import therapy
from hepaxis.patient import Exposure
from hepaxis.problems import InputError


def course(**more):
    return Exposure(**({"kind": "antibiotic", "drug": "ceftriaxone", "start_day": -23, "end_day": -16} | more))


def test_antibiotic_course_before_the_first_dose():
    rows, notes = therapy.exposure_protocol([course()], 365)
    gut = rows[rows["lever"] == "antibiotic.systemic.blood"]
    assert list(gut["time"]) == list(range(-23, -15))
    assert rows.loc[rows["lever"] == "antibiotic.systemic.kill.ent", "amount"].tolist() == [2.4, 0]
    assert rows["time"].max() == -5
    assert not notes


def test_dose_on_the_sheet_is_used():
    standard, _ = therapy.exposure_protocol([course()], 365)
    double, _ = therapy.exposure_protocol([course(dose=4000)], 365)
    total = [
        float(rows.loc[rows["lever"] == "antibiotic.systemic.blood", "amount"].sum()) for rows in (standard, double)
    ]
    assert total[1] == pytest.approx(2 * total[0])


def test_overlapping_antibiotics_take_the_stronger_killing():
    rows, _ = therapy.exposure_protocol([course(), course(drug="metronidazole", start_day=-20, end_day=-10)], 365)
    bac = rows.loc[rows["lever"] == "antibiotic.systemic.kill.bac", ["time", "amount"]].to_numpy().tolist()
    assert bac == [[-23, 0.51], [-20, 3.0], [1, 0.0]]


def test_what_one_of_two_drugs_loses_to_commensals_does_not_shield_the_other():
    rows, _ = therapy.exposure_protocol([course(drug="amoxicillin"), course(drug="metronidazole", start_day=-20)], 365)
    lost = rows.loc[rows["lever"] == "antibiotic.systemic.inactivation", ["time", "amount"]].to_numpy().tolist()
    assert lost[:2] == [[-23, 1000.0], [-20, 0.0]]


@pytest.mark.parametrize(
    ("name", "drug_class", "expected"),
    [
        ("J01DD04", None, "third_gen_cephalosporin"),
        ("Amoxicillin/clavulanate", None, "penicillin_inhibitor"),
        ("amoxicillin", None, "beta_lactam"),
        ("cefazolin", None, "early_cephalosporin"),
        ("neomycin", None, "neomycin"),
        (None, "nitroimidazole", "metronidazole"),
        (None, "carbapenem", "carbapenem_broad"),
        ("azithromycin", "macrolide", "unspecified_systemic"),
        ("something", None, "unspecified_systemic"),
    ],
)
def test_names_codes_and_classes(name, drug_class, expected):
    kind = therapy.exposure("antibiotic", name, drug_class)
    assert kind.antibiotic is not None
    assert kind.antibiotic.id == expected
    assert bool(kind.note) == (name == "something")


def test_intravenous_vancomycin_does_not_reach_the_gut():
    rows, notes = therapy.exposure_protocol([course(drug="vancomycin", drug_class="glycopeptide", route="iv")], 365)
    assert rows.empty
    assert notes
    assert "does not reach the lumen" in notes[0]


def test_what_cannot_be_stood_for_is_said():
    rows, notes = therapy.exposure_protocol([Exposure(kind="statin", drug="atorvastatin", start_day=-90)], 365)
    assert rows.empty
    assert "atorvastatin" in notes[0]


@pytest.mark.parametrize(("kind", "drug"), [("antifungal", "fluconazole"), (None, "nystatin"), ("antifungal", None)])
def test_an_antifungal_is_left_out_and_said(kind, drug):
    rows, notes = therapy.exposure_protocol([Exposure(kind=kind, drug=drug, start_day=-90)], 365)
    assert rows.empty
    assert "the model holds no fungi" in notes[0]


def test_an_antifungal_as_a_component_is_answered():
    with pytest.raises(InputError, match="the model holds no fungi"):
        therapy.protocol(["fluconazole"], 100.0)


@pytest.mark.parametrize(("dose", "grams"), [(60_000.0, 60.0), (None, 30.0)])
def test_lactulose_is_held_as_the_hexose_it_gives(dose, grams):
    taken = Exposure(kind="lactulose", drug="lactulose", start_day=-30.0, end_day=19.0, dose=dose)
    rows, notes = therapy.exposure_protocol([taken], 365)
    steps = rows[["time", "lever", "amount"]].to_numpy().tolist()
    assert steps == [[-30.0, "lactulose", pytest.approx(grams * 2000 / 342.3)], [20.0, "lactulose", 0.0]]
    assert bool(notes) == (dose is None)


def test_course_without_first_day_is_left_out_and_said():
    rows, notes = therapy.exposure_protocol([course(start_day=None)], 365)
    assert rows.empty
    assert "first day unknown" in notes[0]


def test_course_without_last_day_is_taken_as_a_week_and_said():
    rows, notes = therapy.exposure_protocol([course(end_day=None)], 365)
    assert (rows["lever"] == "antibiotic.systemic.blood").sum() == 7
    assert "last day unknown" in notes[0]


def test_ongoing_ppi_lasts_until_it_is_stopped():
    ppi = Exposure(kind="ppi", drug="pantoprazole", start_day=-100, ongoing=True)
    kept, _ = therapy.exposure_protocol([ppi], 365)
    assert kept[["time", "amount"]].to_numpy().tolist() == [[-100, 1]]
    stopped, notes = therapy.exposure_protocol([ppi], 365, components=["durvalumab", "stop_ppi"])
    assert stopped[["time", "amount"]].to_numpy().tolist() == [[-100, 1], [0, 0]]
    assert "stopped on day 0" in notes[0]


@pytest.mark.parametrize(
    ("reason", "stops"), [("prophylaxis", True), ("procedure", True), ("treatment", False), (None, False)]
)
def test_only_an_elective_antibiotic_is_stopped(reason, stops):
    one = course(start_day=-2, end_day=9, reason=reason)
    rows, notes = therapy.exposure_protocol([one], 365, components=["stop_elective_antibiotic"])
    days = rows.loc[rows["lever"] == "antibiotic.systemic.blood", "time"]
    assert (days.max() < 0) == stops
    assert len(notes) == 1


def test_steroid_level_is_prednisolone_equivalent():
    rows, _ = therapy.exposure_protocol(
        [Exposure(kind="steroid", drug="dexamethasone", start_day=0, end_day=6, dose=6)], 365
    )
    assert rows["amount"].tolist() == [pytest.approx(40 / 75), 0]


def test_exposure_and_strategy_share_one_time_line():
    rows, _ = therapy.full_protocol(["durvalumab", "oral_vancomycin"], [course(start_day=-5, end_day=3)], 365)
    but = rows.loc[rows["lever"].str.endswith(".kill.but"), ["time", "lever", "amount"]].to_numpy().tolist()
    slots = ("antibiotic.systemic.kill.but", "antibiotic.luminal.kill.but")  # each keeps its own vector
    assert but[:2] == [[-5, slots[0], 2.99], [0, slots[1], 3.99]]
    assert not rows[rows["action"] == "set"].duplicated(["time", "lever"]).any()
