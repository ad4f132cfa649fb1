"""Designs of published cohorts that asked whether a drug of the gut goes with the outcome, and the pools they draw on.

Held: size, drug, share exposed, window and what was adjusted for (``confounding_cohorts.csv``; its column ``assumed``
names what no source printed); effects as the evidence tables ``studies`` and ``effects`` have them, and where these
have no hazard ratio that of printed medians, which says so.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from hepaxis import knowledge
from hepaxis.problems import InputError, error

PACKAGE = "hepaxis.trial"


@dataclass(frozen=True)
class Pool:
    """Who is simulated once: ``child_pugh_b`` share of class B (None: as in the population)."""

    id: str
    regimen: str
    population: str
    child_pugh_b: float | None
    second_line: float
    year: float


@dataclass(frozen=True)
class Published:
    """An effect as printed; ``of_medians`` where it is the ratio of printed medians and has no interval."""

    value: float
    low: float | None
    high: float | None
    of_medians: bool


@dataclass(frozen=True)
class CohortDesign:
    """One cohort.

    exposure     antibiotic or ppi; exposed share of the n patients
    window       days against the first dose on which a course counts as exposure
    adjusted     features the adjusted hazard ratio holds
    """

    id: str
    label: str
    pool: str
    exposure: str
    n: int
    exposed: float
    window: tuple[float, float]
    adjusted: tuple[str, ...]
    direction: str
    os: Published | None
    pfs: Published | None
    source: str
    assumed: str
    note: str

    @property
    def exposed_n(self) -> int:
        return max(2, round(self.n * self.exposed))


@cache
def pools() -> dict[str, Pool]:
    """Pools by id."""
    return {
        row["id"]: Pool(
            row["id"],
            row["regimen"],
            row["population"],
            float(row["child_pugh_b"]) if row["child_pugh_b"] else None,
            float(row["second_line"]),
            float(row["year"]),
        )
        for row in _rows("confounding_pools.csv")
    }


@cache
def cohort_designs() -> dict[str, CohortDesign]:
    """Cohorts by id, in the order of the table."""
    studies = {str(row["id"]): row for row in knowledge.records("studies")}
    effects = {(str(row["study_id"]), str(row["outcome"])): row for row in knowledge.records("effects")}
    return {row["id"]: _cohort(row, studies[row["id"]], effects) for row in _rows("confounding_cohorts.csv")}


def cohort_design(id: str) -> CohortDesign:
    """One cohort.  Raises InputError for another name."""
    found = cohort_designs()
    if id not in found:
        hint = f"known are {', '.join(found)}"
        raise InputError([error("trial.cohort", f"no cohort '{id}'", hint)])
    return found[id]


def _cohort(
    row: dict[str, str], study: Mapping[str, object], effects: Mapping[tuple[str, str], Mapping[str, object]]
) -> CohortDesign:
    return CohortDesign(
        row["id"],
        str(study["label"]),
        row["pool"],
        row["exposure"],
        int(row["n"]),
        float(row["exposed"]),
        (float(row["first_day"]), float(row["last_day"])),
        tuple(row["adjusted"].split()),
        str(study["conclusion"]),
        _published(effects.get((row["id"], "os"), {}), row["hr_os"]),
        _published(effects.get((row["id"], "pfs"), {}), row["hr_pfs"]),
        row["source"],
        row["assumed"],
        row["note"],
    )


def _published(effect: Mapping[str, object], of_medians: str) -> Published | None:
    if effect.get("measure") == "hr" and effect["value"] is not None:
        return Published(float(str(effect["value"])), _number(effect["low"]), _number(effect["high"]), False)
    return Published(float(of_medians), None, None, True) if of_medians else None


def _number(value: object) -> float | None:
    return None if value is None or value == "" else float(str(value))


def _rows(name: str) -> list[dict[str, str]]:
    text = files(PACKAGE).joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
