"""The answer in one sentence, and when to say "cannot tell".

Held: three states.  ``cannot_tell`` when there is no usable profile, or when the data leave the predicted response
where the prior had it; ``ranked`` when the 90% interval of an add-on's change lies above zero; ``base_default``
otherwise.  Another regimen is named but never makes a ranking: regimens are calibrated to separate trials.  An option
whose interval lies below zero is named as such.  The base regimen is the default answer in all three.  Words follow
the numbers; nothing says "should".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hepaxis.plan.sample import Sample
from hepaxis.plan.schema import AttributionRow, CheckRow, Fact, Interval, MissingRow, Strategy, Verdict

MOVED = 0.5  # shift in prior sds from which the profile counts as having moved the answer
NARROWED = 0.75  # posterior over prior sd below which it counts as having narrowed it
TRIAL = "trial_only"
MOST_NAMED = 3  # options named in a reason; further ones are counted
LEAST_POINTS = 0.5  # points of response below which a gut's effect is "under one point"


@dataclass(frozen=True)
class Movement:
    """Predicted response with this gut against a gut drawn from the prior: shift in prior sds, and ratio of sds."""

    shift: float
    narrowing: float

    @property
    def moved(self) -> bool:
        return abs(self.shift) >= MOVED or self.narrowing <= NARROWED

    @classmethod
    def between(cls, mine: np.ndarray, prior: np.ndarray) -> Movement:
        """Log-odds by draw (G,) with this gut and with guts of the prior."""
        spread = float(np.nanstd(prior, ddof=1)) or 1e-9
        return cls(float((np.nanmean(mine) - np.nanmean(prior)) / spread), float(np.nanstd(mine, ddof=1)) / spread)


def better(interval: Interval | None) -> bool:
    """Whether the whole 90% interval of a change lies above zero."""
    return interval is not None and interval.lo90 > 0


def worse(interval: Interval | None) -> bool:
    """Whether the whole 90% interval of a change lies below zero."""
    return interval is not None and interval.hi90 < 0


def verdict(
    sample: Sample | None,
    movement: Movement | None,
    strategies: tuple[Strategy, ...],
    rows: tuple[AttributionRow, ...],
    gut: Interval,
    missing: tuple[MissingRow, ...],
    cannot: tuple[str, ...] = (),
    another: Interval | None = None,
) -> Verdict:
    """The verdict of a plan.  cannot: why nothing can be ranked (``decision``); another: change with a donor's gut."""
    base = strategies[0]
    others = [s for s in strategies if s.status != "blocked" and s is not base and s.change_response is not None]
    reasons: list[str] = []
    if sample is None:
        reasons.append("there is no stool profile")
    elif movement is not None and not movement.moved:
        reasons.append(
            f"the profile leaves the predicted response where the prior had it (shift {movement.shift:+.2f} prior sd, "
            f"spread {movement.narrowing:.2f} of the prior's)"
        )
    reasons += [reason for reason in cannot if reason not in reasons]
    if sample is not None and sample.doubtful and not cannot:
        reasons.append(sample.doubtful)
    regimens = [s for s in others if s.kind == "regimen" and better(s.change_response)]
    gains = [s for s in others if s.kind != "regimen" and better(s.change_response)]
    losses = [s for s in others if worse(s.change_response)]
    blind = sample is None or (movement is not None and not movement.moved)
    if blind or cannot:
        state = "cannot_tell"
        why = "this gut cannot be told from the prior, so add-ons" if blind else "add-ons"
        sentence = f"{base.label} stays the default. With today's data {why} cannot be ranked."
    elif not gains:
        state = "base_default"
        sentence = (
            f"{base.label} stays the default. No add-on's 90% interval of change lies above zero: none can be "
            "told from adding nothing."
        )
    else:
        state = "ranked"
        best = max(gains, key=lambda s: s.change_response.median if s.change_response else 0.0)
        trial = " (in a trial only)" if best.status == TRIAL else ""
        sentence = (
            f"{base.label} stays the default. {_option(best, base)}{trial} has the largest predicted gain "
            f"whose 90% interval lies above zero: {_points(best.change_response)}."
        )
    if base.status == "blocked":
        sentence = f"{base.label} is blocked by a safety rule. " + sentence.replace(
            " stays the default", " was planned"
        )
        reasons.append("the planned regimen is blocked: see its safety flags")
    if regimens:
        named = ", ".join(f"{s.label} {_points(s.change_response)}" for s in regimens)
        reasons.append(
            f"another regimen is predicted above the planned one: {named}; regimens are calibrated to separate trials, "
            "so this is no head-to-head comparison"
        )
    if losses:
        reasons.append(_worse_than(base, losses))
    return Verdict(
        state=state,
        sentence=sentence,
        reasons=tuple(f"{_capital(reason.rstrip('.'))}." for reason in reasons),
        limits_sentence=limits(rows),
        gut_sentence=" ".join([gut_sentence(gut), *([] if another is None else [another_sentence(another)])]),
        options=options(base, others, missing),
    )


def limits(rows: tuple[AttributionRow, ...]) -> str:
    """What limits response: the strongest lowering rows, gut parts left to the gut's own sentence."""
    lowering = sorted((r for r in rows if not r.parent and r.effect.median < 0), key=lambda r: r.effect.median)
    if not lowering:
        return "No group of mechanisms lowers the predicted response below its reference."
    first = lowering[0]
    sure = "" if first.effect.hi90 < 0 else ", though its interval includes none"
    text = f"{first.label} takes the most from the predicted response{sure}"
    if len(lowering) > 1:
        text += f"; then {_small(lowering[1].label)}"
    return text + "."


def _small(label: str) -> str:
    """Small first letter inside a sentence; an acronym keeps its capitals."""
    return label[:1].lower() + label[1:] if label[1:2].islower() else label


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _worse_than(base: Strategy, losses: Sequence[Strategy]) -> str:
    """Names the options whose interval lies below zero, the least loss first."""
    names = [
        f"{s.beside(base)} ({_tenths(s.change_response.median)} points)"
        for s in losses[:MOST_NAMED]
        if s.change_response
    ]
    if len(losses) > MOST_NAMED:
        names.append(f"{len(losses) - MOST_NAMED} more")
    told = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    apart = "; regimens are calibrated to separate trials" if any(s.kind == "regimen" for s in losses) else ""
    return f"predicted response is lower than under {base.label}, by the whole 90% interval, with {told}{apart}"


def gut_sentence(gut: Interval) -> str:
    """How much is the gut's, in points of response against the reference gut."""
    size = abs(100 * gut.median)
    wide = f"90% interval {_whole(gut.lo90)} to {_whole(gut.hi90)}"
    if size < LEAST_POINTS:
        return f"Under one point of response apart from a reference gut ({wide})."
    direction = "more" if gut.median > 0 else "less"
    points = "point" if round(size) == 1 else "points"
    return f"About {size:.0f} {points} {direction} response than with a reference gut ({wide})."


def another_sentence(another: Interval) -> str:
    """Whether another gut could change it: a healthy donor's in place of this one, which no treatment gives whole."""
    wide = f"{_tenths(another.median)} points, 90% interval {_whole(another.lo90)} to {_whole(another.hi90)}"
    told = "would" if better(another) or worse(another) else "may or may not"
    return f"A donor's gut in its place {told} change it ({wide})."


def _whole(change: float) -> str:
    """Whole points with a true minus; what rounds to zero has no sign."""
    text = f"{100 * change:+.0f}"
    return "0" if float(text) == 0 else text.replace("-", "\u2212")


def options(base: Strategy, others: list[Strategy], missing: tuple[MissingRow, ...]) -> tuple[Fact, ...]:
    """What to consider: the default, the best low-burden change, trials, and what to measure."""
    rows = [Fact("Default", base.label)]
    open_to = [s for s in others if s.status == "ranked" and s.kind not in ("regimen", "base")]
    if open_to:
        best = max(open_to, key=lambda s: s.change_response.median if s.change_response else -1.0)
        rows.append(Fact("Without a trial", _option(best, base), detail=_points(best.change_response)))
    trials = [s for s in others if s.status == TRIAL and s.trials]
    if trials:
        best = max(trials, key=lambda s: s.change_response.median if s.change_response else -1.0)
        numbers = ", ".join(re.sub(r"^\w+:", "", trial) for trial in best.trials)
        rows.append(Fact("In a trial", f"{_option(best, base)}: {numbers}", detail=_points(best.change_response)))
    if missing:
        rows.append(Fact("Measure", missing[0].label, detail=missing[0].action))
    rows.append(Fact("Infection", "Treat any infection; an antibiotic is never withheld"))
    return tuple(rows)


def _option(strategy: Strategy, base: Strategy) -> str:
    return _capital(strategy.beside(base).removeprefix("+ "))


def _points(change: Interval | None) -> str:
    if change is None:
        return ""
    return f"{_tenths(change.median)} points (90% interval {_tenths(change.lo90)} to {_tenths(change.hi90)})"


def _tenths(change: float) -> str:
    """Points with one decimal and a true minus; what rounds to zero has no sign."""
    text = f"{100 * change:+.1f}"
    return "0.0" if float(text) == 0 else text.replace("-", "\u2212")


def checks(
    sample: Sample | None, movement: Movement | None, closed: float, failed: int, total: int, mismatch: float
) -> tuple[CheckRow, ...]:
    """Checks on the twin that a reader can see."""
    rows = [
        CheckRow("Virtual patients closed at rest", "yes" if closed >= 0.99 else "hardly" if closed > 0.9 else "no",
                 f"{closed:.1%}; {failed} of {total} left out of all comparisons"),
    ]  # fmt: skip
    if movement is not None:
        rows.append(
            CheckRow("The profile moves the answer from the prior", "yes" if movement.moved else "no",
                     f"shift {movement.shift:+.2f} prior sd, spread {movement.narrowing:.2f} of the prior's")
        )  # fmt: skip
    if sample is not None:
        rows.append(
            CheckRow(
                "Profile good enough", "hardly" if sample.doubtful else "yes", sample.doubtful or "coverage sufficient"
            )
        )
    if np.isfinite(mismatch):
        good = "yes" if mismatch < 0.02 else "hardly" if mismatch < 0.05 else "no"
        rows.append(CheckRow("The simulated antibiotic course gives the sample", good,
                             f"largest error of a guild {100 * mismatch:.1f} points of abundance"))  # fmt: skip
    return tuple(rows)
