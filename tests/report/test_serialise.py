"""plan.json: a plan survives the way out and back, and a damaged one is refused with every fault named."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files

import jsonschema
import numpy as np
import plans
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepaxis.plan.schema import Interval
from hepaxis.problems import InputError
from hepaxis.report import dump_plan, load_plan, plan_json_schema
from hepaxis.report.serialise import SCHEMA_FILE, plan_json_schema_text

NUMBER = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize("name", plans.WHOLE)
def test_a_plan_survives_the_way_out_and_back(name: str) -> None:
    plan = plans.WHOLE[name]
    text = dump_plan(plan)
    assert load_plan(text) == plan
    assert dump_plan(load_plan(text)) == text


@given(st.lists(NUMBER, min_size=5, max_size=5), st.text())
def test_any_finite_number_and_any_text_survive(numbers: list[float], words: str) -> None:
    plan = replace(plans.LITTLE_DATA, gut_effect=Interval(*numbers), title=words.encode("utf-8", "replace").decode())
    assert load_plan(dump_plan(plan)) == plan


def test_equal_plans_give_equal_bytes_whatever_their_number_type() -> None:
    whole = replace(plans.RANKED, horizon_days=365, n_patients=np.int64(150), base_response=Interval(1, 0, 1, 0, 1))  # type: ignore[arg-type]
    real = replace(
        plans.RANKED, horizon_days=365.0, n_patients=150, base_response=Interval(np.float64(1.0), 0.0, 1.0, 0.0, 1.0)
    )
    assert dump_plan(whole) == dump_plan(real)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_a_number_json_cannot_hold_is_refused_by_name(bad: float) -> None:
    plan = replace(
        plans.RANKED, gut_effect=replace(plans.BASE, lo90=bad), profile=replace(plans.PROFILE, trait_coverage=bad)
    )
    with pytest.raises(InputError) as caught:
        dump_plan(plan)
    assert {p.found.split(" is ")[0] for p in caught.value.problems} == {"gut_effect.lo90", "profile.trait_coverage"}


def changed(**changes: object) -> str:
    return json.dumps(json.loads(dump_plan(plans.RANKED)) | changes)


@pytest.mark.parametrize(
    ("text", "code", "named"),
    [
        ("{", "plan.not_json", "column 2"),
        ("[]", "plan.not_a_plan", "list"),
        ("{}", "plan.schema_version", "None"),
        (changed(schema="hepaxis.plan/2"), "plan.schema_version", "hepaxis.plan/2"),
        (dump_plan(plans.RANKED).replace("20261123", "NaN", 1), "plan.not_finite", "seed"),
        (dump_plan(plans.RANKED).replace("365.25", "1e999", 1), "plan.not_finite", "horizon_days"),
        (changed(seed="20261123"), "plan.field", "seed"),
        (changed(mood="good"), "plan.unknown_field", "mood"),
    ],
)
def test_a_damaged_plan_is_refused(text: str, code: str, named: str) -> None:
    with pytest.raises(InputError) as caught:
        load_plan(text, file="run/plan.json")
    problem = caught.value.problems[0]
    assert problem.code == code
    assert named in problem.found


def test_all_faults_are_listed_with_their_place() -> None:
    document = json.loads(dump_plan(plans.RANKED))
    del document["strategies"][1]["outcomes"]["pfs_months"]["median"]
    document["facts"][0]["known"] = "yes"
    document["n_patients"] = 1.5
    with pytest.raises(InputError) as caught:
        load_plan(json.dumps(document))
    places = {p.found.split(":")[0] for p in caught.value.problems}
    assert places == {"strategies[1].outcomes.pfs_months.median", "facts[0].known", "n_patients"}


def test_the_schema_file_is_the_one_of_the_dataclasses() -> None:
    stored = (files("hepaxis.report") / SCHEMA_FILE).read_text(encoding="utf-8")
    assert stored == plan_json_schema_text(), "write plan_json_schema_text() into it"


@pytest.mark.parametrize("name", plans.WHOLE)
def test_written_plans_fit_the_schema(name: str) -> None:
    jsonschema.validate(json.loads(dump_plan(plans.WHOLE[name])), plan_json_schema())


def test_the_schema_refuses_what_is_not_in_it() -> None:
    document = json.loads(dump_plan(plans.RANKED))
    document["strategies"][0]["mood"] = "good"
    with pytest.raises(jsonschema.ValidationError, match="mood"):
        jsonschema.validate(document, plan_json_schema())
