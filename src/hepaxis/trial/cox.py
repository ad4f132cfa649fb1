"""Cox's proportional hazards by Newton's method: small and fast, for thousands of small cohorts.

Held: Breslow's handling of ties.  Not held: strata, weights, robust errors (``contrasts.cox`` has them, slower).
"""

from __future__ import annotations

import numpy as np

STEPS = 30
CLOSE = 1e-7
LARGEST = 20.0  # of a log hazard ratio per standard deviation; beyond it there is none


def log_hazard_ratios(day: np.ndarray, event: np.ndarray, design: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Log hazard ratios (k,) and their standard errors of covariates (n, k); None without a finite fit.

    day (n,), event (n,) bool.  Columns without spread are refused.
    """
    scale = design.std(0)
    if not event.any() or (scale <= 0).any():
        return None
    order = np.argsort(-day, kind="stable")
    x = ((design - design.mean(0)) / scale)[order]
    when, happened = day[order], event[order]
    last = np.searchsorted(-when, -when[happened], side="right") - 1  # everybody at risk on each day of an event
    own = x[happened]
    outer = x[:, :, None] * x[:, None, :]
    beta = np.zeros(x.shape[1])
    for _ in range(STEPS):
        risk = np.exp(x @ beta)
        total = np.cumsum(risk)[last]
        mean = np.cumsum(risk[:, None] * x, axis=0)[last] / total[:, None]
        square = np.cumsum(risk[:, None, None] * outer, axis=0)[last] / total[:, None, None]
        score = (own - mean).sum(0)
        information = (square - mean[:, :, None] * mean[:, None, :]).sum(0)
        if not np.isfinite(information).all() or np.linalg.cond(information) > 1e12:
            return None
        step = np.linalg.solve(information, score)
        beta = beta + np.clip(step, -2.0, 2.0)
        if np.abs(beta).max() > LARGEST:
            return None
        if np.abs(step).max() < CLOSE:
            return beta / scale, np.sqrt(np.diag(np.linalg.inv(information))) / scale
    return None
