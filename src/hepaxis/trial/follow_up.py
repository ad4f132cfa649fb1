"""A trial's patients followed: visits, events and what would be recorded of each.

Held: each patient's new lesions, death, decompensation and leaving are drawn from the hazards with random numbers that
belong to the patient (``Chance``), so that arms can be paired.  Scans exist until death, leaving, the end of follow-up,
or progression; where treatment goes on beyond progression, until it is confirmed.  Survival follows latent progression,
never what a scan found.  Not held: missed visits, loss to follow-up for survival.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hepaxis.population.points import normal_points, uniform_points
from hepaxis.trial.course import Course, at_visits
from hepaxis.trial.hazards import (
    crossing_day,
    cumulative,
    death_hazard_over_time,
    decompensation_hazard,
    drop_out_hazard,
    new_lesion_hazard,
)
from hepaxis.trial.irecist import ImmuneReading, read_immune
from hepaxis.trial.lesions import choose_targets, measure, split_sum
from hepaxis.trial.mrecist import devascularised, viable
from hepaxis.trial.parameters import hazard
from hepaxis.trial.published_arms import PublishedArm
from hepaxis.trial.recist import NEVER, Best, Reading, best_response, read_scans, target_progression
from hepaxis.trial.schedule import Conduct, visits
from hepaxis.trial.toxicity import exposures

NEW_LESIONS = 3  # of a patient; more change no reading
PRINTED_AFTER = 3.0  # years from the middle of enrolment to print, where enrolment is not known


@dataclass(frozen=True)
class Chance:
    """Random numbers of n patients; the same for every arm that is to be paired.

    normal: scatter (n, s), error (n, s + 1, k), new_frailty, death_frailty, perfusion (n,), split (n, 2);
    unit exponential: new (n, NEW_LESIONS), death, decompensation, leaving (n,);
    uniform: second, spontaneous, beyond (n,).
    """

    scatter: np.ndarray
    error: np.ndarray
    new_frailty: np.ndarray
    death_frailty: np.ndarray
    perfusion: np.ndarray
    split: np.ndarray
    new: np.ndarray
    death: np.ndarray
    decompensation: np.ndarray
    leaving: np.ndarray
    second: np.ndarray
    spontaneous: np.ndarray
    beyond: np.ndarray

    @classmethod
    def of(cls, patients: np.ndarray, scans: int, seed: int, *, lesions: int = 2) -> Chance:
        """Of patients by their numbers (n,): each one's depend on the seed and its number, on no other patient."""

        def uniform(what: str, count: int = 1) -> np.ndarray:
            return uniform_points(seed, patients, [f"chance.{what}.{k}" for k in range(count)])

        def normal(what: str, count: int = 1) -> np.ndarray:
            return normal_points(seed, patients, [f"chance.{what}.{k}" for k in range(count)])

        def exponential(what: str, count: int = 1) -> np.ndarray:
            return np.asarray(-np.log(uniform(what, count)))

        errors = [normal(f"error.{scan}", lesions) for scan in range(scans + 1)]
        return cls(
            scatter=normal("scatter", scans),
            error=np.stack(errors, axis=1),
            new_frailty=normal("new_frailty")[:, 0],
            death_frailty=normal("death_frailty")[:, 0],
            perfusion=normal("perfusion")[:, 0],
            split=normal("split", 2),
            new=exponential("new", NEW_LESIONS),
            death=exponential("death")[:, 0],
            decompensation=exponential("decompensation")[:, 0],
            leaving=exponential("leaving")[:, 0],
            second=uniform("second")[:, 0],
            spontaneous=uniform("spontaneous")[:, 0],
            beyond=uniform("beyond")[:, 0],
        )

    @classmethod
    def draw(cls, n: int, scans: int, seed: int, *, lesions: int = 2) -> Chance:
        """For n patients with up to ``scans`` scans and ``lesions`` lesions."""
        rng = np.random.default_rng(seed)
        normal, exponential, uniform = rng.standard_normal, rng.standard_exponential, rng.random
        return cls(
            scatter=normal((n, scans)),
            error=normal((n, scans + 1, lesions)),
            new_frailty=normal(n),
            death_frailty=normal(n),
            perfusion=normal(n),
            split=normal((n, 2)),
            new=exponential((n, NEW_LESIONS)),
            death=exponential(n),
            decompensation=exponential(n),
            leaving=exponential(n),
            second=uniform(n),
            spontaneous=uniform(n),
            beyond=uniform(n),
        )


@dataclass(frozen=True)
class Arm:
    """What of an arm the follow-up needs.

    leaving: ``immune``, ``tki``, ``placebo`` or ``local``; drugs: names of ``devascularisation.csv`` (others are no
    fault); year: middle of enrolment, for the era; second_line: share of patients 0-1.
    """

    leaving: str
    year: float
    drugs: tuple[str, ...] = ()
    second_line: float = 0.0

    @classmethod
    def published(cls, arm: PublishedArm) -> Arm:
        """Of an arm of the trial table: its largest treatment's drugs, its enrolment or three years before print."""
        drugs = [drug for component in arm.components for drug in exposures(component).drugs]
        year = arm.year - PRINTED_AFTER if arm.enrolment is None else arm.enrolment
        return cls(arm.dropout, year, tuple(dict.fromkeys(drugs)), arm.second_line)


@dataclass(frozen=True)
class Lives:
    """Days (n,) of what happens to each patient, ``inf`` where it does not.

    new (n, NEW_LESIONS); latent: progression whether or not a scan finds it; decompensation only before death.
    """

    new: np.ndarray
    latent: np.ndarray
    decompensation: np.ndarray
    death: np.ndarray
    leaving: np.ndarray
    horizon: float


@dataclass(frozen=True)
class FollowUp:
    """What was recorded of n patients at s scans.

    lives; reading and immune (time points); sums_mm (n, s + 1) with baseline first, NaN where not scanned; best with
    the trial's own rule, and best_unconfirmed, best_viable (mRECIST); beyond (n,): treated beyond progression.
    """

    lives: Lives
    reading: Reading
    immune: ImmuneReading
    sums_mm: np.ndarray
    best: Best
    best_unconfirmed: Best
    best_viable: Best
    beyond: np.ndarray


def follow(course: Course, conduct: Conduct, chance: Chance, arm: Arm) -> FollowUp:
    """Follow every patient of a course through a trial's schedule to the course's last day.

    Raises ValueError when the random numbers do not fit patients, scans or lesions.
    """
    planned = conduct.days(course.days[-1])
    n, s = len(course.volume), len(planned)
    lesions = 2 if course.lesion_mm is None else course.lesion_mm.shape[2]
    have = chance.error.shape
    if have[0] != n or have[1] < s + 1 or have[2] < lesions:
        raise ValueError(f"random numbers for {have} do not fit {n} patients, {s} scans and {lesions} lesions")
    chance = replace(chance, scatter=chance.scatter[:, :s], error=chance.error[:, : s + 1, :lesions])
    days = visits(planned, chance.scatter)
    true_mm, target = _lesions(course, days, chance)
    lives = live(course, chance, arm, _target_sum(course, target))

    measured = np.where(target[:, None, :], measure(true_mm, chance.error), 0.0)
    sums = measured.sum(2)
    vanished = _all_gone(true_mm[:, 1:])
    last = np.minimum(np.minimum(lives.death, lives.leaving), lives.horizon)
    seen = days <= last[:, None]
    new_day = lives.new[:, 0]
    first = read_scans(days, sums[:, 0], sums[:, 1:], vanished=vanished, new_lesion_day=new_day, seen=seen)
    beyond = chance.beyond < conduct.beyond_progression
    end = np.where(first.progression == NEVER, s, first.progression)
    seen = seen & (beyond[:, None] | (np.arange(s)[None, :] <= end[:, None]))
    count, new_mm = _new_lesions(course, lives, days)
    immune = read_immune(days, sums[:, 0], sums[:, 1:], vanished=vanished, new_count=count, new_mm=new_mm, seen=seen)
    sure = np.where(immune.confirmed == NEVER, s, immune.confirmed)
    seen = seen & (np.arange(s)[None, :] <= sure[:, None])

    reading = read_scans(days, sums[:, 0], sums[:, 1:], vanished=vanished, new_lesion_day=new_day, seen=seen)
    lost = devascularised(arm.drugs, chance.perfusion)
    living = viable(measured[:, 1:], lost)
    living = np.where(living < hazard("disappearance_mm"), 0.0, living).sum(2)
    dead = _all_gone(viable(true_mm[:, 1:], lost))
    by_viable = read_scans(days, sums[:, 0], living, vanished=dead, new_lesion_day=new_day, seen=seen)
    return FollowUp(
        lives=lives,
        reading=reading,
        immune=immune,
        sums_mm=np.concatenate([sums[:, :1], np.where(seen, sums[:, 1:], np.nan)], axis=1),
        best=best_response(reading, confirmed=conduct.confirmed),
        best_unconfirmed=best_response(reading, confirmed=False),
        best_viable=best_response(by_viable, confirmed=conduct.confirmed),
        beyond=beyond,
    )


def live(course: Course, chance: Chance, arm: Arm, target_sum: np.ndarray) -> Lives:
    """New lesions, latent progression, decompensation, death and leaving; no scan enters.

    target_sum (n, m): true sum of the targets over the course.
    """
    rising = cumulative(new_lesion_hazard(course, chance.new_frailty), course.days)
    thresholds = np.cumsum(chance.new, axis=1)
    new = np.stack([crossing_day(rising, course.days, t) for t in thresholds.T], axis=1)
    latent = np.minimum(_latent_size_progression(target_sum, course.days), new[:, 0])
    failing = crossing_day(cumulative(decompensation_hazard(course), course.days), course.days, chance.decompensation)
    dying = death_hazard_over_time(
        course,
        progression_day=latent,
        decompensation_day=failing,
        frailty=chance.death_frailty,
        year=arm.year,
        second_line=arm.second_line,
    )
    death = crossing_day(cumulative(dying, course.days), course.days, chance.death)
    return Lives(
        new=new,
        latent=np.where(latent < death, latent, np.inf),
        decompensation=np.where(failing < death, failing, np.inf),
        death=death,
        leaving=chance.leaving / drop_out_hazard(arm.leaving),
        horizon=float(course.days[-1]),
    )


def _latent_size_progression(target_sum: np.ndarray, days: np.ndarray) -> np.ndarray:
    """First day (n,) the true sum meets the size rule, whether or not anyone looks."""
    grown = target_progression(np.minimum.accumulate(target_sum, axis=1), target_sum)
    return np.where(grown.any(1), days[grown.argmax(1)], np.inf)


def _lesions(course: Course, days: np.ndarray, chance: Chance) -> tuple[np.ndarray, np.ndarray]:
    """True diameters (n, s + 1, k) at baseline and visits, and which lesions are targets (n, k)."""
    if course.lesion_mm is None:
        parts = split_sum(course.diameter_sum, chance.second, chance.split)
        size = at_visits(course.diameters, course.days, days)
        later = size[:, :, None] * parts[:, None, :]
        target = parts > 0
    else:
        parts = course.lesion_mm[:, 0]
        later = at_visits(course.lesion_mm, course.days, days)
        target = choose_targets(parts)
    regress = np.where(chance.spontaneous < hazard("spontaneous_regression"), hazard("spontaneous_size"), 1.0)
    return np.concatenate([parts[:, None, :], later * regress[:, None, None]], axis=1), target


def _all_gone(mm: np.ndarray) -> np.ndarray:
    gone: np.ndarray = np.all(mm < hazard("disappearance_mm"), axis=2)
    return gone


def _target_sum(course: Course, target: np.ndarray) -> np.ndarray:
    if course.lesion_mm is None:
        return course.diameter_sum[:, None] * course.diameters
    total: np.ndarray = (course.lesion_mm * target[:, None, :]).sum(2)
    return total


def _new_lesions(course: Course, lives: Lives, days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Count (n, s) of new lesions that can be seen and the sum of their diameters; each grows at the pace at rest."""
    count = np.zeros(days.shape, int)
    total = np.zeros(days.shape)
    for born in lives.new.T:
        age = days - born[:, None]
        there = age >= 0
        count += there
        growth = np.exp(np.minimum(course.net_growth[:, None] * np.where(there, age, 0.0) / 3.0, 3.0))
        total += np.where(there, hazard("new_lesion_mm") * growth, 0.0)
    return count, total
