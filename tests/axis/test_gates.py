"""Ports and gates: off is exactly off, and each gate is carried by its own biology in its own direction."""

from __future__ import annotations

import math
import shutil

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hepaxis.axis import build
from hepaxis.axis.model import assemble_model
from hepaxis.axis.tables import HOME

PORTS = list(build().ports.index)
GATES = build().gates

# gate -> (what is changed upstream, factor or value, direction of the gate's exposure, context to switch on).
# States and parameters are multiplied; a value set from 0 is written "=value".
UPSTREAM = {
    "akkermansia_il12": ("res_akk", 4.0, 1),
    "bifido_dc": ("res_bif", 4.0, 1),
    "nod2_presentation": ("res_ecs", 4.0, 1),
    "commensal_priming": ("res_but", 0.2, -1),
    "sting_ifn1": ("payload_sting", "=1", 1),
    "hexa_lps_dc": ("res_ent", 4.0, 1),
    "scfa_ctla4_priming": ("feed_butyrate", "=50", 1),
    "mimic_precursors": ("host_mimicry", 3.0, 1),
    "butyrate_cd8_memory": ("residual_butyrate", 3.0, 1),
    "lca_cd8_stress": ("feed_udca", "=2", -1),
    "ipa_tpex": ("residual_ipa", 3.0, 1),
    "conjugated_primary_cd8": ("conjugation", 0.05, -1),
    "udca_cd8": ("feed_udca", "=2", 1),
    "dca_cd8_effector": ("inhibitor_bai", "=1", -1),
    "i3a_cd8": ("res_lac", 4.0, 1),
    "arginine_inos": ("payload_arginine", "=1", -1),
    "kyn_ahr_exhaustion": ("inhibitor_ido1_tdo2", "=0.8", -1),
    "acetate_autoaggression": ("feed_acetate", "=150", 1),
    "opportunist_burden": ("res_opp", 4.0, 1),
    "scfa_treg": ("feed_butyrate", "=50", 1),
    "il33_treg": ("blocker_tlr2", "=0.8", -1),
    "madcam_tr17": ("inhibitor_bai", "=1", 1),
    "udca_tgfb": ("feed_udca", "=2", 1),
    "kyn_ahr_treg": ("inhibitor_ahr", "=0.8", -1),
    "gut_efflux_abcb1": ("res_ent", 6.0, 1),
    "gut_lipogenesis_acc1": ("res_but", 0.3, 1),
    "acetate_ilc3": ("feed_acetate", "=150", 1),
    "commensal_th17": ("res_bac", 0.2, -1),
    "hexa_lps_mdsc": ("blocker_tlr4", "=0.8", -1),
    "under_acylated_antagonism": ("res_bac", 2.0, 1),
    "tlr9_promotion": ("res_bac", 2.0, 1),
    "tlr5_chronic_il6": ("res_ent", 4.0, 1),
    "tlr5_cxcr3": ("agonist_tlr5", "=1", 1),
    "il6_ccl2_firewall": ("res_ent", 4.0, 1),
    "lta_dca_cox2_pge2": ("inhibitor_bai", "=1", -1),
    "dca_hsc_senescence": ("inhibitor_bai", "=1", -1),
    "indoles_ahr_tam": ("residual_indole", 3.0, 1),
    "primary_ba_cxcl16_nkt": ("inhibitor_bai", "=1", 1),
    "hydrophobic_ba_nkt": ("feed_lca", "=1", 1),
    "butyrate_nk_cxcl11": ("feed_butyrate_portal", "=30", 1),
    "fibre_cholestasis": ("diet_carbohydrate", 2.0, 1),
    "tlr4_epiregulin": ("blocker_tlr4", "=0.8", -1),
    "microbial_ifn_pdl1": ("residual_lps", 4.0, 1),
    "scfa_m2_mdsc_ccl20": ("feed_butyrate_portal", "=600", 1),
    "scfa_exhaustion": ("feed_butyrate_portal", "=600", 1),
    "pentanoate_effector": ("pentanoate_rate", 40.0, 1),
    "acetate_rescue": ("feed_acetate", "=150", 1),
    "inosine_th1": ("res_bif", 4.0, 1),
    "butyrate_barrier": ("residual_butyrate", 0.1, -1),
    "indoles_barrier": ("residual_indole", 3.0, 1),
    "akkermansia_barrier": ("res_akk", 4.0, 1),
    "hydroxy_ca_activation": ("inhibitor_bai", "=1", 1),
    "oxolca_treg": ("feed_lca", "=1", 1),
    "tgr5_fxr_tolerance": ("inhibitor_bai", "=1", -1),
}
CONTEXT = {
    "context_ctla4": ("ctla4_central", 300.0),
    "context_steatohepatitis": ("host_steatohepatitis", 1.0),
    "context_no_steatohepatitis": ("host_steatohepatitis", 0.0),
    "context_injured_liver": ("fibrosis", 1.0),
    "context_glucose_poor": ("host_glucose_poor", 1.0),
    "context_costimulation": ("ctla4_central", 300.0),
    "context_tki": ("tki_level", 1.0),
    "context_cholestasis": ("host_cholestasis", 1.0),
}


def moved(closure, patient, gate, *, g=1.0, context_on=True):
    """Port and exposure of a gate alone at tau 1, before and after its upstream change (metabolites at rest again)."""
    e = closure.evaluator
    p = patient.p | {f"g_{name}": 0.0 for name in GATES.index} | {f"g_{gate}": g, "tau": 1.0}
    y = patient.y.copy()
    y[e.index["strain_tumour"]] = 1.0 if str(UPSTREAM[gate][0]).startswith("payload_") else 0.0  # a living carrier
    name = GATES.at[gate, "context"]
    if name:
        what, value = CONTEXT[name]
        value = value if context_on else (1.0 - value if name == "context_no_steatohepatitis" else 0.0)
        if what in e.index:
            y[e.index[what]] = value
        else:
            p[what] = value
    p[f"ref_{gate}"] = e.every(closure_rest(closure, y, p), p)[GATES.at[gate, "exposure"]]
    before = e.every(closure_rest(closure, y, p), p)
    target, change, _ = UPSTREAM[gate]
    if target in e.index:
        y[e.index[target]] *= change
    else:
        p[target] = float(change[1:]) if isinstance(change, str) else p[target] * change
    after = e.every(closure_rest(closure, y, p), p)
    return before, after


def closure_rest(closure, y, p):
    rested, ok = closure.evaluator.rest(y, p, closure.solve["metabolites"])
    assert ok
    return rested


def test_every_gate_has_an_upstream_test():
    assert set(UPSTREAM) == set(GATES.index)


@pytest.mark.parametrize("gate", GATES.index)
def test_gate_moves_its_port_in_the_direction_of_the_claim(closure, patient, gate):
    """Fails when the gate, its input or its sign is removed."""
    before, after = moved(closure, patient, gate)
    exposure, port = GATES.at[gate, "exposure"], f"port_{GATES.at[gate, 'port']}"
    direction = UPSTREAM[gate][2]
    assert math.log(after[exposure] / before[exposure]) * direction > 0.05
    assert before[port] == pytest.approx(1, abs=1e-9)
    assert math.log(after[port]) * direction * GATES.at[gate, "sign"] > 0.02
    untouched = [p for p in PORTS if f"port_{p}" != port]
    assert [after[f"port_{p}"] for p in untouched] == [1.0] * len(untouched)


@pytest.mark.parametrize("gate", GATES.index)
def test_a_gate_of_strength_zero_does_nothing(closure, patient, gate):
    _, after = moved(closure, patient, gate, g=0.0)
    assert [after[f"port_{p}"] for p in PORTS] == [1.0] * len(PORTS)


@pytest.mark.parametrize("gate", [name for name in GATES.index if GATES.at[name, "context"]])
def test_a_claim_does_not_hold_outside_its_context(closure, patient, gate):
    _, after = moved(closure, patient, gate, context_on=False)
    assert after[f"port_{GATES.at[gate, 'port']}"] == 1.0


def test_short_chain_fatty_acids_overload_t_cells_only_far_above_what_a_gut_gives(closure, patient):
    e = closure.evaluator
    rest = e.every(patient.y, patient.p)
    fibre = e.every(closure_rest(closure, patient.y, more := patient.p | {"diet_carbohydrate": 300.0}), more)
    flooded = e.every(patient.y, patient.p | {"feed_butyrate_portal": 2000.0})
    assert fibre["butyrate_tumour"] > 1.1 * rest["butyrate_tumour"]
    assert fibre["scfa_overload"] < 1.05 * rest["scfa_overload"] < 1.1
    assert flooded["scfa_overload"] > 2 * rest["scfa_overload"]


def test_all_gates_off_is_exactly_an_ordinary_immuno_oncology_model(closure, patient):
    """Whatever the gut, with tau 0 or with every strength 0."""
    e = closure.evaluator
    odd = patient.y * 1.7
    for p in (patient.p | {"tau": 0.0}, patient.p | {f"g_{name}": 0.0 for name in GATES.index}):
        assert [e.every(odd, p)[f"port_{port}"] for port in PORTS] == [1.0] * len(PORTS)


def test_the_reference_community_leaves_every_port_at_one(closure, patient):
    every = closure.evaluator.every(patient.y, patient.p)
    assert [every[f"port_{port}"] for port in PORTS] == pytest.approx([1.0] * len(PORTS), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(ratio=st.floats(1e-6, 1e6), g=st.floats(-3, 3), tau=st.floats(0, 1))
def test_port_of_one_gate_is_f_to_the_power_tau_g(ratio, g, tau):
    """F within 0.2-5, 1 at the reference, slope 1 there, ln port linear in g."""
    from reference_closure import Closure

    closure = _cached(Closure)
    e = closure.evaluator
    p = e.parameters | {f"g_{name}": 0.0 for name in GATES.index} | {"g_ipa_tpex": g, "tau": tau}
    x = e.every(closure.y0, p)["ipa"]
    p["ref_ipa_tpex"] = x / ratio
    y = ratio ** (2 / math.log(5))
    expected = tau * g * math.log(5) * (y - 1) / (y + 1)
    got = math.log(e.every(closure.y0, p)["port_expansion"])
    assert got == pytest.approx(expected, abs=1e-3)
    assert abs(got) <= tau * abs(g) * math.log(5) + 1e-9


_CACHE: dict[str, object] = {}


def _cached(make):
    if "closure" not in _CACHE:
        _CACHE["closure"] = make(build())
    return _CACHE["closure"]


def test_shipped_references_are_the_exposures_of_the_shipped_resting_patient(closure, model):
    every = closure.evaluator.every(closure.y0, closure.evaluator.parameters)
    for gate, row in model.gates.iterrows():
        assert every[row["exposure"]] == pytest.approx(row["reference"], rel=1e-5), gate


# --- mutation: the assembled model with every input removed, or every sign turned, must not pass for the shipped one


def mutant(tmp_path_factory, change):
    """The model assembled from a copy of its files that ``change`` has edited."""
    from reference_closure import Closure

    home = tmp_path_factory.mktemp("mutant") / "axis"
    shutil.copytree(HOME, home, ignore=shutil.ignore_patterns("__pycache__"))
    change(home)
    return Closure(assemble_model(home))


@pytest.fixture(scope="module")
def without_inputs(tmp_path_factory):
    def change(home):
        path = home / "modules" / "40_ports.ant"
        text = path.read_text()
        assert text.count("{exposure}") == 1
        path.write_text(text.replace("{exposure}", "ref_{gate}"))

    return mutant(tmp_path_factory, change)


@pytest.fixture(scope="module")
def turned(tmp_path_factory):
    def change(home):
        path = home / "gates.csv"
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        table["sign"] = table["sign"].map({"1": "-1", "-1": "1"})
        table.to_csv(path, index=False)

    return mutant(tmp_path_factory, change)


def response(closure, patient, gate, g=1.0):
    """ln of the port after the upstream change, in the direction of the claim: positive where all is in place."""
    _, after = moved(closure, patient, gate, g=g)
    return math.log(after[f"port_{GATES.at[gate, 'port']}"]) * UPSTREAM[gate][2] * GATES.at[gate, "sign"]


@pytest.mark.parametrize("gate", GATES.index)
def test_a_model_without_the_gate_its_input_or_its_sign_is_told_from_the_shipped_one(
    closure, patient, without_inputs, turned, gate
):
    assert response(closure, patient, gate) > 0.02
    assert response(closure, patient, gate, g=0.0) == 0.0
    assert response(without_inputs, patient, gate) == pytest.approx(0.0, abs=1e-9)
    assert response(turned, patient, gate) < -0.02


def test_every_claim_of_the_facts_is_a_gate_on_the_same_port_with_the_same_sign(shared):
    facts = pd.read_csv(shared("facts/gates.csv"), dtype=str, keep_default_na=False).set_index("gate")
    assert set(facts.index) <= set(GATES.index)
    names = {"MDSC/M2": "mdsc", "NK/NKT": "nkt", "Treg": "treg", "checkpoint expression": "checkpoint"}
    for gate, fact in facts.iterrows():
        assert GATES.at[gate, "port"] == names.get(fact["port"], fact["port"]), gate
        if fact["sign"][0] in "+-":
            assert GATES.at[gate, "sign"] == (1.0 if fact["sign"][0] == "+" else -1.0), gate
        disputed = fact["agreement"].startswith("disputed")
        assert disputed == (GATES.at[gate, "prior_mean"] == 0.0), gate
