"""Kinase inhibitors as a pool, and the two routes by which a gut may make a tumour resistant."""

from __future__ import annotations

import numpy as np
import pytest

HOLD = ("tumour_volume", "loss_logit")


def held(closure, patient, days, **changes):
    e = closure.evaluator
    p = patient.p | changes
    return e.every(e.course(patient.y, p, [0.0, days], rtol=1e-7, hold=HOLD)[-1], p)


@pytest.mark.parametrize(("dose", "half_life"), [(800.0, 36.0), (12.0, 28.0), (60.0, 110.0)])
def test_what_is_swallowed_is_eliminated(closure, patient, dose, half_life):
    """Clearance times exposure is the dose, within a thousandth."""
    e = closure.evaluator
    p = patient.p | {"tki_daily_dose": dose, "tki_elimination": 24 * np.log(2) / half_life}
    hold = tuple(name for name in e.states if name != "tki_amount")
    times = np.linspace(0, 60, 2401).tolist()
    states = e.course(patient.y, p, times, rtol=1e-9, hold=hold, doses=[(0.0, "tki_amount", dose)])
    amount = np.array([z[e.index["tki_amount"]] for z in states])
    amount[0] = dose
    assert np.trapezoid(amount * p["tki_elimination"], times) == pytest.approx(dose, rel=1e-3)


def test_the_labelled_dose_gives_exposure_one_and_wears_off(closure, patient):
    early, late = (held(closure, patient, days, tki_level=1.0)["tki_exposure"] for days in (1.0, 40.0))
    assert 0.2 < early < 0.6
    assert late == pytest.approx(1.0, abs=1e-4)
    on = held(closure, patient, 40.0, tki_level=1.0)
    assert on["tki_vegf"] == pytest.approx(patient.p["tki_antivegf"], rel=1e-3)
    assert on["tki_slowing"] == pytest.approx(patient.p["tki_growth"], rel=1e-3)


def test_blocks_stay_below_one_however_much_is_swallowed(closure, patient):
    much = held(closure, patient, 40.0, tki_level=50.0)
    assert 0.9 < much["tki_vegf"] < 1
    assert 0.9 < much["tki_slowing"] < 1


def test_a_patient_on_a_kinase_inhibitor_rests_with_it(closure):
    closed = closure.close(tki_level=1.0)
    assert closed.closed
    assert closure.evaluator.every(closed.y, closed.p)["tki_exposure"] == pytest.approx(1.0, abs=1e-8)


def responder_gut(closure, factor, **changes):
    """The same person with butyrate producers and Akkermansia times ``factor``."""
    share = closure.model.guilds["reference_share"].to_numpy().copy()
    for guild in ("but", "akk"):
        share[closure.guilds.index(guild)] *= factor
    return closure.close(share / share.sum(), tau=1.0, **changes)


def test_the_contrast_rises_with_non_responder_guilds_and_falls_with_responder_guilds(closure, patient):
    e = closure.evaluator
    rest = e.every(patient.y, patient.p)["gut_contrast"]
    for name, row in (("res_ent", 1), ("res_ora", 1), ("res_opp", 1), ("res_but", -1), ("res_akk", -1), ("res_bac", 0)):
        y = patient.y.copy()
        y[e.index[name]] *= 3
        assert np.sign(round(np.log(e.every(y, patient.p)["gut_contrast"] / rest), 6)) == row, name


def test_pumps_act_on_a_kinase_inhibitor_only_and_on_tumour_cells_only(closure):
    gate = {"g_gut_efflux_abcb1": 1.0}
    bad, off = responder_gut(closure, 0.1, **gate), responder_gut(closure, 0.1)
    pumped, plain = (held(closure, one, 90.0, tki_level=1.0) for one in (bad, off))
    assert pumped["drug_retained"] < 0.9
    assert pumped["kill_tki"] < 0.9 * plain["kill_tki"]
    assert pumped["tki_slowing"] < plain["tki_slowing"]
    assert pumped["tki_vegf"] == pytest.approx(plain["tki_vegf"])
    untreated = closure.evaluator.every(bad.y, bad.p)
    assert untreated["drug_retained"] == pytest.approx(1.0)
    assert untreated["kill_cd8"] == pytest.approx(closure.evaluator.every(off.y, off.p)["kill_cd8"])


def test_lipogenesis_raises_pdl1_by_its_gate_and_only_by_it(closure):
    on, off = (responder_gut(closure, 0.1, g_gut_lipogenesis_acc1=g) for g in (1.0, 0.0))
    on, off = (closure.evaluator.every(one.y, one.p) for one in (on, off))
    assert off["lipogenesis"] == pytest.approx(1.0)
    assert on["lipogenesis"] > 1.1
    assert on["pdl1"] / off["pdl1"] > 1.05


def test_at_the_prior_mean_a_gut_makes_no_tumour_resistant(closure):
    closed = responder_gut(closure, 0.1)
    every = closure.evaluator.every(closed.y, closed.p)
    assert (every["drug_retained"], every["lipogenesis"]) == pytest.approx((1.0, 1.0))
