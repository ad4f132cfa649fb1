"""The conditions of the safety rules S01-S34 as named functions, one a rule, over ``Strategy`` and ``SafetyFacts``.

The words, actions, severities and sources are rows of ``knowledge``'s table ``safety_rules``; here stands only when a
rule is about a strategy and when its condition holds.  Cut-offs the table does not give are constants below, assumed,
and are placeholders for a clinician.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hepaxis import therapy
from hepaxis.plan.safety_facts import HBV_VIRAEMIC, SafetyFacts
from hepaxis.plan.three_valued import ALWAYS, Finding, above, all_of, among, any_of, below, fact, negate

SEVERE_NEUTROPENIA = 0.5  # 10^9/L, rule S05
NEUTROPENIA = 1.0  # 10^9/L, CTCAE grade 3; assumed for S16 and S25
HIGH_DOSE_STEROID = 20.0  # mg/day prednisolone equivalent, S05
LOW_SODIUM = 130.0  # mmol/L, S07
HIGH_CREATININE = 115.0  # umol/L, 1.3 mg/dL, S07
LOW_PLATELETS = 50.0  # 10^9/L, S09
HIGH_INR = 1.5  # S09
HIGH_BILIRUBIN = 34.2  # umol/L, 2 mg/dL (Child-Pugh limit); assumed for S21 and S31
RECENT_SURGERY_DAYS = 90.0  # S16 'recent' major hepatectomy; assumed
ENDOSCOPY_DAYS = 183.0  # six months, S28
INFECTIONS_OVERRIDE = ("sbp", "cholangitis", "variceal_bleed", "sepsis", "pneumonia", "urinary", "c_difficile", "other")


@dataclass(frozen=True)
class Given:
    """What a strategy contains: component ids, safety classes of its arms, classes and drugs of its regimens."""

    components: tuple[str, ...]
    arm_classes: frozenset[str]
    regimen_classes: frozenset[str]
    drugs: frozenset[str]

    def has(self, name: str) -> bool:
        return name in self.arm_classes

    @property
    def immune(self) -> bool:
        return "immune" in self.regimen_classes

    @property
    def ctla4(self) -> bool:
        return any(therapy.drug(name).slot == "ctla4" for name in self.drugs)


def given(components: Sequence[str]) -> Given:
    """The strategy as the rules see it.  InputError for an unknown id."""
    regimens = [therapy.regimen(id) for id in components if id in therapy.regimen_ids()]
    arms = [therapy.arm(id) for id in components if id not in therapy.regimen_ids()]
    return Given(
        tuple(components),
        frozenset(name for arm in arms for name in arm.safety_classes),
        frozenset(name for one in regimens for name in one.classes),
        frozenset(name for one in regimens for name in one.drugs),
    )


Condition = Callable[[Given, SafetyFacts], Finding]
Applies = Callable[[Given], bool]


@dataclass(frozen=True)
class Rule:
    """``applies``: the rule is about this strategy; ``condition``: it holds for this patient; ``unknown_severity``:
    severity of an unknown condition where the usual one (warn for what could block, else info) does not fit."""

    id: str
    applies: Applies
    condition: Condition
    unknown_severity: str = ""


def _fmt(s: Given) -> bool:
    return s.has("fmt")


def _live(s: Given) -> bool:
    return s.has("live")


def _immune(s: Given) -> bool:
    return s.immune


def _every(s: Given) -> bool:
    return True


def child_pugh_in(f: SafetyFacts, classes: str) -> bool | None:
    """Whether the Child-Pugh class is one of ``classes``; None while other classes are possible."""
    if not f.child_pugh:
        return None
    inside = [one in classes for one in f.child_pugh]
    return True if all(inside) else None if any(inside) else False


def _neutropenia(f: SafetyFacts) -> Finding:
    return fact(f"neutrophils below {NEUTROPENIA:g} x10^9/L", below(f.anc, NEUTROPENIA))


def _viraemic(f: SafetyFacts) -> Finding:
    hbv = False if f.hbsag is False else above(f.hbv_dna, HBV_VIRAEMIC)
    return any_of(fact("HBV DNA detectable", hbv), fact("active hepatitis C", among(f.hcv, ("active",))))


def _recent_hepatectomy(f: SafetyFacts) -> bool | None:
    if f.no_hepatectomy:
        return False
    return None if f.hepatectomy_day is None else f.hepatectomy_day >= -RECENT_SURGERY_DAYS


def _unprotected_varices(f: SafetyFacts) -> bool | None:
    """Large varices that are not treated; small or none are not, whatever the treatment."""
    if f.varices is not None and f.varices != "large":
        return False
    if f.varices_treated:
        return False
    return None if f.varices is None or f.varices_treated is None else True


def s01(s: Given, f: SafetyFacts) -> Finding:
    return fact("donor stool not tested for ESBL, VRE, CRE, MRSA", negate(f.donor_mdro_tested))


def s02(s: Given, f: SafetyFacts) -> Finding:
    return fact("donor at risk of resistant organisms", f.donor_mdro_risk)


def s03(s: Given, f: SafetyFacts) -> Finding:
    return fact("no EPEC/STEC nucleic-acid test of the donor", negate(f.donor_ecoli_tested))


def s04(s: Given, f: SafetyFacts) -> Finding:
    return fact("no SARS-CoV-2 and mpox policy", negate(f.donor_virus_policy))


def s05(s: Given, f: SafetyFacts) -> Finding:
    neutrophils = fact(f"neutrophils below {SEVERE_NEUTROPENIA:g} x10^9/L", below(f.anc, SEVERE_NEUTROPENIA))
    steroid = fact(f"prolonged steroid above {HIGH_DOSE_STEROID:g} mg/day", above(f.steroid_mg, HIGH_DOSE_STEROID))
    return any_of(neutrophils, steroid)


def s06(s: Given, f: SafetyFacts) -> Finding:
    return any_of(fact("ileus, perforation or toxic megacolon", f.ileus), fact("severe colitis", f.severe_colitis))


def s07(s: Given, f: SafetyFacts) -> Finding:
    return any_of(
        fact("Child-Pugh C", child_pugh_in(f, "C")),
        fact("grade 3 ascites", among(f.ascites, ("severe",))),
        fact(f"sodium below {LOW_SODIUM:g} mmol/L", below(f.sodium, LOW_SODIUM)),
        fact(f"creatinine above {HIGH_CREATININE:g} umol/L", above(f.creatinine, HIGH_CREATININE)),
        fact("active spontaneous bacterial peritonitis", among(f.active_infection, ("sbp",))),
        fact("unprotected varices", _unprotected_varices(f)),
    )


def s08(s: Given, f: SafetyFacts) -> Finding:
    return fact("Child-Pugh B", child_pugh_in(f, "B"))


def s09(s: Given, f: SafetyFacts) -> Finding:
    return any_of(
        fact("bevacizumab", "bevacizumab" in s.drugs),
        fact(f"platelets below {LOW_PLATELETS:g} x10^9/L", below(f.platelets, LOW_PLATELETS)),
        fact(f"INR above {HIGH_INR:g}", above(f.inr, HIGH_INR)),
        fact("large varices", among(f.varices, ("large",))),
    )


def _mismatch(name: str, recipient: str | None, donor: str | None) -> Finding:
    return all_of(
        fact(f"recipient {name} IgG negative", among(recipient, ("negative",))),
        fact(f"donor {name} IgG positive", among(donor, ("positive",))),
    )


def s10(s: Given, f: SafetyFacts) -> Finding:
    return any_of(
        _mismatch("CMV", f.cmv_igg, f.donor_cmv_igg),
        _mismatch("EBV", f.ebv_igg, f.donor_ebv_igg),
        fact("allogeneic transplant", f.allogeneic_transplant),
    )


def s11(s: Given, f: SafetyFacts) -> Finding:
    return fact("Prevotella-rich donor", f.donor_prevotella_rich)


def s12(s: Given, f: SafetyFacts) -> Finding:
    return ALWAYS


def s13(s: Given, f: SafetyFacts) -> Finding:
    return _viraemic(f)


def s14(s: Given, f: SafetyFacts) -> Finding:
    return any_of(fact("TIPS", f.tips), fact("recent hepatic encephalopathy", f.recent_encephalopathy))


def s15(s: Given, f: SafetyFacts) -> Finding:
    return fact("checkpoint-inhibitor colitis refractory to steroid and biologic", f.refractory_ici_colitis)


def s16(s: Given, f: SafetyFacts) -> Finding:
    return any_of(
        _neutropenia(f),
        all_of(fact("central line", f.central_line), fact("mucositis", f.mucositis)),
        fact("recent major hepatectomy", _recent_hepatectomy(f)),
        all_of(fact("portal hypertension", f.portal_hypertension), fact("biliary injury", f.biliary_injury)),
    )


def s17(s: Given, f: SafetyFacts) -> Finding:
    return any_of(fact("the strategy holds one", s.has("over_the_counter")), fact("takes a probiotic", f.probiotic))


def s18(s: Given, f: SafetyFacts) -> Finding:
    return fact("elective or prophylactic antibiotic around the first dose", f.elective_antibiotic)


def s19(s: Given, f: SafetyFacts) -> Finding:
    name = (f.active_infection or "").replace("_", " ")
    return fact(
        f"active infection ({name})" if name else "active infection", among(f.active_infection, INFECTIONS_OVERRIDE)
    )


def s20(s: Given, f: SafetyFacts) -> Finding:
    return all_of(fact("takes a PPI", f.ppi), fact("PPI without clear indication", negate(f.ppi_indicated)))


def s21(s: Given, f: SafetyFacts) -> Finding:
    return any_of(
        fact("cholestasis", f.cholestasis),
        fact(f"bilirubin above {HIGH_BILIRUBIN:g} umol/L", above(f.bilirubin, HIGH_BILIRUBIN)),
        fact("bile duct stricture", f.bile_duct_stricture),
        fact("severe dysbiosis", f.severe_dysbiosis),
    )


def s22(s: Given, f: SafetyFacts) -> Finding:
    return fact("sarcopenia or protein restriction", f.sarcopenia)


def s23(s: Given, f: SafetyFacts) -> Finding:
    compensated = all_of(fact("cirrhosis", f.cirrhosis), fact("portal hypertension", f.portal_hypertension))
    return any_of(
        fact("Child-Pugh B or C", child_pugh_in(f, "BC")),
        fact("prior decompensation", f.prior_decompensation),
        compensated,
    )


def s24(s: Given, f: SafetyFacts) -> Finding:
    label = "colibactin-deficient chassis, kill switch and antibiotic sensitivity not shown"
    return fact(label, negate(f.ecn_contained))


def s25(s: Given, f: SafetyFacts) -> Finding:
    return any_of(
        fact("cholangitis", among(f.active_infection, ("cholangitis",))),
        fact("biliary stent or drain", f.biliary_stent),
        _neutropenia(f),
    )


def s26(s: Given, f: SafetyFacts) -> Finding:
    return fact("liver transplant", f.liver_transplant)


def s27(s: Given, f: SafetyFacts) -> Finding:
    return fact("active autoimmune disease", among(f.autoimmune_disease, ("active",)))


def s28(s: Given, f: SafetyFacts) -> Finding:
    unprotected = fact("high-risk varices not treated", _unprotected_varices(f))
    if unprotected.value or f.varices_treated:
        return unprotected
    recent = None if f.endoscopy_day is None or f.endoscopy_day < -ENDOSCOPY_DAYS else False
    return any_of(unprotected, fact("varices on an endoscopy within 6 months", recent))


def s29(s: Given, f: SafetyFacts) -> Finding:
    return all_of(fact("HBsAg positive", f.hbsag), fact("no antiviral cover", negate(f.antiviral)))


def s30(s: Given, f: SafetyFacts) -> Finding:
    return s08(s, f)


def s31(s: Given, f: SafetyFacts) -> Finding:
    possible = [grade.startswith("3") for grade in f.albi_grade]
    albi = None if not possible else True if all(possible) else None if any(possible) else False
    return any_of(
        fact("frailty", f.frailty),
        fact("ALBI grade 3", albi),
        fact(f"bilirubin above {HIGH_BILIRUBIN:g} umol/L", above(f.bilirubin, HIGH_BILIRUBIN)),
    )


def s32(s: Given, f: SafetyFacts) -> Finding:
    return ALWAYS


def s33(s: Given, f: SafetyFacts) -> Finding:
    return fact("a TOPOSCORE-like score is used", f.score_used)


def s34(s: Given, f: SafetyFacts) -> Finding:
    return fact("use outside recurrent C. difficile infection", negate(f.recurrent_cdi))


def _nivolumab_ipilimumab(s: Given) -> bool:
    return {"nivolumab", "ipilimumab"} <= s.drugs


RULES: tuple[Rule, ...] = (
    Rule("S01", _fmt, s01),
    Rule("S02", _fmt, s02),
    Rule("S03", _fmt, s03),
    Rule("S04", _fmt, s04),
    Rule("S05", _fmt, s05),
    Rule("S06", _fmt, s06),
    Rule("S07", _fmt, s07),
    Rule("S08", _fmt, s08),
    Rule("S09", lambda s: s.has("fmt_endoscopic"), s09),
    Rule("S10", _fmt, s10),
    Rule("S11", lambda s: s.has("fmt") and s.ctla4, s11),
    Rule("S12", lambda s: s.has("fmt_vancomycin"), s12),
    Rule("S13", _fmt, s13),
    Rule("S14", _fmt, s14),
    Rule("S15", _fmt, s15),
    Rule("S16", _live, s16),
    Rule("S17", _immune, s17),
    Rule("S18", _immune, s18),
    Rule("S19", _every, s19),
    Rule("S20", _every, s20),
    Rule("S21", lambda s: s.has("fibre") or s.has("inulin"), s21),
    Rule("S22", lambda s: s.has("fibre") or s.has("inulin"), s22),
    Rule("S23", lambda s: s.has("obeticholic_acid"), s23),
    Rule("S24", lambda s: s.has("ecn"), s24),
    Rule("S25", lambda s: s.has("intratumoral"), s25),
    Rule("S26", _immune, s26),
    Rule("S27", _immune, s27),
    Rule("S28", lambda s: "bevacizumab" in s.drugs, s28),
    Rule("S29", _immune, s29),
    Rule("S30", _immune, s30),
    Rule("S31", _nivolumab_ipilimumab, s31),
    Rule("S32", _every, s32),
    Rule("S33", _every, s33),
    Rule("S34", _live, s34, unknown_severity="trial_only"),
)
