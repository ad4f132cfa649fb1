"""From tumour courses to the probability of response, durability, control, progression and severe immune events.

Held: what a virtual patient's course implies on a scan schedule.  New lesions and death are hazards, integrated
exactly (no event is drawn), so that two strategies on the same virtual patient differ only by what they do; only the
measurement error of diameters is drawn, from a seed shared by all strategies.  The new-lesion hazard depends on pace
and size, falls steeply with killing gained since the start, has a log-normal frailty and an anti-VEGF factor
(reference: feasibility work of the trial endpoints; a constant hazard cannot give both HCC's 40% primary progression
and its long durations).  Durable response: confirmed response that lasts at least six months
(10.1136/jitc-2019-000398).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepaxis.trial.parameters import hazard
from hepaxis.trial.recist import NEVER, read_sizes, scan_schedule

DAYS_PER_MONTH = 30.4375
SIX_MONTHS = 182.625  # days


@dataclass(frozen=True)
class Course:
    """Trajectories of n virtual patients on m days after the first dose (day 0 first).

    days (m,); volume (n, m) mL; gained_killing (n, m) 1/day above that at rest; vegf (n, m) occupancy 0-1;
    liver_function (n, m) relative to Child-Pugh A5; barrier (n, m) relative; net_growth (n,) 1/day at rest;
    diameter_sum (n,) mm at baseline; spread (n, m) sum of the lesions' diameters against one sphere of the whole volume
    (None: one lesion).
    """

    days: np.ndarray
    volume: np.ndarray
    gained_killing: np.ndarray
    vegf: np.ndarray
    liver_function: np.ndarray
    barrier: np.ndarray
    net_growth: np.ndarray
    diameter_sum: np.ndarray
    spread: np.ndarray | None = None

    @property
    def diameters(self) -> np.ndarray:
        """Sum of the lesions' diameters (n, m) relative to day 0."""
        return self.relative(self.volume, self.spread)

    def relative(self, volume: np.ndarray, spread: np.ndarray | None) -> np.ndarray:
        """Sum of diameters relative to day 0 of volumes (n, k) and spreads (n, k)."""
        sizes: np.ndarray = np.cbrt(volume / self.volume[:, :1])
        if spread is None or self.spread is None:
            return sizes
        return sizes * (spread / self.spread[:, :1])


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


def _cumulative(hazards: np.ndarray, days: np.ndarray) -> np.ndarray:
    steps = 0.5 * (hazards[:, 1:] + hazards[:, :-1]) * np.diff(days)[None, :]
    return np.concatenate([np.zeros((len(hazards), 1)), np.cumsum(steps, axis=1)], axis=1)


def _at(values: np.ndarray, days: np.ndarray, when: np.ndarray) -> np.ndarray:
    """Linear interpolation along the second axis; (n, m) -> (n, k)."""
    right = np.clip(np.searchsorted(days, when), 1, len(days) - 1)
    left = right - 1
    share = np.clip((when - days[left]) / (days[right] - days[left]), 0.0, 1.0)
    return values[:, left] * (1 - share) + values[:, right] * share


def new_lesion_hazard(course: Course, frailty: np.ndarray) -> np.ndarray:
    """Hazard (n, m) 1/day of a new or unequivocally grown non-target lesion."""
    pace = np.maximum(course.net_growth, 1e-5) / hazard("reference_net_growth")
    size = course.volume / hazard("reference_volume")
    control = 1.0 + (np.maximum(course.gained_killing, 0.0) / hazard("control_scale")) ** hazard("control_power")
    vegf = 1.0 - (1.0 - hazard("vegf_factor")) * course.vegf
    patient = pace ** hazard("pace_exponent") * np.exp(hazard("frailty_sd") * frailty)
    rate: np.ndarray = hazard("new_lesion_hazard") * patient[:, None] * size ** hazard("size_exponent") * vegf / control
    return rate


def death_hazard(course: Course) -> np.ndarray:
    """Hazard (n, m) 1/day of death before progression: size and liver function."""
    diameter = course.diameter_sum[:, None] * course.diameters / hazard("reference_diameter_sum")
    liver = np.exp(hazard("death_liver") * (1.0 - course.liver_function))
    rate: np.ndarray = hazard("death_hazard") * diameter ** hazard("death_size_exponent") * liver
    return rate


def severe_immune_probability(course: Course, cumulative_hazard: float, exponent: np.ndarray) -> np.ndarray:
    """Probability (n,) of a grade 3-4 immune event within the horizon.

    cumulative_hazard: -ln(1 - published rate) of the regimen; exponent (n,): dependence on the barrier's loosening
    under therapy against its own rest, uncertain (its draws include none).
    """
    span = course.days[-1] - course.days[0]
    ratio = np.maximum(course.barrier[:, :1] / np.maximum(course.barrier, 1e-6), 1e-6)
    factor = np.trapezoid(ratio ** exponent[:, None], course.days, axis=1) / span
    return -np.expm1(-cumulative_hazard * factor)


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
    n, s = len(course.volume), len(scans)
    if nuisance.errors.shape[0] != n or nuisance.errors.shape[2] < s + 1:
        raise ValueError(f"nuisance draws {nuisance.errors.shape} do not fit {n} patients and {s} scans")
    hazards = new_lesion_hazard(course, nuisance.frailty) + death_hazard(course)
    survival = np.exp(-_at(_cumulative(hazards, course.days), course.days, scans))  # (n, s) no new lesion, alive
    volume = _at(course.volume, course.days, scans)
    spread = None if course.spread is None else _at(course.spread, course.days, scans)
    true_mm = course.diameter_sum[:, None] * course.relative(volume, spread)
    true_mm = np.where(volume < hazard("eradication_volume"), 0.0, true_mm)

    r = nuisance.errors.shape[1]
    noise = np.exp(hazard("measurement_error") * nuisance.errors[:, :, : s + 1])
    baseline = (course.diameter_sum[:, None] * noise[:, :, 0]).reshape(n * r)
    sums = (true_mm[:, None, :] * noise[:, :, 1:]).reshape(n * r, s)
    reading = read_sizes(scans, baseline, sums)
    lasting = np.repeat(survival, r, axis=0)
    row = np.arange(n * r)

    responds = reading.response != NEVER
    at_confirmation = np.where(responds, lasting[row, reading.confirmation], 0.0)
    progressed = np.where(reading.progression == NEVER, s, reading.progression)
    # last scan before six months after the response began, and that it was seen within the horizon
    ends = scans[np.clip(reading.response, 0, s - 1)] + SIX_MONTHS
    within = ends <= course.days[-1]
    last = np.clip(np.searchsorted(scans, ends, side="right") - 1, 0, s - 1)
    durable = np.where(responds & within & (progressed > last), lasting[row, last], 0.0)

    free = np.arange(s)[None, :] < progressed[:, None]
    event_free = (lasting * free).reshape(n, r, s).mean(1)
    sixth = max(int(np.searchsorted(scans, SIX_MONTHS, side="right")) - 1, 0)
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
