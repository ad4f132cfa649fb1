"""The virtual patients of a published arm: closed at rest, given what the arm was given, as courses to be followed.

Held: population, region, Child-Pugh classes and treatments of the arm (``published_arm``); where the choice of drug was
free, each patient is given one by its share.  No outcome is read.  Not held: holds and steroids of severe events.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hepaxis.population import Population, Prior, Run, enrolled, lanes, marginals, run_strategy, taken
from hepaxis.population.points import uniform_points
from hepaxis.profile.reference import reference
from hepaxis.trial.cohorts import CHUNK, Cohort, cohorts
from hepaxis.trial.course import Course
from hepaxis.trial.from_run import OBSERVE, course_of
from hepaxis.trial.posterior import UNMOVED, Moved
from hepaxis.trial.published_arms import PublishedArm

FAMILY = "metaphlan4"
FAILED = "not simulated"


@dataclass(frozen=True)
class ArmRun:
    """n patients of an arm.

    population   who they are; course theirs; values name -> (n, m) what else was asked for
    lost         reason -> candidates left out, among ``candidates``
    """

    arm: PublishedArm
    population: Population
    course: Course
    values: dict[str, np.ndarray]
    lost: dict[str, int]
    candidates: int


def arm_prior(arm: PublishedArm, family: str = FAMILY) -> Prior:
    """What the arm's patients are drawn from."""
    rows = enrolled(arm.population, arm.region, arm.child_pugh)
    return Prior(marginals(arm.population, rows), reference(family))


def arm_runs(
    arm: PublishedArm,
    n: int,
    horizon_days: float,
    *,
    seed: int = 1,
    gates: str = "drawn",
    observe: Sequence[str] = OBSERVE,
    chunk: int = CHUNK,
    moved: Moved = UNMOVED,
) -> Iterator[ArmRun]:
    """n patients of the arm in chunks: the same whatever the chunk.  Who cannot be simulated is left out and counted.

    Patients are known by ``population.patients`` (draw chances by it).  Raises InputError as ``cohorts`` does.
    """
    for cohort in cohorts(arm_prior(arm), n, seed, gates=gates, chunk=chunk, moved=moved):
        run = given(arm, cohort, horizon_days, seed, observe, moved)
        kept = np.flatnonzero(~run.failed)
        lost = Counter(cohort.lost) + Counter({FAILED: int(run.failed.sum())})
        run = Run(run.days, {name: array[kept] for name, array in run.values.items()}, run.failed[kept], run.notes)
        twin = taken(cohort.twin, kept)
        extra = {name: run.values[name] for name in observe}
        yield ArmRun(arm, cohort.population.take(kept), course_of(run, twin), extra, dict(+lost), cohort.candidates)


def given(
    arm: PublishedArm, cohort: Cohort, horizon: float, seed: int, observe: Sequence[str], moved: Moved = UNMOVED
) -> Run:
    """Every patient with one of the arm's treatments."""
    point = uniform_points(seed, cohort.population.patients, ["treatment"])[:, 0]
    bounds = np.cumsum([share for share, _ in arm.treatments])
    choice = np.searchsorted(bounds / bounds[-1], point, side="right")
    parts = []
    for place, (_, components) in enumerate(arm.treatments):
        rows = np.flatnonzero(choice == place)
        if len(rows):
            twin, population = moved.given(taken(cohort.twin, rows), components), cohort.population.take(rows)
            run = run_strategy(twin, components, horizon, observe=observe, lanes=lanes(population))
            parts.append((rows, run))
    return joined_runs(parts)


def joined_runs(parts: Sequence[tuple[np.ndarray, Run]]) -> Run:
    """Runs of parts of a batch as one, each with the positions (k,) of its patients; together they are all."""
    order = np.argsort(np.concatenate([rows for rows, _ in parts]), kind="stable")
    first = parts[0][1]
    values = {name: np.concatenate([run.values[name] for _, run in parts])[order] for name in first.values}
    failed = np.concatenate([run.failed for _, run in parts])[order]
    notes = tuple(dict.fromkeys(note for _, run in parts for note in run.notes))
    return replace(first, values=values, failed=failed, notes=notes)
