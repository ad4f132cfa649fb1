"""Events at fixed times and on states: found to the accuracy of the solution, carried out in the standard's order."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from hepaxis import engine

# A tumour grows against a drug that wears off; when it is a fifth above its start the drug is stopped.
STOP_AT_PROGRESSION = """
V' = (g - kill*on*wear)*V;   wear' = -0.05*wear;
V = 1; wear = 1; g = 0.02; kill = 0.06; on = 1;
Progression: at (V > 1.2): on = 0;
"""


def test_drug_stops_at_progression_in_each_patient(models: SimpleNamespace) -> None:
    model = engine.load(models.sbml(STOP_AT_PROGRESSION))
    growth = np.array([0.02, 0.03, 0.04, 0.0])
    times = np.arange(0, 121.0)
    run = model.simulate(None, {"g": growth}, times, ["V", "on"], rtol=1e-9)

    def size(rate: np.ndarray, t: np.ndarray) -> np.ndarray:
        return np.exp(rate[:, None] * t - 0.06 * (1 - np.exp(-0.05 * t)) / 0.05)

    fine = np.linspace(0, 120, 1_200_001)
    for i, rate in enumerate(growth):
        path = size(np.array([rate]), fine)[0]
        crossed = np.flatnonzero(path > 1.2)
        stop = fine[crossed[0]] if len(crossed) else np.inf
        assert np.array_equal(run.of("on")[i], np.where(times >= stop, 0.0, 1.0))
        before = times < stop
        assert np.allclose(run.of("V")[i][before], size(np.array([rate]), times)[0][before], rtol=1e-7)
        after = times > stop
        if after.any():
            assert np.allclose(run.of("V")[i][after], 1.2 * np.exp(rate * (times[after] - stop)), rtol=1e-5)


def test_event_at_a_fixed_time_shows_its_effect_at_that_time(models: SimpleNamespace) -> None:
    model = engine.load(models.sbml("x' = 0; x = 1; E: at (time >= 2): x = x + 1;"))
    assert model.simulate(None, None, [1, 2, 3]).values[0, :, 0].tolist() == [1, 2, 2]


def test_a_window_shorter_than_a_step_is_not_missed(models: SimpleNamespace) -> None:
    model = engine.load(models.sbml("x' = 1; n' = 0; x = 0; n = 0; E: at (x > 50 && x < 50.001): n = n + 1;"))
    assert model.simulate(None, None, [100.0], ["n"]).values[0, 0, 0] == 1


def test_priority_delay_and_values_of_the_trigger_time(models: SimpleNamespace) -> None:
    text = """
    x' = 1; x = 0; a = 0; b = 0;
    First: at (time >= 1), priority = 2, fromTrigger = false: a = 10*a + 1;
    Second: at (time >= 1), priority = 1, fromTrigger = false: a = 10*a + 2;
    Late: at 3 after (x > 1.5), fromTrigger = true: b = x;
    """
    run = engine.load(models.sbml(text)).simulate(None, None, [1, 4.4, 4.6], ["a", "b"])
    assert run.values[0, :, 0].tolist() == [12, 12, 12]
    assert run.values[0, :2, 1].tolist() == [0, 0]
    assert run.values[0, 2, 1] == pytest.approx(1.5, abs=1e-9)


def test_events_and_doses_and_chunks(models: SimpleNamespace) -> None:
    """A level refilled whenever it falls below one: as many refills as the analytic solution has."""
    model = engine.load(models.sbml("x' = -k*x; n' = 0; x = 2; n = 0; k = 1; E: at (x < 1): x = 2, n = n + 1;"))
    rates = np.array([0.5, 1.0, 3.0])
    run = model.simulate(None, {"k": rates}, [10.0], ["n"], rtol=1e-9)
    assert run.values[:, 0, 0].tolist() == np.floor(10 * rates / np.log(2)).tolist()
    alone = model.simulate(None, {"k": rates[1:2]}, [10.0], ["n", "x"], rtol=1e-9)
    together = model.simulate(None, {"k": rates}, [10.0], ["n", "x"], rtol=1e-9)
    assert alone.values[0].tobytes() == together.values[1].tobytes()


def test_events_without_end_are_a_failure_with_a_reason(models: SimpleNamespace) -> None:
    text = "x' = 1; x = 0; a = 0; E: at (x > 0.5 && a < 0.5): a = 1; F: at (x > 0.5 && a > 0.5): a = 0;"
    run = engine.load(models.sbml(text)).simulate(None, None, [1.0])
    assert "without end" in run.failures["reason"][0]
    assert run.failures["time"][0] == pytest.approx(0.5)


def test_rates_that_jump_in_time_are_met_exactly(models: SimpleNamespace) -> None:
    model = engine.load(models.sbml("x' = piecewise(1, time < T, -2); x = 0; T = 1.3;"))
    run = model.simulate(None, {"T": [1.3, 0.7]}, [1.0, 2.0])
    assert np.allclose(run.values[:, :, 0], [[1.0, 1.3 - 1.4], [0.7 - 0.6, 0.7 - 2.6]], atol=1e-12)
    assert run.steps.max() < 20
