"""Derivatives: the two ways of taking them agree where they must, and the closed ones are those of finite draws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hepaxis import axis, therapy
from hepaxis.patient.burden import sphere_ml
from hepaxis.population import engine_model
from hepaxis.population.closure import combine
from hepaxis.population.dosing import engine_protocol
from hepaxis.population.sampling import arguments
from hepaxis.sensitivity import Study, output_table
from hepaxis.sensitivity.factors import CORE
from hepaxis.sensitivity.local import (
    derivatives,
    elasticities,
    held_change,
    median_person,
    movable,
    neighbours,
    some_guts,
)
from hepaxis.sensitivity.reading import ARM, MEASURABLE_MM

RESPONSE = "response_durvalumab"


@pytest.fixture(scope="module")
def study():
    return Study.of(5)


@pytest.fixture(scope="module")
def few(study):
    """A study of a handful of factors, the rest at the model's values."""
    names = ("community", "host_clearance", "host_infiltration", "immune core", "net_growth_start", "g_bifido_dc")
    return Study.of(5, tuple(factor for factor in study.factors if factor.name in names))


def test_antibody_clearance_does_not_move_the_rest_so_both_derivatives_agree(few):
    guts = some_guts(few, 2)
    moved = [factor.name for factor in movable(few.factors)]
    closed = elasticities(derivatives(few, guts, output_table()), movable(few.factors))
    row = list(output_table().index).index(RESPONSE)
    names, held = held_change(few, guts, "durvalumab", 168.0, ["host_clearance"])
    assert names == ("host_clearance",)
    assert closed[:, row, moved.index("host_clearance")] == pytest.approx(held[:, 0], rel=0.01)


def test_what_is_moved_on_the_first_day_agrees_with_the_exact_tangents(few):
    """Differences of a batch against the engine's tangent equations, for an agent, a rate and a gate."""
    guts = some_guts(few, 1)
    names = ("host_clearance", "kill_max", "g_bifido_dc")
    _, found = held_change(few, guts, "durvalumab", 56.0, names)
    person = median_person(few.factors).drop(CORE)
    twin = few.closed_people(pd.DataFrame([person]), guts)
    protocol, _ = engine_protocol(therapy.full_protocol(["durvalumab"], (), 56.0)[0], 0.0)
    drug = combine([pd.DataFrame(therapy.parameters(["durvalumab"]), index=range(1))])
    own = twin.closed.parameters.assign(**{str(name): drug[name].to_numpy() for name in drug})
    model = engine_model()
    start = pd.DataFrame(twin.closed.states, columns=list(model.states))
    run = model.sensitivities(names, protocol, own, [0.0, 56.0], ["tumour_volume"], start, rtol=1e-6)
    slope = run.derivatives[0, :, 0] / (run.values[0, :, 0] + sphere_ml(MEASURABLE_MM))[:, None]
    values = [float(own[name].iloc[0]) if name in own else model.default_parameters[name] for name in names]
    assert found[0] == pytest.approx((slope[1] - slope[0]) * values, rel=5e-3, abs=1e-5)
    assert np.abs(found[0]).min() > 1e-4


def test_growth_at_rest_is_the_pace_that_was_asked_for(few):
    """The closure solves the killing at rest, so that net growth is the patient's: its elasticity is exactly one."""
    table = pd.DataFrame({"variable": ["net_growth", "volume_start"], "reading": "rest", "day": 0})
    moved = [factor.name for factor in movable(few.factors)]
    slopes = elasticities(derivatives(few, some_guts(few, 1), table), movable(few.factors))
    assert slopes[0, 0, moved.index("net_growth_start")] == pytest.approx(1.0, rel=1e-6)
    assert slopes[0, 0, moved.index("host_infiltration")] == pytest.approx(0.0, abs=1e-6)
    assert np.abs(slopes[0, 1]).max() == pytest.approx(0.0, abs=1e-9)


def test_the_core_moves_what_infiltration_moves(few):
    """The doubt about the core is a factor on infiltration: the same elasticity.

    What an arm adds hardly depends on it: a difference of two courses, each solved to 1e-4, whose slope is all error.
    """
    moved = movable(few.factors)
    names = [factor.name for factor in moved]
    table = output_table()
    slopes = elasticities(derivatives(few, some_guts(few, 1), table[~table["reading"].str.endswith(ARM)]), moved)[0]
    assert slopes[:, names.index("immune core")] == pytest.approx(slopes[:, names.index("host_infiltration")], rel=0.05)


def test_what_is_had_or_not_has_no_derivative_and_every_neighbour_is_a_person(study):
    """A factor without a spread once made every neighbour NaN: no derivative was found, after minutes of trying."""
    names = {factor.name for factor in study.factors} - {factor.name for factor in movable(study.factors)}
    assert {"community", "cold tumour"} < names
    people, person = neighbours(study.factors), median_person(study.factors)
    assert len(people) == 2 * len(movable(study.factors))
    assert np.isfinite(people.to_numpy(float)).all()
    for name in names - {"community", "cold tumour"}:
        assert set(people[name]) == {person[name]}, "a genotype stays what it is"
    assert ((people != people.median()).sum(axis=1) == 1).all()


def test_the_median_person_has_every_gate_at_its_mean(study):
    person = median_person(study.factors)
    assert "community" not in person.index
    assert person["g_bifido_dc"] == pytest.approx(0.5), "1, times the chance that a mouse claim holds"
    drawn = axis.build().heterogeneity.set_index("input").at["tumour.growth", "args"]
    assert person["net_growth_start"] == pytest.approx(np.log(2) / arguments(drawn)["median"])
