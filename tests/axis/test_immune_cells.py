"""Dendritic cells, helpers, NK, macrophages, gut-born Treg, B cells, vessels, antigens: each state by what it does."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hepaxis.axis import build

GATES = build().gates
CARRIED = GATES.index[GATES["carrier"].isin(["dc", "cross_reactive", "permissive", "tr17", "th17", "m2", "nk"])]
RELATIVE = ("dc", "th1", "th17", "nk", "tls", "permissive", "tr17", "m2", "cross_reactive")
GUT_AND_TUMOUR = ("tumour_volume", "loss_logit")
DRUGS = {"pd1": ("pd1_central", 500.0), "ctla4": ("ctla4_central", 500.0), "vegf": ("vegf_central", 800.0)}


def quiet(p, **changes):
    """Parameters with every gate off."""
    return p | {f"g_{gate}": 0.0 for gate in GATES.index} | changes


def rate(closure, patient, state, factor=1.0, of=None, given=None, **changes):
    """Rate of a state when another (``of``) is multiplied or drugs are in their pools, gates off."""
    e, y = closure.evaluator, patient.y.copy()
    for name, amount in (given or {}).items():
        y[e.index[name]] = amount
    if of is not None:
        y[e.index[of]] *= factor
    return e.rates(y, quiet(patient.p, **changes))[e.index[state]]


def held_drug(closure, patient, slot, days, **changes):
    """Variables after some days at full blockade, tumour and drug held."""
    e, y = closure.evaluator, patient.y.copy()
    name, level = DRUGS[slot]
    y[e.index[name]] = level
    p = quiet(patient.p, **changes)
    return e.every(e.course(y, p, [0.0, days], rtol=1e-6, hold=(*GUT_AND_TUMOUR, name))[-1], p)


def test_relative_cells_stand_at_one_in_the_median_patient(closure, patient):
    every = closure.evaluator.every(patient.y, patient.p)
    assert {name: every[name] for name in RELATIVE} == pytest.approx(dict.fromkeys(RELATIVE, 1.0), abs=0.01)
    assert every["antigen"] == pytest.approx(patient.p["antigen_typical"], rel=0.01)
    assert every["ifn"] == pytest.approx(patient.p["ifn_typical"], rel=0.01)
    assert every["mdsc"] == pytest.approx(patient.p["mdsc_typical"], rel=0.01)


@pytest.mark.parametrize("gate", CARRIED)
def test_a_carrier_hands_its_gate_on_after_a_delay_and_once(closure, patient, gate):
    """The port moves at once, the carrier over days, and the part that no cell carries not at all."""
    e = closure.evaluator
    carrier, port = GATES.at[gate, "carrier"], GATES.at[gate, "port"]
    p = quiet(patient.p, tau=1.0, **{f"g_{gate}": 0.5, f"ref_{gate}": 1e-9})
    hold = tuple(name for name in e.states if name != carrier)
    start, soon, late = e.course(patient.y, p, [0.0, 2.0, 600.0], rtol=1e-8, hold=hold)
    every = e.every(start, p)
    expected = math.sqrt(5) ** GATES.at[gate, "sign"]
    assert every[f"port_{port}"] == pytest.approx(expected, rel=1e-3)
    assert every[f"direct_{port}"] == 1.0
    value = [z[e.index[carrier]] for z in (start, soon, late)]
    assert value[2] / value[0] == pytest.approx(expected, rel=0.1)  # loops of other cells are held
    assert 0.01 < math.log(value[1] / value[0]) / math.log(value[2] / value[0]) < 0.6


@pytest.mark.parametrize(
    ("state", "variable", "direction"),
    [
        ("dc", "priming", 1),
        ("dc", "il12", 1),
        ("cross_reactive", "priming", 1),
        ("antigen_pool", "antigen", 1),
        ("antigen_pool", "priming", 1),
        ("th1", "priming", 1),
        ("th1", "help", 1),
        ("th1", "ifn", 1),
        ("th1", "dc_recruited", 1),
        ("th17", "il17a", 1),
        ("th17", "mdsc_il17", 1),
        ("tr17", "il17a", 1),
        ("nk", "kill_nkt", 1),
        ("nk", "dc_recruited", 1),
        ("m2", "suppression", 1),
        ("m2", "il12", -1),
        ("m2", "kill_cd8", -1),
        ("tls", "tls_support", 1),
        ("permissive", "arrival", 1),
    ],
)
def test_a_cell_acts_in_its_direction(closure, patient, state, variable, direction):
    e, more = closure.evaluator, patient.y.copy()
    more[e.index[state]] *= 2
    p = quiet(patient.p)
    assert direction * math.log(e.every(more, p)[variable] / e.every(patient.y, p)[variable]) > 0.02


@pytest.mark.parametrize(
    ("driver", "state", "direction"),
    [
        ("dc", "th1", 1),
        ("antigen_pool", "th1", 1),
        ("th1", "th17", -1),
        ("th1", "tls", 1),
        ("th1", "dc", 1),
        ("dc", "nk", 1),
        ("nk", "dc", 1),
        ("th17", "mdsc", 1),
        ("tr17", "treg", 1),
        ("mdsc", "m2", 1),
        ("effectors", "m2", -1),
        ("m2", "permissive", -1),
        ("tls", "tpex", 1),
    ],
)
def test_a_cell_drives_another(closure, patient, driver, state, direction):
    assert direction * rate(closure, patient, state, 2.0, of=driver) > 1e-5


def test_anti_vegf_opens_vessels_and_brings_dendritic_cells_over_weeks(closure, patient):
    early, late = (held_drug(closure, patient, "vegf", days) for days in (2.0, 60.0))
    assert 1.02 < early["permissive"] < 0.7 * late["permissive"] + 0.3
    assert late["permissive"] > 1.25
    assert late["dc"] > 1.1


def test_anti_ctla4_raises_helpers(closure, patient):
    with_it, without = (held_drug(closure, patient, "ctla4", 42.0, **c)["th1"] for c in ({}, {"th1_ctla4": 0.0}))
    assert with_it > 1.3 * without


def test_steroids_lower_helpers_and_b_cells(closure, patient):
    full = {"drug_steroid": 75.0 * 42.3 / 180.0}  # mg in the body on 75 mg a day
    assert rate(closure, patient, "th1", given=full) < 0
    assert rate(closure, patient, "tls", given=full) < 0


def test_a_burst_of_antigen_primes_for_days_after_it(closure, patient):
    """Released antigen is drained in full: its time integral is the release over the rate."""
    e, p = closure.evaluator, quiet(patient.p)
    hold = tuple(name for name in e.states if name != "antigen_pool")
    burst = e.course(patient.y, p | {"antigen_release": 20.0}, [0.0, 1.0], hold=hold)[-1]
    rest, now = e.every(patient.y, p), e.every(burst, p)
    assert now["antigen"] > 2 * rest["antigen"]
    times = np.linspace(0.0, 60.0, 601).tolist()
    pool = np.array([z[e.index["antigen_pool"]] for z in e.course(burst, p, times, hold=hold)])
    extra = np.trapezoid(pool - rest["antigen_pool"], times) * p["antigen_drain"]
    assert extra == pytest.approx(burst[e.index["antigen_pool"]] - rest["antigen_pool"], rel=1e-3)
    assert e.every(e.course(burst, p, [0.0, 3.0], hold=hold)[-1], p)["antigen"] > 1.3 * rest["antigen"]


def test_mimics_raise_their_clones_whether_or_not_these_help(closure, patient):
    """Epitope-specific CD8 rise with the carriers; at a gate of mean 0 the tumour response does not move."""
    e = closure.evaluator
    more = patient.y.copy()
    more[e.index["res_ecs"]] *= 30
    gut = tuple(name for name in e.states if name.startswith(("res_", "don_", "memory_")))
    late = e.every(e.course(more, patient.p, [0.0, 90.0], rtol=1e-6, hold=(*gut, *GUT_AND_TUMOUR))[-1], patient.p)
    assert late["mimic_clones"] > 1.05 * e.every(patient.y, patient.p)["mimic_clones"]
    assert late["cross_reactive"] == pytest.approx(1.0, abs=1e-6)
    p = patient.p | {"g_mimic_precursors": 1.0}
    helped = e.every(e.course(more, p, [0.0, 90.0], rtol=1e-6, hold=(*gut, *GUT_AND_TUMOUR))[-1], p)
    assert helped["cross_reactive"] > 1.005


def test_a_block_of_il17_undoes_gut_born_treg_and_calls_fewer_suppressor_cells(closure, patient):
    e = closure.evaluator
    more = patient.y.copy()
    more[e.index["tr17"]] *= 3
    p = quiet(patient.p)
    given = more.copy()
    given[e.index["drug_il17"]] = 1e9
    free, blocked = e.every(more, p), e.every(given, p)
    assert (free["tr17_acting"], blocked["tr17_acting"]) == (pytest.approx(3.0), pytest.approx(1.0))
    assert blocked["mdsc_il17"] < 0.7 * free["mdsc_il17"]
    assert blocked["il17a"] == pytest.approx(0.0, abs=1e-5)


ICI = [(28.0 * k, "pd1_central", 1500.0) for k in range(6)]


def shrinkage(closure, patient, days=112.0):
    """ln of the volume against no drug."""
    e = closure.evaluator
    ends = [e.course(patient.y, patient.p, [0.0, days], doses, rtol=1e-6)[-1] for doses in ((), ICI)]
    return math.log(ends[0][e.index["tumour_volume"]] / ends[1][e.index["tumour_volume"]])


@pytest.fixture(scope="module")
def genotypes(closure):
    """Drug effect by genotype, with the reference gut and with one whose every helpful gate stands at its best."""
    best = {
        f"ref_{gate}": 1e-9 if row["sign"] > 0 else 1e9 for gate, row in GATES.iterrows() if row["port"] == "priming"
    }
    found = {}
    for name in ("wild", "host_ctnnb1", "host_b2m", "host_jak"):
        p = closure.evaluator.parameters | {"host_infiltration": 1.5} | ({} if name == "wild" else {name: 1.0})
        for gut, changes in (("reference", {}), ("best", {"tau": 1.0} | best)):
            closed = closure.host(closure.gut(p | closure.references(p) | changes, SHARE))
            assert closed.closed
            found[name, gut] = shrinkage(closure, closed)
    return found


SHARE = build().guilds["reference_share"].to_numpy()


@pytest.mark.parametrize("gene", ["host_ctnnb1", "host_b2m", "host_jak"])
def test_a_genotype_lowers_what_anti_pd1_does(genotypes, gene):
    assert genotypes[gene, "reference"] < 0.8 * genotypes["wild", "reference"]


def test_without_b2m_no_gut_makes_anti_pd1_work(genotypes):
    """The best gut helps the wild type and cannot help where CD8 see nothing."""
    gain = {name: genotypes[name, "best"] - genotypes[name, "reference"] for name in ("wild", "host_b2m", "host_jak")}
    assert gain["wild"] > 0.1
    assert abs(gain["host_b2m"]) < 0.1 * gain["wild"]
    assert gain["host_jak"] < 0.8 * gain["wild"]
    assert genotypes["host_b2m", "best"] < 0.1 * genotypes["wild", "reference"]


def test_nk_still_kill_without_b2m(closure, patient):
    every = closure.evaluator.every(patient.y, patient.p | {"host_b2m": 1.0})
    assert every["kill_cd8"] == 0
    assert every["kill_sensitive"] == every["kill_nkt"] > 0


def test_without_jak_interferon_does_not_raise_pdl1(closure, patient):
    e = closure.evaluator
    more = patient.y.copy()
    more[e.index["effectors"]] *= 3
    drives = [
        [e.every(y, patient.p | {"host_jak": lost})["pdl1_drive"] for y in (patient.y, more)] for lost in (0.0, 1.0)
    ]
    assert drives[0][1] > 1.1 * drives[0][0]
    assert drives[1][1] == pytest.approx(drives[1][0])


def test_steatohepatitis_exhausts_and_weakens_anti_pd1(closure):
    """A property of the host: the gates' references are those of the same host, so they are not what acts."""
    drawn = [closure.close(host_infiltration=1.5, tau=0.0, host_steatohepatitis=value) for value in (0.0, 1.0)]
    every = [closure.evaluator.every(z.y, z.p) for z in drawn]
    assert every[1]["exhausting"] > 1.1 * every[0]["exhausting"]
    assert shrinkage(closure, drawn[1]) < 0.97 * shrinkage(closure, drawn[0])


def test_steatohepatitis_raises_th17_and_through_il17_part_of_the_suppressor_cells(closure, patient):
    rise = patient.p["th17_steatohepatitis"]
    assert rate(closure, patient, "th17", host_steatohepatitis=1.0) == pytest.approx(
        patient.p["th17_turnover"] * rise, rel=1e-2
    )
    e, y = closure.evaluator, patient.y.copy()
    y[e.index["th17"]] *= 1 + rise
    called = e.every(y, quiet(patient.p, host_steatohepatitis=1.0))["mdsc_il17"]
    assert called == pytest.approx(1 + patient.p["il17_pull"] * rise, rel=1e-3)


@pytest.mark.parametrize("suppressor", ["treg", "mdsc", "m2"])
def test_suppressor_cells_hold_back_division_of_cd8(closure, patient, suppressor):
    e = closure.evaluator
    at_rest = e.every(patient.y, quiet(patient.p))["restraint"]
    assert at_rest == pytest.approx(1.0, rel=1e-3)  # the error to which refresh_reference sets what is typical
    more = rate(closure, patient, "effectors", 2.0, suppressor)
    assert more < rate(closure, patient, "effectors") - 1e-3
    assert rate(closure, patient, "effectors", 2.0, suppressor, division_restraint=0.0) == pytest.approx(
        rate(closure, patient, "effectors", division_restraint=0.0), abs=1e-9
    )


def test_colonic_treg_need_bile_acids_and_madcam(closure, patient):
    """Fewer without microbial bile acids, and fewer again where they leave; those that left are in the tumour."""
    assert rate(closure, patient, "colonic_treg", 1.0) == pytest.approx(0, abs=1e-8)
    assert rate(closure, patient, "colonic_treg", 0.2, of="col_dca") < -0.01
    assert rate(closure, patient, "colonic_treg", 4.0, of="res_opp") < -0.01
    assert rate(closure, patient, "colonic_treg", 4.0, of="res_opp", treg_leaving=0.0) > -1e-3
    assert closure.evaluator.every(patient.y, patient.p)["colonic_treg"] == pytest.approx(1.0, abs=0.02)


def test_each_other_checkpoint_rises_slowly_under_anti_pd1_and_its_block_helps(closure, patient):
    e = closure.evaluator
    drugged = patient.y.copy()
    drugged[e.index["pd1_central"]] = 500.0
    at_rest, treated = e.rates(patient.y, patient.p), e.rates(drugged, patient.p)
    every = e.every(drugged, patient.p)
    for name in ("lag3", "tim3", "tigit"):
        i = e.index[name]
        assert at_rest[i] == pytest.approx(0, abs=1e-9)
        assert treated[i] > 1e-4
        both = drugged.copy()
        both[e.index["coinhibitory_central"]] = 1e9
        alone = {f"coinhibitory_{one}": float(one == name) for one in ("lag3", "tim3", "tigit")}
        blocked = e.every(both, patient.p | alone)
        assert blocked["compensation"] == pytest.approx(every["compensation"] * 2 / 3, rel=1e-5)
        assert blocked["kill_cd8"] > 1.01 * every["kill_cd8"]


def test_a_host_setting_moves_its_own_checkpoint_only(closure, patient):
    more = closure.close(host_tim3=2.0)
    before, after = (closure.evaluator.every(z.y, z.p) for z in (patient, more))
    assert after["tim3"] == pytest.approx(2 * before["tim3"])
    assert (after["lag3"], after["tigit"]) == pytest.approx((before["lag3"], before["tigit"]))


def test_pdl1_follows_interferon_within_days(closure, patient):
    e = closure.evaluator
    more = patient.y.copy()
    more[e.index["effectors"]] *= 4
    hold = tuple(name for name in e.states if name != "pdl1")
    p = quiet(patient.p)
    first, day, week = (z[e.index["pdl1"]] for z in e.course(more, p, [0.0, 1.0, 10.0], hold=hold))
    assert first < day < week
    assert week == pytest.approx(e.every(more, p)["pdl1_drive"], rel=1e-2)
