"""The search: generated strategies that make sense, the same people in both stages, the best of each aim run deep."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from made_patient import SMALL

from hepaxis import therapy
from hepaxis.patient import load
from hepaxis.plan import pairs
from hepaxis.plan.catalogue import strategy_of
from hepaxis.plan.estimates import chance_of_best, expected_regret
from hepaxis.plan.make import make_plan
from hepaxis.plan.safety_facts import SafetyFacts
from hepaxis.plan.search import search
from hepaxis.plan.standing import AIMS, Gains, fronts
from hepaxis.plan.variants import changes_of, key, options, words
from hepaxis.therapy import Component

BASE = "durvalumab"
SAFE = SafetyFacts(
    liver_transplant=False, hbsag=False, varices="none", active_infection="none", child_pugh=("A",), ppi=False,
    elective_antibiotic=False,
)  # fmt: skip


@dataclass(frozen=True)
class Pretended:
    """A run that only knows what was given."""

    id: str


def searched(gain, *, wide=40, deep=6, facts=SAFE):
    """A search in which ``gain(candidate id)`` says what a run shows."""
    return search(
        BASE, facts, lambda one: Pretended(one.id), lambda base, other: gain(other.id), wide=wide, deep=deep
    )  # fmt: skip


def flat(id):
    return Gains(0.0, 0.0, 0.0)


@pytest.mark.parametrize("option", options(), ids=lambda o: f"{o.arm}-{o.change[0]}-{o.change[1]}")
def test_every_change_of_a_schedule_can_be_given(option):
    part = option.apply(Component(option.arm))
    assert therapy.component_faults(part) == []
    assert words(part)
    assert key(part) != option.arm
    lanes = therapy.Lanes(1, progression=np.array([100.0])) if option.aim == "rescue" else None
    assert not therapy.protocol((BASE, part), 365.0, lanes=lanes).empty


def test_a_generated_strategy_says_what_it_changed_and_keeps_evidence_and_rules():
    part = Component("udca", dose=0.5)
    one = strategy_of((Component(BASE), part), SAFE)
    plain = strategy_of((Component(BASE), Component("udca")), SAFE)
    assert "half the dose" in one.label
    assert any("half the dose" in line for line in one.schedule)
    assert (one.evidence, one.safety, one.status) == (plain.evidence, plain.safety, plain.status)
    assert one.id != plain.id
    assert one.given == (Component(BASE), part)


def test_every_pair_rule_has_a_reason_and_speaks_against_some_pair():
    arms = [therapy.arm(id) for id in therapy.arm_ids()]
    broken = {rule for k, a in enumerate(arms) for b in arms[k + 1 :] for rule in pairs.against(a, b)}
    assert broken == set(pairs.RULES) == set(pairs.reasons())


@pytest.mark.parametrize(
    ("first", "second", "rule"),
    [
        ("fmt_capsules_healthy", "akkermansia", "one_donor"),
        ("fibre", "inulin", "same_lever"),
        ("fmt_capsules_healthy", "oral_vancomycin", "living_under_antibiotic"),
        ("ecn_sting", "ecn_arginine", "one_engineered"),
        ("udca", "acetate", "one_concept"),
        ("fibre", "stop_ppi", "stopping"),
    ],
)
def test_pairs_that_make_no_sense_are_not_generated(first, second, rule):
    a, b = therapy.arm(first), therapy.arm(second)
    assert rule in pairs.against(a, b)
    assert rule in pairs.against(b, a)
    assert not list(pairs.sensible_pairs([a, b]))


def test_what_makes_room_is_also_tried_before_the_living_product():
    both = list(
        pairs.sensible_pairs([therapy.arm("fmt_capsules_healthy"), therapy.arm("narrow_depletion_opportunists")])
    )
    orders = {tuple(key(part) for part in pair) for pair in both}
    assert len(orders) == len(both) == 2
    depletion = next(part for pair in both for part in pair if part.first_day is not None)
    (pull,) = therapy.component_pulls(depletion)
    assert pull.first_day + pull.duration <= 0


def test_the_search_tries_as_many_as_asked_once_each_and_the_base_first():
    found = searched(flat)
    ids = [one.candidate.id for one in found.tried]
    assert len(ids) == len(set(ids)) == 40
    assert ids[0] == BASE
    assert found.generated > 40
    assert len(found.deep) == 6


def test_places_go_to_changes_and_pairs_of_what_did_best():
    def liked(id):
        return Gains(0.1 if "fibre" in id or "akkermansia" in id else 0.0, 0.0, 0.0)

    made = [
        one.candidate for one in searched(liked).tried if one.candidate.changed or len(one.candidate.components) > 2
    ]
    assert any("fibre@" in one.id for one in made)
    assert any({"fibre", "akkermansia"} <= set(one.components) for one in made)


def test_the_best_of_each_aim_is_computed_deep():
    def gain(id):
        return Gains(
            0.2 if id.endswith("+udca") else 0.0,
            0.2 if id.endswith("+c_butyricum") else 0.0,
            -0.2 if id.endswith("+fibre") else 0.0,
        )

    deep = set(searched(gain).deep)
    assert {f"{BASE}+udca", f"{BASE}+c_butyricum", f"{BASE}+fibre"} <= deep


def test_only_one_schedule_of_a_set_of_arms_is_computed_deep():
    found = searched(lambda id: Gains(0.3 if "+udca" in id else 0.0, 0.0, 0.0))
    kin = [tuple(sorted(part.split("@")[0] for part in id.split("+"))) for id in found.deep]
    assert len(kin) == len(set(kin))


def test_another_regimen_is_tried_and_never_takes_a_place_in_the_deep_stage():
    found = searched(lambda id: Gains(0.5 if "+" not in id else 0.0, 0.0, 0.0))
    regimens = {one.candidate.id for one in found.tried if one.candidate.kind == "regimen"}
    assert regimens
    assert not regimens & set(found.deep)


def test_what_is_blocked_is_listed_with_its_reason_and_never_run():
    found = searched(flat, facts=replace(SAFE, anc=0.3))
    blocked = {one.id for one in found.blocked}
    assert f"{BASE}+fmt_capsules_healthy" in blocked
    assert not blocked & {one.candidate.id for one in found.tried}
    for one in found.blocked:
        assert any(flag.severity == "block" and flag.text for flag in one.safety), one.id


@given(arrays(float, st.tuples(st.integers(1, 12), st.just(len(AIMS))), elements=st.floats(-1, 1)))
def test_nobody_on_the_first_front_is_beaten_on_every_aim(values):
    front = fronts(values)
    assert front.min() == 1
    for k in np.flatnonzero(front == 1):
        assert not ((values >= values[k]).all(axis=1) & (values > values[k]).any(axis=1)).any()
    for k in np.flatnonzero(front > 1):
        better = (values >= values[k]).all(axis=1) & (values > values[k]).any(axis=1)
        assert front[better].min() < front[k]


def test_regret_is_nothing_for_a_sure_best_and_the_gap_for_the_other():
    per_draw = np.array([[0.3, 0.32, 0.28, 0.3], [0.2, 0.22, 0.18, 0.2]])
    errors = np.full(2, 1e-6)
    regret = expected_regret(per_draw, errors, 1)
    assert regret[0] == pytest.approx(0.0, abs=1e-6)
    assert regret[1] == pytest.approx(0.1, abs=1e-4)
    assert chance_of_best(per_draw, errors, 1)[0] == 1.0


def test_gains_leave_out_who_failed():
    ends = SimpleNamespace(response=np.array([0.1, 0.2]), durable=np.zeros(2), severe_immune=np.zeros(2))
    more = SimpleNamespace(response=np.array([0.3, 9.0]), durable=np.zeros(2), severe_immune=np.zeros(2))
    base = SimpleNamespace(endpoints=ends, failed=np.array([False, False]))
    other = SimpleNamespace(endpoints=more, failed=np.array([False, True]))
    from hepaxis.plan.estimates import Cross

    cross = Cross(np.array([0, 1]), np.array([0, 0]), np.array([True, True]))
    assert Gains.between(base, other, cross).response == pytest.approx(0.2)


@pytest.fixture(scope="module")
def small_search(tmp_path_factory):
    """A plan that searches: 12 strategies wide on half of the hosts, 2 of them deep."""
    import yaml
    from made_patient import SHEET, USUAL, metaphlan

    folder = tmp_path_factory.mktemp("searched")
    (folder / "patient.yaml").write_text(yaml.safe_dump(SHEET), encoding="utf-8")
    (folder / "profile.tsv").write_text(metaphlan(USUAL), encoding="utf-8")
    return make_plan(load(folder), replace(SMALL, draws=2, limit=12, deep=2, wide=10))


def test_deep_and_wide_are_told_apart_in_the_plan(small_search):
    plan = small_search
    assert plan.search.n_patients == 10 < plan.n_patients == 20
    assert len(plan.search.rows) == 11
    deep = [one for one in plan.strategies if one.stage == "deep" and one.kind != "base" and one.outcomes]
    assert {one.id for one in deep} == {row.id for row in plan.search.rows if row.deep}
    assert len(deep) == 2
    for one in deep:
        assert 0 <= one.p_best <= 1
        assert one.regret >= 0
    for one in plan.strategies:
        if one.stage == "wide":
            assert one.kind == "regimen"
            assert (one.p_best, one.n_patients) == (None, 10)
    assert plan.search.solves == 12 * 10 + 3 * 20


def test_both_stages_meet_the_same_people(small_search):
    """What was found wide is found deep on the same hosts: the two estimates of one strategy are close."""
    rows = {row.id: row for row in small_search.search.rows}
    for one in small_search.strategies:
        if one.stage == "deep" and one.id in rows:
            wide = rows[one.id].change_response
            assert abs(wide.median - one.change_response.median) < 0.05


def changes(arm):
    return [tuple(key(part) for part in parts) for parts in changes_of((Component(BASE), Component(arm)))]


def test_rescue_is_not_searched_for_response():
    """Who has progressed cannot respond first; rescue is compared by what is left of the tumour."""
    assert changes("fmt_capsules_healthy")
    assert not any("progression" in part for parts in changes("fmt_capsules_healthy") for part in parts)


def test_schedules_of_the_best_arm_and_both_roles_are_compared_on_the_wide_stage(small_search):
    kinds = {row.kind for one in small_search.schedules for row in one.rows}
    assert "role" in kinds
    for one in small_search.schedules:
        assert one.sentences
        assert one.resample
        for row in one.rows:
            assert row.change_response.lo90 <= row.change_response.hi90
    roles = next(one for one in small_search.schedules if any(row.kind == "role" for row in one.rows))
    assert [row.label for row in roles.rows] == ["up front", "at progression"]


def test_a_deep_strategy_says_what_of_its_mechanism_is_shown(small_search):
    for one in small_search.strategies:
        if one.stage == "deep" and one.outcomes and one.kind != "base":
            assert one.tested.startswith("In these virtual patients, ")


def test_no_arm_fills_the_deep_stage():
    found = searched(lambda id: Gains(0.3 if "+rifaximin" in id else 0.0, 0.0, 0.0))
    assert sum("rifaximin" in id for id in found.deep) <= 2
