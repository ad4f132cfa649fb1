"""Size of a trial from what the model expects and how far it may be wrong: power, assurance and wrong turns.

Held: the true effect of the next trial is normal on the log scale: the model's mean, its spread between draws of the
mechanisms and by simulation, and the stated extrapolation (``extrapolation.csv``).  Power is at the mean effect;
assurance is the probability over the whole distribution that the trial ends significant and in favour of the arm.
Numbers at each n are simulated trials; sizes that reach a goal are by the normal formulas shown beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.special import expit, logit

from hepaxis.problems import InputError, error
from hepaxis.trial.effects import Effects
from hepaxis.trial.estimates import DRAW_LEVEL, Json, normal, number
from hepaxis.trial.extrapolation import Extrapolation
from hepaxis.trial.trial_tests import ALPHA, CRITICAL, TwoArms

TRIALS = 4_000
LEAST, MOST = 10, 20_000  # patients of a trial
WIDTHS = (0.0, 0.5, 1.0, 2.0)  # of the extrapolation, shown beside each other
QUANTILES = stats.norm.ppf((np.arange(400) + 0.5) / 400)
GOALS = {"power": 0.8, "assurance": 0.5}


@dataclass(frozen=True)
class Belief:
    """What is believed of the true log ratio: ``mean`` and ``sd``; ``good`` sign of a benefit."""

    mean: float
    sd: float
    good: float

    @property
    def better(self) -> float:
        """Probability of a benefit."""
        if self.sd == 0:
            return float(self.mean * self.good > 0)
        return float(stats.norm.cdf(self.good * self.mean / self.sd))

    def spread(self) -> np.ndarray:
        """Effects at even quantiles."""
        found: np.ndarray = self.mean + self.sd * QUANTILES
        return found


def belief(found: Effects, arm: str, width: Extrapolation) -> Belief:
    """Of one arm's effect in the next trial."""
    k = found.arms.index(arm)
    sd = np.sqrt(width.carried**2 * (found.between[k, k] + found.unseen[k] + found.simulation[k, k]) + width.sd**2)
    return Belief(float(width.carried * found.mean[k]), float(sd), found.good)


def check_sizes(sizes: Sequence[int], trials: int) -> None:
    """Raises InputError for sizes or numbers of trials that cannot be."""
    faults = [
        error("trial.size", f"a trial of {n} patients", f"give sizes from {LEAST} to {MOST}")
        for n in sizes
        if not LEAST <= n <= MOST
    ]
    if not sizes:
        faults.append(error("trial.size", "no size of a trial", "give some, as --n 50,100,200"))
    if trials < 1:
        faults.append(error("trial.trials", f"{trials} simulated trials", "give at least 1"))
    if faults:
        raise InputError(faults)


def at_size(two: TwoArms, what: Belief, n: int, trials: int, seed: int) -> Json:
    """Power, assurance and wrong turns of trials of n patients, simulated, with the formulas' values beside them."""
    rng = np.random.default_rng([seed, n])
    at_mean = two.statistics(n, np.full(trials, what.mean), rng)
    effect = what.mean + what.sd * rng.standard_normal(trials)
    seen = two.statistics(n, effect, rng)
    truth = what.good * effect
    m, c = two.sizes(n)
    for_arm, against = seen > CRITICAL, seen < -CRITICAL
    return {
        "n": n,
        "arm_n": m,
        "control_n": c,
        "trials": trials,
        "power": _share(np.abs(at_mean) > CRITICAL),
        "power_formula": number(rejects(two, n, np.array([what.mean]))),
        "assurance": _share(for_arm),
        "assurance_formula": number(succeeds(two, n, what.spread())),
        "significant_harm": _share(against),
        "wrong_way": _share(seen * truth < 0),
        "significant_wrong_way": _share((for_arm & (truth < 0)) | (against & (truth > 0))),
    }


def _share(happened: np.ndarray) -> Json:
    value = float(happened.mean())
    return {"estimate": number(value), "se": number(np.sqrt(max(value * (1 - value), 0.0) / len(happened)))}


def succeeds(two: TwoArms, n: int, effect: np.ndarray) -> float:
    """Probability, averaged over effects (k,), of a significant benefit by the formulas."""
    mean, sd = two.moments(n, effect)
    return float(stats.norm.sf((CRITICAL - mean) / sd).mean())


def rejects(two: TwoArms, n: int, effect: np.ndarray) -> float:
    """The same of a significant difference either way."""
    mean, sd = two.moments(n, effect)
    return float((stats.norm.sf((CRITICAL - mean) / sd) + stats.norm.cdf((-CRITICAL - mean) / sd)).mean())


def least_size(two: TwoArms, effect: np.ndarray, goal: float) -> int | None:
    """Fewest patients with which ``succeeds`` reaches the goal; None where ``MOST`` do not."""
    if succeeds(two, MOST, effect) < goal:
        return None
    low, high = LEAST, MOST
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if succeeds(two, middle, effect) >= goal else (middle + 1, high)
    return low


def expected(found: Effects, what: Belief) -> Json:
    """The effect a belief expects: ratio, and points of a share, each with its central interval."""
    half = normal(DRAW_LEVEL) * what.sd
    logs = np.array([what.mean, what.mean - half, what.mean + half])
    ratios = np.exp(logs)
    made: Json = {
        "ratio": {"median": number(ratios[0]), "low": number(ratios[1]), "high": number(ratios[2])},
        "log_sd": number(what.sd),
        "level": DRAW_LEVEL,
        "probability_of_benefit": number(what.better),
        "points": None,
    }
    if found.scale == "log_odds":
        points = 100 * (expit(logit(found.base.rate) + logs) - found.base.rate)
        made["points"] = {"median": number(points[0]), "low": number(points[1]), "high": number(points[2])}
    return made


def power(
    found: Effects,
    arm: str,
    sizes: Sequence[int],
    width: Extrapolation,
    *,
    share: float = 0.5,
    trials: int = TRIALS,
    seed: int = 1,
) -> Json:
    """Everything of one arm against its control.  share: of the patients on the arm.  Raises InputError for sizes."""
    check_sizes(sizes, trials)
    two = TwoArms(found.base, found.scale, share)
    beliefs = {one: belief(found, arm, width.widened(one)) for one in WIDTHS}
    whole = beliefs[1.0]
    k = found.arms.index(arm)
    needed = least_size(two, np.array([whole.mean]), GOALS["power"]) if whole.good * whole.mean > 0 else None
    return {
        "arm": arm,
        "control": found.control,
        "outcome": found.outcome,
        "scale": found.scale,
        "alpha": ALPHA,
        "patients": found.patients,
        "draws": found.draws,
        "control_rate": number(found.base.rate),
        "mechanisms": {
            "log_mean": number(found.mean[k]),
            "simulation_se": number(np.sqrt(found.simulation[k, k])),
            "draw_sd": number(np.sqrt(found.between[k, k])),
            "draw_sd_likely": number(np.sqrt(found.between[k, k] + found.unseen[k])),
            "draw_sd_most": number(found.draw_sd_most[k]),
            **expected(found, beliefs[0.0]),
        },
        "expected": expected(found, whole),
        "sizes": [at_size(two, whole, int(n), trials, seed) for n in sizes],
        "needed": {
            "power": {"goal": GOALS["power"], "n": needed},
            "assurance": {
                "goal": GOALS["assurance"],
                "n": least_size(two, whole.spread(), GOALS["assurance"]),
                "most": number(whole.better),
            },
            "searched_to": MOST,
        },
        "by_width": [
            {
                "width": one,
                "log_sd": number(what.sd),
                "probability_of_benefit": number(what.better),
                "assurance_formula": [number(succeeds(two, int(n), what.spread())) for n in sizes],
            }
            for one, what in beliefs.items()
        ],
    }
