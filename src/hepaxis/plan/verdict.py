"""The answer in one sentence, and when to say "cannot tell".

Held: three states.  ``cannot_tell`` when there is no usable profile, or when the data leave the predicted response
where the prior had it; ``base_default`` when every interval of change includes zero; ``ranked`` when at least one
does not.  The base regimen is the default answer in all three.  Words follow the numbers; nothing says "should".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepaxis.plan.sample import Sample
from hepaxis.plan.schema import AttributionRow, CheckRow, Fact, Interval, MissingRow, Strategy, Verdict

MOVED = 0.5  # shift in prior sds from which the profile counts as having moved the answer
NARROWED = 0.75  # posterior over prior sd below which it counts as having narrowed it
TRIAL = "trial_only"


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


def excludes_zero(interval: Interval | None) -> bool:
    return interval is not None and (interval.lo90 > 0 or interval.hi90 < 0)


def verdict(
    sample: Sample | None,
    movement: Movement | None,
    strategies: tuple[Strategy, ...],
    rows: tuple[AttributionRow, ...],
    gut: Interval,
    missing: tuple[MissingRow, ...],
) -> Verdict:
    """The verdict of a plan."""
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
    if sample is not None and sample.doubtful:
        reasons.append(sample.doubtful)
    gains = [s for s in others if excludes_zero(s.change_response)]
    if reasons and (sample is None or movement is None or not movement.moved):
        state = "cannot_tell"
        sentence = (
            f"{base.label} stays the default. With today's data this gut cannot be told from the prior, so add-ons "
            "cannot be ranked."
        )
    elif not gains:
        state = "base_default"
        sentence = (
            f"{base.label} stays the default. Every 90% interval of change includes zero: no add-on can be told from "
            "adding nothing."
        )
    else:
        state = "ranked"
        best = max(gains, key=lambda s: s.change_response.median if s.change_response else 0.0)
        trial = " (in a trial only)" if best.status == TRIAL else ""
        sentence = (
            f"{base.label} stays the default. {best.label}{trial} has the largest predicted change whose 90% interval "
            f"excludes zero ({_points(best.change_response)})."
        )
    if base.status == "blocked":
        sentence = f"{base.label} is blocked by a safety rule. " + sentence.replace(
            " stays the default", " was planned"
        )
        reasons.append("the planned regimen is blocked: see its safety flags")
    return Verdict(
        state=state,
        sentence=sentence,
        reasons=tuple(reasons),
        limits_sentence=limits(rows),
        gut_sentence=gut_sentence(gut),
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
        text += f"; then {lowering[1].label.lower() if lowering[1].label[1:2].islower() else lowering[1].label}"
    return text + "."


def gut_sentence(gut: Interval) -> str:
    """How much is the gut's, in points of response against the reference gut."""
    direction = "more" if gut.median > 0 else "fewer"
    size = abs(100 * gut.median)
    wide = f"90% interval {100 * gut.lo90:+.0f} to {100 * gut.hi90:+.0f}".replace("-", "\u2212")
    return f"About {size:.0f} points {direction} of response than with a reference gut ({wide})."


def options(base: Strategy, others: list[Strategy], missing: tuple[MissingRow, ...]) -> tuple[Fact, ...]:
    """What to consider: the default, the best low-burden change, trials, and what to measure."""
    rows = [Fact("Default", base.label)]
    open_to = [s for s in others if s.status == "ranked" and s.kind not in ("regimen", "base")]
    if open_to:
        best = max(open_to, key=lambda s: s.change_response.median if s.change_response else -1.0)
        rows.append(Fact("Without a trial", best.label, detail=_points(best.change_response)))
    trials = [s for s in others if s.status == TRIAL and s.trials]
    if trials:
        best = max(trials, key=lambda s: s.change_response.median if s.change_response else -1.0)
        rows.append(Fact("In a trial", f"{best.label}: {', '.join(best.trials)}", detail=_points(best.change_response)))
    worth = [row for row in missing if row.value is not None]
    if worth:
        rows.append(Fact("Measure", worth[0].label, detail=worth[0].action))
    elif missing:
        rows.append(Fact("Measure", missing[0].label, detail=missing[0].action))
    rows.append(Fact("Infection", "Treat any infection; an antibiotic is never withheld"))
    return tuple(rows)


def _points(change: Interval | None) -> str:
    if change is None:
        return ""
    text = f"{100 * change.median:+.1f} points (90% interval {100 * change.lo90:+.1f} to {100 * change.hi90:+.1f})"
    return text.replace("-", "\u2212")


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
