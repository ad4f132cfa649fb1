"""What the plots of single patients share: looks of the best response, key, table, and whom they show.

Single patients carry no interval; the estimate that they illustrate stands under each plot with its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from ... import svg
from ...formats import ABSENT, listed, signed
from ...tables import DataTable, RowChart
from ...trial_records import Arm, Estimate, Shown, Trial
from .estimates import PERCENT, Row, chart
from .panel import legend, look, swatch


@dataclass(frozen=True)
class Best:
    """``fill`` of bars and ``line`` of courses; both tell the response without their colour too."""

    words: str
    fill: str
    line: str


BEST = {
    "CR": Best("complete response", "f-regimen", "s-regimen w2"),
    "PR": Best("partial response", "f-regimen", "s-regimen w2"),
    "SD": Best("stable disease", "f-exposure-2", "s-exposure w1"),
    "PD": Best("progression", "f-paper mk s-tumour", "s-tumour w1 dash"),
    "NE": Best("not evaluable", "f-paper mk s-exposure dsh", "s-exposure w1 dot"),
}
KEYED = (
    ("PR", "complete or partial response"),
    ("SD", "stable disease"),
    ("PD", "progression"),
    ("NE", "not evaluable"),
)
UNKNOWN = Best("unknown", "f-paper mk s-exposure dsh", "s-exposure w1 dot")


def best_of(shown: Shown) -> Best:
    return BEST.get(shown.best, UNKNOWN)


def key(arm: Arm, *, lines: bool) -> Markup:
    """Marks of the responses that occur."""
    there = {"PR" if s.best == "CR" else s.best for s in arm.shown}
    return legend((_mark(BEST[code], lines=lines), words) for code, words in KEYED if code in there)


def _mark(best: Best, *, lines: bool) -> Markup:
    return svg.level("50%", f"ns {best.line}") if lines else svg.box("10%", "10%", "80%", "80%", best.fill)


def whom(arm: Arm, drawn: int) -> str:
    """Which of the simulated patients a plot shows."""
    return f"The first {drawn} by number of {arm.n:.0f} simulated, not picked by outcome."


def estimate_below(trial: Trial, arm: Arm, name: str, found: Estimate | None) -> tuple[RowChart, ...]:
    """The estimate that the plot's patients illustrate, as a chart of one row."""
    if found is None:
        return ()
    rows = [Row(swatch(trial, arm), found, look(trial, arm).colour, small=name)]
    return (chart(PERCENT, f"{name} on {arm.label}, with its intervals", "All patients of the arm", rows),)


def counted_best(arm: Arm) -> str:
    """``2 partial response, 1 progression`` of the patients shown."""
    codes = [s.best for s in arm.shown]
    return listed([f"{codes.count(c)} {b.words}" for c, b in BEST.items() if c in codes])


def change(value: float | None) -> str:
    return ABSENT if value is None else (signed(value * 100, 0) if round(value, 4) else "0") + "%"


def day(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


def changes(arm: Arm) -> DataTable:
    """Best response and change of every patient shown, by number."""
    rows = tuple((str(s.patient), s.best, change(s.change)) for s in arm.shown)
    return DataTable(f"best changes, {arm.label}", ("Patient", "Best response", "Best change"), rows)


def courses(arm: Arm) -> DataTable:
    """Days of every patient shown, by number."""
    rows = tuple(
        (
            str(s.patient),
            s.best,
            *(day(d) for d in (s.response_day, s.progression_day, s.drug_end_day, s.death_day, s.end_day)),
            "yes" if s.severe_immune else "no",
        )
        for s in arm.shown
    )
    head = ("Patient", "Best response", "Response, day", "Progression", "Drug ended", "Death", "Last day")
    return DataTable(f"days, {arm.label}", (*head, "Severe immune event"), rows)


def scans(arm: Arm) -> DataTable:
    """Every scan of every patient shown."""
    rows = tuple(
        (
            str(s.patient),
            s.best,
            "; ".join(f"{day(d)}: {change(c)}" for d, c in zip(s.scan_day, s.scan_change, strict=True)) or "–",
        )
        for s in arm.shown
    )
    return DataTable(f"scans, {arm.label}", ("Patient", "Best response", "Day: change"), rows)
