"""Response by a feature of the baseline: by thirds of it or by its words, and the odds ratio per standard deviation.

Held: an association, of the arm's patients as they are: what confounds it in the model confounds it here.
Assumed: a logistic model in the feature's normal score (ranks), so that skewed shares have one scale.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtri
from scipy.stats import rankdata

from hepaxis.trial.estimates import Json, nothing, number, ratio, share, spread

THIRDS = (1 / 3, 2 / 3)
STEPS = 50  # of Newton's method
CLOSE = 1e-10


@dataclass(frozen=True)
class Patients:
    """Of one arm: responds, weight, draw (n,), and patients in a trial of the design's size."""

    responds: np.ndarray
    weight: np.ndarray
    draw: np.ndarray
    trial_n: int


def by_thirds(values: np.ndarray, of: Patients) -> list[Json]:
    """Response in each third of a number (n,), or on either side where it has two values."""
    known = np.isfinite(values)
    kinds = np.unique(values[known])
    if len(kinds) <= 2:
        groups = [values == kind for kind in kinds]
    else:
        low, high = np.quantile(values[known], THIRDS)
        groups = [known & (values <= low), (values > low) & (values <= high), values > high]
    found = []
    for group in groups:
        if group.any():
            bounds = {"low": number(values[group].min()), "high": number(values[group].max())}
            found.append({"label": "", **bounds, **_group(group, of)})
    return found


def by_words(values: np.ndarray, of: Patients) -> list[Json]:
    """Response by a word (n,)."""
    return [{"label": str(word), "low": None, "high": None, **_group(values == word, of)} for word in np.unique(values)]


def odds_ratio(values: np.ndarray, of: Patients) -> Json:
    """Odds ratio of response per standard deviation of the feature's normal score (n,); null where there is none."""
    known = np.isfinite(values)
    happened = of.responds[known].astype(float)
    n = max(1, round(of.trial_n * float(known.mean()))) if len(known) else 0
    if not known.any() or np.ptp(values[known]) == 0 or happened.min() == happened.max():
        return nothing(n)
    score = normal_score(values[known])
    found = logistic(score, happened, of.weight[known])
    if found is None:
        return nothing(n)
    return ratio(found[0], spread(found[1], of.draw[known]), n)


def normal_score(values: np.ndarray) -> np.ndarray:
    """Standard normal scores (n,) of ranks, mean 0 and sd 1; ties share theirs."""
    scores = ndtri((rankdata(values) - 0.5) / len(values))
    made: np.ndarray = (scores - scores.mean()) / scores.std()
    return made


def logistic(score: np.ndarray, happened: np.ndarray, weight: np.ndarray) -> tuple[float, np.ndarray] | None:
    """Slope of the log odds and each patient's influence on it (n,); None without a finite fit."""
    design = np.stack([np.ones_like(score), score], axis=1)
    mass = weight / weight.mean()
    beta = np.zeros(2)
    for _ in range(STEPS):
        chance = expit(design @ beta)
        score_of = mass[:, None] * (happened - chance)[:, None] * design
        information = (mass * chance * (1 - chance))[:, None, None] * design[:, :, None] * design[:, None, :]
        total = information.sum(0)
        if not np.isfinite(total).all() or np.linalg.cond(total) > 1 / CLOSE:
            return None
        step = np.linalg.solve(total, score_of.sum(0))
        beta = beta + step
        if np.abs(step).max() < CLOSE:
            moves = len(score) * np.linalg.solve(total, score_of.T)[1]
            return float(beta[1]), np.asarray(moves)
    return None


def _group(group: np.ndarray, of: Patients) -> Json:
    few = max(1, round(of.trial_n * float(group.mean())))
    return {"n": int(group.sum()), "response": share(of.responds[group], of.weight[group], of.draw[group], few)}
