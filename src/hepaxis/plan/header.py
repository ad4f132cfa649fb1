"""The head of a plan: who, what is known, what is planned, and the time line by day."""

from __future__ import annotations

from hepaxis import therapy
from hepaxis.patient import Exposure, Patient
from hepaxis.patient.score import Score
from hepaxis.patient.scores import scores
from hepaxis.plan.sample import Sample
from hepaxis.plan.schema import Fact, TimelineItem

SEX = {"male": "man", "female": "woman"}
CAUSES = {
    "hbv": "HBV",
    "hcv": "HCV",
    "masld": "MASLD",
    "mash": "MASH",
    "alcohol": "alcohol",
    "metald": "MetALD",
}
UNKNOWN = "not known"


def title(patient: Patient, folder_name: str) -> str:
    """``EX-01, man, 61 years, hepatocellular carcinoma``; what is not known is left out."""
    parts = [patient.id or folder_name]
    if patient.demographics.sex in SEX:
        parts.append(SEX[patient.demographics.sex])
    if patient.demographics.age is not None:
        parts.append(f"{patient.demographics.age:.0f} years")
    return ", ".join([*parts, "hepatocellular carcinoma"])


def facts(patient: Patient, sample: Sample | None, regimen: str) -> tuple[Fact, ...]:
    """The header's facts, each known or said to be unknown."""
    found = scores(patient)
    causes = patient.aetiology.causes
    antibiotics = patient.courses("antibiotic")
    ppi = patient.courses("ppi")
    rows = [
        Fact("Aetiology", ", ".join(CAUSES.get(c, c) for c in causes) if causes else UNKNOWN, bool(causes)),
        _score(found["bclc"]),
        _score(found["child_pugh"]),
        _score(found["albi"]),
        _score(found["crafity"]),
        _score(found["sum_of_diameters"]),
        Fact("Planned", therapy.regimen(regimen).label),
        Fact("Antibiotic", "; ".join(_course(c) for c in antibiotics) or "none recorded", True),
        Fact("Acid suppression", "; ".join(_course(c) for c in ppi) or "none recorded", True),
        Fact("Stool sample", _sample(patient, sample), sample is not None),
        Fact("Profile coverage", UNKNOWN if sample is None else f"{sample.coverage:.0%} of abundance with known traits",
             sample is not None),
        Fact("PD-L1", UNKNOWN if patient.biomarkers.pdl1 is None else f"{patient.biomarkers.pdl1:g}%",
             patient.biomarkers.pdl1 is not None, "a weak marker: moves the prediction little"),
    ]  # fmt: skip
    return tuple(rows)


def _score(score: Score) -> Fact:
    text = str(score).removeprefix(score.label).split(";")[0].strip()
    if score.id == "albi" and score.value is not None:
        text = f"{score.value:.2f}, grade {' or '.join(score.grades)}".replace("-", "\u2212")
    known = score.value is not None or score.grade is not None
    return Fact(score.label, text or UNKNOWN, known, f"missing: {', '.join(score.missing)}" if score.missing else "")


def _course(course: Exposure) -> str:
    name = course.drug or course.kind or "exposure"
    if course.start_day is None:
        return f"{name}, days not known"
    if course.end_day is None:
        return f"{name}, {'since' if course.ongoing else 'from'} day {_day(course.start_day)}"
    return f"{name}, day {_day(course.start_day)} to {_day(course.end_day)}"


def _day(day: float) -> str:
    return f"{day:.0f}".replace("-", "\u2212")


def _sample(patient: Patient, sample: Sample | None) -> str:
    if sample is None:
        return "none"
    day = patient.stool.day
    return f"{'day not known' if day is None else 'day ' + _day(day)}, {sample.profile.format}"


def _therapy(id: str | None) -> str:
    if not id:
        return "prior therapy"
    return therapy.regimen(id).label if id in therapy.regimen_ids() else id


def timeline(patient: Patient, regimen: str, horizon_days: float) -> tuple[TimelineItem, ...]:
    """Exposures, prior and planned therapy, samples and scans by day relative to the first dose."""
    items: list[TimelineItem] = []
    for course in patient.exposures:
        if course.start_day is None:
            continue
        items.append(
            TimelineItem(
                kind="exposure",
                label=course.drug or course.kind or "exposure",
                start=course.start_day,
                end=None if course.ongoing else course.end_day,
                ongoing=bool(course.ongoing),
                detail=course.indication or course.reason or "",
            )
        )
    for prior in patient.therapy.prior:
        if prior.start_day is not None:
            items.append(
                TimelineItem("therapy", _therapy(prior.regimen), prior.start_day, prior.end_day,
                             detail=f"best response {prior.best_response.upper()}" if prior.best_response else "")
            )  # fmt: skip
    first = patient.therapy.planned[0].start_day if patient.therapy.planned else None
    items.append(
        TimelineItem("therapy", therapy.regimen(regimen).label, first or 0.0, horizon_days, ongoing=True, planned=True)
    )
    if patient.stool.day is not None:
        items.append(TimelineItem("sample", "stool sample", patient.stool.day))
    days = {scan.day for lesion in patient.tumour.lesions for scan in lesion.scans if scan.day is not None}
    items += [TimelineItem("scan", "scan", day) for day in sorted(days)]
    return tuple(items)
