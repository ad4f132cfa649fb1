"""A validation page that no longer fits the model must say so."""

from __future__ import annotations

import json

from hepaxis import axis, knowledge
from hepaxis.axis import kept
from hepaxis.axis.tables import HOME
from hepaxis.population import tau_record


def test_tau_was_solved_for_this_model():
    assert tau_record()["model"] == axis.build().hash, "run tools/solve_tau.py: the model has moved on"


def test_the_shipped_model_is_of_todays_sources():
    now = kept.sources(HOME)
    assert kept.shipped(HOME, now) is not None, "run tools/ship_model.py: the model or a fact has moved on"


def test_validation_is_of_this_model_or_says_it_is_stale(root):
    record = json.loads((root / "docs" / "validation.json").read_text(encoding="utf-8"))
    page = (root / "docs" / "validation.md").read_text(encoding="utf-8")
    now = {"model": axis.build().hash, "knowledge": knowledge.content_hash()[:16]}
    assert record["stamp"] == now or "STALE" in page, "run make validate, or mark the page STALE"


def test_no_gate_carries_more_than_a_third_of_the_guts_variance():
    assert max(abs(share) for share in tau_record()["gate_shares"].values()) <= 0.35
