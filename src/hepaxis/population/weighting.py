"""Weights that give a population the margins of a trial, as near to its prior as can be (maximum entropy).

Held: weight proportional to exp(lambda . features), the tilting that meets the stated shares with the least
Kullback-Leibler distance from the drawn population; lambda solves a convex problem by Newton's method.  Targets are
shares of a level ("mvi =1 0.38"), from ``baseline_targets.csv`` or the caller.
Refused, never returned: margins that no weighting can meet, and weights that rest on a few patients; the Problem names
the margins at fault.  Weights are of the population as a whole, not of a chunk.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from hepaxis.population.baseline import table_rows
from hepaxis.population.points import Array
from hepaxis.population.virtual_patients import Population, effective_size
from hepaxis.problems import InputError, Problem, error

LEAST_ESS = 0.2  # share of the patients; fewer and the weighted result is that of a few
TOLERANCE = 1e-9  # of a share
MOST_STEPS = 200
LEAST_DROP = 1e-3  # of Newton's damping
LONGEST_STEP = 2.0  # of a tilt: where a level is rare the curve is flat and Newton would leap
CONDITION = re.compile(r"^(?P<sign>=|>=|<=)(?P<value>.+)$")


@dataclass(frozen=True)
class Margin:
    """A share to be met: of patients whose ``variable`` is at ``level`` ('=hbv', '>=400', '<=-2.60')."""

    variable: str
    level: str
    share: float

    def __str__(self) -> str:
        return f"{self.variable} {self.level} {self.share:g}"

    def holds(self, covariates: pd.DataFrame) -> Array:
        """(n,) 1 where a patient is at the level.  Raises KeyError for an unknown variable, ValueError for a level."""
        found = CONDITION.match(self.level)
        if found is None:
            raise ValueError(f"cannot read the level '{self.level}'")
        values, sign, value = covariates[self.variable], found["sign"], found["value"]
        if sign == "=" and values.dtype == object:
            return np.asarray(values == value, dtype=float)
        number = float(value)
        met = {"=": values == number, ">=": values >= number, "<=": values <= number}[sign]
        return np.asarray(met, dtype=float)


def margins_of(population: str) -> tuple[Margin, ...]:
    """Published margins of a named population; empty where none are in the table."""
    rows = table_rows("baseline_targets.csv")
    mine = rows[rows["population"] == population]
    return tuple(
        Margin(str(row.variable), str(row.level), float(str(row.share))) for row in mine.itertuples(index=False)
    )


def weighted_to(
    population: Population, margins: str | Sequence[Margin] | None = None, *, least_ess: float = LEAST_ESS
) -> Population:
    """The population with weights that meet the margins (None: those of its own name).

    Raises InputError for margins that cannot be met or that leave an effective number of patients below ``least_ess``
    of them, naming the margins at fault.
    """
    asked = population.prior.marginals.name if margins is None else margins
    wanted = margins_of(asked) if isinstance(asked, str) else tuple(asked)
    if not wanted:
        hint = "give margins, or the name of a population of baseline_targets.csv"
        raise InputError([error("population.margins", f"no margins for '{asked}'", hint)])
    features = _features(population, wanted)
    target = np.array([margin.share for margin in wanted])
    problems = _impossible(features, wanted)
    if problems:
        raise InputError(problems)
    tilt, met = solve_tilt(features, target, population.weights)
    weights = tilted(features, tilt, population.weights)
    ess = effective_size(weights)
    if not met or ess < least_ess * len(population):
        raise InputError(_at_fault(features, wanted, population.weights, ess if met else 0.0, least_ess))
    said = {
        "method": "maximum entropy",
        "margins": [str(margin) for margin in wanted],
        "before": [round(float(share), 4) for share in features.T @ population.weights / population.weights.sum()],
        "tilt": [round(float(x), 4) for x in tilt],
    }
    return replace(population, weights=weights, weighting=said)


def solve_tilt(features: Array, target: Array, base: Array) -> tuple[Array, bool]:
    """(lambda (m,), whether the margins are met) for features (n, m), target (m,) and base weights (n,).

    Minimises ln sum base exp(lambda . (feature - target)), which is convex; damped Newton.
    """
    centred, tilt = features - target, np.zeros(features.shape[1])
    value, gradient, curve = _dual(centred, tilt, base)
    for _ in range(MOST_STEPS):
        if np.abs(gradient).max() < TOLERANCE:
            return tilt, True
        step = np.linalg.lstsq(curve, -gradient, rcond=1e-12)[0]
        step *= min(1.0, LONGEST_STEP / max(float(np.abs(step).max()), LONGEST_STEP))
        size = 1.0
        while size > LEAST_DROP:
            trial = _dual(centred, tilt + size * step, base)
            if trial[0] <= value + 1e-4 * size * float(gradient @ step):
                break
            size *= 0.5
        tilt = tilt + size * step
        value, gradient, curve = _dual(centred, tilt, base)
    return tilt, bool(np.abs(gradient).max() < TOLERANCE)


def _dual(centred: Array, tilt: Array, base: Array) -> tuple[float, Array, Array]:
    score = centred @ tilt
    top = score.max()
    raw = base * np.exp(score - top)
    total = raw.sum()
    gradient = centred.T @ raw / total
    curve = (centred * raw[:, None]).T @ centred / total - np.outer(gradient, gradient)
    return float(top + np.log(total)), gradient, curve


def tilted(features: Array, tilt: Array, base: Array) -> Array:
    """(n,) base weights times exp(features . tilt), with mean 1."""
    score = features @ tilt
    raw = base * np.exp(score - score.max())
    weights: Array = raw * (len(raw) / raw.sum())
    return weights


def _features(population: Population, wanted: Sequence[Margin]) -> Array:
    problems: list[Problem] = []
    columns = []
    for margin in wanted:
        try:
            columns.append(margin.holds(population.covariates))
        except (KeyError, ValueError):
            known = ", ".join(map(str, population.covariates.columns))
            found = f"cannot read the margin '{margin}'"
            problems.append(error("population.margin", found, f"a level is =, >= or <= of one of {known}"))
    if problems:
        raise InputError(problems)
    return np.column_stack(columns)


def _impossible(features: Array, wanted: Sequence[Margin]) -> list[Problem]:
    """Margins whose level nobody or everybody of the population is at, against a share that says otherwise."""
    found = []
    for share, margin in zip(features.mean(axis=0), wanted, strict=True):
        if share in (0.0, 1.0) and share != margin.share:
            text = f"{'nobody' if share == 0 else 'everybody'} in the population is at '{margin}'"
            found.append(error("population.margin_impossible", text, "draw more patients, or another prior"))
    return found


def _at_fault(features: Array, wanted: Sequence[Margin], base: Array, ess: float, least_ess: float) -> list[Problem]:
    """A Problem for each margin at fault: too few patients for it alone, or enough for the others without it."""
    places, least = list(range(len(wanted))), least_ess * len(features)
    alone = [_ess_for(features, wanted, [place], base) for place in places]
    others = [_ess_for(features, wanted, [k for k in places if k != place], base) for place in places]
    faults = [k for k in places if alone[k] < least or (len(places) > 1 and others[k] >= least)] or places
    drawn = features.T @ base / base.sum()
    hint = "draw from a population nearer to it, or leave the margin out"
    return [
        error(
            "population.weights_collapsed",
            f"weighting to '{wanted[k]}' (drawn {drawn[k]:.3f}) leaves {ess:.0f} effective patients of {len(features)}"
            f": {alone[k]:.0f} for it alone, {others[k]:.0f} for the others",
            hint,
        )
        for k in faults
    ]


def _ess_for(features: Array, wanted: Sequence[Margin], places: list[int], base: Array) -> float:
    """Effective number of patients when only some of the margins are asked for; 0 where they cannot be met."""
    if not places:
        return effective_size(base)
    some = features[:, places]
    tilt, met = solve_tilt(some, np.array([wanted[k].share for k in places]), base)
    return effective_size(tilted(some, tilt, base)) if met else 0.0


def weighted_share(population: Population, margin: Margin) -> float:
    """Share of a level under the population's weights."""
    return float(margin.holds(population.covariates) @ population.weights / population.weights.sum())


def margin_table(population: Population, margins: Sequence[Margin]) -> pd.DataFrame:
    """One row a margin: share asked for, drawn and weighted."""
    rows: list[dict[str, Any]] = [
        {
            "margin": f"{margin.variable} {margin.level}",
            "asked": margin.share,
            "drawn": float(margin.holds(population.covariates).mean()),
            "weighted": weighted_share(population, margin),
        }
        for margin in margins
    ]
    return pd.DataFrame(rows)
