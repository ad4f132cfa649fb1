"""What was not known and how much of the answer's width it accounts for."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from hepaxis.plan.schema import MissingRow

from .. import svg
from ..formats import finite, percent
from ..tables import Cell, RowChart, value_cell

AT_PRIOR = "at its prior"  # true of every missing item and said once, in the caption
HEADROOM = 1.08  # so that the last tick's label stays inside its column
LEAST_VALUE = 0.4  # the axis reaches at least 40% of the width


def by_value(rows: Sequence[MissingRow]) -> tuple[MissingRow, ...]:
    return tuple(sorted(rows, key=lambda r: -(r.value if r.value is not None and finite(r.value) else -1.0)))


def _known(row: MissingRow) -> bool:
    return row.value is not None and finite(row.value)


def unvalued(rows: Sequence[MissingRow]) -> str:
    """The items whose worth was not computed, with what would supply them; '' without any."""
    told = [row.label + (f" ({row.action})" if row.action else "") for row in rows if not _known(row)]
    return f"Also missing, their worth not computed: {'; '.join(told)}." if told else ""


def missing(rows: Sequence[MissingRow]) -> RowChart | None:
    """Bars from zero, sorted by value; None where no item has a value."""
    valued = [(row, row.value) for row in by_value(rows) if row.value is not None and finite(row.value)]
    if not valued:
        return None
    scale = svg.Scale(0.0, max([LEAST_VALUE, *(value for _, value in valued)]) * HEADROOM)
    ticks = svg.linear_ticks(0.0, scale.hi, 4)
    grid = svg.gridlines(scale, ticks, marked=0.0, css="ax")
    out = []
    for row, value in valued:
        bar = svg.box("0", "32%", scale.width(0.0, value), "36%", "f-regimen-2") if value > 0 else Markup("")
        label = Cell("label", row.label, small="; ".join(t for t in (row.action, row.detail) if t and t != AT_PRIOR))
        out.append((label, Cell("chart", svg.drawing(grid + bar)), value_cell(percent(value))))
    labels = svg.tick_labels(scale, [(t, percent(t) if t else "0") for t in ticks])
    head = (
        Cell("label", "Measure next, sorted by value"),
        Cell("chart", svg.drawing(labels, css="axis")),
        Cell("value", "of the variance"),
    )
    return RowChart("voi", "Value of each missing item", tuple(out), head)
