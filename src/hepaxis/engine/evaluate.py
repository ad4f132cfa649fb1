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


class Evaluation:
    """Roots made ready for repeated evaluation."""

    def __init__(self, graph: Graph, roots: Sequence[Node]):
        self.roots = list(roots)
        self._graph = graph
        self._order = graph.reach(self.roots)

    def __call__(self, states: Floats, parameters: Floats, time: Floats | float = 0.0) -> Floats:
        """``states`` (n, n_states), ``parameters`` (n, n_parameters), ``time`` (n,) or one -> (n, n_roots)."""
        n = len(states)
        when = np.broadcast_to(np.asarray(time, dtype=np.float64), (n,))
        result = np.empty((n, len(self.roots)))
        for first in range(0, n, MOST_ROWS):
            rows = slice(first, min(first + MOST_ROWS, n))
            self._block(states[rows], parameters[rows], when[rows], result[rows])
        return result

    def _block(self, states: Floats, parameters: Floats, time: Floats, result: Floats) -> None:
        rows = len(states)
        padded = -(-max(rows, 1) // ROW_BLOCK) * ROW_BLOCK
        y = np.ones((states.shape[1], padded))
        y[:, :rows] = states.T
        p = np.ones((parameters.shape[1], padded))
        p[:, :rows] = parameters.T
        t = np.zeros(padded)
        t[:rows] = time
        graph = self._graph
        values: dict[Node, NDArray[Any]] = {}
        with np.errstate(all="ignore"):
            for node in self._order:
                op, args = graph.op[node], graph.args[node]
                if op == "const":
                    value: NDArray[Any] = np.full(padded, graph.value[node])
                elif op == "bool":
                    value = np.full(padded, bool(graph.value[node]))
                elif op == "state":
                    value = y[graph.index(node)]
                elif op == "param":
                    value = p[graph.index(node)]
                elif op == "time":
                    value = t
                elif op == "select":
                    value = np.where(values[args[0]], values[args[1]], values[args[2]])
                elif op in _BINARY:
                    value = _BINARY[op](values[args[0]], values[args[1]])
                else:
                    value = _UNARY[op](values[args[0]])
                values[node] = value
        for column, root in enumerate(self.roots):
            result[:, column] = values[root][:rows]


def truth_bits(conditions: Evaluation, states: Floats, parameters: Floats, time: Floats | float) -> NDArray[np.int64]:
    """(n,) one bit a root, set where it holds."""
    truth = conditions(states, parameters, time) != 0
    weight = np.left_shift(np.int64(1), np.arange(truth.shape[1], dtype=np.int64))
    bits: NDArray[np.int64] = (truth * weight).sum(axis=1, dtype=np.int64)
    return bits
