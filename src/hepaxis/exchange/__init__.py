"""Scenarios, and the model in the languages of others: SBML with events, SED-ML in a COMBINE archive, PEtab.

``read_scenario`` and ``prepare`` turn a file into people at rest with a protocol; ``simulate`` runs them here;
``sbml_with_protocol``, ``omex`` and ``petab_problem`` hand the same thing to another simulator.
"""

from hepaxis.exchange.archive import exported_sbml, omex
from hepaxis.exchange.events import sbml_with_protocol
from hepaxis.exchange.petab import petab_problem
from hepaxis.exchange.run import Outcome, simulate
from hepaxis.exchange.scenario import Scenario, parse_scenario, read_scenario
from hepaxis.exchange.setting import Setting, prepare

__all__ = [
    "Outcome",
    "Scenario",
    "Setting",
    "exported_sbml",
    "omex",
    "parse_scenario",
    "petab_problem",
    "prepare",
    "read_scenario",
    "sbml_with_protocol",
    "simulate",
]
