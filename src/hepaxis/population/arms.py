"""Arms of an experiment: from tokens of a table to people at rest, a course, and a reading.

Held: a token is ``id=value`` with an optional window ``@from-to`` in days (without: from day 0 to the reading).  Ids:
``community`` (reference, germ_free, cirrhosis, mono:guild, without:guild), ``liver`` (a state of ``liver_states.csv``),
``diet`` (a named one), a model input (at rest; ``input.`` before it where a lever has the same id), a lever (held at
its value, or a daily dose), ``antibiotic.<class>`` and ``donor.<profile>`` (daily), ``regimen.<id>=1@day`` (its
labelled doses), and ``parameter.<name>`` (held from day 0).  A later token of an id replaces an earlier one.
"""

from __future__ import annotations

import ast
import csv
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from hepaxis import axis, therapy
from hepaxis.population.assumptions import assumed, liver_states
from hepaxis.population.closure import Closed, close, combine, engine_model, references
from hepaxis.population.course import MAX_STEPS, TOLERANCE
from hepaxis.population.dosing import engine_protocol
from hepaxis.population.guts import Guts, reference_gut
from hepaxis.population.mechanisms import claimed_mechanisms, prior_mean_mechanisms
from hepaxis.population.tau import solved_tau
from hepaxis.population.twin import Twin, build_twin
from hepaxis.profile.guilds import GUILDS
from hepaxis.profile.reference import reference as guild_reference
from hepaxis.therapy.antibiotics import antibiotic_class, course
from hepaxis.therapy.arms import donor_shares
from hepaxis.therapy.levers import levers
from hepaxis.therapy.regimens import regimen_ids
from hepaxis.therapy.timeline import Course, Given, rows

FAMILY = "metaphlan4"  # reference community for which tau was solved (tau.json)
COMMUNITIES = ("reference", "germ_free", "cirrhosis")
# Species an experiment is measured in -> what its gates' strength is: "people" (solved tau, discounted by the chance
# that a claim transfers) or "own" (tau 1, no discount: the claim in the system that it was made in).
SCALES = {"human": "people", "mouse": "own", "culture": "own"}
SPECIES_INPUTS: dict[str, dict[str, float]] = {"human": {}, "mouse": {"host.mouse": 1.0}, "culture": {}}
TOKEN = re.compile(r"^(?P<id>[^=@]+)=(?P<value>[^=@]+)(@(?P<start>[0-9.]+)(-(?P<end>[0-9.]+))?)?$")
LEVEL_COLUMNS = ["time", "lever", "action", "amount"]
WORDS = ("community", "liver", "diet")  # ids whose value is a word
DIETS = ("high_fibre", "western", "ketogenic", "perioperative_fast")  # carbohydrate_<diet> of the assumptions
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
        return None if token.value in DIETS else ("no such diet", ", ".join(DIETS))
    try:
        if not np.isfinite(token.amount):
            return "no number", "give a number"
    except ValueError:
        return "no number", "give a number"
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


def _worked_out(node: ast.expr, values: Mapping[str, np.ndarray]) -> np.ndarray:
    if isinstance(node, ast.Name):
        return values[node.id]
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return np.asarray(float(node.value))
    if isinstance(node, ast.BinOp):
        left, right = _worked_out(node.left, values), _worked_out(node.right, values)
        return np.asarray(OPERATIONS[type(node.op)](left, right))
    raise ValueError(ast.unparse(node))


class Panel:
    """A fixed panel of hosts on the reference community, with the gates at their prior means times a factor.

    gates         factor by gate, "*" for all
    species       of ``SCALES``: whose scale the gates have, and whose bile acids
    human_scale   gates at the scale of people whatever the species
    People and arms are kept, so that experiments that share one do not repeat it.
    """

    def __init__(
        self,
        hosts: int,
        seed: int,
        gates: dict[str, float] | None = None,
        species: str = "human",
        human_scale: bool = False,
    ):
        reference = guild_reference(FAMILY)
        self._gut = reference_gut(reference)
        self._species = " ".join(
            f"{name}={value}" for name, value in SPECIES_INPUTS[species].items() if name in axis.build().inputs.index
        )
        people = human_scale or SCALES[species] == SCALES["human"]
        mechanisms = prior_mean_mechanisms(solved_tau()) if people else claimed_mechanisms()
        inputs = mechanisms.inputs.copy()
        for gate in axis.build().gates.index:
            factors = gates or {}
            inputs[f"gate.{gate}"] *= factors.get(gate, factors.get("*", 1.0))
        self.twin: Twin = build_twin(
            None, self._gut, replace(mechanisms, inputs=inputs), reference, hosts=hosts, seed=seed
        )
        self._people: dict[tuple[tuple[str, str], ...], Closed] = {}
        self._rested: dict[tuple[object, ...], Closed] = {}
        self._runs: dict[tuple[object, ...], tuple[Closed, np.ndarray]] = {}

    def read(self, community: str, both: str, own: str, day: float, variable: str) -> np.ndarray:
        """(hosts,) the variable on the day; NaN for a host who did not rest or could not be simulated."""
        shared = tokens(f"community={community} {self._species} {both}")
        arm = tokens(f"community={community} {self._species} {both} {own}")
        key = (tuple(shared.values()), tuple(arm.values()), day)
        if key not in self._runs:
            self._runs[key] = self._run(shared, arm, day)
        closed, states = self._runs[key]
        names = variable_names(variable)
        columns = engine_model().observe(states, closed.parameters, list(names)).T
        with np.errstate(divide="ignore", invalid="ignore"):
            found = _worked_out(ast.parse(variable.strip(), mode="eval").body, dict(zip(names, columns, strict=True)))
        return np.where(closed.ok, found, np.nan)

    def _run(self, shared: dict[str, Token], arm: dict[str, Token], day: float) -> tuple[Closed, np.ndarray]:
        model = engine_model()
        closed = self._rest(_resting(shared), _resting(arm), arm["community"].value)
        protocol, parameters = course_of(arm, day, closed.parameters)
        rested = replace(closed, parameters=closed.parameters.assign(**parameters))
        initial = pd.DataFrame(closed.states, columns=list(model.states))
        run = model.simulate(
            engine_protocol(protocol, 0.0)[0],
            rested.parameters,
            [day],
            list(model.states),
            initial,
            rtol=TOLERANCE,
            max_steps=MAX_STEPS,
        )
        ok = rested.ok.copy()
        ok[run.failures["patient"].to_numpy(int)] = False
        now = rested.parameters.assign(**_levels_at(protocol, day))
        return replace(rested, parameters=now, ok=ok), np.nan_to_num(run.values[:, 0])

    def _rest(self, shared: dict[str, float], own: dict[str, float], community: str) -> Closed:
        person_key = tuple(sorted(shared.items()))
        if person_key not in self._people:
            self._people[person_key] = self._person(shared)  # type: ignore[index]
        person = self._people[person_key]  # type: ignore[index]
        key = (person_key, tuple(sorted(own.items())), community)
        if key not in self._rested:
            parameters = _with_inputs(person.parameters, own)
            kept = person.parameters["kill_rest"].to_numpy()
            guts = _spread(community_gut(self._gut, community), len(parameters))
            self._rested[key] = close(parameters, guts, kill_rest=kept, near=person.states)
        return self._rested[key]

    def _person(self, shared: dict[str, float]) -> Closed:
        """The hosts with what both arms share: references and growth solved on the reference community."""
        if not shared:
            return self.twin.closed
        parameters = _with_inputs(self.twin.closed.parameters, shared)
        own = references(parameters, self._gut)
        parameters = parameters.assign(**{str(name): own[name].to_numpy() for name in own})
        return close(parameters, _spread(self._gut, len(parameters)))


def community_gut(gut: Guts, community: str) -> Guts:
    """The reference gut with another community; an empty niche stays open.  KeyError for an unknown one."""
    shares = gut.shares.copy()
    name, _, guild = community.partition(":")
    if name == "germ_free":
        shares[:] = 0.0
    elif name == "mono":
        shares[:] = 0.0
        shares[:, GUILDS.index(guild)] = 1.0
    elif name == "without":
        shares[:, GUILDS.index(guild)] = 0.0
    elif name != "reference":
        shares *= [community_factors()[name][one] for one in GUILDS]
    if name not in ("germ_free", "without"):
        shares /= shares.sum(axis=1, keepdims=True)
    return replace(gut, shares=shares)


@cache
def community_factors() -> dict[str, dict[str, float]]:
    """Community -> guild -> factor on the reference community's share."""
    text = files("hepaxis.population").joinpath("experiment_communities.csv").read_text(encoding="utf-8")
    found: dict[str, dict[str, float]] = {}
    for row in csv.DictReader(text.splitlines()):
        found.setdefault(row["community"], {})[row["guild"]] = float(row["factor"])
    return found


def _spread(guts: Guts, count: int) -> Guts:
    zero = np.zeros(count, int)
    inputs = guts.inputs.iloc[zero].reset_index(drop=True)
    return Guts(guts.shares[zero], guts.absent[zero], guts.open[zero], inputs, guts.source)


def _resting(arm: dict[str, Token]) -> dict[str, float]:
    """Inputs at rest, those of a liver state spelled out."""
    found: dict[str, float] = {}
    for token in arm.values():
        if token.id == "liver":
            found |= {name: mean for name, (mean, _) in liver_states()[token.value].items()}
        elif token.id == "diet":
            found["diet.carbohydrate"] = assumed(f"carbohydrate_{token.value}")
        elif token.id not in WORDS and _kind(token.id) == "input":
            found[token.id.removeprefix("input.")] = token.amount
    return found


def _with_inputs(parameters: pd.DataFrame, inputs: dict[str, float]) -> pd.DataFrame:
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


def _levels_at(protocol: pd.DataFrame, day: float) -> dict[str, float]:
    """Parameters as levers have set them by the day, for variables read from the states."""
    _, levels = engine_protocol(protocol, day + 1.0)
    return levels
