"""Gut profile against its reference, and what the community can make.

Guild shares stand on a log axis in per cent; capacities on a log axis as multiples of their reference median, with
their own units as text.  A guild that was not found and a value at its prior are drawn hollow and dashed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup

from hepaxis.plan.schema import CapacityRow, GuildRow, Interval

from .. import svg
from ..formats import ABSENT, finite, quantity, share, usable, with_limits
from ..reading import capacities_by_deviation, deviation, deviation_sign, guild_ratio, guilds_by_deviation
from ..tables import Cell, RowChart, value_cell

LEAST_SHARE, MOST_SHARE = 0.0001, 1.0  # 0.01% to 100% of the community
FLOOR_SHARE = 1e-5  # a share below this is drawn at the left edge
MOST_DECADES = 3  # steps between labels of a log axis in a narrow column
NO_UNIT = frozenset({"", "1", "fraction", "share"})
RELATIVE = "reference = 1"  # unit of a capacity that is told as a multiple of its reference
LEAST_RATIO, MOST_RATIO = 0.1, 10.0
STATUSES = ("measured", "predicted", "unknown")
STATUS_WORDS = {
    "measured": "measured",
    "predicted": "predicted from the profile",
    "unknown": "unknown, at its prior",
}
_STATUS_MARKS = {
    "measured": Markup('<circle cx="7" cy="7" r="5" class="f-ink"/>'),
    "predicted": Markup(
        '<circle cx="7" cy="7" r="4.5" class="f-paper mk"/><path d="M7 2.5a4.5 4.5 0 0 1 0 9z" class="f-ink"/>'
    ),
    "unknown": Markup('<circle cx="7" cy="7" r="4.5" class="f-paper mk dsh"/>'),
}


def status_mark(status: str) -> Markup:
    """The recurring mark shapes: full, half, hollow and dashed."""
    return Markup(
        '<svg class="key-mark" width="14" height="14" viewBox="0 0 14 14" role="img" aria-label="{}">{}</svg>'
    ).format(status, _STATUS_MARKS.get(status, _STATUS_MARKS["unknown"]))


def _decade_label(fraction: float) -> str:
    return quantity(fraction * 100) + ("%" if fraction == MOST_SHARE else "")


def guilds(rows: Sequence[GuildRow], italics: Callable[[str], Markup]) -> RowChart:
    """Share of the identified community; grey band and tick are the reference."""
    scale = svg.log_scale(
        [v for r in rows for v in (r.share, r.ref_lo, r.ref_hi) if finite(v) and v >= FLOOR_SHARE],
        least=LEAST_SHARE,
        most=MOST_SHARE,
    )
    ticks = svg.decades(scale, MOST_DECADES)
    grid = svg.gridlines(scale, ticks)
    out = []
    for row in guilds_by_deviation(rows):
        marks = grid
        if finite(row.ref_lo, row.ref_hi):
            marks += svg.box(scale.x(row.ref_lo), "30%", scale.width(row.ref_lo, row.ref_hi), "40%", "refband")
        if finite(row.ref_median):
            marks += svg.upright(scale.x(row.ref_median), "reftick", "24%", "76%")
        if not row.detected:
            marks += svg.dot(scale.x(scale.lo), "50%", "f-paper mk dsh", 4.5)
            seen, sign = "none", "=" if row.ref_median == 0 else "▼"
        elif finite(row.share):
            ratio = guild_ratio(row)
            marks += svg.dot(scale.x(row.share), "50%", f"{deviation(ratio)} mk", 5.5)
            seen, sign = share(row.share), deviation_sign(ratio)
        else:
            seen, sign = ABSENT, "?"
        out.append(
            (
                Cell("label", italics(row.label), small=svg.join([_taxa(row, italics)])),
                Cell("chart", svg.drawing(marks)),
                Cell("value", Markup('<span class="sign">{}</span>\u00a0<b>{}</b>').format(sign, seen)),
                Cell("value", share(row.ref_median), "r dim"),
            )
        )
    head = (
        Cell("label", "Guild, sorted by deviation"),
        Cell("chart", svg.drawing(svg.tick_labels(scale, [(t, _decade_label(t)) for t in ticks]), css="axis")),
        Cell("value", "this gut"),
        Cell("value", "median", "r"),
    )
    return RowChart("guild", "Guilds: share in this gut and reference median", tuple(out), head)


def _taxa(row: GuildRow, italics: Callable[[str], Markup]) -> Markup:
    return Markup(", ").join(italics(t) for t in row.top_taxa[:2])


def _times_reference(value: Interval, reference: float) -> Interval | None:
    if not usable(value) or not finite(reference) or reference <= 0 or value.median <= 0:
        return None
    return Interval(*(v / reference for v in (value.median, value.lo50, value.hi50, value.lo90, value.hi90)))


def capacities(rows: Sequence[CapacityRow], italics: Callable[[str], Markup]) -> RowChart:
    """Capacities and markers as multiples of the reference median."""
    ratios = {r.id: _times_reference(r.value, r.ref_median) for r in rows}
    scale = svg.log_scale(
        [v for i in ratios.values() if i for v in (i.lo90, i.hi90)]
        + [v / r.ref_median for r in rows if ratios[r.id] for v in (r.ref_lo, r.ref_hi) if finite(v)],
        least=LEAST_RATIO,
        most=MOST_RATIO,
    )
    ticks = _around_one(scale)
    grid = svg.gridlines(scale, ticks, marked=1.0, css="ref")
    out = []
    for row in capacities_by_deviation(rows):
        ratio = ratios[row.id]
        marks = Markup("")
        if ratio and finite(row.ref_lo, row.ref_hi):
            lo, hi = row.ref_lo / row.ref_median, row.ref_hi / row.ref_median
            marks += svg.box(scale.x(lo), "28%", scale.width(lo, hi), "44%", "refband")
        marks += grid
        if ratio and row.status == "unknown":
            marks += svg.level("50%", "iv90 s-exposure dash", scale.x(ratio.lo90), scale.x(ratio.hi90))
            marks += svg.dot(scale.x(ratio.median), "50%", "f-paper mk dsh", 4.5)
        elif ratio:
            marks += svg.interval_marks(scale, ratio, "gut")
        out.append(
            (
                Cell("mark", status_mark(row.status)),
                Cell("label", italics(_capital(row.label))),
                Cell("chart", svg.drawing(marks)),
                _capacity_value(row),
            )
        )
    head = (
        Cell("blank"),
        Cell("label", "Capacity"),
        Cell("chart", svg.drawing(svg.tick_labels(scale, [(t, f"{quantity(t)}×") for t in ticks]), css="axis")),
        Cell("value", "median (90%)"),
    )
    return RowChart("cap", "Capacities and markers with 90% intervals and reference", tuple(out), head)


def _around_one(scale: svg.Scale) -> list[float]:
    """Decades with 1 among them, few enough for a narrow column."""
    every = svg.decades(scale, 100)
    step = math.ceil((len(every) - 1) / MOST_DECADES)
    return [t for t in every if round(math.log10(t)) % step == 0]


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _unit(row: CapacityRow) -> str:
    return " ×" if row.unit == RELATIVE else "" if row.unit in NO_UNIT else f" {row.unit}"


def capacity_details(rows: Sequence[CapacityRow]) -> list[tuple[CapacityRow, str, str]]:
    """Rows in the order of the figure with value and reference range as text, for the table below it."""
    out = []
    for row in capacities_by_deviation(rows):
        unit = _unit(row)
        value = with_limits(row.value, quantity) + unit if usable(row.value) else ABSENT
        reference = f"{quantity(row.ref_median)} ({quantity(row.ref_lo)} to {quantity(row.ref_hi)})"
        out.append((row, value, reference + unit if finite(row.ref_lo, row.ref_median, row.ref_hi) else ABSENT))
    return out


def _capacity_value(row: CapacityRow) -> Cell:
    if not usable(row.value):
        return value_cell(ABSENT)
    unit = _unit(row)
    strong = "at its prior" if row.status == "unknown" else quantity(row.value.median) + unit
    quiet = f"{quantity(row.value.lo90)}–{quantity(row.value.hi90)}" + (unit if row.status == "unknown" else "")
    return value_cell(strong, quiet)
