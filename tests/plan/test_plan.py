"""The whole plan of made patients: states of the verdict, blocked strategies, what moves, and that it repeats."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from made_patient import ASKING, BLOOM, SMALL

from hepaxis import axis, knowledge
from hepaxis.patient import load
from hepaxis.plan import make as making
from hepaxis.plan import patient_twin as twins
from hepaxis.plan import two_stage
from hepaxis.plan.make import Options, make_plan
from hepaxis.plan.record import run_record
from hepaxis.problems import InputError
from hepaxis.report import dump_plan
from hepaxis.therapy import component, regimen

QUICK = replace(SMALL, draws=2)


@pytest.fixture
def ungrouped(monkeypatch):
    """Attribution without its groups: for tests of what is not attribution."""
    monkeypatch.setattr("hepaxis.plan.attribution.GROUP_LABELS", {})
    monkeypatch.setattr("hepaxis.plan.attribution._tumour_groups", list)


def strategy(plan, arm):
    return next(one for one in plan.strategies if arm in one.components)


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(make_folder, ungrouped):
    folder = load(make_folder())
    first, again = (dump_plan(make_plan(folder, QUICK)) for _ in range(2))
    assert first.encode() == again.encode()
    assert dump_plan(make_plan(folder, replace(QUICK, seed=4))) != first


def test_order_of_what_is_asked_does_not_matter(usual_plan, make_folder):
    folder = load(make_folder(aetiology={"causes": ["hcv"], "cirrhosis": True}))
    other = make_plan(folder, replace(ASKING, asked=ASKING.asked[::-1]))
    for arm in ("udca", "fmt_capsules_healthy"):
        mine, theirs = strategy(usual_plan, arm), strategy(other, arm)
        assert mine.outcomes == theirs.outcomes
        assert mine.change_response == theirs.change_response
        assert mine.rank == theirs.rank
    assert usual_plan.base_response == other.base_response
    assert usual_plan.attribution == other.attribution


def test_asked_strategies_are_the_ones_compared(usual_plan):
    assert [one.components for one in usual_plan.strategies if one.kind == "base"] == [("durvalumab",)]
    assert {one.components for one in usual_plan.strategies} == {
        ("durvalumab",), ("durvalumab", "udca"), ("durvalumab", "fmt_capsules_healthy"),
    }  # fmt: skip
    assert sorted(one.rank for one in usual_plan.strategies if one.rank is not None) == [1, 2]


def test_fmt_is_for_trials_and_its_interval_includes_zero(usual_plan):
    fmt = strategy(usual_plan, "fmt_capsules_healthy")
    assert fmt.status == "trial_only"
    assert fmt.change_response.lo90 <= 0 <= fmt.change_response.hi90


def test_chances_of_best_add_up_over_what_is_compared(usual_plan):
    assert sum(one.p_best for one in usual_plan.strategies) == pytest.approx(1.0)


def test_an_unknown_strategy_is_refused_before_anything_is_computed(make_folder, monkeypatch):
    monkeypatch.setattr(making, "patient_twin", lambda *a, **k: pytest.fail("nothing may be simulated"))
    with pytest.raises(InputError, match="unicorn"):
        make_plan(load(make_folder()), replace(QUICK, asked=(("unicorn",),)))


def test_nothing_planned_is_refused_with_the_regimens(make_folder):
    folder = load(make_folder(therapy={}))
    with pytest.raises(InputError, match=r"no planned regimen.*atezolizumab_bevacizumab"):
        make_plan(folder, QUICK)


@pytest.fixture
def simulated(monkeypatch, ungrouped):
    """Components of every strategy that was simulated."""
    seen: list[tuple[str, ...]] = []
    real = two_stage.simulate

    def spy(twin, components, setting, **kwargs):
        seen.append(tuple(component(part).id for part in components))
        return real(twin, components, setting, **kwargs)

    monkeypatch.setattr(two_stage, "simulate", spy)
    return seen


def test_blocked_strategies_are_neither_simulated_nor_ranked_and_say_why(make_folder, simulated):
    """A decompensated patient must not be given living bacteria."""
    folder = load(make_folder(blood={"neutrophils": "0.3 x10^9/L"}, safety={"mucositis": True, "central_line": True}))
    plan = make_plan(folder, replace(QUICK, asked=(("akkermansia",), ("udca",))))
    blocked = strategy(plan, "akkermansia")
    assert blocked.status == "blocked"
    assert (blocked.rank, blocked.outcomes, blocked.change_response, blocked.p_best) == (None,) * 4
    assert any(flag.severity == "block" and flag.text for flag in blocked.safety)
    assert ("durvalumab", "akkermansia") not in simulated
    assert ("durvalumab", "udca") in simulated
    assert plan.strategies[-1] is blocked
    assert strategy(plan, "udca").rank == 1


def test_without_a_profile_the_plan_cannot_tell(make_folder, ungrouped):
    plan = make_plan(load(make_folder(None)), QUICK)
    assert plan.verdict.state == "cannot_tell"
    assert plan.profile is None
    assert plan.capacities == ()
    assert plan.clinic_only_response == plan.base_response
    assert plan.missing[0].id == "profile"
    assert next(o for o in plan.verdict.options if o.label == "Measure").value == "Stool profile"
    assert not next(fact for fact in plan.facts if fact.label == "Stool sample").known


def test_a_profile_that_does_not_move_the_answer_says_so(make_folder, monkeypatch, ungrouped):
    monkeypatch.setattr("hepaxis.plan.verdict.MOVED", 1e9)
    monkeypatch.setattr("hepaxis.plan.verdict.NARROWED", -1.0)
    plan = make_plan(load(make_folder()), QUICK)
    assert plan.verdict.state == "cannot_tell"
    assert any("prior" in reason for reason in plan.verdict.reasons)
    check = next(c for c in plan.checks if "moves the answer" in c.label)
    assert check.result == "no"


def test_with_nothing_but_the_base_no_gain_is_claimed(make_folder, monkeypatch, ungrouped):
    monkeypatch.setattr("hepaxis.plan.verdict.MOVED", 0.0)
    plan = make_plan(load(make_folder()), QUICK)
    assert plan.verdict.state == "base_default"
    assert regimen("durvalumab").label in plan.verdict.sentence


MEASURED = """metabolite,value,unit,matrix,day,method
acetate,41,umol/g,stool,-10,GC-MS
propionate,14,umol/g,stool,-10,GC-MS
butyrate,5.2,umol/g,stool,-10,GC-MS
"""


def test_what_was_measured_is_not_missing(make_folder, ungrouped):
    def ids(plan):
        return {row.id for row in plan.missing}

    without = make_plan(load(make_folder()), QUICK)
    plan = make_plan(load(make_folder(metabolites=MEASURED, gut={"bacterial_load": "2.0e11 cells/g"})), QUICK)
    assert {"stool_scfa", "load", "indoles"} <= ids(without)
    assert ids(without) - ids(plan) == {"stool_scfa", "load"}
    assert {row.id for row in plan.capacities if row.status == "measured"} >= {"butyrate"}


def test_a_measured_load_sets_the_load_of_every_draw(make_folder, monkeypatch, ungrouped):
    seen = []
    real = twins.build_twin
    monkeypatch.setattr(twins, "build_twin", lambda p, g, *a, **k: seen.append(g) or real(p, g, *a, **k))
    make_plan(load(make_folder(gut={"bacterial_load": "1.8e11 cells/g"})), QUICK)
    assert np.allclose(seen[0].inputs["load"], 2.0)


def test_two_guts_give_different_plans(usual_plan, make_folder):
    sick = make_plan(load(make_folder(BLOOM, aetiology={"causes": ["hcv"], "cirrhosis": True})), SMALL)
    mine, theirs = ({row.guild: row.share for row in plan.profile.guilds} for plan in (sick, usual_plan))
    assert mine["ent"] > 0.7 > 0.1 > theirs["ent"]
    gut = {plan.gut_effect.median for plan in (sick, usual_plan)}
    assert len(gut) == 2
    assert sick.gut_effect.median < usual_plan.gut_effect.median


def test_every_source_named_anywhere_resolves(usual_plan):
    known = {source.id for source in usual_plan.sources}
    named = [s for row in usual_plan.attribution for s in row.sources]
    named += [s for row in usual_plan.capacities for s in row.sources]
    for one in usual_plan.strategies:
        named += list(one.evidence.sources)
        named += [part.strip() for flag in one.safety for part in flag.source.split(";") if part.strip()]
    assert len(named) > 30
    assert sorted({name for name in named if name not in known}) == []
    assert len(known) == len(usual_plan.sources), "each once"


def test_sources_are_one_locator_each_with_a_grade_and_a_name(usual_plan):
    for source in usual_plan.sources:
        assert ";" not in source.id, source.id
        assert re.match(r"^(doi:10\.\d{4,9}/\S+[^\s:;,]|nct:NCT\d{8}|pmid:\d+|pmc:PMC\d+|text:.+|url:.+|own:.+)$",
                        source.locator), source.locator  # fmt: skip
        assert source.locator.count("(") == source.locator.count(")"), source.locator
        assert source.checked in ("seen", "recomputed", "read", "part_seen", "recalled")
        assert source.label


def test_versions_and_hashes_trace_to_what_ran(usual_plan, make_folder):
    assert usual_plan.versions["model"] == axis.build().hash
    assert usual_plan.versions["knowledge"] == knowledge.content_hash()[:16]
    folder = load(make_folder())
    record = json.loads(run_record(folder, usual_plan, ASKING))
    assert record["inputs_sha256"] == folder.files
    assert set(folder.files) == {"patient.yaml", "profile.tsv"}
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in folder.files.values())
    assert record["seed"] == usual_plan.seed == ASKING.seed
    assert {"python", "numpy", "model", "knowledge", "hepaxis"} <= set(record["versions"])
    assert record["statement"].startswith("Research use only")


def test_the_virtual_patients_are_counted_and_reported(usual_plan):
    assert usual_plan.n_patients == ASKING.hosts * ASKING.draws
    assert "left out" in usual_plan.checks[0].detail


def test_who_cannot_be_closed_is_counted_with_the_reason(make_folder, monkeypatch, ungrouped):
    real = twins.build_twin

    def some_fail(*args, **kwargs):
        twin = real(*args, **kwargs)
        ok = twin.closed.ok.copy()
        ok[:3] = False
        reason = ("metabolites do not rest",) * 3 + twin.closed.reason[3:]
        return replace(twin, closed=replace(twin.closed, ok=ok, reason=reason))

    monkeypatch.setattr(twins, "build_twin", some_fail)
    plan = make_plan(load(make_folder()), QUICK)
    assert "3 of 20 virtual patients could not be closed: metabolites do not rest" in plan.warnings
    assert "3 of 20 left out" in plan.checks[0].detail


def test_nobody_left_is_an_error_and_no_plan(make_folder, monkeypatch, ungrouped):
    real = twins.build_twin

    def all_fail(*args, **kwargs):
        twin = real(*args, **kwargs)
        ok, reason = np.zeros(len(twin.closed.ok), bool), ("metabolites do not rest",) * len(twin.closed.ok)
        return replace(twin, closed=replace(twin.closed, ok=ok, reason=reason))

    monkeypatch.setattr(twins, "build_twin", all_fail)
    with pytest.raises(InputError, match=r"0 of 20 virtual patients.*metabolites do not rest"):
        make_plan(load(make_folder()), QUICK)


def test_everything_says_research_use_only(usual_plan):
    assert usual_plan.statement == "Research use only, not for treatment decisions."
    assert usual_plan.statement in dump_plan(usual_plan)


def test_defaults_are_those_of_the_house():
    """The full plan of the house: 300 virtual patients x 40 strategies, then 2,000 x the best 6, over a year."""
    full = Options()
    assert full.hosts * full.draws == 2000
    assert (full.wide, full.limit, full.deep, full.horizon_days) == (300, 40, 6, 365.0)


def test_peptides_are_said_to_be_recorded_and_not_used(make_folder):
    folder = make_folder()
    (folder / "peptides.csv").write_text("peptide\nFMNKFIYEI\nGVALQTMKQ\n", encoding="utf-8")
    plan = make_plan(load(folder), SMALL)
    assert any("peptides (2)" in warning and "not used" in warning for warning in plan.warnings)
