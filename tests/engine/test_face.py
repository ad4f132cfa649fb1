"""The face of the engine: names, shapes, protocol checks, what is recorded when."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from hepaxis import engine


@pytest.fixture(scope="module")
def drug(models: SimpleNamespace) -> engine.Model:
    return engine.load(models.sbml(models.DRUG))


@pytest.fixture(scope="module")
def decay(models: SimpleNamespace) -> engine.Model:
    return engine.load(models.sbml(models.DECAY))


def rows(*actions: tuple) -> pd.DataFrame:
    columns = ["time", "target", "action", "amount", "patient"]
    return pd.DataFrame([(*a, None)[:5] for a in actions], columns=columns)


def test_names_and_defaults(drug: engine.Model, models: SimpleNamespace) -> None:
    assert set(drug.states) == {"A", "P", "V", "W"}
    assert set(drug.observables) == {"occupancy", "burden"}
    assert drug.default_parameters["cl"] == 0.11
    assert drug.default_initial["V"] == 1.0
    assert drug.hash == engine.load(models.sbml(models.DRUG)).hash
    assert drug.hash != engine.load(models.sbml(models.DRUG.replace("0.11", "0.12"))).hash


def test_solution_of_a_decay_with_per_patient_rates(decay: engine.Model) -> None:
    rates = np.array([0.1, 0.5, 2.0])
    times = np.linspace(0, 5, 11)
    run = decay.simulate(None, {"k": rates}, times, ["X", "double"], rtol=1e-8)
    exact = 10 * np.exp(-rates[:, None] * times)
    assert np.allclose(run.of("X"), exact, rtol=1e-7)
    assert np.allclose(run.of("double"), 2 * exact, rtol=1e-7)
    assert list(run.frame(1).columns) == ["X", "double"]
    assert run.failures.empty


def test_values_at_the_time_of_an_action_are_those_after_it(decay: engine.Model) -> None:
    dose = rows((0.0, "X", "add", 5.0), (1.0, "X", "set", 3.0), (2.0, "X", "multiply", 2.0), (2.0, "X", "add", 1.0))
    run = decay.simulate(dose, {"k": 0.0}, [0.0, 0.5, 1.0, 2.0, 2.0, 2.5], ["X"])
    assert run.of("X")[0].tolist() == [15.0, 15.0, 3.0, 7.0, 7.0, 7.0]


def test_actions_on_parameters_and_single_patients(decay: engine.Model) -> None:
    dose = rows((1.0, "k", "set", 0.0), (2.0, "X", "add", 4.0, 1))
    run = decay.simulate(dose, {"k": [1.0, 1.0]}, [0, 1, 2, 3], ["X", "k"], rtol=1e-9)
    stays = 10 * np.exp(-1.0)
    assert np.allclose(run.of("X"), [[10, stays, stays, stays], [10, stays, stays + 4, stays + 4]], rtol=1e-7)
    assert run.of("k").tolist() == [[1, 0, 0, 0], [1, 0, 0, 0]]


def test_all_faults_of_a_protocol_are_listed_together(drug: engine.Model) -> None:
    bad = rows(
        (-1.0, "A", "add", 1.0),
        (float("nan"), "A", "add", 1.0),
        (1.0, "Aa", "add", 1.0),
        (1.0, "A", "inject", 1.0),
        (1.0, "kill", "add", 1.0),
        (1.0, "occupancy", "set", 1.0),
        (1.0, "A", "add", "much"),
        (1.0, "A", "add", 1.0, 7),
    )
    with pytest.raises(engine.ProtocolError) as caught:
        drug.simulate(bad, None, [0, 1], patients=2)
    assert [f.where for f in caught.value.faults] == [f"protocol row {k}" for k in range(1, 9)]
    assert "'A'" in str(caught.value.faults[2].hint)
    with pytest.raises(engine.ProtocolError, match="column 'amount' is missing"):
        drug.simulate(bad.drop(columns="amount"), None, [0, 1])


def test_wrong_names_and_shapes_are_named(drug: engine.Model) -> None:
    with pytest.raises(engine.InputMismatch, match=r"unknown parameter 'kil'.*'kill'"):
        drug.simulate(None, {"kil": 1.0}, [0, 1])
    with pytest.raises(engine.InputMismatch, match="lengths differ"):
        drug.simulate(None, {"kill": [1.0, 2.0], "g": [1.0, 2.0, 3.0]}, [0, 1])
    with pytest.raises(engine.InputMismatch, match=r"unknown name 'occupance'.*'occupancy'"):
        drug.simulate(None, None, [0, 1], ["occupance"])
    with pytest.raises(engine.InputMismatch, match="times fall"):
        drug.simulate(None, None, [1, 0])
    with pytest.raises(engine.InputMismatch, match="before the start"):
        drug.simulate(None, None, [0, 1], start=0.5)


def test_a_failed_patient_holds_nan_and_does_not_touch_the_others(decay: engine.Model) -> None:
    alone = decay.simulate(None, {"k": [0.5]}, [0, 1, 2], ["X"])
    run = decay.simulate(None, {"k": [0.5, np.nan, 0.5]}, [0, 1, 2], ["X"])
    assert run.failures["patient"].tolist() == [1]
    assert "k" in run.failures["reason"][0]
    assert np.isnan(run.values[1, 1:]).all()
    assert run.values[0].tobytes() == run.values[2].tobytes() == alone.values[0].tobytes()


def test_a_solution_that_leaves_to_infinity_is_a_failure_with_a_reason(models: SimpleNamespace) -> None:
    model = engine.load(models.sbml("x' = x^2; x = 1;"))
    run = model.simulate(None, None, [0.0, 0.5, 2.0], initial={"x": [1.0, 0.1]})
    assert run.failures["patient"].tolist() == [0]
    assert abs(run.failures["time"][0] - 1.0) < 1e-3
    assert run.values[0, 1, 0] == pytest.approx(2.0, rel=1e-3)
    assert np.isnan(run.values[0, 2, 0])
    assert np.isfinite(run.values[1]).all()


def test_progress_and_cancellation(drug: engine.Model) -> None:
    seen = []
    drug.simulate(None, None, [0, 1], patients=10, threads=1, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (10, 10)
    with pytest.raises(engine.Cancelled):
        drug.simulate(None, None, [0, 1000], patients=10, cancel=lambda: True)


def test_observe_and_rhs_agree_with_the_formulas(drug: engine.Model) -> None:
    y = np.array([[4.0, 1.0, 2.0, 0.5], [0.0, 1.0, 2.0, 0.5]])
    y = y[:, [("A", "P", "V", "W").index(s) for s in drug.states]]
    occupancy, burden = drug.observe(y, {"EC": [4.0, 2.0]}, ["occupancy", "burden"]).T
    assert occupancy.tolist() == [0.5, 0.0]
    assert burden.tolist() == [2.5, 2.5]
    rate = dict(zip(drug.states, drug.rhs(y)[0], strict=True))
    assert rate["A"] == pytest.approx(0.3 * 1 - (0.7 + 0.11) * 4)
    assert rate["V"] == pytest.approx(0.04 * 2 * (1 - 2 / 50) - 0.09 * 0.5 * 2)


def test_jacobian_against_differences(drug: engine.Model) -> None:
    y = np.array([[3.0, 1.0, 2.0, 0.5]])
    j = drug.jacobian(y)[0]
    for k in range(4):
        step = np.zeros(4)
        step[k] = 1e-6
        difference = (drug.rhs(y + step) - drug.rhs(y - step))[0] / 2e-6
        assert np.allclose(j[:, k], difference, rtol=1e-6, atol=1e-8)


def test_steady_state_on_the_branch_of_the_start(models: SimpleNamespace) -> None:
    # x' = x (x-1) (3-x): rest at 0, 1 (unstable) and 3; y follows x.
    model = engine.load(models.sbml("x' = x*(x-1)*(3-x); y' = x - y; z' = 1; x = 2; y = 0; z = 5;"))
    rest = model.steady_state(None, {"x": [0.9, 1.1, 1.0]}, frozen=["z"], horizon=50)
    assert rest.ok.all()
    assert np.allclose(rest.values[:, model.states.index("x")], [0, 3, 1], atol=1e-8)
    assert np.allclose(rest.values[:, model.states.index("y")], [0, 3, 1], atol=1e-8)
    assert (rest.values[:, model.states.index("z")] == 5).all()


def test_steady_state_keeps_what_rests_already(models: SimpleNamespace) -> None:
    model = engine.load(models.sbml("x' = 0.3*(k - x); x = 1; k = 1;"))
    almost = 1 + 1e-9  # within the tolerance of a rest
    starts = {"x": [almost, 0.5]}
    assert model.steady_state(None, starts, keep=True).values[0, 0] == almost
    kept, made = model.steady_state(None, starts, keep=True), model.steady_state(None, starts)
    assert made.values[0, 0] != almost
    assert kept.ok.all()
    assert kept.values[1, 0] == made.values[1, 0]


def test_steady_state_says_why_not(models: SimpleNamespace) -> None:
    model = engine.load(models.sbml("x' = 1; y' = 1 - y; x = 0; y = 0;"))
    rest = model.steady_state(horizon=20)
    assert not rest.ok[0]
    assert "not at rest" in rest.reason[0]
    assert model.steady_state(horizon=20, solve_for=["y"]).ok[0]


def test_steady_state_keeps_a_conserved_total(models: SimpleNamespace) -> None:
    model = engine.load(models.sbml("a' = b - 2*a; b' = 2*a - b; a = 3; b = 0;"))
    rest = model.steady_state(horizon=5)
    assert rest.ok[0]
    assert np.allclose(rest.values[0], [1.0, 2.0], rtol=1e-5)


def test_times_may_be_a_view_with_gaps(decay: engine.Model) -> None:
    times = np.linspace(0, 5, 11)
    every = decay.simulate(None, None, times).values
    assert np.array_equal(decay.simulate(None, None, times[::2]).values, every[:, ::2])
