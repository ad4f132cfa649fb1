"""Exact derivatives on the graph: reverse gradients for the Jacobian, forward tangents for sensitivities and d/dt.

At the corners where a derivative is infinite or 0/0 (a power or a root at zero) the limit from the right is used where
it is finite and 0 where it is not: step control then meets the corner, no NaN does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from .graph import BOOLEAN, LEAVES, Graph, Node

# Piecewise constant: derivative zero wherever it exists.
DIGAMMA_SHIFT = 8
FLAT = frozenset({"floor", "ceil", "trunc"})


class NotDifferentiable(ValueError):
    """An operation has no derivative rule here."""


def partials(g: Graph, node: Node, follow: Collection[int]) -> list[tuple[int, Node]]:
    """(argument position, d node / d argument) for the positions in ``follow``."""
    op, args = g.op[node], g.args[node]
    if op in LEAVES or op in BOOLEAN or op in FLAT:
        return []
    if op == "select":
        zero = {0: None, 1: g.select(args[0], g.one, g.zero), 2: g.select(args[0], g.zero, g.one)}
        return [(k, zero[k]) for k in follow if zero[k] is not None]  # type: ignore[misc]
    rules = {
        "add": lambda k: g.one,
        "sub": lambda k: g.one if k == 0 else g.const(-1),
        "neg": lambda k: g.const(-1),
        "mul": lambda k: args[1 - k],
        "rcp": lambda k: g.neg(g.mul(node, node)),
        "sqrt": lambda k: _root(g, node),
        "exp": lambda k: node,
        "log": lambda k: g.rcp(args[0]),
        "abs": lambda k: g.select(g.less(args[0], g.zero), g.const(-1), g.one),
        "pow": lambda k: _power_base(g, node) if k == 0 else _power_exponent(g, node),
        "sin": lambda k: g.call("cos", args[0]),
        "cos": lambda k: g.neg(g.call("sin", args[0])),
        "tan": lambda k: g.add(g.one, g.mul(node, node)),
        "asin": lambda k: g.rcp(g.sqrt(g.sub(g.one, g.mul(args[0], args[0])))),
        "acos": lambda k: g.neg(g.rcp(g.sqrt(g.sub(g.one, g.mul(args[0], args[0]))))),
        "atan": lambda k: g.rcp(g.add(g.one, g.mul(args[0], args[0]))),
        "sinh": lambda k: g.call("cosh", args[0]),
        "cosh": lambda k: g.call("sinh", args[0]),
        "tanh": lambda k: g.sub(g.one, g.mul(node, node)),
        "asinh": lambda k: g.rcp(g.sqrt(g.add(g.mul(args[0], args[0]), g.one))),
        "acosh": lambda k: g.rcp(g.sqrt(g.sub(g.mul(args[0], args[0]), g.one))),
        "atanh": lambda k: g.rcp(g.sub(g.one, g.mul(args[0], args[0]))),
        "tgamma": lambda k: g.mul(node, _digamma(g, args[0])),
    }
    if op not in rules:
        raise NotDifferentiable(f"no derivative of '{op}' is known")
    return [(k, rules[op](k)) for k in follow]


def _digamma(g: Graph, x: Node) -> Node:
    """psi(x) for x > 0: shifted by DIGAMMA_SHIFT, then the asymptotic series to x^-6 (error below 1e-9)."""
    shifted = g.add(x, g.const(DIGAMMA_SHIFT))
    inverse = g.rcp(shifted)
    square = g.mul(inverse, inverse)
    series = g.zero
    for coefficient in (1 / 252, -1 / 120, 1 / 12):
        series = g.mul(square, g.add(g.const(coefficient), series))
    total = g.sub(g.sub(g.log(shifted), g.mul(g.const(0.5), inverse)), series)
    return g.sub(total, g.sum(g.rcp(g.add(x, g.const(k))) for k in range(DIGAMMA_SHIFT)))


# In these the corner is taken out of the argument, not only of the result: a derivative of the derivative would
# otherwise meet 0 times infinity.
def _root(g: Graph, node: Node) -> Node:
    """d sqrt(x) / dx; 0 at x = 0."""
    at_zero = g.compare("eq", g.args[node][0], g.zero)
    return g.select(at_zero, g.zero, g.mul(g.const(0.5), g.rcp(g.select(at_zero, g.one, node))))


def _power_base(g: Graph, node: Node) -> Node:
    """d x^y / dx = y x^y / x; at x = 0 it is 1 for y = 1, else 0 (exact for y > 1)."""
    x, y = g.args[node]
    at_zero = g.compare("eq", x, g.zero)
    slope = g.mul(y, g.mul(node, g.rcp(g.select(at_zero, g.one, x))))
    return g.select(at_zero, g.select(g.compare("eq", y, g.one), g.one, g.zero), slope)


def _power_exponent(g: Graph, node: Node) -> Node:
    """d x^y / dy = x^y ln x; 0 at x = 0."""
    x, _ = g.args[node]
    positive = g.less(g.zero, x)
    return g.select(positive, g.mul(node, g.log(g.select(positive, x, g.one))), g.zero)


def gradient(g: Graph, root: Node, stops: Collection[Node] = ()) -> dict[Node, Node]:
    """d root / d variable for every state node and every node of ``stops`` the root reaches (reverse mode).

    Below a stop the chain is not followed: it stands as a variable of its own.
    """

    def variable(node: Node) -> bool:
        return g.op[node] == "state" or (node in stops and node != root)

    needed: set[Node] = set()
    todo = [root]
    while todo:
        node = todo.pop()
        if node in needed or not g.moving[node]:
            continue
        needed.add(node)
        if not variable(node):
            todo.extend(g.args[node])
    bar: dict[Node, Node] = {root: g.one}
    found: dict[Node, Node] = {}
    for node in sorted(needed, reverse=True):
        weight = bar.get(node)
        if weight is None:
            continue
        if variable(node):
            if g.number(weight) != 0:
                found[node] = weight
            continue
        args = g.args[node]
        if g.op[node] == "select":
            contributions = [
                (args[1], g.select(args[0], weight, g.zero)),
                (args[2], g.select(args[0], g.zero, weight)),
            ]
        else:
            follow = [k for k, a in enumerate(args) if a in needed]
            contributions = [(args[k], g.mul(weight, slope)) for k, slope in partials(g, node, follow)]
        for argument, value in contributions:
            if argument in needed and g.number(value) != 0:
                bar[argument] = g.add(bar[argument], value) if argument in bar else value
    return found


def tangents(g: Graph, roots: list[Node], seeds: Mapping[Node, Node]) -> list[Node]:
    """Directional derivatives of the roots (forward mode); ``seeds`` gives the direction at leaves."""
    dot: dict[Node, Node] = dict(seeds)
    for node in g.reach(roots):
        if node in dot:
            continue
        follow = [k for k, a in enumerate(g.args[node]) if g.number(dot[a]) != 0]
        if not follow:
            dot[node] = g.zero
        elif g.op[node] == "select":
            condition, a, b = g.args[node]
            dot[node] = g.select(condition, dot[a], dot[b])
        else:
            dot[node] = g.sum(g.mul(slope, dot[g.args[node][k]]) for k, slope in partials(g, node, follow))
    return [dot[root] for root in roots]
