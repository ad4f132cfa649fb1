"""Protects the ties to the rest: every gate and strategy rests on records that are there, and a change shows where."""

from __future__ import annotations

import pytest

from hepaxis import axis, evidence, knowledge
from hepaxis.evidence.landscape import gaps, landscape
from hepaxis.evidence.links import LETTERS, Gate, impact, sources_of, supports


@pytest.fixture(scope="module")
def gates() -> dict[str, Gate]:
    rows = axis.gate_table().reset_index().to_dict("records")
    return {
        str(row["gate"]): Gate(
            str(row["claim"]), str(row["sources"]), str(row["against"] or ""), row["prior_mean"], row["prior_sd"]
        )
        for row in rows
    }


def test_every_source_of_every_gate_is_a_record() -> None:
    table = axis.gate_table().reset_index()
    for row in table.to_dict("records"):
        found = sources_of(str(row["sources"]))
        assert found.records, row["gate"]
        assert not found.unresolved, (row["gate"], found.unresolved)
        assert not sources_of(str(row["against"] or "")).unresolved


def test_a_disputed_gate_has_no_sign_and_an_agreed_one_is_named_where_records_stand_against_it() -> None:
    table = axis.gate_table().reset_index()
    for row in table.to_dict("records"):
        if str(row["agreement"]).startswith("disputed"):
            assert row["prior_mean"] == 0, row["gate"]
        if sources_of(str(row["against"] or "")).records:
            assert row["against_note"], row["gate"]


def test_words_that_name_no_record_are_said() -> None:
    assert sources_of("P083; review fig 6; a friend").unresolved == ("a friend",)
    assert {one.id for one in sources_of("P083; review fig 6").records} == {"P083", "review_2026"}


def test_no_strategy_is_graded_better_than_its_records_allow() -> None:
    held = supports()
    assert {one.strategy for one in held} == {
        str(row["id"]) for table in ("microbiota_arms", "regimens") for row in knowledge.records(table)
    }
    for one in held:
        assert LETTERS.index(one.letter) >= LETTERS.index(one.allowed), one
        assert one.records, one.strategy


def test_retracting_tacito_would_lower_the_strategies_that_rest_on_it(gates: dict[str, Gate]) -> None:
    moved = impact("fmt_tacito", gates)
    changed = {one.id: (one.now, one.then) for one in moved.moved if one.what == "strategy"}
    assert changed["fmt_responder_donor"] == ("best grade B", "best grade C")
    assert "fmt_any_pfs" in {one.id for one in moved.moved if one.what == "question"}


def test_retracting_an_experiment_shows_the_gates_left_without_ground(gates: dict[str, Gate]) -> None:
    moved = impact("P075", gates)
    assert moved.gates == ("sting_ifn1",)
    assert "prior 1 (sd 0.5)" in moved.moved[0].now
    assert moved.moved[0].then.endswith("no record is left for it: prior 0 (sd 1)")


def test_retracting_the_only_record_against_ends_a_dispute(gates: dict[str, Gate]) -> None:
    (one,) = [one for one in impact("P060", gates).moved if one.id == "indoles_ahr_tam"]
    assert "1 (P060) against" in one.now
    assert one.then.endswith("the dispute rests on nothing")


def test_retracting_lee_would_end_the_dispute_over_veillonella(gates: dict[str, Gate]) -> None:
    moved = {one.id: one for one in impact("lee_2022", gates).moved if one.what == "taxon"}
    assert (moved["veillonella"].now, moved["veillonella"].then) == ("1 up, 4 down", "0 up, 4 down")


def test_a_record_nothing_rests_on_moves_nothing(gates: dict[str, Gate]) -> None:
    assert impact("li_ye_2020", gates).moved == ()  # it weighs nothing already


def test_the_landscape_holds_every_intervention_in_hcc_once_a_cell() -> None:
    cells = landscape("HCC")
    told = [id for cell in cells for id in cell.records]
    kinds = {"intervention", "exposure"}
    here = [one for one in evidence.records() if one.kind in kinds and "hcc" in one.tumours and one.intervention]
    wanted = {one.id for one in here if one.intervention != "immunotherapy" and one.design != "review"}
    assert wanted <= set(told)
    assert "fmt_liver_review_2023" not in told
    assert ("fmt", "advanced_first", "recruiting") in {(one.intervention, one.stage, one.status) for one in cells}


def test_the_gap_of_gaps_is_counted_and_closes_with_a_trial() -> None:
    found = {one.id: one for one in gaps()}
    assert "no completed randomised trial" in found["randomised_hcc"].text
    assert "fmt_flora" in found["randomised_hcc"].near
    from dataclasses import replace

    done = [replace(one, status="published") if one.id == "fmt_flora" else one for one in evidence.records()]
    assert "randomised_hcc" not in {one.id for one in gaps(done)}


def test_claims_are_listed_with_the_records_for_and_against(capsys: pytest.CaptureFixture[str]) -> None:
    from hepaxis.cli.model import gates as listed

    listed()
    told = capsys.readouterr().out
    assert "records: P075" in told
    assert "(records: P048)" in told
