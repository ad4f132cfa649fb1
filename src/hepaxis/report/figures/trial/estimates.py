"""Estimates with their two intervals, as rows of a chart.

Solid, with the dot: where a trial of the design's size would find it.  Dashed, with a tick: how far it moves between
draws of the model's mechanisms.  Two lines in a row, never one: they answer different questions and do not add up.
A value without any interval is told as text and not drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ... import svg
from ...formats import ABSENT, DAYS_PER_MONTH, finite, percent, points, signed, tick, whole
from ...tables import Cell, DataTable, RowChart, value_cell
from ...trial_records import Estimate, Range
from .panel import legend

UPPER, LOWER = "34%", "70%"  # heights of the two lines
LEAST_RATIO, MOST_RATIO = 0.5, 2.0  # a ratio's axis shows at least this much
NO_INTERVAL = "no interval"
RATIO_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


@dataclass(frozen=True)
class Measure:
    """How a kind of number is written and drawn.  ``nothing``: the value of no difference, or None."""

    unit: str
    write: Callable[[float], str]
    bare: Callable[[float], str]  # in a range, without the unit
    joint: str
    nothing: float | None
    log: bool = False
    include: tuple[float, ...] = (0.0,)
    most: float | None = None

    def limits(self, found: Range) -> str:
        """``14–36``; with a negative limit ``−5 to 15``, which a dash would garble."""
        joint = " to " if self.joint == "–" and found.low < 0 else self.joint
        high = self.bare(found.high) if finite(found.high) else "not reached"
        return f"{self.bare(found.low)}{joint if finite(found.high) else ' to '}{high}"

    def scale(self, estimates: Sequence[Estimate | None]) -> svg.Scale:
        known = [e for e in estimates if e and e.told]
        ends = [v for e in known for r in (e.trial, e.draws) if r for v in (r.low, r.high) if finite(v)]
        ends += [e.value for e in known]
        if self.log:
            inside = [v for v in ends if finite(v) and v > 0] + [LEAST_RATIO, MOST_RATIO]
            return svg.Scale(max(min(inside), RATIO_TICKS[0]) / 1.08, min(max(inside), RATIO_TICKS[-1]) * 1.08, True)
        if self.most is not None:
            return svg.Scale(0.0, min(max([*ends, *self.include]), self.most) * 1.08)
        return svg.linear_scale(ends, include=self.include)

    def ticks(self, scale: svg.Scale, most: int = 4) -> list[float]:
        if self.log:
            return _thinned([t for t in RATIO_TICKS if scale.lo <= t <= scale.hi], most)
        if self is MONTHS:
            return [m * DAYS_PER_MONTH for m in svg.linear_ticks(0.0, scale.hi / DAYS_PER_MONTH, most)]
        ticks = svg.linear_ticks(scale.lo, scale.hi, most)
        return ticks if len(ticks) > 1 else svg.linear_ticks(scale.lo, scale.hi, 2 * most)

    def tick(self, value: float) -> str:
        """Label on the axis: as few digits as it needs."""
        if self.log or value == 0:
            return f"{value:g}"
        if self is MONTHS:
            return f"{value / DAYS_PER_MONTH:g}"
        return tick(value * 100) if self is POINTS else self.write(value)


def _thinned(ticks: list[float], most: int) -> list[float]:
    """At most ``most`` + 1 of the ticks of a ratio: no difference, and the outer ones."""
    if len(ticks) <= most + 1:
        return ticks
    kept = {1.0, ticks[0], ticks[-1]} if ticks[0] < 1.0 < ticks[-1] else {ticks[0], ticks[-1]}
    return [t for t in ticks if t in kept]


def _ratio(value: float) -> str:
    return f"{value:.2f}" if finite(value) else ABSENT


def _months(days: float) -> str:
    return f"{days / DAYS_PER_MONTH:.1f}" if finite(days) else ABSENT


def _whole_days(days: float) -> str:
    return signed(days, 0) if finite(days) else ABSENT


PERCENT = Measure("%", percent, whole, "–", None, include=(0.0, 0.4), most=1.0)
POINTS = Measure("points", points, points, ", ", 0.0, include=(-0.1, 0.0, 0.1))
RATIO = Measure("ratio", _ratio, _ratio, "–", 1.0, log=True)
MONTHS = Measure("months", _months, _months, "–", None, include=(0.0, 12 * DAYS_PER_MONTH))
DAYS = Measure("days", _whole_days, _whole_days, ", ", 0.0, include=(-14.0, 0.0, 14.0))


@dataclass(frozen=True)
class Row:
    """One estimate of a chart, drawn in a category's colour."""

    label: Markup | str
    estimate: Estimate | None
    colour: str
    small: Markup | str = ""
    css: str = ""


def told(measure: Measure, found: Estimate | None) -> str:
    """``15% (8–25)`` by the trial's interval, else by that of the mechanisms."""
    if found is None:
        return ABSENT
    one = found.trial or found.draws
    inside = measure.limits(one) if one is not None and found.told else _bare(found)
    return f"{measure.write(found.value)} ({inside})"


def value(measure: Measure, found: Estimate | None, absent: str = ABSENT) -> Cell:
    """The number in bold with the trial's interval, that of the mechanisms on a second line."""
    if found is None:
        return Cell("value", absent)
    if not found.told:
        return Cell("value", value_cell(measure.write(found.value)).body, small=_bare(found))
    strong = value_cell(measure.write(found.value), measure.limits(found.trial) if found.trial else "")
    small = f"mechanisms {spread(measure, found.draws)}" if found.draws else ""
    return Cell(strong.kind, strong.body, small=small)


def _bare(found: Estimate) -> str:
    """In place of an interval: of how many simulated, where it is none or all of them."""
    if found.trial is None or found.n is None or found.count not in (0, found.n):
        return NO_INTERVAL
    return f"{'none' if found.count == 0 else 'all'} of {found.n:.0f} simulated"


def spread(measure: Measure, draws: Range) -> str:
    """Limits over draws; where no spread was told apart from none, how large its sd may be all the same."""
    if not draws.unseen:
        return measure.limits(draws)
    most = draws.sd_most
    if most is None or measure is MONTHS:  # the spread of a median is that of the curve there
        return "none seen"
    size = f"{most:.2f}" if measure.log else f"{most:.0f}" if measure is DAYS else f"{most * 100:.1f}"
    return f"sd ≤ {size}"


def marks(scale: svg.Scale, found: Estimate | None, colour: str) -> Markup:
    """Both intervals; nothing where there is none."""
    if found is None or not found.told:
        return Markup("")
    out = Markup("")
    if found.draws and not found.draws.unseen:
        left, right = scale.x(found.draws.low), scale.x(min(found.draws.high, scale.hi))
        out += svg.level(LOWER, f"ivd s-{colour}", left, right)
        out += svg.upright(scale.x(found.value), f"ivt s-{colour}", "58%", "82%")
    if found.trial and not found.trial.unseen:
        out += svg.level(UPPER, f"ivt s-{colour}", scale.x(found.trial.low), scale.x(min(found.trial.high, scale.hi)))
        out += svg.dot(scale.x(found.value), UPPER, f"f-{colour} pt0", 5)
    return out


def chart(
    measure: Measure, label: str, head: str, rows: Sequence[Row], *, css: str = "", absent: str = ABSENT
) -> RowChart:
    """Rows on one axis.  ``label`` describes the chart, ``head`` its first column."""
    scale = measure.scale([r.estimate for r in rows])
    ticks = measure.ticks(scale, 2 if "mini" in css else 3)
    nothing = measure.nothing if measure.nothing is not None else 0.0
    grid = svg.gridlines(scale, ticks, marked=nothing, css="zero" if measure.nothing is not None else "ax")
    body = tuple(
        (
            Cell("label", r.label, r.css, small=r.small),
            Cell("chart", svg.drawing(grid + marks(scale, r.estimate, r.colour))),
            value(measure, r.estimate, absent),
        )
        for r in rows
    )
    axis = Cell("chart", svg.drawing(svg.tick_labels(scale, [(t, measure.tick(t)) for t in ticks]), css="axis"))
    return RowChart(
        f"est {css}".strip(), label, body, (Cell("label", head), axis, Cell("value", _unit(measure, rows), "hd"))
    )


def _unit(measure: Measure, rows: Sequence[Row]) -> str:
    levels = {r.estimate.trial.level for r in rows if r.estimate and r.estimate.trial}
    return f"{measure.unit} ({levels.pop() * 100:.0f}%)" if len(levels) == 1 else measure.unit


def table(measure: Measure, title: str, head: str, rows: Sequence[tuple[str, Estimate | None]]) -> DataTable:
    """The numbers of a chart: estimate, n and limits of the trial, limits and number of draws."""
    cells = []
    for label, e in rows:
        trial, draws = (e.trial, e.draws) if e else (None, None)
        cells.append(
            (
                label,
                measure.write(e.value) if e else ABSENT,
                measure.limits(trial) if trial else "–",
                str(trial.n) if trial and trial.n is not None else "–",
                spread(measure, draws) if draws else "–",
                str(draws.n) if draws and draws.n is not None else "–",
            )
        )
    columns = (head, f"Estimate, {measure.unit}", f"Trial {_level(rows, 'trial')}", "n of the trial")
    return DataTable(title, (*columns, f"Mechanisms {_level(rows, 'draws')}", "Draws"), tuple(cells))


def _level(rows: Sequence[tuple[str, Estimate | None]], which: str) -> str:
    found = {r.level for _, e in rows if e and (r := getattr(e, which))}
    return f"{found.pop() * 100:.0f}%" if len(found) == 1 else "interval"


def excludes(measure: Measure, found: Range | None) -> int:
    """-1 below, +1 above the value of no difference, 0 where the interval holds it or there is none."""
    if found is None or measure.nothing is None:
        return 0
    return (found.low > measure.nothing) - (found.high < measure.nothing)


def key(estimates: Iterable[Estimate | None]) -> Markup:
    """What the two lines are, with their levels and numbers; '' where no interval is drawn."""
    known = [e for e in estimates if e]
    words = []
    if trials := [e.trial for e in known if e.trial]:
        n = _count(trials)
        size = f"a trial of n\u00a0=\u00a0{n}" if n else "a trial of this size"
        words.append(("ivt", f"{_levels(trials)}{size}: chance of patients"))
    draws = [e.draws for e in known if e.draws]
    if draws:
        n = _count(draws)
        words.append(("ivd", f"{_levels(draws)}{n + ' ' if n else ''}draws of the mechanisms: what is not known"))
    if any(d.unseen for d in draws):
        words.append(("", "sd ≤: no spread of the mechanisms seen, but it may be as large (points, or log of a ratio)"))
    return legend(((svg.level("50%", f"{css} s-ink") if css else Markup(""), text) for css, text in words), 22)


def _levels(found: Sequence[Range]) -> str:
    levels = {r.level for r in found}
    return f"{levels.pop() * 100:.0f}% interval, " if len(levels) == 1 else "interval, "


def _count(found: Sequence[Range]) -> str:
    """Lowest and highest n; '' where none is given."""
    counts = {r.n for r in found if r.n is not None}
    return f"{min(counts)}–{max(counts)}" if len(counts) > 1 else "".join(map(str, counts))
