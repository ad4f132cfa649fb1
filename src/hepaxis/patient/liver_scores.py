"""Liver function: ALBI with its modified grade, and Child-Pugh.

ALBI = 0.66 log10(bilirubin, umol/L) - 0.085 albumin, g/L (10.1200/JCO.2014.57.9151, equation in the results before
its table 2).  Child-Pugh sums five items of 1-3 points; the albumin limit of 28 g/L is the common one, some textbooks
print 30.  Neither corrects for albumin infusions or for Gilbert's syndrome.
"""

from __future__ import annotations

import math

from hepaxis.patient.fields import fields
from hepaxis.patient.record import Patient
from hepaxis.patient.score import Score

BILIRUBIN_WEIGHT = 0.66  # per log10 umol/L, 10.1200/JCO.2014.57.9151
ALBUMIN_WEIGHT = -0.085  # per g/L, same
GRADE_1_UP_TO = -2.60  # same
GRADE_2A_UP_TO = -2.27  # mALBI, as printed in 10.4251/wjgo.v15.i10.1771 table 1
GRADE_2_UP_TO = -1.39  # 10.1200/JCO.2014.57.9151

UMOL_PER_MG_DL = 17.104  # bilirubin, molar mass 584.66 g/mol
BILIRUBIN_LIMITS = (2 * UMOL_PER_MG_DL, 3 * UMOL_PER_MG_DL)  # umol/L; 2 and 3 mg/dL, MSD Manual table
ALBUMIN_LIMITS = (35.0, 28.0)  # g/L
INR_LIMITS = (1.7, 2.3)
ASCITES_POINTS = {"none": 1, "mild": 2, "moderate": 3, "severe": 3}
ENCEPHALOPATHY_POINTS = {"none": 1, "grade_1_2": 2, "grade_3_4": 3}
CLASSES = (("A", 5, 6), ("B", 7, 9), ("C", 10, 15))
ROUNDING = 1e-9  # 3 mg/dL turned into umol/L and back must stay on its side of the limit


def albi(patient: Patient) -> Score:
    """ALBI score, grade (1, 2, 3) in ``grades`` and the mALBI grade (1, 2a, 2b, 3) in ``detail``."""
    bilirubin, albumin = patient.liver.bilirubin, patient.liver.albumin
    missing = _missing(patient, "liver.bilirubin", "liver.albumin")
    value = grade = None
    detail: dict[str, str] = {}
    if bilirubin is not None and albumin is not None:
        value = BILIRUBIN_WEIGHT * math.log10(bilirubin) + ALBUMIN_WEIGHT * albumin
        modified = modified_grade(value)
        grade = modified[0]
        detail = {"mALBI": modified}
    return Score(
        "albi", "ALBI", "1", value, value, value, (grade,) if grade else (), missing, _at_limit(patient), detail,
        "0.66 log10(bilirubin, umol/L) - 0.085 albumin, g/L; grade 1 to -2.60, 2a to -2.27, 2b to -1.39, 3 above",
        "10.1200/JCO.2014.57.9151; mALBI 10.4251/wjgo.v15.i10.1771 table 1",
    )  # fmt: skip


def modified_grade(score: float) -> str:
    """mALBI grade of a score: 1, 2a, 2b or 3; each limit belongs to the better grade."""
    for grade, limit in (("1", GRADE_1_UP_TO), ("2a", GRADE_2A_UP_TO), ("2b", GRADE_2_UP_TO)):
        if score <= limit:
            return grade
    return "3"


def child_pugh_points(patient: Patient) -> dict[str, int | None]:
    """Points of each item by field path; None for an item that is not on the sheet."""
    liver = patient.liver
    return {
        "liver.bilirubin": _rising(liver.bilirubin, BILIRUBIN_LIMITS),
        "liver.albumin": _falling(liver.albumin, ALBUMIN_LIMITS),
        "liver.inr": _rising(liver.inr, INR_LIMITS),
        "liver.ascites": ASCITES_POINTS.get(liver.ascites or ""),
        "liver.encephalopathy": ENCEPHALOPATHY_POINTS.get(liver.encephalopathy or ""),
    }


def child_pugh(patient: Patient) -> Score:
    """Child-Pugh points and the classes still possible; missing items count 1 in ``low`` and 3 in ``high``."""
    points = child_pugh_points(patient)
    missing = tuple(fields()[path].label for path, got in points.items() if got is None)
    low = sum(1 if got is None else got for got in points.values())
    high = sum(3 if got is None else got for got in points.values())
    nothing = len(missing) == len(points)
    return Score(
        "child_pugh",
        "Child-Pugh",
        "points",
        None if missing else float(low),
        None if nothing else float(low),
        None if nothing else float(high),
        () if nothing else tuple(name for name, first, last in CLASSES if low <= last and high >= first),
        missing,
        _at_limit(patient),
        {fields()[path].label: "not known" if got is None else str(got) for path, got in points.items()},
        "bilirubin <2, 2-3, >3 mg/dL; albumin >35, 28-35, <28 g/L; INR <1.7, 1.7-2.3, >2.3; ascites none, mild, "
        "moderate or severe; encephalopathy none, 1-2, 3-4; A 5-6, B 7-9, C 10-15",
        "items as printed in the MSD Manual (Child-Turcotte-Pugh scoring system)",
    )


def _rising(value: float | None, limits: tuple[float, float]) -> int | None:
    if value is None:
        return None
    return 1 if value < limits[0] - ROUNDING else 2 if value <= limits[1] + ROUNDING else 3


def _falling(value: float | None, limits: tuple[float, float]) -> int | None:
    if value is None:
        return None
    return 1 if value > limits[0] + ROUNDING else 2 if value >= limits[1] - ROUNDING else 3


def _missing(patient: Patient, *paths: str) -> tuple[str, ...]:
    return tuple(fields()[path].label for path in paths if patient.value(path) is None)


def _at_limit(patient: Patient) -> tuple[str, ...]:
    paths = ("liver.bilirubin", "liver.albumin", "liver.inr")
    return tuple(f"{fields()[path].label} taken at its limit" for path in paths if path in patient.limits)
