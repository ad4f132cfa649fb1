"""Forest of the contrasts against the control.

Contrasts between patients (what a trial can find) and within the same virtual patient (what none can) are two figures
and never share an axis.  Within each, differences and ratios have an axis of their own.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...captions import Caption
from ...formats import listed_up_to
from ...tables import DataTable, RowChart
from ...trial_records import Contrast, Estimate, Range, Trial
from .estimates import DAYS, POINTS, RATIO, Measure, Row, chart, excludes, key, table, told
from .panel import Panel, look, swatch

MOST_NAMED = 3
HEADS = {  # measure -> heading of its rows, and what the side below no difference means
    "hazard_ratio": "Hazard ratio (below 1: fewer events on the arm)",
    "ratio": "Ratio (above 1: more on the arm)",
    "difference": "Difference (above 0: more on the arm)",
}
IN_DAYS = frozenset({"time_to_response"})  # outcomes whose differences are days
BETWEEN = (
    "Between patients",
    "Different patients on each arm, as in a trial; this is what a trial of the stated size would report.",
)
WITHIN = (
    "Within the same virtual patient",
    "Each patient on both arms with the same chances, which no trial can do: the effect, not what would be found.",
)


def measure_of(contrast: Contrast) -> Measure:
    if contrast.measure in ("hazard_ratio", "ratio"):
        return RATIO
    return DAYS if contrast.outcome in IN_DAYS else POINTS


def primary_contrasts(trial: Trial) -> tuple[Contrast, ...]:
    """Those of the primary outcomes in the design's order, between patients first; all arms."""
    order = {name: i for i, name in enumerate(trial.design.primary)}
    found = [c for c in trial.contrasts if c.outcome in order]
    return tuple(sorted(found, key=lambda c: (c.within, order[c.outcome])))


def contrasts(trial: Trial, *, within: bool) -> Panel | None:
    """None where the trial has no contrast of this sort."""
    chosen = [c for c in trial.contrasts if c.within is within]
    if not chosen:
        return None
    title, words = WITHIN if within else BETWEEN
    return Panel(
        title,
        f"{words} Against {trial.control.label}.",
        Caption(_finding(chosen, trial), _how(trial)),
        tuple(_tables(trial, title, chosen)),
        charts=tuple(_charts(trial, title, chosen)),
        legend=key([c.estimate for c in chosen]),
    )


def _how(trial: Trial) -> str:
    how = "Outcomes in the design’s order, primary first. Blue line: no difference."
    missing = listed_up_to(trial.not_compared, MOST_NAMED)
    return f"{how} Not estimated, too few events or patients: {missing}." if missing else how


def grouped(chosen: Sequence[Contrast]) -> list[tuple[str, Measure, list[Contrast]]]:
    """Contrasts by what they measure, each with its own axis."""
    out: dict[tuple[str, str], tuple[str, Measure, list[Contrast]]] = {}
    order = list(dict.fromkeys(c.outcome for c in sorted(chosen, key=lambda c: not c.primary)))
    for c in sorted(chosen, key=lambda c: order.index(c.outcome)):
        measure = measure_of(c)
        head = HEADS.get(c.measure, c.measure.replace("_", " "))
        out.setdefault((c.measure, measure.unit), (head, measure, []))[2].append(c)
    return list(out.values())


def rows_of(trial: Trial, chosen: Sequence[Contrast]) -> list[Row]:
    """Arms under their outcome, which is told once."""
    arms = {a.id: a for a in trial.arms}
    rows = []
    for i, c in enumerate(chosen):
        words = c.label[:1].upper() + c.label[1:] + (" (primary)" if c.primary else "")
        again = i > 0 and chosen[i - 1].outcome == c.outcome
        arm = arms.get(c.arm)
        rows.append(
            Row(
                "" if again else words,
                c.estimate,
                look(trial, arm).colour if arm else "exposure",
                small=swatch(trial, arm) if arm else c.arm,
                css="grp" if c.primary else "",
            )
        )
    return rows


def _charts(trial: Trial, title: str, chosen: Sequence[Contrast]) -> list[RowChart]:
    return [chart(measure, f"{title}: {head}", head, rows_of(trial, rows)) for head, measure, rows in grouped(chosen)]


def _tables(trial: Trial, title: str, chosen: Sequence[Contrast]) -> list[DataTable]:
    return [
        table(
            measure,
            f"{title}, {head.split(' (')[0].lower()}, {measure.unit}",
            "Outcome, arm",
            [(f"{c.label}, {trial.arm_label(c.arm)}", c.estimate) for c in rows],
        )
        for head, measure, rows in grouped(chosen)
    ]


def _finding(chosen: Sequence[Contrast], trial: Trial) -> str:
    apart = [c for c in chosen if excludes(measure_of(c), _first(c.estimate))]
    if not apart:
        one = "The interval of the only contrast holds" if len(chosen) == 1 else "All intervals hold"
        return f"{one} no difference."
    several = len(trial.others) > 1
    names = [
        f"{c.label}{' on ' + trial.arm_label(c.arm) if several else ''}, {told(measure_of(c), c.estimate)}"
        for c in apart
    ]
    return f"{len(apart)} of {len(chosen)} exclude no difference: {listed_up_to(names, MOST_NAMED)}."


def _first(found: Estimate) -> Range | None:
    return found.trial or found.draws
