"""Contradictions within one sheet: each value possible by itself, together not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from hepaxis.patient.record import Lesion, Patient
from hepaxis.problems import Problem, error, warning

MAX_TARGETS = 5  # RECIST 1.1 (10.1016/j.ejca.2008.10.026)
MAX_TARGETS_PER_ORGAN = 2
MIN_TARGET_MM = 10.0
MIN_TARGET_NODE_MM = 15.0  # short axis


def contradictions(patient: Patient, file: str, rows: dict[str, int]) -> list[Problem]:
    """Every contradiction, with the line of the field when ``rows`` (path -> line) knows it."""
    found = [*_courses(patient), *_virus(patient), *_lesions(patient), *_spread(patient), *_liver(patient)]
    return [
        (error if severe else warning)(f"patient.{code}", text, hint, file=file, row=rows.get(path), column=path)
        for severe, code, text, hint, path in found
    ]


Finding = tuple[bool, str, str, str, str]


def _courses(patient: Patient) -> Iterator[Finding]:
    for number, course in enumerate(patient.exposures, start=1):
        path = f"exposures[{number}]"
        yield from _order(course.drug or course.kind or "course", course.start_day, course.end_day, path)
        if course.ongoing and course.end_day is not None:
            yield True, "course", f"{course.drug or course.kind} is ongoing and ended", "keep one of the two", path
        if course.kind is None:
            yield True, "course", "an exposure has no kind", "write kind: antibiotic, ppi, steroid ...", path
    for number, prior in enumerate(patient.therapy.prior, start=1):
        path = f"therapy.prior[{number}]"
        yield from _order(prior.regimen or "therapy", prior.start_day, prior.end_day, path)
        if prior.start_day is not None and prior.start_day > 0:
            found = f"earlier therapy {prior.regimen} starts on day {prior.start_day:g}, after the first dose"
            yield False, "prior_after_zero", found, "days before the first dose are negative", path


def _order(name: str, start: float | None, end: float | None, path: str) -> Iterator[Finding]:
    if start is not None and end is not None and end < start:
        found = f"{name} ends on day {end:g}, before it starts on day {start:g}"
        yield True, "days_reversed", found, "swap or correct the days; before the first dose they are negative", path


def _virus(patient: Patient) -> Iterator[Finding]:
    aetiology = patient.aetiology
    causes = aetiology.causes or ()
    if aetiology.hbsag is False and aetiology.hbv_dna and "aetiology.hbv_dna" not in patient.limits:
        found = f"HBV DNA is {aetiology.hbv_dna:g} IU/mL while HBsAg is negative"
        yield False, "hbv", found, "check both; occult infection is possible but rare", "aetiology.hbv_dna"
    if "hcv" in causes and aetiology.hcv == "none":
        yield True, "hcv", "HCV is a cause while hepatitis C is 'none'", "write cured or active", "aetiology.hcv"
    if "hbv" in causes and aetiology.hbsag is None:
        found = "HBV is a cause while HBsAg is not given"
        yield False, "hbsag_unknown", found, "give hbsag and antiviral: a safety rule reads them", "aetiology.causes"


def _lesions(patient: Patient) -> Iterator[Finding]:
    lesions = patient.tumour.lesions
    names = Counter(lesion.id for lesion in lesions if lesion.id)
    for name in (name for name, count in names.items() if count > 1):
        yield True, "lesion_twice", f"lesion id '{name}' is used twice", "give each lesion its own id", "tumour.lesions"
    targets = [lesion for lesion in lesions if lesion.target]
    organs = Counter(lesion.organ for lesion in targets if lesion.organ)
    if len(targets) > MAX_TARGETS:
        found = f"{len(targets)} target lesions"
        yield False, "recist", found, f"RECIST 1.1 takes at most {MAX_TARGETS}", "tumour.lesions"
    for organ in (organ for organ, count in organs.items() if count > MAX_TARGETS_PER_ORGAN):
        found = f"{organs[organ]} target lesions in {organ}"
        yield False, "recist", found, f"RECIST 1.1 takes at most {MAX_TARGETS_PER_ORGAN} an organ", "tumour.lesions"
    for number, lesion in enumerate(lesions, start=1):
        yield from _lesion(lesion, f"tumour.lesions[{number}]")


def _lesion(lesion: Lesion, path: str) -> Iterator[Finding]:
    smallest = MIN_TARGET_NODE_MM if lesion.organ == "lymph_node" else MIN_TARGET_MM
    if lesion.target and lesion.diameter is not None and lesion.diameter < smallest:
        found = f"target lesion of {lesion.diameter:g} mm"
        yield False, "recist", found, f"RECIST 1.1 wants at least {smallest:g} mm", path
    days = [scan.day for scan in lesion.scans if scan.day is not None]
    if len(days) != len(set(days)):
        yield True, "scan_twice", "two measurements on one day", "keep one a day", path
    if any(scan.day is None or scan.diameter is None for scan in lesion.scans):
        yield True, "scan_incomplete", "a measurement lacks its day or diameter", "give both", path


def _spread(patient: Patient) -> Iterator[Finding]:
    tumour = patient.tumour
    outside = sorted(
        {lesion.organ for lesion in tumour.lesions if lesion.organ not in (None, "liver", "vein")} - {None}
    )
    if tumour.extrahepatic_spread is False and outside:
        found = f"extrahepatic spread is 'no' while a lesion is in {', '.join(map(str, outside))}"
        yield True, "spread", found, "correct one of the two", "tumour.extrahepatic_spread"
    invaded = tumour.portal_vein not in (None, "vp0")
    if tumour.macrovascular_invasion is False and (invaded or any(x.organ == "vein" for x in tumour.lesions)):
        found = "macrovascular invasion is 'no' while a portal vein invasion is given"
        yield True, "invasion", found, "correct one of the two", "tumour.macrovascular_invasion"
    listed = sum(lesion.organ == "liver" for lesion in tumour.lesions)
    if tumour.lesion_count is not None and listed > tumour.lesion_count:
        found = f"{listed} liver lesions are listed, lesion_count says {tumour.lesion_count}"
        yield True, "lesion_count", found, "correct one of the two", "tumour.lesion_count"


def _liver(patient: Patient) -> Iterator[Finding]:
    liver = patient.liver
    if liver.varices in ("small", "large") and liver.portal_hypertension is False:
        found = "varices are given while portal hypertension is 'no'"
        yield False, "portal_hypertension", found, "varices are a sign of it; check", "liver.portal_hypertension"
    if patient.aetiology.cirrhosis is False and liver.ascites in ("moderate", "severe"):
        found = f"{liver.ascites} ascites without cirrhosis"
        yield False, "ascites", found, "check; tumour and portal vein thrombosis are other causes", "liver.ascites"
    counts = patient.blood
    if counts.neutrophils and counts.lymphocytes and counts.nlr:
        ratio = counts.neutrophils / counts.lymphocytes
        if not 0.5 < ratio / counts.nlr < 2:
            found = f"NLR is {counts.nlr:g} while the counts give {ratio:.2g}"
            yield False, "nlr", found, "check the three numbers and their units", "blood.nlr"
