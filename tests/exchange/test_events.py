"""A protocol written as SBML events gives what the protocol gives, in this engine and in libRoadRunner."""

from __future__ import annotations

from typing import Any

import antimony
import libsbml
import numpy as np
import pandas as pd
import pytest

from hepaxis import axis, engine
from hepaxis.exchange import sbml_with_protocol
from hepaxis.population import engine_model
from hepaxis.problems import InputError

roadrunner = pytest.importorskip("roadrunner")

COLUMNS = ["time", "target", "action", "amount"]
# Relative to each quantity, with a floor at 1e-6 of its largest value: both integrators run at 1e-10, so what is left
# is their accumulated error over hundreds of days and dozens of stops (the engine's own oracle test allows 1e-6).
AGREE = 1e-6
FLOOR = 1e-6


def relative(ours: np.ndarray, theirs: np.ndarray) -> float:
    scale = np.abs(theirs) + FLOOR * np.abs(theirs).max(axis=0) + 1e-300
    return float((np.abs(ours - theirs) / scale).max())


def runner(sbml: str) -> Any:
    roadrunner.Logger.setLevel(roadrunner.Logger.LOG_CRITICAL)
    return tightened(roadrunner.RoadRunner(sbml))


def tightened(made: Any) -> Any:
    made.resetToOrigin()
    made.integrator.setValue("relative_tolerance", 1e-11)
    made.integrator.setValue("absolute_tolerance", 1e-14)
    made.integrator.setValue("maximum_num_steps", 1_000_000)
    return made


def reduced(sbml: str, kept: str) -> str:
    """The exported model with all but some states held at their values, so that libRoadRunner loads it in seconds.

    It writes out every rule wherever it is used: the whole model takes it many minutes (``HEPAXIS_ORACLE=all``).
    Rules that the kept states need stay; those of held states alone become constants.
    """
    document = libsbml.readSBMLFromString(sbml)
    model = document.getModel()
    own = engine.load(sbml)
    states = [name for name in own.states if any(name.startswith(one) for one in kept.split())]
    start = np.array([[own.default_initial[name] for name in own.states]])
    rules = {rule.getVariable(): rule for rule in model.getListOfRules()}
    moving = set(states) | {
        e.getVariable() for k in range(model.getNumEvents()) for e in model.getEvent(k).getListOfEventAssignments()
    }
    names = [name for name, rule in rules.items() if rule.isAssignment()]
    values = dict(zip(names, own.observe(start, None, names)[0], strict=True))
    needed = depends_on(rules, moving, set(names), depth=3)
    for name, rule in list(rules.items()):
        if name in states or name in needed:
            continue
        parameter = model.getParameter(name)
        if rule.isAssignment():
            parameter.setValue(float(values[name]))
        model.removeRuleByVariable(name)
    return str(libsbml.writeSBMLToString(document))


def depends_on(rules: dict[str, Any], moving: set[str], ruled: set[str], depth: int) -> set[str]:
    """Rules that stand at most ``depth`` rules away from what moves."""
    known, found = set(moving), set()
    for _ in range(depth):
        step = {name for name in ruled - found if names_in(rules[name].getMath()) & known}
        found |= step
        known |= step
    return found


def names_in(node: Any) -> set[str]:
    own = {node.getName()} if node.isName() else set()
    return own.union(*(names_in(node.getChild(k)) for k in range(node.getNumChildren())))


def exported(setting: Any) -> str:
    parameters, initial = setting.values(0)
    return sbml_with_protocol(axis.build().sbml, setting.protocol, parameters, initial, start=setting.start)


def in_engine(setting: Any, times: np.ndarray, names: list[str]) -> np.ndarray:
    model = engine_model()
    initial = pd.DataFrame(setting.closed.states, columns=list(model.states))
    run = model.simulate(
        setting.protocol, setting.closed.parameters, times, names, initial, start=setting.start, rtol=1e-10, atol=1e-14
    )
    assert run.failures.empty
    return run.values[0]


# Between two actions: at one, two simulators may show either side of it.
TIMES = np.array([-3.7, -0.2, 3.3, 10.1, 12.4, 25.2, 31.3, 59.9])


def test_events_say_what_the_protocol_says(setting):
    names = list(engine_model().states)
    theirs = engine.load(exported(setting)).simulate(None, None, TIMES - setting.start, names, rtol=1e-10, atol=1e-14)
    assert relative(in_engine(setting, TIMES, names), theirs.values[0]) < AGREE


def test_a_daily_dose_for_a_year_comes_back_as_it_went():
    """The whole model: as many events as days, more than a word has bits for comparisons."""
    rows = [(0.25 + day, "antibiotic_gut_luminal", "add", 20.0 + day % 7) for day in range(365)]
    protocol = pd.DataFrame(rows, columns=COLUMNS)
    times, names = np.array([10.1, 100.6, 364.9, 370.0]), list(engine_model().states)
    again = engine.load(sbml_with_protocol(axis.build().sbml, protocol))
    assert len(again.system.events) == 365
    ours = engine_model().simulate(protocol, None, times, names, rtol=1e-7)
    theirs = again.simulate(None, None, times, names, rtol=1e-7)
    assert ours.failures.empty
    assert theirs.failures.empty
    assert relative(ours.values[0], theirs.values[0]) < AGREE
    untreated = engine_model().simulate(None, None, times, names, rtol=1e-7)
    assert relative(ours.values[0], untreated.values[0]) > 0.1


def test_the_exported_model_is_consistent_with_units_on(setting):
    document = libsbml.readSBMLFromString(exported(setting))
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_UNITS_CONSISTENCY, True)
    assert document.checkConsistency() == 0
    assert (document.getLevel(), document.getVersion()) == (3, 2)
    assert document.getModel().getNumEvents() == setting.protocol["time"].nunique()
    assert "day -4" in document.getModel().getNotesString()


@pytest.mark.parametrize(
    "kept",
    ["pd1_ ctla4_ tumour_volume loss_logit effectors exhausted", "res_ don_ memory_ antibiotic_"],
    ids=["antibodies and tumour", "antibiotic and donor"],
)
def test_libroadrunner_gives_the_same_course_on_parts_of_the_model(setting, kept):
    part = reduced(exported(setting), kept)
    model = engine.load(part)
    ours = model.simulate(None, None, TIMES - setting.start, rtol=1e-10, atol=1e-14)
    assert ours.failures.empty
    simulated = runner(part)
    theirs = simulated.simulate(times=[0.0, *(TIMES - setting.start)], selections=["time", *model.states])
    assert relative(ours.values[0], np.asarray(theirs)[1:, 1:]) < AGREE


def test_libroadrunner_gives_the_same_course_on_the_whole_model(setting, whole):
    names = list(engine_model().states)
    theirs = tightened(whole).simulate(times=[0.0, *(TIMES - setting.start)], selections=["time", *names])
    assert relative(in_engine(setting, TIMES, names), np.asarray(theirs)[1:, 1:]) < AGREE


def small(text: str = "x' = -k*x; y' = k*x; x = 8; y = 1; k = 0.1; z := x + y;") -> str:
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(f"model small()\n{text}\nend") >= 0, antimony.getLastError()
    return antimony.getSBMLString("small")


def test_rows_of_one_time_follow_one_another_on_one_target_and_not_across_targets():
    rows = [
        (1.0, "x", "add", 2.0), (1.0, "x", "multiply", 3.0), (1.0, "y", "set", 5.0), (1.0, "y", "add", 1.0),
        (0.0, "x", "multiply", 0.5), (2.0, "k", "set", 0.0),
    ]  # fmt: skip
    protocol = pd.DataFrame(rows, columns=COLUMNS)
    sbml = sbml_with_protocol(small(), protocol, {"k": 0.2}, {"x": 4.0})
    times = np.array([0.5, 1.5, 3.5])
    ours = engine.load(small()).simulate(protocol, {"k": 0.2}, times, initial={"x": 4.0}, rtol=1e-10).values[0]
    theirs = runner(sbml).simulate(times=[0.0, *times], selections=["time", "x", "y"])
    assert relative(ours, np.asarray(theirs)[1:, 1:]) < AGREE
    assert ours[1, 0] == pytest.approx((4 * 0.5 * np.exp(-0.2) + 2) * 3 * np.exp(-0.1))


def test_every_fault_of_a_protocol_is_told():
    rows = [(np.nan, "x", "add", 1.0), (1.0, "k", "add", 1.0), (1.0, "z", "set", 1.0), (1.0, "x", "pour", np.inf)]
    with pytest.raises(InputError) as told:
        sbml_with_protocol(small(), pd.DataFrame(rows, columns=COLUMNS), {"nobody": 1.0})
    text = str(told.value)
    for what in ("time nan", "'add' on the parameter k", "'z' is no state", "action 'pour'", "amount inf", "'nobody'"):
        assert what in text
    with pytest.raises(InputError, match="no column amount"):
        sbml_with_protocol(small(), pd.DataFrame({"time": [0.0], "target": ["x"], "action": ["add"]}))
    with pytest.raises(InputError, match="from 5 on"):
        sbml_with_protocol(small(), pd.DataFrame([(1.0, "x", "add", 1.0)], columns=COLUMNS), start=5.0)
