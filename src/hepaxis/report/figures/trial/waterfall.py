"""Waterfall: best change of the sum of target diameters of single patients, sorted by size."""

from __future__ import annotations

from ... import svg
from ...captions import Caption
from ...trial_records import Arm, Trial
from ..course import THRESHOLDS
from ..plots import framed, y_axis
from .estimates import PERCENT, key, told
from .panel import Panel
from .patients import best_of, change, changes, counted_best, estimate_below, whom
from .patients import key as patient_key

CUT = 1.0  # growth above +100% is cut at the edge
TICKS = (-1.0, -0.5, 0.0, 0.5, 1.0)


def waterfall(trial: Trial, arm: Arm) -> Panel:
    """Patients without a scan after the first have no bar; they are counted."""
    bars = sorted(
        ((s.change, s) for s in arm.shown if s.change is not None), key=lambda pair: (-pair[0], pair[1].patient)
    )
    response = arm.rates.get("response")
    below = estimate_below(trial, arm, "Objective response (RECIST 1.1)", response)
    title = f"Waterfall, {arm.label}"
    sub = "Best change of the sum of target diameters against baseline, per cent."
    data = (changes(arm),)
    if not bars:
        return Panel(title, sub, Caption("No patient shown has a scan after the first.", ""), data, charts=below)
    across, up = svg.Scale(0.0, float(len(bars))), svg.Scale(-1.05, CUT)
    body = svg.join(svg.level(up.y(t), "ax" if t == 0 else "gl") for t in TICKS)
    body += svg.join(svg.level(up.y(v), "ref") for v, _ in THRESHOLDS)
    room = min(0.18, 0.02 * len(bars))
    for i, (size, s) in enumerate(bars):
        top, bottom = (min(size, CUT), 0.0) if size > 0 else (0.0, max(size, -1.0))
        height = f"{max(up.raw(top) - up.raw(bottom), 0.6):.2f}%"
        body += svg.box(across.x(i + room / 2), up.y(top), across.width(0, 1 - room), height, best_of(s).fill)
    smaller = sum(size < 0 for size, _ in bars)
    cut = sum(size > CUT for size, _ in bars)
    without = len(arm.shown) - len(bars)
    notes = [whom(arm, len(arm.shown)), "Dashed: −30% and +20%."]
    notes += [f"{cut} above +100%, cut at the edge."] if cut else []
    notes += [f"{without} without a scan after the first, not drawn."] if without else []
    label = (
        f"Waterfall of {arm.label}: {len(bars)} patients from {change(bars[0][0])} to {change(bars[-1][0])}; "
        f"{counted_best(arm)}."
    )
    finding = (
        f"Targets shrank in {smaller} of {len(bars)} patients shown; objective response of all: "
        f"{told(PERCENT, response)}."
    )
    picture = framed(
        y_axis(up, [(t, change(t)) for t in TICKS], "h14"),
        svg.drawing(body, css="h14", label=label),
        svg.drawing(svg.join(()), css="h14"),
        svg.drawing(svg.text("0", "60%", "most growth") + svg.text("100%", "60%", "most shrinkage", "e"), css="h1"),
        unit="",
        css="lab0",
    )
    return Panel(
        title,
        sub,
        Caption(finding, " ".join(notes)),
        data,
        picture=picture + patient_key(arm, lines=False),
        charts=below,
        legend=key([response]),
    )
