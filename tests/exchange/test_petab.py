"""The PEtab problem: clean under PEtab's own linter, and the same course when it is read back from the tables."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hepaxis import engine
from hepaxis.exchange import parse_scenario, petab_problem, prepare, simulate
from hepaxis.exchange.petab import read_measurements
from hepaxis.problems import InputError

petab = pytest.importorskip("petab.v2")
lint = pytest.importorskip("petab.v2.lint")

# As in test_archive: the scenario's own run stands at 1e-6, and its error adds up over the stops.
AGREE = 1e-4


def read(folder: Path, texts: dict[str, str]):
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return petab.Problem.from_yaml(folder / "problem.yaml")


def issues(problem) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # libSBML's and sympy's, of the linter's own
        return [str(issue) for issue in lint.lint_problem(problem)]


def from_tables(problem, sbml: str, other: Any = None) -> dict[tuple[str, str], list[tuple[float, float, float]]]:
    """Experiments run period by period from the tables: (experiment, observable) -> (time, measured, simulated).

    In libRoadRunner with this model, ``other``, if there is one, else in the own engine.
    """
    model = engine.load(sbml)
    conditions = {condition.id: condition for condition in problem.conditions}
    formulas = {o.id: o.formula for o in problem.observables}
    free = {p.id: p.nominal_value for p in problem.parameters if p.id in model.parameters}
    found: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
    for experiment in problem.experiments:
        states, parameters = dict(model.default_initial), dict(model.default_parameters) | free
        periods = experiment.sorted_periods
        measured = [m for m in problem.measurements if m.experiment_id == experiment.id]
        ends = [period.time for period in periods[1:]] + [max(m.time for m in measured) + 1.0]
        for period, end in zip(periods, ends, strict=True):
            known = states | parameters
            changed = {}
            for id in period.condition_ids:
                for change in conditions[id].changes:
                    formula = change.target_value
                    inside = {symbol: known[str(symbol)] for symbol in formula.free_symbols}
                    changed[change.target_id] = float(formula.subs(inside))
            for target, value in changed.items():
                (states if target in states else parameters)[target] = value
            mine = [m for m in measured if period.time <= m.time < end]
            times = np.unique([*(m.time for m in mine), end])
            needed = sorted({str(s) for m in mine for s in formulas[m.observable_id].free_symbols})
            names = [*model.states, *needed]
            if other is None:
                run = model.simulate(None, parameters, times, names, states, start=period.time, rtol=1e-8)
                assert run.failures.empty
                course = run.values[0]
            else:
                course = elsewhere(other, period.time, times, names, states | parameters)
            for m in mine:
                at = int(np.searchsorted(times, m.time))
                values = dict(zip(names, course[at], strict=True))
                formula = formulas[m.observable_id]
                simulated = float(formula.subs({s: values[str(s)] for s in formula.free_symbols}))
                found.setdefault((experiment.id, m.observable_id), []).append((m.time, m.measurement, simulated))
            states = dict(zip(model.states, course[-1, : len(model.states)].tolist(), strict=True))
    return found


def elsewhere(runner: Any, start: float, times: np.ndarray, names: list[str], values: dict[str, float]) -> np.ndarray:
    """(times, names) by libRoadRunner from ``start`` on, with these states and parameters."""
    runner.resetToOrigin()
    runner.integrator.setValue("relative_tolerance", 1e-8)
    runner.integrator.setValue("absolute_tolerance", 1e-12)
    runner.integrator.setValue("maximum_num_steps", 1_000_000)
    for name, value in values.items():
        runner.setValue(name, value)
    later = times[times > start]
    found = np.asarray(runner.simulate(times=[start, *later], selections=["time", *names]))[:, 1:]
    return found if len(later) < len(times) else found[1:]


def test_the_problem_is_clean_and_gives_the_same_course(setting, tmp_path):
    texts = petab_problem(setting)
    problem = read(tmp_path, texts)
    assert issues(problem) == []
    found = from_tables(problem, texts["model.xml"])
    assert len(found) == 6
    ours = simulate(setting)
    for rows in found.values():
        times, measured, simulated = np.array(rows).T
        assert len(times) == len(ours.days)
        np.testing.assert_allclose(simulated, measured, rtol=AGREE, atol=AGREE * np.abs(measured).max())


def test_libroadrunner_gives_the_same_course_from_the_tables(setting, oracle, tmp_path):
    import roadrunner

    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_CRITICAL)
    texts = petab_problem(setting)
    found = from_tables(read(tmp_path, texts), texts["model.xml"], roadrunner.RoadRunner(texts["model.xml"]))
    assert len(found) == 6
    for rows in found.values():
        _, measured, simulated = np.array(rows).T
        np.testing.assert_allclose(simulated, measured, rtol=AGREE, atol=AGREE * np.abs(measured).max())


def test_several_people_are_experiments_that_share_the_protocol(tmp_path):
    text = """
name: two
days: 20
every: 10
people: {n: 2, seed: 4}
regimens: [{id: durvalumab}]
levers: [{lever: steroid, value: 0.2, from: 5, to: 8}]
observe: [tumour_diameter]
"""
    two = prepare(parse_scenario(text))
    texts = petab_problem(two)
    problem = read(tmp_path, texts)
    assert issues(problem) == []
    assert [e.id for e in problem.experiments] == ["of_person_1", "of_person_2"]
    assert len(problem.conditions) == 2 + 2
    found = from_tables(problem, texts["model.xml"])
    ends = [rows[-1] for rows in found.values()]
    assert ends[0][1] != pytest.approx(ends[1][1], rel=1e-3)
    for _, measured, simulated in ends:
        assert simulated == pytest.approx(measured, rel=AGREE)


MEASURED = "day,observable,value,sd\n0,tumour_diameter,42,3\n30,tumour_diameter,35,3\n30,effectors/treg,2,\n"


def test_measurements_and_parameters_to_estimate(setting, tmp_path):
    (tmp_path / "own.csv").write_text(MEASURED, encoding="utf-8")
    table = read_measurements(tmp_path / "own.csv", setting)
    problem = read(tmp_path, petab_problem(setting, table, ["host_infiltration"]))
    assert issues(problem) == []
    assert [m.measurement for m in problem.measurements] == [42, 35, 2]
    estimated = {p.id: p for p in problem.parameters if p.estimate}
    assert set(estimated) == {"host_infiltration"}
    own = float(setting.closed.parameters["host_infiltration"].iloc[0])
    assert estimated["host_infiltration"].nominal_value == own
    assert "host_infiltration" not in {c.target_id for one in problem.conditions for c in one.changes}
    noise = [[str(n) for n in m.noise_parameters] for m in problem.measurements]
    assert float(noise[0][0]) == 3
    assert noise[2] == ["sd_obs_2_effectors_treg"]


def test_a_wrong_target_is_found_by_the_linter(setting, tmp_path):
    texts = petab_problem(setting)
    texts["conditions.tsv"] = texts["conditions.tsv"].replace("tumour_volume", "nobody")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert issues(read(tmp_path, texts))


def test_every_fault_of_measurements_is_told(setting, tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("day,observable,value,sd,person\n99,tumour,x,-1,2\n", encoding="utf-8")
    with pytest.raises(InputError) as told:
        read_measurements(path, setting)
    assert {problem.column for problem in told.value.problems} == {"day", "observable", "value", "sd", "person"}
    with pytest.raises(InputError, match="no column value"):
        petab_problem(setting, pd.DataFrame({"day": [1.0], "observable": ["treg"]}))
    with pytest.raises(InputError, match="no parameter nobody"):
        petab_problem(setting, None, ["nobody"])
    with pytest.raises(InputError, match="cannot be read"):
        read_measurements(tmp_path / "none.csv", setting)
