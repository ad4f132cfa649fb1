"""How far features of the baseline gut go with response in cohorts of a given size.

Held: associations only; with the gates off the gut does nothing, so what is found is what the liver, the tumour and a
proton-pump inhibitor share with the gut, and chance.  The best of all features is what a search through them reports.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import rankdata

from hepaxis.trial.conditions import GUILD, features
from hepaxis.trial.confounding import responds
from hepaxis.trial.confounding_pools import PoolRun
from hepaxis.trial.feature_response import Patients, logistic, normal_score, odds_ratio

SIZES = (41, 200)  # Lee 2022 (doi:10.1136/jitc-2021-004779) had 41 patients
Json = dict[str, Any]


def gut_features() -> tuple[str, ...]:
    """Features of the gut among ``features``."""
    return tuple(name for name, one in features().items() if one.of.startswith(GUILD) or one.of == "diversity")


def area(values: np.ndarray, happened: np.ndarray) -> float:
    """Area under the curve of values (n,) for what happened (n,) bool; nan where all or none did."""
    yes = int(happened.sum())
    no = len(happened) - yes
    if not yes or not no:
        return float("nan")
    return float((rankdata(values)[happened].sum() - yes * (yes + 1) / 2) / (yes * no))


def feature_record(run: PoolRun, cohorts: int, seed: int = 1) -> Json:
    """Odds ratio per standard deviation and AUC of each feature in the pool, and their 90% in cohorts of ``SIZES``."""
    rows = run.untreated
    response = responds(rows)
    names = gut_features()
    values = rows[list(names)].to_numpy(float)
    of = Patients(response, rows["weight"].to_numpy(float), rows["draw"].to_numpy(), len(rows))
    found: Json = {"patients": len(rows), "response": round(float(response.mean()), 3), "features": [], "cohorts": []}
    samples = {size: _sampled(values, response, size, cohorts, seed) for size in SIZES}
    for place, name in enumerate(names):
        ratio = odds_ratio(values[:, place], of)["estimate"]
        entry: Json = {
            "name": name,
            "label": features()[name].label,
            "odds_ratio": None if ratio is None else round(ratio, 3),
            "auc": round(area(values[:, place], response), 3),
        }
        for size, (areas, slopes) in samples.items():
            entry[f"auc_{size}"] = _interval(areas[:, place])
            entry[f"odds_ratio_{size}"] = _interval(np.exp(slopes[:, place]))
        found["features"].append(entry)
    for size, (areas, slopes) in samples.items():
        best = np.nanmax(np.abs(areas - 0.5), axis=1) + 0.5
        furthest = np.exp(np.nanmax(np.abs(slopes), axis=1))
        found["cohorts"].append({"n": size, "best_auc": _interval(best), "furthest_odds_ratio": _interval(furthest)})
    return found


def _sampled(
    values: np.ndarray, response: np.ndarray, size: int, cohorts: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """AUC and log odds ratio per sd (cohorts that hold both outcomes, features)."""
    areas, slopes = [], []
    for k in range(cohorts):
        at = np.random.default_rng((seed, size, k)).integers(0, len(response), size)
        happened = response[at]
        if min(happened.sum(), (~happened).sum()) < 2:
            continue
        areas.append([area(column, happened) for column in values[at].T])
        slopes.append([_slope(column, happened) for column in values[at].T])
    width = (0, values.shape[1])
    return np.array(areas).reshape(-1, width[1]), np.array(slopes).reshape(-1, width[1])


def _slope(column: np.ndarray, happened: np.ndarray) -> float:
    if np.ptp(column) == 0:
        return 0.0
    got = logistic(normal_score(column), happened.astype(float), np.ones(len(column)))
    return 0.0 if got is None else got[0]


def _interval(values: np.ndarray) -> Json:
    if not len(values):
        return {"median": None, "low": None, "high": None}
    low, median, high = np.nanquantile(values, (0.05, 0.5, 0.95))
    return {"median": round(float(median), 3), "low": round(float(low), 3), "high": round(float(high), 3)}
