"""What is read from closed people: at rest, or on a day under a regimen, as logarithms.

Held: tables beside this file name a variable and when it is read; ``outputs.csv`` are the predictions of interest,
``measurements.csv`` what a clinic can have, with its error.
Tumour sizes are taken above v, the volume of a 10 mm sphere, the least that RECIST 1.1 calls measurable
(10.1016/j.ejca.2008.10.026), so that an eradicated tumour is no infinite outlier: change is ln((V + v)/(V0 + v)), which
stands for the log-odds of response and moves with it.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from hepaxis.patient.burden import sphere_ml
from hepaxis.population import Twin, engine_model, run_strategy

MEASURABLE_MM = 10.0
REST = "rest"
GUT = ":gut"  # a regimen's reading less that of the same person without gates; the study takes the difference
ARM = ":arm"  # a reading under regimen and arm less that under the regimen alone
SIZE, CHANGE = "tumour_size", "tumour_change"  # read from tumour_volume: ln of a diameter, ln of a ratio of volumes


@lru_cache(maxsize=1)
def output_table() -> pd.DataFrame:
    """Rows by output: variable, reading, day, label.

    A reading is rest, a regimen, or components joined by ``+``; with ``:gut`` the gut's part of it, with ``:arm`` what
    the components after the first add.
    """
    return _table("outputs.csv").set_index("output")


@lru_cache(maxsize=1)
def measurement_table() -> pd.DataFrame:
    """Rows by measurement: set, variable, reading, day, error (sd of the logarithm), source."""
    return _table("measurements.csv").set_index("measurement")


def _table(name: str) -> pd.DataFrame:
    return pd.read_csv(Path(__file__).with_name(name), keep_default_na=False)


def read(twin: Twin, table: pd.DataFrame) -> np.ndarray:
    """(people, rows of ``table``) logarithms, NaN where a person failed."""
    values = np.zeros((len(twin.ok), len(table)))
    given, days = table["reading"].astype(str), table["day"].to_numpy(float)
    variables = [str(name) for name in table["variable"]]
    # Of an arm's reading two are needed, and runs are shared between all that are of one treatment.
    wanted = [(course, k, 1.0) for k, course in enumerate(given.str.removesuffix(GUT).str.removesuffix(ARM))]
    wanted += [(course.split("+")[0], k, -1.0) for course, k, _ in wanted if given.iloc[k].endswith(ARM)]
    for course in dict.fromkeys(course for course, _, _ in wanted):
        rows = [(k, sign) for other, k, sign in wanted if other == course]
        names = [variables[k] for k, _ in rows]
        if course == REST:
            found = _at_rest(twin, names)
        else:
            found = _under(twin, course.split("+"), names, days[[k for k, _ in rows]])
        for column, (k, sign) in enumerate(rows):
            values[:, k] += sign * found[:, column]
    return values


def _at_rest(twin: Twin, names: list[str]) -> np.ndarray:
    found = engine_model().observe(twin.closed.states, twin.closed.parameters, names)
    return np.where(twin.ok[:, None], _logarithm(found), np.nan)


def _under(twin: Twin, components: list[str], names: list[str], days: np.ndarray) -> np.ndarray:
    model = [name for name in dict.fromkeys(names) if name not in (SIZE, CHANGE)]
    run = run_strategy(twin, components, float(days.max()), observe=model)
    volume = run.values["tumour_volume"] + sphere_ml(MEASURABLE_MM)
    values = np.empty((len(volume), len(names)))
    for k, (name, day) in enumerate(zip(names, days, strict=True)):
        at = int(np.searchsorted(run.days, day))
        if name == SIZE:
            values[:, k] = np.log(volume[:, at]) / 3
        elif name == CHANGE:
            values[:, k] = np.log(volume[:, at] / volume[:, 0])
        else:
            values[:, k] = _logarithm(run.values[name][:, at])
    return np.where(run.failed[:, None], np.nan, values)


def _logarithm(values: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        found: np.ndarray = np.where(values > 0, np.log(values), np.nan)
    return found
