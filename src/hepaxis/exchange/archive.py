"""A COMBINE archive (OMEX): the model with its protocol, what to simulate and plot, and its origin, in one file.

Source: COMBINE archive format (doi:10.1186/s12859-014-0369-z).  Entries carry one fixed date, so that the same scenario
gives the same bytes.
"""

from __future__ import annotations

import io
import zipfile
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import hepaxis
from hepaxis import axis
from hepaxis.exchange.events import sbml_with_protocol
from hepaxis.exchange.sedml import sedml
from hepaxis.exchange.setting import Setting

MODEL, SIMULATION, METADATA, SCENARIO, MANIFEST = (
    "model.xml", "simulation.sedml", "metadata.rdf", "scenario.yaml", "manifest.xml",
)  # fmt: skip
SPECIFICATIONS = "http://identifiers.org/combine.specifications"
FORMATS = {
    ".": f"{SPECIFICATIONS}/omex",
    MANIFEST: f"{SPECIFICATIONS}/omex-manifest",
    MODEL: f"{SPECIFICATIONS}/sbml.level-3.version-2",
    SIMULATION: f"{SPECIFICATIONS}/sed-ml.level-1.version-4",
    METADATA: f"{SPECIFICATIONS}/omex-metadata",
    SCENARIO: "https://purl.org/NET/mediatypes/application/yaml",
}
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date a zip can hold


def exported_sbml(setting: Setting, person: int = 0) -> str:
    """The model of one person (counted from 0) of a setting, its protocol as events; time 0 is the start."""
    parameters, initial = setting.values(person)
    return sbml_with_protocol(
        axis.build().sbml, setting.protocol, parameters, initial, start=setting.start, name=setting.scenario.name
    )


def omex(setting: Setting, person: int = 0) -> bytes:
    """The archive of one person (counted from 0) of a setting."""
    scenario = setting.scenario
    texts = {
        MANIFEST: _manifest(),
        MODEL: exported_sbml(setting, person),
        SIMULATION: sedml(MODEL, scenario.observe, scenario.days - setting.start, scenario.every, name=scenario.name),
        METADATA: _metadata(setting),
        SCENARIO: scenario.text,
    }
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, text in texts.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text)
    return held.getvalue()


def _manifest() -> str:
    root = ElementTree.Element("omexManifest", {"xmlns": f"{SPECIFICATIONS}/omex-manifest"})
    for location, form in FORMATS.items():
        where = location if location == "." else f"./{location}"
        content = {"location": where, "format": form} | ({"master": "true"} if location == SIMULATION else {})
        ElementTree.SubElement(root, "content", content)
    ElementTree.indent(root, " ")
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _metadata(setting: Setting) -> str:
    scenario, model = setting.scenario, axis.build()
    start = f"Time 0 of the model is day {setting.start:g} of the scenario." if setting.start else ""
    said = f"hepaxis {hepaxis.__version__}, model {model.hash}. {start} {hepaxis.STATEMENT}"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dcterms="http://purl.org/dc/terms/">\n'
        ' <rdf:Description rdf:about=".">\n'
        f"  <dcterms:title>{escape(scenario.name)}</dcterms:title>\n"
        f"  <dcterms:description>{escape(' '.join(said.split()))}</dcterms:description>\n"
        " </rdf:Description>\n</rdf:RDF>\n"
    )
