"""The model as a function of factors: complete, reproducible, and still where a claim is off."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from hepaxis import axis
from hepaxis.population import engine_model, solved_tau
from hepaxis.sensitivity import Study, blocked_sample, factors, indices, output_table
from hepaxis.sensitivity.crew import Crew
from hepaxis.sensitivity.factors import COMMUNITY, CORE, parameter_values
from hepaxis.sensitivity.reading import GUT

SEED = 5
GATE = "g_bifido_dc"


@pytest.fixture(scope="module")
def study():
    return Study.of(SEED)


@pytest.fixture(scope="module")
def cube(study):
    return np.random.default_rng(SEED).random((24, len(study.factors)))


@pytest.fixture(scope="module")
def values(study, cube):
    return study.evaluate(cube)


def column(name):
    return list(output_table().index).index(name)


def test_every_gate_and_every_distribution_of_the_tables_is_a_factor():
    names = [factor.name for factor in factors()]
    assert len(names) == len(set(names))
    gates = axis.build().gates
    assert set(names) >= {f"g_{gate}" for gate in gates.index}
    table = axis.build().parameters
    spread = table[table["args"].str.contains("sd") & (table["value"] != 0)]
    left_out = set(spread.index) - set(names)
    closed = ("g_", "niche_", "weight_", "open_", "ref_")
    assert all(name.startswith(closed) for name in left_out), "only what the closure sets is left out"


def test_factors_name_parameters_of_the_model():
    known = set(engine_model().parameters)
    for factor in factors():
        assert factor.kind in ("gate", "gut", "person", "parameter", "tau")
        assert factor.name in known or factor.kind in ("gut", "person") or factor.name == CORE


def test_centres_are_the_tabled_values_and_those_of_the_draws():
    table = axis.build().parameters
    even = (np.arange(4000) + 0.5) / 4000
    for factor in factors():
        if factor.kind == "parameter" and factor.name in table.index:
            drawn = factor.quantile(even)
            assert factor.centre == pytest.approx(table.at[factor.name, "value"], rel=1e-9)
            assert (np.median(drawn) if factor.log else drawn.mean()) == pytest.approx(factor.centre, rel=2e-3)
    tau = next(factor for factor in factors() if factor.kind == "tau")
    assert tau.quantile(np.array([0.5]))[0] == pytest.approx(solved_tau())


def test_gates_are_drawn_as_the_population_draws_them():
    """Half of the draws of a claim from mice do not hold in people; the sd is that of the mixture."""
    gate = next(factor for factor in factors() if factor.name == GATE)
    drawn = gate.quantile((np.arange(20000) + 0.5) / 20000)
    row = axis.build().gates.loc["bifido_dc"]
    assert row["grade"] == "animal"
    assert (drawn == 0).mean() == pytest.approx(0.5, abs=0.01)
    assert drawn[drawn != 0].mean() == pytest.approx(row["prior_mean"], abs=0.01)
    assert drawn.std() == pytest.approx(gate.scale, rel=0.01)


def test_almost_every_draw_closes(values):
    assert np.isfinite(values).all(axis=1).mean() > 0.9


def test_a_row_depends_on_itself_alone(study, cube, values):
    """But for rounding: the niches of a batch are found together."""
    order = np.random.default_rng(1).permutation(len(cube))[:10]
    alone = study.evaluate(cube[order], chunk=3)
    assert alone == pytest.approx(values[order], rel=1e-9, abs=1e-9, nan_ok=True)


def test_the_number_of_cores_does_not_matter(study, cube, values, monkeypatch):
    monkeypatch.setattr("hepaxis.engine.simulate.available_cores", lambda: 1)
    one = study.evaluate(cube)
    monkeypatch.setattr("hepaxis.engine.simulate.available_cores", lambda: 3)
    assert np.array_equal(study.evaluate(cube), one, equal_nan=True)
    assert np.array_equal(one, values, equal_nan=True)


def test_with_tau_at_zero_the_gut_moves_no_tumour(study, cube):
    none = replace(study, factors=tuple(_held(f, 0.0) if f.kind == "tau" else f for f in study.factors))
    values = none.evaluate(cube[:12])
    of_gut = output_table()["reading"].str.endswith(GUT).to_numpy()
    assert np.nanmax(np.abs(values[:, of_gut])) < 1e-3
    assert np.nanstd(values[:, column("butyrate_portal")]) > 0.1, "while metabolites differ"


def test_a_gate_at_zero_has_no_index(study):
    off = replace(study, factors=tuple(_held(f, 0.0) if f.name == GATE else f for f in study.factors))
    blocks = {GATE: [study.names.index(GATE)], "community": [study.names.index(COMMUNITY)]}
    sample = blocked_sample(8, len(study.factors), blocks, SEED)
    table = indices(off.evaluate(sample), list(blocks), list(output_table().index), 1, resamples=20)
    gate = table[table["block"] == GATE].set_index("output")
    assert (gate["first"].dropna() == 0).all()
    assert (gate["total"].dropna() == 0).all()
    assert gate.loc["response_durvalumab", "total"] == 0
    other = table[table["block"] == "community"].set_index("output")
    assert other.loc["gut_durvalumab", "total"] > 0
    on = indices(study.evaluate(sample), list(blocks), list(output_table().index), 1, resamples=20)
    assert on.set_index(["block", "output"]).loc[(GATE, "gut_durvalumab"), "total"] > 0, "switched on it has one"


def test_a_gate_moves_no_metabolite(study):
    """Gates act on ports; portal pools of a rest have the gut and its parameters as their only causes."""
    blocks = {GATE: [study.names.index(GATE)]}
    sample = blocked_sample(8, len(study.factors), blocks, SEED)
    table = indices(study.evaluate(sample), list(blocks), list(output_table().index), 1, resamples=20)
    rest = table.set_index("output").loc[["butyrate_portal", "dca_portal"], "total"]
    assert (rest == 0).all()


def test_interactions_act_where_the_gut_is_disturbed_and_not_at_rest(study):
    """The measured community rests whatever presses what; how it comes back after an antibiotic depends on it."""
    blocks = {"interactions": [k for k, factor in enumerate(study.factors) if factor.group == "interactions"]}
    assert len(blocks["interactions"]) == (axis.build().interaction != 0).to_numpy().sum()
    sample = blocked_sample(8, len(study.factors), blocks, SEED)
    table = indices(study.evaluate(sample), list(blocks), list(output_table().index), 1, resamples=20)
    total = table.set_index("output")["total"]
    assert total[["butyrate_recovery", "arm_fmt", "arm_vancomycin"]].min() > 1e-6
    assert total[["butyrate_portal", "dca_portal", "barrier", "cd8", "mdsc"]].max() < 1e-12


def test_what_an_arm_adds_is_the_difference_of_two_courses(study, cube):
    both = pd.DataFrame(
        {"variable": "tumour_change", "reading": ["durvalumab+oral_vancomycin", "durvalumab", ""], "day": 84}
    )
    both.loc[2, "reading"] = "durvalumab+oral_vancomycin:arm"
    people, guts = parameter_values(cube[:6], study.factors), study.guts_of(cube[:6])
    with_arm, alone, added = study.values(people, guts, both).T
    assert added == pytest.approx(with_arm - alone, rel=1e-12, nan_ok=True)
    assert np.nanmax(np.abs(added)) > 1e-3


def test_processes_share_the_work_without_changing_it(study, cube, values):
    with Crew(2) as crew:
        shared = study.evaluate(cube, chunk=12, crew=crew)
    assert shared == pytest.approx(values, rel=1e-9, abs=1e-9, nan_ok=True)


def _held(factor, value):
    return replace(factor, quantile=lambda u: np.full_like(u, value))
