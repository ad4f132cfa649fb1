"""From virtual patients to estimates: means over hosts per draw, and intervals over draws.

Held: a predicted probability is the mean over hosts (what is not known of the person) of each host's probability; its
uncertainty is the spread over draws (what is not known of biology, of the gut and of the core) widened for the finite
number of draws, plus the sampling error of the hosts.  Probabilities are handled on the log-odds scale.  Changes are
paired: the same hosts and draws under two strategies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from hepaxis.plan.schema import Interval

LOWEST = 1e-4  # probabilities are kept inside (LOWEST, 1 - LOWEST) for log-odds
BEST_DRAWS = 20_000
ENOUGH = 0.5  # share of the fullest draw's hosts that a draw must have left for its mean to stand for it


def log_odds(p: np.ndarray) -> np.ndarray:
    p = np.clip(p, LOWEST, 1 - LOWEST)
    odds: np.ndarray = np.log(p / (1 - p))
    return odds


def _sigmoid(x: float) -> float:
    return float(1.0 / (1.0 + np.exp(-x)))


@dataclass(frozen=True)
class Cross:
    """Which host and which draw each virtual patient is, and which of them count."""

    host: np.ndarray
    draw: np.ndarray
    ok: np.ndarray

    def by_draw(self, values: np.ndarray) -> np.ndarray:
        """(V,) -> (G,) means over hosts that closed and did not fail in any strategy.

        NaN for a draw with less than ``ENOUGH`` of the hosts that the fullest draw has: its mean would be of others.
        """
        use = self.ok & np.isfinite(values)
        draws = self.draw.max() + 1
        count = np.bincount(self.draw[use], minlength=draws)
        total = np.bincount(self.draw[use], weights=values[use], minlength=draws)
        means: np.ndarray = total / np.maximum(count, 1)
        means[(count == 0) | (count < ENOUGH * count.max(initial=0))] = np.nan
        return means

    def host_error(self, values: np.ndarray) -> float:
        """Standard error of the overall mean from the finite number of hosts."""
        use = self.ok & np.isfinite(values)
        hosts = self.host.max() + 1
        count = np.bincount(self.host[use], minlength=hosts)
        total = np.bincount(self.host[use], weights=values[use], minlength=hosts)
        means = total[count > 0] / count[count > 0]
        return float(means.std(ddof=1) / np.sqrt(len(means))) if len(means) > 1 else 0.0


def interval(centre: float, sd: float, draws: int) -> Interval:
    """Student limits around ``centre``: 50% and 90%, for an sd estimated from ``draws`` draws."""
    wide = float(stats.t.ppf(0.95, max(draws - 1, 1)) * sd)
    half = float(stats.t.ppf(0.75, max(draws - 1, 1)) * sd)
    return Interval(centre, centre - half, centre + half, centre - wide, centre + wide)


def _spread(per_draw: np.ndarray, host_error: float) -> float:
    g = np.isfinite(per_draw).sum()
    sd = np.nanstd(per_draw, ddof=1) if g > 1 else 0.0
    return float(np.sqrt(sd**2 * (1 + 1 / max(g, 1)) + host_error**2))


def change(cross: Cross, base: np.ndarray, other: np.ndarray) -> Interval:
    """Paired change of a probability (V,) -> Interval in fractions."""
    per_draw = cross.by_draw(other - base)
    draws = int(np.isfinite(per_draw).sum())
    return interval(float(np.nanmean(per_draw)), _spread(per_draw, cross.host_error(other - base)), draws)


def probability(cross: Cross, values: np.ndarray) -> Interval:
    """Probability over hosts, with its interval (log-odds scale, so it stays inside 0-1)."""
    per_draw = cross.by_draw(values)
    mean = float(np.clip(np.nanmean(per_draw), LOWEST, 1 - LOWEST))
    error = cross.host_error(values) / (mean * (1 - mean))
    logit = interval(
        float(np.log(mean / (1 - mean))), _spread(log_odds(per_draw), error), int(np.isfinite(per_draw).sum())
    )
    return Interval(*(_sigmoid(x) for x in (logit.median, logit.lo50, logit.hi50, logit.lo90, logit.hi90)))


def log_odds_change(cross: Cross, base: np.ndarray, other: np.ndarray) -> Interval:
    """Change of the log-odds of the host-averaged probability, paired by draw."""
    per_draw = log_odds(cross.by_draw(other)) - log_odds(cross.by_draw(base))
    error = cross.host_error(other - base)
    mean = float(np.clip(np.nanmean(cross.by_draw(base)), LOWEST, 1 - LOWEST))
    return interval(
        float(np.nanmean(per_draw)), _spread(per_draw, error / (mean * (1 - mean))), int(np.isfinite(per_draw).sum())
    )


def positive(cross: Cross, per_draw: np.ndarray, cap: float) -> Interval:
    """A positive quantity by draw (months), on the log scale; ``cap`` is the horizon, shown where it is not reached."""
    values = np.log(np.clip(np.nan_to_num(per_draw, nan=cap, posinf=cap), 1e-3, cap))
    made = interval(float(values.mean()), _spread(values, 0.0), len(values))
    return Interval(*(min(float(np.exp(x)), cap) for x in (made.median, made.lo50, made.hi50, made.lo90, made.hi90)))


def chance_of_best(per_draw: np.ndarray, host_error: np.ndarray, seed: int) -> np.ndarray:
    """Probability that each strategy has the highest response: per_draw (S, G), host_error (S,) -> (S,).

    Draws from the joint normal of the strategies' means over draws: strategies that move together stay together.
    """
    mean = np.nanmean(per_draw, axis=1)
    covariance = np.atleast_2d(np.cov(np.nan_to_num(per_draw - mean[:, None])))
    covariance = covariance + np.diag(host_error**2 + 1e-12)
    drawn = np.random.default_rng(seed).multivariate_normal(mean, covariance, size=BEST_DRAWS, method="eigh")
    best: np.ndarray = np.bincount(drawn.argmax(axis=1), minlength=len(mean)) / BEST_DRAWS
    return best
