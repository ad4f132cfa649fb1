"""What was not known and how much of the answer's width it accounts for."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from hepaxis.plan.schema import MissingRow

from .. import svg
from ..formats import finite, percent
from ..tables import Cell, RowChart, value_cell

HEADROOM = 1.08  # so that the last tick's label stays inside its column
LEAST_VALUE = 0.4  # the axis reaches at least 40% of the width


def by_value(rows: Sequence[MissingRow]) -> tuple[MissingRow, ...]:
    return tuple(sorted(rows, key=lambda r: -(r.value if r.value is not None and finite(r.value) else -1.0)))


def missing(rows: Sequence[MissingRow]) -> RowChart:
    """Bars from zero, sorted by value; items whose worth was not computed come last and say so."""
    values = [r.value for r in rows if r.value is not None and finite(r.value)]
    scale = svg.Scale(0.0, max([LEAST_VALUE, *values]) * HEADROOM)
    ticks = svg.linear_ticks(0.0, scale.hi, 4)
    grid = svg.gridlines(scale, ticks, marked=0.0, css="ax")
    out = []
    for row in by_value(rows):
        known = row.value is not None and finite(row.value)
        bar = (
            svg.box("0", "32%", scale.width(0.0, row.value), "36%", "f-regimen-2")
            if known and row.value is not None
            else Markup("")
        )
        label = Cell("label", row.label, small="; ".join(t for t in (row.action, row.detail) if t))
        value = (
            value_cell(percent(row.value)) if known and row.value is not None else Cell("value", "not computed", "dim")
        )
        out.append((label, Cell("chart", svg.drawing(grid + bar)), value))
    labels = svg.tick_labels(scale, [(t, percent(t) if t else "0") for t in ticks])
    head = (
        Cell("label", "Measure next, sorted by value"),
        Cell("chart", svg.drawing(labels, css="axis")),
        Cell("value", "of the interval’s width"),
    )
    return RowChart("voi", "Value of each missing item", tuple(out), head)
