"""Plain NumPy evaluation of graph nodes, many rows at once.

Used for initial assignments, for the pivoting reference stepper and as the independent check of the compiled kernels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .graph import Graph, Node

Floats = NDArray[np.float64]


def _gamma(x: NDArray[Any]) -> NDArray[Any]:
    from scipy import special  # rare, and slow to import

    return np.asarray(special.gamma(x))


_UNARY: dict[str, Callable[..., Any]] = {
    "neg": np.negative,
    "rcp": np.reciprocal,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "abs": np.abs,
    "floor": np.floor,
    "ceil": np.ceil,
    "trunc": np.trunc,
    "not": np.logical_not,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "tgamma": _gamma,
}
_BINARY: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "pow": np.power,
    "lt": np.less,
    "le": np.less_equal,
    "eq": np.equal,
    "ne": np.not_equal,
    "and": np.logical_and,
    "or": np.logical_or,
}
# Rows taken at a time: what lies between stays small.
MOST_ROWS = 2048
# Rows are padded to a multiple of this, so that no value depends on how many rows stand beside it.
ROW_BLOCK = 64

Array = NDArray[Any]
ByIndex = dict[int, Array]


class Evaluation:
    """Roots made ready for repeated evaluation."""

    def __init__(self, graph: Graph, roots: Sequence[Node]):
        self.roots = list(roots)
        self._graph = graph
        self._order = graph.reach(self.roots)
        self._plan = self._work(self._order, kept=self.roots)
        self._states, self._parameters = (sorted(graph.leaves(self.roots, kind)) for kind in ("state", "param"))

    def __call__(self, states: Floats, parameters: Floats, time: Floats | float = 0.0) -> Floats:
        """``states`` (n, n_states), ``parameters`` (n, n_parameters), ``time`` (n,) or one -> (n, n_roots)."""
        n = len(states)
        when = np.broadcast_to(np.asarray(time, dtype=np.float64), (n,))
        result = np.empty((n, len(self.roots)))
        for first in range(0, n, MOST_ROWS):
            rows = slice(first, min(first + MOST_ROWS, n))
            y, p = _needed(states[rows], self._states), _needed(parameters[rows], self._parameters)
            values = self._values(self._plan, {}, (y, p, _columns(when[rows, None], 0.0)[0]))
            for column, root in enumerate(self.roots):
                result[rows, column] = values[root][: rows.stop - first]
        return result

    def along(
        self, record: Floats, states: Sequence[int], changed: Sequence[int], parameters: Floats, times: Floats
    ) -> Floats:
        """Values along courses -> (n, n_times, n_roots); what no state, time or changed parameter moves is worked out
        once a row.

        record      (n, n_times, n_states + n_changed) of the states and changed parameters with these indices
        parameters  (n, n_parameters), times (n_times,)
        """
        g = self._graph
        varying = {("state", index): k for k, index in enumerate(states)}
        varying |= {("param", index): len(states) + k for k, index in enumerate(changed)}
        moves: set[Node] = set()
        for node in self._order:
            own = g.op[node] == "time" or (g.op[node] in ("state", "param") and (g.op[node], g.index(node)) in varying)
            if own or any(a in moves for a in g.args[node]):
                moves.add(node)
        entering = {a for node in moves for a in g.args[node] if a not in moves}
        still = self._work([k for k in self._order if k not in moves], kept=[*entering, *self.roots])
        moving = self._work([k for k in self._order if k in moves], kept=[*entering, *self.roots])
        n, m = record.shape[:2]
        result = np.empty((n, m, len(self.roots)))
        for first in range(0, n, MOST_ROWS):
            rows = slice(first, min(first + MOST_ROWS, n))
            p = _needed(parameters[rows], self._parameters)
            width = -(-(rows.stop - first) // ROW_BLOCK) * ROW_BLOCK
            fixed = self._values(still, {}, ({}, p, np.zeros(width)))
            size = max(1, MOST_ROWS // width)
            for begin in range(0, m, size):
                span = slice(begin, min(begin + size, m))
                block = _columns(record[rows, span].transpose(2, 1, 0).reshape(-1, rows.stop - first).T, 1.0)
                block = block.reshape(record.shape[2], span.stop - begin, width)
                y, changing = (
                    {index: block[k] for (kind, index), k in varying.items() if kind == wanted}
                    for wanted in ("state", "param")
                )
                t = np.broadcast_to(times[span, None], block.shape[1:])
                values = self._values(moving, dict(fixed), (y, changing, t))
                for column, root in enumerate(self.roots):
                    result[rows, span, column] = np.broadcast_to(values[root], t.shape)[:, : rows.stop - first].T
        return result

    def _work(self, order: Sequence[Node], kept: Sequence[Node]) -> list[tuple[Node, tuple[Node, ...]]]:
        """Nodes in order, each with those that nobody needs after it."""
        last: dict[Node, Node] = {}
        for node in order:
            last.update(dict.fromkeys((node, *self._graph.args[node]), node))
        for node in kept:
            last.pop(node, None)
        done: dict[Node, list[Node]] = {}
        for node, at in last.items():
            done.setdefault(at, []).append(node)
        return [(node, tuple(done.get(node, ()))) for node in order]

    def _values(
        self,
        work: Sequence[tuple[Node, tuple[Node, ...]]],
        values: dict[Node, Array],
        leaves: tuple[ByIndex, ByIndex, Array],
    ) -> dict[Node, Array]:
        """Carries out the work on top of what is known, with states, parameters and time; gives what is kept."""
        graph, (y, p, t) = self._graph, leaves
        width = t.shape[-1]
        with np.errstate(all="ignore"):
            for node, done in work:
                op, args = graph.op[node], graph.args[node]
                if op == "const":
                    values[node] = np.full(width, graph.value[node])
                elif op == "bool":
                    values[node] = np.full(width, bool(graph.value[node]))
                elif op == "state":
                    values[node] = y[graph.index(node)]
                elif op == "param":
                    values[node] = p[graph.index(node)]
                elif op == "time":
                    values[node] = t
                elif op == "select":
                    values[node] = np.where(values[args[0]], values[args[1]], values[args[2]])
                elif op in _BINARY:
                    values[node] = _BINARY[op](values[args[0]], values[args[1]])
                else:
                    values[node] = _UNARY[op](values[args[0]])
                for old in done:
                    del values[old]
        return values


def _needed(rows: Floats, columns: Sequence[int]) -> dict[int, Array]:
    """Padded columns by index."""
    return dict(zip(columns, _columns(rows[:, columns], 1.0), strict=True))


def _columns(rows: Floats, filler: float) -> Floats:
    """(k, padded) from (n, k): one contiguous row a quantity."""
    padded = -(-max(len(rows), 1) // ROW_BLOCK) * ROW_BLOCK
    columns = np.full((rows.shape[1], padded), filler)
    columns[:, : len(rows)] = rows.T
    return columns


def truth_bits(conditions: Evaluation, states: Floats, parameters: Floats, time: Floats | float) -> NDArray[np.int64]:
    """(n,) one bit a root, set where it holds."""
    truth = conditions(states, parameters, time) != 0
    weight = np.left_shift(np.int64(1), np.arange(truth.shape[1], dtype=np.int64))
    bits: NDArray[np.int64] = (truth * weight).sum(axis=1, dtype=np.int64)
    return bits
