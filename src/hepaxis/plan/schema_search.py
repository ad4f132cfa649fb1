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


@dataclass(frozen=True)
class ScheduleRow:
    """One schedule of an arm.  ``kind``: timing, dose, role; ``value``: day or factor on the dose, None at progression.

    ``size``: sum of diameters at the end against that under the base regimen, ratio.
    """

    kind: str
    label: str
    value: float | None
    change_response: Interval
    size: Interval


@dataclass(frozen=True)
class Persistence:
    """Donor cells' share of the living biomass on a day."""

    day: float
    share: Interval


@dataclass(frozen=True)
class Schedule:
    """An arm's schedule varied on the wide stage.  ``window``: factors on the dose that cannot be told apart."""

    arm: str
    label: str
    rows: tuple[ScheduleRow, ...]
    window: tuple[float, float] | None
    biphasic: bool
    sentences: tuple[str, ...]
    persistence: tuple[Persistence, ...]
    resample: tuple[str, ...]
