"""The short table for a terminal: every strategy, its interval, why it is blocked, and the statement of use."""

from __future__ import annotations

import unicodedata

import plans
import pytest

from hepaxis.report import STATEMENT, summary_table


@pytest.mark.parametrize("name", plans.EVERY)
def test_one_line_a_strategy_and_the_statement_last(name: str) -> None:
    plan = plans.EVERY[name]
    lines = summary_table(plan).splitlines()
    table = lines[lines.index("") + 1 :]
    assert table[len(plan.strategies) + 1] == ""
    assert "" not in table[: len(plan.strategies) + 1]
    assert lines[-1] == STATEMENT
    assert all(len(line) <= 100 for line in lines)


def test_rows_hold_the_numbers_and_the_reason() -> None:
    text = summary_table(plans.RANKED)
    assert "response 15% (5–31)" in text
    assert "+2.6 (−2.3, +8.4)" in text
    assert "trial: NCT05690048" in text
    assert "trial: none open" in text
    assert "blocked: S23" in text
    order = [text.index(s) for s in ("Atezolizumab + bev", "Nivolumab", "FMT", "obeticholic")]
    assert order == sorted(order)


def test_a_terminal_gets_no_control_characters() -> None:
    from dataclasses import replace

    odd = replace(plans.BASE_STRATEGY, label="a\x1b[31mred\nnext\u202eflip")
    text = summary_table(replace(plans.RANKED, strategies=(odd,)))
    assert not [c for c in text if unicodedata.category(c).startswith("C") and c != "\n"]
    assert "a [31mred next flip" in text


def test_labels_stand_beside_the_base_and_registry_numbers_are_whole_and_bare() -> None:
    from dataclasses import replace

    added = replace(
        plans.STRATEGIES[2],
        label=f"{plans.BASE_STRATEGY.label} + FMT capsules from a healthy donor, screened, on day 0 and day 21",
        components=(*plans.BASE_STRATEGY.components, "fmt"),
        trials=("nct:NCT05690048", "nct:NCT06643533"),
    )
    text = summary_table(replace(plans.RANKED, strategies=(plans.BASE_STRATEGY, added)))
    (row,) = [line for line in text.splitlines() if "FMT capsules" in line]
    assert "  + FMT capsules" in row
    assert row.endswith("trial: NCT05690048 +1")
    assert len(row) <= 100
