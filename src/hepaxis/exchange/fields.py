"""The fields of a scenario file: names, kinds, defaults and meanings, read from ``scenario_fields.csv``.

Held: what words each kind of field may take, looked up in the model and in the knowledge tables, never listed twice.
"""

from __future__ import annotations

from functools import cache

from hepaxis import axis, knowledge, therapy
from hepaxis.patient.yaml_fields import TableField, field_table
from hepaxis.population.arms import COMMUNITIES
from hepaxis.population.assumptions import liver_states
from hepaxis.population.diets import diets
from hepaxis.profile.guilds import GUILDS


@cache
def scenario_fields() -> tuple[TableField, ...]:
    """Every field in the order of the table."""
    return field_table("hepaxis.exchange", "scenario_fields.csv")


def of_section(section: str) -> dict[str, TableField]:
    return {field.name: field for field in scenario_fields() if field.section == section}


def default(name: str) -> str:
    """Default of a field of the file itself, as written in the table."""
    return of_section("")[name].default


@cache
def choices(kind: str) -> tuple[str, ...]:
    """Words that a field of this kind takes; empty where it takes no fixed words."""
    if kind == "antibiotic":
        return tuple(str(row["id"]) for row in knowledge.records("antibiotic_classes"))
    if kind == "donor":
        return tuple(str(row["id"]) for row in knowledge.records("donor_profiles"))
    found: dict[str, tuple[str, ...]] = {
        "regimen": therapy.regimen_ids(),
        "arm": therapy.arm_ids(),
        "diet": tuple(diets()),
        "growth": ("own", "reference"),
        "lever": tuple(str(id) for id in axis.build().levers.index),
        "liver": tuple(liver_states()),
        "community": (*COMMUNITIES, *(f"mono:{guild}" for guild in GUILDS), *(f"without:{guild}" for guild in GUILDS)),
    }
    return found.get(kind, ())
