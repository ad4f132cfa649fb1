"""Community, short-chain fatty acids, bile acids, tryptophan and barrier: balances, limits, rest and return."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hepaxis.axis import build

TUMOUR = ("tumour_volume", "loss_logit")
ACIDS = ("acetate", "propionate", "butyrate")
POOLS = ("lactate_colon", "succinate_colon", "acetate_colon", "propionate_colon")
STATES = len(build().states)


def after(closure, patient, days, doses=(), hold=TUMOUR, start=None, **changes):
    """Variables after ``days`` with parameters changed and states set (``start``)."""
    e = closure.evaluator
    y = patient.y.copy()
    for name, value in (start or {}).items():
        y[e.index[name]] = value
    p = patient.p | changes
    times = [0.0, *([days] if isinstance(days, float) else days)]
    states = e.course(y, p, times, doses, rtol=1e-6, hold=hold)[1:]
    every = [e.every(z, p) for z in states]
    return every[0] if isinstance(days, float) else every


def now(closure, patient, **changes):
    e = closure.evaluator
    y, p = patient.y.copy(), patient.p | changes
    y, ok = e.rest(y, p, closure.solve["metabolites"])
    assert ok
    return e.every(y, p)


def test_shipped_initial_values_are_at_rest_with_the_tumour_frozen(closure):
    e = closure.evaluator
    rates = e.rates(closure.y0, e.parameters)
    moving = np.abs(rates) > 1e-6 * (np.abs(closure.y0) + 1e-3)
    assert {name for name in e.states if moving[e.index[name]]} <= set(TUMOUR)


@pytest.mark.parametrize("share", ["reference", "sparse"])
def test_nothing_drifts_in_a_year_at_rest(closure, patient, share):
    """Gut and host with the tumour frozen; every feedback is 1 at rest."""
    if share == "sparse":
        shares = closure.model.guilds["reference_share"].to_numpy() * np.array([1, 0, 0, 1, 3, 0, 0, 1, 1, 2, 0, 1.0])
        patient = closure.close(shares / shares.sum(), residual_butyrate=0.4, host_shunt=0.5)
        assert patient.closed
    e = closure.evaluator
    end = e.course(patient.y, patient.p, [0.0, 365.0], rtol=1e-8, hold=TUMOUR)[-1]
    assert np.max(np.abs(end - patient.y) / (np.abs(patient.y) + 1e-3)) < 1e-6
    every = e.every(patient.y, patient.p)
    assert [every[f"feedback_{g}"] for g in closure.guilds] == pytest.approx([1.0] * 12, abs=1e-9)


def test_the_gut_returns_within_weeks_after_every_guild_is_halved(closure, patient):
    halved = {f"res_{g}": patient.y[closure.evaluator.index[f"res_{g}"]] / 2 for g in closure.guilds}
    end = after(closure, patient, 28.0, start=halved)
    rest = closure.evaluator.every(patient.y, patient.p)
    for g in closure.guilds:
        assert end[f"res_{g}"] == pytest.approx(rest[f"res_{g}"], rel=0.02)


def test_a_trace_competitor_weighs_less_than_a_dominant_one(closure, patient):
    """Weighted by niche, not by occupancy: removing traces of bifidobacteria hardly touches the butyrate producers."""
    e = closure.evaluator
    trace = e.every(patient.y, patient.p)["press_but"]
    without = patient.y.copy()
    without[e.index["res_bif"]] = 0.0
    assert abs(e.every(without, patient.p)["press_but"] - trace) < 0.01


@pytest.mark.parametrize("guild", list(build().guilds.index))
def test_an_antibiotic_kills_by_its_vector_and_a_refuge_survives(closure, patient, guild):
    vector = {f"antibiotic_kill_luminal_{g}": 4.0 if g == guild else 0.0 for g in closure.guilds}
    hold = (*TUMOUR, "antibiotic_gut_luminal")
    end = after(closure, patient, 10.0, hold=hold, start={"antibiotic_gut_luminal": 1500.0}, **vector)
    start = closure.evaluator.every(patient.y, patient.p)
    assert 1e-9 < end[f"res_{guild}"] < 0.02 * start[f"res_{guild}"]
    spared = [g for g in closure.guilds if g != guild]
    assert all(end[f"res_{g}"] > 0.7 * start[f"res_{g}"] for g in spared)


def test_without_killing_rates_an_antibiotic_does_nothing(closure, patient):
    vector = {f"antibiotic_kill_luminal_{g}": 0.0 for g in closure.guilds}
    end = after(
        closure,
        patient,
        10.0,
        hold=(*TUMOUR, "antibiotic_gut_luminal"),
        start={"antibiotic_gut_luminal": 1500.0},
        **vector,
    )
    assert end["biomass"] == pytest.approx(1.0, abs=1e-6)


def test_narrow_depletion_takes_its_guild_only(closure, patient):
    start = closure.evaluator.every(patient.y, patient.p)
    end = after(closure, patient, 14.0, deplete_opp=2.0)
    assert end["res_opp"] < 0.05 * start["res_opp"]
    assert end["res_but"] == pytest.approx(start["res_but"], rel=0.05)


def test_an_absorbed_antibiotic_reaches_blood_and_leaves_the_lumen_sooner(closure, patient):
    dose = [(0.0, "antibiotic_gut_luminal", 500.0)]
    oral = after(closure, patient, 1.0, dose)
    absorbed = after(closure, patient, 1.0, dose, antibiotic_absorbed_luminal=0.9)
    assert absorbed["antibiotic_gut_luminal"] < 0.1 * oral["antibiotic_gut_luminal"]
    assert absorbed["antibiotic_blood_luminal"] > 10 * oral["antibiotic_blood_luminal"]


def test_an_infused_drug_reaches_the_lumen_by_its_excreted_share(closure, patient):
    """What is infused leaves by kidney, lumen or beta-lactamase; nothing else (trapezoid over six days)."""
    e = closure.evaluator
    p = patient.p | {"antibiotic_excreted_systemic": 0.4, "antibiotic_inactivation_systemic": 20.0}
    p |= {f"antibiotic_kill_systemic_{g}": 0.0 for g in closure.guilds}
    times = list(np.linspace(0, 6, 601))
    states = e.course(patient.y, p, times, [(0.0, "antibiotic_blood_systemic", 1000.0)], rtol=1e-8, hold=TUMOUR)
    gut, blood = (np.array([y[e.index[f"antibiotic_{where}_systemic"]] for y in states]) for where in ("gut", "blood"))
    blood[0] = 1000.0
    lactamase = e.every(patient.y, p)["beta_lactamase"]
    kidney = (1 - 0.4) * p["antibiotic_elimination"] * blood
    lumen = (p["colon_transit"] + e.every(patient.y, p)["antibiotic_uptake_systemic"] + 20.0 * lactamase) * gut
    assert np.trapezoid(kidney + lumen, times) == pytest.approx(1000.0, rel=0.01)
    assert gut.max() > 20
    shielded = after(closure, patient, 7.0, [(0.0, "antibiotic_blood_systemic", 1000.0)])
    split = after(
        closure, patient, 7.0, [(0.0, "antibiotic_blood_systemic", 1000.0)], antibiotic_inactivation_systemic=1000.0
    )
    assert shielded["share_but"] < 0.9 * split["share_but"]


def test_two_drugs_kill_beside_each_other(closure, patient):
    hold = (*TUMOUR, "antibiotic_gut_luminal", "antibiotic_gut_systemic")
    both = {"antibiotic_gut_luminal": 500.0, "antibiotic_gut_systemic": 500.0}
    ent = {f"antibiotic_kill_systemic_{g}": 3.0 if g == "ent" else 0.0 for g in closure.guilds}
    end = after(closure, patient, 5.0, hold=hold, start=both, **ent)
    one = after(closure, patient, 5.0, hold=hold, start={"antibiotic_gut_luminal": 500.0}, **ent)
    assert end["share_ent"] < 0.1 * one["share_ent"]
    assert end["share_but"] == pytest.approx(one["share_but"], rel=0.1)


def test_clearing_the_small_bowel_lowers_endotoxin_and_oral_influx(closure, patient):
    """Rifaximin's kind: hardly a colonic killer.  Nothing moves without that rate."""
    hold = (*TUMOUR, "antibiotic_gut_luminal")
    no_kill = {f"antibiotic_kill_luminal_{g}": 0.0 for g in closure.guilds}
    rest = closure.evaluator.every(patient.y, patient.p)
    for rate, moved in ((1.22, True), (0.0, False)):
        start = {"antibiotic_gut_luminal": 1000.0}
        end = after(closure, patient, 28.0, hold=hold, start=start, upper_kill_luminal=rate, **no_kill)
        for name in ("hexa_portal", "share_ora"):
            assert (end[name] < 0.9 * rest[name]) == moved, name
            assert moved or end[name] == pytest.approx(rest[name], rel=1e-3)


def test_oral_vancomycin_empties_the_gut_for_weeks_and_niche_memory_makes_it_so(closure, patient):
    """Butyrate producers: gone at the end, short for weeks, whole after half a year; back sooner without memory."""
    hold = (*TUMOUR, "antibiotic_gut_luminal")
    no_memory = {f"memory_loss_{g}": 0.0 for g in closure.guilds}
    shares = {}
    for name, changes in (("memory", {}), ("none", no_memory)):
        e = closure.evaluator
        y, p = patient.y.copy(), patient.p | changes
        y[e.index["antibiotic_gut_luminal"]] = 1500.0
        y = e.course(y, p, [0.0, 10.0], rtol=1e-6, hold=hold)[-1]
        ended = e.every(y, p)
        later = e.course(y, p, [0.0, 21.0, 56.0, 180.0], rtol=1e-6, hold=TUMOUR)[1:]
        shares[name] = [ended["share_but"], *(e.every(z, p)["share_but"] for z in later)]
        assert ended["dca_fraction"] < 0.3
    start = closure.evaluator.every(patient.y, patient.p)["share_but"]
    with_memory, without = (np.array(shares[k]) / start for k in ("memory", "none"))
    assert with_memory[0] < 0.02
    assert with_memory[1] < 0.7 * without[1]
    assert with_memory[2] < 0.9
    assert with_memory[3] > 0.95
    assert without[2] > 0.97


def test_an_empty_guild_stays_empty_through_months_of_antibiotic(closure, patient):
    """A rounding error below zero must not grow: killing lets the other population of the guild grow from nothing."""
    end = after(
        closure, patient, 180.0, hold=(*TUMOUR, "antibiotic_gut_luminal"), start={"antibiotic_gut_luminal": 1500.0}
    )
    assert [end[f"don_{g}"] for g in closure.guilds] == pytest.approx([0.0] * 12, abs=1e-9)
    e = closure.evaluator
    nearly = patient.y.copy()
    nearly[e.index["don_but"]], nearly[e.index["res_but"]] = -1e-9, 0.0
    assert e.rates(nearly, patient.p)[e.index["don_but"]] > 0


def test_donor_strains_engraft_where_they_meet_no_hold_and_wash_out_where_there_is_no_niche(closure):
    e = closure.evaluator
    shares = closure.model.guilds["reference_share"].to_numpy().copy()
    shares[closure.guilds.index("bif")] = 0.0
    shares /= shares.sum()
    feed = {"donor_feed_bif": 0.002, "donor_feed_but": 0.02, "donor_feed_bac": 0.02}
    share = {}
    for is_open in (0.0, 1.0):
        gut = closure.close(shares, open_niche=0.01, is_open=is_open)
        p = gut.p | {"phi_but": 0.8, "phi_bac": 1.2}
        y = e.course(gut.y, p | feed, [0.0, 3.0], rtol=1e-6, hold=TUMOUR)[-1]
        end = e.every(e.course(y, p, [0.0, 120.0], rtol=1e-6, hold=TUMOUR)[-1], p)
        share[is_open] = end["share_bif"]
        assert end["don_but"] > 0.2  # residents press it less than it presses itself
        assert end["don_bac"] < 0.01  # residents hold their niche
    assert share[1.0] > 0.008
    assert share[0.0] < 0.0003


def test_given_cells_count_while_they_are_given_though_the_niche_is_full(closure, patient):
    """A mouse's daily gavage is in the lumen while it lasts, and neither stays nor presses anybody."""
    rest = closure.evaluator.every(patient.y, patient.p)
    given = after(closure, patient, 14.0, donor_feed_lac=0.01)
    assert given["passing_lac"] == pytest.approx(0.01 / (0.83 + 0.83), rel=0.01)
    assert given["share_lac"] > rest["share_lac"] + 0.9 * given["passing_lac"]
    assert given["share_but"] == pytest.approx(rest["share_but"], rel=0.02)
    human = after(closure, patient, 14.0, donor_feed_lac=0.00025)["share_lac"]  # 1e10 cells into 4e13
    assert human - rest["share_lac"] < 0.001
    e = closure.evaluator
    y = e.course(patient.y, patient.p | {"donor_feed_lac": 0.01}, [0.0, 14.0], hold=TUMOUR)[-1]
    week = e.every(e.course(y, patient.p, [0.0, 7.0], hold=TUMOUR)[-1], patient.p)
    assert week["passing_lac"] < 1e-4 * given["passing_lac"]
    killed = after(closure, patient, 14.0, donor_feed_lac=0.01, deplete_lac=5.0)
    assert killed["passing_lac"] < 0.3 * given["passing_lac"]


def test_given_cells_settle_only_by_settling(closure, patient):
    assert after(closure, patient, 14.0, donor_feed_but=0.02)["don_but"] > 0.01
    assert after(closure, patient, 14.0, donor_feed_but=0.02, settling=0.0)["don_but"] == pytest.approx(0, abs=1e-9)


def test_ppi_feeds_oral_taxa_only_when_it_changes(closure, patient):
    start = closure.evaluator.every(patient.y, patient.p)
    assert after(closure, patient, 60.0, ppi=1.0)["share_ora"] > 1.1 * start["share_ora"]
    habitual = closure.close(ppi=1.0)
    assert closure.evaluator.every(habitual.y, habitual.p)["feedback_ora"] == pytest.approx(1, abs=1e-9)


def test_inflammation_feeds_enterobacteriaceae_and_bile_restrains_bacteroidales(closure, patient):
    start = closure.evaluator.every(patient.y, patient.p)
    inflamed = after(closure, patient, 40.0, inflammation_base=2.0)
    assert inflamed["share_ent"] > 1.02 * start["share_ent"]
    bile = after(closure, patient, 40.0, feed_ca=6.0)
    assert bile["share_bac"] < 0.99 * start["share_bac"]


def test_a_germ_free_gut_makes_nothing(closure):
    germ_free = closure.gut(dict(closure.evaluator.parameters), np.zeros(12))
    every = closure.evaluator.every(germ_free.y, germ_free.p)
    assert germ_free.closed
    zero = (
        "biomass",
        "hexose",
        "made_acetate",
        "made_propionate",
        "made_butyrate",
        "col_dca",
        "col_lca",
        "indole",
        "ipa",
    )
    assert [every[name] for name in zero] == pytest.approx([0.0] * len(zero), abs=1e-6)
    assert every["ba_pool"] > 1
    assert every["primary_free"] < every["primary_conjugated"]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_fermentation_makes_no_carbon(closure, data):
    """Six carbons a hexose bound the primary products; what is taken from the pools bounds what is made of it."""
    e = closure.evaluator
    shares = np.array(data.draw(st.lists(st.floats(0, 1), min_size=12, max_size=12)))
    p = e.parameters | {f"residual_{a}": data.draw(st.floats(0.05, 20)) for a in ACIDS}
    p |= {"diet_inulin": data.draw(st.floats(0, 100))}
    y = closure.y0.copy()
    for k, g in enumerate(closure.guilds):
        y[e.index[f"res_{g}"]] = shares[k] / p[f"niche_{g}"]
    for pool in POOLS:
        y[e.index[pool]] = data.draw(st.floats(0, 100))
    v = e.every(y, p)
    primary = 2 * v["primary_acetate"] + 3 * (v["primary_propionate"] + v["primary_lactate"])
    primary += 4 * (v["primary_butyrate"] + v["primary_succinate"]) + v["primary_formate"]
    assert primary <= 6 * v["hexose"] * 1.05 + 1e-6  # cultures balance to 5%
    made = 2 * v["entering_acetate"] + 3 * v["entering_propionate"] + 4 * v["made_butyrate"]
    assert made == pytest.approx(v["carbon"], rel=1e-6, abs=1e-5)
    assert min(v["entering_acetate"], v["entering_propionate"], v["made_butyrate"], v["made_pentanoate"]) >= 0
    net = 2 * v["made_acetate"] + 3 * v["made_propionate"] + 4 * v["made_butyrate"] + 5 * v["made_pentanoate"]
    taken = 3 * (v["lactate_butyrate"] + v["lactate_propionate"]) + 4 * v["succinate_propionate"]
    assert net <= primary + taken + 6 * v["inulin_used"] - 3 * v["primary_lactate"] - 4 * v["primary_succinate"] + 1e-5


def test_at_rest_the_carbon_of_the_products_leaves_as_acids_or_gas(closure, patient):
    p = patient.p
    v = closure.evaluator.every(patient.y, p)
    arrives = p["diet_carbohydrate"] + p["mucin_secreted"]
    passed = p["colon_transit"] * (v["carbohydrate_colon"] + v["mucin_colon"])
    assert v["hexose"] + passed == pytest.approx(arrives, rel=1e-7)
    out = (p["scfa_uptake"] + p["scfa_washout"]) * (
        2 * v["acetate_colon"] + 3 * v["propionate_colon"] + 4 * v["butyrate_colon"] + 5 * v["pentanoate_colon"]
    )
    out += 3 * (p["lactate_uptake"] + p["colon_transit"]) * v["lactate_colon"]
    out += 4 * (p["succinate_uptake"] + p["colon_transit"]) * v["succinate_colon"]
    gas = v["lactate_butyrate"] + v["lactate_propionate"] / 3 + v["succinate_propionate"]
    gas += v["primary_formate"] - v["formate_acetate"] / 2
    primary = 2 * v["primary_acetate"] + 3 * (v["primary_propionate"] + v["primary_lactate"])
    primary += 4 * (v["primary_butyrate"] + v["primary_succinate"]) + v["primary_formate"]
    assert out + gas == pytest.approx(primary, rel=1e-6)
    assert primary <= 6 * v["hexose"] * 1.05


def test_at_rest_what_is_made_is_taken_up_or_lost(closure, patient):
    v = closure.evaluator.every(patient.y, patient.p)
    for acid in ACIDS:
        gone = (v_p := patient.p)["scfa_uptake"] * v[f"{acid}_colon"] + v_p["scfa_washout"] * v[f"{acid}_colon"]
        assert gone == pytest.approx(v[f"made_{acid}"], rel=1e-7)


def test_what_the_gut_and_tissues_give_is_burnt_or_taken_by_the_liver(closure, patient):
    """Portal inflow splits into liver, hepatic vein and shunt; nothing is lost between them."""
    p = patient.p
    v = closure.evaluator.every(patient.y, p)
    for acid in ACIDS:
        income = v[f"release_{acid}"] + p[f"endogenous_{acid}"]
        burnt = p[f"clearance_{acid}"] * v[f"{acid}_systemic"]
        assert burnt + v[f"liver_uptake_{acid}"] == pytest.approx(income, rel=1e-9)
        leaves = v["liver_flow"] * v[f"{acid}_hepatic_vein"] + v[f"liver_uptake_{acid}"]
        assert leaves == pytest.approx(v[f"liver_inflow_{acid}"], rel=1e-9)


def test_substrates_feed_other_guilds_out_of_their_pools(closure, patient):
    """Each step falls silent when its user, its pool or its partner is taken away."""
    e = closure.evaluator
    rest = e.every(patient.y, patient.p)
    lost = {
        ("res_but", "lactate_butyrate"),
        ("res_but", "acetate_butyrate"),
        ("lactate_colon", "lactate_butyrate"),
        ("lactate_colon", "lactate_propionate"),
        ("acetate_colon", "lactate_butyrate"),
        ("acetate_colon", "made_pentanoate"),
        ("propionate_colon", "made_pentanoate"),
        ("res_oth", "made_pentanoate"),
        ("succinate_colon", "succinate_propionate"),
        ("mucin_colon", "mucin_fermented"),
        ("carbohydrate_colon", "carbohydrate_fermented"),
    }
    for name, flow in lost:
        y = patient.y.copy()
        y[e.index[name]] = 0.0
        assert rest[flow] > 0.1, flow
        assert e.every(y, patient.p)[flow] == pytest.approx(0.0, abs=1e-9), (name, flow)


def test_lactate_piles_up_without_its_users(closure, patient):
    without = now(closure, patient, lactate_to_butyrate_but=0.0, lactate_to_propionate_oth=0.0)
    assert without["lactate_colon"] > 2 * now(closure, patient)["lactate_colon"]


def test_acetate_given_to_the_colon_becomes_butyrate_in_part(closure, patient):
    """24% in people (10.1113/JP272613, exchange included); none where nothing takes acetate."""
    before, given = now(closure, patient), now(closure, patient, feed_acetate=50.0)
    share = 2 * (given["made_butyrate"] - before["made_butyrate"]) / 50
    assert 0.02 < share < 0.24
    off = {"acetate_rate": 0.0, "lactate_to_butyrate_but": 0.0}
    assert now(closure, patient, feed_acetate=50.0, **off)["made_butyrate"] == pytest.approx(
        now(closure, patient, **off)["made_butyrate"], rel=1e-6
    )


def test_habitual_diet_gives_the_measured_physiology(closure):
    """Healthy host, reference community; ranges of 10.5281/zenodo.10445505 and 10.1136/gut.33.9.1249."""
    healthy = closure.gut(
        closure.evaluator.parameters | {"host_shunt": 0.0, "host_ba_extraction": 0.8, "host_barrier": 1.0, "tau": 0.0},
        closure.model.guilds["reference_share"].to_numpy(),
    )
    v = closure.evaluator.every(healthy.y, healthy.p)
    assert 350 < v["primary_total"] < 580
    assert 80 < v["scfa_concentration"] < 131
    assert 57 < 1e3 * v["acetate_portal"] < 270
    assert 1e3 * v["butyrate_portal"] < 36


def test_cirrhosis_raises_systemic_bile_acids_and_keeps_butyrate_low(closure):
    v = {}
    for name, host in (("healthy", (0.0, 0.8, 1.0)), ("cirrhosis", (0.3, 0.65, 0.8))):
        p = closure.evaluator.parameters | dict(
            zip(("host_shunt", "host_ba_extraction", "host_barrier"), host, strict=True)
        )
        gut = closure.gut(p, closure.model.guilds["reference_share"].to_numpy())
        v[name] = closure.evaluator.every(gut.y, gut.p)
    assert v["cirrhosis"]["ba_systemic"] > 2 * v["healthy"]["ba_systemic"]
    assert v["cirrhosis"]["hexa_portal"] > v["healthy"]["hexa_portal"]
    assert 1e3 * v["cirrhosis"]["butyrate_systemic"] < 10  # 10.1 with TIPS, PMID 19897285


def test_inulin_raises_butyrate_and_leaves_acetate(closure, patient):
    before, inulin = now(closure, patient), now(closure, patient, diet_inulin=40.0)
    assert inulin["made_butyrate"] > 1.2 * before["made_butyrate"]
    assert inulin["made_propionate"] > before["made_propionate"]
    assert inulin["made_acetate"] == pytest.approx(before["made_acetate"], rel=0.05)


def test_less_carbohydrate_means_less_of_every_acid(closure, patient):
    before, fasted = now(closure, patient), now(closure, patient, diet_carbohydrate=75.0)
    for acid in ("acetate", "propionate", "butyrate"):
        assert fasted[f"made_{acid}"] < 0.6 * before[f"made_{acid}"]


@pytest.mark.parametrize(
    ("lever", "value", "variable", "direction"),
    [
        ("agonist_fxr", 1.0, "barrier", 1),
        ("carriage_indole", 3.0, "indole", 1),
        ("carriage_ipa", 3.0, "ipa", 1),
        ("carriage_hexa_ent", 3.0, "tlr4_agonist", 1),
        ("residual_lps", 3.0, "lps_systemic", 1),
        ("blocker_tlr4", 1.0, "tlr4_agonist", -1),
        ("blocker_tlr4", 1.0, "inflammation", -1),
        ("postbiotic_barrier", 1.0, "barrier", 1),
        ("steroid", 1.0, "inflammation", -1),
        ("host_barrier", 0.5, "lps_systemic", 1),
        ("host_shunt", 0.6, "butyrate_systemic", 1),
        ("feed_butyrate", 40.0, "butyrate_portal", 1),
        ("feed_butyrate_portal", 20.0, "butyrate_portal", 1),
        ("feed_acetate", 100.0, "acetate_portal", 1),
        ("diet_carbohydrate", 75.0, "lactate_colon", -1),
        ("mucin_secreted", 40.0, "made_propionate", 1),
        ("diet_carbohydrate", 75.0, "pentanoate_portal", -1),
        ("residual_butyrate", 3.0, "made_propionate", -1),
        ("load", 0.02, "hexose", -1),
    ],
)
def test_lever_or_input_moves_its_quantity(closure, patient, lever, value, variable, direction):
    before, changed = now(closure, patient), now(closure, patient, **{lever: value})
    assert (changed[variable] - before[variable]) * direction > 0.01 * before[variable]


def test_under_acylated_lps_competes_with_the_agonist(closure, patient):
    e = closure.evaluator
    more = patient.y.copy()
    more[e.index["res_bac"]] *= 1.8
    before, competed = e.every(patient.y, patient.p), e.every(more, patient.p)
    assert competed["hexa_portal"] == pytest.approx(before["hexa_portal"])
    assert competed["tlr4_agonist"] < 0.95 * before["tlr4_agonist"]


def test_anti_ctla4_loosens_the_wall_more_than_anti_pd1(closure, patient):
    hold = (*TUMOUR, "pd1_central", "ctla4_central")
    pd1 = after(closure, patient, 60.0, hold=hold, start={"pd1_central": 500.0})["barrier"]
    ctla4 = after(closure, patient, 60.0, hold=hold, start={"ctla4_central": 500.0})["barrier"]
    rest = closure.evaluator.every(patient.y, patient.p)["barrier"]
    assert ctla4 < pd1 < rest


@settings(max_examples=40, deadline=None)
@given(factors=st.lists(st.sampled_from([0.0, 1e-12, 0.1, 1.0, 30.0]), min_size=STATES, max_size=STATES))
def test_rates_are_finite_and_non_negative_where_a_state_is_empty(closure, factors):
    e = closure.evaluator
    y = closure.y0 * np.array(factors)
    rates = e.rates(y, e.parameters | {"tau": 1.0})
    assert np.isfinite(rates).all()
    signed = {"loss_logit"}
    for name, i in e.index.items():
        if y[i] == 0 and name not in signed:
            assert rates[i] >= 0, name
