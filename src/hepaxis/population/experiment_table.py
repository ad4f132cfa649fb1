"""The table of published experiments: its columns, and a file of them read with every problem named.

Held: one row a readout; ``species`` says whose gut and immunity it was measured in, and with it the scale of the gates
(``arms.SCALES``).  A user's file may leave ``species`` out: its rows are then read as human.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np

from hepaxis.population.arms import COMMUNITIES, SCALES, token_faults, variable_faults
from hepaxis.problems import InputError, Problem, error

DIRECTIONS = ("up", "down", "none")
SIGNS = ("positive", "negative", "none")
USES = ("test", "construct", "context")
# Measure -> the words in which it is published.
MEASURES = {
    "level": DIRECTIONS,
    "drug_effect": DIRECTIONS,
    "responder_contrast": DIRECTIONS,
    "sign": SIGNS,
    "correlation": SIGNS,
}
COHORT = ("correlation", "responder_contrast")  # measures across people, who have communities of their own
DRAWN = "drawn"  # community of a cohort
GUILD_OF = ("mono:", "without:")
OTHER_ARMS = {
    "sign": ("control",),
    "correlation": ("drug", "control", "perturbed"),
    "responder_contrast": ("control", "perturbed"),
}
FILE = "experiments.csv"
ARM_COLUMNS = ("both", "drug", "control", "perturbed")
HUMAN = "human"
OPTIONAL = {"species": HUMAN}  # columns a user's file may leave out, and what is then read


@dataclass(frozen=True)
class Experiment:
    """One readout of one experiment.

    species     human, mouse or culture: where the readout was measured, and so the scale of the gates
    published   up, down or none; positive, negative or none for a sign or a correlation
    low, high   published size of the readout, perturbed over control; None where none is stated
    community   of both arms; ``both``, ``drug``, ``control``, ``perturbed`` are tokens ``id=value@from-to``
    variable    of the model, or an expression of some; ``sense`` -1 where its fall is the readout's rise
    measure     level; drug_effect: what ``drug`` takes off the variable (ln without/with), one arm against the other;
                sign: of the variable in ``perturbed`` (a ratio, so that near 0 means something);
                correlation: of "a ~ b" over people at rest, each with a drawn community and residuals;
                responder_contrast: the variable before ``drug`` in those who respond by the day, against the others
    reason      why the readout is not expressed; empty when it is
    """

    id: str
    layer: str
    use: str
    species: str
    readout: str
    published: str
    low: float | None
    high: float | None
    community: str
    both: str
    drug: str
    control: str
    perturbed: str
    day: float
    variable: str
    sense: int
    measure: str
    reason: str
    note: str

    @property
    def expressed(self) -> bool:
        return not self.reason


COLUMNS = tuple(field.name for field in fields(Experiment))


@cache
def experiments() -> tuple[Experiment, ...]:
    """The shipped set-ups: every readout of every row of the perturbations table."""
    text = files("hepaxis.population").joinpath(FILE).read_text(encoding="utf-8")
    return _parse(text.splitlines(), FILE)


def read_experiments(path: Path) -> tuple[Experiment, ...]:
    """A user's own experiments, in the columns of ``experiments.csv``.  Raises InputError with every problem."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        problem = error("experiments.file", f"cannot be read: {fault}", "give a CSV file", file=str(path))
        raise InputError([problem]) from None
    return _parse(text.splitlines(), str(path))


def _parse(lines: list[str], file: str) -> tuple[Experiment, ...]:
    reader = csv.DictReader(lines)
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ()) and name not in OPTIONAL]
    if missing:
        hint = f"the columns are {', '.join(COLUMNS)}"
        raise InputError([error("experiments.columns", f"no column {', '.join(missing)}", hint, file=file)])
    problems: list[Problem] = []
    found: list[Experiment] = []
    for number, cells in enumerate(reader, start=2):

        def fault(column: str, what: str, hint: str, number: int = number) -> None:
            problems.append(error("experiments.cell", what, hint, file=file, row=number, column=column))

        row = _row({name: _cell(cells, name) for name in COLUMNS}, fault)
        if row is not None:
            found.append(row)
    if not found and not problems:
        problems.append(error("experiments.empty", "no rows", "give one row a readout", file=file))
    if problems:
        raise InputError(problems)
    return tuple(found)


def _cell(cells: dict[str, str], name: str) -> str:
    return (cells.get(name) or "").strip() or OPTIONAL.get(name, "")


def _row(cells: dict[str, str], fault: Callable[[str, str, str], None]) -> Experiment | None:
    before: list[str] = []

    def wrong(column: str, what: str, hint: str) -> None:
        before.append(column)
        fault(column, what, hint)

    def number(column: str) -> float | None:
        try:
            value = float(cells[column]) if cells[column] else None
        except ValueError:
            value = float("nan")
        if value is not None and not np.isfinite(value):
            wrong(column, f"'{cells[column]}' is no number", "give a number, or leave the cell empty")
            return None
        return value

    def one_of(column: str, choices: Sequence[str]) -> None:
        if cells[column] not in choices:
            wrong(column, f"'{cells[column]}'", f"one of {', '.join(choices)}")

    low, high, day, sense = number("low"), number("high"), number("day"), number("sense")
    one_of("use", USES)
    one_of("species", tuple(SCALES))
    for column in ("id", "readout"):
        if not cells[column]:
            wrong(column, "empty", "name it")
    if not cells["reason"]:
        one_of("measure", tuple(MEASURES))
        one_of("published", MEASURES.get(cells["measure"], DIRECTIONS))
        across = cells["measure"] in COHORT
        if across and cells["community"] != DRAWN:
            wrong("community", f"'{cells['community']}'", f"{DRAWN}: people have communities of their own")
        elif not across and cells["community"] not in COMMUNITIES and not cells["community"].startswith(GUILD_OF):
            wrong("community", f"'{cells['community']}'", f"one of {', '.join(COMMUNITIES)}, mono:guild, without:guild")
        if day is None or day <= 0:
            wrong("day", f"'{cells['day']}'", "give the day of reading, above 0")
        if sense not in (1, -1):
            wrong("sense", f"'{cells['sense']}'", "1, or -1 where a fall of the variable is a rise of the readout")
        if (low is None) != (high is None) or (low is not None and high is not None and not 0 < low <= high):
            wrong("low", f"'{cells['low']}' to '{cells['high']}'", "perturbed over control, both ends, above 0")
        if cells["measure"] in ("drug_effect", "responder_contrast") and not cells["drug"]:
            wrong("drug", "empty", f"{cells['measure']} needs a drug")
        for column in OTHER_ARMS.get(cells["measure"], ()):
            if cells[column]:
                wrong(column, f"'{cells[column]}'", f"leave it empty: {cells['measure']} compares no two arms")
        for column in ARM_COLUMNS:
            for what, hint in token_faults(cells[column]):
                wrong(column, what, hint)
        for what, hint in token_faults(f"community={cells['community']}") if cells["community"] and not across else ():
            if "community" not in before:
                wrong("community", what, hint)
        parts = cells["variable"].split("~")
        if len(parts) != (2 if cells["measure"] == "correlation" else 1):
            wrong("variable", f"'{cells['variable']}'", "a correlation is of a ~ b, anything else of one expression")
        for what in (what for part in parts for what in variable_faults(part)):
            wrong("variable", what, "variables of the model, with + - * / and numbers")
    if before:
        return None
    values = cells | {"low": low, "high": high, "day": day or 0.0, "sense": int(sense or 1)}
    return Experiment(**values)  # type: ignore[arg-type]
