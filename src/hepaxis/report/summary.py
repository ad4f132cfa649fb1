"""The short ranked table for a terminal: plain text, one row a strategy, statement of use included.

Control characters of an input never reach the terminal.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from hepaxis.plan.schema import Plan, Strategy

from . import formats
from . import reading as read
from .page import STATEMENT, STATES

NAME_WIDTH = 44
ACCESS_WIDTH = 40
HEAD = ("rank", "strategy", "change, points (90%)", "severe events (90%)", "evidence", "access")


def _plain(words: str) -> str:
    """One line, printable characters only."""
    kept = "".join(" " if unicodedata.category(c).startswith(("C", "Z")) else c for c in words)
    return " ".join(kept.split())


def _cut(words: str, width: int) -> str:
    return words if len(words) <= width else words[: width - 1].rstrip() + "…"


def _access(strategy: Strategy) -> str:
    if strategy.status == "trial_only":
        return "in a trial only" + (": " + ", ".join(strategy.trials) if strategy.trials else "")
    blocks = [f"blocked: {f.text}" for f in strategy.safety if f.severity == "block"]
    if blocks:
        return blocks[0]
    if strategy.status not in {"base", "ranked"}:
        return strategy.status
    warnings = [f.text for f in strategy.safety if f.severity == "warn"]
    return "; ".join(warnings)


def _row(strategy: Strategy, rank: str) -> tuple[str, ...]:
    outcomes = strategy.outcomes
    if strategy.status == "base" and outcomes:
        change = "response " + formats.percent_with_range(outcomes.objective_response)
    elif strategy.change_response is not None:
        change = formats.with_limits(strategy.change_response, formats.points)
    else:
        change = "-"
    harm = formats.percent_with_range(outcomes.severe_immune_event) if outcomes else "-"
    return (
        rank,
        _cut(_plain(strategy.label), NAME_WIDTH),
        change,
        harm,
        _plain(strategy.evidence.grade) or "-",
        _cut(_plain(_access(strategy)), ACCESS_WIDTH),
    )


def _laid_out(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.ljust(w) for cell, w in zip(r, widths, strict=True)).rstrip() for r in rows]


def summary_table(plan: Plan) -> str:
    """Verdict, then base regimen, ranked, trial-only and blocked strategies; ends with the statement of use."""
    base = read.base_strategy(plan)
    rows: list[tuple[str, ...]] = [HEAD]
    if base:
        rows.append(_row(base, "0"))
    rows += [_row(s, str(s.rank) if s.rank is not None else "-") for s in read.shown_in_order(plan)]
    rows += [_row(s, "-") for s in (*read.trial_only_unranked(plan), *read.blocked(plan))]
    state = STATES.get(plan.verdict.state, (plan.verdict.state, ""))[0]
    lines = [_plain(f"{state}: {plan.verdict.sentence}"), "", *_laid_out(rows), "", STATEMENT]
    return "\n".join(lines) + "\n"
