"""Benefit against harm: change in response against severe immune events, intervals in both directions.

Numbers beside the dots are the ranks of the table; a number that would cover another is left out (the data table has
all).  The strategies with the largest gain and the most harm carry their names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from hepaxis.plan.schema import Interval, Strategy

from .. import svg
from ..formats import percent, percent_range, percent_with_range, points, signed, usable, with_limits
from ..reading import strategy_category
from ..tables import DataTable, Plot
from .plots import framed, y_axis

LEAST_HARM = (0.0, 0.2)
LEAST_GAIN = (-0.05, 0.1)
MOST_STRONG = 2  # strategies drawn in full strength; the others are faint
NEAR_X, NEAR_Y = 4.5, 6.5  # per cent of the plot within which two number labels would touch
NAME_LENGTH = 30


@dataclass(frozen=True)
class _Point:
    name: str
    number: str
    gain: Interval
    harm: Interval
    colour: str


def _points(strategies: Sequence[Strategy]) -> list[_Point]:
    out = []
    for place, s in enumerate(strategies, 1):
        harm = s.outcomes.severe_immune_event if s.outcomes else None
        if s.change_response and harm and usable(s.change_response) and usable(harm):
            number = str(s.rank if s.rank is not None else place)
            out.append(_Point(s.label, number, s.change_response, harm, strategy_category(s)))
    return out


def trade(base: Strategy | None, strategies: Sequence[Strategy]) -> Plot | None:
    """``strategies`` in the order of the table.  None where no strategy has both estimates."""
    dots = _points(strategies)
    if not dots:
        return None
    base_harm = base.outcomes.severe_immune_event if base and base.outcomes else None
    harms = [v for p in dots for v in (p.harm.lo90, p.harm.hi90)]
    across = svg.linear_scale(harms, include=LEAST_HARM, room=0.02)
    up = svg.linear_scale([v for p in dots for v in (p.gain.lo90, p.gain.hi90)], include=(*LEAST_GAIN, 0.0))
    x_ticks, y_ticks = svg.linear_ticks(max(across.lo, 0.0), across.hi, 5), svg.linear_ticks(up.lo, up.hi, 5)
    body = svg.join(svg.upright(across.x(t), "gl") for t in x_ticks)
    body += svg.join(svg.level(up.y(t), "zero" if t == 0 else "gl") for t in y_ticks)
    strong = {max(dots, key=lambda p: p.gain.median).number, max(dots, key=lambda p: p.harm.median).number}
    body += svg.join(_cross(p, across, up, faint=p.number not in strong) for p in dots)
    body += svg.join(svg.dot(across.x(p.harm.median), up.y(p.gain.median), f"f-{p.colour} pt0", 5) for p in dots)
    body += _names(dots, strong, across, up)
    if base is not None and base_harm is not None and usable(base_harm):
        x = across.x(base_harm.median)
        body += svg.dot(x, up.y(0.0), "f-regimen pt0", 6)
        body += svg.text(x, up.y(0.0), "base regimen", "b f-regimen halo", dx=10, dy=17)
    body += svg.text("100%", "100%", "more harm →", "e t-3 halo", dx=-4, dy=-6)
    body += svg.text("0", "0", "↑ more benefit", "t-3 halo", dx=6, dy=12)
    return Plot(
        framed(
            y_axis(up, [(t, signed(t * 100, 0) if t else "0") for t in y_ticks]),
            svg.drawing(body, css="h16", label=_sentence(dots)),
            Markup("<span></span>"),
            svg.drawing(svg.join(svg.text(across.x(t), "60%", percent(t), "m") for t in x_ticks), css="h1"),
            unit="",
            css="lab0",
        ),
        DataTable(
            "benefit against harm",
            ("Strategy", "Rank", "Change in response, points (90%)", "Severe immune events (90%)"),
            tuple((p.name, p.number, with_limits(p.gain, points), percent_with_range(p.harm)) for p in dots),
        ),
    )


def _cross(p: _Point, across: svg.Scale, up: svg.Scale, *, faint: bool) -> Markup:
    css = f"iv90 s-{p.colour}" + (" faint" if faint else "")
    x, y = across.x(p.harm.median), up.y(p.gain.median)
    return svg.upright(x, css, up.y(p.gain.hi90), up.y(p.gain.lo90)) + svg.level(
        y, css, across.x(p.harm.lo90), across.x(p.harm.hi90)
    )


def _names(dots: Sequence[_Point], strong: set[str], across: svg.Scale, up: svg.Scale) -> Markup:
    """Numbers above-right of the dots where they do not touch; names where the strategy is strong."""
    taken: list[tuple[float, float]] = []
    out = []
    for p in sorted(dots, key=lambda p: p.number not in strong):
        x, y = across.raw(p.harm.median), 100 - up.raw(p.gain.median)
        named = p.number in strong
        if not named and any(abs(x - a) < NEAR_X and abs(y - b) < NEAR_Y for a, b in taken):
            continue
        taken.append((x, y))
        name = p.name if len(p.name) <= NAME_LENGTH else p.name[: NAME_LENGTH - 1].rstrip() + "…"
        words = f"{p.number} {name}" if named else p.number
        left = x > 55
        out.append(
            svg.text(
                across.x(p.harm.median),
                up.y(p.gain.median),
                words,
                f"b f-{p.colour} halo" + (" e" if left else ""),
                dx=-8 if left else 8,
                dy=-7,
            )
        )
    return svg.join(out)


def _sentence(dots: Sequence[_Point]) -> str:
    best, worst = max(dots, key=lambda p: p.gain.median), max(dots, key=lambda p: p.harm.median)
    return (
        f"Change in objective response against severe immune events for {len(dots)} strategies. "
        f"Largest median gain: {best.name}, {with_limits(best.gain, points)} points. "
        f"Most severe immune events: {worst.name}, {percent(worst.harm.median)} ({percent_range(worst.harm)})."
    )
