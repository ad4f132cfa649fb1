"""Hazards of what is not the size of a target: new lesions, death, decompensation, leaving assessment.

Held: the new-lesion hazard depends on pace and size, falls steeply with killing gained since the start, has a
log-normal frailty and an anti-VEGF factor (a constant hazard cannot give both HCC's 40% primary progression and its
long durations).  Death depends on size, liver function, calendar year, line, decompensation, and on *latent*
progression: tied to progression as a scan detects it, survival would change with the interval between scans.
Decompensation has an early and a late hazard and rises with ALBI.  Values and sources: ``hazards.csv``.
"""

from __future__ import annotations

import numpy as np

from hepaxis.trial.course import Course
from hepaxis.trial.parameters import hazard

DECADE = 10.0  # years
DROP_OUT = ("immune", "tki", "placebo", "local")


def cumulative(hazards: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Cumulative hazard (n, m) of hazards (n, m) by the trapezoid rule, 0 on the first day."""
    steps = 0.5 * (hazards[:, 1:] + hazards[:, :-1]) * np.diff(days)[None, :]
    return np.concatenate([np.zeros((len(hazards), 1)), np.cumsum(steps, axis=1)], axis=1)


def crossing_day(rising: np.ndarray, days: np.ndarray, threshold: np.ndarray) -> np.ndarray:
    """Day (n,) a rising curve (n, m) reaches the threshold (n,), linear between days; ``inf`` when it does not."""
    reached = rising >= threshold[:, None]
    right = np.maximum(reached.argmax(1), 1)
    row = np.arange(len(rising))
    low, high = rising[row, right - 1], rising[row, right]
    share = np.clip((threshold - low) / np.maximum(high - low, 1e-300), 0.0, 1.0)
    day = days[right - 1] + share * (days[right] - days[right - 1])
    return np.where(reached.any(1), day, np.inf)


def new_lesion_hazard(course: Course, frailty: np.ndarray) -> np.ndarray:
    """Hazard (n, m) 1/day of a new or unequivocally grown non-target lesion; frailty (n,) standard normal."""
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
    if course.albi is None:
        liver = np.exp(hazard("death_liver") * (1.0 - course.liver_function))
    else:
        liver = np.exp(hazard("death_albi") * (course.albi - hazard("reference_albi")))
    rate: np.ndarray = hazard("death_hazard") * diameter ** hazard("death_size_exponent") * liver
    return rate


def death_hazard_over_time(
    course: Course,
    *,
    progression_day: np.ndarray,
    decompensation_day: np.ndarray,
    frailty: np.ndarray,
    year: float,
    second_line: float = 0.0,
) -> np.ndarray:
    """Hazard (n, m) of death through the whole course.

    progression_day (n,) latent, decompensation_day (n,); frailty (n,) standard normal; year of enrolment;
    second_line: share 0-1.
    """
    after = hazard("death_progression") * (course.days >= progression_day[:, None])
    failing = hazard("death_decompensation") * (course.days >= decompensation_day[:, None])
    common = hazard("death_line2") * second_line - hazard("death_era") * (year - hazard("reference_year")) / DECADE
    own = hazard("death_frailty_sd") * frailty[:, None]
    rate: np.ndarray = death_hazard(course) * np.exp(after + failing + own + common)
    return rate


def decompensation_hazard(course: Course) -> np.ndarray:
    """Hazard (n, m) 1/day of a first hepatic decompensation."""
    if course.albi is None:
        albi = hazard("albi_per_liver") * (1.0 - course.liver_function)
    else:
        albi = course.albi - hazard("reference_albi")
    early = course.days <= hazard("decompensation_window")
    base = np.where(early, hazard("decompensation_early"), hazard("decompensation_late"))
    rate: np.ndarray = base * np.exp(hazard("decompensation_albi") * albi)
    return rate


def drop_out_hazard(kind: str) -> float:
    """Hazard 1/day of leaving assessment under a kind of treatment (``DROP_OUT``).  Raises ValueError for another."""
    if kind not in DROP_OUT:
        raise ValueError(f"no drop-out of '{kind}'; known: {', '.join(DROP_OUT)}")
    return hazard(f"drop_out_{kind}")
