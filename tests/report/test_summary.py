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
    assert len(lines) == len(plan.strategies) + 5
    assert lines[-1] == STATEMENT
    assert all(len(line) <= 160 for line in lines[2:-2])


def test_rows_hold_the_numbers_and_the_reason() -> None:
    text = summary_table(plans.RANKED)
    assert "response 15% (5–31)" in text
    assert "+2.6 (−2.3, +8.4)" in text
    assert "in a trial only: NCT05690048" in text
    assert "blocked: Compensated cirrhosis" in text
    order = [text.index(s) for s in ("Atezolizumab + bev", "Nivolumab", "FMT", "obeticholic")]
    assert order == sorted(order)


def test_a_terminal_gets_no_control_characters() -> None:
    from dataclasses import replace

    odd = replace(plans.BASE_STRATEGY, label="a\x1b[31mred\nnext\u202eflip")
    text = summary_table(replace(plans.RANKED, strategies=(odd,)))
    assert not [c for c in text if unicodedata.category(c).startswith("C") and c != "\n"]
    assert len(text.splitlines()) == 6
