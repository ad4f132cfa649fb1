"""A forest: one row an estimate with its 95% interval, on one axis, the line of no difference drawn."""

from __future__ import annotations

from markupsafe import Markup

from ... import svg
from ...cohort_records import Mark, Panel
from ...formats import finite, quantity, true_minus
from ...tables import Cell, RowChart

COLOURS = {"main": "regimen", "other": "gut", "quiet": "exposure"}
RATIO_TICKS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
LEAST_RATIO, MOST_RATIO = 0.5, 2.0
LIMIT_RATIO = 12.0  # a ratio's axis shows at most this, either way; longer intervals leave the box
MOST_TICKS = 3


def forest(panel: Panel) -> RowChart:
    """The panel's marks as rows; those without a number are told and not drawn."""
    scale, ticks = _axis(panel)
    grid = svg.gridlines(scale, ticks, marked=panel.reference)
    if panel.reference is not None and panel.reference not in ticks:
        grid += svg.upright(scale.x(panel.reference), "zero")
    rows = tuple(
        (
            Cell("label", mark.label),
            Cell("chart", svg.drawing(grid + _mark(scale, mark))),
            _value(mark),
        )
        for mark in panel.marks
    )
    labels = svg.tick_labels(scale, [(t, f"{t:g}") for t in ticks])
    head = (Cell("label", ""), Cell("chart", svg.drawing(labels, css="axis")), Cell("value", "estimate (95%)", "hd"))
    return RowChart("est", panel.title, rows, head)


def _axis(panel: Panel) -> tuple[svg.Scale, list[float]]:
    ends = [v for m in panel.marks for v in (m.low, m.estimate, m.high) if v is not None and finite(v)]
    if panel.log:
        inside = [min(max(v, 1 / LIMIT_RATIO), LIMIT_RATIO) for v in ends if v > 0] + [LEAST_RATIO, MOST_RATIO]
        scale = svg.Scale(min(inside) / 1.08, max(inside) * 1.08, True)
        ticks = [t for t in RATIO_TICKS if scale.lo <= t <= scale.hi]
        if len(ticks) > MOST_TICKS + 1:
            ticks = [t for t in ticks if t in (ticks[0], 1.0, ticks[-1])]
        return scale, ticks
    include = (panel.reference,) if panel.reference is not None else (0.0,)
    scale = svg.linear_scale(ends, include=include)
    return scale, svg.linear_ticks(scale.lo, scale.hi, MOST_TICKS)


def _mark(scale: svg.Scale, mark: Mark) -> Markup:
    if mark.estimate is None:
        return Markup("")
    colour = COLOURS.get(mark.group, "ink")
    out = Markup("")
    if mark.low is not None and mark.high is not None and mark.low < mark.high:
        out += svg.level("50%", f"ivt s-{colour}", scale.x(mark.low), scale.x(mark.high))
    return out + svg.dot(scale.x(mark.estimate), "50%", f"f-{colour} pt0", 5)


def _value(mark: Mark) -> Cell:
    """What the words begin with in bold, the rest on a second line."""
    if mark.estimate is None:
        return Cell("value", "not known")
    first, comma, rest = mark.words.partition("), ")
    if not first:
        first = quantity(mark.estimate)
        if mark.low is not None and mark.high is not None and mark.low < mark.high:
            first += f" ({quantity(mark.low)} to {quantity(mark.high)})"
    elif comma:
        first += ")"
    strong, _, inside = first.partition(" ")
    body = Markup("<b>{}</b>").format(true_minus(strong))
    if inside:
        body += Markup(' <span class="dim">{}</span>').format(true_minus(inside))
    return Cell("value", body, small=true_minus(rest))
