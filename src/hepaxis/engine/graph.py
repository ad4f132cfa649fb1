"""The expression graph: every distinct subexpression of a model exactly once.

Nodes are hash-consed (the same operation on the same arguments gives the same number), arguments always come before
their users, and the constructors fold constants and gather parameter-only factors so that these can be computed once a
patient.  Numbers and truth values are kept apart: comparisons and logic give booleans, everything else doubles.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

LEAVES = frozenset({"const", "bool", "state", "param", "time"})
BOOLEAN = frozenset({"bool", "lt", "le", "eq", "ne", "and", "or", "not"})
# One-argument functions that go to the C library lane by lane; rare in the models this is built for.
LIBM = ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "tgamma")
LARGEST_UNROLLED_POWER = 8

Node = int


class Graph:
    """A growing set of nodes; a node is an integer, valid in this graph only."""

    def __init__(self) -> None:
        self.op: list[str] = []
        self.args: list[tuple[int, ...]] = []
        self.value: list[float] = []  # of a constant; the index of a state or parameter
        self.moving: list[bool] = []  # depends on a state or on time, so cannot be hoisted
        self._seen: dict[tuple[str, tuple[int, ...], float], Node] = {}
        self.zero = self.const(0.0)
        self.one = self.const(1.0)
        self.true = self._make("bool", (), 1.0)
        self.false = self._make("bool", (), 0.0)

    def copy(self) -> Graph:
        """The same nodes under the same numbers.  What builds on a system grows a copy: the order in which things are
        built, in one thread or several, then changes neither numbers nor results."""
        twin = Graph.__new__(Graph)
        twin.__dict__.update(self.__dict__)
        twin.op, twin.args, twin.value = self.op.copy(), self.args.copy(), self.value.copy()
        twin.moving, twin._seen = self.moving.copy(), self._seen.copy()
        return twin

    def __len__(self) -> int:
        return len(self.op)

    def _make(self, op: str, args: tuple[int, ...] = (), value: float = 0.0) -> Node:
        # A NaN constant is never equal to itself: all of them share one key.
        key = (op, args, value) if value == value else ("nan", (), 0.0)
        node = self._seen.get(key)
        if node is None:
            node = self._seen[key] = len(self.op)
            self.op.append(op)
            self.args.append(args)
            self.value.append(value)
            self.moving.append(op in ("state", "time") or any(self.moving[a] for a in args))
        return node

    def restore(self, op: str, args: tuple[int, ...], value: float) -> Node:
        """A node exactly as it once was: no constructor's rule is applied again."""
        return self._make(op, args, value)

    # leaves ---------------------------------------------------------------------------------------------------------
    def const(self, value: float) -> Node:
        value = float(value)
        return self._make("const", (), 0.0 if value == 0 else value)

    def boolean(self, value: bool) -> Node:
        return self.true if value else self.false

    def state(self, index: int) -> Node:
        return self._make("state", (), float(index))

    def param(self, index: int) -> Node:
        return self._make("param", (), float(index))

    def time(self) -> Node:
        return self._make("time")

    def number(self, node: Node) -> float | None:
        """The value of a constant, else None."""
        return self.value[node] if self.op[node] == "const" else None

    def index(self, node: Node) -> int:
        return int(self.value[node])

    # sums -----------------------------------------------------------------------------------------------------------
    def add(self, a: Node, b: Node) -> Node:
        x, y = self.number(a), self.number(b)
        if x is not None and y is not None:
            return self.const(x + y)
        if x == 0:
            return b
        if y == 0:
            return a
        if self.op[b] == "neg":
            return self.sub(a, self.args[b][0])
        if self.op[a] == "neg":
            return self.sub(b, self.args[a][0])
        gathered = self._common_factor(a, b, subtract=False)
        if gathered is not None:
            return gathered
        for held, other in ((a, b), (b, a)):
            if not self.moving[held] and self.op[other] == "add" and self.moving[other]:
                fixed, rest = self._split(other)
                if fixed is not None:
                    return self.add(self.add(held, fixed), rest)
        return self._make("add", (a, b) if a < b else (b, a))

    def sub(self, a: Node, b: Node) -> Node:
        x, y = self.number(a), self.number(b)
        if x is not None and y is not None:
            return self.const(x - y)
        if y == 0:
            return a
        if x == 0:
            return self.neg(b)
        if a == b:
            return self.zero
        if self.op[b] == "neg":
            return self.add(a, self.args[b][0])
        gathered = self._common_factor(a, b, subtract=True)
        return gathered if gathered is not None else self._make("sub", (a, b))

    def neg(self, a: Node) -> Node:
        x = self.number(a)
        if x is not None:
            return self.const(-x)
        if self.op[a] == "neg":
            return self.args[a][0]
        if self.op[a] == "sub":
            return self.sub(self.args[a][1], self.args[a][0])
        return self._make("neg", (a,))

    def sum(self, nodes: Iterable[Node]) -> Node:
        total = self.zero
        for node in nodes:
            total = self.add(total, node)
        return total

    # products -------------------------------------------------------------------------------------------------------
    def mul(self, a: Node, b: Node) -> Node:
        x, y = self.number(a), self.number(b)
        if x is not None and y is not None:
            return self.const(x * y)
        if x == 0 or y == 0:
            return self.zero
        if x == 1:
            return b
        if y == 1:
            return a
        if x == -1:
            return self.neg(b)
        if y == -1:
            return self.neg(a)
        if self.op[a] == "neg":
            return self.neg(self.mul(self.args[a][0], b))
        if self.op[b] == "neg":
            return self.neg(self.mul(a, self.args[b][0]))
        fixed_a, rest_a = self._split(a) if self.op[a] == "mul" and self.moving[a] else (None, a)
        fixed_b, rest_b = self._split(b) if self.op[b] == "mul" and self.moving[b] else (None, b)
        if not self.moving[a] and fixed_b is not None:
            return self.mul(self.mul(a, fixed_b), rest_b)
        if not self.moving[b] and fixed_a is not None:
            return self.mul(self.mul(b, fixed_a), rest_a)
        if self.moving[a] and self.moving[b] and (fixed_a is not None or fixed_b is not None):
            fixed = fixed_a if fixed_b is None else fixed_b if fixed_a is None else self.mul(fixed_a, fixed_b)
            assert fixed is not None
            return self.mul(fixed, self.mul(rest_a, rest_b))
        return self._make("mul", (a, b) if a < b else (b, a))

    def rcp(self, a: Node) -> Node:
        x = self.number(a)
        if x is not None and x != 0:
            return self.const(1.0 / x)
        if self.op[a] == "rcp":
            return self.args[a][0]
        if self.op[a] == "neg":
            return self.neg(self.rcp(self.args[a][0]))
        return self._make("rcp", (a,))

    def div(self, a: Node, b: Node) -> Node:
        x, y = self.number(a), self.number(b)
        if x is not None and y is not None and y != 0:
            return self.const(x / y)
        if y == 0 and x is not None:
            return self.const(math.nan if x == 0 or x != x else math.copysign(math.inf, x))
        return self.mul(a, self.rcp(b))

    def product(self, nodes: Iterable[Node]) -> Node:
        total = self.one
        for node in nodes:
            total = self.mul(total, node)
        return total

    def _split(self, node: Node) -> tuple[Node | None, Node]:
        """(parameter-only argument, the other) of a two-argument node; (None, node) where there is none."""
        a, b = self.args[node]
        if not self.moving[a]:
            return a, b
        if not self.moving[b]:
            return b, a
        return None, node

    def _common_factor(self, a: Node, b: Node, *, subtract: bool) -> Node | None:
        """p x + q x -> (p + q) x, for parameter-only p and q."""
        if not (self.moving[a] and self.moving[b]):
            return None
        fixed_a, rest_a = self._split(a) if self.op[a] == "mul" else (None, a)
        fixed_b, rest_b = self._split(b) if self.op[b] == "mul" else (None, b)
        if rest_a != rest_b:
            return None
        p = self.one if fixed_a is None else fixed_a
        q = self.one if fixed_b is None else fixed_b
        return self.mul(self.sub(p, q) if subtract else self.add(p, q), rest_a)

    # powers and functions -------------------------------------------------------------------------------------------
    def pow(self, a: Node, b: Node) -> Node:
        x, y = self.number(a), self.number(b)
        if x is not None and y is not None:
            return self.const(_constant_power(x, y))
        if y is not None:
            if y == 0:
                return self.one
            if y == 0.5:
                return self.sqrt(a)
            if y == -0.5:
                return self.rcp(self.sqrt(a))
            if y == int(y) and abs(y) <= LARGEST_UNROLLED_POWER:
                return self._whole_power(a, int(y))
        return self._make("pow", (a, b))

    def _whole_power(self, a: Node, n: int) -> Node:
        if n < 0:
            return self.rcp(self._whole_power(a, -n))
        if n == 1:
            return a
        half = self._whole_power(a, n // 2)
        square = self.mul(half, half)
        return self.mul(square, a) if n % 2 else square

    def sqrt(self, a: Node) -> Node:
        x = self.number(a)
        return self.const(math.sqrt(x)) if x is not None and x >= 0 else self._make("sqrt", (a,))

    def call(self, name: str, a: Node) -> Node:
        """exp, log, abs, floor, ceil, trunc and the functions of the C library."""
        x = self.number(a)
        if x is not None:
            folded = _constant_call(name, x)
            if folded is not None:
                return self.const(folded)
        return self._make(name, (a,))

    def exp(self, a: Node) -> Node:
        return self.call("exp", a)

    def log(self, a: Node) -> Node:
        return self.call("log", a)

    def minimum(self, a: Node, b: Node) -> Node:
        return a if a == b else self.select(self.less(a, b), a, b)

    def maximum(self, a: Node, b: Node) -> Node:
        return a if a == b else self.select(self.less(b, a), a, b)

    # comparisons and choices ----------------------------------------------------------------------------------------
    def is_boolean(self, node: Node) -> bool:
        return self.op[node] in BOOLEAN

    def compare(self, op: str, a: Node, b: Node) -> Node:
        x, y = self.number(a), self.number(b)
        if x is not None and y is not None:
            return self.boolean({"lt": x < y, "le": x <= y, "eq": x == y, "ne": x != y}[op])
        return self._make(op, (a, b))

    def less(self, a: Node, b: Node) -> Node:
        return self.compare("lt", a, b)

    def both(self, a: Node, b: Node) -> Node:
        if self.false in (a, b):
            return self.false
        if a == self.true:
            return b
        return a if b in (self.true, a) else self._make("and", (a, b))

    def either(self, a: Node, b: Node) -> Node:
        if self.true in (a, b):
            return self.true
        if a == self.false:
            return b
        return a if b in (self.false, a) else self._make("or", (a, b))

    def invert(self, a: Node) -> Node:
        if a in (self.true, self.false):
            return self.boolean(a == self.false)
        return self.args[a][0] if self.op[a] == "not" else self._make("not", (a,))

    def select(self, condition: Node, a: Node, b: Node) -> Node:
        if condition == self.true or a == b:
            return a
        if condition == self.false:
            return b
        return self._make("select", (condition, a, b))

    def as_number(self, node: Node) -> Node:
        return self.select(node, self.one, self.zero) if self.is_boolean(node) else node

    def as_boolean(self, node: Node) -> Node:
        return node if self.is_boolean(node) else self.compare("ne", node, self.zero)

    # walking --------------------------------------------------------------------------------------------------------
    def reach(self, roots: Iterable[Node]) -> list[Node]:
        """All nodes the roots need, arguments first."""
        seen: set[Node] = set()
        todo = list(roots)
        while todo:
            node = todo.pop()
            if node not in seen:
                seen.add(node)
                todo.extend(self.args[node])
        return sorted(seen)

    def leaves(self, roots: Iterable[Node], op: str) -> set[int]:
        """Indices of the states (``op="state"``) or parameters (``"param"``) the roots need."""
        return {self.index(node) for node in self.reach(roots) if self.op[node] == op}

    def needs_time(self, roots: Iterable[Node]) -> bool:
        return any(self.op[node] == "time" for node in self.reach(roots))

    def replace(self, roots: Sequence[Node], swap: dict[Node, Node]) -> list[Node]:
        """The roots with some nodes exchanged for others."""
        done: dict[Node, Node] = dict(swap)
        for node in self.reach(roots):
            if node not in done:
                done[node] = self.rebuild(node, tuple(done[a] for a in self.args[node]))
        return [done[root] for root in roots]

    def rebuild(self, node: Node, args: tuple[Node, ...]) -> Node:
        """The same operation on other arguments, simplified again."""
        op = self.op[node]
        if op in LEAVES or args == self.args[node]:
            return node
        if op in ("lt", "le", "eq", "ne"):
            return self.compare(op, *args)
        verb = {"and": "both", "or": "either", "not": "invert"}.get(op, op)
        if verb in ("add", "sub", "neg", "mul", "rcp", "pow", "sqrt", "select", "both", "either", "invert"):
            result: Node = getattr(self, verb)(*args)
            return result
        return self.call(op, args[0])


def _constant_power(x: float, y: float) -> float:
    try:
        result = math.pow(x, y)
    except ZeroDivisionError:
        return math.inf
    except OverflowError:
        return math.inf
    except ValueError:
        return math.inf if x == 0 else math.nan
    return result


def _constant_call(name: str, x: float) -> float | None:
    if name == "abs":
        return abs(x)
    try:
        if name == "log":
            return math.log(x) if x > 0 else (-math.inf if x == 0 else math.nan)
        if name == "tgamma":
            return math.gamma(x)
        if name in ("floor", "ceil", "trunc") and not math.isfinite(x):
            return x
        return float(getattr(math, name)(x))
    except (ValueError, OverflowError):
        return None
