"""Small drugs and UDCA: what is given is cleared, an effect follows its drug's level and is gone after it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hepaxis.axis.tables import HOME, read_table, rows

DRUGS = {row["drug"]: row for row in rows(read_table(HOME / "drugs.csv"))}
NAMES = (*DRUGS, "steroid")
EFFECTS = {name: row["effect"] for name, row in DRUGS.items()} | {"steroid": "steroid_effect"}
LEVELS = {name: row["level"] for name, row in DRUGS.items()} | {"steroid": "steroid"}
TUMOUR = ("tumour_volume", "loss_logit")


def value(closure, drug, what):
    """Parameter of a drug, by the name it has in the table of the nine or in that of the steroid."""
    name = f"steroid_{what}" if drug == "steroid" else f"drug_{what}_{drug}"
    return closure.evaluator.parameters[name]


def elimination(closure, drug):
    return value(closure, drug, "clearance") / value(closure, drug, "volume")


def alone(closure, drug, days, dose=0.0, start=None, **changes):
    """(m, states) course of one drug's pool, everything else held."""
    e = closure.evaluator
    y = closure.y0.copy() if start is None else start
    state = f"drug_{drug}"
    hold = tuple(name for name in e.states if name != state)
    doses = [(0.0, state, dose)] if dose else []
    return e.course(y, e.parameters | changes, list(days), rtol=1e-9, hold=hold, doses=doses)


@pytest.mark.parametrize("drug", NAMES)
def test_clearance_times_exposure_is_the_dose(closure, drug):
    e = closure.evaluator
    days = np.linspace(0.0, 12.0 / elimination(closure, drug), 601)
    concentration = "steroid_concentration" if drug == "steroid" else f"drug_concentration_{drug}"
    given_ = 3.0  # standard daily doses, mg of the steroid
    states = alone(closure, drug, days, given_)
    v = [e.every(z, e.parameters) for z in states]
    level = np.array([one[concentration] for one in v])  # mg/L
    assert (level >= 0).all()
    absorbed = 1.0 if drug == "steroid" else value(closure, drug, "absorbed") * value(closure, drug, "dose")
    level[0] = given_ * absorbed / value(closure, drug, "volume")  # read before it was given
    out = value(closure, drug, "clearance") * np.trapezoid(level, days)
    assert out == pytest.approx(given_ * absorbed, rel=1e-3)  # mg


@pytest.mark.parametrize("drug", NAMES)
def test_what_is_swallowed_daily_leaves_daily_and_the_standard_dose_is_exposure_one(closure, drug):
    e = closure.evaluator
    standard = 1.0 if drug == "steroid" else value(closure, drug, "standard")
    days = [0.0, 30.0 / elimination(closure, drug)]
    level = {LEVELS[drug]: standard}
    v = e.every(alone(closure, drug, days, **level)[-1], e.parameters | level)
    exposure = v["steroid_exposure" if drug == "steroid" else f"drug_exposure_{drug}"]
    floor = 0.0 if drug == "steroid" else e.parameters["drug_floor"]
    asked = 1.0 if drug == "steroid" else (1.0 - standard) / (1.0 - standard + floor)  # the floor asks a little less
    assert exposure == pytest.approx(asked, rel=1e-4)
    assert v[EFFECTS[drug]] == pytest.approx(standard / (1.0 + floor), rel=1e-4)


@pytest.mark.parametrize("drug", list(DRUGS))
@pytest.mark.parametrize("level", [0.0, 0.2, 0.95])
def test_the_lever_is_the_effect_at_steady_state(closure, drug, level):
    e = closure.evaluator
    p = {LEVELS[drug]: level}
    end = alone(closure, drug, [0.0, 40.0 / elimination(closure, drug)], **p)[-1]
    assert e.every(end, e.parameters | p)[EFFECTS[drug]] == pytest.approx(level, rel=3e-3, abs=1e-9)


@pytest.mark.parametrize("drug", NAMES)
def test_an_effect_comes_and_goes_with_its_drug(closure, drug):
    """Not at once either way, and to nought after washout."""
    e = closure.evaluator
    life = np.log(2) / elimination(closure, drug)
    standard = 1.0 if drug == "steroid" else value(closure, drug, "standard")
    level = {LEVELS[drug]: standard}
    on = alone(closure, drug, [0.0, 0.5 * life, 40.0 * life], **level)
    early, late = (e.every(z, e.parameters)[EFFECTS[drug]] for z in on[1:])
    assert 0.05 * late < early < 0.95 * late
    off = alone(closure, drug, [0.0, life, 40.0 * life], start=on[-1])
    after_one, after_all = (e.every(z, e.parameters)[EFFECTS[drug]] for z in off[1:])
    assert 0.2 * late < after_one < late
    assert after_all == pytest.approx(0.0, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(amounts=st.lists(st.floats(0, 1e9), min_size=len(NAMES), max_size=len(NAMES)))
def test_effects_stay_in_their_range_however_much_is_given(closure, amounts):
    e = closure.evaluator
    y = closure.y0.copy()
    for name, amount in zip(NAMES, amounts, strict=True):
        y[e.index[f"drug_{name}"]] = amount
    v = e.every(y, e.parameters)
    assert all(0 <= v[EFFECTS[name]] <= 1 for name in DRUGS)
    assert 0 <= v["steroid_effect"] <= 2
    assert v["inflammation_set"] >= 0
    assert v["kill_cd8"] >= 0


def test_without_drugs_no_pool_holds_anything_and_no_effect_is_there(closure, patient):
    v = closure.evaluator.every(patient.y, patient.p)
    assert [v[f"drug_{name}"] for name in NAMES] == pytest.approx([0.0] * len(NAMES), abs=1e-12)
    assert [v[EFFECTS[name]] for name in NAMES] == pytest.approx([0.0] * len(NAMES), abs=1e-12)
    assert v["udca_gut"] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(("drug", "variable", "direction"), [
    ("fxr", "fgf19", 1),
    ("ido", "kynurenine", -1),
    ("ahr", "indole_ahr", -1),
    ("bai", "dca_portal", -1),
    ("tlr4", "tlr4_agonist", -1),
    ("tlr2", "lta_signal", -1),
    ("tlr5", "flagellin", 1),
    ("binder", "bile_faecal", 1),
])  # fmt: skip
def test_the_drug_in_its_pool_moves_what_it_acts_on_and_stops(closure, patient, drug, variable, direction):
    """The pool drives the effect: with the lever at nought and drug in the body the effect is there."""
    e = closure.evaluator
    y = patient.y.copy()
    y[e.index[f"drug_{drug}"]] = 5 / elimination(closure, drug)  # five times the standard steady state
    hold = (*TUMOUR, f"drug_{drug}")
    before = e.every(patient.y, patient.p)[variable]
    with_it = e.every(e.course(y, patient.p, [0.0, 0.5], rtol=1e-6, hold=hold)[-1], patient.p)[variable]
    assert (with_it - before) * direction > 0.005 * before


def test_a_patient_on_long_steroids_rests_with_them(closure):
    closed = closure.close(steroid=0.4)
    assert closed.closed
    v = closure.evaluator.every(closed.y, closed.p)
    assert v["steroid_exposure"] == pytest.approx(0.4, rel=1e-6)


def test_swallowed_udca_is_absorbed_in_part_and_none_is_lost(closure, patient):
    """A dose leaves the small bowel as absorbed and passed UDCA; the shares are those of the table."""
    e = closure.evaluator
    hold = tuple(name for name in e.states if name != "udca_gut")
    days = np.linspace(0.0, 5.0, 2001)
    states = e.course(patient.y, patient.p, days.tolist(), rtol=1e-9, hold=hold, doses=[(0.0, "udca_gut", 2.5)])
    amount = np.array([z[e.index["udca_gut"]] for z in states])
    amount[0] = 2.5
    left = np.trapezoid(amount * patient.p["udca_emptying"], days)
    assert left == pytest.approx(2.5, rel=1e-3)
    v = e.every(states[10], patient.p)
    share = v["udca_absorbed"] / (v["udca_absorbed"] + v["udca_passed"])
    assert share == pytest.approx(patient.p["udca_absorption"])


def test_udca_at_the_usual_dose_makes_up_a_third_to_two_thirds_of_bile(closure):
    """30-60% of circulating bile acids at 8-10 mg/kg a day, PMID 7824870; nothing is fitted to it."""
    healthy = {"host_shunt": 0.03, "host_ba_extraction": 0.8, "host_barrier": 1.0, "host_ba_synthesis": 1.0, "tau": 0.0}
    share = closure.model.guilds["reference_share"].to_numpy()
    dose = 9.0 * 72.0 / 392.6  # mmol a day
    gut = closure.gut(closure.evaluator.parameters | healthy | {"feed_udca": dose}, share)
    assert gut.closed
    v = closure.evaluator.every(gut.y, gut.p)
    assert 0.3 < v["udca_pool"] / v["ba_pool"] < 0.6
    assert v["lca_pool"] / v["ba_pool"] < 0.1  # lithocholate does not build up
