"""Predicted course: sum of target diameters over time, with bands over virtual patients.

The first curve (the base regimen) carries filled bands of 90% and 50%; each further curve its median and dashed 90%
limits.  Time is drawn in months from the first dose; RECIST thresholds are drawn for orientation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from hepaxis.plan.schema import Curve

from .. import svg
from ..formats import DAYS_PER_MONTH, finite, shortened, signed
from ..tables import DataTable, Plot
from .plots import framed, y_axis

MOST_DRAWN = 3  # curves in the plot; all stand in the data table
MOST_POINTS = 60  # points a line is drawn with
CUT = 1.5  # growth above +150% is cut at the edge of the plot
# RECIST 1.1, change of the sum of diameters (progression counts from the lowest size, drawn here from baseline).
THRESHOLDS = ((-0.30, "−30%: response"), (0.20, "+20%: progression"))
LABEL_GAP = 6.5  # per cent of the plot's height between two labels
COLOURS = ("regimen", "gut", "liver")
TABLE_ROWS = 7


def _per_cent(value: float) -> str:
    return (signed(value * 100, 0) if round(value, 4) else "0") + "%"


def _thinned(days: Sequence[float]) -> list[int]:
    step = max(1, math.ceil(len(days) / MOST_POINTS))
    chosen = list(range(0, len(days), step))
    return chosen if not days or chosen[-1] == len(days) - 1 else [*chosen, len(days) - 1]


def _complete(curve: Curve) -> bool:
    series = (curve.median, curve.lo50, curve.hi50, curve.lo90, curve.hi90)
    return len(curve.days) > 1 and all(len(s) == len(curve.days) and finite(*s) for s in series)


def nearest(curve: Curve, day: float) -> int:
    return min(range(len(curve.days)), key=lambda i: abs(curve.days[i] - day))


def course(curves: Sequence[Curve], first: str = "base") -> Plot | None:
    """None where no curve can be drawn.  ``first``: what the curve with filled bands is called beside its marks."""
    usable = [c for c in curves if _complete(c)]
    if not usable:
        return None
    drawn = usable[:MOST_DRAWN]
    across = svg.Scale(min(c.days[0] for c in drawn) / DAYS_PER_MONTH, max(c.days[-1] for c in drawn) / DAYS_PER_MONTH)
    lo = min(min(c.lo90) for c in drawn)
    hi = min(max(max(c.hi90) for c in drawn), CUT)
    up = svg.linear_scale((lo, hi), include=(-0.5, 0.5))
    ticks = svg.linear_ticks(up.lo, up.hi, 6)
    grid = svg.join(svg.level(up.y(t), "ax" if t == 0 else "gl") for t in ticks)
    grid += svg.join(svg.level(up.y(v), "ref") for v, _ in THRESHOLDS)
    lines = svg.join(_lines(c, across, up, COLOURS[i], filled=i == 0) for i, c in enumerate(drawn))
    months = [t for t in svg.linear_ticks(across.lo, across.hi, 6) if float(t).is_integer()]
    main = svg.drawing(grid + svg.stretched(lines), css="h16", label=_sentence(drawn))
    return Plot(
        framed(
            y_axis(up, [(t, _per_cent(t)) for t in ticks]),
            main,
            _labels(drawn, up, first),
            svg.drawing(svg.join(svg.text(across.x(t), "60%", f"{t:.0f}", "m") for t in months), css="h1"),
            unit="months",
            css="lab9",
        ),
        _data(usable),
        tuple(
            note
            for note in (
                f"Growth above {_per_cent(CUT)} is cut at the edge." if max(max(c.hi90) for c in drawn) > CUT else "",
                "" if len(usable) <= MOST_DRAWN else f"{len(usable) - MOST_DRAWN} more in the data table.",
            )
            if note
        ),
    )


def _lines(curve: Curve, across: svg.Scale, up: svg.Scale, colour: str, *, filled: bool) -> Markup:
    at = _thinned(curve.days)
    xs = [curve.days[i] / DAYS_PER_MONTH for i in at]
    median, lo50, hi50, lo90, hi90 = (
        [s[i] for i in at] for s in (curve.median, curve.lo50, curve.hi50, curve.lo90, curve.hi90)
    )
    if filled:
        marks = svg.band(xs, lo90, hi90, across, up, f"f-{colour} area90")
        marks += svg.band(xs, lo50, hi50, across, up, f"f-{colour} area50")
    else:
        marks = svg.join(svg.curve(xs, s, across, up, f"s-{colour} dash w1") for s in (lo90, hi90))
    return marks + svg.curve(xs, median, across, up, f"s-{colour} w2")


def _short(label: str, most: int = 20) -> str:
    return shortened(label.removeprefix("+ "), most)


def _labels(drawn: Sequence[Curve], up: svg.Scale, first: str) -> Markup:
    wanted = [(100 - up.raw(v), words, "t-3") for v, words in THRESHOLDS]
    for i, c in enumerate(drawn):
        name = first if i == 0 else _short(c.label)
        wanted.append((100 - up.raw(c.median[-1]), f"{name}, median" if i == 0 else name, f"f-{COLOURS[i]} b"))
        if i == 0:
            wanted.append((100 - up.raw(c.hi90[-1]), f"90% interval, {name}", f"f-{COLOURS[i]}"))
            wanted.append((100 - up.raw(c.hi50[-1]), f"50% interval, {name}", f"f-{COLOURS[i]}"))
        elif i == 1:
            wanted.append((100 - up.raw(c.lo90[-1]), "90% interval (dashed)", f"f-{COLOURS[i]}"))
    places = svg.spread([w[0] for w in wanted], LABEL_GAP, 2, 98)
    marks = (svg.text("0", f"{y:.1f}%", w, css, dx=8) for y, (_, w, css) in zip(places, wanted, strict=True))
    return svg.drawing(svg.join(marks), css="h16")


def _sentence(drawn: Sequence[Curve]) -> str:
    ends = "; ".join(
        f"{c.label}: median {_per_cent(c.median[-1])}, 90% interval {_per_cent(c.lo90[-1])} to {_per_cent(c.hi90[-1])}"
        for c in drawn
    )
    month = max(c.days[-1] for c in drawn) / DAYS_PER_MONTH
    return f"Predicted sum of target diameters, change from baseline, at month {month:.0f}. {ends}."


def _data(curves: Sequence[Curve]) -> DataTable:
    first, last = curves[0].days[0], max(c.days[-1] for c in curves)
    rows = []
    for k in range(TABLE_ROWS):
        day = first + (last - first) * k / (TABLE_ROWS - 1)
        row = [f"{day / DAYS_PER_MONTH:.1f}"]
        for c in curves:
            i = nearest(c, day)
            row.append(_per_cent(c.median[i]))
            row.append(f"{_per_cent(c.lo50[i])} to {_per_cent(c.hi50[i])}")
            row.append(f"{_per_cent(c.lo90[i])} to {_per_cent(c.hi90[i])}")
        rows.append(tuple(row))
    head = ["Months"]
    for c in curves:
        head += [f"{c.label}: median", "50% interval", "90% interval"]
    return DataTable("tumour size, change from baseline", tuple(head), tuple(rows))
