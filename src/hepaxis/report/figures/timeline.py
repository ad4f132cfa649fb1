"""Exposures, therapy, samples and scans on one axis of days relative to the first dose (day 0).

Filled: recorded.  Hollow: planned.  What is ongoing runs to the right edge.  The days stand as text beside the marks.
"""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from hepaxis.plan.schema import TimelineItem

from .. import svg
from ..formats import day, finite, listed_up_to, signed_day
from ..tables import Cell, RowChart

BEFORE, AFTER = -30.0, 90.0  # the axis shows at least this span (days)
WINDOW = (-180.0, 400.0)  # and at most this one: what lies outside is cut at the edge and told in text
SINCE = -90.0  # what is ongoing is drawn from here at most, its start told in text
MOST_DAYS_LISTED = 4
KINDS = {"exposure": "exposure", "therapy": "regimen", "sample": "gut", "scan": "ink"}


def _window(items: Sequence[TimelineItem]) -> svg.Scale:
    days = [d for i in items for d in (i.start, i.end) if d is not None and finite(d) and not i.ongoing]
    days += [max(i.start, SINCE) for i in items if i.ongoing and finite(i.start)]
    lo = max(min([BEFORE, *days]), WINDOW[0])
    hi = min(max([AFTER, *days]), WINDOW[1])
    return svg.linear_scale((), include=(lo, hi), room=0.04)


def _mark(item: TimelineItem, scale: svg.Scale) -> Markup:
    if not finite(item.start):
        return Markup("")
    colour = KINDS.get(item.kind, "exposure")
    hollow = f"f-paper mk s-{colour}"
    if item.end is None and not item.ongoing:
        return svg.dot(scale.x(item.start), "50%", hollow if item.planned else f"f-{colour} pt0", 4.5)
    end = scale.hi if item.end is None or not finite(item.end) else min(item.end, scale.hi)
    css = (
        f"{hollow} dsh"
        if item.planned
        else f"f-{colour}-2"
        if item.kind == "exposure" and item.ongoing
        else f"f-{colour}"
    )
    start = max(item.start, scale.lo)
    return svg.box(scale.x(start), "26%", scale.width(start, end, 0.6), "48%", css)


def days_of(item: TimelineItem) -> str:
    """``day −23 to −16``, ``since day −120``, ``day +26``."""
    start = day(item.start)
    if item.ongoing:
        return f"from {start}" if item.planned else f"since {start}"
    return start if item.end is None or item.end == item.start else f"{start} to {signed_day(item.end)}"


def _row_text(group: Sequence[TimelineItem]) -> str:
    days = (
        listed_up_to([days_of(i) for i in group], MOST_DAYS_LISTED)
        .replace(", day ", ", ")
        .replace(" and day ", " and ")
    )
    planned = "planned" if all(i.planned for i in group) else ""
    details = list(dict.fromkeys(i.detail for i in group if i.detail))
    return "; ".join(part for part in (days, planned, *details) if part)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def timeline(items: Sequence[TimelineItem]) -> RowChart:
    """One row a label; rows by kind, then by first day."""
    scale = _window(items)
    ticks = svg.linear_ticks(scale.lo, scale.hi, 7)
    grid = svg.gridlines(scale, ticks, marked=0.0)
    order = list(KINDS)
    rows: dict[tuple[str, str], list[TimelineItem]] = {}
    for item in sorted(items, key=lambda i: (order.index(i.kind) if i.kind in order else len(order), i.start)):
        rows.setdefault((item.kind, item.label), []).append(item)
    out = tuple(
        (
            Cell("label", Markup('<i class="sw {}"></i>').format(KINDS.get(kind, "exposure")) + _capital(label)),
            Cell("chart", svg.drawing(grid + svg.join(_mark(i, scale) for i in group))),
            Cell("value", _row_text(group), "words"),
        )
        for (kind, label), group in rows.items()
    )
    labels = svg.join(svg.text(scale.x(t), "75%", signed_day(t), "m f-regimen b" if t == 0 else "m") for t in ticks)
    head = (
        Cell("label", "Days from first dose"),
        Cell("chart", svg.drawing(labels, css="axis")),
        Cell("value", "when", "words"),
    )
    return RowChart("tl", "Timeline of exposures, therapy, samples and scans", out, head)
