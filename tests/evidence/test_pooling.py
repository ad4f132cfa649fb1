"""Protects answers to questions: what enters, what does not and why, and that a contradiction is never averaged out."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from hepaxis.evidence import by_id
from hepaxis.evidence.effects import Effect, effect, effects
from hepaxis.evidence.grade import LEVELS, certainty, certainty_of_direction
from hepaxis.evidence.pooling import answer, pooled, question, regression, standing_questions
from hepaxis.problems import InputError


def antibiotics(**changed: object):  # type: ignore[no-untyped-def]
    return answer(question("antibiotics", "HCC", "OS"), **changed)  # type: ignore[arg-type]


def test_antibiotics_in_hcc_show_the_pooled_value_and_the_contradiction() -> None:
    given = antibiotics()
    assert {one.study for one in given.pool.used} == {"cheung_2021", "turkish_multicentre_2023", "pinato_2023"}
    assert given.pool.model is not None
    assert given.pool.model.pooled.low < 0 < given.pool.model.pooled.estimate
    assert given.disputed
    assert {one.study for one in given.contradictions["better"]} == {"fessas_2021"}
    assert {"cheung_2021", "maesaka_2023", "pomej_2021"} <= {one.study for one in given.contradictions["worse"]}


def test_the_same_harm_without_immunotherapy_stands_beside_it() -> None:
    given = antibiotics()
    assert {one.treatment for one in given.control.used} == {"sorafenib", "tki", "placebo"}
    assert given.control.model is not None
    assert given.control.model.pooled.low > 0  # harm on sorafenib and placebo too
    assert given.contrast is not None
    assert given.contrast.low < 1 < given.contrast.high


def test_what_is_left_out_says_why() -> None:
    reasons = {one.effect.study: one.reason for one in antibiotics().pool.left_out}
    assert reasons["zhang_meta_hcc_2022"] == "a meta-analysis"
    assert reasons["fessas_2021"] == "medians only"
    assert reasons["spahn_2020"] == "no number printed"


def test_a_retracted_study_enters_nothing() -> None:
    studies = dict(by_id())
    studies["pinato_2023"] = replace(studies["pinato_2023"], status="retracted")
    given = antibiotics(studies=studies)
    assert "pinato_2023" not in {one.study for one in (*given.pool.used, *given.control.used)}
    assert "pinato_2023" not in {one.study for held in given.contradictions.values() for one in held}
    assert [one.reason for one in given.pool.left_out if one.effect.study == "pinato_2023"] == ["retracted"]


def test_a_data_set_counts_once_the_adjusted_value_first() -> None:
    studies = dict(by_id())
    for id in ("cheung_2021", "turkish_multicentre_2023"):
        studies[id] = replace(studies[id], data=("shared",))
    given = antibiotics(studies=studies)
    assert [one.study for one in given.pool.used] == ["cheung_2021", "pinato_2023"]  # both adjusted: the larger
    doubled = [one for one in given.pool.left_out if "data set" in one.reason]
    assert [one.effect.study for one in doubled] == ["turkish_multicentre_2023"]


def test_medians_stand_in_only_when_asked_and_are_marked() -> None:
    plain, wide = antibiotics(), antibiotics(medians=True)
    assert "alshammari_2024" not in {one.study for one in plain.pool.used}
    (one,) = [one for one in wide.pool.used if one.study == "alshammari_2024"]
    assert one.value == pytest.approx(2.0)
    assert one.basis == "ratio of medians and p value"
    benefit = answer(question("antibiotics", "HCC", "PFS"), medians=True)
    assert {one.study: one.y < 0 for one in benefit.pool.used if one.y}["fessas_2021"]


def row(**changed: object) -> Effect:
    base = {
        "id": "x", "study_id": "cheung_2021", "label": "x", "exposure": "antibiotic", "comparator": "",
        "tumour": ("hcc",), "treatment": "ici", "outcome": "os", "measure": "hr", "value": None, "low": None,
        "high": None, "level": None, "n": None, "n_exposed": None, "events_exposed": None, "events_unexposed": None,
        "median_exposed": None, "median_unexposed": None, "unit": "", "p": None, "adjusted": None,
        "direction": "worse", "pool": "yes", "checked": "seen", "unverified": "", "note": "",
    }  # fmt: skip
    return effect(base | changed)


def test_a_standard_error_comes_from_limits_p_value_or_counts() -> None:
    limits = row(value=2.0, low=1.0, high=4.0)
    assert (limits.y, limits.se) == pytest.approx((math.log(2), math.log(4) / (2 * 1.959964)))
    ninety = row(value=0.5, low=0.27, high=0.92, level=90.0)
    assert ninety.se == pytest.approx(math.log(0.92 / 0.27) / (2 * 1.644854))
    by_p = row(value=2.0, p=0.05)
    assert by_p.se == pytest.approx(math.log(2) / 1.959964)
    counts = row(measure="or", n=40, n_exposed=20, events_exposed=10, events_unexposed=5)
    assert counts.value == pytest.approx(3.0)
    assert counts.se == pytest.approx(math.sqrt(1 / 10 + 1 / 10 + 1 / 5 + 1 / 15))
    narrow = row(value=1.22, low=1.08, high=1.38, n=842, n_exposed=135)  # Pinato 2023: narrower than 842 people allow
    assert narrow.se == pytest.approx(math.sqrt(1 / 135 + 1 / 707))
    assert narrow.basis == "limits, widened to what n allows"
    empty = row(measure="or", n=206, n_exposed=23, events_exposed=0, events_unexposed=10)
    assert empty.y is not None
    assert math.isfinite(empty.y)
    assert row(value=2.0).basis == "no limits and no p value"


def test_means_are_pooled_on_their_own_scale_and_never_with_ratios() -> None:
    means = [row(id=f"m{i}", study_id=id, measure="md", value=value, low=value - 1, high=value + 1)
             for i, (id, value) in enumerate((("cheung_2021", 2.0), ("jun_2021", 3.0)))]  # fmt: skip
    assert (means[0].y, means[0].se) == pytest.approx((2.0, 1 / 1.959964))
    pool = pooled([*means, row(id="r", study_id="spahn_2020", value=2.0, low=1.0, high=4.0)], dict(by_id()))
    assert pool.model is not None
    assert pool.model.pooled.estimate == pytest.approx(2.5)
    assert not pool.ratio
    assert [one.reason for one in pool.left_out] == ["another measure (hr)"]


def test_a_pool_of_nothing_says_nothing() -> None:
    empty = pooled([], dict(by_id()))
    assert empty.model is None
    assert empty.used == ()


def test_a_question_nobody_answered_is_said() -> None:
    with pytest.raises(InputError, match="no record"):
        answer(question("fmt", "HCC", "OS"))


def test_regression_needs_more_studies_than_coefficients() -> None:
    pool = antibiotics().pool
    assert regression(pool, {"year": [2021.0, 2023.0, 2022.0]}).k == 3
    single = answer(question("udca", "HCC", "OS"))
    with pytest.raises(ValueError, match="cannot tell"):
        regression(single.pool, {"year": [2022.0]})


def test_every_standing_question_is_graded_with_steps_that_add_up() -> None:
    studies = dict(by_id())
    graded = 0
    for asked in standing_questions().values():
        try:
            given = answer(asked)
        except InputError:
            continue
        sure = certainty(given, studies)
        reached = max(1, min(4, sure.start + sum(step.change for step in sure.steps)))
        assert sure.level == LEVELS[reached - 1] or given.pool.model is None
        assert all(step.reason for step in sure.steps)
        assert all(id in studies for step in sure.steps for id in step.records)
        graded += 1
    assert graded >= 10


def test_the_certainty_of_antibiotics_names_the_negative_control() -> None:
    sure = certainty(antibiotics(), dict(by_id()))
    steps = {step.domain: step.change for step in sure.steps}
    assert sure.level == "very low"
    assert steps["negative control"] == -1
    assert steps["inconsistency"] == -2


def test_randomised_trials_start_high_and_lose_for_directness() -> None:
    sure = certainty(answer(question("fmt", "any", "PFS")), dict(by_id()))
    assert sure.start == 4
    assert {step.domain: step.change for step in sure.steps}["indirectness"] == -1


def test_a_large_undisputed_effect_gains_a_level() -> None:
    made = [row(id=f"e{i}", study_id=id, value=4.0, low=3.0, high=5.3, n=500, adjusted=True)
            for i, id in enumerate(("cheung_2021", "jun_2021", "spahn_2020", "ng_2025"))]  # fmt: skip
    studies = {id: replace(one, bias=("some",) * 4) for id, one in by_id().items()}
    sure = certainty(answer(question("antibiotics", "HCC", "OS"), held=made, studies=studies), studies)
    assert {step.domain: step.change for step in sure.steps}["large effect"] == 1
    assert sure.level == "moderate"


def test_a_direction_is_graded_too() -> None:
    from hepaxis.evidence.directions import direction

    sure = certainty_of_direction(direction("veillonella"), dict(by_id()))
    assert sure.level == "very low"
    assert {"inconsistency", "reporting"} <= {step.domain for step in sure.steps}


def test_effects_of_the_project_can_all_be_read() -> None:
    assert all(one.study in by_id() for one in effects())
    assert sum(one.se is not None for one in effects()) > 30
