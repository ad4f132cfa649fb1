"""What a plan says of its search and of schedules: sections beside the ranked strategies."""

from __future__ import annotations

from dataclasses import dataclass

from hepaxis.plan.schema_terms import Interval


@dataclass(frozen=True)
class SearchRow:
    """One strategy of the wide stage.  ``front``: 1 where none is better on all five aims; ``deep``: run on all."""

    id: str
    label: str
    status: str
    kind: str
    grade: str
    burden: str
    change_response: Interval
    change_durable: Interval
    change_severe: Interval
    front: int
    deep: bool


@dataclass(frozen=True)
class Search:
    """The wide stage: ``generated`` strategies could be built, these were tried on ``n_patients`` virtual patients."""

    rows: tuple[SearchRow, ...]
    n_patients: int
    generated: int
    solves: int  # courses of one virtual patient over the horizon, both stages
