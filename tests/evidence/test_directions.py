"""Protects what is said of taxa: data sets count once, none outweighs the rest, disputes stay disputes."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from scipy import stats

from hepaxis.evidence import by_id, records
from hepaxis.evidence.conflicts import conflicts
from hepaxis.evidence.directions import MOST_SHARE, Vote, combine, direction


def vote(study: str, z: float, n: int, *, data: str = "", retracted: bool = False) -> Vote:
    way = "up_in_responders" if z > 0 else "up_in_nonresponders"
    return Vote(study, "veillonella", "Veillonella", way, z, False, n, (data or study,), retracted, "seen")


def test_stouffer_is_the_weighted_sum_of_the_textbook() -> None:
    found = combine("veillonella", [vote("a", 2.0, 50), vote("b", -1.0, 50)])
    assert found.stouffer_z == pytest.approx(1 / math.sqrt(2))
    assert found.stouffer_p == pytest.approx(2 * stats.norm.sf(1 / math.sqrt(2)))
    by_scipy = stats.combine_pvalues(stats.norm.sf([2.0, -1.0]), method="stouffer")
    assert found.stouffer_z == pytest.approx(by_scipy.statistic)


def test_a_data_set_told_twice_counts_once() -> None:
    once = combine("veillonella", [vote("a", 2.0, 40), vote("b", 2.0, 40)])
    twice = combine("veillonella", [vote("a", 2.0, 40), vote("a2", 2.0, 40, data="a"), vote("b", 2.0, 40)])
    assert (twice.up, twice.stouffer_z) == (once.up, pytest.approx(once.stouffer_z))


def test_no_data_set_outweighs_the_rest() -> None:
    found = combine("veillonella", [vote("giant", -3.0, 100_000), vote("a", 2.0, 10), vote("b", 2.0, 10)])
    a, b = math.sqrt(10), math.sqrt(10)
    giant = math.sqrt(20 * MOST_SHARE / (1 - MOST_SHARE))
    expected = (-3 * giant + 2 * a + 2 * b) / math.sqrt(giant**2 + a**2 + b**2)
    assert found.stouffer_z == pytest.approx(expected)


def test_a_retracted_study_is_shown_and_counts_nothing() -> None:
    found = combine("veillonella", [vote("a", 2.0, 40, retracted=True)])
    assert (found.up, found.down, found.stouffer_z) == (0, 0, None)
    assert len(found.votes) == 1
    named = direction("Faecalibacterium")
    assert any(one.retracted for one in named.votes)
    assert named.up == 2


def test_a_sign_is_shrunk_to_one_half() -> None:
    assert combine("veillonella", []).favourable == 0.5
    assert combine("veillonella", [vote("a", 2.0, 40)]).favourable == pytest.approx(2 / 3)


def test_the_four_named_conflicts_are_listed_with_reasons_and_both_sides() -> None:
    found = {one.id: one for one in conflicts()}
    for id in ("veillonella", "bacteroides", "prevotella"):
        one = found[id]
        assert one.direction.disputed
        assert one.favourable
        assert one.unfavourable
        assert len(one.reasons) >= 2
    assert any("retracted" in reason.text for reason in found["bacteroides"].reasons)
    assert not found["akkermansia"].direction.disputed
    assert "dose" in {reason.kind for reason in found["akkermansia"].reasons}  # not monotone
    assert "rank" in {apart.what for apart in found["veillonella"].differences}


def test_conflicts_follow_the_records() -> None:
    studies = [replace(one, status="retracted") if one.id == "lee_2022" else one for one in records()]
    found = {one.id: one for one in conflicts(studies)}
    assert not found["veillonella"].direction.disputed


def test_no_conflict_is_told_twice_under_a_wider_name() -> None:
    told = [frozenset((vote.study, vote.taxon) for vote in one.direction.votes) for one in conflicts()]
    assert len(told) == len(set(told))
    assert by_id()["lee_2022"].taxa
