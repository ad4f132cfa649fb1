"""Severe events (grade 3-4) of each kind on each arm."""

from __future__ import annotations

from ...captions import Caption
from ...formats import quantity
from ...tables import DataTable
from ...trial_records import Arm, Estimate, Trial
from .estimates import PERCENT, Row, chart, key, table, told
from .panel import Panel, each_arm, look, swatch
from .rates import RATES

TOTALS = ("severe_events", "severe_immune_events")


def events(trial: Trial) -> Panel:
    """Totals first, then kinds in the file's order; arms beside each other."""
    found = _rows(trial)
    several = len(trial.arms) > 1
    drawn, seen = [], set()
    for label, arm, estimate, day, total in found:
        arm_words = swatch(trial, arm) if several else ""
        when = f"median day {day:.0f}" if day is not None else ""
        small = arm_words + (f"; {when}" if when and arm_words else when)
        drawn.append(
            Row(
                "" if label in seen else label,
                estimate,
                look(trial, arm).colour,
                small=small,
                css="grp" if total else "",
            )
        )
        seen.add(label)
    named = [a for a in trial.arms if TOTALS[1] in a.rates]
    immune = each_arm([(a, told(PERCENT, a.rates[TOTALS[1]])) for a in named])
    days = tuple(
        (label, arm.label, quantity(day) if day is not None else "–")
        for label, arm, _, day, total in found
        if not total
    )
    return Panel(
        "Severe events",
        "Share of patients with a first event of grade 3–4 by the end of follow-up, per cent.",
        Caption(
            f"Severe immune events: {immune}." if immune else "No severe event was estimated.",
            "One patient may have several kinds. Median day: of the first event of the kind, among those who have one.",
        ),
        (
            table(PERCENT, "severe events", "Event, arm", [(f"{label}, {a.label}", e) for label, a, e, _, _ in found]),
            DataTable("median day of the first event", ("Event", "Arm", "Day"), days),
        ),
        charts=(chart(PERCENT, "Severe events on each arm", "Event", drawn),) if drawn else (),
        legend=key([e for _, _, e, _, _ in found]),
    )


def _rows(trial: Trial) -> list[tuple[str, Arm, Estimate | None, float | None, bool]]:
    out: list[tuple[str, Arm, Estimate | None, float | None, bool]] = [
        (RATES[name].capitalize(), arm, arm.rates[name], None, True)
        for name in TOTALS
        for arm in trial.arms
        if name in arm.rates
    ]
    labels = list(dict.fromkeys(e.label for a in trial.arms for e in a.events))
    out += [
        (label.capitalize(), arm, e.rate, e.median_day, False)
        for label in labels
        for arm in trial.arms
        for e in arm.events
        if e.label == label
    ]
    return out
