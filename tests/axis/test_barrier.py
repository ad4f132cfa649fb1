"""Barrier, ligands and receptors: each mechanism fails when its input or sign is removed; endotoxin is conserved."""

from __future__ import annotations

import numpy as np
import pytest

from hepaxis.axis import build

GATES = build().gates
TUMOUR = ("tumour_volume", "loss_logit")


def rested(closure, patient, states=None, **changes):
    """Variables with the gut side at rest again; ``states`` are multiplied first."""
    e = closure.evaluator
    y, p = patient.y.copy(), patient.p | {"tau": 1.0} | changes
    for name, factor in (states or {}).items():
        y[e.index[name]] *= factor
    y[e.index["strain_tumour"]] = 1.0 if any(name.startswith("payload_") for name in changes) else 0.0  # a carrier
    y, ok = e.rest(y, p, closure.solve["metabolites"])
    assert ok
    return e.every(y, p)


@pytest.mark.parametrize(
    ("variable", "sign", "change"),
    [
        ("mucus", -1, {"states": {"res_ora": 8.0}}),
        ("mucus", -1, {"states": {"res_ecs": 20.0}}),
        ("mucus", -1, {"diet_carbohydrate": 75.0}),
        ("mucus", 1, {"states": {"res_akk": 3.0}}),
        ("barrier", 1, {"states": {"res_akk": 3.0}}),
        ("barrier", -1, {"states": {"res_ora": 8.0}}),
        ("vascular_opening", 1, {"diet_fat": 1.0}),
        ("vascular_opening", 1, {"states": {"res_ent": 4.0}}),
        ("permeability", 1, {"diet_fat": 1.0}),
        ("past_node", 1, {"diet_fat": 1.0}),
        ("past_node", 1, {"states": {"res_ent": 4.0}}),
        ("past_liver", 1, {"host_shunt": 0.8}),
        ("lps_hepatic_vein", 1, {"host_shunt": 0.8}),
        ("lps_systemic", 1, {"host_shunt": 0.8}),
        ("calprotectin", 1, {"inflammation_base": 1.0}),
        ("upper", 1, {"states": {"res_ora": 8.0}}),
        ("hexa_portal", 1, {"states": {"res_ora": 8.0}}),
        ("lta_signal", -1, {"blocker_tlr2": 1.0}),
        ("lps_node", -1, {"blocker_tlr4": 1.0}),
        ("tlr4_tolerance", -1, {"blocker_tlr4": 1.0}),
        ("ifn1", 1, {"payload_sting": 1.0}),
        ("tlr5_chronic", 1, {"agonist_tlr5": 1.0}),
    ],
)
def test_an_input_moves_its_variable(closure, patient, variable, sign, change):
    before, after = rested(closure, patient), rested(closure, patient, **change)
    assert (after[variable] - before[variable]) * sign > 0.01 * before[variable]


def test_what_microbes_do_to_the_wall_stays_within_its_reach(closure, patient):
    """A gut without any microbial help keeps a wall; near the reference the port acts in full."""
    e, reach = closure.evaluator, patient.p["wall_reach"]
    off = {f"g_{gate}": 0.0 for gate in build().gates.index}

    def wall(lost):
        p = patient.p | off | {"tau": 1.0, "g_indoles_barrier": 3.0, "g_butyrate_barrier": 3.0}
        p |= {f"ref_{gate}": patient.p[f"ref_{gate}"] / lost for gate in ("indoles_barrier", "butyrate_barrier")}
        return e.every(patient.y, p)

    assert wall(1e-9)["microbial_wall"] == pytest.approx(1 / reach, rel=0.1)
    assert wall(0.999)["microbial_wall"] == pytest.approx(wall(0.999)["direct_barrier"], rel=1e-4)
    assert wall(0.999)["microbial_wall"] < 0.999
    assert e.every(patient.y, patient.p | off)["microbial_wall"] == 1.0


def test_fxr_agonism_closes_what_fat_has_opened(closure, patient):
    fat, both = (rested(closure, patient, diet_fat=1.0, agonist_fxr=a)["vascular_opening"] for a in (0.0, 1.0))
    assert 1 < both < 1 + 0.4 * (fat - 1)


def test_oral_overgrowth_outweighs_the_akkermansia_that_comes_with_it(closure, patient):
    tau = patient.p["tau"]  # at the human scale of the gates
    alone = rested(closure, patient, {"res_akk": 2.0}, tau=tau)["barrier"]
    together = rested(closure, patient, {"res_akk": 2.0, "res_ora": 10.0, "res_ecs": 8.0}, tau=tau)["barrier"]
    assert together < rested(closure, patient, tau=tau)["barrier"] < alone


def test_each_firewall_holds_back_and_the_node_can_be_overrun(closure, patient):
    v = rested(closure, patient)
    assert 0 < v["past_liver"] < v["past_node"] < v["past_wall"]
    flooded = rested(closure, patient, {"res_ent": 100.0})
    assert flooded["past_node"] / flooded["past_wall"] > 2 * v["past_node"] / v["past_wall"]


@pytest.mark.parametrize("shunt", [0.0, 0.3, 0.9])
def test_endotoxin_released_is_endotoxin_cleared(closure, patient, shunt):
    """Portal is systemic plus release; the liver and plasma take away what the gut releases."""
    v, p = rested(closure, patient, host_shunt=shunt), patient.p | {"host_shunt": shunt}
    release = v["hexa_release"] + p["penta_assay"] * v["penta_release"]
    assert v["lps_portal"] == pytest.approx(v["lps_systemic"] + release)
    taken = p["lps_extraction"] * (1 - shunt) * p["portal_flow"] * v["lps_portal"]
    taken += p["lps_extraction"] * p["arterial_flow"] * v["lps_systemic"] + p["lps_clearance"] * v["lps_systemic"]
    assert taken == pytest.approx(p["portal_flow"] * release, rel=1e-9)


def test_small_bowel_carriers_fall_under_an_antibiotic_that_kills_them_and_come_back(closure, patient):
    e = closure.evaluator
    kill = {f"antibiotic_kill_luminal_{g}": 0.0 for g in closure.guilds} | {"upper_kill_luminal": 0.5}
    y = patient.y.copy()
    y[e.index["antibiotic_gut_luminal"]] = 1500.0
    treated = e.course(y, patient.p | kill, [0.0, 14.0], rtol=1e-6, hold=(*TUMOUR, "antibiotic_gut_luminal"))[-1]
    spared = e.course(
        y, patient.p | dict.fromkeys(kill, 0.0), [0.0, 14.0], rtol=1e-6, hold=(*TUMOUR, "antibiotic_gut_luminal")
    )[-1]
    i = e.index["upper"]
    assert treated[i] < 0.7 * patient.y[i]
    assert spared[i] == pytest.approx(patient.y[i], rel=1e-3)
    later = treated.copy()
    later[e.index["antibiotic_gut_luminal"]] = 0.0
    assert e.course(later, patient.p, [0.0, 60.0], rtol=1e-6, hold=TUMOUR)[-1][i] > 0.95 * patient.y[i]


def test_a_germ_free_gut_has_no_endotoxin(closure):
    every = closure.evaluator.every
    germ_free = closure.gut(dict(closure.evaluator.parameters), np.zeros(12))
    v = every(germ_free.y, germ_free.p)
    assert [v[name] for name in ("lps_portal", "past_wall", "lta_liver", "past_liver")] == pytest.approx([0.0] * 4)


def test_antagonism_at_tlr4_is_counted_once(closure, patient):
    """Under-acylated LPS moves its own gate, not the agonist; the blocker moves the agonist alone."""
    e = closure.evaluator
    y = patient.y.copy()
    y[e.index["res_bac"]] *= 2.0
    before, more = e.every(patient.y, patient.p), e.every(y, patient.p)
    assert more["hexa_unopposed"] == pytest.approx(before["hexa_unopposed"])
    assert more["tlr4_dose_ratio"] > 1.1 * before["tlr4_dose_ratio"]
    assert more["tlr4_agonist"] < before["tlr4_agonist"] / 1.1
    y = patient.y.copy()
    y[e.index["drug_tlr4"]] = 1e9
    blocked = e.every(y, patient.p)
    assert [blocked["hexa_unopposed"], blocked["tlr4_agonist"]] == pytest.approx([0.0, 0.0], abs=1e-5)
    assert blocked["tlr4_dose_ratio"] == pytest.approx(before["tlr4_dose_ratio"])
    assert GATES.at["under_acylated_antagonism", "sign"] == -1


def test_prostaglandin_needs_both_lipoteichoic_acid_and_dca(closure, patient):
    v = rested(closure, patient)
    no_dca = rested(closure, patient, carriage_bai=0.0)
    no_lta = rested(closure, patient, blocker_tlr2=1.0)
    assert no_lta["pge2_drive"] < 2e-3 * v["pge2_drive"]  # a block is a drug's pool now and leaves a thousandth
    assert no_dca["pge2_drive"] < 0.1 * v["pge2_drive"]
    assert rested(closure, patient, host_barrier=0.4)["pge2_drive"] < 2 * v["pge2_drive"]  # sub-linear


def test_the_acute_answer_fades_while_the_chronic_one_builds_up(closure, patient):
    e = closure.evaluator
    p = patient.p | {"agonist_tlr5": 1.0}
    y = e.course(patient.y, p, [0.0, 0.1, 90.0], rtol=1e-6, hold=TUMOUR)[1:]
    first, last = (e.every(z, p) for z in y)
    assert last["tlr5_acute"] < 0.5 * first["tlr5_acute"]
    assert last["tlr5_chronic"] > 5 * first["tlr5_chronic"]
    p = patient.p | {"residual_lps": 5.0}
    first, last = (e.every(z, p) for z in e.course(patient.y, p, [0.0, 0.1, 40.0], rtol=1e-6, hold=TUMOUR)[1:])
    assert last["lps_node"] < 0.95 * first["lps_node"]
    assert last["tlr4_signal"] == pytest.approx(first["tlr4_signal"], rel=0.1)
