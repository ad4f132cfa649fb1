"""The clinic sheet: record, liver scores, exposures, checks.

``load(folder)`` reads a patient's folder, ``scores(record)`` works out what a clinician would, ``check(path)`` lists
every problem of a folder, sheet, table or profile at once, ``template()`` is a commented empty sheet.
"""

from hepaxis.patient.burden import Growth, growth, sphere_ml, target_lesions
from hepaxis.patient.check import check, check_cohort, check_labels
from hepaxis.patient.fields import Field, fields
from hepaxis.patient.folder import PatientFolder, load
from hepaxis.patient.later import FollowUp, later_columns
from hepaxis.patient.measured import metabolite_names, read_metabolites
from hepaxis.patient.record import Exposure, Lesion, Patient, UnknownField
from hepaxis.patient.score import Score
from hepaxis.patient.scores import scores
from hepaxis.patient.sheet import from_text, read_sheet
from hepaxis.patient.template import template

__all__ = [
    "Exposure",
    "Field",
    "FollowUp",
    "Growth",
    "Lesion",
    "Patient",
    "PatientFolder",
    "Score",
    "UnknownField",
    "check",
    "check_cohort",
    "check_labels",
    "fields",
    "from_text",
    "growth",
    "later_columns",
    "load",
    "metabolite_names",
    "read_metabolites",
    "read_sheet",
    "scores",
    "sphere_ml",
    "target_lesions",
    "template",
]
