"""Kaplan-Meier curves of the arms with their bands, numbers at risk and events, and the landmarks with both intervals.

Steps are drawn as steps.  The numbers at risk stand under the axis at the days they belong to; the same numbers are in
the data table.  More arms than can be told apart are drawn a few at a time, each time with the control.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from ... import svg
from ...captions import Caption
from ...formats import DAYS_PER_MONTH, months, percent, shortened, whole
from ...tables import DataTable
from ...trial_records import Arm, Curve, Estimate, Times, Trial
from ..plots import framed, y_axis
from .estimates import MONTHS, PERCENT, Row, chart, key, table, told
from .panel import MOST_DRAWN, NOTHING, Panel, look, swatch

MOST_STEPS = 80  # steps a curve is drawn with
TABLE_ROWS = 9
MOST_RISKS = 5  # columns of numbers at risk under the axis, so that they keep apart on a phone; the table has all
MOST_LANDMARKS = 2  # drawn for each arm, at round years first; all stand in the data table
HOW = (
    "Steps: Kaplan-Meier estimate of those simulated; bands: 95%, where a trial of the design’s size would find the "
    "curve."
)
LABEL_GAP = 7.0  # per cent of the plot's height between two labels
NAME_LENGTH = 13


def survival(trial: Trial, arms: Sequence[Arm], outcome: str, title: str, sub: str) -> Panel:
    """``sub``: what counts as the event; arms without this outcome are named and left out."""
    found = [(arm, arm.times[outcome]) for arm in arms if outcome in arm.times]
    drawn = [(arm, t) for arm, t in found if t.curve.day]
    many = len(trial.arms) > MOST_DRAWN
    n = ", ".join(f"{look(trial, a).name} {t.n:.0f}" for a, t in drawn)
    if not drawn:
        return Panel(title, sub, Caption("Nobody on these arms has this outcome.", ""), ())
    landmarks = [(arm, e) for arm, t in drawn for e in t.landmarks]
    rows = [
        Row(swatch(trial, arm), e, look(trial, arm).colour, small=f"at {_month(e.day)} months")
        for arm, t in drawn
        for e in _marked(t)
    ]
    medians = [(arm.label, t.median) for arm, t in drawn]
    return Panel(
        title,
        f"{sub} Simulated n: {n}.",
        Caption(_finding(drawn, outcome), HOW),
        (
            _curves(title, drawn),
            _risks(title, drawn),
            table(MONTHS, f"{title}, median in months", "Arm", medians),
            table(
                PERCENT, f"{title}, landmarks", "Arm", [(f"{a.label}, {_month(e.day)} months", e) for a, e in landmarks]
            ),
        ),
        picture=_picture(trial, title, drawn),
        charts=(chart(PERCENT, f"{title}: landmarks on each arm", "Landmarks", rows),) if rows and not many else (),
        legend=NOTHING if many else key([r.estimate for r in rows]),
    )


def _marked(t: Times) -> Sequence[Estimate]:
    yearly = [e for e in t.landmarks if e.day and round(e.day / DAYS_PER_MONTH) % 12 == 0]
    return (yearly if len(yearly) >= MOST_LANDMARKS else t.landmarks)[:MOST_LANDMARKS]


def _month(day: float | None) -> str:
    return "–" if day is None else f"{day / DAYS_PER_MONTH:.0f}"


def _finding(drawn: Sequence[tuple[Arm, Times]], outcome: str) -> str:
    def median(e: Estimate | None) -> str:
        return f"{told(MONTHS, e)} months" if e else "not reached"

    what = {"pfs": "progression-free survival", "os": "overall survival"}.get(outcome, "duration of response")
    if all(t.median is None for _, t in drawn):
        return f"Median {what} is not reached by the end of follow-up."
    return f"Median {what}: " + "; ".join(f"{arm.label} {median(t.median)}" for arm, t in drawn) + "."


def _steps(t: Times, end: float) -> tuple[list[float], list[float], list[float], list[float]]:
    """The curve from day 0 at 1 as corners of steps, thinned, to the last day on which anybody is known at risk."""
    curve = t.curve
    step = max(1, math.ceil(len(curve.day) / MOST_STEPS))
    at = [*range(0, len(curve.day) - 1, step), len(curve.day) - 1]
    days, value, low, high = [0.0], [1.0], [1.0], [1.0]
    for i in at:
        if curve.day[i] > end:
            break
        days += [curve.day[i], curve.day[i]]
        for column, series in zip((value, low, high), (curve.value, curve.low, curve.high), strict=True):
            column += [column[-1], min(max(series[i], 0.0), 1.0)]
    known = [d for d, n in zip(t.risk.day, t.risk.at_risk, strict=True) if n > 0 and d <= end]
    if known and known[-1] > days[-1]:
        days.append(known[-1])
        for column in (value, low, high):
            column.append(column[-1])
    return days, value, low, high


def _end(drawn: Sequence[tuple[Arm, Times]]) -> float:
    return max(max(t.curve.day[-1], *t.risk.day, 1.0) for _, t in drawn)


def _picture(trial: Trial, title: str, drawn: Sequence[tuple[Arm, Times]]) -> Markup:
    end = _end(drawn)
    across, up = svg.Scale(0.0, end), svg.Scale(0.0, 1.0, pad=2.0)
    shares = (0.0, 0.25, 0.5, 0.75, 1.0)
    grid = svg.join(svg.level(up.y(t), "ax" if t == 0 else "gl") for t in shares)
    bands, lines = Markup(""), Markup("")
    wanted = []
    for arm, t in drawn:
        style = look(trial, arm)
        xs, value, low, high = _steps(t, end)
        bands += svg.band(xs, low, high, across, up, f"f-{style.colour} area90")
        lines += svg.curve(xs, value, across, up, f"s-{style.colour} w2 {style.dash}".strip())
        wanted.append((100 - up.raw(value[-1]), style))
    places = svg.spread([y for y, _ in wanted], LABEL_GAP, 3, 97)
    names = svg.join(
        svg.text("0", f"{y:.1f}%", shortened(style.name, NAME_LENGTH), f"f-{style.colour} b", dx=8)
        for y, (_, style) in zip(places, wanted, strict=True)
    )
    ticks = _month_ticks(end)
    axis = svg.join(svg.text(across.x(m * DAYS_PER_MONTH), "60%", f"{m:g}", "m") for m in ticks)
    label = f"{title}, Kaplan-Meier curves. " + " ".join(_said(arm, t) for arm, t in drawn)
    return framed(
        y_axis(up, [(t, percent(t) if t else "0") for t in shares], "h14"),
        svg.drawing(grid + svg.stretched(bands + lines), css="h14", label=label),
        svg.drawing(names, css="h14"),
        svg.drawing(axis, css="h1"),
        unit="months",
        css="lab7",
    ) + _at_risk(trial, drawn, across)


def _said(arm: Arm, t: Times) -> str:
    return (
        f"{arm.label}: {percent(t.curve.value[-1])} ({whole(t.curve.low[-1])}–{whole(t.curve.high[-1])}) at month "
        f"{t.curve.day[-1] / DAYS_PER_MONTH:.0f}, {t.events:.0f} events in {t.n:.0f}."
    )


def _month_ticks(end: float) -> list[float]:
    last = end / DAYS_PER_MONTH
    step = next((s for s in (1, 2, 3, 6, 12, 24) if last / s <= 6), 24)
    return [float(m) for m in range(0, int(last + 0.05) + 1, step)]


def _at_risk(trial: Trial, drawn: Sequence[tuple[Arm, Times]], across: svg.Scale) -> Markup:
    """Numbers at risk (events so far) under the axis, one line an arm."""
    out = Markup('<p class="risk-head">At risk (events so far)</p>')
    for arm, t in drawn:
        numbers = svg.join(
            svg.text(across.x(day), "32%", f"{n:.0f}", "m")
            + svg.text(across.x(day), "32%", f"({e:.0f})", "m t-3", dy=18)
            for day, n, e in _columns(t, across)
        )
        out += Markup(
            '<div class="risk"><p>{}</p><div class="yplot lab7"><span></span>{}<span></span></div></div>'
        ).format(swatch(trial, arm), svg.drawing(numbers, css="h2"))
    return out


def _columns(t: Times, across: svg.Scale) -> Sequence[tuple[float, float, float]]:
    """Day, number at risk and events so far, every so many of them."""
    rows = [r for r in zip(t.risk.day, t.risk.at_risk, t.risk.events, strict=True) if across.lo <= r[0] <= across.hi]
    return rows[:: max(1, math.ceil((len(rows) - 1) / (MOST_RISKS - 1)))] if rows else rows


def _curves(title: str, drawn: Sequence[tuple[Arm, Times]]) -> DataTable:
    end = _end(drawn)
    rows = []
    for k in range(TABLE_ROWS):
        day = end * k / (TABLE_ROWS - 1)
        row = [months(day / DAYS_PER_MONTH)]
        for _, t in drawn:
            row.append(_at(t.curve, day))
        rows.append(tuple(row))
    return DataTable(f"{title}, curves", ("Months", *(f"{a.label}, % (band)" for a, _ in drawn)), tuple(rows))


def _at(curve: Curve, day: float) -> str:
    """The step that holds on ``day``; '–' after the curve's last day."""
    passed = [i for i, d in enumerate(curve.day) if d <= day]
    if not passed:
        return "100 (100–100)"
    if day > curve.day[-1] and passed[-1] == len(curve.day) - 1 and curve.value[-1] > 0:
        return f"{whole(curve.value[-1])} (last step, month {curve.day[-1] / DAYS_PER_MONTH:.0f})"
    i = passed[-1]
    return f"{whole(curve.value[i])} ({whole(curve.low[i])}–{whole(curve.high[i])})"


def _risks(title: str, drawn: Sequence[tuple[Arm, Times]]) -> DataTable:
    days = sorted({d for _, t in drawn for d in t.risk.day})
    rows = []
    for day in days:
        row = [months(day / DAYS_PER_MONTH)]
        for _, t in drawn:
            at = t.risk.day.index(day) if day in t.risk.day else None
            row += ["–", "–"] if at is None else [f"{t.risk.at_risk[at]:.0f}", f"{t.risk.events[at]:.0f}"]
        rows.append(tuple(row))
    head = [h for a, _ in drawn for h in (f"{a.label}: at risk", "events")]
    return DataTable(f"{title}, numbers at risk and events", ("Months", *head), tuple(rows))
