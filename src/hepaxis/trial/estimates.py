"""An estimate with what chance of patients and what draws of the mechanisms leave uncertain, kept apart.

Held: any estimate is, near its value, a mean of each patient's influence on it.  Patients come ten to a draw of the
mechanisms, so the mean product of the influences of two patients of one draw is the variance of the estimate between
draws, and what is left of one patient's variance is chance of patients, which shrinks with the size of a trial.
Assumed: normal on the estimate's scale (logarithm for ratios); shares are beta over draws, a trial's counts binomial.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import stats

LEVEL, DRAW_LEVEL = 0.95, 0.90
ONE_SIDED = 1.645  # standard errors to the upper 95% limit
LEAST_DRAWS = 20  # with two patients or more; with fewer nothing is said of draws
EDGE = 1e-6
Json = dict[str, Any]


@dataclass(frozen=True)
class Spread:
    """Variances of an estimate.

    ``patient`` of one patient within a draw; ``draws`` between draws (nan: not known) and ``draws_se`` how well that is
    known; ``simulation`` of the estimate as simulated; ``count`` draws with two patients or more.
    """

    patient: float
    draws: float
    draws_se: float
    simulation: float
    count: int

    @property
    def draw_sd(self) -> float:
        """nan where it is not known."""
        return float(np.sqrt(max(self.draws, 0.0))) if np.isfinite(self.draws) else float("nan")

    @property
    def draw_sd_most(self) -> float:
        """Upper 95% limit of it."""
        return float(np.sqrt(max(self.draws, 0.0) + ONE_SIDED * self.draws_se))

    def trial_se(self, n: int) -> float:
        """Standard error in a trial of n patients."""
        return float(np.sqrt(self.patient / max(n, 1)))


def spread(influence: np.ndarray, draw: np.ndarray, group: np.ndarray | None = None) -> Spread:
    """From influences (n,) with mean 0 (the estimate moves by their mean), draws (n,) and arms (n,; None: one).

    Products are taken within and between arms apart, since arms are balanced within draws.
    """
    n = len(influence)
    arms = np.zeros(n, int) if group is None else np.unique(group, return_inverse=True)[1]
    place = np.unique(draw, return_inverse=True)[1]
    worlds, sides = int(place.max(initial=-1)) + 1, int(arms.max(initial=-1)) + 1
    size = np.zeros((worlds, sides))
    total, square = size.copy(), size.copy()
    np.add.at(size, (place, arms), 1.0)
    np.add.at(total, (place, arms), influence)
    np.add.at(square, (place, arms), influence**2)
    portion = size.sum(0) / max(n, 1)
    own = square.sum(0) / np.maximum(size.sum(0), 1.0)
    between = within_arms = noise = 0.0
    for a in range(sides):
        for b in range(a, sides):
            products = (total[:, a] ** 2 - square[:, a]) if a == b else total[:, a] * total[:, b]
            pairs = size[:, a] * (size[:, a] - 1) if a == b else size[:, a] * size[:, b]
            mean = products.sum() / pairs.sum() if pairs.sum() > 0 else np.nan
            between += (1.0 if a == b else 2.0) * portion[a] * portion[b] * mean
            products_of = (2.0 if a == b else 1.0) * own[a] * own[b]  # variance of one product, were there no draws
            noise += ((1.0 if a == b else 2.0) * portion[a] * portion[b]) ** 2 * products_of / max(pairs.sum(), 1.0)
            within_arms += portion[a] * max(mean, 0.0) if a == b and np.isfinite(mean) else 0.0
    count = int((size.sum(1) >= 2).sum())
    known = count >= LEAST_DRAWS and np.isfinite(between)
    patient = float((influence**2).mean()) if n else float("nan")
    patient = max(patient - (within_arms if known else 0.0), 0.0)
    simulated = float((total.sum(1) ** 2).sum()) / max(n, 1) ** 2
    if not known:
        return Spread(patient, float("nan"), float("nan"), simulated, count)
    return Spread(patient, float(between), float(np.sqrt(noise)), simulated, count)


def unseen(got: Spread, n: int) -> Spread:
    """The spread of a count among n patients: never less than that of half a patient, where nothing or all was seen."""
    chance = 0.5 / (n + 1)
    least = chance * (1 - chance)
    return replace(got, patient=max(got.patient, least), simulation=max(got.simulation, least / n))


def number(value: float) -> float | None:
    """As JSON holds it: None where it is not finite."""
    return float(f"{value:.6g}") if np.isfinite(value) else None


def share(happened: np.ndarray, weight: np.ndarray, draw: np.ndarray, trial_n: int) -> Json:
    """Estimate of a share from (n,) booleans."""
    n = len(happened)
    if not n:
        return nothing(trial_n) | {"count": 0, "n": 0}
    value = float(np.average(happened, weights=weight))
    got = unseen(spread(weight / weight.mean() * (happened - value), draw), n)
    low, high = stats.binom.ppf([(1 - LEVEL) / 2, (1 + LEVEL) / 2], trial_n, value) / max(trial_n, 1)
    made = _made(value, got, trial_n, float(low), float(high), *_share_draws(value, got))
    return made | {"count": int(happened.sum()), "n": n}


def survival(value: float, influence: np.ndarray, draw: np.ndarray, trial_n: int) -> Json:
    """Estimate of a share that comes with influences, as a point of a curve."""
    got = spread(influence, draw)
    half = normal(LEVEL) * got.trial_se(trial_n)
    return _made(value, got, trial_n, max(value - half, 0.0), min(value + half, 1.0), *_share_draws(value, got))


def difference(value: float, got: Spread, trial_n: int) -> Json:
    """Estimate on its own scale."""
    half, wide = normal(LEVEL) * got.trial_se(trial_n), normal(DRAW_LEVEL) * got.draw_sd
    return _made(value, got, trial_n, value - half, value + half, value - wide, value + wide)


def ratio(log_value: float, got: Spread, trial_n: int) -> Json:
    """Estimate of a ratio from its logarithm; ``sd`` and ``simulation_se`` are of the logarithm."""
    half, wide = normal(LEVEL) * got.trial_se(trial_n), normal(DRAW_LEVEL) * got.draw_sd
    with np.errstate(over="ignore"):
        bounds = np.exp([log_value, log_value - half, log_value + half, log_value - wide, log_value + wide])
    return _made(float(bounds[0]), got, trial_n, *(float(bound) for bound in bounds[1:]))


def nothing(trial_n: int) -> Json:
    """An estimate of nothing: everything null."""
    trial = {"n": trial_n, "low": None, "high": None, "level": LEVEL}
    return {"estimate": None, "simulation_se": None, "trial": trial, "draws": None}


def normal(level: float) -> float:
    """Half width of the central interval of a standard normal."""
    return float(stats.norm.ppf((1 + level) / 2))


def draws_part(got: Spread, low: float, high: float) -> Json | None:
    """The ``draws`` of an estimate."""
    if not np.isfinite(got.draw_sd):
        return None
    found = {"sd": number(got.draw_sd), "sd_most": number(got.draw_sd_most)}
    return {**found, "low": number(low), "high": number(high), "level": DRAW_LEVEL, "draws": got.count}


def _made(value: float, got: Spread, trial_n: int, low: float, high: float, draw_low: float, draw_high: float) -> Json:
    return {
        "estimate": number(value),
        "simulation_se": number(np.sqrt(got.simulation)),
        "trial": {"n": trial_n, "low": number(low), "high": number(high), "level": LEVEL},
        "draws": draws_part(got, draw_low, draw_high),
    }


def _share_draws(value: float, got: Spread) -> tuple[float, float]:
    """Central interval of a beta distribution with the mean and sd of the share over draws."""
    largest = value * (1 - value)
    variance = got.draw_sd**2
    if not np.isfinite(variance) or variance < EDGE * largest or largest == 0:
        return value, value
    size = largest / min(variance, (1 - EDGE) * largest) - 1
    low, high = stats.beta.ppf([(1 - DRAW_LEVEL) / 2, (1 + DRAW_LEVEL) / 2], value * size, (1 - value) * size)
    return float(low), float(high)
