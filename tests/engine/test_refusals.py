"""What is outside the supported subset is refused by feature and element, all at once; hostile text before parsing."""

from __future__ import annotations

import time
from types import SimpleNamespace

import libsbml
import numpy as np
import pandas as pd
import pytest

from hepaxis import engine


def built(models: SimpleNamespace) -> libsbml.SBMLDocument:
    return libsbml.readSBMLFromString(models.sbml("x' = -k*x; x = 1; k = 0.5; y = 2; z = 3;"))


def test_delay_and_algebraic_rule_are_named_together(models: SimpleNamespace) -> None:
    document = built(models)
    model = document.getModel()
    rule = model.createAlgebraicRule()
    rule.setMath(libsbml.parseL3Formula("y + z - 5"))
    model.getRule("x").setMath(libsbml.parseL3Formula("-k*delay(x, 2)"))
    with pytest.raises(engine.UnsupportedModel) as caught:
        engine.load(libsbml.writeSBMLToString(document))
    assert "algebraic rule" in str(caught.value)
    model.removeRule(1)
    with pytest.raises(engine.UnsupportedModel, match="delay in 'x'"):
        engine.load(libsbml.writeSBMLToString(document))


def test_unknown_names_and_circles(models: SimpleNamespace) -> None:
    document = built(models)
    document.getModel().getRule("x").setMath(libsbml.parseL3Formula("-k*nothing"))
    with pytest.raises(engine.UnsupportedModel, match=r"nothing"):
        engine.load(libsbml.writeSBMLToString(document))
    document = built(models)
    for name, formula in (("y", "z + 1"), ("z", "y + 1")):
        document.getModel().getParameter(name).setConstant(False)
        rule = document.getModel().createAssignmentRule()
        rule.setVariable(name)
        rule.setMath(libsbml.parseL3Formula(formula))
    with pytest.raises(engine.UnsupportedModel, match="circular"):
        engine.load(libsbml.writeSBMLToString(document))


def test_text_that_is_no_model() -> None:
    with pytest.raises(engine.UnsupportedModel):
        engine.load("not SBML")
    with pytest.raises(engine.UnsupportedModel):
        engine.load("")


HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>{doctype}'
    '<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1"><model>{functions}'
    '<listOfParameters><parameter id="x" value="1" constant="false"/><parameter id="k" value="2" constant="true"/>'
    '</listOfParameters><listOfRules><rateRule variable="x"><math xmlns="http://www.w3.org/1998/Math/MathML">{math}</math>'
    "</rateRule></listOfRules></model></sbml>"
)


def hostile(math: str, doctype: str = "", functions: str = "") -> str:
    return HEAD.format(math=math, doctype=doctype, functions=functions)


def doubling(levels: int) -> str:
    """Functions each of which calls the one before twice: 2^levels calls."""
    head, x = '<functionDefinition id="f{k}"><math xmlns="http://www.w3.org/1998/Math/MathML"><lambda>', "<ci>a</ci>"
    bound = f"<bvar>{x}</bvar>"
    made = [head.format(k=0) + bound + x + "</lambda></math></functionDefinition>"]
    for k in range(1, levels):
        call = f"<apply><ci>f{k - 1}</ci>{x}</apply>"
        body = f"<apply><plus/>{call}{call}</apply>"
        made.append(head.format(k=k) + bound + body + "</lambda></math></functionDefinition>")
    return f"<listOfFunctionDefinitions>{''.join(made)}</listOfFunctionDefinitions>"


LAUGHS = '<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
FILE = '<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (hostile("<apply><minus/>" * 100_000 + "<ci>x</ci>" + "</apply>" * 100_000), "deep"),
        (hostile("<apply><minus/>" * 400 + "<ci>x</ci>" + "</apply>" * 400), "deep"),
        (hostile("<apply><plus/>" + "<ci>x</ci>" * 1_000_000 + "</apply>"), "operands"),
        (hostile("<ci>&b;</ci>", doctype=LAUGHS), "document type"),
        (hostile("<ci>&a;</ci>", doctype=FILE), "document type"),
        (hostile("<ci>&a;</ci>"), "entity"),
        (hostile("<cn>1e999</cn>"), "double"),
        (hostile("<ci>x\0</ci>"), "invalid token"),
        (hostile("<ci>x</ci>" * 3)[:-20], "XML"),
        (" " * 60_000_000, "60 MB"),
        (hostile("<apply><ci>f59</ci><ci>x</ci></apply>", functions=doubling(60)), "functions are expanded"),
    ],
    ids=["deep", "too_deep", "wide", "laughs", "file", "undeclared", "huge", "nul", "cut", "long", "doubling"],
)
def test_hostile_text_is_refused_in_bounded_time(text: str, said: str) -> None:
    began = time.process_time()
    with pytest.raises(engine.UnsupportedModel, match=said):
        engine.load(text)
    assert time.process_time() - began < 60.0


def test_a_long_sum_is_no_deep_one() -> None:
    model = engine.load(hostile("<apply><plus/>" + "<ci>k</ci>" * 2_000 + "</apply>"))
    run = model.simulate(times=np.array([0.0, 1.0]))
    assert run.of("x")[0, -1] == pytest.approx(1.0 + 4_000.0, rel=1e-6)


def test_a_value_that_is_no_number_fails_the_patient_and_not_the_process() -> None:
    run = engine.load(hostile("<notanumber/>")).simulate(times=np.array([0.0, 1.0]))
    assert list(run.failures["patient"]) == [0]


def test_a_million_dose_rows_are_checked_and_carried_out() -> None:
    model = engine.load(hostile("<apply><minus/><ci>x</ci></apply>"))
    rows = 1_000_000
    protocol = pd.DataFrame(
        {"time": np.linspace(0.0, 10.0, rows), "target": "x", "action": "add", "amount": 1.0, "patient": 0}
    )
    began = time.process_time()
    with pytest.raises(engine.ProtocolError, match="'y'") as caught:
        model.simulate(times=np.array([0.0, 10.0]), protocol=protocol.assign(target="y"))
    assert "999000 further rows" in str(caught.value)
    run = model.simulate(times=np.array([0.0, 10.0]), protocol=protocol, max_steps=100 * rows)
    assert time.process_time() - began < 60.0
    assert run.failures.empty
    # as good as an inflow of 1e5 a time unit that is lost at a rate of 1
    assert run.of("x")[0, -1] == pytest.approx(rows / 10.0, rel=1e-3)
