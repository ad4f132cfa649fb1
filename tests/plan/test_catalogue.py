"""Candidate strategies: the base first, nothing blocked is hidden, and nothing is offered that makes no sense."""

from __future__ import annotations

import pytest

from hepaxis import therapy
from hepaxis.patient import Patient
from hepaxis.plan.catalogue import DEFAULT_LIMIT, GRADES, candidate, candidates
from hepaxis.plan.safety import STATEMENT_RULE
from hepaxis.problems import InputError

BASE = "atezolizumab_bevacizumab"
SAFE = {
    "liver_transplant": False, "hbsag": False, "varices": "none", "endoscopy_day": -10.0, "active_infection": "none",
    "child_pugh": ("A",), "ppi": False, "elective_antibiotic": False,
}  # fmt: skip


@pytest.mark.parametrize("planned", therapy.regimen_ids())
@pytest.mark.parametrize("facts", [{}, SAFE, {"liver_transplant": True, "varices": "large", "varices_treated": False}])
def test_base_is_always_first(planned, facts):
    found = candidates(planned, facts)
    assert found[0].components == (planned,)
    assert found[0].kind == "base"
    assert found[0].status in ("base", "blocked")
    assert all(one.kind != "base" for one in found[1:])


@pytest.mark.parametrize("planned", therapy.regimen_ids())
def test_default_set_is_small_and_the_rest_is_on_demand(planned):
    default, everything = candidates(planned, SAFE), candidates(planned, SAFE, limit=None)
    assert len(default) == DEFAULT_LIMIT
    assert len(everything) > 2 * DEFAULT_LIMIT
    assert {one.id for one in default} <= {one.id for one in everything}
    ids = [one.id for one in everything]
    assert len(ids) == len(set(ids))


def test_all_arms_are_on_demand():
    everything = candidates(BASE, {}, limit=None)
    assert {one.components[1] for one in everything if len(one.components) == 2} == set(therapy.arm_ids())


def test_a_pair_is_graded_by_its_weaker_part_and_said_to_be_untested():
    pair = candidate((BASE, "fmt_capsules_healthy", "fibre"), SAFE)
    assert pair.evidence.grade == max(therapy.arm(id).evidence_grade for id in pair.components[1:])
    assert pair.evidence.text.startswith("The pair has not been tested")


def test_default_set_holds_other_regimens_and_arms_of_low_burden():
    kinds = [one.kind for one in candidates(BASE, SAFE)]
    assert kinds.count("regimen") == 3
    ids = {one.id for one in candidates(BASE, SAFE)}
    assert f"{BASE}+fibre" in ids
    assert f"{BASE}+fmt_capsules_healthy" in ids


def test_limit_counts_what_is_not_blocked():
    found = candidates(BASE, SAFE | {"anc": 0.3}, limit=8)
    open_ones = [one for one in found if one.status != "blocked"]
    assert len(open_ones) == 8
    blocked = [one for one in found if one.status == "blocked"]
    assert any("fmt_capsules_healthy" in one.components for one in blocked)
    for one in blocked:
        assert any(flag.severity == "block" for flag in one.safety)


def test_blocked_alternatives_are_named():
    found = candidates("lenvatinib", SAFE | {"varices": "large", "varices_treated": False})
    (one,) = [one for one in found if one.id == BASE]
    assert one.status == "blocked"
    assert found.index(one) > 0


def test_investigational_arms_are_for_trials_and_name_them():
    one = candidate((BASE, "fmt_capsules_healthy"), SAFE)
    assert one.status == "trial_only"
    assert "nct:NCT05690048" in one.trials
    assert candidate((BASE, "fibre"), SAFE).status == "ranked"
    assert candidate((BASE, "bai_inhibitor"), SAFE).status == "trial_only"


def test_stopping_is_offered_only_where_there_is_something_to_stop():
    def ids(facts):
        return {one.components[-1] for one in candidates(BASE, facts, limit=None)}

    assert "stop_ppi" not in ids({"ppi": False})
    assert {"stop_ppi", "stop_elective_antibiotic"} <= ids({"ppi": True})
    assert "stop_elective_antibiotic" not in ids({"elective_antibiotic": False})


def test_infection_blocks_withholding_the_antibiotic():
    found = candidates(BASE, SAFE | {"active_infection": "sbp", "elective_antibiotic": True}, limit=None)
    (one,) = [one for one in found if one.components[-1] == "stop_elective_antibiotic"]
    assert one.status == "blocked"


def test_strategies_can_be_simulated():
    for one in candidates(BASE, {}, limit=None):
        assert not therapy.protocol(one.components, 365).empty
        assert one.mechanism
        assert one.schedule
        assert one.evidence.grade in GRADES


def test_a_patient_record_will_do():
    assert candidates(BASE, Patient())[0].id == BASE


def test_local_treatment_with_a_regimen():
    one = candidate(("lenvatinib", "tace"), SAFE)
    assert one.label == "Lenvatinib + TACE"
    assert one.evidence.text


def test_every_strategy_has_its_evidence_in_a_few_words():
    for one in (one for planned in therapy.regimen_ids() for one in candidates(planned, {}, limit=None)):
        words = one.evidence.short.replace("n = ", "n=").split()
        assert 1 <= len(words) <= 8, one.id


def test_the_statement_of_use_is_not_repeated_for_each_strategy():
    for one in candidates(BASE, {}, limit=None):
        assert not [flag for flag in one.safety if flag.rule == STATEMENT_RULE]


def test_an_arm_inside_a_label_keeps_capitals_of_acronyms_and_genera():
    labels = {one.components[-1]: one.label for one in candidates(BASE, {}, limit=None)}
    assert labels["udca"].endswith(" + ursodeoxycholic acid")
    assert labels["akkermansia"].endswith(" + Akkermansia, oral")
    assert labels["fmt_capsules_healthy"].endswith(" + FMT capsules, healthy donor")
    assert labels["ahr_inhibitor"].endswith(" + AhR inhibitor")
    assert labels["ecn_sting"].endswith(" + E. coli Nissle making a STING agonist")


def test_unknown_regimen_has_a_match():
    with pytest.raises(InputError, match="durvalumab"):
        candidates("durvalumap", {})
