"""Engineered strains: nothing without a dose, payload with the living strain, switch, antibiotics and balance."""

from __future__ import annotations

import numpy as np
import pytest

PAYLOADS = {"payload_sting": 1.0, "payload_arginine": 1.0, "payload_checkpoint": 1.0}
MADE = {"payload_sting": "made_sting", "payload_arginine": "made_arginine", "payload_checkpoint": "made_checkpoint"}
STRAIN = ("strain_gut", "strain_blood", "strain_tumour")


def course(closure, patient, times, doses=(), start=None, **changes):
    """Variables at each time (days) after ``doses`` (time, state, amount); the rest of the model stands still."""
    e = closure.evaluator
    y, p = patient.y.copy(), patient.p | PAYLOADS | changes
    for name, value in (start or {}).items():
        y[e.index[name]] = value
    moving = set(STRAIN) | {name for name in e.states if name.startswith("antibiotic_")}
    hold = tuple(name for name in e.states if name not in moving)
    return [e.every(row, p) for row in e.course(y, p, list(times), list(doses), rtol=1e-9, hold=hold)]


def test_without_a_dose_nothing_at_all_happens(closure, patient):
    e = closure.evaluator
    bare = e.every(patient.y, patient.p)
    last = course(closure, patient, [0.0, 60.0], strain_growth=2.0, strain_switch=1.0)[-1]
    assert all(last[name] == 0 for name in (*STRAIN, *MADE.values()))
    assert all(last[name] == bare[name] for name in ("sting_ligand", "arginase_drive", "pd1_block"))


@pytest.mark.parametrize("site", STRAIN)
def test_payload_rises_with_a_dose_at_any_site_and_falls_with_clearance(closure, patient, site):
    before, day, late = course(closure, patient, [-0.5, 1.0, 60.0], [(0.0, site, 1.0)])
    for made in MADE.values():
        assert before[made] == 0
        assert day[made] > 0
        assert late[made] < 1e-3 * day[made]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_strain_makes_only_what_it_carries(closure, patient, payload):
    off = {name: 0.0 for name in PAYLOADS if name != payload}
    v = course(closure, patient, [0.0, 1.0], start={"strain_tumour": 1.0}, **off)[-1]
    assert {name for name, made in MADE.items() if v[made] > 0} == {payload}


def test_an_auxotroph_is_gone_in_weeks_and_a_grower_stays(closure, patient):
    auxotroph, grower = (
        course(closure, patient, [0.0, 28.0], start={"strain_tumour": 1.0}, strain_growth=rate)[-1]["strain_tumour"]
        for rate in (0.0, 1.0)
    )
    assert auxotroph < 1e-3
    assert grower == pytest.approx(0.7, rel=0.01)  # capacity x (1 - clearance/growth) at the median hypoxia


def test_a_hypoxic_tumour_takes_more_of_a_dose_in_blood(closure, patient):
    """Without growth, so that homing alone can tell the two apart."""
    lean, rich = (
        course(closure, patient, [0.0, 1.0], start={"strain_blood": 1.0, "hypoxia": h})[-1]["strain_tumour"]
        for h in (0.5, 2.0)
    )
    assert rich > 3 * lean > 0


def test_a_hypoxic_tumour_holds_more_of_a_growing_strain(closure, patient):
    """From the same start in the tumour, so that capacity alone can tell the two apart."""
    lean, rich = (
        course(closure, patient, [0.0, 40.0], start={"strain_tumour": 0.1, "hypoxia": h}, strain_growth=1.0)[-1]
        for h in (0.5, 2.0)
    )
    assert rich["strain_tumour"] == pytest.approx(0.7 * rich["strain_capacity"], rel=0.01)
    assert rich["strain_tumour"] > 1.5 * lean["strain_tumour"]


def test_a_leakier_wall_lets_more_of_a_swallowed_strain_reach_the_tumour(closure, patient):
    tight, leaky = (
        course(closure, patient, [0.0, 2.0], start={"strain_gut": 1.0, "barrier": b})[-1]["strain_tumour"]
        for b in (1.0, 0.5)
    )
    assert leaky > 2 * tight > 0


@pytest.mark.parametrize("site", STRAIN)
def test_the_safety_switch_removes_a_growing_strain_within_days(closure, patient, site):
    slow = {"strain_blood_clearance": 1.0}  # so that in blood, too, there is something left for the switch
    kept, removed = (
        course(closure, patient, [0.0, 3.0], start={site: 1.0}, strain_growth=1.0, strain_switch=s, **slow)[-1]
        for s in (0.0, 1.0)
    )
    assert removed[site] < 1e-9 * kept[site]
    assert all(removed[made] < 1e-6 for made in MADE.values())


@pytest.mark.parametrize(
    ("site", "dose"), [("strain_gut", "antibiotic_gut_luminal"), ("strain_tumour", "antibiotic_blood_systemic")]
)
def test_an_antibiotic_at_the_site_removes_it_and_not_a_resistant_strain(closure, patient, site, dose):
    doses = [(float(day), dose, 1000.0) for day in range(5)]
    untreated, treated = (
        course(closure, patient, [0.0, 5.0], d, {site: 1.0}, strain_growth=1.0)[-1][site] for d in ([], doses)
    )
    resistant = course(closure, patient, [0.0, 5.0], doses, {site: 1.0}, strain_growth=1.0, strain_antibiotic=0.0)[-1][
        site
    ]
    assert treated < 0.1 * untreated
    assert resistant == pytest.approx(untreated, rel=1e-6)


def test_what_is_swallowed_is_washed_out_cleared_or_killed(closure, patient):
    """Without growth all of a dose leaves by washout, from blood or from the tumour: the integrals sum to the dose."""
    times = np.linspace(0.0, 80.0, 8001)
    rows = course(closure, patient, times, start={"strain_gut": 1.0}, strain_translocation=0.5)
    out = [
        v["strain_loss_gut"] * v["strain_gut"]
        + (v["strain_cleared_blood"] + v["strain_loss_body"]) * v["strain_blood"]
        + (v["strain_cleared_tumour"] + v["strain_loss_body"]) * v["strain_tumour"]
        for v in rows
    ]
    assert np.trapezoid(out, times) == pytest.approx(1.0, rel=1e-3)


def test_payload_of_an_overfull_core_stays_below_what_the_strain_carries(closure, patient):
    v = course(closure, patient, [0.0, 0.01], start={"strain_tumour": 50.0})[-1]
    assert 0.99 < v["made_sting"] < 1.0


@pytest.mark.parametrize(("cell", "site"), [("th17", "strain_tumour"), ("kupffer", "strain_blood")])
def test_phagocytes_clear_the_strain(closure, patient, cell, site):
    """Fails when a site's clearance no longer follows its phagocytes, or follows them the wrong way."""
    few, many = (
        course(closure, patient, [0.0, 0.1], start={site: 1.0, cell: level}, strain_homing=0.0)[-1][site]
        for level in (0.5, 2.0)
    )
    assert many < few < 1.0
    e = closure.evaluator
    part = patient.p["strain_neutrophils"] * (1 - patient.p["il17_tr17"]) if cell == "th17" else 1.0
    rate = patient.p["strain_clearance" if cell == "th17" else "strain_blood_clearance"]
    assert np.log(few / many) / 0.1 == pytest.approx(1.5 * part * rate, rel=1e-3)
    assert e.every(patient.y, patient.p)["strain_phagocytes"] == pytest.approx(1.0, rel=1e-3)


def test_an_il17_block_keeps_the_strain_longer(closure, patient):
    """The block is given by its pool, which an antibody leaves over weeks."""
    kept, blocked = (
        course(closure, patient, [0.0, 7.0], start={"strain_tumour": 1.0} | pool)[-1]["strain_tumour"]
        for pool in ({}, {"drug_il17": 1000.0})  # standard daily doses in the body: the block is nearly whole
    )
    assert blocked > 1.5 * kept
