"""Baseline characteristics of advanced HCC as a joint prior: marginals by named population and a Gaussian copula.

Held: each characteristic has a marginal (``baseline.csv``; some given another, as aetiology given the region), and one
small table of correlations of normal scores ties them and a few model inputs together (``baseline_correlation.csv``;
most are assumed, each says so).  A population is the default with some rows replaced.
Assumed: a Gaussian copula, so no dependence in the extremes beyond it; what the table does not pair is independent but
for what it is given.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from hepaxis.population.points import Array, correlated, normal_points
from hepaxis.population.sampling import arguments
from hepaxis.problems import InputError, Problem, error

DEFAULT = "trial_default"
CONTINUOUS = ("normal", "lognormal", "uniform")
NEEDED = {
    "normal": ("mean", "sd"),
    "lognormal": ("median", "sd_log"),
    "uniform": ("low", "high"),
    "bernoulli": ("probability",),
}
ROW_COLUMNS = ("variable", "given", "distribution", "args")
SUM_ERROR = 1e-6


@dataclass(frozen=True)
class Marginals:
    """A population's marginals.

    rows: variable, given, distribution, args, source, grade, note; in drawing order.
    """

    name: str
    rows: pd.DataFrame

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.rows["variable"]))


def table_rows(name: str) -> pd.DataFrame:
    """Rows of a table of this room, every cell as text."""
    text = files("hepaxis.population").joinpath(name).read_text(encoding="utf-8")
    return pd.DataFrame(list(csv.DictReader(text.splitlines())))


@lru_cache(maxsize=1)
def _baseline() -> pd.DataFrame:
    return table_rows("baseline.csv")


def population_names() -> tuple[str, ...]:
    """Populations of the table."""
    return tuple(dict.fromkeys(_baseline()["population"]))


def marginals(population: str | pd.DataFrame, rows: pd.DataFrame | None = None) -> Marginals:
    """A named population, with the given rows (variable, given, distribution, args) in place of its own.

    Rows alone change the default.  A row without a condition replaces all of its variable.  Raises InputError with
    every fault of the rows.
    """
    if not isinstance(population, str):
        return marginals(DEFAULT, population)
    if population not in population_names():
        hint = f"known are {', '.join(population_names())}"
        raise InputError([error("population.unknown", f"no population '{population}'", hint)])
    table = _baseline()
    base = table[table["population"] == DEFAULT].drop(columns="population")
    named = _overlaid(base, table[table["population"] == population])
    if rows is None:
        return Marginals(population, named)
    own = _checked(rows, named)
    changed = ", ".join(dict.fromkeys(own["variable"]))
    return Marginals(f"{population} with own {changed}", _overlaid(named, own))


def _checked(rows: pd.DataFrame, base: pd.DataFrame) -> pd.DataFrame:
    missing = [name for name in ROW_COLUMNS if name not in rows.columns and name != "given"]
    if missing:
        raise InputError([error("population.columns", f"no column {', '.join(missing)}", f"give {ROW_COLUMNS}")])
    own = rows.assign(given=rows["given"].fillna("") if "given" in rows else "")
    there = {(row["variable"], row["given"]) for row in _records(base)}
    problems = []
    for line, row in enumerate(_records(own), start=2):
        problems += _faults(row, line)
        if row["given"] and (row["variable"], row["given"]) not in there:
            given = ", ".join(condition for name, condition in there if name == row["variable"]) or "none"
            found = f"'{row['variable']}' is not given by '{row['given']}'"
            problems.append(error("population.given", found, f"conditions are {given}", row=line, column="given"))
    if problems:
        raise InputError(problems)
    return own


def _records(table: pd.DataFrame) -> list[dict[str, str]]:
    return [{str(name): str(value) for name, value in row.items()} for row in table.to_dict("records")]


def _overlaid(base: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    """Rows of the base in its order, each replaced where ``own`` has one for the same variable and condition."""
    ours = {(row["variable"], row["given"]): row for row in _records(own)}
    whole = {variable for variable, given in ours if not given}
    found, placed = [], set()
    for row in _records(base):
        key = (row["variable"], "" if row["variable"] in whole else row["given"])
        if key not in placed:
            found.append({**dict.fromkeys(row, ""), **ours[key]} if key in ours else row)
            placed.add(key)
    return pd.DataFrame(found)[list(base.columns)].fillna("")


def _faults(row: dict[str, str], line: int) -> list[Problem]:
    known = set(_baseline()["variable"])
    if row["variable"] not in known:
        hint = f"known are {', '.join(sorted(known))}"
        return [error("population.variable", f"no characteristic '{row['variable']}'", hint, row=line)]
    try:
        args = arguments(str(row["args"]))
    except ValueError:
        hint = "write name=number, separated by blanks"
        return [error("population.args", f"cannot read '{row['args']}'", hint, row=line, column="args")]
    kind = row["distribution"]
    if kind in ("categorical", "ordinal"):
        fine = abs(sum(args.values()) - 1.0) < SUM_ERROR and min(args.values()) >= 0
        found, hint = f"shares of '{row['variable']}' sum to {sum(args.values()):g}", "give shares that sum to 1"
    elif kind in NEEDED:
        fine = set(NEEDED[kind]) <= set(args) and 0 <= args.get("probability", 0.0) <= 1
        found, hint = f"'{row['args']}' for {kind}", f"give {', '.join(NEEDED[kind])}"
    else:
        fine, found, hint = False, f"unknown distribution '{kind}'", f"known are {', '.join(NEEDED)} and categorical"
    return [] if fine else [error("population.distribution", found, hint, row=line, column="args")]


@lru_cache(maxsize=1)
def correlation() -> pd.DataFrame:
    """Correlation matrix of the normal scores of what the table names (characteristics and model inputs).

    Raises ValueError when the table's pairs do not go together.
    """
    pairs = table_rows("baseline_correlation.csv")
    names = list(dict.fromkeys([*pairs["first"], *pairs["second"]]))
    matrix = pd.DataFrame(np.eye(len(names)), index=names, columns=names)
    for first, second, value in zip(pairs["first"], pairs["second"], pairs["correlation"].astype(float), strict=True):
        matrix.loc[first, second] = matrix.loc[second, first] = value
    if np.linalg.eigvalsh(matrix.to_numpy()).min() <= 0:
        raise ValueError("the correlations of baseline_correlation.csv cannot hold together")
    return matrix


def latent_scores(seed: int, patients: npt.NDArray[np.int64], names: list[str]) -> dict[str, Array]:
    """Normal scores by name, tied by the correlation table where it names them."""
    matrix = correlation()
    wanted = list(dict.fromkeys([*names, *matrix.index]))
    scores = normal_points(seed, patients, wanted)
    found = {name: scores[:, place] for place, name in enumerate(wanted)}
    tied = np.column_stack([found[name] for name in matrix.index])
    mixed = correlated(tied, np.linalg.cholesky(matrix.to_numpy()))
    found |= {name: mixed[:, place] for place, name in enumerate(matrix.index)}
    return {name: found[name] for name in names}


def draw_characteristics(population: Marginals, scores: dict[str, Array], spread: float = 1.0) -> pd.DataFrame:
    """Characteristics of each patient from their normal scores; ``spread`` multiplies those of continuous ones.

    Text for categorical variables, numbers for the rest (1 and 0 for yes and no).
    """
    drawn: dict[str, npt.NDArray[np.generic]] = {}
    for variable, rows in population.rows.groupby("variable", sort=False):
        score = scores[str(variable)]
        text = (rows["distribution"] == "categorical").any()
        values = np.full(len(score), "", dtype=object) if text else np.full(len(score), np.nan)
        for row in _records(rows):
            here = _where(row["given"], drawn, len(score))
            if here.any():
                values[here] = _quantile(row["distribution"], row["args"], score[here], spread)
        drawn[str(variable)] = values
    return pd.DataFrame(drawn)


def _where(given: str, drawn: dict[str, npt.NDArray[np.generic]], n: int) -> npt.NDArray[np.bool_]:
    if not given:
        return np.ones(n, bool)
    name, level = given.split("=")
    return np.asarray(drawn[name] == level, dtype=bool)


def _quantile(distribution: str, text: str, score: Array, spread: float) -> npt.NDArray[np.generic]:
    args = arguments(text)
    if distribution in CONTINUOUS:
        return _continuous(distribution, args, score * spread)
    level = special.ndtr(score)  # a higher score is a later level, or a yes
    if distribution == "bernoulli":
        return (level > 1.0 - args["probability"]).astype(float)
    edges = np.cumsum(list(args.values()))[:-1]
    place = np.searchsorted(edges, level)
    if distribution == "categorical":
        return np.array(list(args), dtype=object)[place]
    return np.array([float(name) for name in args])[place]


def _continuous(distribution: str, args: dict[str, float], score: Array) -> Array:
    """Truncated at ``low`` and ``high``, so that no mass sits there; held at ``floor``, as an assay's least reading."""
    if distribution == "uniform":
        return args["low"] + (args["high"] - args["low"]) * special.ndtr(score)
    logs = distribution == "lognormal"
    low, high = _ends(args, logs)
    inside = special.ndtri(low + (high - low) * special.ndtr(score))
    values = np.exp(np.log(args["median"]) + args["sd_log"] * inside) if logs else args["mean"] + args["sd"] * inside
    return np.maximum(values, args.get("floor", -np.inf))


def _ends(args: dict[str, float], logs: bool) -> tuple[float, float]:
    """Levels of the untruncated marginal at its bounds."""
    low, high = (args.get(name) for name in ("low", "high"))
    return (
        0.0 if low is None else float(special.ndtr(_standard(np.array(low), args, logs))),
        1.0 if high is None else float(special.ndtr(_standard(np.array(high), args, logs))),
    )


def _standard(values: Array, args: dict[str, float], logs: bool) -> Array:
    standard: Array = (
        (np.log(values) - np.log(args["median"])) / args["sd_log"] if logs else (values - args["mean"]) / args["sd"]
    )
    return standard


def normal_score(population: Marginals, variable: str, values: Array) -> Array:
    """Normal scores of values under a continuous marginal: the inverse of the draw.

    Raises KeyError for a characteristic without one continuous marginal.
    """
    rows = population.rows[population.rows["variable"] == variable]
    if len(rows) != 1 or rows["distribution"].iloc[0] not in ("normal", "lognormal"):
        raise KeyError(f"'{variable}' has no single continuous marginal")
    args, logs = arguments(str(rows["args"].iloc[0])), rows["distribution"].iloc[0] == "lognormal"
    low, high = _ends(args, logs)
    level = (special.ndtr(_standard(values, args, logs)) - low) / (high - low)
    return np.asarray(special.ndtri(np.clip(level, 1e-12, 1 - 1e-12)), dtype=float)
