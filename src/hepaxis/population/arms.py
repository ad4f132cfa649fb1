"""Arms of an experiment: from tokens of a table to inputs at rest, a course, and a reading.

Held: a token is ``id=value`` with an optional window ``@from-to`` in days (without: from day 0 to the reading).  Ids:
``community`` (reference, germ_free, cirrhosis, mono:guild, without:guild), ``liver`` (a state of ``liver_states.csv``),
``diet`` (a named one), a model input (at rest; ``input.`` before it where a lever has the same id), a lever (held at
its value, or a daily dose), ``antibiotic.<class>`` and ``donor.<profile>`` (daily), ``regimen.<id>=1@day`` (its
labelled doses), and ``parameter.<name>`` (held from day 0).  A later token of an id replaces an earlier one.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from hepaxis import axis, therapy
from hepaxis.population.assumptions import liver_states
from hepaxis.population.closure import combine, engine_model
from hepaxis.population.diets import diets
from hepaxis.population.dosing import engine_protocol
from hepaxis.profile.guilds import GUILDS
from hepaxis.therapy.antibiotics import NO_FUNGI, antibiotic_class, course, is_antifungal
from hepaxis.therapy.arms import donor_shares
from hepaxis.therapy.levers import levers
from hepaxis.therapy.regimens import regimen_ids
from hepaxis.therapy.timeline import Course, Given, rows

COMMUNITIES = ("reference", "germ_free", "cirrhosis")
# Species an experiment is measured in -> what its gates' strength is: "people" (solved tau, discounted by the chance
# that a claim transfers) or "own" (tau 1, no discount: the claim in the system that it was made in).
SCALES = {"human": "people", "mouse": "own", "culture": "own"}
# What an animal brings unless its row says otherwise: mice have no cirrhosis; where the model scars the liver the row
# says so (host.fibrosis).
SPECIES_TOKENS = {"human": "", "mouse": "host.mouse=1 liver=no_cirrhosis", "culture": ""}
TOKEN = re.compile(r"^(?P<id>[^=@]+)=(?P<value>[^=@]+)(@(?P<start>[0-9.]+)(-(?P<end>[0-9.]+))?)?$")
LEVEL_COLUMNS = ["time", "lever", "action", "amount"]
WORDS = ("community", "liver", "diet")  # ids whose value is a word
EXPRESSION = (ast.Expression, ast.BinOp, ast.Name, ast.Load, ast.Constant, ast.Add, ast.Sub, ast.Mult, ast.Div)
OPERATIONS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


@dataclass(frozen=True)
class Token:
    """``end`` None: until the reading."""

    id: str
    value: str
    start: float
    end: float | None

    @property
    def amount(self) -> float:
        return float(self.value)


def tokens(text: str) -> dict[str, Token]:
    """Tokens by id, the last of an id.  Raises ValueError for one that cannot be read."""
    found: dict[str, Token] = {}
    for word in text.split():
        match = TOKEN.match(word)
        if match is None:
            raise ValueError(word)
        end = None if match["end"] is None else float(match["end"])
        token = Token(match["id"], match["value"], float(match["start"] or 0.0), end)
        found.pop(token.id, None)
        found[token.id] = token
    return found


def token_faults(text: str) -> list[tuple[str, str]]:
    """What is wrong with each token, and what to do."""
    faults: list[tuple[str, str]] = []
    for word in text.split():
        try:
            (token,) = tokens(word).values()
        except ValueError:
            faults.append((f"'{word}' cannot be read", "id=value or id=value@from-to"))
            continue
        fault = _fault(token)
        if fault:
            faults.append((f"'{word}': {fault[0]}", fault[1]))
    return faults


def _fault(token: Token) -> tuple[str, str] | None:
    if token.end is not None and token.end <= token.start:
        return "ends before it begins", "give from-to in days"
    if token.id == "community":
        name, _, guild = token.value.partition(":")
        if token.value in COMMUNITIES or (name in ("mono", "without") and guild in GUILDS):
            return None
        return "no such community", f"{', '.join(COMMUNITIES)}, mono:guild or without:guild"
    if token.id == "liver":
        return None if token.value in liver_states() else ("no such state", ", ".join(liver_states()))
    if token.id == "diet":
        return None if token.value in diets() else ("no such diet", ", ".join(diets()))
    try:
        if not np.isfinite(token.amount):
            return "no number", "give a number"
    except ValueError:
        return "no number", "give a number"
    if not _kind(token.id) and is_antifungal(token.id.rpartition(".")[2]):
        return "no such id", f"{NO_FUNGI}: leave it out"
    return None if _kind(token.id) else ("no such id", "a lever, an input, antibiotic.class, donor.profile, regimen.id")


@cache
def _kind(id: str) -> str:
    """input, lever, parameter, antibiotic, donor or regimen; empty for an unknown id."""
    model = axis.build()
    first, _, rest = id.partition(".")
    if first == "input":
        return "input" if rest in model.inputs.index else ""
    if first == "parameter":
        return "parameter" if rest in engine_model().default_parameters else ""
    if first == "regimen":
        return "regimen" if rest in regimen_ids() else ""
    if id in model.levers.index:
        return "lever"
    if id in model.inputs.index:
        return "input"
    try:
        if first == "antibiotic":
            antibiotic_class(rest)
            return "antibiotic"
        if first == "donor":
            donor_shares(rest)
            return "donor"
    except KeyError:
        return ""
    return ""


def variable_names(text: str) -> tuple[str, ...]:
    """Names of an expression of variables and numbers with + - * / and brackets.  Raises ValueError for another."""
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError:
        raise ValueError(text) from None
    if any(not isinstance(node, EXPRESSION) for node in ast.walk(tree)):
        raise ValueError(text)
    return tuple(dict.fromkeys(node.id for node in ast.walk(tree) if isinstance(node, ast.Name)))


def variable_faults(text: str) -> list[str]:
    """What is wrong with an expression; empty when it can be read from the model."""
    try:
        names = variable_names(text)
    except ValueError:
        return [f"'{text}' cannot be read"]
    model = engine_model()
    known = {*model.states, *model.observables}
    unknown = [f"no variable {name}" for name in names if name not in known]
    return unknown if unknown or names else [f"'{text}' names no variable"]


def work_out(text: str, states: np.ndarray, parameters: pd.DataFrame) -> np.ndarray:
    """(V,) an expression of variables at given states."""
    names = variable_names(text)
    columns = engine_model().observe(states, parameters, list(names)).T
    return worked_out(text, dict(zip(names, columns, strict=True)))


def worked_out(text: str, values: Mapping[str, np.ndarray]) -> np.ndarray:
    """An expression of variables (see ``variable_names``) from their values, arrays of one shape."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return _worked_out(ast.parse(text.strip(), mode="eval").body, values)


def _worked_out(node: ast.expr, values: Mapping[str, np.ndarray]) -> np.ndarray:
    if isinstance(node, ast.Name):
        return values[node.id]
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return np.asarray(float(node.value))
    if isinstance(node, ast.BinOp):
        left, right = _worked_out(node.left, values), _worked_out(node.right, values)
        return np.asarray(OPERATIONS[type(node.op)](left, right))
    raise ValueError(ast.unparse(node))


def resting(arm: dict[str, Token]) -> dict[str, float]:
    """Inputs at rest, those of a liver state spelled out."""
    found: dict[str, float] = {}
    for token in arm.values():
        if token.id == "liver":
            found |= {name: mean for name, (mean, _) in liver_states()[token.value].items()}
        elif token.id == "diet":
            found |= diets()[token.value]
        elif token.id not in WORDS and _kind(token.id) == "input":
            found[token.id.removeprefix("input.")] = token.amount
    return found


def with_inputs(parameters: pd.DataFrame, inputs: dict[str, float]) -> pd.DataFrame:
    if not inputs:
        return parameters
    values = combine([pd.DataFrame(inputs, index=range(len(parameters)))])
    return parameters.assign(**{str(name): values[name].to_numpy() for name in values})


def course_of(arm: Mapping[str, Token], day: float, resting: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, float]]:
    """Lever rows (time, lever, action, amount) of an arm until the day of reading, and parameters held from day 0.

    A held lever is set to its value, not added to what the person has, and goes back to its value in ``resting``.
    """
    given: list[Given] = []
    held: list[Course] = []
    parameters: dict[str, float] = {}
    regimens: list[pd.DataFrame] = []
    levels: list[tuple[float, str, str, float]] = []
    for token in arm.values():
        kind = "" if token.id in WORDS else _kind(token.id)
        name = token.id.partition(".")[2]
        end = day if token.end is None else min(token.end, day)
        if kind == "parameter":
            parameters[name] = token.amount
        elif kind == "regimen":
            regimens.append(therapy.protocol([name], day, start_day=token.start))
            drug = pd.DataFrame(therapy.parameters([name]), index=range(1))
            parameters |= {str(k): float(v) for k, v in combine([drug]).iloc[0].items()}
        elif kind == "antibiotic":
            doses, courses = course(antibiotic_class(name), token.amount, token.start, end, token.id)
            given, held = [*given, *doses], [*held, *courses]
        elif kind == "donor":
            for guild, share in donor_shares(name).items():
                given += _daily(f"donor.{guild}", token.amount * share, token.start, end) if share > 0 else []
        elif kind == "lever" and _action(token.id) != "set":
            given += _daily(token.id, token.amount, token.start, end)
        elif kind == "lever":
            levels.append((token.start, token.id, "set", token.amount))
            if end < day:
                levels.append((end, token.id, "set", _at_rest(token.id, resting)))
    parts = [rows(given, held, day), pd.DataFrame(levels, columns=LEVEL_COLUMNS), *regimens]
    filled = [part[LEVEL_COLUMNS] for part in parts if len(part)]
    table = pd.concat(filled) if filled else parts[1]
    return table.sort_values("time", kind="stable", ignore_index=True), parameters


def _action(lever: str) -> str:
    """A donor is given in doses, though the model is fed by a rate."""
    known = levers()
    return known[lever].action if lever in known else str(axis.build().levers.at[lever, "action"])


def _at_rest(lever: str, resting: pd.DataFrame) -> float:
    target = str(axis.build().levers.at[lever, "target"])
    return float(resting[target].iloc[0]) if target in resting else engine_model().default_parameters[target]


def _daily(lever: str, amount: float, start: float, end: float) -> list[Given]:
    return [Given(lever, amount, start + k, lever) for k in range(int(np.ceil(end - start)))]


def levels_at(protocol: pd.DataFrame, day: float) -> dict[str, float]:
    """Parameters as levers have set them by the day, for variables read from the states."""
    _, levels = engine_protocol(protocol, day + 1.0)
    return {name: float(level) for name, level in levels.items()}
