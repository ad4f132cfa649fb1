"""Swimmer plot: each patient's time on the drug and in follow-up, with what happened when."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from ... import svg
from ...captions import Caption
from ...formats import DAYS_PER_MONTH
from ...trial_records import Arm, Shown, Trial
from ..plots import framed, y_axis
from .estimates import PERCENT, key, told
from .panel import Panel, legend
from .patients import courses, estimate_below, whom

MOST_LANES = 30
HEIGHTS = ((6, "h5"), (12, "h10"), (20, "h16"), (MOST_LANES, "h24"))
MARKS = (
    ("▲", "f-regimen", "response"),
    ("■", "f-tumour", "progression"),
    ("✕", "f-ink", "death"),
    ("→", "t-3", "alive, followed on"),
)


def swimmer(trial: Trial, arm: Arm) -> Panel:
    """The first patients by number, longest on top."""
    lanes = sorted(arm.shown[:MOST_LANES], key=lambda s: (-s.end_day, s.patient))
    durable = arm.rates.get("durable_response")
    below = estimate_below(trial, arm, "Durable response (six months or more)", durable)
    title = f"Swimmer plot, {arm.label}"
    sub = "A lane a patient; months from the first dose. Thick: on the drug; “!”: a severe immune event."
    data = (courses(arm),)
    if not lanes:
        return Panel(title, sub, Caption("No patient is shown.", ""), data, charts=below)
    end = max(*(s.end_day for s in lanes), 1.0)
    across = svg.linear_scale((), include=(0.0, end), room=0.03)
    heights = svg.Scale(0.0, float(len(lanes)))
    css = next(name for most, name in HEIGHTS if len(lanes) <= most)
    ticks = [m for m in svg.linear_ticks(0.0, end / DAYS_PER_MONTH, 6) if m.is_integer()]
    body = svg.join(svg.upright(across.x(m * DAYS_PER_MONTH), "gl") for m in ticks)
    names = []
    for i, s in enumerate(lanes):
        middle = len(lanes) - i - 0.5
        body += _lane(s, heights.y(middle), across)
        names.append((middle, s.best + (" !" if s.severe_immune else "")))
    responded = sum(s.response_day is not None for s in lanes)
    dead = sum(s.death_day is not None for s in lanes)
    label = f"Swimmer plot of {arm.label}: {len(lanes)} patients, {responded} with a response, {dead} died."
    picture = framed(
        y_axis(heights, names, css),
        svg.drawing(body, css=css, label=label),
        svg.drawing(svg.join(()), css=css),
        svg.drawing(svg.join(svg.text(across.x(m * DAYS_PER_MONTH), "60%", f"{m:.0f}", "m") for m in ticks), css="h1"),
        unit="",
        css="lab0",
    )
    return Panel(
        title,
        sub,
        Caption(
            f"{responded} of {len(lanes)} patients shown respond and {dead} die in follow-up; durable response of all: "
            f"{told(PERCENT, durable)}.",
            whom(arm, len(lanes)),
        ),
        data,
        picture=picture + legend((svg.text("50%", "50%", sign, f"m {css}"), words) for sign, css, words in MARKS),
        charts=below,
        legend=key([durable]),
    )


def _lane(s: Shown, y: str, across: svg.Scale) -> Markup:
    out = svg.level(y, "lane s-exposure", across.x(0), across.x(s.end_day))
    if s.drug_end_day is not None and s.drug_end_day > 0:
        out += svg.level(y, "lane-drug s-regimen", across.x(0), across.x(min(s.drug_end_day, s.end_day)))
    days: Sequence[float | None] = (s.response_day, s.progression_day, s.death_day)
    for day, (sign, css, _) in zip(days, MARKS, strict=False):
        if day is not None:
            out += svg.text(across.x(day), y, sign, f"m halo {css}")
    if s.death_day is None:
        sign, css, _ = MARKS[-1]
        out += svg.text(across.x(s.end_day), y, sign, f"{css} halo", dx=2)
    return out
