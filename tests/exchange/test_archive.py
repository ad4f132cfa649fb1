"""The COMBINE archive: whole, valid SED-ML, and the same course when it is run from the archive alone."""

from __future__ import annotations

import dataclasses
import importlib.util
import io
import json
import re
import subprocess
import sys
import zipfile
from typing import Any
from xml.etree import ElementTree

import libsbml
import numpy as np
import pytest

from hepaxis import engine
from hepaxis.exchange import exported_sbml, omex, simulate
from hepaxis.exchange.sedml import NAMESPACE, sedml

roadrunner = pytest.importorskip("roadrunner")

# The scenario's own run stands at 1e-6 relative tolerance (exchange.run.RTOL); its error adds up over the stops.
AGREE = 1e-4


@pytest.fixture(scope="module")
def files(setting) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(omex(setting))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


# In a process of its own: once libSEDML is imported beside libSBML, both share one table of wrapped types, and the
# formulas that libSBML hands out are libSEDML's, which the engine cannot read.
VALIDATE = """
import json, sys
import libsedml
document = libsedml.readSedMLFromString(sys.stdin.read())
print(json.dumps([document.getError(k).getMessage() for k in range(document.getNumErrors())]))
"""
SED = f"{{{NAMESPACE}}}"
MATH = "{http://www.w3.org/1998/Math/MathML}math"


def findings(text: str) -> list[str]:
    """What libSEDML finds wrong."""
    if importlib.util.find_spec("libsedml") is None:
        pytest.skip("libSEDML is not installed")
    done = subprocess.run([sys.executable, "-c", VALIDATE], input=text, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def run(
    sedml_text: str, sbml: str, simulator: str = "engine", loaded: Any = None
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """What the SED-ML asks for, as it is written: (times, report label -> values).

    ``loaded`` is libRoadRunner with this very model, where it took long to load.
    """
    root = ElementTree.fromstring(sedml_text)
    course = root.find(f".//{SED}uniformTimeCourse")
    steps = int(course.get("numberOfSteps")) + 1
    times = np.linspace(float(course.get("outputStartTime")), float(course.get("outputEndTime")), steps)
    targets = {v.get("id"): v.get("target") for v in root.iter(f"{SED}variable") if v.get("target")}
    names = {id: re.search(r"@id='(\w+)'", target)[1] for id, target in targets.items()}
    settings = {p.get("kisaoID"): float(p.get("value")) for p in root.iter(f"{SED}algorithmParameter")}
    tolerances = settings["KISAO:0000209"], settings["KISAO:0000211"]
    if loaded is None and simulator == "roadrunner":
        roadrunner.Logger.setLevel(roadrunner.Logger.LOG_CRITICAL)
        loaded = roadrunner.RoadRunner(sbml)
    values = course_of(sbml, times, sorted(set(names.values())), tolerances, loaded)
    known = {id: values[name] for id, name in names.items()}
    formulas = {g.get("id"): formula(g.find(MATH)) for g in root.iter(f"{SED}dataGenerator")}
    asked = {d.get("label"): d.get("dataReference") for d in root.iter(f"{SED}dataSet")}
    found = {
        label: eval(formulas[generator], {"__builtins__": {}}, known)
        for label, generator in asked.items()
        if generator != "time"
    }
    return times, found


def course_of(
    sbml: str, times: np.ndarray, names: list[str], tolerances: tuple[float, float], runner: Any
) -> dict[str, np.ndarray]:
    """In libRoadRunner if there is one, else in the own engine."""
    if runner is None:
        values = engine.load(sbml).simulate(None, None, times, names, rtol=tolerances[0]).values[0]
    else:
        runner.resetToOrigin()
        for setting, value in zip(("relative_tolerance", "absolute_tolerance"), tolerances, strict=True):
            runner.integrator.setValue(setting, value)
        runner.integrator.setValue("maximum_num_steps", 1_000_000)
        values = np.asarray(runner.simulate(times=times.tolist(), selections=["time", *names]))[:, 1:]
    return {name: values[:, k] for k, name in enumerate(names)}


def formula(math: ElementTree.Element) -> str:
    text = ElementTree.tostring(math, encoding="unicode")
    return libsbml.formulaToL3String(libsbml.readMathMLFromString(text))


def test_the_manifest_lists_what_is_inside(files):
    space = "{http://identifiers.org/combine.specifications/omex-manifest}"
    listed = {c.get("location"): c for c in ElementTree.fromstring(files["manifest.xml"]).iter(f"{space}content")}
    assert set(listed) == {".", *(f"./{name}" for name in files)}
    assert [where for where, c in listed.items() if c.get("master") == "true"] == ["./simulation.sedml"]


def test_the_sedml_is_valid(files):
    assert findings(files["simulation.sedml"]) == []
    assert findings(files["simulation.sedml"].replace('kisaoID="KISAO:0000019"', 'kisaoId="x"', 1))
    root = ElementTree.fromstring(files["simulation.sedml"])
    assert root.tag == f"{{{NAMESPACE}}}sedML"
    assert len(root.findall(f".//{{{NAMESPACE}}}plot2D")) == 6


def test_the_metadata_says_whose_model_and_what_it_is_not_for(files):
    text = files["metadata.rdf"]
    ElementTree.fromstring(text)
    assert "Everything at once" in text
    assert "Research use only" in text
    assert "Time 0 of the model is day -4" in text


def test_the_same_scenario_gives_the_same_bytes(setting):
    assert omex(setting) == omex(setting)


def test_run_from_the_archive_alone_it_is_the_same_course(setting, files):
    times, found = run(files["simulation.sedml"], files["model.xml"])
    days = times + setting.start
    ours = simulate(dataclasses.replace(setting, times=days))
    assert list(found) == list(setting.scenario.observe)
    quiet = ~np.isin(days, setting.protocol["time"])  # at an action, two simulators may show either side of it
    assert quiet.sum() > 10
    for text, values in found.items():
        largest = np.abs(values).max()
        np.testing.assert_allclose(values[quiet], ours.values[text][0][quiet], rtol=AGREE, atol=AGREE * largest)


def test_libroadrunner_runs_the_archive_of_the_whole_model(setting, files, whole):
    """The archive in another simulator, at the tolerances it asks for, against the scenario's own run."""
    assert files["model.xml"] == exported_sbml(setting)
    times, found = run(files["simulation.sedml"], files["model.xml"], "roadrunner", whole)
    days = times + setting.start
    ours = simulate(dataclasses.replace(setting, times=days))
    quiet = ~np.isin(days, setting.protocol["time"])
    assert quiet.sum() > 10
    assert set(found) == set(setting.scenario.observe)
    for text, values in found.items():
        largest = np.abs(values).max()
        np.testing.assert_allclose(values[quiet], ours.values[text][0][quiet], rtol=AGREE, atol=AGREE * largest)


def test_libroadrunner_runs_the_same_sedml():
    import antimony

    antimony.clearPreviousLoads()
    antimony.loadAntimonyString(
        "model small()\nx' = -k*x; y' = k*x; x = 8; y = 1; k = 0.1; z := x + y;\nat time >= 3.2: x = x + 4;\nend"
    )
    sbml = antimony.getSBMLString("small")
    text = sedml("model.xml", ["x", "x/y", "(x + y)*2 - z"], 12.0, 2.0)
    assert findings(text) == []
    _, ours = run(text, sbml)
    _, theirs = run(text, sbml, "roadrunner")
    assert set(ours) == {"x", "x/y", "(x + y)*2 - z"}
    for label, values in ours.items():
        np.testing.assert_allclose(values, theirs[label], rtol=1e-6)
    assert ours["x"][2] > ours["x"][1]


def test_a_person_s_values_are_in_the_model(setting):
    model = libsbml.readSBMLFromString(exported_sbml(setting))
    initial = setting.values(0)[1]
    assert model.getModel().getParameter("tumour_volume").getValue() == pytest.approx(initial["tumour_volume"])
    assert model.getModel().getName() == "Everything at once"
