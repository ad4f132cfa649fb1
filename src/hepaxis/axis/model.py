"""The assembled model and its tables.

Every claim of the gates table is a gate here, on eleven ports.  What it does not hold: a guild of sulphate reducers,
fungi, taxa below the guilds, dietary protein, gamma-delta T cells apart from Th17, colitis and liver damage by T cells,
tumours that arise, metastases outside the liver, spontaneous regression, and hepatic uptake of bile acids that
saturates.  Its interactions between guilds, niche memory and donor overlap are assumed; payload and kinase inhibitor
strengths are class priors.  Sizes of interventions far outside the natural range of an exposure mean little: a gate is
then at its ceiling.
Sources: the tables beside the mechanism files; every row carries its own.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from hepaxis.axis import kept
from hepaxis.axis.tables import HOME, Repeats, read_parameters, read_table, rows
from hepaxis.problems import InputError, Problem, error


@dataclass(frozen=True)
class AxisModel:
    """The model as text and tables; nothing here solves it.

    sbml           SBML L3V2, consistent under libSBML with units checked
    hash           sha256 of ``sbml`` (first 16 hex digits)
    states         names in the order of the mechanism files
    parameters     by name: value, unit, module, distribution, args, source, system, grade, note, patient (bool);
                   initial values of states are rows too (note starts with ``state``)
    gates          by gate: port, carrier (cell or pool that hands it on; empty: none), exposure, context, sign,
                   prior_mean, prior_sd, agreement, group, acting_site, claim, sources, grade,
                   reference (exposure of the reference community at rest), unit
    ports          by port: acts_on, meaning
    closure        by stage, in order: method (repeat, linear, rest, set), frozen and solve_for (tuples of states), sets
                   (``parameter=variable`` pairs), start, note
    interaction    guilds x guilds: how strongly the column presses the row, for the linear stage of the closure
    levers         by id: target, unit, action (add, set, multiply), meaning
    inputs         by id: parameter, unit, default, meaning
    observables    by name: unit, label
    heterogeneity  by name: input, distribution, args, source, grade - what a population draws
    guilds         by guild: label, reference_share (sums to 1) and the traits of the guild
    """

    sbml: str
    hash: str
    states: tuple[str, ...]
    parameters: pd.DataFrame
    gates: pd.DataFrame
    ports: pd.DataFrame
    closure: pd.DataFrame
    interaction: pd.DataFrame
    levers: pd.DataFrame
    inputs: pd.DataFrame
    observables: pd.DataFrame
    heterogeneity: pd.DataFrame
    guilds: pd.DataFrame


@lru_cache(maxsize=1)
def build() -> AxisModel:
    """The model of this version, from memory or disk (``kept``); its tables are shared: copy before changing one.

    Raises InputError with every fault of the mechanism files and tables.
    """
    made_of = kept.sources(HOME)
    name = kept.key(made_of)
    found = kept.shipped(HOME, made_of) or kept.read(name)
    if found is not None:
        return AxisModel(**found)
    model = assemble_model(HOME)
    kept.write(name, model)
    return model


def assemble_model(home: Path) -> AxisModel:
    """Assembles the mechanism files and tables of a folder laid out as this one.  Raises InputError."""
    from hepaxis.axis import assemble  # Antimony and libSBML are slow to import

    repeats, modules, parameters = read_sources(home)
    units = assemble.rule_units(modules)
    problems = assemble.check_names(modules, parameters) + _check_gates(repeats)
    if problems:
        raise InputError(problems)
    sbml = assemble.to_sbml(assemble.antimony_text(modules, parameters), assemble.read_annotations(home))
    states = assemble.state_names(modules)
    units |= {str(name): str(unit) for name, unit in parameters["unit"].items()}
    tables = {
        name: repeats.open(read_table(home / f"{name}.csv"))
        for name in ("levers", "inputs", "observables", "heterogeneity")
    }
    problems = _check_targets(tables, units, parameters, states)
    if problems:
        raise InputError(problems)
    inputs, observables = tables["inputs"], tables["observables"]
    inputs.insert(2, "unit", inputs["parameter"].map(units))
    inputs.insert(3, "default", inputs["parameter"].map(parameters["value"]))
    observables.insert(1, "unit", observables["name"].map(units))
    return AxisModel(
        sbml=sbml,
        hash=hashlib.sha256(sbml.encode()).hexdigest()[:16],
        states=states,
        parameters=parameters[
            ["value", "unit", "module", "distribution", "args", "source", "system", "grade", "note", "patient"]
        ],
        gates=_numbers(pd.DataFrame(repeats.gates).set_index("gate"), ["sign", "prior_mean", "prior_sd", "reference"]),
        ports=read_table(home / "ports.csv").set_index("port"),
        closure=_closure(home, repeats, states),
        interaction=_interaction(repeats),
        levers=tables["levers"].set_index("id"),
        inputs=inputs.set_index("id"),
        observables=observables.set_index("name"),
        heterogeneity=tables["heterogeneity"].set_index("name"),
        guilds=_guilds(repeats),
    )


def read_sources(home: Path) -> tuple[Repeats, dict[str, str], pd.DataFrame]:
    """What the placeholders stand for, the equations of each mechanism with the shorthand opened, and every value."""
    from hepaxis.axis import assemble  # Antimony and libSBML are slow to import

    repeats = Repeats(home)
    modules = assemble.equations(home, repeats)
    units = assemble.rule_units(modules)
    repeats.gates[:] = [gate | {"unit": _exposure_unit(gate["exposure"], units, home)} for gate in repeats.gates]
    return repeats, modules, read_parameters(home, repeats)


def describe(model: AxisModel | None = None) -> pd.DataFrame:
    """Counts of values by module and grade (states' initial values left out), with a total row."""
    parameters = (model or build()).parameters
    values = parameters[~parameters["note"].str.startswith("state")]
    counts = pd.crosstab(values["module"], values["grade"])
    counts.loc["total"] = counts.sum()
    counts["total"] = counts.sum(axis=1)
    return counts


def gate_table(model: AxisModel | None = None) -> pd.DataFrame:
    """The claims of the model, one a row, sorted by port: claim, sign, prior, agreement, acting site and sources.

    ``against`` are the experiments that speak against the claim or for its opposite, ``against_note`` what they found.
    """
    gates = (model or build()).gates
    contrary = read_table(HOME / "against.csv").set_index("gate").reindex(gates.index).fillna("")
    gates = gates.assign(against=contrary["sources"], against_note=contrary["note"])
    columns = [
        "port", "carrier", "claim", "sign", "prior_mean", "prior_sd", "agreement", "group", "acting_site", "exposure",
        "unit", "context", "sources", "against", "against_note", "grade",
    ]  # fmt: skip
    return gates[columns].sort_values("port", kind="stable")


def _exposure_unit(exposure: str, units: dict[str, str], home: Path) -> str:
    if exposure in units:
        return units[exposure]
    for path in sorted((home / "modules").glob("*.csv")):
        table = read_table(path)
        hit = table.loc[table["name"] == exposure, "unit"]
        if len(hit):
            return str(hit.iloc[0])
    raise InputError(
        [error("axis.gate_exposure", f"no variable {exposure}", "name a variable of the model", file="gates.csv")]
    )


def _check_gates(repeats: Repeats) -> list[Problem]:
    groups = {"scfa", "bile_acids", "tryptophan", "prr", "antigens", "barrier", "taxa"}
    ports = {port["port"] for port in repeats.ports}
    carriers = {carrier["carrier"]: carrier["port"] for carrier in repeats.carriers}
    problems: list[Problem] = []
    for number, gate in enumerate(repeats.gates, start=2):
        faults = [
            (gate["group"] not in groups, "group", f"use one of {', '.join(sorted(groups))}"),
            (gate["port"] not in ports, "port", f"use one of {', '.join(sorted(ports))}"),
            (
                bool(gate["carrier"]) and carriers.get(gate["carrier"]) != gate["port"],
                "carrier",
                "leave it empty, or name a carrier of carriers.csv on the gate's port",
            ),
            (gate["sign"] not in ("1", "-1"), "sign", "use 1 or -1"),
            (
                gate["agreement"].startswith("disputed") and float(gate["prior_mean"]) != 0,
                "prior_mean",
                "a disputed sign has prior mean 0",
            ),
        ]
        problems += [
            error(
                f"axis.gate_{column}",
                f"{gate['gate']}: {gate[column]}",
                hint,
                file="gates.csv",
                row=number,
                column=column,
            )
            for wrong, column, hint in faults
            if wrong
        ]
    return problems


def _check_targets(
    tables: dict[str, pd.DataFrame], units: dict[str, str], parameters: pd.DataFrame, states: tuple[str, ...]
) -> list[Problem]:
    problems: list[Problem] = []

    def fault(table: str, row: object, column: str, found: str, hint: str) -> None:
        problems.append(error(f"axis.{table}_target", f"{row}: {found}", hint, file=f"{table}.csv", column=column))

    for row in rows(tables["levers"]):
        target, action = row["target"], row["action"]
        if target not in parameters.index:
            fault("levers", row["id"], "target", f"no {target} in the model", "name a state or parameter")
        elif units[target] != row["unit"]:
            fault("levers", row["id"], "unit", f"{row['unit']}, not {units[target]}", "give the unit of the target")
        elif (action != "set") != (target in states):
            fault("levers", row["id"], "action", f"{action} on {target}", "set parameters, add or multiply states")
    for row in rows(tables["inputs"]):
        name = row["parameter"]
        if name not in parameters.index or name in states:
            fault("inputs", row["id"], "parameter", f"no parameter {name}", "name a parameter")
        elif not parameters.at[name, "patient"]:
            fault("inputs", row["id"], "parameter", f"{name} is not marked patient", "mark it in its table")
    for name in tables["observables"]["name"]:
        if name not in units:
            fault("observables", name, "name", f"no variable {name}", "name a variable")
    known = set(tables["inputs"]["id"])
    for row in rows(tables["heterogeneity"]):
        if row["input"] not in known:
            fault("heterogeneity", row["name"], "input", f"no input {row['input']}", "name an input")
    return problems


def _closure(home: Path, repeats: Repeats, states: tuple[str, ...]) -> pd.DataFrame:
    groups = repeats.states(read_table(home / "groups.csv"))
    table = read_table(home / "closure.csv").set_index("stage")

    def names(cell: str) -> tuple[str, ...]:
        listed = tuple(name for part in cell.split() for name in groups.get(part, (part,)))
        unknown = [name for name in listed if name not in states]
        if unknown:
            raise InputError([error("axis.closure", f"no state {', '.join(unknown)}", "mend", file="closure.csv")])
        return listed

    for column in ("frozen", "solve_for"):
        table[column] = pd.Series({stage: names(cell) for stage, cell in table[column].items()}, dtype=object)
    table["sets"] = pd.Series({stage: tuple(cell.split()) for stage, cell in table["sets"].items()}, dtype=object)
    table["order"] = table["order"].astype(int)
    return table.sort_values("order")


def _interaction(repeats: Repeats) -> pd.DataFrame:
    names = [guild["guild"] for guild in repeats.guilds]
    matrix = pd.DataFrame(np.zeros((len(names), len(names))), index=names, columns=names)
    for link in repeats.links:
        if link["link"] == "interaction":
            matrix.loc[link["guild"], link["by"]] = float(link["value"])
    return matrix


def _guilds(repeats: Repeats) -> pd.DataFrame:
    table = pd.DataFrame(repeats.guilds).set_index("guild")
    text = ("label", "yield_source", "yield_grade")
    table = _numbers(table, [column for column in table.columns if column not in text])
    table["reference_share"] = table["reference_share"] / table["reference_share"].sum()
    return table


def _numbers(table: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    for column in columns:
        table[column] = table[column].astype(float)
    return table
