"""Primary and acquired resistance, and the route by which the tumours of each got away."""

from __future__ import annotations

from ...captions import Caption
from ...formats import counted, percent
from ...tables import DataTable
from ...trial_records import Arm, Estimate, Route, Trial
from .estimates import PERCENT, Row, chart, key, table, told
from .panel import Panel, look

NONE_SEEN = "none seen"
KINDS = ("primary", "acquired")


def routes(trial: Trial, arm: Arm) -> Panel:
    """Kinds of resistance among all patients of the arm; under each its routes among those who have it."""
    colour = look(trial, arm).colour
    rows, numbers = [], []
    for kind, found in zip(KINDS, (arm.primary_resistance, arm.acquired_resistance), strict=True):
        rows.append(Row(f"{kind.capitalize()} resistance", found, colour, small="of all patients", css="grp"))
        numbers.append((f"{kind} resistance, of all", found))
        for r in _of(arm, kind):
            rows.append(Row(r.label, r.share, "exposure", small=f"of {kind}, {r.count:.0f} simulated", css="part"))
            numbers.append((f"{r.label}, of {kind}", r.share))
    counts = tuple((r.of, r.label, f"{r.count:.0f}", percent(r.share.value)) for k in KINDS for r in _of(arm, k))
    other = tuple(("no resistance shown", k, "–", percent(v)) for k, v in arm.other_resistance.items())
    return Panel(
        arm.label,
        "Per cent: kinds of resistance of all patients, routes of the patients with that kind.",
        Caption(
            _finding(arm),
            "Route: the largest loss of killing between best response and progression; “none seen”: growth outran an "
            "unchanged response, or a new lesion came by chance.",
        ),
        (
            table(PERCENT, f"resistance and routes, {arm.label}", "Kind or route", numbers),
            DataTable(f"counts of routes, {arm.label}", ("Of", "Route or kind", "Patients", "Share"), counts + other),
        ),
        charts=(chart(PERCENT, f"Resistance and its routes on {arm.label}", "Resistance", rows),),
        legend=key([*(r.estimate for r in rows)]),
    )


def _of(arm: Arm, kind: str) -> list[Route]:
    return sorted((r for r in arm.routes if r.of == kind), key=lambda r: -r.share.value)


def _finding(arm: Arm) -> str:
    parts = []
    found: Estimate | None
    for kind, found in zip(KINDS, (arm.primary_resistance, arm.acquired_resistance), strict=True):
        if found is None:
            continue
        most = next((r for r in _of(arm, kind) if r.route != NONE_SEEN), None)
        route = f", most often by {most.label} ({counted(round(most.count), 'patient')})" if most and most.count else ""
        parts.append(f"{kind} {told(PERCENT, found)}{route}")
    words = "; ".join(parts)
    return f"{words[:1].upper()}{words[1:]}." if parts else "No resistance was seen on this arm."
