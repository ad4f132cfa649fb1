"""Trajectories of a simulated scenario: one small plot an observed quantity, all on one axis of days.

Several people: median with bands of 50% and 90%; one person: the line.  A hairline marks day 0.  The plot keeps zero in
view where a quantity comes near it, so that a small change does not look like a large one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .. import svg
from ..formats import finite, quantity, signed_day
from ..tables import DataTable, Plot
from .plots import framed, y_axis

MOST_POINTS = 240  # points a line is drawn with
LEAST_SPAN = 0.05  # the axis spans at least this share of the values, so that what is steady looks steady
ZERO_SHARE = 0.5  # zero is kept in view where the lowest value is below this share of the highest
TABLE_ROWS = 7


@dataclass(frozen=True)
class Trace:
    """One quantity.  ``bands`` (lo90, lo50, hi50, hi90), or None for one person."""

    name: str
    label: str
    unit: str
    days: Sequence[float]
    median: Sequence[float]
    bands: tuple[Sequence[float], Sequence[float], Sequence[float], Sequence[float]] | None = None


def trajectory(trace: Trace, pinned: Trace | None = None) -> Plot | None:
    """None where there is nothing finite to draw.  ``pinned``: another run's, dashed behind it."""
    at = _drawn(trace)
    if len(at) < 2:
        return None
    xs = [trace.days[i] for i in at]
    middle = [trace.median[i] for i in at]
    bands = [[series[i] for i in at] for series in trace.bands or ()]
    behind = [] if pinned is None else _drawn(pinned)
    former = [] if pinned is None else [pinned.median[i] for i in behind]
    values = [v for series in (middle, *bands, former) for v in series]
    across = svg.Scale(xs[0], xs[-1])
    low, high = min(values), max(values)
    kept: tuple[float, ...] = (0.0,) if 0 <= low < ZERO_SHARE * high or high < 0 or low < 0 < high else ()
    least = LEAST_SPAN * max(abs(low), abs(high))
    if high - low < least and not kept:
        kept = ((low + high - least) / 2, (low + high + least) / 2)
    up = svg.linear_scale(values, include=kept)
    ticks = svg.linear_ticks(up.lo, up.hi, 4)
    grid = svg.join(svg.level(up.y(t), "ax" if t == 0 else "gl") for t in ticks)
    if across.lo < 0 < across.hi:
        grid += svg.upright(across.x(0.0), "zero")
    lines = svg.curve(xs, middle, across, up, "s-gut w2")
    if bands:
        lo90, lo50, hi50, hi90 = bands
        lines = (
            svg.band(xs, lo90, hi90, across, up, "f-gut area90") + svg.band(xs, lo50, hi50, across, up, "f-gut area50")
        ) + lines
    if pinned is not None and len(behind) > 1:
        lines = svg.curve([pinned.days[i] for i in behind], former, across, up, "s-ink w1 dash") + lines
    days = svg.linear_ticks(across.lo, across.hi, 5)
    labels = svg.join(svg.text(across.x(t), "60%", signed_day(t) if across.lo < 0 else f"{t:.0f}", "m") for t in days)
    return Plot(
        framed(
            y_axis(up, [(t, quantity(t)) for t in ticks], "h9"),
            svg.drawing(grid + svg.stretched(lines), css="h9", label=_sentence(trace, at)),
            svg.drawing(svg.join(()), css="h9"),
            svg.drawing(labels, css="h1"),
            unit="days",
            css="lab3",
        ),
        _data(trace, at),
    )


def _drawn(trace: Trace) -> list[int]:
    series = (trace.median, *(trace.bands or ()))
    known = [i for i in range(len(trace.days)) if finite(*(s[i] for s in series))]
    step = max(1, math.ceil(len(known) / MOST_POINTS))
    chosen = known[::step]
    return chosen if not known or chosen[-1] == known[-1] else [*chosen, known[-1]]


def _sentence(trace: Trace, at: Sequence[int]) -> str:
    unit = f" {trace.unit}" if trace.unit else ""
    first, last = at[0], at[-1]
    low = min(at, key=lambda i: trace.median[i])
    high = max(at, key=lambda i: trace.median[i])

    def told(i: int) -> str:
        return f"{quantity(trace.median[i])}{unit} on day {trace.days[i]:.0f}"

    return f"{trace.label}: {told(first)}, {told(last)}; lowest {told(low)}, highest {told(high)}."


def _data(trace: Trace, at: Sequence[int]) -> DataTable:
    picked = [at[round(k * (len(at) - 1) / (TABLE_ROWS - 1))] for k in range(TABLE_ROWS)]
    head = ["Day", "Median" if trace.bands else "Value"]
    rows = [[f"{trace.days[i]:g}", quantity(trace.median[i])] for i in dict.fromkeys(picked)]
    if trace.bands:
        lo90, lo50, hi50, hi90 = trace.bands
        head += ["50% interval", "90% interval"]
        for row, i in zip(rows, dict.fromkeys(picked), strict=True):
            row += [f"{quantity(lo50[i])} to {quantity(hi50[i])}", f"{quantity(lo90[i])} to {quantity(hi90[i])}"]
    return DataTable(trace.label, tuple(head), tuple(tuple(row) for row in rows))
