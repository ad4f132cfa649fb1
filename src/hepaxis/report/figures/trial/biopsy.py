"""CD8 cells in a biopsy on each arm: median and the middle half of the patients."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from ... import svg
from ...captions import Caption
from ...formats import quantity
from ...tables import Cell, DataTable, RowChart, value_cell
from ...trial_records import Arm, Biopsy, Trial
from .estimates import RATIO, Row, chart, key, table, told
from .panel import Panel, look, swatch

OUTCOME = "cd8_biopsy"
DECADE = 10.0


def biopsy(trial: Trial) -> Panel | None:
    """None where the design has no biopsy, or nobody had one."""
    found = [(a, a.biopsy) for a in trial.arms if a.biopsy is not None]
    if not found:
        return None
    contrasts = [c for c in trial.contrasts if c.outcome == OUTCOME]
    days = sorted({b.day for _, b in found})
    rows = [Row(trial.arm_label(c.arm), c.estimate, "gut", small=_kind(c.within)) for c in contrasts]
    ratios = [(f"{trial.arm_label(c.arm)}, {_kind(c.within)}", c.estimate) for c in contrasts]
    return Panel(
        "CD8 cells in the biopsy",
        f"Density in the tumour on day {', '.join(quantity(d) for d in days)} in the model’s units, log axis.",
        Caption(
            _finding(found, [told(RATIO, c.estimate) for c in contrasts]),
            "Tick: median; bar: the middle half of the patients who had a biopsy: the spread of patients and of "
            "what one core shows, not the uncertainty of the median.",
        ),
        (_data(found), *((table(RATIO, "ratio to the control", "Arm", ratios),) if ratios else ())),
        charts=(
            spread(trial, found),
            *((chart(RATIO, "Ratio of CD8 density to the control", "Ratio to the control", rows),) if rows else ()),
        ),
        legend=key([c.estimate for c in contrasts]),
    )


def _kind(within: bool) -> str:
    return "within the same virtual patient" if within else "between patients"


def spread(trial: Trial, found: Sequence[tuple[Arm, Biopsy]], *, css: str = "") -> RowChart:
    """Median and middle half on each arm."""
    ends = [v for _, b in found for v in (b.low, b.high)]
    positive = [v for v in ends if v > 0] or [1.0]
    scale = svg.log_scale(positive, least=min(positive), most=min(positive) * DECADE)
    ticks = svg.decades(scale, 2 if css else 5)
    grid = svg.gridlines(scale, ticks)
    body = tuple(
        (
            Cell("label", swatch(trial, arm), small=f"n = {b.n:.0f}"),
            Cell("chart", svg.drawing(grid + _marks(scale, b, look(trial, arm).colour))),
            value_cell(quantity(b.median), f"{quantity(b.low)}–{quantity(b.high)}"),
        )
        for arm, b in found
    )
    labels = svg.tick_labels(scale, [(t, quantity(t)) for t in ticks])
    head = (
        Cell("label", "Arm"),
        Cell("chart", svg.drawing(labels, css="axis")),
        Cell("value", "median (middle half)", "hd"),
    )
    return RowChart(f"est {css}".strip(), "CD8 density in the biopsy on each arm: median and middle half", body, head)


def _marks(scale: svg.Scale, b: Biopsy, colour: str) -> Markup:
    bar = svg.level("50%", f"iv50 s-{colour}", scale.x(b.low), scale.x(b.high))
    return bar + svg.upright(scale.x(b.median), f"ivt s-{colour}", "30%", "70%")


def _finding(found: Sequence[tuple[Arm, Biopsy]], ratios: Sequence[str]) -> str:
    medians = "; ".join(
        f"{a.label} {quantity(b.median)} (middle half {quantity(b.low)}–{quantity(b.high)})" for a, b in found
    )
    return f"Median density: {medians}." + (f" Ratio to the control: {'; '.join(ratios)}." if ratios else "")


def _data(found: Sequence[tuple[Arm, Biopsy]]) -> DataTable:
    rows = tuple(
        (
            a.label,
            f"{b.n:.0f}",
            quantity(b.median),
            f"{quantity(b.low)}–{quantity(b.high)}",
            quantity(b.geometric_mean) if b.geometric_mean is not None else "–",
        )
        for a, b in found
    )
    return DataTable("CD8 density", ("Arm", "n", "Median", "Middle half", "Geometric mean"), rows)
