"""Twins of simulated patients whose truth is known: do intervals cover, is the best found, is it said when it cannot be?

Held: a simulated patient is a sheet and a community of the population (``population.draw_population``); its truth is one
host, one draw of the mechanisms, of the gut and of the calibration, from the same priors as a twin's but another seed.
The truth is run with the planned regimen and each arm; what a clinic would measure is read from it with its error.  The
twin is made from the patient's folder as any other.  ``planted``: every claim of the truth holds at its prior mean and
the gut's effect is stronger than the twin supposes, so that some arm helps for sure.
Not held: communities have one species a guild, so coverage of the profile is full; truth and twin share one model, so
this says nothing of whether the model is right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from hepaxis.patient import load
from hepaxis.plan.calibrated import Calibrated
from hepaxis.plan.catalogue import candidate
from hepaxis.plan.conditioning import condition
from hepaxis.plan.decision import ClinicOnly, Decision, clinic_only, decide
from hepaxis.plan.estimates import Cross, chance_of_best, change, predictive
from hepaxis.plan.observed import Scanned, scan_covariance, scans
from hepaxis.plan.patient_twin import Draws, PatientTwin, guts, patient_twin
from hepaxis.plan.safety_facts import from_patient
from hepaxis.plan.simulation import Setting, Simulated, simulate
from hepaxis.population import (
    Mechanisms,
    Population,
    Twin,
    build_twin,
    draw_mechanisms,
    draw_population,
    exposures,
    prior_mean_mechanisms,
    solved_tau,
)
from hepaxis.profile.guilds import GUILDS
from hepaxis.trial import course_of
from hepaxis.trial.course import at_days

REGIMEN = "durvalumab"
ARMS = ("udca", "fibre", "akkermansia", "c_butyricum", "fmt_capsules_healthy", "narrow_depletion_opportunists")
SCAN_DAY, NEXT_SCAN_DAY = 56.0, 112.0
TRUE_HOSTS = 24  # hosts of the truth whose mean an interval over draws is about; the patient is the first of them
PLANTED_TAU = 4.0  # times the solved tau
NEAR = 0.002  # of response; a choice this near to the best counts as the best
BILIRUBIN = 12.0  # umol/L of every simulated sheet; albumin follows from ALBI
ALBI_BILIRUBIN, ALBI_ALBUMIN = 0.66, -0.085  # the score's coefficients (doi:10.1200/JCO.2014.57.9151)
TRUTH_SEED = 7919  # apart from every seed of a twin


@dataclass(frozen=True)
class Truth:
    """response, gains: of the patient; mean_gains: over the hosts of its sheet; scans at the two days (log ratios)."""

    response: float
    gains: dict[str, float]
    mean_gains: dict[str, float]
    scan: float
    next_scan: float

    @property
    def best(self) -> str:
        """Arm with the largest gain; '' (nothing added) where none is above zero."""
        arm = max(self.gains, key=lambda id: self.gains[id])
        return arm if self.gains[arm] > 0 else ""

    def near_best(self, choice: str) -> bool:
        own = self.gains.get(choice, 0.0)
        return own >= max(0.0, *self.gains.values()) - NEAR


def species(root: Path) -> dict[str, str]:
    """Guild -> MetaPhlAn lineage of its most abundant species in the shipped example."""
    from hepaxis.plan.sample import read_sample

    found = read_sample(load(root / "examples" / "viral_antibiotic"))
    assert found is not None
    guild = found.guilds.by_taxon["guild"]
    best: dict[str, str] = {}
    for taxon in found.abundance.sort_values(ascending=False, kind="stable").index:
        lineage = found.profile.lineages.loc[taxon]
        if lineage["species"]:
            best.setdefault(str(guild.loc[taxon]), _lineage(lineage))
    return best


def _lineage(row: pd.Series) -> str:
    ranks = ("kingdom", "phylum", "class", "order", "family", "genus", "species")
    names = {"kingdom": "Bacteria"} | {rank: str(row[rank]) for rank in ranks if row.get(rank)}
    return "|".join(f"{rank[0]}__{names[rank].replace(' ', '_')}" for rank in ranks if rank in names)


def write_patient(
    folder: Path, people: Population, k: int, lineages: Mapping[str, str], *, clinic: bool = True
) -> Path:
    """The folder of a simulated patient; clinic False: the stool alone."""
    folder.mkdir(parents=True)
    sheet = sheet_of(people, k) if clinic else {"id": f"S-{k}", "therapy": {"planned": [{"regimen": REGIMEN}]}}
    (folder / "patient.yaml").write_text(yaml.safe_dump(sheet), encoding="utf-8")
    (folder / "profile.tsv").write_text(_metaphlan(people.guts.shares[k], lineages), encoding="utf-8")
    return folder


def sheet_of(people: Population, k: int) -> dict[str, Any]:
    """A clinic sheet that says what the population says of a patient."""
    row = people.covariates.iloc[k]
    albumin = (float(row["albi"]) - ALBI_BILIRUBIN * np.log10(BILIRUBIN)) / ALBI_ALBUMIN
    causes = {"hbv": ["hbv"], "hcv": ["hcv"]}.get(str(row["aetiology"]), ["masld"])
    sizes = [float(row[f"target_{place}"]) for place in range(1, 6) if float(row[f"target_{place}"]) >= 10.0]
    lesions = [
        {"id": f"L{place}", "target": True, "organ": "liver" if place < 3 else "lung", "diameter": f"{size:.1f} mm"}
        for place, size in enumerate(sizes[:4], start=1)
    ]
    taken = [
        {"kind": one.kind, "start_day": one.start_day, **({"class": one.drug_class} if one.drug_class else {}),
         **({"end_day": "ongoing"} if one.ongoing else {"end_day": one.end_day})}
        for one in exposures(people)[k]
    ]  # fmt: skip
    return {
        "id": f"S-{k}",
        "demographics": {"age": f"{row['age']:.0f} years", "sex": "male" if row["male"] == 1 else "female"},
        "aetiology": {"causes": causes, "cirrhosis": bool(row["cirrhosis"] == 1)},
        "liver": {"bilirubin": f"{BILIRUBIN:g} umol/L", "albumin": f"{albumin:.1f} g/L", "inr": 1.1,
                  "ascites": "none", "encephalopathy": "none"},
        "tumour": {"lesions": lesions},
        "blood": {"afp": f"{row['afp']:.1f} ng/mL", "crp": f"{10 * float(row['crp']):.2f} mg/L"},
        "exposures": taken,
        "therapy": {"planned": [{"regimen": REGIMEN, "start_day": 0}]},
        "stool": {"day": -7},
    }  # fmt: skip


def _metaphlan(shares: np.ndarray, lineages: Mapping[str, str]) -> str:
    there = {guild: float(share) for guild, share in zip(GUILDS, shares, strict=True) if guild in lineages}
    total = sum(there.values())
    rows: dict[str, float] = {}
    for guild, share in there.items():
        parts = lineages[guild].split("|")
        for depth in range(1, len(parts) + 1):
            name = "|".join(parts[:depth])
            rows[name] = rows.get(name, 0.0) + 100 * share / total
    lines = [f"{name}\t\t{value:.6f}\t" for name, value in sorted(rows.items()) if value > 0]
    header = "#clade_name\tNCBI_tax_id\trelative_abundance\tadditional_species"
    return "\n".join(["#mpa_vJun23_CHOCOPhlAnSGB_202403", header, *lines]) + "\n"


def truth_of(made: PatientTwin, seed: int, *, planted: bool) -> Truth | None:
    """One draw of everything from the priors behind a twin; None where it cannot be simulated."""
    size = Draws(TRUE_HOSTS, 1, TRUTH_SEED + seed, made.setting.horizon_days)
    calibrated = Calibrated.drawn(1, size.seed)
    _, gut = guts(made.patient, made.able, made.reference, size)
    drawn: Mechanisms = draw_mechanisms(1, solved_tau(), size.seed)
    if planted:
        drawn = prior_mean_mechanisms(PLANTED_TAU * solved_tau())
    growth = calibrated.factors(growth_known=False)
    twin = build_twin(
        made.patient,
        gut,
        calibrated.mechanisms(drawn),
        made.reference,
        hosts=TRUE_HOSTS,
        seed=size.seed,
        factors=growth,
    )
    setting = Setting.of(twin, made.patient, REGIMEN, size.horizon_days, size.seed, calibrated)
    base = simulate(twin, (REGIMEN,), setting)
    runs = {arm: simulate(twin, (REGIMEN, arm), setting) for arm in ARMS}
    fine = ~base.failed & np.all([~run.failed for run in runs.values()], axis=0)
    if not fine[0]:
        return None
    gains = {arm: run.endpoints.response - base.endpoints.response for arm, run in runs.items()}
    days = np.array([SCAN_DAY, NEXT_SCAN_DAY])
    noise = np.random.default_rng([size.seed, 64]).multivariate_normal(np.zeros(2), scan_covariance(2))
    seen = np.log(np.maximum(_ratios(twin, base, days)[0], 1e-3)) + noise
    return Truth(
        response=float(base.endpoints.response[0]),
        gains={arm: float(gain[0]) for arm, gain in gains.items()},
        mean_gains={arm: float(gain[fine].mean()) for arm, gain in gains.items()},
        scan=float(seen[0]),
        next_scan=float(seen[1]),
    )


def _ratios(twin: Twin, base: Simulated, days: np.ndarray) -> np.ndarray:
    """(V, days) sums of diameters against day 0."""
    course = course_of(base.run, twin)
    spread = None if course.spread is None else at_days(course.spread, course.days, days)
    return course.relative(at_days(course.volume, course.days, days), spread)


@dataclass(frozen=True)
class Answer:
    """What a plan would say: gains by draw and by lane, chance of best, the decision, and the clinic's answer."""

    cross: Cross
    base: Simulated
    gains: dict[str, np.ndarray]
    choice: str
    decision: Decision
    clinic: ClinicOnly


def answer_of(made: PatientTwin, seed: int) -> Answer:
    """The arms on a patient's twin, as a plan compares them."""
    facts = from_patient(made.patient)
    offered = [candidate((REGIMEN, arm), facts) for arm in ARMS]
    runs = {arm: simulate(made.twin, one.given, made.setting) for arm, one in zip(ARMS, offered, strict=True)}
    ok = made.twin.ok & ~made.base.failed & ~made.blank_base.failed
    for run in runs.values():
        ok &= ~run.failed
    cross = Cross.of(made.twin, ok)
    gains = {arm: run.endpoints.response - made.base.endpoints.response for arm, run in runs.items()}
    clinic = clinic_only(made.blank, made.blank_base, made.setting, offered, Cross.of(made.blank, ok))
    names = dict(zip([one.id for one in offered], ARMS, strict=True))
    clinic = ClinicOnly(
        {names[id]: values for id, values in clinic.gains.items()},
        tuple(replace(row, id=names[row.id]) for row in clinic.rows),
    )
    by_draw = {arm: cross.by_draw(gain) for arm, gain in gains.items()}
    per_draw = np.array([np.zeros(len(made.twin.mechanisms)), *by_draw.values()])
    errors = np.array([0.0, *(cross.host_error(gain) for gain in gains.values())])
    chances = chance_of_best(per_draw, errors, seed, cross.draw_weights)
    means = {arm: cross.mean(values) for arm, values in by_draw.items()}
    leader = max(means, key=lambda arm: means[arm])
    decision = decide(made.sample, made.conditioned, by_draw, clinic, dict(zip(("", *ARMS), chances, strict=True)))
    return Answer(cross, made.base, gains, leader if means[leader] > 0 else "", decision, clinic)


def study_patient(
    root: Path, folder: Path, people: Population, k: int, lineages: Mapping[str, str], size: Draws, *, planted: bool
) -> dict[str, Any] | None:
    """One simulated patient through everything; a flat record, None where the truth cannot be simulated."""
    made = patient_twin(load(write_patient(folder / f"full_{k}", people, k, lineages)), size)
    truth = truth_of(made, k, planted=planted)
    if truth is None:
        return None
    full = answer_of(made, size.seed)
    stool = answer_of(
        patient_twin(load(write_patient(folder / f"stool_{k}", people, k, lineages, clinic=False)), size), size.seed
    )
    scanned = Scanned(np.array([SCAN_DAY]), np.array([np.exp(truth.scan)]))
    seen = scans(scanned, made.twin, made.base.run, size.seed)
    later = condition(made.twin, seen, full.cross.ok)
    cross = Cross.of(later.twin, full.cross.ok)
    ahead = np.log(np.maximum(_ratios(made.twin, made.base, np.array([NEXT_SCAN_DAY]))[:, 0], 1e-3))
    noise = np.random.default_rng([size.seed, 65, k]).standard_normal(len(ahead)) * np.sqrt(scan_covariance(1)[0, 0])
    record: dict[str, Any] = {
        "patient": k,
        "planted": planted,
        "true_best": truth.best,
        "true_gain": max(0.0, *truth.gains.values()),
        "choice": full.choice,
        "clinic_choice": full.clinic.leader,
        "right": truth.near_best(full.choice),
        "clinic_right": truth.near_best(full.clinic.leader),
        "base_right": truth.near_best(""),
        "gained": truth.gains.get(full.choice, 0.0),
        "clinic_gained": truth.gains.get(full.clinic.leader, 0.0),
        "doubt": full.decision.doubt,
        "stool_doubt": stool.decision.doubt,
        "cannot": full.decision.cannot,
        "stool_cannot": stool.decision.cannot,
        "stool_right": truth.near_best(stool.choice),
        "ess_share": later.ess / later.total,
        "collapsed": later.collapsed,
    }
    held = {
        "response": (predictive(full.cross, made.base.endpoints.response), truth.response),
        "response_after_scan": (predictive(cross, made.base.endpoints.response), truth.response),
        "next_scan": (predictive(cross, ahead + noise), truth.next_scan),
    }
    plain = made.base.endpoints.response
    for arm in ARMS:
        held[f"own_gain_{arm}"] = (predictive(full.cross, full.gains[arm]), truth.gains[arm])
        held[f"mean_gain_{arm}"] = (change(full.cross, plain, plain + full.gains[arm]), truth.mean_gains[arm])
    rounding = 1e-9
    record |= {
        f"covers_{name}": bool(found.lo90 - rounding <= true <= found.hi90 + rounding)
        for name, (found, true) in held.items()
    }
    return record


def simulated_people(n: int, seed: int) -> Population:
    """n people of the trial population without drugs that the model cannot tell apart on a sheet."""
    return draw_population("trial_default", n, seed)


def auc(score: Sequence[float], event: Sequence[bool]) -> float:
    """Chance that an event has the higher score than a non-event, ties half; nan where one kind is missing."""
    values, is_event = np.asarray(score, float), np.asarray(event, bool)
    if is_event.all() or not is_event.any():
        return float("nan")
    above = values[is_event][:, None] - values[~is_event][None, :]
    return float((above > 0).mean() + 0.5 * (above == 0).mean())


def summary(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Rates over the records of a study."""
    table = pd.DataFrame(records)
    random, planted = table[~table["planted"]], table[table["planted"]]
    covers = [name for name in table.columns if name.startswith("covers_")]
    groups = {
        "response": ["covers_response"],
        "response after a scan": ["covers_response_after_scan"],
        "next scan": ["covers_next_scan"],
        "own gain of an arm": [name for name in covers if "own_gain" in name],
        "mean gain of an arm": [name for name in covers if "mean_gain" in name],
    }
    return {
        "patients": len(random),
        "planted": len(planted),
        "coverage_90": {label: float(random[names].to_numpy().mean()) for label, names in groups.items()},
        "planted_right": {name: float(planted[name].mean()) for name in ("right", "clinic_right", "base_right")},
        "planted_points": {
            name: 100 * float(planted[name].mean()) for name in ("true_gain", "gained", "clinic_gained")
        },
        "random_right": {name: float(random[name].mean()) for name in ("right", "clinic_right", "base_right")},
        "doubt_auc": auc([*table["doubt"], *table["stool_doubt"]], [*~table["right"], *~table["stool_right"]]),
        "cannot_rank": {
            "clinic and stool": float(random["cannot"].mean()),
            "stool alone": float(random["stool_cannot"].mean()),
        },
        "doubt": {
            "clinic and stool": float(random["doubt"].mean()),
            "stool alone": float(random["stool_doubt"].mean()),
        },
        "collapsed": float(table["collapsed"].mean()),
        "ess_share": float(table["ess_share"].median()),
    }
