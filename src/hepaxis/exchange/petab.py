"""A PEtab version 2 problem: people as experiments, their protocol as periods, measurements to fit or to compare.

Source: PEtab 2.0 (doi:10.1371/journal.pcbi.1008646 for version 1; the tables' columns are version 2's).  The first
period of an experiment makes the person: parameters and states as numbers, with what is given at the start worked in.
Every later time of the protocol is a condition of its own, shared by all people.  Without measurements the model's own
course stands in their place, so that the problem is whole; it is marked as such and is no data.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from hepaxis import axis
from hepaxis.exchange.events import Change, changes
from hepaxis.exchange.run import label, simulate
from hepaxis.exchange.setting import Setting
from hepaxis.population.arms import variable_faults, variable_names
from hepaxis.population.closure import engine_model
from hepaxis.problems import InputError, Problem, error

VERSION = "2.0.0"
NOISE_SHARE = 0.1  # of the largest value of an observable, where no measurement says its error; assumed
BOUNDS = 100.0  # an estimated parameter may leave its value by this factor; assumed
MEASUREMENT_COLUMNS = ("day", "observable", "value")
FILES = {name: f"{name}.tsv" for name in ("conditions", "experiments", "observables", "measurements", "parameters")}

Row = dict[str, object]


def petab_problem(
    setting: Setting, measurements: pd.DataFrame | None = None, estimate: Sequence[str] = ()
) -> dict[str, str]:
    """File name -> text of a whole problem; ``problem.yaml`` is its entry.

    measurements  day, observable (a variable or expression), value, optional person (1-based) and sd
    estimate      parameters to be estimated: free for all people, the first person's value as the nominal one
    """
    found = _simulated(setting) if measurements is None else _checked(measurements, setting)
    _known(estimate)
    observed = list(dict.fromkeys([*setting.scenario.observe, *found["observable"]]))
    used = [text for text in observed if (found["observable"] == text).any()]
    ids = {text: observable_id(text, k) for k, text in enumerate(used, start=1)}
    people = sorted(set(found["person"]))
    conditions, experiments = _periods(setting, people, set(estimate))
    tables: dict[str, list[Row]] = {
        "conditions": conditions,
        "experiments": experiments,
        "observables": [_observable(text, id) for text, id in ids.items()],
        "measurements": [_measured(row, ids) for row in found.to_dict("records")],
        "parameters": [*_noises(found, ids), *_estimated(setting, estimate)],
    }
    texts = {FILES[name]: pd.DataFrame(rows).to_csv(sep="\t", index=False) for name, rows in tables.items()}
    problem = {
        "format_version": VERSION,
        "id": re.sub(r"\W+", "_", setting.scenario.name).strip("_") or "scenario",
        "model_files": {"hepaxis": {"location": "model.xml", "language": "sbml"}},
        **{f"{name[:-1]}_files": [file] for name, file in FILES.items()},
    }
    return {"problem.yaml": yaml.safe_dump(problem, sort_keys=False), "model.xml": axis.build().sbml, **texts}


def read_measurements(path: Path, setting: Setting) -> pd.DataFrame:
    """A user's measurements (CSV: day, observable, value; optional person, sd).  Raises InputError."""
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as fault:
        hint = f"give a CSV file with {', '.join(MEASUREMENT_COLUMNS)}"
        raise InputError([error("petab.measurements", f"cannot be read: {fault}", hint, file=str(path))]) from None
    return _checked(table, setting, str(path))


def observable_id(text: str, number: int) -> str:
    """Id of an observable: its variable with ``obs_`` before it, since PEtab and the model share no name."""
    return f"obs_{text}" if text.isidentifier() else f"obs_{number}_{'_'.join(variable_names(text))}"


def _simulated(setting: Setting) -> pd.DataFrame:
    outcome = simulate(setting)
    rows = [
        {"person": person + 1, "day": float(day), "observable": text, "value": float(value), "sd": np.nan}
        for text, values in outcome.values.items()
        for person in range(len(values))
        for day, value in zip(outcome.days, values[person], strict=True)
        if np.isfinite(value)
    ]
    return pd.DataFrame(rows)


def _checked(table: pd.DataFrame, setting: Setting, file: str = "") -> pd.DataFrame:
    missing = [name for name in MEASUREMENT_COLUMNS if name not in table.columns]
    if missing:
        hint = f"needed are {', '.join(MEASUREMENT_COLUMNS)}; person and sd may be given"
        raise InputError([error("petab.columns", f"no column {', '.join(missing)}", hint, file=file)])
    table = table.assign(**{name: np.nan for name in ("sd",) if name not in table})
    table = table.assign(**{name: 1 for name in ("person",) if name not in table})
    problems: list[Problem] = []
    for number, row in enumerate(table.to_dict("records"), start=2):

        def wrong(column: str, found: str, hint: str, number: int = number) -> None:
            problems.append(error("petab.cell", found, hint, file=file, row=number, column=column))

        days = _number(row["day"])
        if days is None or not setting.start <= days <= setting.scenario.days:
            wrong("day", f"'{row['day']}'", f"a day from {setting.start:g} to {setting.scenario.days:g}")
        if _number(row["value"]) is None:
            wrong("value", f"'{row['value']}'", "give a number")
        if not pd.isna(row["sd"]) and not (_number(row["sd"]) or 0) > 0:
            wrong("sd", f"'{row['sd']}'", "a number above 0, or leave the cell empty")
        if _number(row["person"]) not in range(1, setting.scenario.people + 1):
            wrong("person", f"'{row['person']}'", f"1 to {setting.scenario.people}")
        for fault in variable_faults(str(row["observable"])):
            wrong("observable", fault, "a variable of the model, or an expression of some")
    if not len(table):
        problems.append(error("petab.empty", "no measurements", "give one row a measurement", file=file))
    if problems:
        raise InputError(problems)
    return table.astype({"day": float, "value": float, "person": int, "sd": float, "observable": str})


def _number(cell: object) -> float | None:
    try:
        value = float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return value if np.isfinite(value) else None


def _known(estimate: Sequence[str]) -> None:
    unknown = [name for name in estimate if name not in engine_model().parameters]
    if unknown:
        hint = "name constant parameters of the model (`hepaxis model antimony` lists them)"
        raise InputError([error("petab.estimate", f"no parameter {', '.join(unknown)}", hint)])


def _periods(setting: Setting, people: Sequence[int], free: set[str]) -> tuple[list[Row], list[Row]]:
    """Rows of the condition and the experiment table."""
    program = changes(setting.protocol)
    first = program.pop(setting.start, {})
    conditions: list[Row] = []
    experiments: list[Row] = []
    for person in people:
        parameters, initial = setting.values(person - 1)
        values = {**parameters, **initial}
        for target, change in first.items():
            values[target] = change.of(values.get(target, engine_model().default_parameters.get(target, 0.0)))
        conditions += _condition(f"person_{person}", {k: repr(v) for k, v in values.items() if k not in free})
        experiments.append(
            {"experimentId": f"of_person_{person}", "time": setting.start, "conditionId": f"person_{person}"}
        )
        for number, time in enumerate(program, start=1):
            row: Row = {"experimentId": f"of_person_{person}", "time": time, "conditionId": f"given_{number}"}
            experiments.append(row)
    for number, at in enumerate(program.values(), start=1):
        conditions += _condition(f"given_{number}", {target: _formula(target, change) for target, change in at.items()})
    return conditions, experiments


def _condition(id: str, values: Mapping[str, str]) -> list[Row]:
    return [{"conditionId": id, "targetId": target, "targetValue": value} for target, value in values.items()]


def _formula(target: str, change: Change) -> str:
    if change.factor == 0:
        return repr(change.shift)
    scaled = target if change.factor == 1 else f"{change.factor!r} * {target}"
    return scaled if change.shift == 0 else f"{scaled} + {change.shift!r}"


def _observable(text: str, id: str) -> Row:
    return {
        "observableId": id,
        "observableName": label(text),
        "observableFormula": text,
        "noiseFormula": f"noise_{id}",
        "noisePlaceholders": f"noise_{id}",
        "noiseDistribution": "normal",
    }


def _measured(row: Mapping[Hashable, Any], ids: Mapping[str, str]) -> Row:
    id = ids[str(row["observable"])]
    sd = row["sd"]
    return {
        "observableId": id,
        "experimentId": f"of_person_{row['person']}",
        "time": row["day"],
        "measurement": repr(row["value"]),
        "noiseParameters": f"sd_{id}" if pd.isna(sd) else repr(sd),
    }


def _noises(found: pd.DataFrame, ids: Mapping[str, str]) -> list[Row]:
    """One error an observable, for measurements that do not say theirs."""
    rows: list[Row] = []
    for text, id in ids.items():
        mine = found[found["observable"] == text]
        if mine["sd"].isna().any():
            size = NOISE_SHARE * float(mine["value"].abs().max()) or NOISE_SHARE
            rows.append(_parameter(f"sd_{id}", size, estimate=False))
    return rows


def _estimated(setting: Setting, estimate: Sequence[str]) -> list[Row]:
    own, _ = setting.values(0)
    values = {name: own.get(name, engine_model().default_parameters[name]) for name in estimate}
    return [_parameter(name, value, estimate=True) for name, value in values.items()]


def _parameter(id: str, value: float, *, estimate: bool) -> Row:
    ends = sorted((value / BOUNDS, value * BOUNDS)) if value else (-1.0, 1.0)
    return {
        "parameterId": id,
        "lowerBound": repr(ends[0]),
        "upperBound": repr(ends[1]),
        "nominalValue": repr(value),
        "estimate": "true" if estimate else "false",
    }
