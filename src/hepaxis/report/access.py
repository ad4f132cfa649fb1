"""What the safety column says of a strategy: how it can be had, the gravest flag, and how much is still to be asked.

Held here: two short tags a strategy, for the table and the terminal.  The flags themselves, whole and with their
rules and sources, stand in the strategy's details.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hepaxis.plan.schema import SafetyFlag, Strategy

from .formats import counted, shortened
from .reading import bare

LONGEST = 64  # characters of a flag in the table


@dataclass(frozen=True)
class Tag:
    """``css``: class of the design's tags (block, trial, warn, info, ok, plain)."""

    css: str
    text: str


def _gist(flag: SafetyFlag) -> str:
    """Reason and action, without the rationale in brackets that follows them."""
    return shortened(flag.text.split(" (")[0], LONGEST)


def _first(flags: Sequence[SafetyFlag], severity: str) -> SafetyFlag | None:
    return next((f for f in flags if f.severity == severity and not f.question), None)


def trials_in_short(strategy: Strategy) -> str:
    """``NCT05690048``, ``NCT05690048 +3``; '' without an open trial."""
    first, *more = [bare(t) for t in strategy.trials] or [""]
    return f"{first} +{len(more)}" if more else first


def _strongest(strategy: Strategy) -> tuple[Tag | None, SafetyFlag | None]:
    """The tag that matters most, and the flag it tells (None where it tells the strategy's status)."""
    flags = strategy.safety
    if flag := _first(flags, "override"):
        return Tag("warn", _gist(flag)), flag
    if strategy.status == "trial_only":
        named = trials_in_short(strategy)
        told = f": {named}" if named else "; no open trial on file"
        return Tag("trial", f"in a trial only{told}"), _first(flags, "trial_only")
    if flag := _first(flags, "warn"):
        return Tag("warn", f"warning: {_gist(flag)}"), flag
    if flag := _first(flags, "info"):
        return Tag("info", _gist(flag)), flag
    if strategy.status == "base":
        return Tag("info", "as planned"), None
    return (Tag("ok", "no trial needed"), None) if strategy.status == "ranked" else (None, None)


def tags(strategy: Strategy) -> tuple[Tag, ...]:
    """At most three: the strongest, the count of what is open, and whether the model is at its ceiling."""
    if strategy.status not in {"base", "ranked", "trial_only"}:
        first: Tag | None = Tag("block", "blocked" if strategy.status == "blocked" else strategy.status)
        told = {id(f) for f in strategy.safety if f.severity == "block"}
    else:
        first, flag = _strongest(strategy)
        told = {id(flag)}
    questions = [f for f in strategy.safety if f.question]
    notes = [f for f in strategy.safety if not f.question and id(f) not in told]
    out = [first] if first else []
    counts = []
    if questions:
        counts.append(counted(len(questions), "question") + " open")
    if notes:
        counts.append(counted(len(notes), "more note" if first else "note"))
    if counts:
        grave = any(f.severity in {"warn", "trial_only", "block"} for f in questions)
        out.append(Tag("warn" if grave else "plain", ", ".join(counts)))
    if strategy.at_ceiling:
        out.append(Tag("plain", "at the model’s ceiling"))
    return tuple(out)


def in_a_word(strategy: Strategy) -> str:
    """For a narrow terminal column: ``trial: NCT05690048 +3``, ``blocked: S23``, ``warning: S11``, ``6 questions``."""
    if strategy.status == "trial_only":
        return f"trial: {trials_in_short(strategy) or 'none open'}"
    if strategy.status not in {"base", "ranked"}:
        rules = [f.rule for f in strategy.safety if f.severity == "block"]
        return strategy.status + (f": {', '.join(rules)}" if rules else "")
    if flag := _first(strategy.safety, "override") or _first(strategy.safety, "warn"):
        return f"warning: {flag.rule}"
    questions = [f for f in strategy.safety if f.question]
    return counted(len(questions), "question") if questions else ""
