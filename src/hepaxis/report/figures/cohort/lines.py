"""Curves with bands and clouds of points, in one frame; numbers at risk under survival curves."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from ... import svg
from ...cohort_records import Cloud, Line, Panel
from ...formats import shortened
from ..plots import framed, y_axis
from ..trial.panel import legend

LOOKS = (("regimen", ""), ("tumour", "dash"), ("exposure", "dot"), ("gut", ""))
MOST_POINTS = 160  # corners of a curve; more are thinned
NAME_LENGTH = 15
LABEL_GAP = 8.0
TICKS = 4


def look(place: int) -> tuple[str, str]:
    return LOOKS[place % len(LOOKS)]


def lines(panel: Panel) -> Markup:
    """The panel's curves; survival curves start at 1 and are drawn as steps."""
    drawn = [line for line in panel.lines if line.x]
    if not drawn:
        return Markup("")
    across = _scale([x for line in drawn for x in line.x], survival=bool(panel.at_risk))
    ys = [y for line in drawn for y in (*line.y, *line.low, *line.high) if y is not None]
    up = svg.Scale(0.0, 1.0, pad=2.0) if ys and min(ys) >= 0 and max(ys) <= 1 else svg.linear_scale(ys)
    ticks = svg.linear_ticks(up.lo, up.hi, TICKS)
    body = svg.join(svg.level(up.y(t), "ax" if t == 0 else "gl") for t in ticks)
    marks, wanted = Markup(""), []
    for place, line in enumerate(drawn):
        colour, dash = look(place)
        xs, y, low, high = _corners(line)
        if low:
            marks += svg.band(xs, low, high, across, up, f"f-{colour} area90")
        marks += svg.curve(xs, y, across, up, f"s-{colour} w2 {dash}".strip())
        wanted.append((100 - up.raw(y[-1]), line.label, colour))
    places = svg.spread([w[0] for w in wanted], LABEL_GAP, 3, 97)
    names = svg.join(
        svg.text("0", f"{at:.1f}%", shortened(label, NAME_LENGTH), f"f-{colour} b", dx=8)
        for at, (_, label, colour) in zip(places, wanted, strict=True)
    )
    below = svg.join(svg.text(across.x(t), "60%", f"{t:g}", "m") for t in _inside(across))
    picture = framed(
        y_axis(up, [(t, f"{t:g}") for t in ticks], "h14"),
        svg.drawing(body + svg.stretched(marks), css="h14", label=f"{panel.title}. {panel.finding}"),
        svg.drawing(names, css="h14"),
        svg.drawing(below, css="h1"),
        unit=panel.x_label,
        css="lab9",
    )
    return _y_words(panel) + picture + _key(drawn) + _at_risk(panel, drawn, across)


def _y_words(panel: Panel) -> Markup:
    return Markup('<p class="risk-head">{}</p>').format(panel.y_label) if panel.y_label else Markup("")


def _key(drawn: Sequence[Line]) -> Markup:
    items = []
    for place, line in enumerate(drawn):
        colour, dash = look(place)
        items.append((svg.level("50%", f"w2 s-{colour} {dash}".strip()), line.label))
    return legend(items, 26)


def clouds(panel: Panel) -> Markup:
    """The panel's points; each group in its colour."""
    drawn = [cloud for cloud in panel.clouds if cloud.x]
    if not drawn:
        return Markup("")
    across, up = (svg.linear_scale([v for c in drawn for v in values(c)], include=(0.0,)) for values in (_xs, _ys))
    body = svg.join(svg.level(up.y(t), "gl") for t in svg.linear_ticks(up.lo, up.hi, TICKS))
    body += svg.join(svg.upright(across.x(t), "gl") for t in svg.linear_ticks(across.lo, across.hi, TICKS))
    for place, cloud in enumerate(drawn):
        colour, _ = look(place)
        body += svg.join(
            svg.dot(across.x(x), up.y(y), f"f-{colour} faint2", 3.5) for x, y in zip(cloud.x, cloud.y, strict=True)
        )
    picture = framed(
        y_axis(up, [(t, f"{t:g}") for t in svg.linear_ticks(up.lo, up.hi, TICKS)], "h16"),
        svg.drawing(body, css="h16", label=f"{panel.title}. {panel.sub}"),
        svg.drawing(Markup(""), css="h16"),
        svg.drawing(svg.join(svg.text(across.x(t), "60%", f"{t:g}", "m") for t in _inside(across)), css="h1"),
        unit=panel.x_label,
        css="lab9",
    )
    items = [(svg.dot("50%", "50%", f"f-{look(i)[0]}", 4), f"{c.label} ({len(c.x)})") for i, c in enumerate(drawn)]
    return _y_words(panel) + picture + legend(items, 14)


def _xs(cloud: Cloud) -> Sequence[float]:
    return cloud.x


def _ys(cloud: Cloud) -> Sequence[float]:
    return cloud.y


def _scale(values: Sequence[float], *, survival: bool) -> svg.Scale:
    lo, hi = min(values), max(values)
    if survival:
        return svg.Scale(0.0, max(hi, 1e-9))
    room = (hi - lo) * 0.03 or 0.5
    return svg.Scale(lo - room, hi + room)


def _inside(scale: svg.Scale) -> list[float]:
    return svg.linear_ticks(scale.lo, scale.hi, TICKS)


def _corners(line: Line) -> tuple[list[float], list[float], list[float], list[float]]:
    """Points to draw, steps as corners; bands only where they are known all along."""
    at = range(len(line.x))
    if len(line.x) > MOST_POINTS:
        step = math.ceil(len(line.x) / MOST_POINTS)
        at = [*range(0, len(line.x) - 1, step), len(line.x) - 1]  # type: ignore[assignment]
    xs: list[float] = []
    found: tuple[list[float], list[float], list[float]] = ([], [], [])
    columns = (line.y, line.low, line.high)
    for i in at:
        repeat = 2 if line.step and xs else 1
        xs += [line.x[i]] * repeat
        for series, column in zip(found, columns, strict=True):
            if not column:
                continue
            value = column[i]
            known = series[-1] if value is None and series else (value or 0.0)
            if repeat == 2:
                series.append(series[-1])
            series.append(known)
    return xs, *found


def _at_risk(panel: Panel, drawn: Sequence[Line], across: svg.Scale) -> Markup:
    """Numbers still followed, under the axis."""
    if not panel.at_risk:
        return Markup("")
    out = Markup('<p class="risk-head">Still followed</p>')
    for place, line in enumerate(drawn):
        numbers = svg.join(
            svg.text(across.x(t), "60%", str(n), "m")
            for t, n in panel.at_risk.get(line.label, ())
            if across.lo <= t <= across.hi
        )
        name = Markup('<i class="sw {}"></i>{}').format(look(place)[0], line.label)
        out += Markup(
            '<div class="risk"><p>{}</p><div class="yplot lab9"><span></span>{}<span></span></div></div>'
        ).format(name, svg.drawing(numbers, css="h1"))
    return out
