"""Every clinical score of a patient, in the order a clinician reads them."""

from __future__ import annotations

from hepaxis.patient.burden import sum_of_diameters, tumour_volume
from hepaxis.patient.liver_scores import albi, child_pugh
from hepaxis.patient.record import Patient
from hepaxis.patient.score import Score
from hepaxis.patient.stage import bclc, crafity


def scores(patient: Patient) -> dict[str, Score]:
    """``bclc, child_pugh, albi, crafity, sum_of_diameters, tumour_volume`` -> Score."""
    every = (bclc, child_pugh, albi, crafity, sum_of_diameters, tumour_volume)
    return {score.id: score for score in (work_out(patient) for work_out in every)}
