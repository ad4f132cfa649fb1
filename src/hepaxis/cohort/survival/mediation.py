"""How much of an exposure's harm goes through the microbiome: mediation on the scale of hazards that add.

Held: Lin and Ying's additive hazards (1994, 10.1093/biomet/81.1.61) for the outcome and a linear model for the
mediator.  The indirect effect is their product (Lange and Hansen 2011, 10.1097/EDE.0b013e31821c680c): events per unit
of time that go through the mediator.  Cox's ratios cannot be multiplied so when the event is common, as it is here,
because they change with every covariate even without confounding.  Intervals by resampling people.
Assumed, and not testable in one cohort: nothing unrecorded goes with exposure and mediator, exposure and outcome, or
mediator and outcome, and the exposure came before the sample.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hepaxis.cohort.survival.covariates import covariates
from hepaxis.cohort.survival.times import Times

RESAMPLES = 1000
LEAST_ROWS = 40
ASSUMED = (
    "no unrecorded common cause of exposure, mediator and outcome, and an exposure before the sample; one cohort "
    "cannot test either"
)


@dataclass(frozen=True)
class Mediation:
    """table: total, direct, indirect (events per person and unit of time) and share; estimate, low, high, p."""

    exposure: str
    mediator: str
    outcome: str
    table: pd.DataFrame
    n: int
    events: int
    failed: int


def mediation(
    times: Times,
    exposed: np.ndarray,
    mediator: np.ndarray,
    adjust: pd.DataFrame | None = None,
    *,
    names: tuple[str, str, str],
    seed: int,
    resamples: int = RESAMPLES,
) -> Mediation:
    """Split the effect of ``exposed`` (n, bool) into what goes through ``mediator`` (n,) and what does not.

    names: exposure, mediator, outcome.  Rows without the mediator or a covariate are left out.
    Raises ValueError with fewer than ``LEAST_ROWS`` rows, or without exposed or events among them.
    """
    known = covariates(adjust) if adjust is not None and adjust.shape[1] else None
    use = np.isfinite(mediator) & (np.ones(len(times), bool) if known is None else known.rows)
    kept, a, m = times.take(use), exposed[use].astype(float), mediator[use].astype(float)
    if len(kept) < LEAST_ROWS or not kept.event.any() or a.min() == a.max() or m.std() == 0:
        raise ValueError(f"{len(kept)} rows with all values, or no spread: too little for a mediation")
    extra = np.zeros((len(kept), 0)) if known is None else known.design.to_numpy(float)[use[known.rows]]
    m = (m - m.mean()) / m.std()
    extra = (extra - extra.mean(0)) / np.where(extra.std(0) > 0, extra.std(0), 1.0)
    whole = _effects(kept, a, m, extra)
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(resamples):
        pick = rng.integers(0, len(kept), len(kept))
        if a[pick].min() < a[pick].max():
            found.append(_effects(kept.take(pick), a[pick], m[pick], extra[pick]))
    draws = np.array(found)
    draws = draws[np.isfinite(draws).all(1)]
    rows = []
    for i, name in enumerate(("total", "direct", "indirect", "share")):
        low, high = np.quantile(draws[:, i], (0.025, 0.975))
        p = min(1.0, 2 * (1 + min((draws[:, i] <= 0).sum(), (draws[:, i] >= 0).sum())) / (1 + len(draws)))
        rows.append((name, whole[i], low, high, p))
    table = pd.DataFrame(rows, columns=["effect", "estimate", "low", "high", "p"]).set_index("effect")
    return Mediation(*names, table, len(kept), int(kept.event.sum()), resamples - len(draws))


def _effects(times: Times, a: np.ndarray, m: np.ndarray, extra: np.ndarray) -> np.ndarray:
    """total, direct, indirect, share."""
    linear = np.column_stack([np.ones(len(a)), a, extra])
    to_mediator = np.linalg.lstsq(linear, m, rcond=None)[0][1]
    hazard = additive_hazards(times, np.column_stack([a, m, extra]))
    direct, indirect = hazard[0], hazard[1] * to_mediator
    total = direct + indirect
    return np.array([total, direct, indirect, indirect / total if total else np.nan])


def additive_hazards(times: Times, x: np.ndarray) -> np.ndarray:
    """Coefficients (k,) of Lin and Ying's additive model: events per person and unit of time for one unit of x.

    Rows enter at 0.  Covariates are centred on those at risk over each interval between distinct times.
    """
    order = np.argsort(times.time, kind="stable")
    time, event, z = times.time[order], times.event[order], x[order] - x.mean(0)
    n, k = z.shape
    left = np.arange(n, 0, -1).astype(float)  # at risk just before the i-th time, ties counted together below
    sums = np.cumsum(z[::-1], axis=0)[::-1]
    square = np.cumsum((z[:, :, None] * z[:, None, :])[::-1], axis=0)[::-1]
    first = np.searchsorted(time, time, side="left")
    mean = sums / left[:, None]
    width = np.diff(np.concatenate([[0.0], time]))
    inner = np.einsum("i,ijk->jk", width, square - left[:, None, None] * mean[:, :, None] * mean[:, None, :])
    outer = (z - mean[first])[event].sum(0)
    if k and np.linalg.cond(inner) > 1e12:
        return np.full(k, np.nan)
    return np.linalg.solve(inner, outer)
