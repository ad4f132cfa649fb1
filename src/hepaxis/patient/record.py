"""The patient record: what is known, in the units of ``fields.csv``, and None for what is not.

Missing is unknown, never a default: whoever reads None draws from a prior and says so.  All days are relative to the
first dose (day 0, negative before).  Numbers are in the unit of the field table whatever the sheet was written in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic import Field as Attribute

from hepaxis.patient.fields import Field, fields


class Section(BaseModel):
    """Frozen, no unknown keys, the sheet's key or the attribute's name."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Demographics(Section):
    age: float | None = None
    sex: str | None = None
    weight: float | None = None
    height: float | None = None
    ecog: int | None = None
    region: str | None = None


class Aetiology(Section):
    causes: tuple[str, ...] | None = None
    cirrhosis: bool | None = None
    diabetes: bool | None = None
    hbsag: bool | None = None
    hbv_dna: float | None = None
    antiviral: bool | None = None
    antiviral_drug: str | None = None
    hcv: str | None = None
    hiv: bool | None = None
    alcohol_current: bool | None = None

    @property
    def viral(self) -> bool | None:
        """HBV or HCV (active or cured) among the causes; None when the causes are unknown."""
        return None if self.causes is None else bool({"hbv", "hcv"} & set(self.causes))


class Liver(Section):
    bilirubin: float | None = None
    albumin: float | None = None
    inr: float | None = None
    ascites: str | None = None
    encephalopathy: str | None = None
    alt: float | None = None
    ast: float | None = None
    alp: float | None = None
    ggt: float | None = None
    sodium: float | None = None
    creatinine: float | None = None
    portal_hypertension: bool | None = None
    varices: str | None = None
    varices_treated: bool | None = None
    endoscopy_day: float | None = None
    prior_decompensation: bool | None = None
    recent_encephalopathy: bool | None = None
    tips: bool | None = None
    cholestasis: bool | None = None
    bile_duct_stricture: bool | None = None


class Scan(Section):
    day: float | None = None
    diameter: float | None = None


class Lesion(Section):
    id: str | None = None
    organ: str | None = None
    target: bool | None = None
    diameter: float | None = None
    infiltrative: bool | None = None
    scans: tuple[Scan, ...] = ()


class Tumour(Section):
    lesions: tuple[Lesion, ...] = ()
    lesion_count: int | None = None
    macrovascular_invasion: bool | None = None
    portal_vein: str | None = None
    extrahepatic_spread: bool | None = None
    bclc: str | None = None
    diagnosis_day: float | None = None
    confirmed_hcc: bool | None = None


class Biomarkers(Section):
    pdl1: float | None = None
    pdl1_score: str | None = None
    tmb: float | None = None
    msi: str | None = None
    mutations: dict[str, bool] | None = None

    def mutated(self, gene: str) -> bool | None:
        """True, False, or None for a gene that was not reported."""
        return None if self.mutations is None else self.mutations.get(gene)


class Blood(Section):
    afp: float | None = None
    crp: float | None = None
    nlr: float | None = None
    neutrophils: float | None = None
    lymphocytes: float | None = None
    platelets: float | None = None
    haemoglobin: float | None = None
    leucocytes: float | None = None
    ldh: float | None = None


class Gut(Section):
    diet: str | None = None
    fibre: float | None = None
    calprotectin: float | None = None
    sarcopenia: bool | None = None
    bacterial_load: float | None = None


class Exposure(Section):
    """One course of a drug that touches the gut or immunity.  ``class`` on the sheet is ``drug_class`` here."""

    kind: str | None = None
    drug: str | None = None
    drug_class: str | None = Attribute(default=None, alias="class")
    route: str | None = None
    start_day: float | None = None
    end_day: float | None = None
    ongoing: bool | None = None
    reason: str | None = None
    indication: str | None = None
    dose: float | None = None

    def covers(self, first: float, last: float) -> bool | None:
        """Whether the course overlaps days ``first`` to ``last``; None when its days do not say."""
        if self.start_day is not None and self.start_day > last:
            return False
        if self.end_day is not None and self.end_day < first:
            return False
        if self.start_day is None or (self.end_day is None and not self.ongoing):
            inside = any(day is not None and first <= day <= last for day in (self.start_day, self.end_day))
            return True if inside else None
        return True


class Planned(Section):
    regimen: str | None = None
    start_day: float | None = None


class Prior(Section):
    regimen: str | None = None
    start_day: float | None = None
    end_day: float | None = None
    best_response: str | None = None
    detail: str | None = None


class Therapy(Section):
    planned: tuple[Planned, ...] = ()
    prior: tuple[Prior, ...] = ()


class Stool(Section):
    file: str | None = None
    sample: str | None = None
    day: float | None = None


class Safety(Section):
    liver_transplant: bool | None = None
    allogeneic_transplant: bool | None = None
    autoimmune_disease: str | None = None
    active_infection: str | None = None
    biliary_stent: bool | None = None
    biliary_injury: bool | None = None
    central_line: bool | None = None
    mucositis: bool | None = None
    hepatectomy_day: float | None = None
    major_hepatectomy: bool | None = None
    recurrent_cdi: bool | None = None
    severe_colitis: bool | None = None
    refractory_ici_colitis: bool | None = None
    ileus: bool | None = None
    recent_bleeding: bool | None = None
    cmv_igg: str | None = None
    ebv_igg: str | None = None
    frailty: bool | None = None


class Donor(Section):
    mdro_tested: bool | None = None
    mdro_risk: bool | None = None
    ecoli_tested: bool | None = None
    virus_policy: bool | None = None
    cmv_igg: str | None = None
    ebv_igg: str | None = None
    prevotella_rich: bool | None = None
    file: str | None = None
    sample: str | None = None


class Antigens(Section):
    hla: tuple[str, ...] | None = None
    peptides: str | None = None
    mimicry: float | None = None
    mimicry_sd_log: float | None = None


@dataclass(frozen=True)
class UnknownField:
    """A field of the sheet that was left empty."""

    path: str
    label: str
    unit: str = ""


class Patient(Section):
    """One clinic sheet.  ``limits`` names the fields written as '<' or '>' of a value: the value is then the limit."""

    id: str | None = None
    first_dose: date | None = None
    demographics: Demographics = Demographics()
    aetiology: Aetiology = Aetiology()
    liver: Liver = Liver()
    tumour: Tumour = Tumour()
    biomarkers: Biomarkers = Biomarkers()
    blood: Blood = Blood()
    gut: Gut = Gut()
    exposures: tuple[Exposure, ...] = ()
    therapy: Therapy = Therapy()
    stool: Stool = Stool()
    safety: Safety = Safety()
    donor: Donor = Donor()
    antigens: Antigens = Antigens()
    limits: dict[str, str] = Attribute(default_factory=dict)

    def value(self, path: str) -> Any:
        """Value by its path in the field table, as ``liver.albumin``; KeyError for a path outside the table."""
        if path not in fields() or "[]" in path:
            raise KeyError(path)
        found: Any = self
        for key in path.split("."):
            found = getattr(found, key)
        return found

    def unknown_fields(self, *sections: str) -> list[UnknownField]:
        """Every field left empty, with its label, in the order of the sheet; of ``sections`` only, when given.

        The donor's and the antigen section count only when something was written in them.
        """
        return list(self._unknown(sections))

    def planned_regimen(self) -> str | None:
        """The regimen id first in ``therapy.planned``; None when nothing is planned."""
        return next((planned.regimen for planned in self.therapy.planned if planned.regimen), None)

    def courses(self, kind: str) -> tuple[Exposure, ...]:
        """Exposures of one kind, in the order written."""
        return tuple(exposure for exposure in self.exposures if exposure.kind == kind)

    def _unknown(self, sections: tuple[str, ...]) -> Iterator[UnknownField]:
        for field in fields().values():
            section = field.path.split(".")[0]
            if field.kind == "section" or "[]" in field.path or (sections and section not in sections):
                continue
            if (
                section in OPTIONAL
                and section not in sections
                and getattr(self, section) == type(getattr(self, section))()
            ):
                continue
            if self.value(field.path) in (None, ()):
                yield _unknown(field)


OPTIONAL = ("donor", "antigens")


def _unknown(field: Field) -> UnknownField:
    return UnknownField(field.path, field.label, "" if field.unit == "1" else field.unit)
