"""Fluid SVG: marks placed in per cent of a box that CSS sizes, so text keeps its size at every width.

Held here: scales and marks, each a piece of safe markup (every argument is escaped).  No style attribute is ever
written: looks come from classes.  Curves go into a nested, stretched ``viewBox`` with strokes that do not scale.
Assumes finite coordinates: figures leave out a mark whose value is not known.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from hepaxis.plan.schema import Interval

OVERSHOOT = 0.02  # share of the axis a mark may leave the box by, so that a cut value is seen as cut
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)  # steps a linear axis may have, times a power of ten


@dataclass(frozen=True)
class Scale:
    """Linear or log axis from ``lo``-``hi`` onto 0-100 per cent, ``pad`` per cent kept free at both ends."""

    lo: float
    hi: float
    log: bool = False
    pad: float = 0.0

    def _at(self, value: float) -> float:
        return math.log10(value) if self.log else value

    def raw(self, value: float) -> float:
        """Position in per cent; on a log axis a value at or below zero sits at the left edge."""
        if self.log and value <= 0:
            value = self.lo
        t = (self._at(value) - self._at(self.lo)) / (self._at(self.hi) - self._at(self.lo))
        return self.pad + max(-OVERSHOOT, min(1 + OVERSHOOT, t)) * (100 - 2 * self.pad)

    def x(self, value: float) -> str:
        return f"{self.raw(value):.2f}%"

    def y(self, value: float) -> str:
        """Position from the top: larger values are higher."""
        return f"{100 - self.raw(value):.2f}%"

    def width(self, lo: float, hi: float, least: float = 0.4) -> str:
        return f"{max(self.raw(hi) - self.raw(lo), least):.2f}%"


def linear_ticks(lo: float, hi: float, most: int = 5) -> list[float]:
    """Round values inside ``lo``-``hi``, at most ``most`` + 1 of them."""
    if hi <= lo:
        return [lo]
    rough = (hi - lo) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * s for s in _STEPS if power * s >= rough * (1 - 1e-9))
    first = math.ceil(lo / step - 1e-9)
    last = math.floor(hi / step + 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


def linear_scale(values: Iterable[float], *, include: Sequence[float] = (0.0,), room: float = 0.06) -> Scale:
    """An axis that holds all finite ``values`` and ``include``, with ``room`` (share of the range) at both ends."""
    inside = [v for v in values if math.isfinite(v)] + list(include)
    lo, hi = min(inside), max(inside)
    margin = (hi - lo) * room or 0.5
    return Scale(lo - margin, hi + margin)


def log_scale(values: Iterable[float], *, least: float, most: float, pad: float = 1.5) -> Scale:
    """A log axis in whole decades that holds all positive ``values`` and at least ``least``-``most``."""
    inside = [v for v in values if math.isfinite(v) and v > 0] + [least, most]
    return Scale(10 ** math.floor(math.log10(min(inside))), 10 ** math.ceil(math.log10(max(inside))), True, pad)


def decades(scale: Scale, most: int = 6) -> list[float]:
    lo, hi = round(math.log10(scale.lo)), round(math.log10(scale.hi))
    return [10.0**e for e in range(lo, hi + 1, max(1, math.ceil((hi - lo) / most)))]


def spread(wanted: Sequence[float], gap: float, lo: float, hi: float) -> list[float]:
    """Positions near ``wanted`` (same order) that keep ``gap`` between neighbours and stay within ``lo``-``hi``."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    placed = [0.0] * len(wanted)
    edge = lo - gap
    for i in order:
        placed[i] = max(wanted[i], edge + gap)
        edge = placed[i]
    edge = hi + gap
    for i in reversed(order):
        placed[i] = min(placed[i], edge - gap)
        edge = placed[i]
    return placed


def join(parts: Iterable[Markup]) -> Markup:
    return Markup("").join(parts)


def drawing(body: Markup, *, css: str = "", label: str = "") -> Markup:
    """A fluid picture; without ``label`` it is decoration beside the same numbers as text."""
    if label:
        return Markup('<svg class="{}" width="100%" role="img" aria-label="{}" focusable="false">{}</svg>').format(
            css, label, body
        )
    return Markup('<svg class="{}" width="100%" aria-hidden="true" focusable="false">{}</svg>').format(css, body)


def line(x1: str, y1: str, x2: str, y2: str, css: str) -> Markup:
    return Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" class="{}"/>').format(x1, y1, x2, y2, css)


def upright(x: str, css: str, top: str = "0", bottom: str = "100%") -> Markup:
    return line(x, top, x, bottom, css)


def level(y: str, css: str, left: str = "0", right: str = "100%") -> Markup:
    return line(left, y, right, y, css)


def box(x: str, y: str, width: str, height: str, css: str) -> Markup:
    return Markup('<rect x="{}" y="{}" width="{}" height="{}" class="{}"/>').format(x, y, width, height, css)


def dot(x: str, y: str, css: str, radius: float = 5) -> Markup:
    return Markup('<circle cx="{}" cy="{}" r="{}" class="{}"/>').format(x, y, radius, css)


def text(x: str, y: str, words: str, css: str = "", *, dx: float = 0, dy: float = 4) -> Markup:
    return Markup('<text x="{}" y="{}" dx="{}" dy="{}" class="{}">{}</text>').format(x, y, dx, dy, css, words)


def interval_marks(scale: Scale, interval: Interval, category: str, *, radius: float = 5, at: str = "50%") -> Markup:
    """Thin line 90%, thick line 50%, dot median, at mid height or at the height ``at``."""
    return join(
        (
            level(at, f"iv90 s-{category}", scale.x(interval.lo90), scale.x(interval.hi90)),
            level(at, f"iv50 s-{category}", scale.x(interval.lo50), scale.x(interval.hi50)),
            dot(scale.x(interval.median), at, f"f-{category} pt0", radius),
        )
    )


def gridlines(scale: Scale, ticks: Iterable[float], *, marked: float | None = None, css: str = "zero") -> Markup:
    """Hairlines at ``ticks``; the one at ``marked`` is drawn as ``css``."""
    return join(upright(scale.x(t), css if t == marked else "gl") for t in ticks)


def tick_labels(scale: Scale, labels: Iterable[tuple[float, str]]) -> Markup:
    return join(text(scale.x(t), "75%", words, "m") for t, words in labels)


def stretched(body: Markup) -> Markup:
    return Markup(
        '<svg x="0" y="0" width="100%" height="100%" viewBox="0 0 100 100" preserveAspectRatio="none">{}</svg>'
    ).format(body)


def _trace(xs: Sequence[float], ys: Sequence[float], across: Scale, up: Scale) -> list[str]:
    return [f"{across.raw(a):.1f} {100 - up.raw(b):.1f}" for a, b in zip(xs, ys, strict=True)]


def curve(xs: Sequence[float], ys: Sequence[float], across: Scale, up: Scale, css: str) -> Markup:
    return Markup('<path d="M{}" class="ns {}"/>').format("L".join(_trace(xs, ys, across, up)), css)


def band(xs: Sequence[float], lo: Sequence[float], hi: Sequence[float], across: Scale, up: Scale, css: str) -> Markup:
    outline = _trace(xs, hi, across, up) + _trace(xs, lo, across, up)[::-1]
    return Markup('<path d="M{}Z" class="{}"/>').format("L".join(outline), css)
