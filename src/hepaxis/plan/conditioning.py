"""The twin weighted by what was measured: how likely each virtual patient makes it, how that fits, how many remain.

Held: importance weights, the product of the likelihoods over the density that hosts were taken with.  The effective
number of virtual patients and of draws is said; where either would fall below its least (``twin_settings.csv``) the
likelihood is tempered until it does not, the twin counts as one that does not fit, and nothing is ranked on it.
Each observation is checked against what the virtual patients would show, before and after weighting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hepaxis.plan.observed import Observation
from hepaxis.plan.schema import CheckRow, TwinRow
from hepaxis.plan.settings import setting
from hepaxis.population import Twin, weighted
from hepaxis.population.virtual_patients import effective_size

BISECTIONS = 40
IMPOSSIBLE = -1e300  # log likelihood of who cannot show it


@dataclass(frozen=True)
class Conditioned:
    """A twin and how it came by its weights.

    power   1 where the likelihood stands as it is; below, it was tempered so that enough virtual patients remain
    ess     effective virtual patients of ``total``; draws_left effective draws of ``draws``
    """

    twin: Twin
    rows: tuple[TwinRow, ...]
    power: float
    ess: float
    total: int
    draws_left: float
    draws: int

    @property
    def collapsed(self) -> bool:
        return self.power < 1.0

    @property
    def misfits(self) -> tuple[TwinRow, ...]:
        return tuple(row for row in self.rows if not row.fits)

    def reasons(self) -> tuple[str, ...]:
        """Why the twin does not stand for this patient; empty where it does."""
        found = []
        if self.collapsed:
            found.append(
                f"hardly any virtual patient shows what was measured: {self.ess:.0f} effective of {self.total}, and "
                f"that with the likelihood weakened to the power {self.power:.2f}"
            )
        if self.misfits:
            names = ", ".join(f"{row.label} {row.observed}" for row in self.misfits)
            found.append(f"the twin does not show what was measured: {names}")
        return tuple(found)

    def checks(self) -> tuple[CheckRow, ...]:
        """Rows of the plan's checks."""
        if not self.rows:
            return ()
        plenty = self.ess > 2 * setting("least_effective") * self.total
        remain = CheckRow(
            "Enough virtual patients remain",
            "no" if self.collapsed else "yes" if plenty else "hardly",
            f"{self.ess:.0f} effective of {self.total}, {self.draws_left:.0f} of {self.draws} draws",
        )
        shown = "; ".join(f"{row.label} {row.observed}, chance {row.chance:.2f}" for row in self.rows)
        return (remain, CheckRow("The twin shows what was measured", "no" if self.misfits else "yes", shown))


@dataclass(frozen=True)
class Proposal:
    """How hosts were taken: (H,) log density against their prior, and which tried one each is (repeats are one)."""

    log_density: np.ndarray
    tried: np.ndarray


def condition(
    twin: Twin, observed: Sequence[Observation], ok: np.ndarray, proposal: Proposal | None = None
) -> Conditioned:
    """Weights from the observations, over those who count (``ok`` (V,))."""
    draws, total = len(twin.mechanisms), int(ok.sum())
    if total == 0 or (not observed and proposal is None):
        return Conditioned(weighted(twin, None), (), 1.0, float(total), total, float(draws), draws)
    log = np.zeros(len(twin.host)) if proposal is None else -proposal.log_density[twin.host]
    alone = twin.host if proposal is None else np.unique(proposal.tried, return_inverse=True)[1][twin.host]
    before = _normalised(np.where(ok, log, -np.inf))
    likelihood = np.zeros(len(twin.host))
    for one in observed:
        likelihood = likelihood + np.nan_to_num(one.log_likelihood, nan=-np.inf)
    power = _power(log, likelihood, ok, twin, alone)
    weights = _normalised(np.where(ok, log + power * np.maximum(likelihood, IMPOSSIBLE), -np.inf))
    rows = tuple(_row(one, before, weights) for one in observed)
    ess, left = _sizes(weights, twin, alone)
    return Conditioned(weighted(twin, weights), rows, power, ess, total, left, draws)


def _power(log: np.ndarray, likelihood: np.ndarray, ok: np.ndarray, twin: Twin, alone: np.ndarray) -> float:
    """Largest power of the likelihood, up to 1, that leaves enough virtual patients and draws."""
    least = setting("least_effective") * int(ok.sum())
    fewest = min(setting("least_draws"), 0.5 * len(twin.mechanisms))

    def enough(power: float) -> bool:
        level = log + power * np.maximum(likelihood, IMPOSSIBLE)
        ess, left = _sizes(_normalised(np.where(ok, level, -np.inf)), twin, alone)
        return ess >= least and left >= fewest

    if enough(1.0):
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if enough(middle) else (low, middle)
    return low


def _sizes(weights: np.ndarray, twin: Twin, alone: np.ndarray) -> tuple[float, float]:
    """(effective virtual patients, effective draws); hosts that were taken twice count as one."""
    draws = len(twin.mechanisms)
    by_draw = np.bincount(twin.draw, weights=weights, minlength=draws).astype(float)
    lanes = np.bincount(alone * draws + twin.draw, weights=weights).astype(float)
    return effective_size(lanes), effective_size(by_draw)


def _normalised(log: np.ndarray) -> np.ndarray:
    """(V,) weights of mean 1 over those with any."""
    top = np.max(log[np.isfinite(log)], initial=-np.inf)
    raw = np.exp(log - top) if np.isfinite(top) else np.zeros(len(log))
    some = int((raw > 0).sum())
    made: np.ndarray = raw * (some / raw.sum()) if some else raw
    return made


def _row(one: Observation, before: np.ndarray, after: np.ndarray) -> TwinRow:
    chance, then = (_chance(one, weights) for weights in (before, after))
    return TwinRow(
        id=one.id,
        label=one.label,
        kind=one.kind,
        observed=one.shown,
        day=one.day,
        chance_before=chance,
        chance=then,
        fits=then >= setting("surprise"),
    )


def _chance(one: Observation, weights: np.ndarray) -> float:
    """Chance that a virtual patient shows something as far out; one-sided for a sample's distance."""
    there = np.isfinite(one.replicates) & (weights > 0)
    weight, drawn = weights[there], one.replicates[there]
    if not weight.sum() > 0:
        return 0.0
    above = float(np.average(drawn >= one.value, weights=weight))
    below = float(np.average(drawn <= one.value, weights=weight))
    return above if one.kind == "sample" else min(1.0, 2.0 * min(above, below))
