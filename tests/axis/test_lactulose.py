"""Lactulose: hexose for the fermenters and a faster colon."""

from __future__ import annotations

import pytest

SIXTY_GRAMS = 350.0  # mmol of hexose a day


def fed(closure, patient, **changes):
    e = closure.evaluator
    y, ok = e.rest(patient.y.copy(), patient.p | changes, closure.solve["metabolites"])
    assert ok
    return e.every(y, patient.p | changes)


def test_lactulose_feeds_hurries_and_lowers_secondary_bile_acids(closure, patient):
    """60 g a day: transit 4.1 to 2.4 d and the pool of DCA 22.0 to 14.3 umol/kg, 10.1136/gut.28.6.675; the second is
    not fitted (nor is the share of DCA in bile, 28% to 16%, 10.1136/bmj.282.6269.1018)."""
    before, after = fed(closure, patient), fed(closure, patient, lactulose=SIXTY_GRAMS)
    assert after["transit_speed"] == pytest.approx(4.1 / 2.4, rel=0.02)
    assert after["carbohydrate_fermented"] > 1.5 * before["carbohydrate_fermented"]
    assert after["made_acetate"] > 1.3 * before["made_acetate"]
    assert 0.5 * before["dca_pool"] < after["dca_pool"] < 0.97 * before["dca_pool"]


def test_its_hexose_is_fermented_or_lost(closure, patient):
    v = fed(closure, patient, lactulose=SIXTY_GRAMS)
    income = patient.p["diet_carbohydrate"] + SIXTY_GRAMS
    assert income == pytest.approx(v["carbohydrate_fermented"] + v["transit"] * v["carbohydrate_colon"], rel=1e-6)


def test_each_half_of_it_acts_alone(closure, patient):
    """Fails when the feeding or the hurry is removed."""
    before = fed(closure, patient)
    fed_only = fed(closure, patient, lactulose=SIXTY_GRAMS, lactulose_hurry=0.0)
    assert fed_only["dca_pool"] == pytest.approx(before["dca_pool"], rel=0.02)
    assert fed_only["made_butyrate"] > before["made_butyrate"]
    both = fed(closure, patient, lactulose=SIXTY_GRAMS)
    assert both["dca_pool"] < 0.97 * fed_only["dca_pool"]
