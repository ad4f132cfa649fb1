"""Made courses and random numbers with known answers, shared by the tests of this room."""

from __future__ import annotations

import dataclasses

import numpy as np

from hepaxis.trial import Chance, Conduct, Course
from hepaxis.trial.follow_up import NEW_LESIONS

DAYS = np.arange(0.0, 3 * 365 + 1, 7.0)
LATE = 1e12  # a threshold that no hazard reaches


def course(size: np.ndarray, *, mm: float = 100.0, days: np.ndarray = DAYS, **changes) -> Course:
    """Patients whose sum of diameters is mm times ``size`` (n, m) or (m,) over the days."""
    shape = np.atleast_2d(np.asarray(size, float))
    volume = 65.0 * shape**3
    zero = np.zeros_like(volume)
    n = len(shape)
    made = Course(
        days=days,
        volume=volume,
        gained_killing=zero,
        vegf=zero,
        liver_function=zero + 1.0,
        barrier=zero + 1.0,
        net_growth=np.full(n, 0.0046),
        diameter_sum=np.full(n, mm),
    )
    return dataclasses.replace(made, **changes)


def chance(n: int = 1, *, scans: int = 40, lesions: int = 2, **changes) -> Chance:
    """No error, no scatter, nothing happens, nobody continues beyond progression: change what the test is about."""
    quiet = Chance(
        scatter=np.zeros((n, scans)),
        error=np.zeros((n, scans + 1, lesions)),
        new_frailty=np.zeros(n),
        death_frailty=np.zeros(n),
        perfusion=np.zeros(n),
        split=np.zeros((n, 2)),
        new=np.full((n, NEW_LESIONS), LATE),
        death=np.full(n, LATE),
        decompensation=np.full(n, LATE),
        leaving=np.full(n, LATE),
        second=np.ones(n),
        spontaneous=np.ones(n),
        beyond=np.ones(n),
    )
    return dataclasses.replace(quiet, **changes)


def conduct(**changes) -> Conduct:
    plain = Conduct("made", 8, 520, 8, True, "separate", 0.5, "made")
    return dataclasses.replace(plain, **changes)


def mixed(n: int, seed: int = 1, days: np.ndarray = DAYS) -> Course:
    """A population in which a third responds, as a trial's would."""
    rng = np.random.default_rng(seed)
    growth = np.exp(rng.normal(np.log(0.0046), 1.0, n))
    kill = np.where(rng.random(n) < 0.35, np.exp(rng.normal(np.log(0.015), 0.8, n)), 0.0)
    waning = 0.002
    change = growth[:, None] * days - kill[:, None] * -np.expm1(-waning * days) / waning
    size = np.exp(np.clip(change / 3, -5, 1.5))
    made = course(size, mm=110.0, days=days, net_growth=growth)
    return dataclasses.replace(made, gained_killing=kill[:, None] * np.exp(-waning * days)[None, :])
