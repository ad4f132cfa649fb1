"""The joint with the model: every lever a treatment pulls is one the axis maps, with the same action."""

from __future__ import annotations

import csv
from importlib.resources import files

import pytest

from hepaxis import therapy

SLOTS = ("pd1", "ctla4", "vegf", "coinhibitory")
ANTIBIOTIC_SLOTS = ("luminal", "systemic")
LESIONS = ("1", "2", "3", "4", "5")
DRUGS = ("fxr", "ido", "ahr", "bai", "tlr4", "tlr2", "tlr5", "il17", "binder")


def axis_levers() -> dict[str, str]:
    with files("hepaxis.axis").joinpath("levers.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    found = {}
    for row in rows:
        for guild in therapy.GUILDS if "{guild}" in row["id"] else ("",):
            for slot in SLOTS if "{slot}" in row["id"] else ("",):
                for drug in ANTIBIOTIC_SLOTS if "{antibiotic}" in row["id"] else ("",):
                    for lesion in LESIONS if "{lesion}" in row["id"] else ("",):
                        for small in DRUGS if "{drug}" in row["id"] else ("",):
                            names = {"guild": guild, "slot": slot, "antibiotic": drug, "lesion": lesion, "drug": small}
                            found[row["id"].format(**names)] = row["action"]
    return found


def test_every_lever_is_known_to_the_axis():
    mapped = axis_levers()
    # A donor dose is an amount; the model takes it as a feeding rate (population.dosing turns one into the other).
    wanted = {id: "set" if id.startswith("donor.") else lever.action for id, lever in therapy.levers().items()}
    assert wanted.items() <= mapped.items()


@pytest.mark.parametrize("regimen", therapy.regimen_ids())
def test_every_drug_parameter_is_known_to_the_axis(regimen):
    assert therapy.parameters([regimen]).keys() <= axis_levers().keys()


def test_guilds_are_in_the_order_of_the_house():
    assert " ".join(therapy.GUILDS) == "but bif akk bac ent bai lac ora ecs opp pre oth"


def test_levers_combine_by_their_own_rule():
    levers = therapy.levers()
    assert levers["diet.carbohydrate"].together([], 220) == 220
    assert levers["diet.carbohydrate"].together([30, 20], 220) == 270
    assert levers["strain.payload.sting"].together([0.3, 0.5], 0) == 0.5
    assert levers["postbiotic.barrier"].together([1.0, 0.4], 0) == 1.0
