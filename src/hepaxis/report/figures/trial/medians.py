"""Medians of every time to an event on each arm, in months with both intervals; a median not reached has no mark."""

from __future__ import annotations

from ...captions import Caption
from ...trial_records import Trial
from .estimates import MONTHS, Row, chart, key, table
from .panel import Panel, look, swatch

#: Names of ``arms[].times`` and how they are called, in the order they are shown.
TIMES = {
    "pfs": "progression-free survival",
    "immune_pfs": "progression-free survival (iRECIST)",
    "os": "overall survival",
    "duration_of_response": "duration of response",
    "time_to_response": "time to response",
}


def medians(trial: Trial) -> Panel | None:
    """None where no arm has a time."""
    names = [n for n in TIMES if any(n in a.times for a in trial.arms)]
    found = [(n, a, a.times[n]) for n in names for a in trial.arms if n in a.times]
    if not found:
        return None
    several = len(trial.arms) > 1
    rows, seen = [], set()
    for name, arm, times in found:
        label = "" if name in seen else TIMES[name][:1].upper() + TIMES[name][1:]
        seen.add(name)
        events = f"{times.events:.0f} events in {times.n:.0f}"
        small = swatch(trial, arm) + f"; {events}" if several else events
        rows.append(Row(label, times.median, look(trial, arm).colour, small=small))
    missing = sum(t.median is None for _, _, t in found)
    finding = (
        f"{missing} of {len(found)} medians are not reached by the end of follow-up."
        if missing
        else "Every median is reached by the end of follow-up."
    )
    return Panel(
        "Medians of all times",
        "Months. Duration and time to response: of those who respond.",
        Caption(finding, "Kaplan-Meier medians; events and n are those simulated."),
        (table(MONTHS, "medians", "Time, arm", [(f"{TIMES[n]}, {a.label}", t.median) for n, a, t in found]),),
        charts=(chart(MONTHS, "Median times on each arm", "Time", rows, absent="not reached"),),
        legend=key([t.median for _, _, t in found]),
    )
