"""Reads the tables beside the model and opens their shorthand rows.

A table holds a value once.  A name with ``{guild}``, ``{gate}``, ``{port}``, ``{carrier}``, ``{slot}``,
``{antibiotic}``, ``{hexa}``, ``{lesion}`` or ``{drug}``
stands for one row each; a cell ``guilds:growth`` or ``gates:prior_mean`` takes that column of the guild or gate table.
Faults are collected as ``Problem`` records and raised together.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from hepaxis import knowledge
from hepaxis.problems import InputError, Problem, error

HOME = Path(__file__).parent
SLOTS = ("pd1", "ctla4", "vegf", "coinhibitory")
ANTIBIOTIC_SLOTS = {
    "luminal": "vancomycin_oral",
    "systemic": "unspecified_systemic",
}  # slot -> class it holds by default
GRADES = ("human", "animal", "in_vitro", "assumed")
PARAMETER_COLUMNS = (
    "name", "value", "unit", "distribution", "args", "source", "system", "grade", "patient", "note",
)  # fmt: skip

Row = dict[str, str]


def read_table(path: Path) -> pd.DataFrame:
    """A CSV as text, empty cells as ``""``.  Raises InputError when it is missing or a row has the wrong width."""
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise InputError(
            [error("axis.missing_table", f"no file {path.name}", "restore the table", file=path.name)]
        ) from None
    except pd.errors.ParserError as fault:
        raise InputError(
            [error("axis.table_width", str(fault), "quote cells that hold a comma", file=path.name)]
        ) from None
    if not isinstance(table.index, pd.RangeIndex):  # pandas takes surplus cells as an index
        found = "a row has more cells than the header"
        raise InputError([error("axis.table_width", found, "quote cells that hold a comma", file=path.name)])
    return table


def rows(table: pd.DataFrame) -> list[Row]:
    return [{str(k): str(v) for k, v in record.items()} for record in table.to_dict("records")]


class Repeats:
    """What the placeholders stand for: guilds, gates, ports, carriers, slots, hexa, lesions, drugs."""

    def __init__(self, home: Path = HOME):
        self.guilds = [guild | _default_killing(guild["guild"]) for guild in rows(read_table(home / "guilds.csv"))]
        self.gates = rows(read_table(home / "gates.csv"))
        self.ports = rows(read_table(home / "ports.csv"))
        self.carriers = rows(read_table(home / "carriers.csv"))
        self.lesions = rows(read_table(home / "lesions.csv"))
        self.drugs = rows(read_table(home / "drugs.csv"))
        self.links = rows(read_table(home / "links.csv"))
        hexa = [link["guild"] for link in self.links if link["link"] == "hexa_lps"]
        self.of: dict[str, list[Row]] = {
            "guild": self.guilds,
            "gate": self.gates,
            "port": self.ports,
            "carrier": self.carriers,
            "slot": [{"slot": slot} for slot in SLOTS],
            "antibiotic": [{"antibiotic": slot} for slot in ANTIBIOTIC_SLOTS],
            "hexa": [{"hexa": guild} for guild in hexa],
            "lesion": self.lesions,
            "drug": self.drugs,
        }

    def open(self, table: pd.DataFrame) -> pd.DataFrame:
        """Replaces each shorthand row by one row per item of the kind that its first cell names."""
        opened: list[Row] = []
        for row in rows(table):
            first = next(iter(row.values()))
            kind = next((k for k in self.of if f"{{{k}}}" in first), None)
            if kind is None:
                opened.append(row)
                continue
            for item in self.of[kind]:
                opened.append({column: _fill(cell, kind, item) for column, cell in row.items()})
        return pd.DataFrame(opened, columns=table.columns)

    def states(self, groups: pd.DataFrame) -> dict[str, tuple[str, ...]]:
        """Groups of states by name (``@community``), with ``{guild}``, ``{lesion}`` and ``{drug}`` opened."""
        out: dict[str, tuple[str, ...]] = {}
        for row in rows(groups):
            names: list[str] = []
            for name in row["states"].split():
                kind = next((kind for kind in ("guild", "lesion", "drug") if f"{{{kind}}}" in name), None)
                names += [_fill(name, kind, item) for item in self.of[kind]] if kind else [name]
            out[row["group"]] = tuple(names)
        return out


def _default_killing(guild: str) -> Row:
    """Kill vectors before a protocol sets one (kill_luminal, kill_systemic), from the one table of classes."""
    return {
        f"kill_{slot}": str(knowledge.row("antibiotic_classes", id)[guild]) for slot, id in ANTIBIOTIC_SLOTS.items()
    }


def link_name(link: Row) -> str:
    """Parameter name of a link: ``interaction_but_bac`` or ``hexa_lps_ent``."""
    return "_".join(part for part in (link["link"], link["guild"], link["by"]) if part)


def _fill(cell: str, kind: str, item: Row) -> str:
    if cell.startswith(f"{kind}s:"):
        return item[cell.split(":", 1)[1]]
    for column in (kind, "label"):
        if column in item:
            cell = cell.replace(f"{{{column}}}", item[column])
    return cell


def read_parameters(home: Path, repeats: Repeats) -> pd.DataFrame:
    """All parameters and initial values: one row a name, with unit, source and grade.

    Raises InputError with every fault: duplicates, missing unit, unknown grade, no source, values that are no numbers.
    """
    parts: list[pd.DataFrame] = []
    problems: list[Problem] = []
    for path in sorted((home / "modules").glob("*.csv")):
        table = read_table(path)
        if tuple(table.columns) != PARAMETER_COLUMNS:
            found = f"columns {', '.join(table.columns)}"
            problems.append(
                error("axis.parameter_columns", found, f"use {', '.join(PARAMETER_COLUMNS)}", file=path.name)
            )
            continue
        parts.append(repeats.open(table).assign(module=path.stem))
    parts.append(_link_parameters(repeats))
    table = pd.concat(parts, ignore_index=True)
    problems += _check(table)
    if problems:
        raise InputError(problems)
    table["value"] = table["value"].astype(float)
    table["patient"] = table["patient"] == "yes"
    return table.set_index("name")


def _link_parameters(repeats: Repeats) -> pd.DataFrame:
    table = pd.DataFrame(repeats.links)
    signed = table["link"] == "interaction"
    return table[["value", "unit", "source", "grade", "note"]].assign(
        name=[link_name(link) for link in repeats.links],
        distribution=signed.map({True: "normal", False: "lognormal"}),
        args=signed.map({True: "sd=0.05", False: "sd_log=0.5"}),
        system="",
        patient="",
        module="links",
    )


def _check(table: pd.DataFrame) -> list[Problem]:
    problems: list[Problem] = []
    for name in table.loc[table["name"].duplicated(), "name"].unique():
        places = ", ".join(table.loc[table["name"] == name, "module"])
        problems.append(error("axis.duplicate_name", f"{name} has a value in {places}", "keep one", column="name"))
    for row in rows(table):
        where = f"{row['name']} in {row['module']}"
        try:
            float(row["value"])
        except ValueError:
            problems.append(error("axis.value", f"{where}: value '{row['value']}'", "give a number", column="value"))
        if not row["unit"]:
            problems.append(error("axis.no_unit", f"{where} has no unit", "give a unit of 00_units", column="unit"))
        if row["grade"] not in GRADES:
            hint = f"use one of {', '.join(GRADES)}"
            problems.append(error("axis.grade", f"{where}: grade '{row['grade']}'", hint, column="grade"))
        if not (row["source"] or row["note"]):
            hint = "give a source or a reason"
            problems.append(error("axis.no_source", f"{where} has no source", hint, column="source"))
    return problems
