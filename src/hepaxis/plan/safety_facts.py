"""What the safety rules ask about a patient, a donor and a product.  Every field may be unknown (None).

Units are those of the clinic sheet: ANC and platelets 10^9/L, bilirubin and creatinine umol/L, sodium mmol/L, steroid
mg/day prednisolone equivalent, days relative to the first dose.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from hepaxis import therapy
from hepaxis.problems import InputError, error

if TYPE_CHECKING:
    from hepaxis.patient import Exposure, Patient

#: Window around the first dose in which antibiotics were studied, days (rule S18; upper edge recalled).
ANTIBIOTIC_WINDOW = (-60.0, 42.0)
#: Reasons on the sheet for which an antibiotic is elective or prophylactic.
ELECTIVE_REASONS = ("prophylaxis", "procedure")
#: Reasons that are an indication for acid suppression.
PPI_INDICATIONS = ("reflux", "varices", "treatment", "comorbidity")
#: A steroid course counts as prolonged from this many days; assumed.
PROLONGED_DAYS = 14.0
#: HBV DNA from which a patient counts as viraemic, IU/mL; a usual limit of quantification, assumed.
HBV_VIRAEMIC = 20.0
#: mg of prednisolone in one defined daily dose (WHO).
PREDNISOLONE_DDD = 10.0


@dataclass(frozen=True)
class SafetyFacts:
    """Fields of the patient, then of the donor and the product; None is unknown, never 'no'."""

    anc: float | None = None
    steroid_mg: float | None = None
    platelets: float | None = None
    inr: float | None = None
    bilirubin: float | None = None
    sodium: float | None = None
    creatinine: float | None = None
    albi_grade: tuple[str, ...] = ()  # grades still possible; empty: unknown
    child_pugh: tuple[str, ...] = ()  # classes still possible; empty: unknown
    ascites: str | None = None
    cirrhosis: bool | None = None
    portal_hypertension: bool | None = None
    prior_decompensation: bool | None = None
    varices: str | None = None
    varices_treated: bool | None = None
    endoscopy_day: float | None = None
    recent_bleeding: bool | None = None
    tips: bool | None = None
    recent_encephalopathy: bool | None = None
    cholestasis: bool | None = None
    bile_duct_stricture: bool | None = None
    severe_dysbiosis: bool | None = None
    sarcopenia: bool | None = None
    hbsag: bool | None = None
    hbv_dna: float | None = None
    antiviral: bool | None = None
    hcv: str | None = None
    active_infection: str | None = None
    recurrent_cdi: bool | None = None
    liver_transplant: bool | None = None
    allogeneic_transplant: bool | None = None
    autoimmune_disease: str | None = None
    biliary_stent: bool | None = None
    biliary_injury: bool | None = None
    central_line: bool | None = None
    mucositis: bool | None = None
    hepatectomy_day: float | None = None
    no_hepatectomy: bool | None = None
    severe_colitis: bool | None = None
    ileus: bool | None = None
    refractory_ici_colitis: bool | None = None
    frailty: bool | None = None
    cmv_igg: str | None = None
    ebv_igg: str | None = None
    probiotic: bool | None = None
    elective_antibiotic: bool | None = None
    ppi: bool | None = None
    ppi_indicated: bool | None = None
    donor_mdro_tested: bool | None = None
    donor_mdro_risk: bool | None = None
    donor_ecoli_tested: bool | None = None
    donor_virus_policy: bool | None = None
    donor_cmv_igg: str | None = None
    donor_ebv_igg: str | None = None
    donor_prevotella_rich: bool | None = None
    ecn_contained: bool | None = None
    score_used: bool | None = None

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> SafetyFacts:
        """From a dict.  InputError listing every key that is no fact."""
        known = [field.name for field in fields(cls)]
        wrong = [key for key in values if key not in known]
        if wrong:
            hint = f"known facts: {', '.join(known)}"
            raise InputError(error("plan.unknown_fact", f"no safety fact '{key}'", hint) for key in wrong)
        return cls(**values)


def from_patient(
    patient: Patient, *, severe_dysbiosis: bool | None = None, score_used: bool | None = False
) -> SafetyFacts:
    """The facts of a clinic sheet; ``severe_dysbiosis`` comes from the profile, ``score_used`` from the plan (False:
    no TOPOSCORE-like score enters it).

    A sheet that lists exposures at all is taken as complete for PPI, probiotics and antibiotics; an empty list is not.
    """
    from hepaxis.patient.liver_scores import albi, child_pugh

    liver, blood, safety, donor = patient.liver, patient.blood, patient.safety, patient.donor
    return SafetyFacts(
        anc=blood.neutrophils,
        platelets=blood.platelets,
        steroid_mg=_steroid(patient.exposures),
        albi_grade=tuple(albi(patient).grades),
        child_pugh=tuple(child_pugh(patient).grades),
        cirrhosis=patient.aetiology.cirrhosis,
        hbsag=patient.aetiology.hbsag,
        hbv_dna=patient.aetiology.hbv_dna,
        antiviral=patient.aetiology.antiviral,
        hcv=patient.aetiology.hcv,
        sarcopenia=patient.gut.sarcopenia,
        severe_dysbiosis=severe_dysbiosis,
        recurrent_cdi=None if safety.active_infection == "c_difficile" else False,
        probiotic=_taken(patient, "probiotic"),
        elective_antibiotic=_elective(patient),
        ppi=_taken(patient, "ppi"),
        ppi_indicated=_indicated(patient.exposures),
        donor_mdro_tested=donor.mdro_tested,
        donor_mdro_risk=donor.mdro_risk,
        donor_ecoli_tested=donor.ecoli_tested,
        donor_virus_policy=donor.virus_policy,
        donor_cmv_igg=donor.cmv_igg,
        donor_ebv_igg=donor.ebv_igg,
        donor_prevotella_rich=donor.prevotella_rich,
        score_used=score_used,
        **_same(liver, _LIVER),
        **_same(safety, _SAFETY),
    )


_LIVER = (
    "inr", "bilirubin", "sodium", "creatinine", "ascites", "portal_hypertension", "prior_decompensation", "varices",
    "varices_treated", "endoscopy_day", "tips", "recent_encephalopathy", "cholestasis", "bile_duct_stricture",
)  # fmt: skip
_SAFETY = (
    "recent_bleeding", "active_infection", "liver_transplant", "allogeneic_transplant", "autoimmune_disease",
    "biliary_stent", "biliary_injury", "central_line", "mucositis", "hepatectomy_day", "severe_colitis", "ileus",
    "refractory_ici_colitis", "frailty", "cmv_igg", "ebv_igg",
)  # fmt: skip


def _same(section: object, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(section, name) for name in names}


def _taken(patient: Patient, kind: str) -> bool | None:
    """Whether a drug is taken at the first dose; None without any exposure on the sheet or with unclear days."""
    if not patient.exposures:
        return None
    return _or(one.covers(0.0, 0.0) for one in patient.courses(kind))


def _elective(patient: Patient) -> bool | None:
    """Whether an elective or prophylactic antibiotic falls into the window; None where days or reason are unclear."""
    if not patient.exposures:
        return None
    found = []
    for one in patient.courses("antibiotic"):
        inside = one.covers(*ANTIBIOTIC_WINDOW)
        elective = None if one.reason in (None, "unknown_reason", "other") else one.reason in ELECTIVE_REASONS
        found.append(False if inside is False or elective is False else None if None in (inside, elective) else True)
    return _or(found)


def _indicated(exposures: Iterable[Exposure]) -> bool | None:
    """Whether the acid suppression has an indication; ``unknown_reason`` on the sheet means that none was found."""
    reasons = [one.reason for one in exposures if one.kind == "ppi"]
    if not reasons or None in reasons:
        return None
    return any(reason in PPI_INDICATIONS for reason in reasons)


def _steroid(exposures: tuple[Exposure, ...]) -> float | None:
    """Prednisolone equivalent at the first dose of a prolonged course, mg/day; 0 where no steroid is listed."""
    if not exposures:
        return None
    total = 0.0
    for one in exposures:
        if one.kind != "steroid" or one.covers(0.0, 0.0) is False:
            continue
        long = (
            one.ongoing or one.start_day is None or one.end_day is None or one.end_day - one.start_day >= PROLONGED_DAYS
        )
        if not long:
            continue
        daily = therapy.exposure("steroid", one.drug).daily_mg
        if one.dose is None or daily is None:
            return None
        total += one.dose / daily * PREDNISOLONE_DDD
    return total


def _or(values: Iterable[bool | None]) -> bool | None:
    found = list(values)
    if any(found):
        return True
    return None if None in found else False
