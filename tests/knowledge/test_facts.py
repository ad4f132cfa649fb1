"""Protects the facts themselves: nothing lost on the way from the curated files, and the rows others rely on."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from hepaxis import knowledge
from hepaxis.knowledge.schema import TABLE_DIR

LABEL = 6  # letters by which a study's name is known again; labels are this project's own
SOURCES = {
    "baseline_populations": "baseline_populations",
    "metabolite_predictability": "metabolite_predictability",
    "perturbations": "perturbations",
    "safety_rules": "safety_rules",
    "trait_marker_genes": "trait_marker_genes",
    "trait_sources": "trait_sources",
    "traits": "traits",
    "trials": "trials",
}


@pytest.mark.parametrize(("table", "file"), SOURCES.items())
def test_no_fact_is_lost(table: str, file: str, shared: Callable[[str], Path]) -> None:
    with (shared(f"facts/{file}.csv")).open(newline="", encoding="utf-8") as handle:
        assert len(knowledge.records(table)) == len(list(csv.DictReader(handle)))


@pytest.mark.parametrize(
    ("kind", "file", "column"),
    [
        ("microbiome", "microbiome_response", "study"),
        ("exposure", "antibiotics", "study"),
        ("intervention", "interventions", "name"),
        ("guideline", "guidelines", "item"),
    ],
)
def test_no_study_is_lost(kind: str, file: str, column: str, shared: Callable[[str], Path]) -> None:
    with (shared(f"facts/{file}.csv")).open(newline="", encoding="utf-8") as handle:
        given = [row[column] for row in csv.DictReader(handle)]
    ours = {re.sub(r"\W+", "", str(row["label"]).lower()) for row in knowledge.records("studies")}
    assert len([row for row in knowledge.records("studies") if row["kind"] == kind]) >= len(given)
    lost = [name for name in given if not any(re.sub(r"\W+", "", name.lower())[:LABEL] in label for label in ours)]
    assert not lost


def test_trial_figures_carry_over(shared: Callable[[str], Path]) -> None:
    given = pd.read_csv(shared("facts/trials.csv"))
    ours = knowledge.table("trials")
    for column in ("n", "orr_recist_pct", "cr_pct", "dcr_pct", "pd_pct", "os12_pct", "year"):
        theirs = pd.to_numeric(given[column], errors="coerce").to_numpy(dtype=float)
        assert ((ours[column].astype(float).to_numpy() == theirs) | pd.isna(theirs)).all(), column
    assert ours["use"].to_list() == given["use"].to_list()


def test_traits_carry_over(shared: Callable[[str], Path]) -> None:
    given = pd.read_csv(shared("facts/traits.csv"), dtype=str, keep_default_na=False)
    ours = knowledge.table("traits")
    for theirs in given.loc[:, "acetate":"tryptamine"].columns:  # type: ignore[misc]
        assert ours[theirs.lower()].to_list() == given[theirs].to_list(), theirs


def test_the_retracted_study_is_shown_with_its_notice() -> None:
    study = knowledge.row("studies", "li_ye_2020")
    assert study["status"] == "retracted"
    assert study["retraction"] == ("doi:10.1097/MD.0000000000046208",)


def test_published_evidence_has_a_hash_of_its_own() -> None:
    """A new paper must not make results stale that never read it."""
    assert knowledge.evidence_hash() != knowledge.content_hash()
    read = {path.stem for path in TABLE_DIR.glob("*.csv")}
    told = {path.stem for path in (TABLE_DIR / "evidence").glob("*.csv")}
    assert {"studies", "effects", "microbiome_response_taxa"} <= told
    assert not read & told
    assert set(knowledge.names()) == read | told


def test_guilds_keep_their_order() -> None:
    expected = ["but", "bif", "akk", "bac", "ent", "bai", "lac", "ora", "ecs", "opp", "pre", "oth"]
    assert [record["id"] for record in knowledge.records("guilds")] == expected
    assert [record["order"] for record in knowledge.records("guilds")] == list(range(12))


def test_predicted_trials_show_no_outcome() -> None:
    for record in knowledge.records("trials"):
        if record["use"] == "predict":
            outcomes = ("orr_recist_pct", "pfs_med_mo", "os_med_mo", "dcr_pct", "cr_pct")
            assert all(record[column] is None for column in outcomes), record["id"]


def test_intervals_hold_their_values() -> None:
    for table, triples in {
        "trials": (("orr_recist_pct", "orr_recist_low", "orr_recist_high"), ("os_hr", "os_hr_low", "os_hr_high")),
        "effects": (("value", "low", "high"),),
        "quantities": (("value", "low", "high"),),
    }.items():
        frame = knowledge.table(table)
        for value, low, high in triples:
            rows = frame.dropna(subset=[value, low, high])
            assert len(rows) > 0
            assert (rows[low] <= rows[value]).all(), (table, value)
            assert (rows[value] <= rows[high]).all(), (table, value)


def test_molar_shares_are_shares() -> None:
    quantities = knowledge.table("quantities")
    for stem in ("colonic_molar_share_", "faecal_molar_share_"):
        shares = quantities[quantities["id"].str.startswith(stem)]["value"]
        assert len(shares) == 3
        assert 99 <= shares.sum() <= 101


def test_expected_directions_are_words_the_checks_know() -> None:
    words = {"up", "down", "none", "positive", "negative"}
    for record in knowledge.records("perturbations"):
        expected = record["expected"]
        assert isinstance(expected, tuple)
        assert all(part.rsplit(":", 1)[-1].strip() in words for part in expected), record["id"]


def test_disputed_facts_keep_both_sides() -> None:
    rows = [r for r in knowledge.records("effects") if "hcc" in r["tumour"] and r["exposure"] == "antibiotic"]  # type: ignore[operator]
    assert {"worse", "better", "null"} <= {str(record["direction"]) for record in rows}
    rows = [r for r in knowledge.records("microbiome_response_taxa") if str(r["taxon_id"]).startswith("veillonella")]
    assert {"up_in_responders", "up_in_nonresponders"} <= {str(record["direction"]) for record in rows}
