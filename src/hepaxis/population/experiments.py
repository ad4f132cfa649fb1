"""The score card: published experiments as set-ups of the one model, and whether the direction comes out.

Held: each row of ``experiments.csv`` is a readout of a published experiment, with two arms that differ by levers,
inputs or community and nothing else; a readout that the model cannot express is a row too, with the reason.  No row has
a model or a parameter of its own.  What both arms share (``both``) makes the person: the gates' references and growth
are solved with it and the reference community.  What one arm changes is a counterfactual of that person: inputs and
communities at rest with the growth kept, levers and drugs from day 0.
Assumed: mouse and culture experiments are read as this human model; gates are at their prior means (the chance that a
claim transfers to people included) with the solved tau; a change below the dead band is "none".
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd

from hepaxis.population.arms import COMMUNITIES, Panel, token_faults, variable_faults
from hepaxis.problems import InputError, Problem, error

DEAD_BAND = 0.05  # relative change below which a readout counts as unchanged (issue 4); assumed
SIZE_FACTOR = 2.0  # a stated size is met when the change of the logarithm is within this factor of it
FROM_NOTHING = 1e6  # a rise from zero is written as this ratio
INTERVAL = (0.1, 0.9)  # quantiles over hosts
DIRECTIONS = ("up", "down", "none")
CHANCE = 1 / len(DIRECTIONS)
MISSES = ("reversed", "unchanged", "changed", "not_simulated")
USES = ("test", "construct", "context")
MEASURES = ("level", "drug_effect")
FILE = "experiments.csv"
ARM_COLUMNS = ("both", "drug", "control", "perturbed")
IMMUNE = "immune"


@dataclass(frozen=True)
class Experiment:
    """One readout of one experiment.

    published   up, down or none (also positive, negative, for a readout that is not expressed)
    low, high   published size of the readout, perturbed over control; None where none is stated
    community   of both arms; ``both``, ``drug``, ``control``, ``perturbed`` are tokens ``id=value@from-to``
    variable    of the model, or an expression of some; ``sense`` -1 where its fall is the readout's rise
    measure     level, or drug_effect: what ``drug`` takes off the variable (ln without/with), one arm against the other
    reason      why the readout is not expressed; empty when it is
    """

    id: str
    layer: str
    use: str
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


def run_experiments(
    rows: Sequence[Experiment] | None = None,
    *,
    hosts: int = 12,
    seed: int = 5,
    gates: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """One row an experiment's readout: ``COLUMNS``, then what the model says.

    predicted       median over hosts of perturbed over control (inverse for sense -1), minus 1; NaN: not expressed
    low10, high90   quantiles over hosts; hosts: how many could be simulated in both arms
    direction, passed, verdict   up, down or none; as published; see ``verdict``
    size_met        whether a stated size is met; None where none is stated
    gates           factor by gate on its prior strength (0 off, -1 the sign turned), for controls and tests
    """
    panel = Panel(hosts, seed, dict(gates or {}))
    rows = experiments() if rows is None else rows
    return pd.DataFrame([_outcome(row, panel) for row in rows])


def score_card(
    rows: Sequence[Experiment] | None = None, *, hosts: int = 12, seed: int = 5
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(rows with ``passed_gates_off`` for the immune rows, totals by use).  See ``run_experiments`` and ``totals``."""
    rows = experiments() if rows is None else tuple(rows)
    table = run_experiments(rows, hosts=hosts, seed=seed)
    immune = [k for k, row in enumerate(rows) if row.layer == IMMUNE and row.expressed]
    off = run_experiments([rows[k] for k in immune], hosts=hosts, seed=seed, gates={"*": 0.0})
    control: list[bool | None] = [None] * len(rows)
    for k, passed in zip(immune, off["passed"] if len(off) else (), strict=True):
        control[k] = bool(passed)
    table["passed_gates_off"] = pd.Series(control, dtype=object)
    return table, totals(table)


def totals(table: pd.DataFrame) -> pd.DataFrame:
    """By use, in the order of ``USES``: readouts and experiments, expressed and passed, sizes, guesses, gates off.

    An experiment passes when all its expressed readouts do.  ``chance`` is guessing among up, down and none;
    ``constant`` is always saying the commonest published direction.
    """
    found = {}
    for use in USES:
        of = table[table["use"] == use]
        shown = of[of["expressed"]]
        sized = shown[shown["size_met"].notna()]
        immune = shown[shown["layer"] == IMMUNE]
        whole = shown.groupby("id")["passed"].all()
        off = [passed is False for passed in immune.get("passed_gates_off", ())]
        found[use] = {
            "experiments": of["id"].nunique(),
            "experiments_expressed": len(whole),
            "experiments_passed": int(whole.sum()),
            "readouts": len(of),
            "expressed": len(shown),
            "passed": int(shown["passed"].sum()),
            **{name: int((shown["verdict"] == name).sum()) for name in MISSES},
            "unchanged_same_sign": int((shown["verdict"].eq("unchanged") & _same_sign(shown)).sum()),
            "chance": CHANCE,
            "constant": float(shown["published"].value_counts(normalize=True).max()) if len(shown) else float("nan"),
            "sizes": len(sized),
            "sizes_met": int(sized["size_met"].sum()),
            "immune": len(immune),
            "immune_passed": int(immune["passed"].sum()),
            "immune_failed_gates_off": sum(off),
            "immune_passed_by_gates": sum(a and b for a, b in zip(immune["passed"], off, strict=bool(off))),
        }
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("use")


def _same_sign(rows: pd.DataFrame) -> pd.Series:
    """Whether the change leans the published way, however small."""
    leans = np.where(rows["predicted"].astype(float) > 0, "up", "down")
    return rows["published"].eq(pd.Series(leans, index=rows.index))


def direction(change: float) -> str:
    """up, down or none (inside the dead band)."""
    return "up" if change > DEAD_BAND else "down" if change < -DEAD_BAND else "none"


def verdict(published: str, change: float) -> str:
    """right; reversed; unchanged (inside the dead band); changed (though published as none); not_simulated."""
    if not np.isfinite(change):
        return "not_simulated"
    if direction(change) == published:
        return "right"
    if published == "none":
        return "changed"
    return "unchanged" if direction(change) == "none" else "reversed"


def size_met(low: float | None, high: float | None, ratio: float) -> bool | None:
    """Whether perturbed over control is in the stated range, or its logarithm within a factor two of it."""
    if low is None or high is None:
        return None
    if low <= ratio <= high:
        return True
    if not np.isfinite(ratio) or ratio <= 0:
        return False
    ends = sorted((np.log(low), np.log(high)))
    predicted = np.log(ratio)
    near = min(ends, key=abs)
    far = max(ends, key=abs)
    return bool(
        np.sign(predicted) == np.sign(far) and abs(near) / SIZE_FACTOR <= abs(predicted) <= abs(far) * SIZE_FACTOR
    )


def _outcome(row: Experiment, panel: Panel) -> dict[str, object]:
    given = {name: getattr(row, name) for name in COLUMNS} | {"expressed": row.expressed}
    if not row.expressed:
        blank = {"predicted": np.nan, "low10": np.nan, "high90": np.nan, "hosts": 0, "direction": None}
        return given | blank | {"verdict": "not_expressed", "passed": None, "size_met": None}
    with np.errstate(divide="ignore"):
        ratio = np.minimum(_ratios(row, panel) ** row.sense, FROM_NOTHING)
    changes = ratio[np.isfinite(ratio)] - 1.0
    median = float(np.median(changes)) if len(changes) else float("nan")
    low, high = np.quantile(changes, INTERVAL) if len(changes) else (np.nan, np.nan)
    said = verdict(row.published, median)
    return given | {
        "predicted": median,
        "low10": float(low),
        "high90": float(high),
        "hosts": len(changes),
        "direction": direction(median) if len(changes) else None,
        "verdict": said,
        "passed": said == "right",
        "size_met": size_met(row.low, row.high, 1.0 + median),
    }


def _ratios(row: Experiment, panel: Panel) -> np.ndarray:
    """(hosts,) perturbed over control; for drug_effect, how much further the drug lowers the variable, as a ratio."""

    def arm(own: str, drug: str) -> np.ndarray:
        return panel.read(row.community, row.both, f"{own} {drug}", row.day, row.variable)

    control, perturbed = arm(row.control, row.drug), arm(row.perturbed, row.drug)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio: np.ndarray = np.where((control == 0) & (perturbed == 0), 1.0, perturbed / control)
        if row.measure == "drug_effect":
            ratio = (arm(row.perturbed, "") / perturbed) / (arm(row.control, "") / control)
    return ratio


def _parse(lines: list[str], file: str) -> tuple[Experiment, ...]:
    reader = csv.DictReader(lines)
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        hint = f"the columns are {', '.join(COLUMNS)}"
        raise InputError([error("experiments.columns", f"no column {', '.join(missing)}", hint, file=file)])
    problems: list[Problem] = []
    found: list[Experiment] = []
    for number, cells in enumerate(reader, start=2):

        def fault(column: str, what: str, hint: str, number: int = number) -> None:
            problems.append(error("experiments.cell", what, hint, file=file, row=number, column=column))

        row = _row({name: (cells[name] or "").strip() for name in COLUMNS}, fault)
        if row is not None:
            found.append(row)
    if not found and not problems:
        problems.append(error("experiments.empty", "no rows", "give one row a readout", file=file))
    if problems:
        raise InputError(problems)
    return tuple(found)


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
    for column in ("id", "readout"):
        if not cells[column]:
            wrong(column, "empty", "name it")
    if not cells["reason"]:
        one_of("published", DIRECTIONS)
        one_of("measure", MEASURES)
        if not (cells["community"] in COMMUNITIES or cells["community"].startswith(("mono:", "without:"))):
            wrong("community", f"'{cells['community']}'", f"one of {', '.join(COMMUNITIES)}, mono:guild, without:guild")
        if day is None or day <= 0:
            wrong("day", f"'{cells['day']}'", "give the day of reading, above 0")
        if sense not in (1, -1):
            wrong("sense", f"'{cells['sense']}'", "1, or -1 where a fall of the variable is a rise of the readout")
        if (low is None) != (high is None) or (low is not None and high is not None and not 0 < low <= high):
            wrong("low", f"'{cells['low']}' to '{cells['high']}'", "perturbed over control, both ends, above 0")
        if cells["measure"] == "drug_effect" and not cells["drug"]:
            wrong("drug", "empty", "drug_effect needs a drug")
        for column in ARM_COLUMNS:
            for what, hint in token_faults(cells[column]):
                wrong(column, what, hint)
        for what, hint in token_faults(f"community={cells['community']}") if cells["community"] else ():
            if "community" not in before:
                wrong("community", what, hint)
        for what in variable_faults(cells["variable"]):
            wrong("variable", what, "variables of the model, with + - * / and numbers")
    if before:
        return None
    values = cells | {"low": low, "high": high, "day": day or 0.0, "sense": int(sense or 1)}
    return Experiment(**values)  # type: ignore[arg-type]
