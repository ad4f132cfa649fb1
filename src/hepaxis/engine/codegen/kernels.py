"""The functions of one system over the lanes: parameter-only terms, rates, Jacobian, factorisation, solve, triggers.

prep(p, q)                    parameter-only subexpressions, once a patient
rhs(y, p, q, t, out)          out += rates
rates(y, p, q, t, out, J)     out = rates, J = entries of the linear system, negated
slope(y, p, q, t, out)        df/dt (systems with time only)
factor(J, ig, A) -> 0 or 1    A = factors of ig I - J; 1 = a pivot of the lane lost too many digits
solve(A, b)                   b := (ig I - J)^-1 b
triggers(y, p, q, t) -> bits  one bit a watched condition
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..derivative import tangents
from ..graph import LEAVES, Graph, Node
from ..ordering import LinearSystem, lay_out_linear_system
from ..system import System
from .irtext import Fn, Value
from .linear import SHARED_DIVISION, factor, invert_together, solve

LIBM_NAMES = {"tgamma": "tgamma"}
_PLAIN = {"add": "fadd", "sub": "fsub", "mul": "fmul"}
_COMPARE = {"lt": "olt", "le": "ole", "eq": "oeq", "ne": "une"}
_INTRINSIC = {"sqrt": "sqrt", "abs": "fabs", "floor": "floor", "ceil": "ceil", "trunc": "trunc"}
_OWN = {"exp": "vexp", "log": "vlog"}


@dataclass
class Kernels:
    """Sizes and text; ``hoisted`` are the nodes prep computes, in the order of q."""

    system: System
    lanes: int
    linear: LinearSystem
    timed: bool
    hoisted: dict[Node, int]
    libm: set[str] = field(default_factory=set)
    parts: list[str] = field(default_factory=list)

    @property
    def entry_slots(self) -> list[tuple[int, int]]:
        """(row, column) of each J slot, in order."""
        return self.linear.cells

    @property
    def watching(self) -> bool:
        """Whether a step can end in an event that no limit was set for."""
        return bool(self.system.watched())


def build_kernels(system: System, lanes: int) -> Kernels:
    system = replace(system, graph=system.graph.copy())
    g = system.graph
    linear = lay_out_linear_system(g, system.rhs)
    timed = g.needs_time(system.rhs)
    slope: list[Node] = []
    if timed:
        seeds = {k: g.one if g.op[k] == "time" else g.zero for k in g.reach(system.rhs) if not g.args[k]}
        slope = tangents(g, list(system.rhs), seeds)
    negated = [g.neg(node) for node in linear.entries.values()]
    triggers = system.watched()
    roots = [*system.rhs, *negated, *slope, *triggers]
    kernels = Kernels(system, lanes, linear, timed, _hoist(g, roots))
    body = _Body(kernels)
    kernels.parts.append(_prep(kernels, body))
    kernels.parts.append(_rhs(kernels, body))
    kernels.parts.append(_rates(kernels, body, negated))
    if timed:
        kernels.parts.append(_slope(kernels, body, slope))
    if triggers:
        kernels.parts.append(_triggers(kernels, body, triggers))
    kernels.parts.append(factor(linear, lanes))
    kernels.parts.append(solve(linear, lanes))
    return kernels


def _hoist(g: Graph, roots: Sequence[Node]) -> dict[Node, int]:
    """Parameter-only nodes that moving nodes (or roots) use directly, numbered."""
    found: dict[Node, int] = {}
    tops = set(roots)
    for node in g.reach(roots):
        users = g.args[node] if g.moving[node] else ()
        for a in (*users, *((node,) if node in tops else ())):
            if not g.moving[a] and g.op[a] not in LEAVES and not g.is_boolean(a):
                found.setdefault(a, len(found))
    return found


class _Body:
    """Emits expressions, depth first, so that what belongs together stands together."""

    def __init__(self, kernels: Kernels):
        self.k, self.g = kernels, kernels.system.graph

    def emit(
        self,
        f: Fn,
        roots: Sequence[Node],
        sources: dict[str, Value],
        *,
        hoisting: bool,
        stores: Sequence[tuple[Node, Value, int]] = (),
    ) -> dict[Node, Value]:
        """Values of the roots; each of ``stores`` (one a root: node, array, place) is stored as soon as it is known."""
        g = self.g
        values: dict[Node, Value] = {}
        fused = self._fused(roots, hoisting)
        together = self._reciprocals(roots, hoisting)

        def ready(node: Node) -> bool:
            return g.op[node] in LEAVES or (hoisting and not g.moving[node] and node in self.k.hoisted)

        for number, root in enumerate(roots):
            todo = [root]
            while todo:
                node = todo[-1]
                if node in values:
                    todo.pop()
                    continue
                group = together.get(node, ())
                needs = [] if ready(node) else self._needs(node, fused)
                needs += [g.args[r][0] for r in group]
                missing = [a for a in needs if a not in values]
                if missing:
                    todo.extend(reversed(missing))
                    continue
                todo.pop()
                if group:
                    inverses = invert_together(f, [values[g.args[r][0]] for r in group])
                    values.update(zip(group, inverses, strict=True))
                    continue
                values[node] = self._one(f, node, values, sources, fused, ready(node))
            if stores:
                f.store(values[root], stores[number][1], stores[number][2], "F")
        return values

    def _fused(self, roots: Sequence[Node], hoisting: bool) -> set[Node]:
        """Products used once, by a sum: they go into a fused multiply-add."""
        g, uses = self.g, dict.fromkeys(roots, 2)
        needed: set[Node] = set()
        todo = list(roots)
        while todo:
            node = todo.pop()
            if node in needed:
                continue
            needed.add(node)
            if hoisting and not g.moving[node]:
                continue
            for a in g.args[node]:
                uses[a] = uses.get(a, 0) + 1
                todo.append(a)
        found: set[Node] = set()
        for node in sorted(needed):
            if g.op[node] not in ("add", "sub") or (hoisting and not g.moving[node]):
                continue
            a, b = g.args[node]
            for argument in (b, a):
                single = uses.get(argument) == 1 and g.op[argument] == "mul"
                if single and not (hoisting and not g.moving[argument]):
                    found.add(argument)
                    break
        return found

    def _reciprocals(self, roots: Sequence[Node], hoisting: bool) -> dict[Node, tuple[Node, ...]]:
        """Reciprocals of sums that can share one division: no member needs another.

        Only sums, because a zero or an overflow in one spoils the others; a denominator K + x is neither in a solution
        that makes sense, a bare x may be.
        """
        g = self.g
        level: dict[Node, int] = {}
        waiting: dict[int, list[Node]] = {}
        groups: dict[Node, tuple[Node, ...]] = {}
        for node in self._depth_first(roots, hoisting):
            below = max((level[a] for a in g.args[node] if a in level), default=0)
            level[node] = below + (g.op[node] == "rcp")
            if g.op[node] == "rcp" and g.op[g.args[node][0]] == "add":
                bunch = waiting.setdefault(below, [])
                bunch.append(node)
                if len(bunch) == SHARED_DIVISION:
                    groups.update(dict.fromkeys(bunch, tuple(bunch)))
                    bunch.clear()
        for bunch in waiting.values():
            if len(bunch) > 1:
                groups.update(dict.fromkeys(bunch, tuple(bunch)))
        return groups

    def _depth_first(self, roots: Sequence[Node], hoisting: bool) -> list[Node]:
        g, order, seen = self.g, [], set()
        for root in roots:
            todo = [(root, False)]
            while todo:
                node, done = todo.pop()
                if done:
                    order.append(node)
                elif node not in seen:
                    seen.add(node)
                    if not (hoisting and not g.moving[node]):
                        todo.append((node, True))
                        todo.extend((a, False) for a in reversed(g.args[node]))
        return order

    def _needs(self, node: Node, fused: set[Node]) -> list[Node]:
        g = self.g
        needs: list[Node] = []
        for a in g.args[node]:
            needs.extend(g.args[a] if a in fused else (a,))
        return needs

    def _one(
        self, f: Fn, node: Node, v: dict[Node, Value], sources: dict[str, Value], fused: set[Node], leaf: bool
    ) -> Value:
        g, op, args = self.g, self.g.op[node], self.g.args[node]
        if op == "const":
            return f.const("F", g.value[node])
        if op == "bool":
            return f.const("B", g.value[node])
        if op == "state":
            return f.load(sources["y"], g.index(node), "F")
        if op == "param":
            return f.load(sources["p"], g.index(node), "F")
        if op == "time":
            return sources["t"]
        if leaf:
            return f.load(sources["q"], self.k.hoisted[node], "F")
        if op in ("add", "sub") and (args[0] in fused or args[1] in fused):
            a, b = args
            if b in fused:
                left, right = (v[k] for k in g.args[b])
                return f.fma(-left if op == "sub" else left, right, v[a])
            left, right = (v[k] for k in g.args[a])
            return f.fma(left, right, -v[b] if op == "sub" else v[b])
        x = [v[a] for a in args]
        if op in _PLAIN:
            return x[0] + x[1] if op == "add" else x[0] - x[1] if op == "sub" else x[0] * x[1]
        if op == "neg":
            return -x[0]
        if op == "rcp":
            return f.const("F", 1.0) / x[0]
        if op in _INTRINSIC:
            return f.intrinsic(_INTRINSIC[op], x[0])
        if op in _OWN:
            return f.call(_OWN[op], "F", x[0])
        if op == "pow":
            return f.call("vpow", "F", x[0], x[1])
        if op in _COMPARE:
            return f.emit("B", f"fcmp {_COMPARE[op]} {f.type('F')} {x[0].name}, {x[1].name}")
        if op == "select":
            return f.select(x[0], x[1], x[2])
        if op in ("and", "or"):
            return x[0] & x[1] if op == "and" else x[0] | x[1]
        if op == "not":
            return ~x[0]
        return self._by_lane(f, op, x[0])

    def _by_lane(self, f: Fn, name: str, x: Value) -> Value:
        """A function of the C library, lane by lane."""
        self.k.libm.add(name)
        total = f.const("F", 0.0)
        for lane in range(f.lanes):
            part = f.emit("f", f"extractelement {f.type('F')} {x.name}, i32 {lane}")
            value = f.call(name, "f", part)
            total = f.emit("F", f"insertelement {{t}} {total.name}, double {value.name}, i32 {lane}")
        return total


def _prep(k: Kernels, body: _Body) -> str:
    f = Fn("prep", [("p", "p"), ("q", "p")], k.lanes, inline="noinline")
    p, q = f.arguments
    values = body.emit(f, list(k.hoisted), {"p": p}, hoisting=False)
    for node, slot in k.hoisted.items():
        f.store(values[node], q, slot, "F")
    f.ret()
    return f.text()


def _open(k: Kernels, name: str, rest: Sequence[tuple[str, str]], result: str = "v") -> tuple[Fn, dict[str, Value]]:
    head = [("y", "p"), ("p", "p"), ("q", "p"), ("t", "F")]
    f = Fn(name, [*head, *rest], k.lanes, result=result, inline="noinline")
    return f, dict(zip("ypqt", f.arguments, strict=False))


def _rhs(k: Kernels, body: _Body) -> str:
    f, sources = _open(k, "rhs", [("out", "p")])
    out = f.arguments[4]
    values = body.emit(f, k.system.rhs, sources, hoisting=True)
    for i, root in enumerate(k.system.rhs):
        f.store(values[root] + f.load(out, i, "F"), out, i, "F")
    f.ret()
    return f.text()


def _rates(k: Kernels, body: _Body, negated: Sequence[Node]) -> str:
    f, sources = _open(k, "rates", [("out", "p"), ("j", "p")])
    out, j = f.arguments[4:]
    # Equation by equation: a rate and its derivatives share most of their parts.
    stores: list[tuple[Node, Value, int]] = []
    slots = list(enumerate(k.entry_slots))
    for i, root in enumerate(k.system.rhs):
        stores.append((root, out, i))
        stores.extend((negated[slot], j, slot) for slot, (row, _) in slots if row == i)
    stores.extend((negated[slot], j, slot) for slot, (row, _) in slots if row >= len(k.system.rhs))
    body.emit(f, [node for node, _, _ in stores], sources, hoisting=True, stores=stores)
    f.ret()
    return f.text()


def _slope(k: Kernels, body: _Body, slope: Sequence[Node]) -> str:
    f, sources = _open(k, "slope", [("out", "p")])
    values = body.emit(f, slope, sources, hoisting=True)
    for i, root in enumerate(slope):
        f.store(values[root], f.arguments[4], i, "F")
    f.ret()
    return f.text()


def _triggers(k: Kernels, body: _Body, triggers: Sequence[Node]) -> str:
    f, sources = _open(k, "triggers", [], result="I")
    values = body.emit(f, triggers, sources, hoisting=True)
    bits = f.const("I", 0)
    for i, root in enumerate(triggers):
        bits = bits | (f.widen(values[root]) << i)
    f.ret(bits)
    return f.text()
