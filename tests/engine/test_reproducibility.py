"""A patient's numbers depend on its own row alone: not on company, order, chunks, threads, lanes or optimisation."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hepaxis import engine
from hepaxis.engine import simulate
from hepaxis.engine.compiled import CompiledStepper
from hepaxis.engine.model import Model

TIMES = np.linspace(0, 30, 16)
QUIET = settings(deadline=None, max_examples=15, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def drug(models: SimpleNamespace) -> engine.Model:
    return engine.load(models.sbml(models.DRUG))


def population(n: int, seed: int) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(seed)
    return {
        name: size * np.exp(0.4 * draw.standard_normal(n)) for name, size in (("kill", 0.09), ("cl", 0.11), ("h", 1.7))
    }


def doses(n: int) -> pd.DataFrame:
    rows = [(7.0 * k, "A", "add", 5.0, np.nan) for k in range(4)]
    rows += [(3.0 + i % 5, "V", "multiply", 1.2, float(i)) for i in range(0, n, 3)]
    return pd.DataFrame(rows, columns=["time", "target", "action", "amount", "patient"])


@QUIET
@given(n=st.integers(1, 40), seed=st.integers(0, 10**6), chunk=st.integers(1, 17), threads=st.integers(1, 3))
def test_order_chunks_and_threads(drug: engine.Model, n: int, seed: int, chunk: int, threads: int) -> None:
    people, plan = population(n, seed), doses(n)
    whole = drug.simulate(plan, people, TIMES, threads=1)
    order = np.random.default_rng(seed).permutation(n)
    place = np.argsort(order)
    shuffled = plan.assign(patient=plan["patient"].map(lambda i: i if np.isnan(i) else place[int(i)]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulate, "CHUNK", chunk)
        other = drug.simulate(shuffled, {k: v[order] for k, v in people.items()}, TIMES, threads=threads)
    assert whole.values[order].tobytes() == other.values.tobytes()


def test_every_lane_width_and_level_gives_the_same_bits(models: SimpleNamespace) -> None:
    system = engine.load(models.sbml(models.DRUG)).system
    people = population(11, 5)
    seen = set()
    for lanes in (1, 2, 4, 8):
        for level in ("quick", "full"):
            model = Model(system)
            model.__dict__["_stepper"] = CompiledStepper(system, lanes, level)
            seen.add(model.simulate(doses(11), people, TIMES, threads=1).values.tobytes())
    assert len(seen) == 1


def test_compiled_against_the_plain_stepper(models: SimpleNamespace) -> None:
    """Same method, same control: the difference is rounding, amplified by step control."""
    system = engine.load(models.sbml(models.DRUG)).system
    people, plain, compiled = population(9, 3), Model(system), Model(system)
    plain.__dict__["_stepper"] = plain._reference
    a = plain.simulate(doses(9), people, TIMES, rtol=1e-9)
    b = compiled.simulate(doses(9), people, TIMES, rtol=1e-9)
    assert np.allclose(a.values, b.values, rtol=1e-9, atol=1e-10)
    assert (np.abs(a.steps - b.steps) <= 2).all()


@QUIET
@given(data=st.data())
def test_mass_action_networks(data: st.DataObject, models: SimpleNamespace) -> None:
    """Random closed networks of X -> Y and X + Y -> Z + W: totals stay, nothing becomes negative, lanes agree."""
    size = data.draw(st.integers(3, 6))
    reactions, laws = data.draw(st.integers(2, 8)), []
    for k in range(reactions):
        pick = data.draw(st.lists(st.integers(0, size - 1), min_size=4, max_size=4))
        rate = 10.0 ** data.draw(st.integers(-3, 4))
        if data.draw(st.booleans()):
            laws.append(f"R{k}: s{pick[0]} -> s{pick[1]}; {rate}*s{pick[0]};")
        else:
            text = f"R{k}: s{pick[0]} + s{pick[1]} -> s{pick[2]} + s{pick[3]}; {rate}*s{pick[0]}*s{pick[1]};"
            laws.append(text)
    names = [f"s{i}" for i in range(size)]
    start = [f"{name} = {data.draw(st.sampled_from([0, 0.01, 1, 5]))};" for name in names]
    model = engine.load(models.sbml(f"species {', '.join(names)};\n" + "\n".join(laws + start)))
    run = model.simulate(None, None, np.geomspace(1e-3, 100, 12), names, rtol=1e-7, atol=1e-12, patients=3)
    assert run.failures.empty
    total = sum(model.default_initial[name] for name in names)
    assert np.allclose(run.values.sum(axis=2), total, rtol=1e-9, atol=1e-9)
    assert run.values.min() > -1e-9
    assert run.values[0].tobytes() == run.values[1].tobytes() == run.values[2].tobytes()
