"""Acceptance by density, the alternative to weights: patients are taken in proportion to target over drawn density.

Held: Allen, Rieger and Musante (doi:10.1002/psp4.12063): the drawn density at a patient comes from the distance to the
k-th neighbour, the target's from its own marginals and copula; a patient is taken with a chance proportional to the
ratio, the factor chosen for the least Kolmogorov distance to the target's marginals.  Coordinates are the normal scores
of continuous characteristics under the target.
Assumed: what is not among the characteristics follows as drawn; each patient taken counts once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import special, stats
from scipy.spatial import cKDTree

from hepaxis.population.baseline import Marginals, correlation, marginals, normal_score
from hepaxis.population.points import Array, uniform_points
from hepaxis.population.virtual_patients import Population
from hepaxis.problems import InputError, error

VARIABLES = ("age", "albi", "crp", "diameter_sum")
NEIGHBOURS = 10
FACTORS = 24  # candidates for the factor on the ratio, evenly in its logarithm
LEAST_ACCEPTED = 0.05  # share of the patients
FARTHEST = 0.15  # Kolmogorov distance of a marginal to the target after acceptance


def accepted(
    population: Population, target: str | pd.DataFrame | None = None, variables: Sequence[str] = VARIABLES
) -> Population:
    """The patients taken so that ``variables`` have the marginals and correlations of the target population.

    target: a name or rows (None: the population's own marginals, which bounds may have moved).
    Raises InputError for a variable that is not continuous, or when hardly anybody is taken.
    """
    aim = population.prior.marginals if target is None else marginals(target)
    scores = target_scores(aim, population.covariates, variables)
    ratio = density_ratio(scores, tied(variables))
    chance = uniform_points(population.seed, population.patients, ["accepted"])[:, 0]
    factor = _factor(scores, ratio, chance)
    taken = np.flatnonzero(chance < factor * ratio)
    distance = _distance(scores[taken]) if len(taken) else _distance(scores)
    if len(taken) < LEAST_ACCEPTED * len(population) or distance.max() > FARTHEST:
        worst = f"'{variables[int(np.argmax(distance))]}' {distance.max():.2f} from the target"
        found = f"{len(taken)} of {len(population)} are accepted for {aim.name}, with {worst}"
        hint = "draw from a population nearer to it"
        raise InputError([error("population.acceptance_collapsed", found, hint)])
    said = {
        "method": "acceptance",
        "target": aim.name,
        "variables": list(variables),
        "accepted": len(taken),
        "of": len(population),
        "distance_before": [round(float(x), 4) for x in _distance(scores)],
        "distance_after": [round(float(x), 4) for x in distance],
    }
    return replace(population.take(taken), weighting=said)


def target_scores(aim: Marginals, covariates: pd.DataFrame, variables: Sequence[str]) -> Array:
    """(n, len(variables)) normal scores under the target: standard normal where the population is the target."""
    try:
        columns = [normal_score(aim, name, covariates[name].to_numpy(float)) for name in variables]
    except KeyError as fault:
        hint = "take characteristics with one continuous marginal"
        raise InputError([error("population.acceptance_variable", str(fault), hint)]) from fault
    return np.column_stack(columns)


def density_ratio(scores: Array, correlated: Array) -> Array:
    """(n,) target over drawn density, up to a factor; the target is normal with these correlations."""
    n, dimensions = scores.shape
    k = min(NEIGHBOURS, n - 1)
    reach = cKDTree(scores).query(scores, k=k + 1)[0][:, -1]
    drawn = -dimensions * np.log(np.maximum(reach, np.finfo(float).tiny))
    target = np.atleast_1d(stats.multivariate_normal(np.zeros(dimensions), correlated).logpdf(scores))
    ratio: Array = np.exp(target - drawn - (target - drawn).max())
    return ratio


def tied(variables: Sequence[str]) -> Array:
    """(d, d) correlations of the normal scores of some characteristics; 0 where the table has none."""
    names = list(variables)
    matrix = correlation().reindex(index=names, columns=names, fill_value=0.0).to_numpy(float)
    np.fill_diagonal(matrix, 1.0)
    return matrix


def _factor(scores: Array, ratio: Array, chance: Array) -> float:
    """Factor on the ratio with the least mean Kolmogorov distance among those that take enough patients."""
    best, least = float(1.0 / np.median(ratio)), np.inf
    for factor in np.geomspace(1.0, 1.0 / np.quantile(ratio, 0.25), FACTORS):
        taken = chance < factor * ratio
        if taken.sum() < LEAST_ACCEPTED * len(ratio):
            continue
        distance = float(np.mean(_distance(scores[taken]))) + 0.5 / np.sqrt(taken.sum())
        if distance < least:
            best, least = float(factor), distance
    return best


def _distance(scores: Array) -> Array:
    """(d,) Kolmogorov distance of each coordinate to the standard normal."""
    ranks = (np.arange(len(scores)) + 0.5) / len(scores)
    distance: Array = np.abs(special.ndtr(np.sort(scores, axis=0)) - ranks[:, None]).max(axis=0)
    return distance
