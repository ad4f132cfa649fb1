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
SIZE, CHANGE = "tumour_size", "tumour_change"  # read from tumour_volume: ln of a diameter, ln of a ratio of volumes


@lru_cache(maxsize=1)
def output_table() -> pd.DataFrame:
    """Rows by output: variable, reading (rest, a regimen, or a regimen's ``:gut`` part), day, label."""
    return _table("outputs.csv").set_index("output")


@lru_cache(maxsize=1)
def measurement_table() -> pd.DataFrame:
    """Rows by measurement: set, variable, reading, day, error (sd of the logarithm), source."""
    return _table("measurements.csv").set_index("measurement")


def _table(name: str) -> pd.DataFrame:
    return pd.read_csv(Path(__file__).with_name(name), keep_default_na=False)


def read(twin: Twin, table: pd.DataFrame) -> np.ndarray:
    """(people, rows of ``table``) logarithms, NaN where a person failed."""
    values = np.empty((len(twin.ok), len(table)))
    reading = table["reading"].str.removesuffix(GUT).to_numpy()
    variables, days = table["variable"].to_numpy(), table["day"].to_numpy(float)
    for regimen in dict.fromkeys(reading):
        rows = np.flatnonzero(reading == regimen)
        if regimen == REST:
            values[:, rows] = _at_rest(twin, [str(variables[row]) for row in rows])
        else:
            values[:, rows] = _under(twin, str(regimen), [str(variables[row]) for row in rows], days[rows])
    return values


def _at_rest(twin: Twin, names: list[str]) -> np.ndarray:
    found = engine_model().observe(twin.closed.states, twin.closed.parameters, names)
    return np.where(twin.ok[:, None], _logarithm(found), np.nan)


def _under(twin: Twin, regimen: str, names: list[str], days: np.ndarray) -> np.ndarray:
    model = [name for name in dict.fromkeys(names) if name not in (SIZE, CHANGE)]
    run = run_strategy(twin, [regimen], float(days.max()), observe=model)
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
