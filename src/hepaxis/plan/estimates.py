"""From virtual patients to estimates: means over hosts per draw, and intervals over draws.

Held: a predicted probability is the mean over hosts (what is not known of the person) of each host's probability; its
uncertainty is the spread over draws (what is not known of biology, of the gut and of the core) widened for the finite
number of draws, plus the sampling error of the hosts.  Hosts and draws count by their weight where the twin was
conditioned on what was measured.  Probabilities are handled on the log-odds scale.  Changes are paired: the same hosts
and draws under two strategies.  ``predictive`` is what one person may be: hosts and draws together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import stats

from hepaxis.plan.schema import Interval
from hepaxis.population import Twin

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
    weights: np.ndarray | None = None  # (V,) of a twin that was conditioned on what was measured; None: all alike

    @classmethod
    def of(cls, twin: Twin, ok: np.ndarray) -> Cross:
        """Of a twin, for those who count."""
        return cls(twin.host, twin.draw, ok, twin.weights)

    @property
    def lane_weights(self) -> np.ndarray:
        """(V,) weights, 0 for who does not count."""
        own = np.ones(len(self.host)) if self.weights is None else self.weights
        return np.where(self.ok, own, 0.0)

    @cached_property
    def draw_weights(self) -> np.ndarray:
        """(G,) weight of each draw: how well it explains what was measured; sums to 1."""
        if self.weights is None:
            draws = int(self.draw.max()) + 1
            return np.full(draws, 1.0 / draws)
        total = np.bincount(self.draw, weights=self.lane_weights, minlength=int(self.draw.max()) + 1)
        share: np.ndarray = total / total.sum() if total.sum() > 0 else np.full(len(total), 1.0 / len(total))
        return share

    def by_draw(self, values: np.ndarray) -> np.ndarray:
        """(V,) -> (G,) means over hosts that closed and did not fail in any strategy.

        NaN for a draw with less than ``ENOUGH`` of the hosts that the fullest draw has: its mean would be of others.
        """
        use = self.ok & np.isfinite(values)
        draws = self.draw.max() + 1
        count = np.bincount(self.draw[use], minlength=draws)
        weight = np.bincount(self.draw[use], weights=self.lane_weights[use], minlength=draws)
        total = np.bincount(self.draw[use], weights=(self.lane_weights * np.nan_to_num(values))[use], minlength=draws)
        means: np.ndarray = total / np.where(weight > 0, weight, 1.0)
        means[(weight <= 0) | (count < ENOUGH * count.max(initial=0))] = np.nan
        return means

    def mean(self, per_draw: np.ndarray) -> float:
        """Mean of (G,) over the draws that have a value, by their weight."""
        there = np.isfinite(per_draw) & (self.draw_weights > 0)
        return float(np.average(per_draw[there], weights=self.draw_weights[there])) if there.any() else float("nan")

    def spread(self, per_draw: np.ndarray, host_error: float) -> tuple[float, float]:
        """(sd of the mean over draws, host error included; effective number of draws) of (G,) values."""
        there = np.isfinite(per_draw)
        weight = self.draw_weights[there]
        effective = float(weight.sum() ** 2 / (weight**2).sum())
        if effective <= 1.0 + 1e-9:
            return host_error, 1.0
        centre = self.mean(per_draw)
        variance = float(np.average((per_draw[there] - centre) ** 2, weights=weight)) * effective / (effective - 1.0)
        return float(np.sqrt(variance * (1 + 1 / effective) + host_error**2)), effective

    def host_error(self, values: np.ndarray) -> float:
        """Standard error of the overall mean from the finite number of hosts."""
        use = self.ok & np.isfinite(values)
        hosts = self.host.max() + 1
        weight = np.bincount(self.host[use], weights=self.lane_weights[use], minlength=hosts)
        total = np.bincount(self.host[use], weights=(self.lane_weights * np.nan_to_num(values))[use], minlength=hosts)
        there = weight > 0
        if there.sum() < 2:
            return 0.0
        weight, means = weight[there], total[there] / weight[there]
        effective = weight.sum() ** 2 / (weight**2).sum()
        if effective <= 1.0 + 1e-9:
            return float(means.std(ddof=1))
        centre = np.average(means, weights=weight)
        variance = np.average((means - centre) ** 2, weights=weight) * effective / (effective - 1.0)
        return float(np.sqrt(variance / effective))

    def quantiles(self, values: np.ndarray, levels: tuple[float, ...]) -> np.ndarray:
        """Weighted quantiles of (V,) over virtual patients: what this one patient may be, all unknowns counted."""
        use = self.ok & np.isfinite(values) & (self.lane_weights > 0)
        order = np.argsort(values[use], kind="stable")
        weight = self.lane_weights[use][order]
        middle = (np.cumsum(weight) - 0.5 * weight) / weight.sum()
        found: np.ndarray = np.interp(levels, middle, values[use][order])
        return found


def predictive(cross: Cross, values: np.ndarray) -> Interval:
    """What (V,) may be for this one patient: median, 50% and 90% over virtual patients, by weight."""
    return Interval(*(float(x) for x in cross.quantiles(values, (0.5, 0.25, 0.75, 0.05, 0.95))))


def interval(centre: float, sd: float, draws: float) -> Interval:
    """Student limits around ``centre``: 50% and 90%, for an sd estimated from ``draws`` draws."""
    wide = float(stats.t.ppf(0.95, max(draws - 1, 1)) * sd)
    half = float(stats.t.ppf(0.75, max(draws - 1, 1)) * sd)
    return Interval(centre, centre - half, centre + half, centre - wide, centre + wide)


def change(cross: Cross, base: np.ndarray, other: np.ndarray) -> Interval:
    """Paired change of a probability (V,) -> Interval in fractions."""
    return difference(cross, other - base)


def difference(cross: Cross, values: np.ndarray) -> Interval:
    """Mean of (V,) over hosts, with its interval over draws."""
    per_draw = cross.by_draw(values)
    return interval(cross.mean(per_draw), *cross.spread(per_draw, cross.host_error(values)))


def of_few(cross: Cross, values: np.ndarray) -> Interval:
    """Mean of (V,) where each draw has a few hosts of its own: the scatter of so few is not taken for that of draws."""
    per_draw = cross.by_draw(values)
    there = np.isfinite(per_draw)
    weight, counted = cross.draw_weights[there], []
    for k in np.flatnonzero(there):
        here = (cross.draw == k) & cross.ok & np.isfinite(values)
        own = cross.lane_weights[here] / cross.lane_weights[here].sum()
        left = 1.0 - float((own**2).sum())
        variance = float(own @ (values[here] - per_draw[k]) ** 2) / left if left > 0 else 0.0
        counted.append(variance * float((own**2).sum()))
    centre = cross.mean(per_draw)
    effective = float(weight.sum() ** 2 / (weight**2).sum())
    if effective <= 1.0 + 1e-9:
        return interval(centre, float(np.sqrt(counted[0])), 1.0)
    share = weight / weight.sum()
    whole = float(share @ (per_draw[there] - centre) ** 2) * effective / (effective - 1.0)
    of_draws = max(0.0, whole - float(share @ np.array(counted)))
    return interval(centre, float(np.sqrt(of_draws + whole / effective)), effective)


def probability(cross: Cross, values: np.ndarray) -> Interval:
    """Probability over hosts, with its interval (log-odds scale, so it stays inside 0-1)."""
    per_draw = cross.by_draw(values)
    mean = float(np.clip(cross.mean(per_draw), LOWEST, 1 - LOWEST))
    error = cross.host_error(values) / (mean * (1 - mean))
    logit = interval(float(np.log(mean / (1 - mean))), *cross.spread(log_odds(per_draw), error))
    return Interval(*(_sigmoid(x) for x in (logit.median, logit.lo50, logit.hi50, logit.lo90, logit.hi90)))


def log_odds_change(cross: Cross, base: np.ndarray, other: np.ndarray) -> Interval:
    """Change of the log-odds of the host-averaged probability, paired by draw."""
    per_draw = log_odds(cross.by_draw(other)) - log_odds(cross.by_draw(base))
    error = cross.host_error(other - base)
    mean = float(np.clip(cross.mean(cross.by_draw(base)), LOWEST, 1 - LOWEST))
    return interval(cross.mean(per_draw), *cross.spread(per_draw, error / (mean * (1 - mean))))


def over_people(cross: Cross, values: np.ndarray) -> Interval:
    """Weighted quantiles of (V,) over virtual patients: what one person may show, not the error of a mean."""
    weights = np.where(np.isfinite(values), cross.lane_weights, 0.0)
    order = np.argsort(np.where(weights > 0, values, np.inf), kind="stable")
    reached = np.cumsum(weights[order])
    if reached[-1] <= 0:
        return Interval(*(float("nan"),) * 5)
    places = np.searchsorted(reached, np.array([0.5, 0.25, 0.75, 0.05, 0.95]) * reached[-1])
    return Interval(*(float(x) for x in values[order][np.minimum(places, len(order) - 1)]))


def positive(cross: Cross, per_draw: np.ndarray, cap: float) -> Interval:
    """A positive quantity by draw (months), on the log scale; ``cap`` is the horizon, shown where it is not reached."""
    values = np.log(np.clip(np.nan_to_num(per_draw, nan=cap, posinf=cap), 1e-3, cap))
    made = interval(cross.mean(values), *cross.spread(values, 0.0))
    return Interval(*(min(float(np.exp(x)), cap) for x in (made.median, made.lo50, made.hi50, made.lo90, made.hi90)))


def joint_draws(
    per_draw: np.ndarray, host_error: np.ndarray, seed: int, weights: np.ndarray | None = None
) -> np.ndarray:
    """(BEST_DRAWS, S) from the joint normal of strategies' means: per_draw (S, G), host_error (S,), weights (G,).

    Strategies that move together stay together.
    """
    own = np.ones(per_draw.shape[1]) if weights is None else weights
    there = np.isfinite(per_draw)
    mean = np.array([np.average(row[seen], weights=own[seen]) for row, seen in zip(per_draw, there, strict=True)])
    covariance = np.atleast_2d(np.cov(np.where(there, per_draw - mean[:, None], 0.0), aweights=own))
    covariance = covariance + np.diag(host_error**2 + 1e-12)
    rng = np.random.default_rng(seed)
    drawn: np.ndarray = rng.multivariate_normal(mean, covariance, size=BEST_DRAWS, method="eigh")
    return drawn


def chance_of_best(
    per_draw: np.ndarray, host_error: np.ndarray, seed: int, weights: np.ndarray | None = None
) -> np.ndarray:
    """Probability that each strategy has the highest response: per_draw (S, G), host_error (S,), weights (G,) -> (S,).

    Over joint draws of the strategies' means.
    """
    drawn = joint_draws(per_draw, host_error, seed, weights)
    best: np.ndarray = np.bincount(drawn.argmax(axis=1), minlength=drawn.shape[1]) / BEST_DRAWS
    return best


def expected_regret(
    per_draw: np.ndarray, host_error: np.ndarray, seed: int, weights: np.ndarray | None = None
) -> np.ndarray:
    """(S,) mean shortfall of each strategy's response against the best of all compared, as fractions."""
    drawn = joint_draws(per_draw, host_error, seed, weights)
    regret: np.ndarray = (drawn.max(axis=1, keepdims=True) - drawn).mean(axis=0)
    return regret
