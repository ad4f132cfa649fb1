"""Endpoint traps of the published table (6, 7): what is not reached, other confidence levels, who is counted."""

from __future__ import annotations

import pytest

from hepaxis import knowledge

ROWS = knowledge.records("trials")
TRIPLES = (("orr_recist_pct", "orr_recist"), ("pfs_med_mo", "pfs"), ("os_med_mo", "os"), ("os_hr", "os_hr"))


def test_what_was_not_reached_is_no_number():
    reached = [(row["id"], column) for row in ROWS for column in row["not_reached"] if row[column] is not None]
    assert not reached
    assert any(row["not_reached"] for row in ROWS)


def test_limits_enclose_their_value():
    for row in ROWS:
        for column, prefix in TRIPLES:
            value, low, high = row[column], row[f"{prefix}_low"], row[f"{prefix}_high"]
            if value is not None:
                assert low is None or float(low) <= float(value), (row["id"], column)
                assert high is None or float(value) <= float(high), (row["id"], column)


def test_a_row_of_another_population_or_confidence_level_says_so():
    """COSMIC-312 has 99% limits, of the first patients enrolled; HIMALAYA's differ too."""
    said = {
        "cosmic_312_atezo_cabozantinib": ("99%", "first 250"),
        "cosmic_312_sorafenib": ("99%", "n 122"),
        "himalaya_stride_t300_d": ("96.02%",),
        "himalaya_durvalumab": ("95.67%",),
    }
    for id, words in said.items():
        for word in words:
            assert word in str(knowledge.row("trials", id)["note"]), (id, word)


def test_two_sorafenib_arms_leave_a_tenth_of_a_point_for_one_response_rate():
    """Trap 7: one model's sorafenib must respond in 7.0 to 7.1% to satisfy both; 1,024 patients cannot tell."""
    low = float(knowledge.row("trials", "imbrave150_sorafenib")["orr_recist_low"])
    high = 7.1  # COSMIC-312's printed upper limit, or exact limits where the table has none
    printed = knowledge.row("trials", "cosmic_312_sorafenib")["orr_recist_high"]
    assert (float(printed) if printed is not None else high) - low == pytest.approx(0.1, abs=0.05)
