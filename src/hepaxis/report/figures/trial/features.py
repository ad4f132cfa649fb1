"""Response by a baseline feature of the gut: thirds of the patients, and the odds ratio a standard deviation.

An association among virtual patients, not an effect: features move together, and with liver and tumour.
"""

from __future__ import annotations

from ...captions import Caption
from ...formats import listed_up_to, quantity, share
from ...trial_records import Arm, Estimate, Feature, Tertile, Trial
from .estimates import PERCENT, RATIO, Row, chart, excludes, key, table, told
from .panel import Panel, look, swatch

THIRDS = ("lowest third", "middle third", "highest third")
MOST_NAMED = 3


def of_arm(trial: Trial, arm: Arm) -> tuple[Feature, ...]:
    return tuple(f for f in trial.features if f.arm == arm.id)


def tertiles(trial: Trial, arm: Arm) -> Panel | None:
    """None where no feature was looked at on this arm."""
    found = of_arm(trial, arm)
    if not found:
        return None
    colour = look(trial, arm).colour
    rows, numbers = [], []
    for f in found:
        for i, t in enumerate(f.tertiles):
            first = i == 0
            small = _group(f, i)
            rows.append(Row(_capital(f.label) if first else "", t.response, colour, small=small))
            numbers.append((f"{f.label}, {small}", t.response))
    return Panel(
        arm.label,
        "Objective response, per cent, in thirds of the patients by the feature before treatment.",
        Caption(_widest(found), "Thirds of those simulated; an association among virtual patients, not an effect."),
        (table(PERCENT, f"response by feature, {arm.label}", "Feature, third", numbers),),
        charts=(chart(PERCENT, f"Response by thirds of baseline features on {arm.label}", "Feature", rows),),
        legend=key([t.response for f in found for t in f.tertiles]),
    )


def odds(trial: Trial) -> Panel | None:
    """Odds ratio of response a standard deviation, every feature and arm; None where there is none."""
    found = [f for f in trial.features if f.odds_ratio is not None]
    if not found:
        return None
    arms = {a.id: a for a in trial.arms}
    order = list(dict.fromkeys(f.feature for f in found))
    found.sort(key=lambda f: order.index(f.feature))
    rows = [
        Row(
            "" if i and found[i - 1].feature == f.feature else _capital(f.label),
            f.odds_ratio,
            look(trial, arms[f.arm]).colour if f.arm in arms else "exposure",
            small=swatch(trial, arms[f.arm]) if f.arm in arms else f.arm,
        )
        for i, f in enumerate(found)
    ]
    apart = [
        f"{f.label} on {trial.arm_label(f.arm)}" for f in found if f.odds_ratio and excludes(RATIO, f.odds_ratio.trial)
    ]
    finding = (
        f"A trial of this size would see an association with {listed_up_to(apart, MOST_NAMED)}."
        if apart
        else "At the size of this trial no interval excludes 1."
    )
    numbers = [(f"{f.label}, {trial.arm_label(f.arm)}", f.odds_ratio) for f in found]
    return Panel(
        "Odds ratio a standard deviation",
        "Odds of objective response for one standard deviation more of the feature, log axis; above 1: more response.",
        Caption(finding, "Not adjusted for other features."),
        (table(RATIO, "odds ratios of response", "Feature, arm", numbers),),
        charts=(chart(RATIO, "Odds ratio of response a standard deviation of each feature", "Feature", rows),),
        legend=key([f.odds_ratio for f in found]),
    )


def _group(f: Feature, place: int) -> str:
    """``lowest third: 0% to 0.1%; n = 67``, or the group by its own name."""
    t = f.tertiles[place]
    name = t.label or (THIRDS[place] if len(f.tertiles) == len(THIRDS) else "")
    words = ": ".join(part for part in (name, _bounds(f, t)) if part)
    return f"{words}; n = {t.n:.0f}" if words else f"n = {t.n:.0f}"


def _bounds(f: Feature, t: Tertile) -> str:
    if t.low is None or t.high is None:
        return ""
    if f.unit == "share":
        return f"{share(t.low)} to {share(t.high)}"
    unit = "" if f.unit in ("", "1", "dimensionless", "relative") else f" {f.unit}"
    return f"{quantity(t.low)} to {quantity(t.high)}{unit}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _widest(found: tuple[Feature, ...]) -> str:
    """The feature whose outer groups lie farthest apart, with both."""
    ends: list[tuple[Feature, Estimate, Estimate]] = []
    for f in found:
        first, last = (f.tertiles[0].response, f.tertiles[-1].response) if len(f.tertiles) > 1 else (None, None)
        if first and last:
            ends.append((f, first, last))
    if not ends:
        return "No response rate was estimated by group."
    widest, low, high = max(ends, key=lambda e: abs(e[2].value - e[1].value))
    if low.value == high.value:
        return "The outer groups have the same response for every feature."
    return f"Widest: {widest.label}, {told(PERCENT, low)} in the first and {told(PERCENT, high)} in the last group."
