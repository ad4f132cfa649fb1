"""T-cell memory: it needs antigen to go, is recalled where antigen stays, and is what lets a held tumour vanish."""

from __future__ import annotations

import numpy as np
import pytest

SEEN_ML = 0.18  # a sphere of 7 mm
BLOCKED = {"pd1_central": 500.0}


def held(closure, patient, days, volume, **changes):
    """Variables after some days beside a tumour held at a volume."""
    e, y = closure.evaluator, patient.y.copy()
    y[e.index["tumour_volume"]] = volume
    p = patient.p | changes
    return e.every(e.course(y, p, [0.0, days], rtol=1e-6, hold=("tumour_volume", "loss_logit"))[-1], p)


def treated(closure, patient, days, **changes):
    """Variables after some days of full PD-1 blockade."""
    e, y = closure.evaluator, patient.y.copy()
    for name, level in BLOCKED.items():
        y[e.index[name]] = level
    p = patient.p | changes
    return e.every(e.course(y, p, [0.0, days], rtol=1e-6, hold=tuple(BLOCKED))[-1], p)


def test_there_is_little_memory_beside_a_large_tumour(closure, patient):
    large = closure.close(volume_start=400.0)
    small = closure.close(volume_start=1.0)
    share = [
        every["memory_cd8"] / every["circulating"]
        for every in (closure.evaluator.every(one.y, one.p) for one in (large, patient, small))
    ]
    assert share[0] < share[1] < share[2]
    assert share[0] < 0.15
    assert share[2] > 0.3


def test_memory_outlives_the_antigen_that_made_it(closure, responder):
    without = held(closure, responder, 300.0, 0.05, memory_cd8_share=0.0, memory_cd8_loss=1.0)
    late = held(closure, responder, 300.0, 0.05)
    rest = closure.evaluator.every(responder.y, responder.p)
    assert late["blood"] < 0.05 * rest["blood"]
    assert late["arrival"] > 5 * without["arrival"]
    assert late["memory_cd8"] > 0.5 * rest["memory_cd8"]


@pytest.mark.parametrize(
    ("parameter", "direction"),
    [("memory_cd8_share", 1), ("memory_cd8_half", 1), ("memory_cd8_recall", -1), ("memory_cd8_loss", -1)],
)
def test_what_makes_memory_and_what_takes_it(closure, responder, parameter, direction):
    kept = held(closure, responder, 200.0, 30.0)["memory_cd8"]
    moved = held(closure, responder, 200.0, 30.0, **{parameter: 2 * responder.p[parameter]})["memory_cd8"]
    assert direction * np.log(moved / kept) > 0.02


def test_recalled_cells_are_effectors_again_one_for_one(closure, patient):
    e, more = closure.evaluator, patient.y.copy()
    more[e.index["memory_cd8"]] += 1.0
    before, after = e.rates(patient.y, patient.p), e.rates(more, patient.p)
    recalled = patient.p["memory_cd8_recall"] * e.every(patient.y, patient.p)["antigen"]
    assert after[e.index["blood"]] - before[e.index["blood"]] == pytest.approx(recalled, rel=1e-6)
    lost = after[e.index["memory_cd8"]] - before[e.index["memory_cd8"]]
    assert lost == pytest.approx(-recalled - patient.p["memory_cd8_loss"], rel=1e-6)


def test_a_tumour_under_control_vanishes_with_memory_and_stays_without(closure):
    """The residual that antigen and T cells hold in balance is what kept complete responses away."""
    deep = closure.close(host_infiltration=6.0, host_pdl1=1.2, net_growth_start=0.002)
    assert treated(closure, deep, 600.0)["tumour_volume"] < SEEN_ML
    without = closure.close(host_infiltration=6.0, host_pdl1=1.2, net_growth_start=0.002, memory_cd8_share=0.0)
    assert treated(closure, without, 600.0)["tumour_volume"] > 2 * SEEN_ML
