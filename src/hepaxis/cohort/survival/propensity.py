"""Who was exposed: the probability of an exposure given what was known before it, and weights that balance it.

Held: a logistic model of the exposure, stabilised inverse-probability weights truncated at stated quantiles,
standardised mean differences before and after, overlap of the two groups' probabilities, effective sample size.
Balance is of what was recorded only; what was not (infection, frailty) is what the E-value is about.
Sources: Austin and Stuart 2015 (10.1002/sim.6607) for weights and balance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

TRUNCATED = (0.01, 0.99)  # quantiles of the weights
BALANCED = 0.1  # absolute standardised mean difference that is called balanced (Austin and Stuart 2015)
RIDGE = 1e-3  # prior precision of a standardised coefficient: keeps a separating covariate finite
STEPS = 50


@dataclass(frozen=True)
class Propensity:
    """probability (n,); weight (n,), stabilised; balance: one row a covariate with before, after (SMD);
    effective: effective sample size of exposed and not exposed; overlap: share within the common range."""

    probability: np.ndarray
    weight: np.ndarray
    balance: pd.DataFrame
    effective: tuple[float, float]
    overlap: float

    @property
    def balanced(self) -> bool:
        return bool((self.balance["after"].abs() <= BALANCED).all())


def propensity(exposed: np.ndarray, design: pd.DataFrame) -> Propensity:
    """Model ``exposed`` (n, bool) by ``design`` (n x k).  Raises ValueError when one group is empty."""
    a = np.asarray(exposed, bool)
    if a.all() or not a.any():
        raise ValueError("everybody or nobody was exposed")
    x = design.to_numpy(float)
    z = (x - x.mean(0)) / np.where(x.std(0) > 0, x.std(0), 1.0)
    probability = logistic(np.column_stack([np.ones(len(z)), z]), a.astype(float))
    marginal = a.mean()
    weight = np.where(a, marginal / probability, (1 - marginal) / (1 - probability))
    weight = np.clip(weight, *np.quantile(weight, TRUNCATED))
    low, high = max(probability[a].min(), probability[~a].min()), min(probability[a].max(), probability[~a].max())
    balance = pd.DataFrame(
        {"before": _smd(x, a, np.ones(len(a))), "after": _smd(x, a, weight)},
        index=pd.Index([str(c) for c in design.columns], name="covariate"),
    )
    effective = tuple(float(weight[g].sum() ** 2 / (weight[g] ** 2).sum()) for g in (a, ~a))
    overlap = float(((probability >= low) & (probability <= high)).mean())
    return Propensity(probability, weight, balance, (effective[0], effective[1]), overlap)


def logistic(x: np.ndarray, y: np.ndarray, ridge: float = RIDGE) -> np.ndarray:
    """Fitted probabilities (n,) of y given x (n x k, first column ones, not penalised)."""
    beta = logistic_coefficients(x, y, ridge)
    return 1.0 / (1.0 + np.exp(-np.clip(x @ beta, -30, 30)))


def logistic_coefficients(x: np.ndarray, y: np.ndarray, ridge: float = RIDGE) -> np.ndarray:
    """Coefficients (k,) by Newton's method; ``ridge`` is the prior precision of all but the first."""
    penalty = np.full(x.shape[1], ridge)
    penalty[0] = 0.0
    beta = np.zeros(x.shape[1])
    mean = np.clip(y.mean(), 1e-6, 1 - 1e-6)
    beta[0] = np.log(mean / (1 - mean))
    for _ in range(STEPS):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ beta, -30, 30)))
        information = (x * (p * (1 - p))[:, None]).T @ x + np.diag(penalty)
        step = np.linalg.lstsq(information, x.T @ (y - p) - penalty * beta, rcond=None)[0]
        beta = beta + np.clip(step, -3.0, 3.0)
        if np.abs(step).max() < 1e-9:
            break
    return beta


def _smd(x: np.ndarray, a: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weighted difference of means over the unweighted pooled standard deviation."""
    one, two = (np.average(x[g], axis=0, weights=weight[g]) for g in (a, ~a))
    spread = np.sqrt((x[a].var(0) + x[~a].var(0)) / 2)
    found: np.ndarray = np.where(spread > 0, (one - two) / np.where(spread > 0, spread, 1.0), 0.0)
    return found
