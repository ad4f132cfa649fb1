"""The first screen of a trial's page: what this trial would show, beside what is not known of the mechanisms.

Held here: which contrast speaks first (primary outcomes in the design's order, between patients before within), and the
words for it.  Words follow the numbers: an interval of the trial that holds no difference is "more likely missed than
seen".  With several arms none is picked out by its result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .figures.trial.biopsy import OUTCOME as BIOPSY
from .figures.trial.biopsy import spread as biopsied_arms
from .figures.trial.contrasts import measure_of, primary_contrasts
from .figures.trial.estimates import MONTHS, PERCENT, Measure, Row, chart, excludes, spread
from .figures.trial.medians import TIMES
from .figures.trial.panel import look, swatch
from .figures.trial.rates import RATES
from .formats import listed, listed_up_to, percent
from .tables import RowChart
from .trial_records import Arm, Contrast, Estimate, Trial

MOST_ROWS = 5  # rows of a panel, so that the first screen holds it
ALONE = ("response", "disease_control", "durable_response", "severe_immune_events")  # where nothing is compared
GATES = {
    "drawn": "every claim about the gut drawn with the strength of its prior",
    "mean": "claims about the gut at their prior means",
    "off": "all claims about the gut switched off",
}


@dataclass(frozen=True)
class Answer:
    """``state`` and its class of the design's tags; ``sentence`` is the finding; ``reasons`` say how far it goes."""

    state: str
    css: str
    sentence: str
    reasons: tuple[str, ...]


def answer(trial: Trial) -> Answer:
    found = primary_contrasts(trial)
    if not found:
        return _without_contrast(trial)
    lead = [c for c in found if (c.outcome, c.kind) == (found[0].outcome, found[0].kind)]
    if len(lead) > 1:
        return _several(trial, lead)
    return _one(trial, lead[0])


def _one(trial: Trial, c: Contrast) -> Answer:
    measure = measure_of(c)
    e = c.estimate
    sentence = f"{_capital(c.label)}: {_told(c)} on {trial.arm_label(c.arm)} against {trial.arm_label(c.control)}."
    reasons = []
    if e.trial:
        size = f" of n = {e.trial.n}" if e.trial.n is not None else " of this size"
        verb = "A trial" + size + " would report" if not c.within else "Within the same virtual patients" + size
        holds = "" if excludes(measure, e.trial) else ", which holds no difference"
        reasons.append(f"{verb} {_span(measure, e.trial.low, e.trial.high)} ({e.trial.level * 100:.0f}%){holds}.")
    reasons.append(_mechanisms(measure, e))
    return Answer(*_state(trial, [c]), sentence, tuple(r for r in reasons if r))


def _several(trial: Trial, lead: Sequence[Contrast]) -> Answer:
    measure = measure_of(lead[0])
    values = [c.estimate.value for c in lead]
    sentence = (
        f"{_capital(lead[0].label)} on {len(lead)} arms against {trial.control.label}: "
        f"{_span(measure, min(values), max(values))}."
    )
    apart = [trial.arm_label(c.arm) for c in lead if excludes(measure, c.estimate.trial)]
    settled = [trial.arm_label(c.arm) for c in lead if excludes(measure, c.estimate.draws)]
    reasons = (
        f"The interval at the trial’s size excludes no difference for {listed_up_to(apart, 3) if apart else 'no arm'}, "
        f"that over draws of the mechanisms for {listed_up_to(settled, 3) if settled else 'none'}.",
        "The arm with the largest value is not singled out: among several arms one leads by chance.",
    )
    return Answer(*_state(trial, lead), sentence, reasons)


def _state(trial: Trial, lead: Sequence[Contrast]) -> tuple[str, str]:
    if lead[0].within:
        return "Within patients: no trial can show this", "plain"
    apart = [c for c in lead if excludes(measure_of(c), c.estimate.trial)]
    if apart:
        return "Difference more likely seen than missed", "info"
    return "Difference more likely missed than seen", "abst"


def _without_contrast(trial: Trial) -> Answer:
    arm = trial.control
    measure, name, found = _first_outcome(trial, arm)
    sentence = f"{_capital(name)} on {arm.label}: {_amount(measure, found.value) if found else 'not estimated'}."
    reasons = []
    if found and found.trial:
        size = f" of n = {found.trial.n}" if found.trial.n is not None else " of this size"
        span = _span(measure, found.trial.low, found.trial.high)
        reasons.append(f"A trial{size} would report {span} ({found.trial.level * 100:.0f}%).")
    reasons.append(_mechanisms(measure, found) if found else "")
    many = len(trial.arms) > 1
    state = "No primary outcome was compared" if many else "One arm: nothing to compare it with"
    return Answer(state, "plain", sentence, tuple(r for r in reasons if r))


def _mechanisms(measure: Measure, e: Estimate) -> str:
    if e.draws is None:
        return "How far it moves between draws of the mechanisms was not told: too few draws, or not computed for it."
    if e.draws.unseen:
        most = f", at most {spread(measure, e.draws).removeprefix('sd ≤ ')} in sd" if e.draws.sd_most else ""
        return f"No spread between draws of the mechanisms was seen{most}; more patients would tell."
    count = f", {e.draws.n} draws" if e.draws.n is not None else ""
    holds = ", so its direction is open" if measure.nothing is not None and not excludes(measure, e.draws) else ""
    return (
        f"What is not known of the mechanisms alone spans {_span(measure, e.draws.low, e.draws.high)} "
        f"({e.draws.level * 100:.0f}%{count}){holds}."
    )


def _first_outcome(trial: Trial, arm: Arm) -> tuple[Measure, str, Estimate | None]:
    """The first primary outcome that the arm has an estimate of, else its response."""
    for name in (*trial.design.primary, "response"):
        if name in arm.rates:
            return PERCENT, RATES.get(name, name.replace("_", " ")), arm.rates[name]
        if name in arm.times and (median := arm.times[name].median):
            return MONTHS, f"median {TIMES.get(name, name)}", median
    return PERCENT, RATES["response"], None


def against(trial: Trial) -> tuple[RowChart, ...]:
    """First panel: primary contrasts by outcome, as many as the first screen holds; rates where nothing is compared."""
    found = primary_contrasts(trial)[:MOST_ROWS]
    if not found:
        return _rates_alone(trial)
    arms = {a.id: a for a in trial.arms}
    charts = []
    for outcome, kind in dict.fromkeys((c.outcome, c.kind) for c in found):
        chosen = [c for c in found if (c.outcome, c.kind) == (outcome, kind)]
        rows = [
            Row(
                swatch(trial, arms[c.arm]) if c.arm in arms else c.arm,
                c.estimate,
                look(trial, arms[c.arm]).colour if c.arm in arms else "exposure",
            )
            for c in chosen
        ]
        words = f"{_capital(chosen[0].label)}, {chosen[0].measure.replace('_', ' ')}"
        charts.append(chart(measure_of(chosen[0]), f"Primary outcome: {words}", words, rows, css="mini"))
    return tuple(charts)


def _rates_alone(trial: Trial) -> tuple[RowChart, ...]:
    arm = trial.control
    rows = [Row(_capital(RATES[n]), arm.rates[n], look(trial, arm).colour) for n in ALONE if n in arm.rates]
    return (chart(PERCENT, f"Rates on {arm.label}", "Outcome", rows, css="mini"),) if rows else ()


def on_each_arm(trial: Trial) -> tuple[str, tuple[RowChart, ...]]:
    """Second panel: the first primary outcome on each arm; what it is, and its chart."""
    arms = [trial.control, *trial.others][:MOST_ROWS]
    first = trial.design.primary[0] if trial.design.primary else "response"
    biopsied = [(a, a.biopsy) for a in arms if a.biopsy is not None]
    if first == BIOPSY and biopsied:
        return "CD8 density in the biopsy, median and middle half of patients", (
            biopsied_arms(trial, biopsied, css="mini"),
        )
    for name in (*trial.design.primary, "response"):
        if any(name in a.rates for a in arms):
            words = RATES.get(name, name.replace("_", " "))
            rows = [Row(swatch(trial, a), a.rates.get(name), look(trial, a).colour) for a in arms]
            return _capital(words), (chart(PERCENT, f"{words} on each arm", "Arm", rows, css="mini"),)
        if any(name in a.times for a in arms):
            words = f"median {TIMES.get(name, name)}"
            medians = [(a, a.times[name].median if name in a.times else None) for a in arms]
            rows = [Row(swatch(trial, a), e, look(trial, a).colour) for a, e in medians]
            return _capital(words), (
                chart(MONTHS, f"{words} on each arm", "Arm", rows, css="mini", absent="not reached"),
            )
    return "Not estimated", ()


def rests_on(trial: Trial) -> tuple[tuple[str, str], ...]:
    """Third panel: label and words."""
    design = trial.design
    mode = (
        f"Paired: each of {design.n} virtual patients on every arm, which no trial can do."
        if design.paired
        else f"Parallel: {design.n} patients, each on one arm, as in a trial."
    )
    left = trial.candidates - trial.patients
    kept = (
        f"{trial.patients} simulated; {left} of {trial.candidates} candidates left out"
        if left
        else f"{trial.patients} simulated, nobody left out"
    )
    missed = [f"{trial.arm_label(id)} {n}" for id, n in trial.not_simulated.items() if n]
    out = [
        ("Design", mode),
        ("Patients", f"{kept} ({percent(left / trial.candidates)})." if left and trial.candidates else f"{kept}."),
        ("The gut", _capital(GATES.get(design.gates, design.gates)) + "."),
    ]
    if missed:
        out.append(("Failed", f"Could not be simulated: {listed(missed)}."))
    if trial.notes:
        out.append(("Note", trial.notes[0]))
    return tuple(out)


def _amount(measure: Measure, value: float) -> str:
    """``+3.0 points``, ``0.94``, ``25%``, ``6.2 months``."""
    return measure.write(value) if measure.unit in ("%", "ratio") else f"{measure.write(value)} {measure.unit}"


def _told(c: Contrast) -> str:
    """The value of a contrast with what it is: ``a hazard ratio of 0.94``, ``1.30 times``, ``+3.0 points``."""
    written = _amount(measure_of(c), c.estimate.value)
    return {"hazard_ratio": f"a hazard ratio of {written}", "ratio": f"{written} times as much"}.get(c.measure, written)


def _span(measure: Measure, low: float, high: float) -> str:
    unit = "" if measure.unit in ("%", "ratio") else f" {measure.unit}"
    return f"{measure.write(low)} to {measure.write(high)}{unit}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
