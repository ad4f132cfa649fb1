"""The clinic sheet: record, liver scores, exposures, checks."""

from hepaxis.patient.fields import Field, fields
from hepaxis.patient.folder import PatientFolder, load
from hepaxis.patient.measured import read_metabolites
from hepaxis.patient.record import Exposure, Lesion, Patient, UnknownField
from hepaxis.patient.sheet import from_text, read_sheet

__all__ = [
    "Exposure",
    "Field",
    "Lesion",
    "Patient",
    "PatientFolder",
    "UnknownField",
    "fields",
    "from_text",
    "load",
    "read_metabolites",
    "read_sheet",
]
