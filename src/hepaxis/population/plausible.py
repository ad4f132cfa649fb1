"""Plausible patients: bounds on what was drawn and on the patient at rest; who is outside is counted by the rule.

Held: ``plausible.csv``.  A tumour must have had time to grow: its size is followed back under the model's own law
(Richards towards ``volume_max``) to one cell, which may not be older than the liver disease and
may not have divided faster than cells do.
Rules on immune ratios need the patient at rest (``closed``).
Assumed: growth without killing is the drawn net rate and the killing that the reference patient has at rest, since T
cells find little antigen in a small tumour; HBV is carried from birth.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib.resources import files

import numpy as np
import pandas as pd
from scipy import special

from hepaxis.population.closure import KILL_REST, Closed, engine_model
from hepaxis.population.points import Array

DAYS_A_YEAR = 365.25
ONE_CELL_ML = 1e-9  # a cell of 10 micrometres across
DISEASE_FROM = {"hbv": 0.0, "hcv": 20.0, "non_viral": 20.0}  # years of age; assumed
CD8 = ("tpex", "effectors", "exhausted")


@lru_cache(maxsize=1)
def plausibility_rules() -> tuple[dict[str, str], ...]:
    """Rows: rule, when (drawn or closed), quantity, low, high, source, grade, note."""
    text = files("hepaxis.population").joinpath("plausible.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def growth_back(volume: Array, rate: Array) -> tuple[Array, Array]:
    """(years since the first cell, doubling time of the first cells in days) of a tumour of ``volume`` mL.

    rate (1/day) without killing, at the present size; Richards: with x = (V/max)^power, d ln V/dt = rate (1 - x)/(1 - x
    now), so that the logit of x rises evenly.  Infinite where the rate is not positive.
    """
    model = engine_model().default_parameters
    ceiling, power = model["volume_max"], model["ceiling_power"]
    now = (np.minimum(volume, 0.999 * ceiling) / ceiling) ** power
    then = (ONE_CELL_ML / ceiling) ** power
    per_day = (1.0 - now) / np.where(rate > 0, rate, np.nan)
    years = per_day * (special.logit(now) - special.logit(then)) / power / DAYS_A_YEAR
    doubling = np.log(2.0) * per_day / (1.0 - then)
    return np.nan_to_num(years, nan=np.inf), np.nan_to_num(doubling, nan=np.inf)


def with_tumour_age(covariates: pd.DataFrame, inputs: pd.DataFrame) -> pd.DataFrame:
    """Covariates with ``doubling_days``, ``tumour_age`` (years from the first cell), its share of the years of liver
    disease, and ``first_doubling`` (days)."""
    rate = inputs["tumour.growth"].to_numpy(float)
    unkilled = rate + engine_model().default_parameters[KILL_REST]
    age, first = growth_back(covariates["volume"].to_numpy(float), unkilled)
    disease = covariates["age"].to_numpy(float) - covariates["aetiology"].map(DISEASE_FROM).to_numpy(float)
    return covariates.assign(
        doubling_days=np.log(2.0) / rate,
        tumour_age=age,
        tumour_age_share=age / np.maximum(disease, 1.0),
        first_doubling=first,
    )


def outside(values: pd.DataFrame, when: str) -> np.ndarray:
    """(n,) the first rule of ``when`` that a patient breaks, or ''.  KeyError for a quantity that is not there."""
    broken = np.full(len(values), "", dtype=object)
    for row in plausibility_rules():
        if row["when"] != when:
            continue
        x = values[row["quantity"]].to_numpy(float)
        low = float(row["low"]) if row["low"] else -np.inf
        high = float(row["high"]) if row["high"] else np.inf
        broken[~((x >= low) & (x <= high)) & (broken == "")] = row["rule"]
    return broken


def at_rest(closed: Closed) -> pd.DataFrame:
    """The quantities of the rules of ``closed`` for patients at rest."""
    names = [*CD8, "treg", "growth_intrinsic"]
    seen = dict(zip(names, engine_model().observe(closed.states, closed.parameters, names).T, strict=True))
    ratio = sum(seen[name] for name in CD8) / seen["treg"]
    return pd.DataFrame({"cd8_treg": ratio, "growth_intrinsic": seen["growth_intrinsic"]})
