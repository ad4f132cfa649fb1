"""What can be given, turned into dosing protocol rows.

``regimen`` and ``arm`` say what a thing is, with evidence; ``protocol`` turns a list of ids into rows (time, lever,
action, amount, component), ``parameters`` gives the drugs' own values to hold; ``exposure_protocol`` does the same for
what the patient already took and says what it cannot stand for.  ``full_protocol`` puts both on one time line.
"""

from hepaxis.therapy.antibiotics import AntibioticClass, ExposureKind, antibiotic_class, exposure
from hepaxis.therapy.arms import Arm, Pull, arm, arm_ids, donor_shares
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
    "Dose",
    "Drug",
    "DrugValue",
    "ExposureKind",
    "Lever",
    "Pull",
    "Regimen",
    "antibiotic_class",
    "arm",
    "arm_ids",
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
