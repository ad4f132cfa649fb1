"""How far a result rests on the prior and on who is let in: the same summary under other choices.

Held: the margins' weights off, acceptance instead of weights, no bounds, a narrower and a wider prior of everything
continuous, communities without the liver's and drugs' shifts; each against the population as stated.
A choice that is refused (weights that collapse) is a row with the reason, not a number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from hepaxis.population.acceptance import accepted
from hepaxis.population.virtual_patients import Population, draw_population
from hepaxis.population.weighting import Margin, margins_of, weighted_to
from hepaxis.problems import InputError

NARROW, WIDE = 0.8, 1.25  # factors on the normal scores of what is continuous
STATED = "as stated"


def prior_influence(
    summary: Callable[[Population], float],
    population: str = "trial_default",
    n: int = 2000,
    seed: int = 1,
    *,
    margins: Sequence[Margin] | None = None,
) -> pd.DataFrame:
    """One row a choice: choice, patients, ess, value of the summary, change of it against as stated, and a note.

    summary takes a population and must use its weights.  margins None: those of the population's name, if it has any.
    """
    wanted = margins_of(population) if margins is None else tuple(margins)

    def drawn(**choice: Any) -> Population:
        return draw_population(population, n, seed, **choice)

    def weighted(people: Population) -> Population:
        return weighted_to(people, wanted) if wanted else people

    choices: dict[str, Callable[[], Population]] = {
        STATED: lambda: weighted(drawn()),
        "no weights": drawn,
        "acceptance instead of weights": lambda: accepted(drawn()),
        "no bounds on who is plausible": lambda: weighted(drawn(plausible=False)),
        f"prior narrower by {NARROW:g}": lambda: weighted(drawn(spread=NARROW)),
        f"prior wider by {WIDE:g}": lambda: weighted(drawn(spread=WIDE)),
        "communities of the reference cohorts": lambda: weighted(drawn(conditions=False)),
    }
    rows = [_row(name, make, summary) for name, make in choices.items()]
    table = pd.DataFrame(rows)
    return table.assign(change=table["value"] - table["value"].iloc[0])[
        ["choice", "patients", "ess", "value", "change", "note"]
    ]


def _row(name: str, make: Callable[[], Population], summary: Callable[[Population], float]) -> dict[str, Any]:
    try:
        people = make()
    except InputError as refused:
        return {"choice": name, "patients": 0, "ess": 0.0, "value": np.nan, "note": str(refused)}
    value = float(summary(people))
    return {"choice": name, "patients": len(people), "ess": round(people.ess, 1), "value": value, "note": ""}


def weighted_mean(population: Population, values: np.ndarray) -> float:
    """Mean of (n,) values under the population's weights; patients without a value (nan) are left out."""
    there = np.isfinite(values)
    return float(np.average(values[there], weights=population.weights[there]))
