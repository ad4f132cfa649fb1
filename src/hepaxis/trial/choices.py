"""How far an arm's result rests on who was drawn: the same patients under other weights.

Held: the margins published for the population, met with the least change (maximum entropy); and a narrower and a wider
prior of what is continuous, by the ratio of the densities of its normal scores (importance weights).  No run is made.
A choice that would rest on too few patients is a row with the reason, never a number.  Choices that need other patients
(no bounds on who is plausible, other communities) are `population.prior_influence`'s.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from hepaxis.population.acceptance import VARIABLES, target_scores, tied
from hepaxis.population.baseline import marginals
from hepaxis.population.influence import NARROW, STATED, WIDE
from hepaxis.population.virtual_patients import effective_size
from hepaxis.population.weighting import LEAST_ESS, Margin, margins_of, solve_tilt, tilted
from hepaxis.problems import InputError, error
from hepaxis.trial.arm_summary import rates_of
from hepaxis.trial.estimates import Json, number
from hepaxis.trial.parts import read_rows

RATES = ("response", "disease_control", "primary_progression", "durable_response")
OUTCOMES = ("best", "best_unconfirmed", "best_viable", "durable", "decompensation_day", "severe", "severe_immune")


def choices(folder: Path, population: str, control: str, *, not_evaluable_progresses: bool) -> list[Json]:
    """One entry a choice: ``choice``, ``patients``, ``ess`` (effective number), ``note``, and per arm the rates of
    ``RATES`` and, but for the control, ``gain`` (response less the control's).

    folder: a finished run; population: the name its patients were drawn from.
    """
    margins = margins_of(population)
    names = dict.fromkeys((*VARIABLES, *(margin.variable for margin in margins)))
    rows = read_rows(folder, ["patient", "arm", "weight", *OUTCOMES, *names])
    people = rows.drop_duplicates("patient").set_index("patient")
    base = people["weight"].to_numpy(float)
    made: dict[str, Callable[[], np.ndarray]] = {STATED: lambda: base}
    if margins:
        made["published margins of the population"] = lambda: _to_margins(people, margins, base)
    for words, spread in (("prior narrower by", NARROW), ("prior wider by", WIDE)):
        made[f"{words} {spread:g}"] = partial(_to_spread, people, population, spread, base)
    return [_entry(name, weigh, rows, people.index, control, not_evaluable_progresses) for name, weigh in made.items()]


def _to_margins(people: pd.DataFrame, margins: tuple[Margin, ...], base: np.ndarray) -> np.ndarray:
    features = np.column_stack([margin.holds(people) for margin in margins])
    target = np.array([margin.share for margin in margins])
    fixed = (features.min(axis=0) == features.max(axis=0)) & (features[0] != target)
    if fixed.any():
        named = ", ".join(str(margin) for margin, is_fixed in zip(margins, fixed, strict=True) if is_fixed)
        raise InputError([error("trial.margins", f"eligibility lets nobody, or only those, in at {named}", "")])
    tilt, met = solve_tilt(features, target, base)
    if not met:
        raise InputError([error("trial.margins", "no weights of these patients meet the margins together", "")])
    return tilted(features, tilt, base)


def _to_spread(people: pd.DataFrame, population: str, spread: float, base: np.ndarray) -> np.ndarray:
    """(n,) base weights times the density of the prior with another spread over that drawn from, up to a factor."""
    scores = target_scores(marginals(population), people, VARIABLES)
    correlated = tied(VARIABLES)
    middle = np.zeros(len(VARIABLES))
    other = stats.multivariate_normal(middle, spread**2 * correlated).logpdf(scores)
    log_ratio = np.atleast_1d(other - stats.multivariate_normal(middle, correlated).logpdf(scores))
    weights: np.ndarray = base * np.exp(log_ratio - log_ratio.max())
    return weights


def _entry(
    name: str, weigh: Callable[[], np.ndarray], rows: pd.DataFrame, people: pd.Index, control: str, counted: bool
) -> Json:
    head = {"choice": name, "patients": len(people)}
    try:
        weights = weigh()
    except InputError as refused:
        return {**head, "ess": None, "note": refused.problems[0].found, "arms": []}
    ess = effective_size(weights)
    if ess < LEAST_ESS * len(people):
        note = f"refused: it would rest on {ess:.0f} effective patients of {len(people)}"
        return {**head, "ess": number(ess), "note": note, "arms": []}
    of_patient = pd.Series(weights, index=people)
    shares: dict[str, dict[str, float]] = {}
    for arm, mine in rows.groupby("arm", sort=False):
        weight = mine["patient"].map(of_patient).to_numpy(float)
        rates = rates_of(mine, not_evaluable_progresses=counted)
        shares[str(arm)] = {key: float(np.average(rates[key], weights=weight)) for key in RATES}
    against = shares[control]["response"] if control in shares else np.nan
    arms = [
        {
            "id": arm,
            **{key: number(value) for key, value in found.items()},
            "gain": None if arm == control else number(found["response"] - against),
        }
        for arm, found in shares.items()
    ]
    return {**head, "ess": number(ess), "note": "", "arms": arms}
