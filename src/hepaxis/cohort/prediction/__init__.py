"""Prediction of response, judged so that leakage cannot flatter it.

``evaluate`` judges every learner and baseline on people and cohorts it has not seen, ``predict_elsewhere`` carries a
model to another table and says how much of it arrived, ``calibration`` and ``net_benefit`` say what predictions are
worth.
"""

from hepaxis.cohort.prediction.evaluate import Evaluation, Judged, TooSmall, evaluate
from hepaxis.cohort.prediction.external import Elsewhere, predict_elsewhere
from hepaxis.cohort.prediction.inputs import Inputs
from hepaxis.cohort.prediction.measures import (
    Area,
    Calibration,
    area,
    area_of_people,
    area_within,
    calibration,
    difference,
    net_benefit,
)

__all__ = [
    "Area",
    "Calibration",
    "Elsewhere",
    "Evaluation",
    "Inputs",
    "Judged",
    "TooSmall",
    "area",
    "area_of_people",
    "area_within",
    "calibration",
    "difference",
    "evaluate",
    "net_benefit",
    "predict_elsewhere",
]
