"""Presence of many features by penalised logistic regression, all at once.

Firth 1993 (10.1093/biomet/80.1.27): the penalty keeps estimates finite where a feature is in all or none of a group,
so an all-zero group gives a number with a wide interval and never a crash.  P values compare penalised likelihoods
with and without the coefficient (Heinze & Schemper 2002); with several samples a person they are Wald's with errors
robust to repeats (sandwich over people, t on people less columns).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2
from scipy.stats import t as t_distribution

ROUNDS = 60
CONVERGED = 1e-7
MAX_STEP = 2.0
"""Largest change of a coefficient (log odds) in one step, so that separated features walk rather than jump."""


@dataclass(frozen=True)
class PresenceFit:
    """Features x columns: coefficients (log odds), errors, p; ``df`` infinite for likelihood tests; ``converged``."""

    coefficients: np.ndarray
    errors: np.ndarray
    p: np.ndarray
    df: float
    converged: np.ndarray


def fit_presence(
    present: np.ndarray, design: np.ndarray, tested: np.ndarray, people: np.ndarray | None = None
) -> PresenceFit:
    """present (samples x features, bool) on design; P values for the ``tested`` columns only, NaN elsewhere."""
    outcome = present.astype(float)
    start = np.zeros((outcome.shape[1], design.shape[1]))
    free = np.ones(design.shape[1], dtype=bool)
    beta, converged = _newton(outcome, design, start, free)
    likelihood, information, chance = _state(outcome, design, beta)
    inverse = np.linalg.inv(information)
    p = np.full(beta.shape, np.nan)
    if people is not None and len(np.unique(people)) < len(people):
        errors, df = _robust(outcome, design, chance, inverse, people)
        p[:, tested] = 2.0 * t_distribution.sf(np.abs(beta / errors), df)[:, tested]
        return PresenceFit(beta, errors, p, df, converged)
    errors = np.sqrt(np.einsum("fpp->fp", inverse))
    for column in tested:
        kept = free.copy()
        kept[column] = False
        held = beta.copy()
        held[:, column] = 0.0
        smaller, _ = _newton(outcome, design, held, kept)
        ratio = 2.0 * (likelihood - _state(outcome, design, smaller)[0])
        p[:, column] = chi2.sf(np.maximum(ratio, 0.0), 1)
    return PresenceFit(beta, errors, p, np.inf, converged)


def _state(outcome: np.ndarray, design: np.ndarray, beta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(penalised log likelihood, Fisher information, chances) of each feature."""
    linear = np.clip(design @ beta.T, -30.0, 30.0)
    chance = 1.0 / (1.0 + np.exp(-linear))
    weights = chance * (1.0 - chance)
    information = _weighted(design, weights)
    likelihood = (outcome * linear - np.logaddexp(0.0, linear)).sum(axis=0)
    return likelihood + 0.5 * np.linalg.slogdet(information)[1], information, chance


def _weighted(design: np.ndarray, weights: np.ndarray) -> np.ndarray:
    width = design.shape[1]
    products = np.einsum("np,nq->npq", design, design).reshape(len(design), -1)
    out: np.ndarray = (weights.T @ products).reshape(-1, width, width)
    return out


def _newton(
    outcome: np.ndarray, design: np.ndarray, start: np.ndarray, free: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Scores with Firth's term; only ``free`` columns move.  The penalty keeps the whole information."""
    beta = start.copy()
    active = np.ones(len(beta), dtype=bool)
    current = _state(outcome, design, beta)[0]
    for _ in range(ROUNDS):
        at = np.flatnonzero(active)
        if not len(at):
            break
        _, information, chance = _state(outcome[:, at], design, beta[at])
        inverse = np.linalg.inv(information)
        weights = chance * (1.0 - chance)
        leverage = weights * np.einsum("np,fpq,nq->nf", design, inverse, design, optimize=True)
        pull = outcome[:, at] - chance + leverage * (0.5 - chance)
        score = (design.T @ pull).T[:, free]
        inside = np.linalg.inv(information[:, free][:, :, free])
        step = np.clip(np.einsum("fpq,fq->fp", inside, score), -MAX_STEP, MAX_STEP)
        move = np.zeros_like(beta[at])
        move[:, free] = step
        trial = beta[at] + move
        new = _state(outcome[:, at], design, trial)[0]
        for _ in range(8):  # halve where the likelihood fell
            worse = new < current[at] - 1e-10
            if not worse.any():
                break
            move[worse] *= 0.5
            trial = beta[at] + move
            new = _state(outcome[:, at], design, trial)[0]
        beta[at], current[at] = trial, new
        active[at] = np.abs(move).max(axis=1) > CONVERGED
    return beta, ~active


def _robust(
    outcome: np.ndarray, design: np.ndarray, chance: np.ndarray, inverse: np.ndarray, people: np.ndarray
) -> tuple[np.ndarray, float]:
    codes = np.unique(people, return_inverse=True)[1]
    groups = int(codes.max()) + 1
    member = (codes[:, None] == np.arange(groups)[None, :]).astype(float)
    residual = outcome - chance
    scores = np.einsum("ng,np,nf->fgp", member, design, residual, optimize=True)
    middle = np.einsum("fgp,fgq->fpq", scores, scores, optimize=True) * (groups / (groups - 1.0))
    variance = np.einsum("fpq,fqr,frs->fps", inverse, middle, inverse, optimize=True)
    errors = np.sqrt(np.maximum(np.einsum("fpp->fp", variance), 1e-12))
    return errors, float(max(groups - design.shape[1], 1))
