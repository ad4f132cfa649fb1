"""Microbiota-directed arms: transplants, live products, metabolites, blockers, engineered strains, diet, stewardship.

Read from ``knowledge``: ``microbiota_arms`` (what it is, with evidence and conflict), ``component_levers`` (what it
does to the model, amounts mostly assumed and marked so), ``donor_profiles`` (guild shares of what is given).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from hepaxis import knowledge
from hepaxis.problems import InputError
from hepaxis.therapy.levers import GUILDS
from hepaxis.therapy.regimens import unknown

ROUNDING = 1e-6  # shares read from a table sum to 1 but for this


@dataclass(frozen=True)
class DonorShares:
    """A donor of the user's own: share of each guild in the living cells, in the order of ``GUILDS``; sums to 1.

    Raises ValueError when they do not, or are not twelve shares.
    """

    id: str
    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.shares) != len(GUILDS) or min(self.shares) < 0 or abs(sum(self.shares) - 1.0) > ROUNDING:
            raise ValueError(f"donor {self.id}: give {len(GUILDS)} shares that sum to 1")

    def __str__(self) -> str:
        return self.id


@dataclass(frozen=True)
class Pull:
    """One row of ``component_levers``: a lever, an amount, and when.  ``repeats`` None: until the end.

    ``duration`` None: a single dose, or a level held to the end.  ``profile`` names a donor profile or an antibiotic
    class for the levers ``donor`` and ``antibiotic``, which spread over guilds.
    """

    lever: str
    amount: float
    unit: str
    first_day: float
    duration: float | None
    repeats: int | None
    interval: float | None
    profile: str | DonorShares
    sources: tuple[str, ...]
    checked: str
    note: str


@dataclass(frozen=True)
class Arm:
    """One arm.  ``kind``: microbiota, metabolite, engineered, antibiotic, diet, stewardship; grade never A.

    ``safety_classes`` is what the safety rules look at; ``regulatory`` investigational means a trial only.
    """

    id: str
    label: str
    kind: str
    safety_classes: tuple[str, ...]
    dose: str
    route: str
    start: str
    repeats: str
    lead_in: str
    donor: str
    evidence_grade: str
    evidence: str
    conflict: str
    sources: tuple[str, ...]
    checked: str
    open_trials: tuple[str, ...]
    mechanism: str
    burden: str
    burden_note: str
    regulatory: str
    relevance: int
    pulls: tuple[Pull, ...]

    @property
    def schedule(self) -> tuple[str, ...]:
        """Printed lines: dose and route, then timing."""
        lead = f", after {self.lead_in}" if self.lead_in else ""
        return (f"{self.dose}, {self.route}", f"{self.start}; {self.repeats}{lead}")


@cache
def arm_ids() -> tuple[str, ...]:
    """Ids of all arms in table order."""
    return tuple(str(row["id"]) for row in knowledge.records("microbiota_arms"))


@cache
def arm(id: str) -> Arm:
    """The arm ``id``.  Raises InputError, with the nearest ids, if there is none."""
    if id not in arm_ids():
        raise InputError([unknown("arm", id, arm_ids())])
    row: Mapping[str, Any] = knowledge.row("microbiota_arms", id)
    elsewhere = ("id", "sources", "pulls")
    same = {field.name: row[field.name] for field in fields(Arm) if field.name not in elsewhere}
    return Arm(id=id, sources=row["source"], pulls=pulls(id), **same)


def pulls(component: str) -> tuple[Pull, ...]:
    """What a component does to the model, in table order; empty for regimens of infusions alone."""
    return tuple(_pull(row) for row in knowledge.records("component_levers") if row["component"] == component)


def donor_shares(profile: str | DonorShares) -> dict[str, float]:
    """Share of each guild in the living cells of a product or donor; sums to 1.  KeyError for an unknown profile."""
    if isinstance(profile, DonorShares):
        return dict(zip(GUILDS, profile.shares, strict=True))
    row: Mapping[str, Any] = knowledge.row("donor_profiles", profile)
    return {guild: float(row[guild]) for guild in GUILDS}


def _pull(row: Mapping[str, Any]) -> Pull:
    return Pull(
        lever=row["lever"],
        amount=row["amount"],
        unit=row["unit"],
        first_day=row["first_day"],
        duration=row["duration_days"],
        repeats=None if row["repeats"] is None else int(row["repeats"]),
        interval=row["interval_days"],
        profile=row["with"],
        sources=row["source"],
        checked=row["checked"],
        note=row["note"],
    )
