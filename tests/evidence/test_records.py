"""Protects the records: one shape for every table, nothing counted twice, every identifier well formed."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from hepaxis import evidence, knowledge
from hepaxis.evidence import curie, vocabulary
from hepaxis.problems import InputError

ENOUGH_HCC_STUDIES = 60  # the issue asks for 60 or more records relevant to HCC, of all kinds


def test_every_row_of_the_four_tables_is_a_record() -> None:
    tables = Counter(record.table for record in evidence.records())
    for table in ("studies", "trials", "perturbations", "safety_rules"):
        assert tables[table] == len(knowledge.records(table))
    assert len(evidence.by_id()) == len(evidence.records())  # ids are unique across tables


def test_there_are_sixty_studies_relevant_to_hcc() -> None:
    inside = vocabulary.under("tumour", "liver") | {"cirrhosis"}
    studies = [one for one in evidence.records() if one.table == "studies" and inside & set(one.tumours)]
    trials = {one.data for one in evidence.records() if one.table == "trials"}
    assert len(studies) + len(trials) >= ENOUGH_HCC_STUDIES
    assert len({one.kind for one in studies}) >= 5


def test_a_retracted_study_weighs_nothing_and_others_one() -> None:
    assert evidence.by_id()["li_ye_2020"].weight == 0
    assert {one.weight for one in evidence.records() if one.id != "li_ye_2020"} == {1.0}


def test_recalled_rows_are_shown_as_unverified() -> None:
    for one in evidence.records():
        if one.checked == "part_seen" and one.table == "studies":
            assert one.unverified, one.id


def test_strategies_are_linked_by_locator() -> None:
    assert "stop_elective_antibiotic" in evidence.by_id()["crespin_meta_2023"].strategies
    assert {one.id for one in evidence.cited(["nct:NCT04758507"])} == {"fmt_tacito"}


def test_every_locator_with_a_registry_has_a_curie_of_the_frozen_map() -> None:
    studies = [one for one in evidence.records() if one.table == "studies"]
    compact = [curie.of_locator(locator) for one in studies for locator in (*one.source, *one.retraction)]
    held = [one for one in compact if one]
    assert len(held) > 100
    assert [one for one in held if curie.fault(one)] == []


@pytest.mark.parametrize("text", ["NCBITaxon:239935", "CHEBI:17968", "NCIT:C3099", "DOI:10.1038/nature24661"])
def test_a_curie_expands_to_an_address(text: str) -> None:
    address = curie.expand(text)
    assert address.startswith("https://")
    assert text.split(":")[1] in address


@pytest.mark.parametrize(
    "text", ["MESH:D006528", "NCBITaxon:Akkermansia", "239935", "NCT:NCT123", "DOI:10.1016/S1470-2045(17"]
)
def test_a_wrong_curie_is_refused_with_a_reason(text: str) -> None:
    assert curie.fault(text)
    with pytest.raises(ValueError, match=re.escape(text.split(":")[-1])):
        curie.expand(text)


@pytest.mark.parametrize(
    ("kind", "word", "id"),
    [
        ("tumour", "HCC", "hcc"),
        ("exposure", "antibiotics", "antibiotic"),
        ("exposure", "PPIs", "ppi"),
        ("outcome", "Overall survival", "os"),
    ],
)
def test_words_of_a_user_find_their_term(kind: str, word: str, id: str) -> None:
    assert vocabulary.term(kind, word) == id


def test_a_taxon_takes_in_what_lies_under_it_under_any_name() -> None:
    assert "veillonella_atypica" in vocabulary.taxa_under(vocabulary.taxon("Veillonellaceae"))
    assert vocabulary.taxon("Proteobacteria") == "pseudomonadota"
    with pytest.raises(InputError, match="veillonella"):
        vocabulary.taxon("Veilonella")
