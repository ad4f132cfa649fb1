"""Tumour stage (BCLC 2022) and the CRAFITY score.

BCLC: end-stage function or performance 3-4 is D; performance 1-2, macrovascular invasion or extrahepatic spread C;
one nodule, or up to three of 3 cm, A (one of 2 cm with preserved function 0); more is B (10.1016/j.jhep.2021.11.018).
The stage is worked out for every value the missing inputs could have, so it is a set, not a guess.
CRAFITY: a point each for AFP >= 100 ng/mL and CRP >= 1 mg/dL (10.1016/j.jhep.2021.09.035).
"""

from __future__ import annotations

import itertools

from hepaxis.patient.fields import fields
from hepaxis.patient.liver_scores import child_pugh
from hepaxis.patient.record import Patient
from hepaxis.patient.score import Score

STAGES = ("0", "A", "B", "C", "D")
VERY_EARLY_MM = 20.0  # 10.1016/j.jhep.2021.11.018
EARLY_MM = 30.0
EARLY_COUNT = 3
AFP_LIMIT = 100.0  # ng/mL, 10.1016/j.jhep.2021.09.035
CRP_LIMIT = 10.0  # mg/L (1 mg/dL), same
CRAFITY_GRADES = ("low", "intermediate", "high")
_STAND_INS = {0: 0, 1: 1, 3: 3}  # one performance status of each group that BCLC tells apart


def bclc(patient: Patient) -> Score:
    """BCLC stages still possible, in order, with what was assumed and which inputs would settle it."""
    assumed = ["Child-Pugh C counts as end-stage liver function (no transplant candidate)"]
    ecog = patient.demographics.ecog
    statuses = tuple(_STAND_INS) if ecog is None else (ecog,)
    classes = child_pugh(patient).grades or ("A", "B", "C")
    invasion = _spreads(patient)
    burdens = _burdens(patient, assumed)
    if ecog is not None and ecog in (1, 2):
        assumed.append("performance status 1-2 is taken as caused by the tumour")
    found = {_stage(*case) for case in itertools.product(statuses, classes, invasion, burdens)}
    nothing = ecog is None and len(classes) == len("ABC") and len(invasion) > 1 and burdens == ALL_BURDENS
    stages = () if nothing else tuple(stage for stage in STAGES if stage in found)
    missing = () if len(stages) == 1 else _missing(patient, burdens)
    detail = {"tumour burden": " or ".join(burdens), "Child-Pugh": " or ".join(classes)}
    return Score(
        "bclc", "BCLC", "1", None, None, None, stages, missing, tuple(assumed), detail,
        "D: ECOG 3-4 or Child-Pugh C; C: ECOG 1-2, macrovascular invasion or extrahepatic spread; B: beyond A; "
        "A: one nodule, or up to 3 of 3 cm or less; 0: one of 2 cm or less with Child-Pugh A",
        "10.1016/j.jhep.2021.11.018",
    )  # fmt: skip


ALL_BURDENS = ("very early", "early", "beyond early")


def _stage(ecog: int, liver: str, spread: bool, burden: str) -> str:
    if ecog > 2 or liver == "C":
        return "D"
    if ecog > 0 or spread:
        return "C"
    if burden == "very early":
        return "0" if liver == "A" else "A"
    return "A" if burden == "early" else "B"


def _spreads(patient: Patient) -> tuple[bool, ...]:
    """Whether the tumour has left the nodules: settled by one yes or two noes, else both are possible."""
    tumour = patient.tumour
    vein = None if tumour.portal_vein is None else tumour.portal_vein != "vp0"
    invaded = tumour.macrovascular_invasion if tumour.macrovascular_invasion is not None else vein
    outside = any(lesion.organ not in (None, "liver") for lesion in tumour.lesions)
    if invaded or vein or tumour.extrahepatic_spread or outside:
        return (True,)
    return (False,) if invaded is False and tumour.extrahepatic_spread is False else (False, True)


def _burdens(patient: Patient, assumed: list[str]) -> tuple[str, ...]:
    tumour = patient.tumour
    inside = [lesion for lesion in tumour.lesions if lesion.organ in (None, "liver")]
    count = tumour.lesion_count
    if count is None and inside:
        count = len(inside)
        assumed.append(f"the {count} liver lesion{'s' if count > 1 else ''} listed are all there are")
    if not count:
        return ALL_BURDENS
    if count > EARLY_COUNT or any(lesion.infiltrative for lesion in inside):
        return ("beyond early",)
    sizes = [lesion.diameter for lesion in inside if lesion.diameter is not None]
    if count == 1:
        return ("very early", "early") if not sizes else ("very early" if sizes[0] <= VERY_EARLY_MM else "early",)
    if any(size > EARLY_MM for size in sizes):
        return ("beyond early",)
    return ("early",) if len(sizes) == count else ("early", "beyond early")


def _missing(patient: Patient, burdens: tuple[str, ...]) -> tuple[str, ...]:
    paths = ["demographics.ecog"] if patient.demographics.ecog is None else []
    if len(_spreads(patient)) > 1:
        pair = ("tumour.macrovascular_invasion", "tumour.extrahepatic_spread")
        paths += [path for path in pair if patient.value(path) is None]
    labels = tuple(fields()[path].label for path in paths)
    liver = child_pugh(patient)
    labels += liver.missing if liver.grade is None else ()
    return labels + (("Number and size of liver lesions",) if len(burdens) > 1 else ())


def crafity(patient: Patient) -> Score:
    """CRAFITY 0-2 (low, intermediate, high); a missing input leaves a range of one point."""
    blood = patient.blood
    points = {
        "blood.afp": None if blood.afp is None else int(blood.afp >= AFP_LIMIT),
        "blood.crp": None if blood.crp is None else int(blood.crp >= CRP_LIMIT),
    }
    missing = tuple(fields()[path].label for path, got in points.items() if got is None)
    low = sum(got or 0 for got in points.values())
    high = sum(1 if got is None else got for got in points.values())
    nothing = len(missing) == len(points)
    return Score(
        "crafity", "CRAFITY", "points",
        None if missing else float(low),
        None if nothing else float(low),
        None if nothing else float(high),
        () if nothing else CRAFITY_GRADES[low : high + 1],
        missing,
        tuple(f"{fields()[path].label} taken at its limit" for path in points if path in patient.limits),
        {fields()[path].label: "not known" if got is None else str(got) for path, got in points.items()},
        "1 point each for AFP >= 100 ng/mL and CRP >= 1 mg/dL",
        "10.1016/j.jhep.2021.09.035",
    )  # fmt: skip
