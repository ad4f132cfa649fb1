"""Who drives whom in the model, read from its equations: the nodes and signed links of a mechanism.

A link goes from a variable to the rule or rate in which it stands.  Its sign is that of the partial derivative, at the
rest of the reference patient and at points around it where every variable is up to ``AROUND`` times off; where these do
not agree the sign depends.  What is written once for every guild, gate or carrier is one node.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache

import libsbml
import numpy as np

from hepaxis import axis
from hepaxis.axis import assemble
from hepaxis.axis.tables import HOME, Repeats
from hepaxis.population.closure import engine_model

AROUND = 3.0
POINTS = 24  # points around the rest
STEP = 1e-4  # relative step of a derivative
SEED = 7
STATE, RULE, PORT, INPUT, LEVER = "state", "rule", "port", "input", "lever"
_BLOCK = re.compile(r"//@ each (\w+)\n(.*?)//@ end\n?", re.DOTALL)
_NAME = re.compile(r"^\s*(\w*\{\w+\}\w*)'?\s*:?=", re.MULTILINE)
COLLAPSED = ("guild", "gate", "slot", "hexa", "lesion")  # a port and a carrier are each a node of their own
PORT_NAMES = ("port_", "direct_", "through_", "ln_")


@dataclass(frozen=True)
class Node:
    """``label`` as written once for all copies; ``home`` its mechanism; ``copies`` how many stand for it."""

    id: str
    label: str
    kind: str
    home: str
    copies: int


@dataclass(frozen=True)
class Link:
    """``sign`` 1 raises, -1 lowers, 0 depends on where one is."""

    source: str
    target: str
    sign: int


@dataclass(frozen=True)
class Mechanism:
    """One mechanism file: its own nodes, what enters from elsewhere, and links between them."""

    name: str
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]


@cache
def mechanisms() -> dict[str, Mechanism]:
    """Every mechanism with equations, in reading order."""
    found = {}
    nodes, uses = _nodes(), _uses()
    for module in dict.fromkeys(node.home for node in nodes.values() if node.kind != LEVER):
        own = [node for node in nodes.values() if node.home == module and node.kind != LEVER]
        targets = {node.id for node in own}
        links = tuple(Link(a, b, sign) for (a, b), sign in uses.items() if b in targets and a in nodes)
        outside = {link.source for link in links} - targets
        entering = [_entering(nodes[id]) for id in sorted(outside)]
        found[module] = Mechanism(module, (*own, *entering), links)
    return found


@cache
def module_links() -> dict[tuple[str, str], int]:
    """How many variables of one mechanism stand in equations of another."""
    nodes = _nodes()
    used: dict[tuple[str, str], set[str]] = defaultdict(set)
    for source, target in _uses():
        if source in nodes and nodes[source].kind != LEVER and nodes[source].home != nodes[target].home:
            used[nodes[source].home, nodes[target].home].add(source)
    return {pair: len(names) for pair, names in used.items()}


def _entering(node: Node) -> Node:
    return node if node.kind in (LEVER, PORT) else Node(node.id, node.label, INPUT, node.home, node.copies)


@cache
def _templates() -> dict[str, str]:
    """Name of a copy -> name as written once: ``res_but`` -> ``res_{guild}``."""
    repeats, found = Repeats(HOME), {}
    for path in sorted((HOME / "modules").glob("*.ant")):
        for match in _BLOCK.finditer(path.read_text(encoding="utf-8")):
            kind, block = match.groups()
            if kind not in COLLAPSED:
                continue
            for name in _NAME.findall(block):
                for item in repeats.of[kind]:
                    found[name.replace(f"{{{kind}}}", item[kind])] = name
    return found


@cache
def _nodes() -> dict[str, Node]:
    """Every variable, and every parameter that a lever sets, by its name as written once."""
    model, templates = axis.build(), _templates()
    members: dict[str, list[str]] = defaultdict(list)
    home: dict[str, str] = {}
    states = set(model.states)
    for module, text in assemble.equations(HOME, Repeats(HOME)).items():
        for found in re.finditer(r"^\s*(\w+)('?)\s*(:=|=)", re.sub(r"//[^\n]*", "", text), re.MULTILINE):
            id = templates.get(found[1], found[1])
            members[id].append(found[1])
            home[id] = module
    nodes = {}
    for id, names in members.items():
        kind = STATE if names[0] in states else PORT if names[0].startswith(PORT_NAMES) else RULE
        nodes[id] = Node(id, id, kind, home[id], len(names))
    levers = model.levers[(model.levers["action"] == "set") & ~model.levers.index.str.startswith("antibody.")]
    for target in levers["target"]:
        id = _written_once(str(target))
        copies = 1 if id == target else len(model.guilds)
        nodes.setdefault(id, Node(id, id, LEVER, str(model.parameters.at[target, "module"]), copies))
    return nodes


def _id(name: str) -> str:
    found = _templates().get(name, name)
    return found if found in _nodes() else _written_once(name)


def _written_once(name: str) -> str:
    """A parameter that every guild has, in its short form: ``kill_but`` -> ``kill_{guild}``."""
    model = axis.build()
    stem, _, guild = name.rpartition("_")
    every = guild in model.guilds.index and all(f"{stem}_{one}" in model.parameters.index for one in model.guilds.index)
    return f"{stem}_{{guild}}" if every else name


@cache
def _uses() -> dict[tuple[str, str], int]:
    """(source, target) -> sign, over all copies; a variable's own decay is left out."""
    document = libsbml.readSBMLFromString(axis.build().sbml)
    known, rng = _values(), np.random.default_rng(SEED)
    signs: dict[tuple[str, str], set[int]] = defaultdict(set)
    for rule in document.getModel().getListOfRules():
        names = sorted(_names(rule.getMath()))
        moving = [name for name in names if _id(name) in _nodes()]
        formula = compile(_python(rule.getMath()), rule.getVariable(), "eval")
        for name in moving:
            source, target = _id(name), _id(rule.getVariable())
            if source != target:
                signs[source, target] |= _signs(formula, names, moving, name, known, rng)
    return {pair: found.pop() if len(found := of - {0}) == 1 else 0 for pair, of in signs.items()}


def _signs(
    formula: object, names: list[str], moving: list[str], name: str, known: dict[str, float], rng: np.random.Generator
) -> set[int]:
    found = set()
    for point in range(POINTS + 1):
        values = {one: known[one] for one in names}
        if point:
            for one in moving:
                # What is 0 at rest, such as a lever nobody pulls, is taken between 0 and 1.
                values[one] = values[one] * AROUND ** rng.uniform(-1, 1) if values[one] else rng.uniform(0, 1)
        step = STEP * (abs(values[name]) or 1.0)
        below, above = (_at(formula, values | {name: values[name] + d}) for d in (-step, step))
        if math.isfinite(below) and math.isfinite(above):
            change = (above - below) * values[name] if values[name] else above - below
            size = max(abs(below), abs(above))
            small = abs(above - below) <= 1e-9 * size or change == 0
            found.add(0 if small else int(math.copysign(1, above - below)))
    return found


def _at(formula: object, values: dict[str, float]) -> float:
    # compiled from the project's own shipped equations, never from a user's text
    try:
        return float(eval(formula, FUNCTIONS, values))  # type: ignore[arg-type]
    except (ValueError, OverflowError, ZeroDivisionError):
        return math.nan


FUNCTIONS = {"__builtins__": {}, "exp": math.exp, "ln": math.log, "sqrt": math.sqrt, "abs": abs, "max": max, "min": min}


@cache
def _values() -> dict[str, float]:
    """Every name of the model at the rest of the reference patient."""
    model = engine_model()
    names = [*model.states, *model.observables]
    start = np.array([[model.default_initial[name] for name in model.states]])
    return {**model.default_parameters, **dict(zip(names, model.observe(start, None, names)[0].tolist(), strict=True))}


def _names(node: libsbml.ASTNode) -> set[str]:
    own = {str(node.getName())} if node.getType() == libsbml.AST_NAME else set()
    return own.union(*(_names(node.getChild(k)) for k in range(node.getNumChildren())))


def _python(node: libsbml.ASTNode) -> str:
    """A formula as Python: powers are spelled differently, and literals have no unit."""
    if node.isNumber():
        return repr(float(node.getValue()))
    parts = [_python(node.getChild(k)) for k in range(node.getNumChildren())]
    kind = node.getType()
    if kind == libsbml.AST_NAME:
        return str(node.getName())
    if kind in (libsbml.AST_POWER, libsbml.AST_FUNCTION_POWER):
        return f"({parts[0]})**({parts[1]})"
    if kind == libsbml.AST_FUNCTION_ROOT:
        return f"({parts[-1]})**(1/({parts[0] if len(parts) > 1 else 2}))"
    if kind == libsbml.AST_MINUS and len(parts) == 1:
        return f"(-{parts[0]})"
    operator = {
        libsbml.AST_PLUS: " + ", libsbml.AST_TIMES: "*", libsbml.AST_MINUS: " - ", libsbml.AST_DIVIDE: "/",
    }.get(kind)  # fmt: skip
    if operator:
        return f"({operator.join(parts)})" if parts else "0"
    return f"{node.getName() or 'ln'}({', '.join(parts)})"
