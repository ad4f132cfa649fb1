"""What the therapy tables must hold: every arm and regimen asked for, sources, and numbers that fit each other."""

from __future__ import annotations

import pytest

from hepaxis import knowledge, therapy
from hepaxis.therapy.arms import pulls
from hepaxis.therapy.kill import RULES, from_tables

TABLES = (
    "regimens", "regimen_doses", "drugs", "microbiota_arms", "component_levers", "donor_profiles",
    "antibiotic_classes", "engineered_payloads", "exposure_drugs",
)  # fmt: skip
REGIMENS = [
    "atezolizumab_bevacizumab",
    "durvalumab_tremelimumab",
    "durvalumab",
    "nivolumab",
    "nivolumab_ipilimumab",
    "pembrolizumab",
    "lenvatinib",
    "sorafenib",
    "tace",
]
LOCAL = ["sbrt", "y90", "haic", "ablation"]  # their sizes in the model are assumed
TRIAL_ONLY = [
    "camrelizumab_rivoceranib",
    "sintilimab_bevacizumab",
    "tislelizumab",
    "pembrolizumab_lenvatinib",
    "pembrolizumab_400_lenvatinib",
    "nivolumab_3mgkg",
    "nivolumab_1_ipilimumab_3",
    "nivolumab_3_ipilimumab_1",
    "nivolumab_3_ipilimumab_1_q6w",
    "atezolizumab",
    "atezolizumab_cabozantinib",
    "tremelimumab",
    "durvalumab_tremelimumab_75",
    "atezolizumab_bevacizumab_tiragolumab",
    "durvalumab_bevacizumab",
    "durvalumab_1120",
    "placebo",
]  # given in trials, or approved in some regions only: never offered by a plan
ARMS = [
    "fmt_capsules_healthy",
    "fmt_colonoscopy",
    "fmt_responder_donor",
    "fmt_vancomycin_leadin",
    "akkermansia",
    "defined_consortium",
    "spore_lbp",
    "c_butyricum",
    "synbiotic",
    "fibre",
    "inulin",
    "udca",
    "acetate",
    "butyrate_colonic",
    "butyrate_hepatic",
    "fxr_agonist",
    "ido1_tdo2_inhibitor",
    "ahr_inhibitor",
    "bai_inhibitor",
    "postbiotic",
    "ecn_sting",
    "ecn_arginine",
    "ecn_checkpoint_nanobody",
    "salmonella_attenuated_payload",
    "narrow_depletion_opportunists",
    "stop_ppi",
    "stop_elective_antibiotic",
    "oral_vancomycin",
    "rifaximin",
]


def test_all_regimens_and_arms_are_there():
    assert {*REGIMENS, *LOCAL, *TRIAL_ONLY} == set(therapy.regimen_ids())
    assert set(ARMS) == set(therapy.arm_ids())


def test_only_what_is_labelled_is_offered():
    for id in TRIAL_ONLY:
        assert therapy.regimen(id, 70).standing in ("regional", "trial")


def test_tables_pass_the_linter():
    mine = [str(problem) for problem in knowledge.lint() if problem.file.removesuffix(".csv") in TABLES]
    assert not mine


@pytest.mark.parametrize("table", TABLES)
def test_what_nobody_saw_is_marked(table):
    for row in knowledge.records(table):
        if "own:assumed" in row["source"]:
            assert row["checked"] == "recalled", row["id"]


@pytest.mark.parametrize("id", ARMS)
def test_no_microbiota_arm_is_graded_randomised_in_hcc(id):
    arm = therapy.arm(id)
    assert arm.evidence_grade in "BCDE"
    assert arm.mechanism
    assert arm.evidence
    assert arm.sources


@pytest.mark.parametrize("id", ARMS)
def test_every_arm_but_stewardship_does_something(id):
    arm = therapy.arm(id)
    assert bool(arm.pulls) != (arm.kind == "stewardship")


def test_levers_of_components_exist():
    special = {"donor", "antibiotic"}
    for component in {str(row["component"]) for row in knowledge.records("component_levers")}:
        assert component in (*REGIMENS, *LOCAL, *ARMS)
        for pull in pulls(component):
            assert pull.lever in therapy.levers() or pull.lever in special
            assert bool(pull.profile) == (pull.lever in special)


def test_donor_profiles_sum_to_one():
    for row in knowledge.records("donor_profiles"):
        shares = therapy.donor_shares(str(row["id"]))
        assert sum(shares.values()) == pytest.approx(1.0)
        assert min(shares.values()) >= 0


def test_kill_vectors_are_those_of_the_trait_table():
    made = from_tables()
    for name in RULES:
        assert dict(therapy.antibiotic_class(name).kill) == pytest.approx(made.loc[name].to_dict()), name


def test_kill_vectors_follow_the_spectrum():
    vancomycin, quinolone = therapy.antibiotic_class("vancomycin_oral"), therapy.antibiotic_class("fluoroquinolone")
    assert vancomycin.kill["ent"] == 0
    assert vancomycin.kill["but"] > 3
    assert quinolone.kill["ent"] > 5 * quinolone.kill["bac"]
    assert (
        therapy.antibiotic_class("metronidazole").kill["bif"]
        < 1
        < therapy.antibiotic_class("metronidazole").kill["bac"]
    )
    cephalosporin = therapy.antibiotic_class("third_gen_cephalosporin")
    assert cephalosporin.kill["ecs"] < therapy.antibiotic_class("beta_lactam").kill["ecs"]


def test_responses_of_phase_three_regimens_name_their_trial():
    for id in REGIMENS:
        one = therapy.regimen(id, 70)
        assert one.evidence_grade == "A"
        assert one.sources
        assert one.scan_interval_weeks >= 6
        assert one.immune_event_rate is None or 0 < one.immune_event_rate < 0.5
        assert one.immune_event_note
