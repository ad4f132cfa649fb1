"""Survival curves of groups as R's ``survfit`` and ``survdiff`` give them: product limit, medians, means, log-rank.

Held: Greenwood's variance, intervals on the log scale (R's default), a median is the middle of the flat piece where
the curve is exactly one half, restricted means up to a stated time.  Weights (inverse probabilities) are allowed; then
the variance is that of the weighted counts with the effective number at risk, and says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from hepaxis.cohort.survival.times import Times

Z = float(stats.norm.ppf(0.975))
FLAT = 1e-12  # a curve this near one half is at it


@dataclass(frozen=True)
class SurvivalCurve:
    """A step function that starts at 1; values hold from each time on.

    time, survival, variance (of the log), low, high, at_risk, events: one a distinct time of an event or a censoring.
    """

    time: np.ndarray
    survival: np.ndarray
    log_variance: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def at(self, when: float) -> tuple[float, float, float, float]:
        """Survival at ``when``, its standard error, and the 95% interval."""
        place = int(np.searchsorted(self.time, when, side="right")) - 1
        if place < 0:
            return 1.0, 0.0, 1.0, 1.0
        survival = float(self.survival[place])
        return (
            survival,
            survival * float(np.sqrt(self.log_variance[place])),
            float(self.low[place]),
            float(self.high[place]),
        )

    def median(self) -> tuple[float, float, float]:
        """Median with its 95% interval; infinite where not reached."""
        return _half(self.time, self.survival), _half(self.time, self.low), _half(self.time, self.high)

    def restricted_mean(self, until: float) -> tuple[float, float]:
        """Area under the curve up to ``until`` and its standard error (Klein and Moeschberger 2003, 4.5.3)."""
        kept = self.time < until
        edges = np.concatenate([[0.0], self.time[kept], [until]])
        area = np.diff(edges) * np.concatenate([[1.0], self.survival[kept]])
        to_come = np.cumsum(area[::-1])[::-1][1:]  # area after each time kept
        risk, died = self.at_risk[kept], self.events[kept]
        rate = np.where((died > 0) & (risk > died), died / np.maximum(risk * (risk - died), 1e-300), 0.0)
        return float(area.sum()), float(np.sqrt((to_come**2 * rate).sum()))


def _half(time: np.ndarray, curve: np.ndarray) -> float:
    below = np.flatnonzero(curve < 0.5 - FLAT)
    flat = np.flatnonzero(np.abs(curve - 0.5) <= FLAT)
    if len(flat):
        return float((time[flat[0]] + time[below[0]]) / 2) if len(below) else float(time[flat[0]])
    return float(time[below[0]]) if len(below) else float("inf")


def survival_curve(times: Times, weights: np.ndarray | None = None) -> SurvivalCurve:
    """Product limit of all rows."""
    weight = np.ones(len(times)) if weights is None else np.asarray(weights, float)
    when = np.unique(times.time)
    inside = (times.time[None, :] >= when[:, None]) & (times.entry[None, :] < when[:, None])
    risk = inside @ weight
    died = ((times.time[None, :] == when[:, None]) & times.event[None, :]) @ weight
    # what the weights leave of the number at risk (Kish), for the variance alone; 1 a row without weights
    effective = risk**2 / np.maximum(inside @ weight**2, 1e-300)
    shrink = effective / np.maximum(risk, 1e-300)
    survival = np.cumprod(1.0 - died / risk)
    left = risk > died
    rate = np.where(left, died / np.maximum(shrink * risk * (risk - died), 1e-300), np.inf)
    variance = np.cumsum(rate)
    with np.errstate(invalid="ignore"):
        width = Z * np.sqrt(variance)
        low = np.where(survival > 0, survival * np.exp(-width), np.nan)
        high = np.where(survival > 0, np.minimum(survival * np.exp(width), 1.0), np.nan)
    return SurvivalCurve(when, survival, variance, risk * shrink, died * shrink, low, high)


@dataclass(frozen=True)
class LogRank:
    """observed, expected: events by group, in the order of ``groups``."""

    groups: tuple[str, ...]
    observed: np.ndarray
    expected: np.ndarray
    chisq: float
    df: int
    p: float


def log_rank(times: Times, groups: np.ndarray, strata: np.ndarray | None = None) -> LogRank:
    """Whether the groups' hazards are the same (Mantel-Haenszel), within strata where given.

    Raises ValueError with fewer than two groups.
    """
    names = tuple(str(v) for v in np.unique(groups.astype(str)))
    if len(names) < 2:
        raise ValueError("a log-rank test compares at least two groups")
    member = groups.astype(str)[None, :] == np.array(names)[:, None]
    layers = np.zeros(len(times), int) if strata is None else np.unique(strata.astype(str), return_inverse=True)[1]
    observed, expected = np.zeros(len(names)), np.zeros(len(names))
    variance = np.zeros((len(names), len(names)))
    for layer in range(int(layers.max()) + 1):
        here = layers == layer
        for when in np.unique(times.time[times.event & here]):
            risk = here & (times.time >= when) & (times.entry < when)
            died = here & (times.time == when) & times.event
            n, d = risk.sum(), died.sum()
            by = (member & risk).sum(1)
            observed += (member & died).sum(1)
            expected += d * by / n
            if n > 1:
                share = by / n
                variance += d * (n - d) / (n - 1) * (np.diag(share) - np.outer(share, share))
    free = len(names) - 1
    difference = (observed - expected)[:free]
    chisq = float(difference @ np.linalg.lstsq(variance[:free, :free], difference, rcond=None)[0])
    return LogRank(names, observed, expected, chisq, free, float(stats.chi2.sf(chisq, free)))


def restricted_mean_difference(first: SurvivalCurve, second: SurvivalCurve, until: float) -> dict[str, float]:
    """Mean time to ``until`` lost or won by ``second`` against ``first``: difference, its interval and p."""
    (a, se_a), (b, se_b) = first.restricted_mean(until), second.restricted_mean(until)
    se = float(np.hypot(se_a, se_b))
    z = (b - a) / se if se > 0 else 0.0
    return {
        "until": until,
        "first": a,
        "second": b,
        "difference": b - a,
        "low": b - a - Z * se,
        "high": b - a + Z * se,
        "p": float(2 * stats.norm.sf(abs(z))),
    }
