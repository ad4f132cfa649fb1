"""Factorisation and solve of the step's linear system, unrolled over its pattern (as IR)."""

from __future__ import annotations

from collections.abc import Sequence

from ..batch import PIVOT_LOSS
from ..ordering import LinearSystem
from .irtext import Fn, Value

# A vector division costs as much as about 30 multiplications; up to this many share one.
SHARED_DIVISION = 4


def invert_together(f: Fn, values: Sequence[Value]) -> list[Value]:
    """Reciprocals of several values with one division: from 1/(a b c d) back by multiplication."""
    partial = list(values[:1])
    for value in values[1:]:
        partial.append(partial[-1] * value)
    rest = f.const("F", 1.0) / partial[-1]
    inverses: list[Value] = []
    for k in range(len(values) - 1, 0, -1):
        inverses.append(rest * partial[k - 1])
        rest = rest * values[k]
    return [*reversed([*inverses, rest])] if inverses else [rest]


def factor(linear: LinearSystem, lanes: int) -> str:
    """Row-wise elimination in the laid out order; the diagonal is kept inverted."""
    f = Fn("factor", [("j", "p"), ("ig", "F"), ("a", "p")], lanes, result="I", inline="noinline")
    j, ig, a = f.arguments
    at = {cell: slot for slot, cell in enumerate(linear.cells)}
    place = _places(linear)
    lost = f.const("B", 0)
    pivots: list[tuple[int, Value]] = []

    def invert() -> None:
        inverses = invert_together(f, [pivot for _, pivot in pivots])
        for (i, _), inverse in zip(pivots, inverses, strict=True):
            f.store(inverse, a, place[i, i], "F")
        pivots.clear()

    for i, row in enumerate(linear.rows):
        if pivots and (len(pivots) == SHARED_DIVISION or any(c in row for c, _ in pivots)):
            invert()
        own = linear.order[i]
        diagonal = ig if own < linear.size else f.const("F", 1.0)
        cells: dict[int, Value | None] = {}
        for c in row:
            slot = at.get((own, linear.order[c]))
            cells[c] = f.load(j, slot, "F") if slot is not None else None
        entry = cells[i]
        first = diagonal if entry is None else diagonal + entry
        cells[i] = first
        touched = False
        for c in [c for c in row if c < i]:
            cell = cells[c]
            if cell is None:
                raise AssertionError("a filled entry is empty when it is eliminated")
            weight = cell * f.load(a, place[c, c], "F")
            cells[c] = weight
            for d in linear.rows[c]:
                if d > c:
                    upper, old = f.load(a, place[c, d], "F"), cells[d]
                    cells[d] = f.fma(-weight, upper, old) if old is not None else -(weight * upper)
                    touched = touched or d == i
        pivot = cells[i]
        assert pivot is not None
        if touched:
            lost = lost | ~(f.intrinsic("fabs", pivot) > f.intrinsic("fabs", first) * PIVOT_LOSS)
        pivots.append((i, pivot))
        for c in row:
            cell = cells[c]
            assert cell is not None
            if c != i:
                f.store(cell, a, place[i, c], "F")
    invert()
    # Integers, because LLVM's quick code generator cannot return vectors of truth values.
    f.ret(f.widen(lost))
    return f.text()


def _places(linear: LinearSystem) -> dict[tuple[int, int], int]:
    """Slots of the factors in the order a solve reads them: memory is walked through once, forward."""
    rows = list(enumerate(linear.rows))
    forward = [(i, c) for i, row in rows for c in row if c < i]
    backward = [(i, c) for i, row in reversed(rows) for c in row if c >= i]
    return {cell: slot for slot, cell in enumerate([*forward, *backward])}


def solve(linear: LinearSystem, lanes: int) -> str:
    """Forward, then backward; borders start at zero on the right-hand side and are not stored.

    A row subtracts what is known longest first: a solve is one long chain of dependent operations, and this keeps it
    as short as the pattern allows.
    """
    f = Fn("solve", [("a", "p"), ("b", "p")], lanes, inline="noinline")
    a, b = f.arguments
    place = _places(linear)
    size = len(linear.rows)
    x: list[Value | None] = [None] * size
    ready = [0] * size  # the latest step of the chain each unknown waits for

    def reduce(i: int, total: Value | None, columns: list[int]) -> Value | None:
        depth = ready[i]
        for c in sorted(columns, key=lambda c: ready[c]):
            known = x[c]
            if known is not None:
                cell = f.load(a, place[i, c], "F")
                total = f.fma(-cell, known, total) if total is not None else -(cell * known)
                depth = max(depth, ready[c]) + 1
        ready[i] = depth
        return total

    for i, row in enumerate(linear.rows):
        own = linear.order[i]
        start = f.load(b, own, "F") if own < linear.size else None
        x[i] = reduce(i, start, [c for c in row if c < i])
    for i in reversed(range(size)):
        total = reduce(i, x[i], [c for c in linear.rows[i] if c > i])
        if total is not None:
            total = total * f.load(a, place[i, i], "F")
            ready[i] += 1
            if linear.order[i] < linear.size:
                f.store(total, b, linear.order[i], "F")
        x[i] = total
    f.ret()
    return f.text()
