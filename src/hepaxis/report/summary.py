"""The short ranked table for a terminal: plain text, one row a strategy, statement of use included.

Fits 100 columns.  Control characters of an input never reach the terminal.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence

from hepaxis.plan.schema import Plan, Strategy

from . import access, formats
from . import reading as read
from .page import STATES
from .sheet import STATEMENT

COLUMNS = 100
GAP = "  "
HEAD = ("#", "strategy (+: added to 0)", "change, points", "severe events", "ev", "access")
NOTE = "change in objective response against 0 and severe immune events: median (90% interval); ev: evidence, A to E"


def _plain(words: str) -> str:
    """One line, printable characters only."""
    kept = "".join(" " if unicodedata.category(c).startswith(("C", "Z")) else c for c in words)
    return " ".join(kept.split())


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
        _plain(strategy.label),
        change,
        harm,
        _plain(strategy.evidence.grade) or "-",
        _plain(access.in_a_word(strategy)),
    )


def _laid_out(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Columns as wide as they need; the name of the strategy gives way so that a line fits."""
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    room = COLUMNS - sum(widths) + widths[1] - len(GAP) * (len(widths) - 1)
    widths[1] = min(widths[1], max(room, len(HEAD[1])))
    lines = []
    for row in rows:
        cells = [row[0], formats.shortened(row[1], widths[1]), *row[2:]]
        line = GAP.join(cell.ljust(w) for cell, w in zip(cells, widths, strict=True)).rstrip()
        lines.append(line if len(line) <= COLUMNS else line[: COLUMNS - 1].rstrip() + "…")
    return lines


def summary_table(plan: Plan) -> str:
    """Verdict, then base regimen, ranked, trial-only and blocked strategies; ends with the statement of use."""
    plan = read.as_shown(plan)
    base = read.base_strategy(plan)
    rows: list[tuple[str, ...]] = [HEAD]
    if base:
        rows.append(_row(base, "0"))
    rows += [_row(s, str(s.rank) if s.rank is not None else "-") for s in read.shown_in_order(plan)]
    rows += [_row(s, "-") for s in (*read.trial_only_unranked(plan), *read.blocked(plan))]
    state = STATES.get(plan.verdict.state, (plan.verdict.state, ""))[0]
    verdict = textwrap.wrap(_plain(f"{state}: {plan.verdict.sentence}"), COLUMNS)
    notes = textwrap.wrap(NOTE, COLUMNS)
    return "\n".join([*verdict, "", *_laid_out(rows), "", *notes, STATEMENT]) + "\n"
