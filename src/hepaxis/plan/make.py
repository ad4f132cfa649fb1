"""The whole plan: from a patient's folder to the result that the report shows.

Held: the order of work.  The same virtual twins serve the base regimen, every strategy, the attribution and the
counterfactual guts.  A virtual patient that fails in any of them is left out of all and counted.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np

import hepaxis
from hepaxis import axis, knowledge, therapy
from hepaxis.metabolites import Capacities
from hepaxis.patient import Patient, PatientFolder
from hepaxis.plan import header
from hepaxis.plan.attribution import attribute
from hepaxis.plan.catalogue import Candidate, candidate, candidates
from hepaxis.plan.donor_ranking import donor_section
from hepaxis.plan.donors import donor_files
from hepaxis.plan.estimates import Cross, log_odds, over_people, probability
from hepaxis.plan.mechanism import observed_by
from hepaxis.plan.missing import missing_rows
from hepaxis.plan.network import network
from hepaxis.plan.patient_twin import Draws, patient_twin, planned_regimen
from hepaxis.plan.reach import reach_check
from hepaxis.plan.safety_facts import from_patient
from hepaxis.plan.sample import Sample, capacity_rows, profile_section
from hepaxis.plan.schedules import schedule_section
from hepaxis.plan.schema import Curve, Plan, Strategy
from hepaxis.plan.searched import search_section
from hepaxis.plan.simulation import Simulated
from hepaxis.plan.sources import collect
from hepaxis.plan.strategies import CEILING, largest, strategies
from hepaxis.plan.two_stage import Stage, compute_all, two_stages
from hepaxis.plan.verdict import Movement, checks, verdict
from hepaxis.population import (
    Twin,
)
from hepaxis.problems import InputError, error

HOSTS = 50  # hosts of a twin
DRAWS = 40  # draws of mechanism, gut and calibration, each on every host
HORIZON_DAYS = 365.0
STRATEGIES = 40  # tried wide, the base among them
WIDE = 300  # virtual patients of the wide stage
DEEP = 6  # strategies computed on all virtual patients, besides the base
DEFAULT_REFERENCE = "metaphlan4"  # community prior of a patient without a profile
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """How a plan is made.

    limit: strategies tried on ``wide`` virtual patients, of which ``deep`` are computed on all; asked: component lists
    named by the user, all computed deep.
    """

    hosts: int = HOSTS
    draws: int = DRAWS
    seed: int = 20261201
    horizon_days: float = HORIZON_DAYS
    limit: int = STRATEGIES
    wide: int = WIDE
    deep: int = DEEP
    asked: tuple[tuple[str, ...], ...] = ()
    donors: Path | None = None  # folder of donors to rank


def versions() -> dict[str, str]:
    """What a result depends on besides its inputs: this package, the model, the knowledge."""
    return {
        "hepaxis": hepaxis.__version__,
        "model": axis.build().hash,
        "knowledge": knowledge.content_hash()[:16],
        "evidence": knowledge.evidence_hash()[:16],
    }


def make_plan(folder: PatientFolder, options: Options = Options(), progress: Progress = lambda _: None) -> Plan:
    """The plan of one patient.

    Raises InputError when the profile cannot be read, nothing is planned, or an asked strategy is unknown.
    """
    asked = _asked(folder.record, planned_regimen(folder), options)
    size = Draws(options.hosts, options.draws, options.seed, options.horizon_days)
    made = patient_twin(folder, size, observe=(*CEILING, *observed_by()), progress=progress)
    patient, regimen, sample, able, twin = made.patient, made.regimen, made.sample, made.able, made.twin
    deep = Stage.of(twin, made.setting, known={(regimen,): made.base})
    if asked:
        found = compute_all(asked, deep, progress)
    else:
        found = two_stages(
            patient, regimen, deep,
            wide=options.wide, strategies=options.limit, most=options.deep, progress=progress,
        )  # fmt: skip
    base, runs, blank = found.base, found.runs, made.blank_base
    compared = deep.compared(base, runs, [blank])
    cross, ok = compared.cross, compared.cross.ok
    clinic = Cross.of(made.blank, ok)
    _some_are_left(ok, twin)
    why = attribute(twin, base, made.setting, made.reference, cross, progress)

    ranked = strategies(found.offered, compared, options.seed, found.wide)
    best = largest(ranked)
    moved = None
    if sample is not None:
        mine = log_odds(cross.by_draw(base.endpoints.response))
        theirs = log_odds(clinic.by_draw(blank.endpoints.response))
        moved = Movement.between(mine, theirs)
    by_draw = cross.by_draw(runs[best.id].endpoints.response - base.endpoints.response) if best else np.array([])
    missing = missing_rows(patient, sample, twin, by_draw, _measured(patient, able))
    nodes, edges = network(twin, why.reference_twin)
    answer = verdict(sample, moved, ranked, why.rows, why.effect, missing)
    used = [s for one in ranked for s in one.evidence.sources] + [s for r in why.rows for s in r.sources]
    used += [flag.source for one in ranked for flag in one.safety]
    few = Stage.of(twin, made.setting, options.wide)
    facts = from_patient(patient)
    schedules = schedule_section(regimen, found.searched, few, progress)
    donors = donor_section(options.donors, facts, sample, regimen, few, options.seed, progress)
    used += () if donors is None else donors.sources
    used += [flag.source for row in (() if donors is None else donors.rows) for flag in row.safety]
    able_rows = () if able is None else capacity_rows(able)
    used += [s for row in able_rows for s in row.sources]
    return Plan(
        patient_id=patient.id or folder.path.name,
        title=header.title(patient, folder.path.name),
        planned=therapy.regimen(regimen).label,
        facts=header.facts(patient, sample, regimen),
        verdict=answer,
        profile=None if sample is None else profile_section(sample),
        capacities=able_rows,
        base_response=probability(cross, base.endpoints.response),
        reference_gut_response=why.reference_response,
        clinic_only_response=probability(clinic, blank.endpoints.response),
        gut_effect=why.effect,
        attribution=why.rows,
        counterfactuals=why.counterfactuals,
        strategies=ranked,
        curves=_curves(base, runs, best, cross),
        nodes=nodes,
        edges=edges,
        timeline=header.timeline(patient, regimen, options.horizon_days),
        missing=missing,
        checks=(
            *checks(sample, moved, float(twin.ok.mean()), int((~ok).sum()), len(ok), twin.sample_mismatch),
            *made.conditioned.checks(),
            *reach_check(made.reach),
        ),
        sources=collect(used, [c for one in found.candidates for c in one.components]),
        warnings=_warnings(folder, sample, able, twin, runs),
        limits=limits_of_the_method(),
        n_patients=len(ok),
        horizon_days=options.horizon_days,
        seed=options.seed,
        made=datetime.date.today().isoformat(),
        versions=versions(),
        search=search_section(found, len(ok)),
        attribution_whole=why.whole,
        another_gut=why.another,
        twin=made.conditioned.rows,
        reach=made.reach,
        effective_patients=made.conditioned.ess,
        schedules=schedules,
        donors=donors,
        donor_files=donor_files(options.donors),
    )


def limits_of_the_method() -> tuple[str, ...]:
    """What every plan says about its method."""
    text = files("hepaxis.plan").joinpath("limits.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line)


def _asked(patient: Patient, regimen: str, options: Options) -> list[Candidate]:
    """What the user named, the base first; empty where nothing was.  Raises InputError for an unknown component."""
    if not options.asked:
        return []
    weight = patient.demographics.weight
    base = candidates(regimen, patient, limit=1, weight_kg=weight)[0]
    asked = [candidate(_with_regimen(parts, regimen), patient, weight_kg=weight) for parts in options.asked]
    return [base, *(one for one in asked if one.id != base.id)]


def _with_regimen(parts: tuple[str, ...], regimen: str) -> tuple[str, ...]:
    return parts if any(id in therapy.regimen_ids() for id in parts) else (regimen, *parts)


def _not_closed(twin: Twin) -> list[str]:
    """Virtual patients without a rest, counted by reason."""
    reasons = Counter(reason for reason in twin.closed.reason if reason)
    total = len(twin.closed.reason)
    return [f"{count} of {total} virtual patients could not be closed: {reason}" for reason, count in reasons.items()]


def _some_are_left(ok: np.ndarray, twin: Twin) -> None:
    """Raises InputError when no host is left in some draw: nothing could be averaged."""
    left = np.bincount(twin.draw[ok], minlength=len(twin.mechanisms))
    if left.min() > 0:
        return
    found = "; ".join([f"{int(ok.sum())} of {len(ok)} virtual patients can be simulated", *_not_closed(twin)])
    hint = "look for extreme values on the sheet, or give --patients a larger number"
    raise InputError([error("plan.no_virtual_patients", found, hint)])


def _measured(patient: Patient, able: Capacities | None) -> set[str]:
    """Rows of ``missing`` that the sheet or the metabolites already answer."""
    counted = set() if patient.gut.bacterial_load is None else {"load"}
    if able is None:
        return counted
    got = set(able.summary.index[able.summary["status"] == "measured"])
    groups = {
        "stool_scfa": {"acetate", "propionate", "butyrate"},
        "stool_bile_acids": {"dca_conversion", "udca_formation"},
        "indoles": {"indole", "ipa"},
    }
    return counted | {id for id, members in groups.items() if members & got}


def _curves(base: Simulated, runs: Mapping[str, Simulated], best: Strategy | None, cross: Cross) -> tuple[Curve, ...]:
    shown = [("base", "Base regimen", base)]
    if best is not None:
        shown.append((best.id, best.label, runs[best.id]))
    return tuple(curve_of(id, label, made, cross) for id, label, made in shown)


def curve_of(id: str, label: str, made: Simulated, cross: Cross) -> Curve:
    """Change of the sum of diameters over virtual patients, by their weights (points of a share, on ``run.days``)."""
    volume = np.maximum(made.run.values["tumour_volume"], 1e-9)
    spread = made.run.values["diameter_spread"]
    size = np.cbrt(volume / volume[:, :1]) * (spread / spread[:, :1]) - 1.0
    over = [over_people(cross, size[:, k]) for k in range(size.shape[1])]
    levels = (tuple(getattr(one, name) for one in over) for name in ("median", "lo50", "hi50", "lo90", "hi90"))
    return Curve(id, label, tuple(made.run.days.tolist()), *levels)


def _warnings(
    folder: PatientFolder, sample: Sample | None, able: Capacities | None, twin: Twin, runs: dict[str, Simulated]
) -> tuple[str, ...]:
    problems = [*folder.problems, *(sample.problems if sample else ()), *(able.problems if able else ())]
    notes = [*twin.notes, *_not_closed(twin), *(note for made in runs.values() for note in made.run.notes)]
    if (folder.peptides or folder.record.antigens.hla) and folder.record.antigens.mimicry is None:
        notes.append(
            f"tumour peptides ({len(folder.peptides)}) and HLA are recorded, not used: the load of microbial mimics "
            "stays at its prior unless antigens.mimicry is written (`hepaxis mimics search`)"
        )
    for made in runs.values():
        for id in made.components:
            if id in therapy.regimen_ids():
                one = therapy.regimen(id)
                if one.immune_event_rate is None and "immune" in one.classes:
                    notes.append(f"{one.label}: no rate of severe immune events located, a class value is used")
    return tuple(dict.fromkeys([*(str(p) for p in problems), *notes]))
