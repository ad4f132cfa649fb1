"""Where the pivot-free factorisation is not trusted, the pivoting stepper takes over, for that patient alone."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from hepaxis import engine
from hepaxis.engine.codegen import cache, linear
from hepaxis.engine.model import Model


def test_distrusted_factors_hand_over_to_the_pivoting_stepper(
    models: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(cache.ENVIRONMENT, "off")
    # Every pivot that elimination touched counts as lost.
    monkeypatch.setattr(linear, "PIVOT_LOSS", 2.0)
    model = engine.load(models.sbml(models.DRUG))
    plain = Model(model.system)
    plain.__dict__["_stepper"] = plain._reference
    times = np.linspace(0, 30, 7)
    start = {"A": [5.0, 9.0]}
    run = model.simulate(None, None, times, initial=start, rtol=1e-8)
    assert "_reference" in model.__dict__
    assert run.failures.empty
    assert np.allclose(
        run.values, plain.simulate(None, None, times, initial=start, rtol=1e-8).values, rtol=1e-6, atol=1e-9
    )


def test_trusted_factors_do_not_ask_for_it(models: SimpleNamespace) -> None:
    model = engine.load(models.sbml(models.DRUG))
    model.simulate(None, None, [30.0], initial={"A": 5.0})
    assert "_reference" not in model.__dict__


def test_rates_that_are_not_numbers_are_no_matter_of_pivots(models: SimpleNamespace) -> None:
    """A parameter that is NaN fails its own patient at once, by name, and nobody waits for the pivoting stepper."""
    model = engine.load(models.sbml(models.DRUG))
    name = "kill"
    values = np.full(20, model.default_parameters[name])
    values[3] = np.nan
    run = model.simulate(None, {name: values}, [30.0], initial={"A": 5.0})
    assert run.failures["patient"].tolist() == [3]
    assert f"not finite: {name}" in run.failures["reason"][0]
    assert "_reference" not in model.__dict__


def test_singular_systems_are_solved_or_explained(models: SimpleNamespace) -> None:
    """A conserved pair with enormous rates: the factors lose digits, the answer stays."""
    model = engine.load(models.sbml("a' = -k*a + k*b; b' = k*a - k*b; a = 3; b = 0; k = 1;"))
    run = model.simulate(None, {"k": [1e3, 1e9, 1e13]}, [1.0], rtol=1e-6)
    fine = ~np.isnan(run.values[:, 0, 0])
    assert np.allclose(run.values[fine], 1.5, rtol=1e-4)
    assert sorted(run.failures["patient"]) == np.flatnonzero(~fine).tolist()
    assert fine[:2].all()
