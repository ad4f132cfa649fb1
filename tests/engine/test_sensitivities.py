"""Tangents are exact: they agree with central differences at tight tolerance, through doses of every kind."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from hepaxis import engine

TIMES = np.array([0.0, 2.0, 5.0, 11.0, 20.0])
DOSES = pd.DataFrame(
    [
        (1.0, "A", "add", 9.0),
        (4.0, "V", "multiply", 1.5),
        (6.0, "P", "set", 0.5),
        (8.0, "cl", "set", 0.3),
        (9.0, "A", "add", 4.0),
    ],
    columns=["time", "target", "action", "amount"],
)


def test_tangents_against_differences(models: SimpleNamespace) -> None:
    model = engine.load(models.sbml(models.DRUG))
    wrt, observe = ["kill", "EC", "h", "cl", "tilt"], ["V", "A", "W", "burden", "occupancy"]
    parameters = {"kill": np.array([0.09, 0.2]), "g": np.array([0.04, 0.06])}
    tight = {"rtol": 1e-11, "atol": 1e-14}
    exact = model.sensitivities(wrt, DOSES, parameters, TIMES, observe, **tight)
    assert exact.derivatives.shape == (2, 5, 5, 5)
    for k, name in enumerate(wrt):
        base = parameters.get(name, np.full(2, model.default_parameters[name]))
        step = 1e-4 * base
        up, down = (
            model.simulate(DOSES, {**parameters, name: base + s}, TIMES, observe, **tight).values for s in (step, -step)
        )
        difference = (up - down) / (2 * step)[:, None, None]
        # Differences of what does not depend on the parameter are noise of the size of the value itself.
        scale = np.abs(difference).max(axis=(0, 1)) + 0.1 * np.abs(up).max(axis=(0, 1)) / base.min()
        assert (np.abs(exact.derivatives[..., k] - difference) / scale).max() < 1e-6, name
    # After its "set" the parameter is the same for all: its derivative only decays.
    assert np.abs(exact.derivatives[:, 2:, 0, wrt.index("cl")]).max() > 0


def test_loose_tolerance_keeps_its_promise(models: SimpleNamespace) -> None:
    model = engine.load(models.sbml(models.DRUG))
    loose = model.sensitivities(["kill"], DOSES, None, TIMES, ["V"], rtol=1e-6)
    tight = model.sensitivities(["kill"], DOSES, None, TIMES, ["V"], rtol=1e-11, atol=1e-14)
    assert np.allclose(loose.derivatives, tight.derivatives, rtol=1e-4, atol=1e-4)


def test_start_values_computed_from_parameters_are_followed(models: SimpleNamespace) -> None:
    model = engine.load(models.sbml("x' = -k*x; x = a*a; a = 3; k = 0.5;"))
    result = model.sensitivities(["a", "k"], None, None, [0.0, 1.0], ["x"], rtol=1e-9)
    expected = np.exp(-0.5 * np.array([0.0, 1.0]))
    assert np.allclose(result.derivatives[0, :, 0, 0], 6 * expected, rtol=1e-7)
    assert np.allclose(result.derivatives[0, :, 0, 1], -np.array([0.0, 1.0]) * 9 * expected, rtol=1e-7)
    held = model.sensitivities(["a"], None, None, [0.0, 1.0], ["x"], {"x": 2.0}, rtol=1e-9)
    assert (held.derivatives == 0).all()


def test_what_cannot_be_differentiated_is_refused(models: SimpleNamespace) -> None:
    model = engine.load(models.sbml("x' = piecewise(1, time < T, 0); x = 0; T = 2;"))
    with pytest.raises(engine.UnsupportedModel, match="'T'"):
        model.sensitivities(["T"], None, None, [0.0, 1.0])
    eventful = engine.load(models.sbml("x' = -k*x; x = 1; k = 1; E: at (x < 0.5): x = 1;"))
    with pytest.raises(engine.UnsupportedModel, match=r"event.*'E'"):
        eventful.sensitivities(["k"], None, None, [0.0, 1.0])
    with pytest.raises(engine.InputMismatch, match="unknown parameter 'kk'"):
        eventful.__class__(model.system).sensitivities(["kk"], None, None, [0.0, 1.0])
