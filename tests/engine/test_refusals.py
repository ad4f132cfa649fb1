"""What is outside the supported subset is refused by feature and element, all of it at once."""

from __future__ import annotations

from types import SimpleNamespace

import libsbml
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
