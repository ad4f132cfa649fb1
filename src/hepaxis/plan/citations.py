"""What of the published evidence a plan's sentences rest on: record ids for locators, strategies and gates.

Held: an id is that of a record (`hepaxis evidence show ID`) or, for a value that is no published study, ``table/row``
of the fact tables.  A strategy's grade is its table's, or weaker where its records allow no more: a study that is
retracted lowers it here without anybody editing a plan.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from hepaxis import axis, evidence, knowledge
from hepaxis.evidence.links import LETTERS, sources_of, supports

SEPARATOR = "; "


def resolves(id: str) -> bool:
    """True where a record or a row of a fact table has this id."""
    if id in evidence.by_id():
        return True
    table, slash, row = id.partition("/")
    return bool(slash) and table in knowledge.names() and any(one["id"] == row for one in knowledge.records(table))


def records_of(locator: str, table: str, row: str) -> str:
    """Ids behind a locator, '; '-joined: the records that rest on it, else the row it stands in."""
    found = [one.id for one in evidence.cited([locator])]
    return SEPARATOR.join(found or ([f"{table}/{row}"] if table and row else []))


@cache
def _allowed() -> dict[str, str]:
    return {one.strategy: one.allowed for one in supports()}


def graded(id: str, letter: str) -> str:
    """A strategy's grade: the weaker of its table's and the best that its records allow."""
    return max(letter, _allowed()[id], key=LETTERS.index)


def strategy_records(ids: Iterable[str]) -> tuple[str, ...]:
    """Records that these regimens and arms rest on, safety rules apart (a flag names its own)."""
    wanted = set(ids)
    return tuple(one.id for one in evidence.records() if wanted & set(one.strategies) and one.kind != "safety")


@cache
def gate_records(gate: str) -> tuple[str, ...]:
    """Records for and against a gate's claim."""
    row = axis.gate_table().loc[gate]
    cited = sources_of(f"{row['sources']}; {row['against'] or ''}")
    return tuple(one.id for one in cited.records)
