"""Liver: each step is moved by its input in its direction, carriers act once, and clinic readouts keep their units."""

from __future__ import annotations

import math

import pytest

TUMOUR = ("tumour_volume", "loss_logit")


def rested(closure, patient, states=None, **changes):
    """Variables with gut and host at rest again, the tumour frozen; ``states`` are multiplied first."""
    e = closure.evaluator
    y, p = patient.y.copy(), patient.p | {"tau": 1.0} | changes
    for name, factor in (states or {}).items():
        y[e.index[name]] *= factor
    y[e.index["strain_tumour"]] = 1.0 if any(name.startswith("payload_") for name in changes) else 0.0  # a carrier
    y, ok = e.rest(y, p, closure.solve["metabolites"])
    assert ok
    y, ok = e.rest(y, p, closure.solve["host"])
    assert ok
    return e.every(y, p)


@pytest.fixture(scope="module")
def before(closure, patient):
    return rested(closure, patient)


@pytest.mark.parametrize(
    ("variable", "sign", "change"),
    [
        ("cxcl16", 1, {"inhibitor_bai": 0.9}),
        ("cxcl16", -1, {"feed_lca": 1.0}),
        ("nkt", 1, {"inhibitor_bai": 0.9}),
        ("kupffer", 1, {"residual_lps": 3.0}),
        ("kupffer", -1, {"blocker_tlr4": 0.9}),
        ("kupffer", -1, {"penta_blocks": 20.0}),
        ("chemokines", 1, {"residual_lps": 3.0}),
        ("chemokines", 1, {"states": {"res_ent": 10.0}}),
        ("mdsc", 1, {"residual_lps": 3.0}),
        ("stellate", -1, {"inhibitor_bai": 0.9}),
        ("mdsc", -1, {"inhibitor_bai": 0.9}),
        ("arginine", -1, {"residual_lps": 3.0}),
        ("arginine", 1, {"payload_arginine": 1.0}),
        ("gasdermin", -1, {"inhibitor_bai": 0.9}),
        ("gasdermin", -1, {"blocker_tlr2": 0.9}),
        ("bambi", -1, {"residual_lps": 3.0}),
        ("bambi", 1, {"blocker_tlr4": 1.0}),
        ("fibrosis", 1, {"residual_lps": 3.0}),
        ("fibrosis", 1, {"host_fibrosis": 1.5}),
        ("epiregulin", -1, {"blocker_tlr4": 0.9}),
        ("hvpg", 1, {"host_fibrosis": 1.5}),
        ("hvpg", 1, {"residual_lps": 3.0}),
        ("hvpg", -1, {"hvpg_relief": 0.6}),
        ("albumin_serum", -1, {"host_liver_function": 0.6}),
        ("bilirubin_serum", 1, {"host_liver_function": 0.6}),
        ("bilirubin_serum", 1, {"host_cholestasis": 1.0}),
    ],
)
def test_an_input_moves_its_step(closure, patient, before, variable, sign, change):
    after = rested(closure, patient, **change)
    assert math.log(after[variable] / before[variable]) * sign > 0.02


def test_a_tlr2_block_leaves_the_scar_alone(closure, patient, before):
    assert rested(closure, patient, blocker_tlr2=1.0)["fibrosis"] == pytest.approx(before["fibrosis"])


@pytest.mark.parametrize("port", ["mdsc", "nkt", "killing"])
def test_a_port_acts_once_whoever_carries_it(closure, patient, port):
    """At rest the direct part times what the carriers hand on is the whole port."""
    v = rested(closure, patient, {"res_ent": 5.0}, inhibitor_bai=0.5)
    carriers = {
        "mdsc": ("kupffer", "chemokines", "stellate", "th17", "m2"),
        "nkt": ("cxcl16", "nk"),
        "killing": ("arginine",),
    }
    handed = math.prod(v[f"through_{carrier}"] for carrier in carriers[port])
    assert v[f"direct_{port}"] * handed == pytest.approx(v[f"port_{port}"])
    if port == "mdsc":
        assert v["chemokines"] == pytest.approx(v["through_chemokines"] * v["through_kupffer"] * v["through_stellate"])


def test_suppressor_cells_lag_behind_the_endotoxin(closure, patient):
    """What years built up does not go in three days: Kupffer cells, chemokines and the cells follow one another."""
    e = closure.evaluator
    p = patient.p | {"tau": 1.0, "blocker_tlr4": 1.0}
    early, late = (e.every(z, p) for z in e.course(patient.y, p, [0.0, 3.0, 150.0], rtol=1e-6, hold=TUMOUR)[1:])
    full = math.log(late["mdsc"])
    assert full < -0.1
    assert abs(math.log(early["mdsc"])) < 0.25 * abs(full)


def test_albi_is_the_published_equation(before):
    bilirubin, albumin = before["bilirubin_serum"], before["albumin_serum"]
    assert before["albi"] == pytest.approx(0.66 * math.log10(bilirubin) - 0.085 * albumin)


@pytest.mark.parametrize(("function", "low", "high"), [(1.0, -2.8, -2.4), (0.67, -1.9, -1.3)])
def test_liver_function_reads_as_the_albi_it_was_set_from(closure, patient, function, low, high):
    """A third of the function is one unit of ALBI; albumin and bilirubin stay in the range of the clinic."""
    v = rested(closure, patient, host_liver_function=function)
    assert low < v["albi"] < high
    assert 25 < v["albumin_serum"] < 42
    assert 8 < v["bilirubin_serum"] < 50


@pytest.mark.parametrize(("scar", "low", "high"), [(0.2, 3, 6), (1.0, 9, 14), (1.4, 12, 20)])
def test_portal_pressure_is_that_of_the_liver_state(closure, patient, scar, low, high):
    """Normal 1-5 mmHg, clinically significant from 10, decompensated near 18."""
    assert low < rested(closure, patient, host_fibrosis=scar)["hvpg"] < high
