"""Arms of published trials as set-ups of a virtual one: what was given, to whom, when, and how it was read.

Read from ``knowledge``: ``trials`` and ``trial_arms`` (one row a row of ``trials``); scans and rules of counting are
those of ``conduct``.  No outcome is read here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from hepaxis import knowledge
from hepaxis.trial.schedule import Conduct, conduct

MONTHS = 12.0


@dataclass(frozen=True)
class PublishedArm:
    """One row of ``trials``.

    treatments    (share, component ids); more than one where the arm let the choice of drug
    population    named population; region global, asia or china; child_pugh the classes admitted
    second_line   share treated before (0-1)
    enrolled      first and last month as years (2018.17), None where it is not known
    review        who read the scans: independent, investigator or unknown
    dropout       class of the hazard of leaving assessment: immune, tki, placebo or local
    unverified    which part of this stands from memory
    """

    id: str
    label: str
    use: str
    n: int
    year: int
    treatments: tuple[tuple[float, tuple[str, ...]], ...]
    population: str
    region: str
    child_pugh: tuple[str, ...]
    second_line: float
    enrolled: tuple[float | None, float | None]
    conduct: Conduct
    review: str
    dropout: str
    checked: str
    unverified: str
    note: str

    @property
    def components(self) -> tuple[str, ...]:
        """Ids of what most of the arm was given."""
        return max(self.treatments)[1]

    @property
    def enrolment(self) -> float | None:
        """Middle of enrolment, year; None where no month is known."""
        known = [year for year in self.enrolled if year is not None]
        return sum(known) / len(known) if known else None


@cache
def published_arm_ids() -> tuple[str, ...]:
    """Ids of all arms, in the order of ``trials``."""
    return tuple(str(row["id"]) for row in knowledge.records("trials"))


def published_arm(id: str) -> PublishedArm:
    """The arm ``id``.  KeyError, with the nearest ids, if there is none."""
    row: Mapping[str, Any] = knowledge.row("trials", id)
    design: Mapping[str, Any] = knowledge.row("trial_arms", id)
    shares = tuple(float(share) for share in design["share"]) or (1.0,)
    given = tuple((one, *design["components"]) for one in design["regimen"])
    return PublishedArm(
        id=id,
        label=row["label"],
        use=row["use"],
        n=int(row["n"]),
        year=int(row["year"]),
        treatments=tuple(zip(shares, given, strict=True)),
        population=design["population"],
        region=design["region"],
        child_pugh=design["child_pugh"],
        second_line=design["second_line"],
        enrolled=(_year(design["enrolled_from"]), _year(design["enrolled_to"])),
        conduct=conduct(design["conduct"]),
        review=design["review"],
        dropout=design["dropout"],
        checked=design["checked"],
        unverified=design["unverified"],
        note=design["note"],
    )


def _year(month: str) -> float | None:
    """'2018-03' -> 2018.17."""
    if not month:
        return None
    year, number = month.split("-")
    return int(year) + (int(number) - 1) / MONTHS
