"""Tryptophan: what microbes take is what they make, cross-feeding to IPA, and the host's kynurenine."""

from __future__ import annotations

import pytest


def now(closure, patient, factors=None, **changes):
    """Variables of the gut at rest with guilds multiplied and parameters changed."""
    e = closure.evaluator
    y, p = patient.y.copy(), patient.p | changes
    for guild, factor in (factors or {}).items():
        y[e.index[f"res_{guild}"]] *= factor
    y, ok = e.rest(y, p, closure.solve["metabolites"])
    assert ok
    return e.every(y, p)


def test_products_are_bounded_by_the_tryptophan_that_microbes_take(closure, patient):
    v = now(closure, patient, residual_indole=50.0, residual_ipa=50.0)
    p = patient.p
    assert v["indole_made"] + v["ila_made"] < v["trp_microbial"]
    assert p["indole_uptake"] * v["indole_colon"] == pytest.approx(v["indole_made"], rel=1e-7)
    assert v["ipa_made"] + p["indole_uptake"] * v["ila_colon"] == pytest.approx(v["ila_made"], rel=1e-7)
    assert p["ipa_clearance"] * v["ipa"] == pytest.approx(v["ipa_made"], rel=1e-7)


def test_ila_of_lactobacilli_becomes_ipa_only_where_it_can_be_finished(closure, patient):
    """L. johnsonii gives ILA, C. sporogenes finishes IPA (10.1016/j.cell.2024.02.022)."""
    rest, more = now(closure, patient), now(closure, patient, {"lac": 200.0})
    assert more["ila_plasma"] > 1.2 * rest["ila_plasma"]
    assert more["ipa"] > 1.2 * rest["ipa"]
    unfinished = now(closure, patient, {"lac": 200.0}, ipa_rate=0.0)
    assert unfinished["ipa"] == pytest.approx(0.0, abs=1e-12)


def test_microbes_compete_with_the_host_for_a_twentieth(closure, patient):
    rest = now(closure, patient)
    hungry = now(closure, patient, trp_reach=0.5)
    assert rest["trp_microbial"] / patient.p["trp_intake"] == pytest.approx(0.05, abs=0.01)
    assert hungry["indole"] > 5 * rest["indole"]
    none = now(closure, patient, dict.fromkeys(closure.guilds, 1e-9))
    assert 1.0 < none["trp_plasma"] / rest["trp_plasma"] < 1.2


@pytest.mark.parametrize(
    ("changes", "variable", "direction"),
    [
        ({"inhibitor_ido1_tdo2": 0.8}, "kynurenine", -1),
        ({"inhibitor_ahr": 0.8}, "kynurenine_ahr", -1),
        ({"inhibitor_ahr": 0.8}, "indole_ahr", -1),
        ({"inhibitor_ahr": 0.8}, "indole_aldehyde", -1),
        ({"inflammation_base": 2.0}, "kyn_plasma", 1),
        ({"inflammation_base": 2.0}, "trp_plasma", -1),
        ({"kyn_tumour": 0.01}, "kynurenine", 1),
        ({"residual_ipa": 3.0}, "ipa", 1),
        ({"residual_ipa": 3.0}, "indoles_wall", 1),
        ({"residual_indole": 3.0}, "indoxyl_sulfate", 1),
    ],
)
def test_lever_or_input_moves_its_indole_or_kynurenine(closure, patient, changes, variable, direction):
    before, changed = now(closure, patient), now(closure, patient, **changes)
    assert (changed[variable] - before[variable]) * direction > 0.01 * before[variable]


def test_interferon_of_the_tumour_makes_kynurenine(closure, patient):
    e = closure.evaluator
    y = patient.y.copy()
    y[e.index["effectors"]] *= 5.0
    before, more = e.every(patient.y, patient.p), e.every(y, patient.p)
    assert more["kynurenine"] > 1.05 * before["kynurenine"]
    assert more["kyn_plasma"] == pytest.approx(before["kyn_plasma"])
