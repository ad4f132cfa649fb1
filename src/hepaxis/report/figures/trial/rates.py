"""Response and other rates on each arm, with both intervals."""

from __future__ import annotations

from ...captions import Caption
from ...trial_records import Arm, Trial
from .estimates import PERCENT, Row, chart, key, table, told
from .panel import Panel, each_arm, look, swatch

#: Names of ``arms[].rates`` in the order they are shown.
RATES = {
    "response": "objective response (RECIST 1.1)",
    "response_unconfirmed": "objective response, unconfirmed",
    "response_viable": "objective response (mRECIST)",
    "complete_response": "complete response",
    "durable_response": "durable response",
    "disease_control": "disease control",
    "primary_progression": "progression as best response",
    "not_evaluable": "not evaluable",
    "decompensation": "hepatic decompensation",
    "severe_events": "severe events",
    "severe_immune_events": "severe immune events",
}
FEW = ("response", "durable_response", "disease_control", "decompensation")  # drawn where there are many arms
MOST_ARMS = 4  # with more, only the few are drawn; the table holds all
EVENTS = frozenset({"severe_events", "severe_immune_events"})  # drawn with the events


def rates(trial: Trial) -> Panel:
    """Arms beside each other within each outcome."""
    names = [n for n in RATES if n not in EVENTS and any(n in a.rates for a in trial.arms)]
    names += sorted({n for a in trial.arms for n in a.rates} - set(RATES))
    rows = [(n, a) for n in names for a in trial.arms if n in a.rates]
    several = len(trial.arms) > 1
    drawn = [
        Row(
            _label(n) if not several or a is _first(trial, n) else "",
            a.rates[n],
            look(trial, a).colour,
            small=swatch(trial, a) if several else "",
        )
        for n, a in rows
        if len(trial.arms) <= MOST_ARMS or n in FEW
    ]
    told_rates = each_arm([(a, told(PERCENT, a.rates["response"])) for a in trial.arms if "response" in a.rates])
    simulated = each_arm([(a, f"{a.n:.0f}") for a in trial.arms])
    return Panel(
        "What happens on each arm",
        "Share of patients, per cent; best responses confirmed as the design asks.",
        Caption(
            f"Objective response: {told_rates}." if told_rates else "No response rate was estimated.",
            f"Simulated n: {simulated}.",
        ),
        (
            table(
                PERCENT, "rates on each arm", "Outcome, arm", [(f"{_label(n)}, {a.label}", a.rates[n]) for n, a in rows]
            ),
        ),
        charts=(chart(PERCENT, "Rates of outcomes on each arm", "Outcome", drawn),) if drawn else (),
        legend=key([r.estimate for r in drawn]),
    )


def _first(trial: Trial, name: str) -> Arm:
    return next(a for a in trial.arms if name in a.rates)


def _label(name: str) -> str:
    words = RATES.get(name, name.replace("_", " "))
    return words[:1].upper() + words[1:]
