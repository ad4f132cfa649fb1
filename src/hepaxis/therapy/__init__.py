"""What can be given, turned into dosing protocol rows.

``regimen`` and ``arm`` say what a thing is, with evidence; ``protocol`` turns a list of ids into rows (time, lever,
action, amount, component), ``parameters`` gives the drugs' own values to hold; ``exposure_protocol`` does the same for
what the patient already took and says what it cannot stand for.  ``full_protocol`` puts both on one time line.  A
``Component`` changes the timing, donor or lead-in of an id; ``Lanes`` holds what differs between patients of a batch.
"""

from hepaxis.therapy.antibiotics import AntibioticClass, ExposureKind, antibiotic_class, exposure
from hepaxis.therapy.arms import Arm, DonorShares, Pull, arm, arm_ids, donor_shares
from hepaxis.therapy.component import Component, LeadIn, Part, component, component_faults, component_pulls
from hepaxis.therapy.lanes import Lanes
from hepaxis.therapy.levers import GUILDS, HABITUAL_CARBOHYDRATE, Lever, levers
from hepaxis.therapy.pharmacokinetics import REFERENCE_ALBUMIN, Drug, DrugValue, drug, parameters
from hepaxis.therapy.protocol import exposure_protocol, full_protocol, protocol
from hepaxis.therapy.regimens import REFERENCE_WEIGHT, Dose, Regimen, regimen, regimen_ids

__all__ = [
    "GUILDS",
    "HABITUAL_CARBOHYDRATE",
    "REFERENCE_ALBUMIN",
    "REFERENCE_WEIGHT",
    "AntibioticClass",
    "Arm",
    "Component",
    "DonorShares",
    "Dose",
    "Drug",
    "DrugValue",
    "ExposureKind",
    "Lanes",
    "LeadIn",
    "Lever",
    "Part",
    "Pull",
    "Regimen",
    "antibiotic_class",
    "arm",
    "arm_ids",
    "component",
    "component_faults",
    "component_pulls",
    "donor_shares",
    "drug",
    "exposure",
    "exposure_protocol",
    "full_protocol",
    "levers",
    "parameters",
    "protocol",
    "regimen",
    "regimen_ids",
]
