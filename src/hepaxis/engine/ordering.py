"""The linear system of a step, laid out once: which unknowns it has, in which order they are eliminated, what fills in.

Besides the states, chosen inner expressions stand as unknowns of their own (a bordered system).  A port that sums up
twenty gut states and enters ten immune equations costs 20 + 10 entries that way instead of 200, in the Jacobian, its
factors and every solve.  The elimination order is Markowitz's on the diagonal; the solution is the same as without
borders.
Source: Duff, Erisman & Reid, Direct Methods for Sparse Matrices, 2nd ed. 2017, chapters 5 and 7.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .derivative import gradient
from .graph import Graph, Node

# A border must save at least this many entries to be worth its own row, column and division.
LEAST_GAIN = 3
MOST_BORDERS = 200
BORDERS_AT_ONCE = 12
NEARLY_BEST = 0.95
# Solves with one factorisation; they weigh the entries of the factors against the work of making them.
SOLVES = 8


@dataclass(frozen=True)
class LinearSystem:
    """Unknown v < n is state v, unknown n + k is ``borders[k]``.

    entries  (row, column) -> node of d (rate or border expression) / d unknown
    order    unknowns as they are eliminated
    rows     for each position in the order, the positions of its non-zeros after fill
    """

    size: int
    borders: tuple[Node, ...]
    entries: dict[tuple[int, int], Node]
    order: tuple[int, ...]
    rows: tuple[tuple[int, ...], ...]

    @property
    def cells(self) -> list[tuple[int, int]]:
        """(row, column) of the entries, in the order of their slots."""
        return list(self.entries)

    @property
    def fill(self) -> int:
        return sum(len(r) for r in self.rows)

    @property
    def work(self) -> int:
        """Multiplications of one factorisation and its solves, and the entries to evaluate."""
        below = [0] * len(self.rows)
        for i, row in enumerate(self.rows):
            for j in row:
                if j < i:
                    below[j] += 1
        factor = sum(below[k] * (1 + sum(1 for j in row if j > k)) for k, row in enumerate(self.rows))
        return factor + SOLVES * self.fill + 3 * len(self.entries)


def lay_out_linear_system(g: Graph, rhs: Sequence[Node]) -> LinearSystem:
    """The cheapest of: no borders, some, all that look worth it."""
    chosen = _borders(g, rhs)
    best: LinearSystem | None = None
    for count in dict.fromkeys((len(chosen), len(chosen) // 2, 0)):
        candidate = _with_borders(g, rhs, chosen[:count])
        if best is None or candidate.work < best.work:
            best = candidate
    assert best is not None
    return best


def _with_borders(g: Graph, rhs: Sequence[Node], borders: Sequence[Node]) -> LinearSystem:
    stops = sorted(borders)
    place = {node: len(rhs) + k for k, node in enumerate(stops)}
    entries: dict[tuple[int, int], Node] = {}
    for row, root in enumerate([*rhs, *stops]):
        if row < len(rhs) and root in place:
            entries[row, place[root]] = g.one
            continue
        for variable, slope in gradient(g, root, place.keys()).items():
            column = place.get(variable, g.index(variable) if g.op[variable] == "state" else -1)
            entries[row, column] = slope
    size = len(rhs) + len(stops)
    order, rows = _eliminate(size, entries.keys())
    return LinearSystem(len(rhs), tuple(stops), entries, order, rows)


def _borders(g: Graph, rhs: Sequence[Node]) -> list[Node]:
    """Expressions worth an unknown of their own, the most saving first."""
    moving = [n for n in g.reach(rhs) if g.moving[n] and not g.is_boolean(n)]
    inner = [n for n in moving if g.op[n] not in ("state", "time")]
    users: dict[Node, int] = {}
    for node in inner:
        for a in g.args[node]:
            users[a] = users.get(a, 0) + 1
    candidates = [n for n in inner if users.get(n, 0) > 1]
    chosen: list[Node] = []
    while len(chosen) < MOST_BORDERS:
        reached = _support(g, moving, chosen)
        wanted = _wanted(g, moving, rhs, chosen)
        gains: list[tuple[int, Node]] = []
        for node in candidates:
            below, above = reached[node].bit_count(), wanted[node].bit_count()
            saved = below * above - below - above
            if saved > LEAST_GAIN and node not in chosen:
                gains.append((saved, node))
        if not gains:
            break
        gains.sort(key=lambda pair: (-pair[0], pair[1]))
        # Several at a time, but of those that lie on one path between the same unknowns only the first.
        paths: set[tuple[int, int]] = set()
        for saved, node in gains[:BORDERS_AT_ONCE]:
            path = (reached[node], wanted[node])
            if saved >= NEARLY_BEST * gains[0][0] and path not in paths:
                paths.add(path)
                chosen.append(node)
    return chosen


def _support(g: Graph, moving: Sequence[Node], chosen: Sequence[Node]) -> dict[Node, int]:
    """Bit set of the unknowns each node's own expression reaches."""
    mark = {node: 1 << k for k, node in enumerate(chosen)}
    shift = len(chosen)
    found: dict[Node, int] = {}
    for node in moving:
        if g.op[node] == "state":
            found[node] = 1 << (shift + g.index(node))
            continue
        bits = 0
        for a in g.args[node]:
            bits |= mark.get(a, found.get(a, 0))
        found[node] = bits
    return found


def _wanted(g: Graph, moving: Sequence[Node], rhs: Sequence[Node], chosen: Sequence[Node]) -> dict[Node, int]:
    """Bit set of the equations (rates, then borders) each node enters without passing a border."""
    bits: dict[Node, int] = dict.fromkeys(moving, 0)
    for k, root in enumerate(rhs):
        if root in bits:
            bits[root] |= 1 << k
    place = {node: len(rhs) + k for k, node in enumerate(chosen)}
    for node in reversed(moving):
        down = 1 << place[node] if node in place else bits[node]
        for a in g.args[node]:
            if a in bits:
                bits[a] |= down
    return bits


def _eliminate(size: int, pattern: Iterable[tuple[int, int]]) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]:
    """Markowitz order on the diagonal and the filled pattern in that order."""
    across: list[set[int]] = [{i} for i in range(size)]
    down: list[set[int]] = [{i} for i in range(size)]
    for i, j in pattern:
        across[i].add(j)
        down[j].add(i)
    kept: list[set[int]] = [set(row) for row in across]
    left = set(range(size))
    order: list[int] = []
    while left:
        pivot = min(left, key=lambda i: ((len(across[i]) - 1) * (len(down[i]) - 1), i))
        order.append(pivot)
        left.remove(pivot)
        across[pivot].discard(pivot)
        down[pivot].discard(pivot)
        for r in down[pivot]:
            across[r].discard(pivot)
            across[r] |= across[pivot]
            kept[r] |= across[pivot]
        for c in across[pivot]:
            down[c].discard(pivot)
            down[c] |= down[pivot]
    position = {v: k for k, v in enumerate(order)}
    rows = tuple(tuple(sorted(position[j] for j in kept[v])) for v in order)
    return tuple(order), rows
