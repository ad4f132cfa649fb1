"""Arms of one design ranked by what the model expects of them, and whether they can be told apart at all.

Held: true effects are jointly normal: their means and covariance between draws and by simulation, and the stated
extrapolation, most of which arms share.  The control is an arm with no effect.  The ranking abstains where no arm is
better than each other one with the stated probability, and names those that cannot be told from the first.
"""

from __future__ import annotations

import numpy as np

from hepaxis.trial.effects import Effects
from hepaxis.trial.estimates import Json, number
from hepaxis.trial.extrapolation import Extrapolation
from hepaxis.trial.power import belief, expected

DRAWS = 40_000


def ranking(found: Effects, width: Extrapolation, *, seed: int = 1) -> Json:
    """Arms in order of the expected effect, with probability of being best, expected regret and the verdict.

    Regret is in log units: how much better the best arm of each draw is, on average.
    """
    gain, alone = (_gains(found, one, seed) for one in (width, width.widened(0.0)))
    means = np.append(found.good * width.carried * found.mean, 0.0)
    names = (*found.arms, found.control)
    order = np.argsort(-means, kind="stable")
    best, best_alone = (np.bincount(one.argmax(1), minlength=len(names)) / DRAWS for one in (gain, alone))
    regret = (gain.max(1)[:, None] - gain).mean(0)
    first = int(order[0])
    above = (gain[:, [first]] > gain).mean(0)
    alike = [names[k] for k in order if k != first and above[k] < width.told_apart]
    rows = [
        {
            "arm": names[k],
            "control": names[k] == found.control,
            "effect": expected(found, belief(found, names[k], width)) if names[k] != found.control else None,
            "probability_best": number(best[k]),
            "probability_best_by_mechanisms": number(best_alone[k]),
            "expected_regret": number(regret[k]),
            "first_is_better": number(above[k]) if k != first else None,
        }
        for k in order
    ]
    return {
        "outcome": found.outcome,
        "scale": found.scale,
        "control": found.control,
        "patients": found.patients,
        "draws": found.draws,
        "control_rate": number(found.base.rate),
        "told_apart": width.told_apart,
        "best": None if alike else names[first],
        "abstains": bool(alike),
        "not_told_from_first": alike,
        "arms": rows,
    }


def _gains(found: Effects, width: Extrapolation, seed: int) -> np.ndarray:
    """Draws of every arm's benefit, the control's last (DRAWS, k + 1); unresolved spread is shared as width is."""
    k = len(found.arms)
    alike = width.shared * np.ones((k, k)) + (1 - width.shared) * np.eye(k)
    unseen = alike * np.sqrt(np.outer(found.unseen, found.unseen))
    covariance = width.carried**2 * (found.between + unseen + found.simulation) + width.covariance(k)
    values, vectors = np.linalg.eigh(covariance)
    normals = np.random.default_rng(seed).standard_normal((DRAWS, k))
    noise = normals * np.sqrt(np.maximum(values, 0.0)) @ vectors.T
    return np.column_stack([found.good * (width.carried * found.mean + noise), np.zeros(DRAWS)])
