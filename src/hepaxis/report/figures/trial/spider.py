"""Spider plot: change of the sum of target diameters of single patients at each scan."""

from __future__ import annotations

from ... import svg
from ...captions import Caption
from ...formats import DAYS_PER_MONTH
from ...trial_records import Arm, Trial
from ..course import THRESHOLDS
from ..plots import framed, y_axis
from .estimates import PERCENT, key, told
from .panel import Panel
from .patients import best_of, change, counted_best, estimate_below, scans, whom
from .patients import key as patient_key
from .waterfall import CUT, TICKS


def spider(trial: Trial, arm: Arm) -> Panel:
    """Lines start at the first dose at no change; a patient without a scan has none."""
    lines = [s for s in arm.shown if s.scan_day]
    control = arm.rates.get("disease_control")
    below = estimate_below(trial, arm, "Disease control", control)
    title = f"Spider plot, {arm.label}"
    sub = "Change of the sum of target diameters against baseline at each scan, per cent; months from the first dose."
    if not lines:
        return Panel(title, sub, Caption("No patient shown was scanned.", ""), (scans(arm),), charts=below)
    end = max(s.scan_day[-1] for s in lines)
    across, up = svg.Scale(0.0, end), svg.Scale(-1.05, CUT)
    grid = svg.join(svg.level(up.y(t), "ax" if t == 0 else "gl") for t in TICKS)
    grid += svg.join(svg.level(up.y(v), "ref") for v, _ in THRESHOLDS)
    drawn = svg.join(
        svg.curve(
            [0.0, *s.scan_day],
            [0.0, *(min(c, CUT) for c in s.scan_change)],
            across,
            up,
            f"{best_of(s).line} faint2",
        )
        for s in sorted(lines, key=lambda s: s.best in ("CR", "PR"))
    )
    label = (
        f"Spider plot of {arm.label}: {len(lines)} patients over {end / DAYS_PER_MONTH:.0f} months; "
        f"{counted_best(arm)}."
    )
    months = [m for m in svg.linear_ticks(0.0, end / DAYS_PER_MONTH, 6) if m.is_integer()]
    last = sum(s.scan_change[-1] < 0 for s in lines)
    cut = any(c > CUT for s in lines for c in s.scan_change)
    picture = framed(
        y_axis(up, [(t, change(t)) for t in TICKS], "h14"),
        svg.drawing(grid + svg.stretched(drawn), css="h14", label=label),
        svg.drawing(svg.join(()), css="h14"),
        svg.drawing(svg.join(svg.text(across.x(m * DAYS_PER_MONTH), "60%", f"{m:.0f}", "m") for m in months), css="h1"),
        unit="",
        css="lab0",
    )
    return Panel(
        title,
        sub,
        Caption(
            f"At the last scan targets were under baseline in {last} of {len(lines)} patients shown; disease control "
            f"of all: {told(PERCENT, control)}.",
            f"{whom(arm, len(arm.shown))} Dashed: −30% and +20%.{' Growth above +100% is cut.' if cut else ''}",
        ),
        (scans(arm),),
        picture=picture + patient_key(arm, lines=True),
        charts=below,
        legend=key([control]),
    )
