"""One arm's patients through the trial: simulated, followed, their severe events felt, and read.

Held: the arm as planned is simulated first and followed; severe events are drawn from that, and who has one is
simulated once more with the doses missed and the steroids given, so that gut and response feel them.  A rescue is a
further run of those who progressed, with their days.  Chances belong to the patient, not to the run or the arm.
Assumed: a stop for toxicity or by the protocol's cap reaches the model; a stop for progression does not, since the
hazard of death after progression was set without it; an event's day stays though the second course may differ.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from hepaxis.population import Population, Run, Twin, lanes, run_strategy, taken
from hepaxis.population.points import normal_points
from hepaxis.therapy import Lanes
from hepaxis.trial.biopsy import biopsy_cd8
from hepaxis.trial.course import Course
from hepaxis.trial.design import Design, TrialArm
from hepaxis.trial.endpoints import endpoints
from hepaxis.trial.follow_up import Chance, FollowUp, follow
from hepaxis.trial.from_run import LESIONS, OBSERVE, course_of
from hepaxis.trial.parameters import hazard
from hepaxis.trial.resistance import Resistance, durable, resistance
from hepaxis.trial.routes import LABELS, losses, routes
from hepaxis.trial.routes import OBSERVE as ROUTES
from hepaxis.trial.toxicity import EVENTS, Toxicity, ToxicityChance, barrier_factor, exposures, severe_events
from hepaxis.trial.treatment import REASONS, Exposure, as_given, exposure, treated_days

TOXICITY, CAP = REASONS.index("toxicity"), REASONS.index("cap")
RESISTANT = (Resistance.PRIMARY.value, Resistance.ACQUIRED.value)


@dataclass(frozen=True)
class ArmPatients:
    """n patients of one arm as read: ``table`` one row a patient (docs/trial.md), ``failed`` (n,) not simulated."""

    table: pd.DataFrame
    failed: np.ndarray


def arm_patients(design: Design, arm: TrialArm, population: Population, twin: Twin, draws: np.ndarray) -> ArmPatients:
    """Run the patients of one arm.  ``draws`` (n,): number of each one's draw of the mechanisms."""
    conduct, horizon, seed = design.conduct, design.horizon_days, design.seed
    who = lanes(population)
    chance = Chance.of(population.patients, len(conduct.days(horizon)), seed, lesions=len(LESIONS))
    setting = design.follow_up(arm)
    run = _simulated(design, arm, twin, who, None)
    got = follow(course_of(run, twin), conduct, chance, setting)
    toxicity = _severe(design, arm, population, course_of(run, twin), got, draws)
    felt = _felt(exposure(got, toxicity, cap_days=design.cap_days), design.cap_days)
    ill = np.flatnonzero(np.isfinite(toxicity.day).any(1))
    if len(ill):
        run = _again(run, ill, _simulated(design, arm, taken(twin, ill), _lanes(who, ill), _of(felt, toxicity, ill)))
        got = follow(course_of(run, twin), conduct, chance, setting)
    rescue = np.full(len(population), np.nan)
    if arm.rescue:
        found = endpoints(got)["progression_day"].to_numpy(float)
        later = np.flatnonzero(np.isfinite(found))
        rescue[later] = found[later]
        if len(later):
            mine = replace(_lanes(who, later), progression=found[later])
            run = _again(run, later, _simulated(design, arm, taken(twin, later), mine, _of(felt, toxicity, later)))
            got = follow(course_of(run, twin), conduct, chance, setting)
    table = _table(design, run, got, toxicity, population)
    return ArmPatients(table.assign(rescue_day=rescue), run.failed)


def _simulated(design: Design, arm: TrialArm, twin: Twin, who: Lanes, given: tuple[Exposure, Toxicity] | None) -> Run:
    n, cap = len(twin.host), design.cap_days
    if given is None and cap < design.horizon_days:
        given = _nothing(n, cap)
    return run_strategy(
        twin,
        arm.parts,
        design.horizon_days,
        observe=(*OBSERVE, *ROUTES),
        first_dose=arm.start,
        lanes=who,
        amend=None if given is None else as_given(*given),
    )


def _nothing(n: int, cap: float) -> tuple[Exposure, Toxicity]:
    """Every patient treated to the cap without an event."""
    none = np.full((n, len(EVENTS)), np.inf)
    return Exposure(np.full(n, cap), np.full(n, CAP), none, none), Toxicity(none, np.isfinite(none), False)


def _severe(
    design: Design, arm: TrialArm, population: Population, course: Course, got: FollowUp, draws: np.ndarray
) -> Toxicity:
    spread = hazard("severe_immune_barrier_exponent_sd") * normal_points(design.seed, draws, ["toxicity.barrier"])[:, 0]
    factor = barrier_factor(course.days, course.barrier, hazard("severe_immune_barrier_exponent") + spread)
    watched = treated_days(got, cap_days=design.cap_days)[0]
    chance = ToxicityChance.of(population.patients, design.seed)
    return severe_events(exposures(arm.regimen), chance, watched, colitis_factor=factor)


def _felt(taken_: Exposure, cap: float) -> Exposure:
    """What of an exposure the model is told: ends by toxicity and the cap, and every pause."""
    end = np.where(taken_.reason == TOXICITY, taken_.end, cap)
    return replace(taken_, end=np.minimum(end, cap))


def _of(felt: Exposure, toxicity: Toxicity, rows: np.ndarray) -> tuple[Exposure, Toxicity]:
    part = Exposure(felt.end[rows], felt.reason[rows], felt.hold_from[rows], felt.hold_to[rows])
    return part, replace(toxicity, day=toxicity.day[rows], ends=toxicity.ends[rows])


def _lanes(who: Lanes, rows: np.ndarray) -> Lanes:
    return Lanes(
        n=len(rows),
        weight_kg=None if who.weight_kg is None else who.weight_kg[rows],
        exposures=tuple(who.exposures[int(k)] for k in rows) if who.exposures else (),
    )


def _again(run: Run, rows: np.ndarray, part: Run) -> Run:
    """The run with some patients' courses replaced."""
    values = {name: array.copy() for name, array in run.values.items()}
    failed = run.failed.copy()
    for name, array in part.values.items():
        values[name][rows] = array
    failed[rows] |= part.failed
    return replace(run, values=values, failed=failed)


def _table(design: Design, run: Run, got: FollowUp, toxicity: Toxicity, population: Population) -> pd.DataFrame:
    read = endpoints(got)
    had = exposure(got, toxicity, cap_days=design.cap_days)
    kind = resistance(read["progression_day"].to_numpy(float), had.end)
    lost = losses(run.values, run.days, run.values["tumour_volume"], read["progression_day"].to_numpy(float))
    return pd.concat(
        [
            read,
            pd.DataFrame({"durable": durable(got.best, read), "resistance": kind}),
            pd.DataFrame({"route": np.where(np.isin(kind, RESISTANT), routes(lost), "")}),
            lost.rename(columns={name: f"route_{name}" for name in LABELS}),
            toxicity.frame(),
            pd.DataFrame({"drug_end_day": had.end, "drug_end_reason": np.array(REASONS, dtype=object)[had.reason]}),
            pd.DataFrame({"cd8_biopsy": _biopsy(design, run, got, population)}),
            _scans(got),
        ],
        axis=1,
    )


def _biopsy(design: Design, run: Run, got: FollowUp, population: Population) -> np.ndarray:
    day = design.endpoints.biopsy_day
    if day is None:
        return np.full(len(population), np.nan)
    cores = [f"biopsy.{k}" for k in range(design.endpoints.biopsy_cores)]
    normal = normal_points(design.seed, population.patients, cores)
    read = biopsy_cd8(run.days, run.values["effectors"], day, normal)
    there = day <= np.minimum(got.lives.death, got.lives.leaving)
    return np.where(there, read, np.nan)


def _scans(got: FollowUp) -> pd.DataFrame:
    """Days and relative changes of each patient's scans, as lists."""
    days, seen = got.reading.days.astype(np.float32), got.reading.seen
    change = (got.sums_mm[:, 1:] / got.sums_mm[:, :1] - 1.0).astype(np.float32)
    return pd.DataFrame(
        {
            "scan_day": [row[there] for row, there in zip(days, seen, strict=True)],
            "scan_change": [row[there] for row, there in zip(change, seen, strict=True)],
        }
    )
