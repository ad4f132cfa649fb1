"""Protects the evidence linter: the project's tables are clean, and each kind of fault is named where it is."""

from __future__ import annotations

import pytest

from hepaxis import evidence, knowledge
from hepaxis.evidence.check import check_effects, check_studies, check_taxa

STUDY = dict(knowledge.row("studies", "cheung_2021"))
EFFECT = dict(knowledge.row("effects", "cheung_2021_os"))


def study_faults(*rows: dict[str, object]) -> list[tuple[str, int | None, str]]:
    found = check_studies(list(enumerate(rows, start=2)), "made.csv")
    return [(one.code.removeprefix("evidence."), one.row, one.column) for one in found]


def effect_faults(*rows: dict[str, object]) -> list[tuple[str, int | None, str]]:
    found = check_effects(list(enumerate(rows, start=2)), [STUDY], "made.csv")
    return [(one.code.removeprefix("evidence."), one.row, one.column) for one in found]


def test_the_projects_own_records_are_clean() -> None:
    assert [str(problem) for problem in evidence.check()] == []


@pytest.mark.parametrize(
    ("change", "code", "column"),
    [
        ({"tumour": ("hepatoma",)}, "unknown_word", "tumour"),
        ({"metabolites": ("butter",)}, "unknown_word", "metabolites"),
        ({"year": 201}, "year", "year"),
        ({"n": -5}, "size", "n"),
        ({"nct": "NCT12"}, "registry", "nct"),
        ({"pools": ("cheung_2021",)}, "pools", "pools"),
    ],
)
def test_each_fault_of_a_study_is_named(change: dict[str, object], code: str, column: str) -> None:
    assert study_faults(STUDY | change) == [(code, 2, column)]


def test_people_behind_one_source_count_once() -> None:
    twin = STUDY | {"id": "cheung_again"}
    assert study_faults(STUDY, twin) == [("same_source", 3, "data")]
    shared = {"data": ("hong_kong",)}
    assert study_faults(STUDY | shared, twin | shared) == []


@pytest.mark.parametrize(
    ("change", "code", "column"),
    [
        ({"exposure": "beer"}, "unknown_word", "exposure"),
        ({"study_id": "nobody"}, "unknown_study", "study_id"),
        ({"value": 3.0}, "limits", "value"),
        ({"high": None}, "limits", "low"),
        ({"low": -1.0}, "ratio", "value"),
        ({"p": 1.5}, "p_value", "p"),
        ({"level": 5.0}, "level", "level"),
        ({"n_exposed": 4000}, "sizes", "n_exposed"),
        ({"direction": "better"}, "direction", "direction"),
        ({"direction": "null"}, "direction", "direction"),
    ],
)
def test_each_fault_of_an_effect_is_named(change: dict[str, object], code: str, column: str) -> None:
    assert effect_faults(EFFECT | change) == [(code, 2, column)]


def test_an_effect_may_enter_a_pooled_value_once() -> None:
    assert effect_faults(EFFECT, EFFECT | {"id": "again"}) == [("counted_twice", 3, "pool")]
    pooling = [STUDY | {"design": "meta_analysis"}]
    found = check_effects([(2, EFFECT)], pooling, "made.csv")
    assert [one.code for one in found] == ["evidence.pooled_twice"]


def test_a_study_cannot_say_both_of_one_taxon() -> None:
    row = dict(knowledge.row("microbiome_response_taxa", "lee_2022_veillonella_responders"))
    found = check_taxa([(2, row), (3, row | {"id": "x", "direction": "up_in_nonresponders"})], "made.csv")
    assert [(one.code, one.row) for one in found] == [("evidence.both_ways", 3)]
