"""Options of a component change the rows they name and nothing else; what cannot be carried out is refused."""

from __future__ import annotations

import pytest

from hepaxis import therapy
from hepaxis.problems import InputError

FMT = "fmt_capsules_healthy"


def feeding_days(*components, horizon=365.0, **more) -> list[float]:
    rows = therapy.protocol(components, horizon, **more)
    return sorted(set(rows.loc[rows["lever"].str.startswith("donor."), "time"]))


def vancomycin_days(*components, horizon=365.0) -> list[float]:
    rows = therapy.protocol(components, horizon)
    return rows.loc[rows["lever"] == "antibiotic.luminal.gut", "time"].tolist()


def amount(lever: str, *components, horizon=365.0) -> float:
    rows = therapy.protocol(components, horizon)
    return float(rows.loc[rows["lever"] == lever, "amount"].sum())


def refused(*components, **more) -> str:
    with pytest.raises(InputError) as caught:
        therapy.protocol(components, 365, **more)
    return str(caught.value)


def test_without_options_a_component_is_its_id():
    plain, made = (therapy.protocol(["durvalumab", one], 200) for one in (FMT, {"id": FMT}))
    assert plain.equals(made)
    assert therapy.component(FMT).label == FMT


def test_first_day_repeats_and_interval():
    assert feeding_days({"id": FMT, "first_day": -14.0, "repeats": 3, "interval": 14.0}) == [-14, 0, 14]
    assert feeding_days({"id": FMT, "repeats": 1}) == [0]
    assert feeding_days({"id": FMT, "interval": 7.0}) == [0, 7]


def test_donor_and_dose():
    shares = therapy.donor_shares("responder_donor")
    assert amount("donor.but", {"id": FMT, "donor": "responder_donor"}) == pytest.approx(2 * 0.03 * shares["but"])
    assert amount("donor.but", {"id": FMT, "dose": 2.0}) == pytest.approx(2 * amount("donor.but", FMT))


def test_a_lead_in_ends_before_the_first_dose_and_moves_with_it():
    lead = {"antibiotic": "vancomycin_oral", "mg": 1000.0, "days": 5.0, "gap": 1.0}
    made = {"id": FMT, "first_day": 21.0, "lead_in": lead}
    assert vancomycin_days(made) == [15, 16, 17, 18, 19]
    assert amount("antibiotic.luminal.gut", made) == 5000
    assert feeding_days(made)[0] == 21


def test_a_lead_in_by_name_takes_the_standard_dose():
    made = {"id": FMT, "lead_in": "vancomycin_oral"}
    assert vancomycin_days(made) == [-3, -2, -1]
    assert amount("antibiotic.luminal.gut", made) == 3 * therapy.antibiotic_class("vancomycin_oral").standard_mg


def test_an_arms_own_lead_in_is_moved_replaced_or_dropped():
    assert vancomycin_days("fmt_vancomycin_leadin") == [-3, -2, -1]
    assert vancomycin_days({"id": "fmt_vancomycin_leadin", "first_day": 30.5}) == [27, 28, 29]
    assert vancomycin_days({"id": "fmt_vancomycin_leadin", "lead_in": "none"}) == []
    rows = therapy.protocol([{"id": "fmt_vancomycin_leadin", "lead_in": "neomycin"}], 365)
    assert rows.loc[rows["lever"] == "antibiotic.luminal.gut", "amount"].tolist() == [4000] * 3


def test_a_course_lasts_as_long_as_it_is_said_to():
    rows = therapy.protocol([{"id": "udca", "first_day": 7.0, "duration": 28.0}], 365)
    assert rows[["time", "amount"]].to_numpy().tolist() == [[7, 2.6], [35, 0]]
    assert len(feeding_days({"id": "synbiotic", "duration": 30.0})) == 10
    assert len(vancomycin_days({"id": "oral_vancomycin", "duration": 7.0, "repeats": 2})) == 14


def test_two_arms_in_order():
    parts = (
        {"id": "oral_vancomycin", "first_day": -28.0, "duration": 7.0, "repeats": 1},
        {"id": FMT, "first_day": -14.0},
    )
    assert vancomycin_days(*parts) == list(range(-28, -21))
    assert feeding_days(*parts) == [-14, 7]


def test_the_same_arm_may_be_given_from_two_donors():
    parts = ({"id": FMT, "repeats": 1}, {"id": FMT, "repeats": 1, "first_day": 90.0, "donor": "responder_donor"})
    assert feeding_days(*parts) == [0, 90]


def test_a_regimen_can_start_later_and_a_local_treatment_be_timed():
    rows = therapy.protocol([{"id": "durvalumab", "first_day": 28.0}, {"id": "tace", "repeats": 1}], 100)
    assert rows.loc[rows["lever"] == "antibody.pd1", "time"].tolist() == [28, 56, 84]
    assert rows.loc[rows["lever"] == "local.kill", "time"].tolist() == [0, 14]


def test_engineered_strain_moves_as_a_whole():
    rows = therapy.protocol([{"id": "ecn_arginine", "first_day": 10.0, "repeats": 1}], 100)
    assert rows["time"].tolist() == [10, 10, 10, 38, 38]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"id": "fmt_capsule"}, "best matches are fmt_capsules_healthy"),
        ({"id": FMT, "firstday": 3}, "no option 'firstday'"),
        ({"first_day": 3}, "without an id"),
        ({"id": FMT, "donor": "responder"}, "responder_donor"),
        ({"id": "udca", "donor": "healthy_donor"}, "gives no living cells"),
        ({"id": FMT, "repeats": 0}, "repeats 0"),
        ({"id": FMT, "interval": -1.0}, "interval -1"),
        ({"id": FMT, "first_day": float("nan")}, "first_day nan"),
        ({"id": FMT, "dose": 0.0}, "dose 0"),
        ({"id": FMT, "at": "relapse"}, "give start or progression"),
        ({"id": FMT, "lead_in": "vancomycin"}, "vancomycin_oral"),
        ({"id": FMT, "lead_in": {"antibiotic": "vancomycin_oral", "length": 3}}, "no option 'length'"),
        ({"id": FMT, "lead_in": {"antibiotic": "vancomycin_oral", "days": 0.0}}, "lead-in with days 0"),
        ({"id": FMT, "lead_in": {"days": 3.0}}, "without an antibiotic"),
        ({"id": "synbiotic", "repeats": 3}, "schedules of their own"),
        ({"id": "fmt_colonoscopy", "repeats": 3}, "repeats without an interval"),
        ({"id": "udca", "repeats": 2, "interval": 30.0}, "a level without an end cannot repeat"),
        ({"id": "fmt_colonoscopy", "duration": 3.0}, "given at once"),
        ({"id": "tace", "duration": 3.0}, "times of their own"),
        ({"id": "bai_inhibitor", "dose": 2.0}, "inhibitor.bai cannot be 2 times"),
        ({"id": "ablation", "dose": 0.5}, "tumour.kill cannot be"),
        ({"id": "durvalumab", "repeats": 3}, "only its first_day"),
        ({"id": "stop_ppi", "first_day": 3.0}, "it has no schedule"),
        ({"id": FMT, "at": "progression"}, "give lanes"),
        ({"id": "durvalumab", "at": "progression"}, "only its first_day"),
    ],
)
def test_each_fault_is_answered(options, said):
    assert said in refused(options)


def test_all_faults_are_told_at_once():
    text = refused({"id": "fmt_capsule"}, {"id": FMT, "donor": "responder", "repeats": 0}, {"id": FMT, "days": 3})
    assert text.count("error:") == 4


def test_two_drugs_in_one_slot_stay_refused_with_options():
    assert "therapy.slot_taken" in refused("nivolumab", {"id": "tislelizumab", "first_day": 84.0})
    assert "both act at tki" in refused("atezolizumab_cabozantinib", "lenvatinib")
