"""SBML text into a libSBML document that can be translated, or every reason why it cannot.

Held: hostile text never reaches libSBML (``guard``); what libSBML itself calls an error and packages that would change
the mathematics are refused together.
"""

from __future__ import annotations

import libsbml

from .faults import Fault, UnsupportedModel
from .guard import guard

# A package libSBML reports as required which only adds functions this front end knows.
KNOWN_PACKAGES = frozenset({"l3v2extendedmath"})


def parsed(text: str) -> libsbml.SBMLDocument:
    """The document, with a model.  Raises UnsupportedModel."""
    guard(text)
    document = libsbml.readSBMLFromString(text)
    faults = [
        Fault(document.getError(k).getMessage().strip().split("\n")[0], f"SBML line {document.getError(k).getLine()}")
        for k in range(document.getNumErrors())
        if document.getError(k).getSeverity() >= libsbml.LIBSBML_SEV_ERROR
    ]
    if document.getModel() is None:
        raise UnsupportedModel(faults or [Fault("the text holds no SBML model")])
    faults += _required_packages(document)
    if faults:
        raise UnsupportedModel(faults)
    return document


def _required_packages(document: libsbml.SBMLDocument) -> list[Fault]:
    names = [document.getPlugin(k).getPackageName() for k in range(document.getNumPlugins())]
    faults = [
        Fault(f"unsupported: SBML package '{n}'")
        for n in names
        if n not in KNOWN_PACKAGES and document.getPackageRequired(n)
    ]
    for k in range(document.getNumUnknownPackages()):
        if document.getPackageRequired(document.getUnknownPackageURI(k)):
            faults.append(Fault(f"unsupported: SBML package '{document.getUnknownPackagePrefix(k)}'"))
    return faults
