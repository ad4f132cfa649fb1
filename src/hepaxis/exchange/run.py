"""Running a scenario: trajectories of every person, as tables that say their units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hepaxis import axis
from hepaxis.exchange.setting import Setting
from hepaxis.population.arms import worked_out
from hepaxis.population.closure import engine_model
from hepaxis.population.twin import MAX_STEPS

RTOL = 1e-6  # relative; what other simulators are compared with at 1e-5


@dataclass(frozen=True)
class Outcome:
    """What a scenario gave.

    days    (m,)
    values  observed variable or expression -> (people, m); NaN where a person failed
    units   observed -> unit ("" for an expression of several)
    labels  observed -> words
    failed  person -> reason
    """

    days: np.ndarray
    values: dict[str, np.ndarray]
    units: dict[str, str]
    labels: dict[str, str]
    failed: dict[int, str]


def simulate(setting: Setting) -> Outcome:
    """Every person of a setting, from its start to its end."""
    model = engine_model()
    initial = pd.DataFrame(setting.closed.states, columns=list(model.states))
    run = model.simulate(
        setting.protocol,
        setting.closed.parameters,
        setting.times,
        list(setting.variables),
        initial,
        start=setting.start,
        rtol=RTOL,
        max_steps=MAX_STEPS,
    )
    failed = {k: reason for k, reason in enumerate(setting.closed.reason) if reason}
    failed |= {
        int(one["patient"]): f"{one['reason']} on day {one['time']:g}" for one in run.failures.to_dict("records")
    }
    values = {name: run.values[:, :, k].copy() for k, name in enumerate(setting.variables)}
    for one in values.values():
        one[list(failed)] = np.nan
    observed = setting.scenario.observe
    return Outcome(
        days=setting.times,
        values={text: worked_out(text, values) for text in observed},
        units={text: run.units.get(text.strip(), "") for text in observed},
        labels={text: label(text) for text in observed},
        failed=failed,
    )


def label(text: str) -> str:
    """Words for a variable of the model; an expression is its own."""
    known = axis.build().observables["label"]
    return str(known[text]) if text in known.index else text


def spelled(unit: str) -> str:
    """A unit of the model for people: ``mmol_per_L`` -> mmol/L, ``per_day`` -> 1/day; nothing for dimensionless."""
    if unit == "dimensionless":
        return ""
    over, per, under = unit.partition("per_")
    return f"{over.rstrip('_') or '1'}/{under.replace('_', '/')}" if per else unit.rstrip("_")


def trajectories(outcome: Outcome) -> pd.DataFrame:
    """One row a person and day: person (1-based), day, then what was observed."""
    people, days = next(iter(outcome.values.values())).shape
    columns = {name: values.ravel() for name, values in outcome.values.items()}
    person = np.repeat(np.arange(1, people + 1), days)
    return pd.DataFrame({"person": person, "day": np.tile(outcome.days, people), **columns})


def column_table(outcome: Outcome) -> pd.DataFrame:
    """What the columns of the trajectories are: column, unit, meaning."""
    rows = [("person", "", "number of the person"), ("day", "day", "day from the first dose")]
    rows += [(name, outcome.units[name], outcome.labels[name]) for name in outcome.values]
    return pd.DataFrame(rows, columns=["column", "unit", "meaning"])


def summary(outcome: Outcome) -> pd.DataFrame:
    """By what was observed: unit, then the median over people at the start, on day 0 and at the end."""
    with np.errstate(all="ignore"):
        middle = {name: np.nanmedian(values, axis=0) for name, values in outcome.values.items()}
    zero = int(np.argmin(np.abs(outcome.days)))
    rows = {
        name: {
            "unit": outcome.units[name],
            "start": m[0],
            "day 0": m[zero],
            "end": m[-1],
            "lowest": m.min(),
            "highest": m.max(),
        }
        for name, m in middle.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")
