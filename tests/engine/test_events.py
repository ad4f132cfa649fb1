"""Events at fixed times and on states: found to the accuracy of the solution, carried out in the standard's order."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from hepaxis import engine
from hepaxis.engine.reference import ReferenceStepper

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


def doses(count: int, every: float, rest: str = "") -> str:
    given = "".join(f"D{k}: at (time >= {every * k}): x = x + {1 + k % 3};" for k in range(1, count + 1))
    return f"x' = -k*x; n' = 0; x = 1; n = 0; k = 0.3; {given} {rest}"


@pytest.mark.parametrize(("stepper", "count"), [("compiled", 365), ("pivoting", 70)])
def test_a_dose_a_day_is_a_protocol_of_as_many_rows(models: SimpleNamespace, monkeypatch, stepper, count) -> None:
    """Fixed times are no comparisons, of which a word holds 62; nor does their number slow a step."""
    model, plain = engine.load(models.sbml(doses(count, 1.0))), engine.load(models.sbml(doses(0, 1.0)))
    if stepper == "pivoting":
        monkeypatch.setattr("hepaxis.engine.model.CompiledStepper", ReferenceStepper)
    rows = [(float(k), "x", "add", 1.0 + k % 3) for k in range(1, count + 1)]
    protocol = pd.DataFrame(rows, columns=["time", "target", "action", "amount"])
    rates, times = np.array([0.3, 2.0]), np.array([0.0, 0.5, 1.0, 50.0, 50.5, count - 0.1, count, count + 1.0])
    ours = model.simulate(None, {"k": rates}, times, ["x"], rtol=1e-7)
    theirs = plain.simulate(protocol, {"k": rates}, times, ["x"], rtol=1e-7)
    assert ours.failures.empty
    assert ours.values == pytest.approx(theirs.values, rel=1e-9)
    assert (ours.steps <= theirs.steps + count).all()


def test_fixed_times_stand_beside_triggers_on_states_delays_and_the_start(models: SimpleNamespace) -> None:
    text = """
    x' = 1; x = 0; na = 0; nb = 0; nc = 0; nd = 0; ne = 0; nm = 0;
    Before: at (time >= 0), t0 = false: na = na + 1;
    Held: at (time >= 0), t0 = true: nb = nb + 1;
    Late: at 3 after (time >= 2), fromTrigger = true: nc = x;
    Strict: at (time > 2): nd = nd + 1;
    Level: at (x >= 4.5): ne = ne + 1;
    Again: at (time >= 2), priority = 1, fromTrigger = false: nm = 10*nm + 1;
    Once: at (time >= 2), priority = 2, fromTrigger = false: nm = 10*nm + 2;
    """
    model = engine.load(models.sbml(text))
    run = model.simulate(None, None, [0, 1, 2, 2.5, 4.9, 6], ["na", "nb", "nc", "nd", "ne", "nm"])
    a, b, c, d, e, m = run.values[0].T
    assert a.tolist() == [1] * 6
    assert b.tolist() == [0] * 6
    assert c == pytest.approx([0, 0, 0, 0, 0, 2])
    assert d.tolist() == [0, 0, 0, 1, 1, 1]
    assert e.tolist() == [0, 0, 0, 0, 1, 1]
    assert m.tolist() == [0, 0, 21, 21, 21, 21]


def test_a_course_that_starts_after_a_fixed_time_does_not_wait_for_it(models: SimpleNamespace) -> None:
    model = engine.load(
        models.sbml("x' = 0; x = 1; E: at (time >= 2), t0 = true: x = x + 1; F: at (time >= 6): x = 9;")
    )
    assert model.simulate(None, None, [4, 5, 7], ["x"], start=3.0).values[0, :, 0].tolist() == [1, 1, 9]


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
