"""The one-file reading copy is the model: loaded by Antimony alone, it is the assembled SBML."""

from __future__ import annotations

import antimony
import libsbml
import pytest

from hepaxis.axis import assemble
from hepaxis.axis.reading import mathematics, reading_copy


@pytest.fixture(scope="module")
def text() -> str:
    return reading_copy()


@pytest.fixture(scope="module")
def loaded(text) -> str:
    """By Antimony alone, nothing of ours in between."""
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(text) >= 0, antimony.getLastError()
    return antimony.getSBMLString(assemble.MODEL_ID)


def terms(sbml: str) -> set[tuple[str, int, str]]:
    document = libsbml.readSBMLFromString(sbml)
    return {
        (one.getId(), term.getBiologicalQualifierType(), term.getResourceURI(0))
        for one in document.getModel().getListOfParameters()
        for term in (one.getCVTerm(k) for k in range(one.getNumCVTerms()))
    }


def test_antimony_alone_loads_the_assembled_model(model, loaded):
    # Antimony leaves literals without a unit, the assembler writes it.
    assert mathematics(loaded, units_of_literals=False) == mathematics(model.sbml, units_of_literals=False)


def test_units_of_literals_agree_once_the_assembler_has_written_them(model, text):
    assert mathematics(assemble.to_sbml(text)) == mathematics(model.sbml)


def test_ontology_terms_agree(model, loaded):
    assert terms(loaded) == terms(model.sbml)
    assert terms(loaded)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("net_growth := (1", "net_growth := (2"),
        ("tau = ", "tau = 1"),
        ("treg' = ", "treg' = 2*"),
        ("day = 86400", "day = 3600"),
    ],
)
def test_another_value_equation_or_unit_is_another_model(model, text, old, new):
    assert old in text
    antimony.clearPreviousLoads()
    assert antimony.loadAntimonyString(text.replace(old, new)) >= 0
    changed = mathematics(antimony.getSBMLString(assemble.MODEL_ID), units_of_literals=False)
    assert changed != mathematics(model.sbml, units_of_literals=False)


def test_every_comment_of_the_mechanism_files_is_kept(text):
    for path in (assemble.Path(assemble.__file__).parent / "modules").glob("*.ant"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("//") and not line.startswith("//@"):
                assert line in text, f"{path.name}: {line}"


def test_every_value_has_its_grade_and_reason_beside_it(model, text):
    lines = {line.split(" = ")[0]: line for line in text.splitlines() if " = " in line and not line.startswith("//")}
    for name, row in model.parameters.iterrows():
        assert f"[{row['grade']}]" in lines[name]
        for said in (row["note"], row["source"]):
            assert " ".join(said.split()) in lines[name]


def test_shorthand_stands_once_and_unopened_beside_its_copies(text):
    assert "links[interaction {guild}:" in text
    assert text.count("//   res_{guild}' =") == 1
    assert "\nres_but' =" in text
    assert "//@" not in text.split("model hepaxis()")[1]
