"""Values along courses are those of each moment alone, to the bit."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd

from hepaxis import engine
from hepaxis.engine import evaluate

WATCHED = ("occupancy", "burden", "kill", "grown", "double_h", "A")


def test_along_a_course_as_at_each_moment(models: SimpleNamespace) -> None:
    """States, time, a parameter changed on the way and terms of parameters alone, over more rows than one block."""
    rules = "grown := exp(g*time)*V; double_h := 2*h + log(K);"
    model = engine.load(models.sbml(models.DRUG + rules))
    n, times = evaluate.ROW_BLOCK + 3, np.linspace(0, 20, 43)
    people = {"h": np.linspace(1.1, 2.3, n), "kill": np.linspace(0.05, 0.2, n)}
    plan = pd.DataFrame(
        [(0.0, "A", "add", 5.0), (7.0, "kill", "set", 0.01)], columns=["time", "target", "action", "amount"]
    )
    run = model.simulate(plan, people, times, WATCHED)
    states = model.simulate(plan, people, times)
    for k, time in enumerate(times):
        now = people | ({"kill": np.full(n, 0.01)} if time >= 7 else {})
        alone = model.observe(states.values[:, k], now, WATCHED, time=time)
        assert run.values[:, k].tobytes() == alone.tobytes()


def test_what_was_never_reached_is_unknown(models: SimpleNamespace) -> None:
    model = engine.load(models.sbml("x' = x^2; x = 1; twice := 2*x; still := 3;"))
    run = model.simulate(None, {}, [0.0, 0.5, 2.0], ["twice", "still"])
    assert np.isfinite(run.values[0, :2]).all()
    assert np.isnan(run.values[0, 2]).all()
