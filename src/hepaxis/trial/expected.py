"""From tumour courses to the probability of response, durability, control, progression and severe immune events.

Held: what a virtual patient's course implies on a scan schedule.  New lesions and death are hazards, integrated
exactly (no event is drawn), so that two strategies on the same virtual patient differ only by what they do; only the
measurement error of the sum is drawn, from a seed shared by all strategies.  A trial's patients, with events, targets
and follow-up of their own, are in ``follow_up``.  Durable response: confirmed response that lasts at least six months
(10.1136/jitc-2019-000398).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepaxis.trial.course import Course, at_days
from hepaxis.trial.hazards import cumulative, death_hazard, new_lesion_hazard
from hepaxis.trial.parameters import criterion, hazard
from hepaxis.trial.recist import NEVER, best_response, read_scans
from hepaxis.trial.schedule import scan_schedule
from hepaxis.trial.toxicity import barrier_factor


@dataclass(frozen=True)
class Nuisance:
    """Random numbers shared by every strategy: measurement errors (n, r, s + 1) and frailty (n,), standard normal."""

    errors: np.ndarray
    frailty: np.ndarray

    @classmethod
    def draw(cls, n: int, scans: int, replicates: int, seed: int) -> Nuisance:
        rng = np.random.default_rng(seed)
        return cls(errors=rng.standard_normal((n, replicates, scans + 1)), frailty=rng.standard_normal(n))


@dataclass(frozen=True)
class Endpoints:
    """Per virtual patient, probabilities 0-1.

    response, durable, control_6m, progression_first (n,); event_free (n, s) progression-free survival at ``scans``
    (s,) days; severe_immune (n,).
    """

    response: np.ndarray
    durable: np.ndarray
    control_6m: np.ndarray
    progression_first: np.ndarray
    event_free: np.ndarray
    severe_immune: np.ndarray
    scans: np.ndarray


def severe_immune_probability(course: Course, cumulative_hazard: float, exponent: np.ndarray) -> np.ndarray:
    """Probability (n,) of a grade 3-4 immune event within the horizon.

    cumulative_hazard: -ln(1 - published rate) of the regimen; exponent (n,): dependence on the barrier's loosening
    under therapy against its own rest, uncertain (its draws include none).
    """
    return -np.expm1(-cumulative_hazard * barrier_factor(course.days, course.barrier, exponent))


def assess(
    course: Course,
    nuisance: Nuisance,
    *,
    scan_interval_weeks: float,
    severe_immune_rate: float = 0.0,
    immune_exponent: np.ndarray | None = None,
) -> Endpoints:
    """Endpoints of every virtual patient under one strategy.

    severe_immune_rate: published grade 3-4 immune-mediated event rate of the regimen (0-1, within its follow-up).
    Raises ValueError when the nuisance draws do not fit the schedule.
    """
    scans = scan_schedule(scan_interval_weeks, course.days[-1])
    six_months = criterion("durable_days")
    n, s = len(course.volume), len(scans)
    if nuisance.errors.shape[0] != n or nuisance.errors.shape[2] < s + 1:
        raise ValueError(f"nuisance draws {nuisance.errors.shape} do not fit {n} patients and {s} scans")
    hazards = new_lesion_hazard(course, nuisance.frailty) + death_hazard(course)
    survival = np.exp(-at_days(cumulative(hazards, course.days), course.days, scans))  # (n, s) no new lesion, alive
    volume = at_days(course.volume, course.days, scans)
    spread = None if course.spread is None else at_days(course.spread, course.days, scans)
    true_mm = course.diameter_sum[:, None] * course.relative(volume, spread)
    true_mm = np.where(volume < hazard("eradication_volume"), 0.0, true_mm)

    r = nuisance.errors.shape[1]
    noise = np.exp(hazard("measurement_error") * nuisance.errors[:, :, : s + 1])
    baseline = (course.diameter_sum[:, None] * noise[:, :, 0]).reshape(n * r)
    sums = (true_mm[:, None, :] * noise[:, :, 1:]).reshape(n * r, s)
    reading = read_scans(scans, baseline, sums)
    best = best_response(reading)
    lasting = np.repeat(survival, r, axis=0)
    row = np.arange(n * r)

    responds = best.onset != NEVER
    at_confirmation = np.where(responds, lasting[row, best.confirmation], 0.0)
    progressed = np.where(reading.progression == NEVER, s, reading.progression)
    # last scan before six months after the response began, and that it was seen within the horizon
    ends = scans[np.clip(best.onset, 0, s - 1)] + six_months
    within = ends <= course.days[-1]
    last = np.clip(np.searchsorted(scans, ends, side="right") - 1, 0, s - 1)
    durable = np.where(responds & within & (progressed > last), lasting[row, last], 0.0)

    free = np.arange(s)[None, :] < progressed[:, None]
    event_free = (lasting * free).reshape(n, r, s).mean(1)
    sixth = max(int(np.searchsorted(scans, six_months, side="right")) - 1, 0)
    background = hazard("background_response")
    response = at_confirmation.reshape(n, r).mean(1)
    exponent = np.zeros(n) if immune_exponent is None else immune_exponent
    return Endpoints(
        response=response + (1 - response) * background,
        durable=durable.reshape(n, r).mean(1),
        control_6m=event_free[:, sixth],
        progression_first=1.0 - event_free[:, 0],
        event_free=event_free,
        severe_immune=severe_immune_probability(course, -np.log1p(-severe_immune_rate), exponent),
        scans=scans,
    )


def median_event_free(scans: np.ndarray, event_free: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Median progression-free survival (days) of a group: where the mean curve crosses one half.

    Linear between scans so that it does not jump by a whole scan interval; ``inf`` when not reached.
    """
    curve = np.average(event_free, axis=0, weights=weights)
    days = np.concatenate([[0.0], scans])
    curve = np.concatenate([[1.0], curve])
    below = np.nonzero(curve <= 0.5)[0]
    if not len(below):
        return float("inf")
    k = below[0]
    return float(days[k - 1] + (curve[k - 1] - 0.5) / (curve[k - 1] - curve[k]) * (days[k] - days[k - 1]))
