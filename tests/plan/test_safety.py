"""Every safety rule: a case where it fires, one where it does not, and one where the answer is not known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from hepaxis import knowledge
from hepaxis.patient import Patient, from_text
from hepaxis.plan.safety import evaluate, open_questions, status
from hepaxis.plan.safety_facts import SafetyFacts, from_patient
from hepaxis.plan.safety_predicates import RULES
from hepaxis.plan.three_valued import Finding, all_of, any_of, fact
from hepaxis.problems import InputError

ICI = ("atezolizumab_bevacizumab",)
STRIDE = ("durvalumab_tremelimumab",)
FMT = (*ICI, "fmt_capsules_healthy")


@dataclass(frozen=True)
class Case:
    """``no`` None: the rule always holds; ``unknown`` None: it never depends on a fact."""

    rule: str
    strategy: tuple[str, ...]
    yes: dict[str, Any]
    no: dict[str, Any] | None
    unknown: dict[str, Any] | None = field(default_factory=dict)


A, B, C = ("A",), ("B",), ("C",)
STABLE = {
    "child_pugh": A, "ascites": "none", "sodium": 138.0, "creatinine": 80.0, "active_infection": "none",
    "varices": "none",
}  # fmt: skip
CASES = (
    Case("S01", FMT, {"donor_mdro_tested": False}, {"donor_mdro_tested": True}),
    Case("S02", FMT, {"donor_mdro_risk": True}, {"donor_mdro_risk": False}),
    Case("S03", FMT, {"donor_ecoli_tested": False}, {"donor_ecoli_tested": True}),
    Case("S04", FMT, {"donor_virus_policy": False}, {"donor_virus_policy": True}),
    Case("S05", FMT, {"anc": 0.4}, {"anc": 3.0, "steroid_mg": 10.0}, {"anc": 3.0}),
    Case("S05", FMT, {"anc": 3.0, "steroid_mg": 40.0}, {"anc": 0.5, "steroid_mg": 20.0}),
    Case("S06", FMT, {"ileus": True}, {"ileus": False, "severe_colitis": False}, {"ileus": False}),
    Case("S06", FMT, {"severe_colitis": True}, {"ileus": False, "severe_colitis": False}),
    Case("S07", FMT, {"child_pugh": C}, STABLE, {"child_pugh": ("B", "C")}),
    Case("S07", FMT, {"ascites": "severe"}, STABLE),
    Case("S07", FMT, {"sodium": 128.0}, STABLE, STABLE | {"sodium": None}),
    Case("S07", FMT, {"creatinine": 140.0}, STABLE, STABLE | {"creatinine": None}),
    Case("S07", FMT, {"active_infection": "sbp"}, STABLE, STABLE | {"active_infection": None}),
    Case("S07", FMT, {"varices": "large", "varices_treated": False}, STABLE, STABLE | {"varices": "large"}),
    Case("S08", FMT, {"child_pugh": B}, {"child_pugh": A}, {"child_pugh": ("A", "B")}),
    Case("S09", (*ICI, "fmt_colonoscopy"), {}, None, None),
    Case(
        "S09", (*STRIDE, "fmt_colonoscopy"), {"platelets": 40.0},
        {"platelets": 150.0, "inr": 1.1, "varices": "small"}, {"platelets": 150.0, "inr": 1.1},
    ),
    Case("S10", FMT, {"cmv_igg": "negative", "donor_cmv_igg": "positive"},
         {"cmv_igg": "positive", "ebv_igg": "positive", "allogeneic_transplant": False}, {"cmv_igg": "negative"}),
    Case("S09", (*STRIDE, "fmt_colonoscopy"), {"inr": 1.6},
         {"platelets": 51.0, "inr": 1.5, "varices": "small"}),
    Case("S10", FMT, {"ebv_igg": "negative", "donor_ebv_igg": "positive"},
         {"cmv_igg": "positive", "donor_ebv_igg": "negative", "allogeneic_transplant": False}),
    Case("S10", FMT, {"allogeneic_transplant": True},
         {"donor_cmv_igg": "negative", "donor_ebv_igg": "negative", "allogeneic_transplant": False}),
    Case("S11", (*STRIDE, "fmt_capsules_healthy"), {"donor_prevotella_rich": True}, {"donor_prevotella_rich": False}),
    Case("S12", (*ICI, "fmt_vancomycin_leadin"), {}, None, None),
    Case("S13", FMT, {"hcv": "active"}, {"hbsag": False, "hcv": "cured"}, {"hbsag": True, "hcv": "none"}),
    Case("S13", FMT, {"hbsag": True, "hbv_dna": 5000.0}, {"hbsag": True, "hbv_dna": 10.0, "hcv": "none"}),
    Case("S14", FMT, {"tips": True}, {"tips": False, "recent_encephalopathy": False}, {"tips": False}),
    Case("S14", FMT, {"recent_encephalopathy": True}, {"tips": False, "recent_encephalopathy": False}),
    Case("S15", FMT, {"refractory_ici_colitis": True}, {"refractory_ici_colitis": False}),
    Case("S16", (*ICI, "c_butyricum"), {"anc": 0.8},
         {"anc": 3.0, "central_line": False, "no_hepatectomy": True, "portal_hypertension": False}, {"anc": 3.0}),
    Case("S16", (*ICI, "akkermansia"), {"central_line": True, "mucositis": True},
         {"anc": 3.0, "mucositis": False, "hepatectomy_day": -400.0, "biliary_injury": False}),
    Case("S16", (*ICI, "spore_lbp"), {"hepatectomy_day": -20.0},
         {"anc": 3.0, "mucositis": False, "hepatectomy_day": -91.0, "biliary_injury": False},
         {"anc": 3.0, "mucositis": False, "biliary_injury": False}),
    Case("S16", (*ICI, "spore_lbp"), {"hepatectomy_day": -89.0},
         {"anc": 3.0, "mucositis": False, "hepatectomy_day": -91.0, "biliary_injury": False}),
    Case("S16", FMT, {"portal_hypertension": True, "biliary_injury": True},
         {"anc": 3.0, "mucositis": False, "no_hepatectomy": True, "biliary_injury": False},
         {"anc": 3.0, "mucositis": False, "no_hepatectomy": True, "biliary_injury": True}),
    Case("S17", ICI, {"probiotic": True}, {"probiotic": False}),
    Case("S17", (*ICI, "synbiotic"), {"probiotic": False}, None, None),
    Case("S18", ICI, {"elective_antibiotic": True}, {"elective_antibiotic": False}),
    Case("S19", ICI, {"active_infection": "cholangitis"}, {"active_infection": "none"}),
    Case("S19", ("lenvatinib",), {"active_infection": "sepsis"}, {"active_infection": "none"}),
    Case("S20", ICI, {"ppi": True, "ppi_indicated": False}, {"ppi": True, "ppi_indicated": True}, {"ppi": True}),
    Case("S20", ICI, {"ppi": True, "ppi_indicated": False}, {"ppi": False}),
    Case("S21", (*ICI, "inulin"), {"cholestasis": True},
         {"cholestasis": False, "bilirubin": 12.0, "bile_duct_stricture": False, "severe_dysbiosis": False},
         {"cholestasis": False}),
    Case("S21", (*ICI, "fibre"), {"bilirubin": 60.0},
         {"cholestasis": False, "bilirubin": 12.0, "bile_duct_stricture": False, "severe_dysbiosis": False}),
    Case("S21", (*ICI, "inulin"), {"severe_dysbiosis": True},
         {"cholestasis": False, "bilirubin": 12.0, "bile_duct_stricture": False, "severe_dysbiosis": False}),
    Case("S21", (*ICI, "inulin"), {"bile_duct_stricture": True},
         {"cholestasis": False, "bilirubin": 12.0, "bile_duct_stricture": False, "severe_dysbiosis": False}),
    Case("S22", (*ICI, "fibre"), {"sarcopenia": True}, {"sarcopenia": False}),
    Case("S23", (*ICI, "fxr_agonist"), {"child_pugh": B},
         {"child_pugh": A, "prior_decompensation": False, "cirrhosis": False},
         {"child_pugh": A, "prior_decompensation": False, "cirrhosis": True}),
    Case("S23", (*ICI, "fxr_agonist"), {"prior_decompensation": True},
         {"child_pugh": A, "prior_decompensation": False, "portal_hypertension": False}),
    Case("S23", (*ICI, "fxr_agonist"), {"cirrhosis": True, "portal_hypertension": True},
         {"child_pugh": A, "prior_decompensation": False, "cirrhosis": True, "portal_hypertension": False}),
    Case("S24", (*ICI, "ecn_arginine"), {"ecn_contained": False}, {"ecn_contained": True}),
    Case("S25", (*ICI, "ecn_sting"), {"biliary_stent": True},
         {"biliary_stent": False, "anc": 3.0, "active_infection": "none"}, {"biliary_stent": False, "anc": 3.0}),
    Case("S25", (*ICI, "ecn_sting"), {"active_infection": "cholangitis"},
         {"biliary_stent": False, "anc": 3.0, "active_infection": "urinary"}),
    Case("S25", (*ICI, "ecn_sting"), {"anc": 0.9},
         {"biliary_stent": False, "anc": 1.0, "active_infection": "none"}),
    Case("S26", ICI, {"liver_transplant": True}, {"liver_transplant": False}),
    Case("S27", ICI, {"autoimmune_disease": "active"}, {"autoimmune_disease": "history"}),
    Case("S28", ICI, {"varices": "large", "varices_treated": False}, {"varices": "none", "endoscopy_day": -180.0},
         {"varices": "none", "endoscopy_day": -190.0}),
    Case("S28", ICI, {"varices": "large", "varices_treated": False},
         {"varices": "large", "varices_treated": True}, {"varices": "large"}),
    Case("S29", ICI, {"hbsag": True, "antiviral": False}, {"hbsag": False}, {"hbsag": True}),
    Case("S29", ICI, {"hbsag": True, "antiviral": False}, {"hbsag": True, "antiviral": True}, {"antiviral": False}),
    Case("S30", ICI, {"child_pugh": B}, {"child_pugh": A}, {"child_pugh": ("A", "B")}),
    Case("S31", ("nivolumab_ipilimumab",), {"frailty": True},
         {"frailty": False, "albi_grade": ("1",), "bilirubin": 15.0}, {"frailty": False, "albi_grade": ("1",)}),
    Case("S31", ("nivolumab_ipilimumab",), {"albi_grade": ("3",)},
         {"frailty": False, "albi_grade": ("2",), "bilirubin": 15.0},
         {"frailty": False, "albi_grade": ("2", "3"), "bilirubin": 15.0}),
    Case("S32", ("sorafenib",), {}, None, None),
    Case("S33", ICI, {"score_used": True}, {"score_used": False}),
    Case("S34", (*ICI, "c_butyricum"), {"recurrent_cdi": False}, {"recurrent_cdi": True}),
)  # fmt: skip
#: Rules that always hold for the strategies they are about, whatever the patient.
UNCONDITIONAL = {"S12", "S32"}


def flags_of(rule: str, strategy: tuple[str, ...], facts: dict[str, Any]):
    return [flag for flag in evaluate(strategy, facts) if flag.rule == rule]


def name(case: Case) -> str:
    return f"{case.rule}-{'+'.join(case.yes) or 'always'}"


def test_every_rule_of_the_table_has_a_predicate_and_cases():
    table = [row["id"] for row in knowledge.records("safety_rules")]
    assert [rule.id for rule in RULES] == table == [f"S{n:02d}" for n in range(1, 35)]
    for column in ("no", "unknown"):
        covered = {case.rule for case in CASES if getattr(case, column) is not None}
        assert covered == set(table) - UNCONDITIONAL


@pytest.mark.parametrize("case", CASES, ids=name)
def test_rule_fires(case):
    (flag,) = flags_of(case.rule, case.strategy, case.yes)
    severity = knowledge.row("safety_rules", case.rule)["severity"]
    assert flag.severity == ("info" if severity == "statement" else severity)
    assert not flag.text.startswith(("check:", "not known:"))
    assert flag.source


@pytest.mark.parametrize("case", [case for case in CASES if case.no is not None], ids=name)
def test_rule_does_not_fire(case):
    assert flags_of(case.rule, case.strategy, case.no) == []


@pytest.mark.parametrize("case", [case for case in CASES if case.unknown is not None], ids=name)
def test_unknown_is_asked_and_never_passes_silently(case):
    (flag,) = flags_of(case.rule, case.strategy, case.unknown)
    severity = knowledge.row("safety_rules", case.rule)["severity"]
    if severity in ("block", "trial_only", "override"):
        assert flag.text.startswith("check: ")
        assert flag.severity == ("trial_only" if case.rule == "S34" else "warn")
    else:
        assert flag.text.startswith("not known: ")
        assert flag.severity == "info"


@pytest.mark.parametrize("case", [case for case in CASES if case.rule not in ("S19", "S20", "S32", "S33")], ids=name)
def test_rule_is_silent_for_a_strategy_it_is_not_about(case):
    assert flags_of(case.rule, ("tace",), case.yes) == []


def test_endoscopic_rule_is_not_about_capsules():
    assert flags_of("S09", FMT, {"platelets": 40.0}) == []


def test_prevotella_rule_needs_anti_ctla4():
    assert flags_of("S11", FMT, {"donor_prevotella_rich": True}) == []


def test_food_fibre_and_inulin_differ_from_udca():
    assert flags_of("S21", (*ICI, "udca"), {"cholestasis": True}) == []


def test_bevacizumab_with_untreated_varices_blocks_only_that_regimen():
    facts = {"varices": "large", "varices_treated": False}
    assert status(evaluate(ICI, facts)) == "blocked"
    assert status(evaluate(STRIDE, facts)) == "open"


def test_infection_beats_everything():
    facts = {"active_infection": "sbp", "elective_antibiotic": True, "liver_transplant": True}
    flags = evaluate(ICI, facts)
    assert flags[0].rule == "S19"
    assert flags[0].severity == "override"
    assert "S18" not in {flag.rule for flag in flags}
    assert {"S18"} <= {flag.rule for flag in evaluate(ICI, facts | {"active_infection": "none"})}


def test_an_antibiotic_that_treats_is_never_withheld():
    strategy = (*ICI, "stop_elective_antibiotic")
    assert status(evaluate(strategy, {"active_infection": "cholangitis"})) == "blocked"
    assert status(evaluate(strategy, {"active_infection": "none"})) == "open"


@pytest.mark.parametrize("strategy", [ICI, FMT, ("sorafenib",), ("tace", "fibre")])
def test_statement_stands_under_every_strategy(strategy):
    assert evaluate(strategy, {})[-1].rule == "S32"
    assert "research use only" in evaluate(strategy, {})[-1].text


def test_gravest_first():
    order = ["override", "block", "trial_only", "warn", "info"]
    facts = {"active_infection": "sbp", "hbsag": True, "antiviral": False, "child_pugh": B}
    severities = [order.index(flag.severity) for flag in evaluate(FMT, facts)[:-1]]
    assert severities == sorted(severities)


def test_transplants_are_for_trials_whatever_is_known():
    assert status(evaluate(FMT, {})) == "trial_only"
    assert status(evaluate(FMT, STABLE)) == "trial_only"


def test_empty_sheet_asks_for_all_that_could_block():
    asked = {flag.rule for flag in open_questions(evaluate(FMT, Patient()))}
    assert {"S01", "S02", "S03", "S04", "S05", "S06", "S07", "S16", "S19", "S26", "S28", "S29"} <= asked


def test_every_wrong_fact_is_named():
    with pytest.raises(InputError) as caught:
        evaluate(ICI, {"neutrophiles": 1.0, "tip": True})
    assert len(caught.value.problems) == 2


def test_a_clinic_sheet_becomes_facts():
    sheet = """
id: p1
liver: {bilirubin: 20 umol/L, albumin: 38 g/L, inr: 1.1, ascites: none, encephalopathy: none, varices: large,
  varices_treated: no}
blood: {neutrophils: 3.1 10^9/L}
aetiology: {causes: [hbv], hbsag: yes, antiviral: no}
exposures:
  - {drug: pantoprazole, start_day: -200, end_day: ongoing, reason: unknown_reason}
  - {drug: ceftriaxone, start_day: -23, end_day: -16, reason: prophylaxis}
"""
    patient = from_text(sheet)
    facts = from_patient(patient)
    assert facts.child_pugh == A
    assert facts.ppi is True
    assert facts.ppi_indicated is False
    assert facts.elective_antibiotic is True
    assert facts.probiotic is False
    assert facts.steroid_mg == 0
    rules = {flag.rule: flag.severity for flag in evaluate(ICI, patient)}
    assert rules["S28"] == rules["S29"] == "block"
    assert rules["S18"] == "warn"
    assert rules["S20"] == "info"


def test_no_exposures_on_the_sheet_is_not_no_exposure():
    facts = from_patient(Patient())
    assert facts.ppi is None
    assert facts.elective_antibiotic is None
    assert facts.steroid_mg is None
    assert facts == SafetyFacts(recurrent_cdi=False, score_used=False)


@pytest.mark.parametrize("value", [True, False, None])
def test_three_valued_logic(value):
    part = fact("x", value)
    assert any_of(part, fact("y", True)).value is True
    assert all_of(part, fact("y", False)).value is False
    assert any_of(part, fact("y", False)).value is value
    assert all_of(part, fact("y", True)).value is value
    assert any_of(part, fact("y", None)).value is (True if value else None)
    assert all_of(part, fact("y", None)).value is (False if value is False else None)


def test_what_is_not_known_is_named():
    assert any_of(fact("x", False), fact("y", None)) == Finding(None, (), ("y",))
    assert all_of(fact("x", True), fact("y", None)) == Finding(None, ("x",), ("y",))


def test_questions_are_marked_and_reasons_are_not():
    flags = evaluate(("atezolizumab_bevacizumab", "fmt_capsules_healthy"), {})
    assert any(flag.question for flag in flags)
    for flag in flags:
        assert flag.question == flag.text.startswith(("check: ", "not known: "))
