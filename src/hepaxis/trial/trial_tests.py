"""Trials of two arms simulated by the thousand from a control arm and a true effect, and the same by normal formulas.

Held: shares are compared by the score test of two proportions, times by the log-rank test; two-sided at ``ALPHA``.
Times on the arm follow the control's curve to the power of the hazard ratio; both arms are censored as the control was.
Not held: other shapes than proportional hazards, interim looks, strata; Fisher's exact test, which rejects less.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.special import expit, logit

from hepaxis.trial.effects import Base
from hepaxis.trial.survival import Curve, product_limit

ALPHA = 0.05
CRITICAL = float(stats.norm.ppf(1 - ALPHA / 2))
BATCH = 250  # trials at a time


@dataclass(frozen=True)
class TwoArms:
    """A trial of a control and an arm; ``share`` of the patients on the arm; ``scale`` log_odds or log_hazard."""

    base: Base
    scale: str
    share: float = 0.5

    def sizes(self, n: int) -> tuple[int, int]:
        """Patients on arm and control of n."""
        arm = max(1, min(n - 1, round(n * self.share)))
        return arm, n - arm

    def statistics(self, n: int, effect: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Standardised effect seen in a trial each (k,), benefit positive; effect (k,): true log ratio."""
        if self.scale == "log_odds":
            return self._proportions(n, effect, rng)
        parts = [effect[first : first + BATCH] for first in range(0, len(effect), BATCH)]
        return np.concatenate([self._log_rank(n, part, rng) for part in parts])

    def moments(self, n: int, effect: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and sd (k,) of the statistic by normal formulas."""
        m, c = self.sizes(n)
        if self.scale == "log_odds":
            p, q = expit(logit(self.base.rate) + effect), self.base.rate
            pooled = (m * p + c * q) / n
            null = np.sqrt(pooled * (1 - pooled) * (1 / m + 1 / c))
            return (p - q) / null, np.sqrt(p * (1 - p) / m + q * (1 - q) / c) / null
        events = m * self._seen(effect) + c * self._seen(np.zeros(1))
        return -effect * np.sqrt(events * m * c) / n, np.ones(len(effect))

    def _proportions(self, n: int, effect: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        m, c = self.sizes(n)
        seen = rng.binomial(m, expit(logit(self.base.rate) + effect))
        theirs = rng.binomial(c, self.base.rate, len(effect))
        pooled = (seen + theirs) / n
        se = np.sqrt(pooled * (1 - pooled) * (1 / m + 1 / c))
        found: np.ndarray = (seen / m - theirs / c) / np.where(se > 0, se, np.inf)
        return found

    def _curves(self) -> tuple[Curve, Curve, float]:
        """Of events, of censoring, and the last day."""
        day, event = self.base.day, self.base.event
        return product_limit(day, event), product_limit(day, ~event), float(day.max())

    def _seen(self, effect: np.ndarray) -> np.ndarray:
        """Share of patients whose event a trial sees (k,)."""
        events, censored, _ = self._curves()
        mass = -np.diff(np.concatenate([[1.0], events.value])[None, :] ** np.exp(effect)[:, None], axis=1)
        before = np.concatenate([[1.0], censored.value])[np.searchsorted(censored.day, events.day, side="left")]
        found: np.ndarray = mass @ before
        return found

    def _log_rank(self, n: int, effect: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        m, _ = self.sizes(n)
        trials = len(effect)
        events, censored, last = self._curves()
        hazard = np.ones((trials, n))
        hazard[:, :m] = np.exp(effect)[:, None]
        fails = _when(events, rng.random((trials, n)) ** (1 / hazard))
        leaves = np.minimum(_when(censored, rng.random((trials, n))), last)
        day = np.minimum(fails, leaves)
        event = fails <= leaves
        grid = np.unique(np.concatenate([events.day, censored.day, [last]]))
        cell = np.searchsorted(grid, day) + len(grid) * np.arange(trials)[:, None]
        shape, whole = (trials, len(grid)), trials * len(grid)

        def at_risk(cells: np.ndarray) -> np.ndarray:
            count = np.bincount(cells.ravel(), minlength=whole).reshape(shape)
            found: np.ndarray = np.cumsum(count[:, ::-1], axis=1)[:, ::-1].astype(float)
            return found

        def failing(cells: np.ndarray, happened: np.ndarray) -> np.ndarray:
            found: np.ndarray = np.bincount(cells[happened], minlength=whole).reshape(shape).astype(float)
            return found

        risk, mine = at_risk(cell), at_risk(cell[:, :m])
        dead, own = failing(cell, event), failing(cell[:, :m], event[:, :m])
        portion = mine / np.maximum(risk, 1.0)
        spare = (risk - dead) / np.maximum(risk - 1, 1.0)
        variance = (dead * portion * (1 - portion) * spare).sum(1)
        score = (own - dead * portion).sum(1)
        found: np.ndarray = -score / np.sqrt(np.where(variance > 0, variance, np.inf))
        return found


def _when(curve: Curve, chance: np.ndarray) -> np.ndarray:
    """First day on which the curve is at or below ``chance``; inf where it never is."""
    place = np.searchsorted(-curve.value, -chance, side="left")
    found: np.ndarray = np.append(curve.day, np.inf)[place]
    return found
