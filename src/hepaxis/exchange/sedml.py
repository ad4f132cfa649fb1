"""SED-ML Level 1 Version 4: which model is simulated for how long, what is reported and plotted.

Source: SED-ML L1V4 (doi:10.1515/jib-2021-0021).  One uniform time course by an implicit solver, one report of all
that is observed, one plot an observed quantity.  Times are those of the model file, where 0 is the start.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from xml.etree import ElementTree

import libsbml

from hepaxis.population.arms import variable_names

NAMESPACE = "http://sed-ml.org/sed-ml/level1/version4"
SBML = "http://www.sbml.org/sbml/level3/version2/core"
MATHML = "http://www.w3.org/1998/Math/MathML"
LANGUAGE = "urn:sedml:language:sbml.level-3.version-2"
CVODE, RELATIVE, ABSOLUTE = "KISAO:0000019", "KISAO:0000209", "KISAO:0000211"
TOLERANCES = {RELATIVE: "1e-08", ABSOLUTE: "1e-12"}


def sedml(model_file: str, observe: Sequence[str], days: float, every: float, *, name: str = "") -> str:
    """SED-ML text for ``days`` of a model file, written every ``every`` days (the last step ends on or after ``days``).

    observe  variables of the model or expressions of some
    """
    steps = max(1, math.ceil(days / every - 1e-9))
    root = ElementTree.Element("sedML", {"xmlns": NAMESPACE, "xmlns:sbml": SBML, "level": "1", "version": "4"})
    if name:
        root.set("name", name)
    models = ElementTree.SubElement(root, "listOfModels")
    ElementTree.SubElement(models, "model", {"id": "model", "language": LANGUAGE, "source": model_file})
    _simulation(ElementTree.SubElement(root, "listOfSimulations"), steps, every)
    tasks = ElementTree.SubElement(root, "listOfTasks")
    task = {"id": "task", "modelReference": "model", "simulationReference": "course"}
    ElementTree.SubElement(tasks, "task", task)
    generators = ElementTree.SubElement(root, "listOfDataGenerators")
    _generator(generators, "time", "time", {"time": ("symbol", "urn:sedml:symbol:time")}, "time")
    for k, text in enumerate(observe, start=1):
        targets = {variable: ("target", _path(variable)) for variable in variable_names(text)}
        _generator(generators, f"observed_{k}", text, targets, text)
    _outputs(ElementTree.SubElement(root, "listOfOutputs"), observe)
    ElementTree.indent(root, " ")
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _simulation(parent: ElementTree.Element, steps: int, every: float) -> None:
    course = {
        "id": "course",
        "initialTime": "0",
        "outputStartTime": "0",
        "outputEndTime": repr(float(steps * every)),
        "numberOfSteps": str(steps),
    }
    element = ElementTree.SubElement(parent, "uniformTimeCourse", course)
    algorithm = ElementTree.SubElement(element, "algorithm", {"kisaoID": CVODE})
    listed = ElementTree.SubElement(algorithm, "listOfAlgorithmParameters")
    for id, value in TOLERANCES.items():
        ElementTree.SubElement(listed, "algorithmParameter", {"kisaoID": id, "value": value})


def _path(variable: str) -> str:
    return f"/sbml:sbml/sbml:model/sbml:listOfParameters/sbml:parameter[@id='{variable}']"


def _generator(
    parent: ElementTree.Element, id: str, name: str, variables: dict[str, tuple[str, str]], formula: str
) -> None:
    """One quantity: ``variables`` name in the formula -> (symbol or target, which)."""
    element = ElementTree.SubElement(parent, "dataGenerator", {"id": id, "name": name})
    listed = ElementTree.SubElement(element, "listOfVariables")
    for variable, (kind, where) in variables.items():
        one = {"id": f"{id}_{variable}", "name": variable, "taskReference": "task", kind: where}
        ElementTree.SubElement(listed, "variable", one)
    own = re.sub(r"[A-Za-z_]\w*", lambda match: f"{id}_{match[0]}", formula)
    element.append(_math(own))


def _math(formula: str) -> ElementTree.Element:
    """MathML of a formula, its namespace on its own root: the tree's default one is that of SED-ML."""
    text = libsbml.writeMathMLToString(libsbml.parseL3Formula(formula))
    root = ElementTree.fromstring(text.partition("?>")[2])
    for node in root.iter():
        node.tag = node.tag.rpartition("}")[2]
    root.set("xmlns", MATHML)
    return root


def _outputs(parent: ElementTree.Element, observe: Sequence[str]) -> None:
    report = ElementTree.SubElement(parent, "report", {"id": "trajectories", "name": "everything observed"})
    listed = ElementTree.SubElement(report, "listOfDataSets")
    for id, label in (("time", "time"), *((f"observed_{k}", text) for k, text in enumerate(observe, start=1))):
        ElementTree.SubElement(listed, "dataSet", {"id": f"report_{id}", "label": label, "dataReference": id})
    for k, text in enumerate(observe, start=1):
        plot = ElementTree.SubElement(parent, "plot2D", {"id": f"plot_{k}", "name": text})
        curves = ElementTree.SubElement(plot, "listOfCurves")
        curve = {"id": f"curve_{k}", "name": text, "type": "points"}
        curve |= {"xDataReference": "time", "yDataReference": f"observed_{k}"}
        ElementTree.SubElement(curves, "curve", curve)
        ElementTree.SubElement(plot, "xAxis", {"type": "linear", "name": "day"})
        ElementTree.SubElement(plot, "yAxis", {"type": "linear", "name": text})
