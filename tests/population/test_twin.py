"""A twin: the same people for every strategy, in any order, on any threads; a sample after an antibiotic is met."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hepaxis import engine, therapy
from hepaxis.population import build_twin, draw_mechanisms, gut_from_prior, reference_gut, run_strategy, with_gut
from hepaxis.population.assumptions import assumed
from hepaxis.population.closure import combine, engine_model
from hepaxis.population.course import STEP_DAYS
from hepaxis.population.dosing import engine_protocol
from hepaxis.population.guts import Guts
from hepaxis.population.twin import MAX_STEPS, TOLERANCE
from hepaxis.profile.guilds import GUILDS

TAU, SEED, HOSTS, DRAWS = 0.2, 4, 4, 2
HORIZON = 56.0
CEFTRIAXONE = {"kind": "antibiotic", "drug": "ceftriaxone", "route": "iv", "reason": "treatment"}


def profile_guts(reference, draws=DRAWS) -> Guts:
    gut = gut_from_prior(reference, draws, SEED)
    return Guts(gut.shares, gut.absent, gut.open, gut.inputs, "profile")


def make(patient, reference, guts=None, hosts=HOSTS, seed=SEED):
    guts = profile_guts(reference) if guts is None else guts
    return build_twin(patient, guts, draw_mechanisms(len(guts), TAU, SEED), reference, hosts=hosts, seed=seed)


@pytest.fixture(scope="module")
def plain(reference, sheet):
    return make(sheet(), reference)


@pytest.fixture(scope="module")
def treated(reference, sheet):
    """Ceftriaxone from day -20 to -10, the sample on day -9."""
    course = CEFTRIAXONE | {"start_day": -20.0, "end_day": -10.0}
    return make(sheet(exposures=[course], stool={"day": -9.0}), reference)


def shares_on(twin, day: float) -> np.ndarray:
    """Guild shares of every virtual patient on a day of the untreated course (day 0 or a week's multiple after)."""
    names = [f"share_{guild}" for guild in GUILDS]
    run = run_strategy(twin, (), max(14.0, day), observe=names)
    values = np.stack([run.values[name][:, int(day // STEP_DAYS)] for name in names], axis=1)
    return values / values.sum(axis=1, keepdims=True)


def test_a_large_tumour_does_not_worsen_the_albi_that_was_measured_beside_it(reference, sheet):
    """A liver full of tumour shows the ALBI of the sheet on day 0, not one made worse a second time."""
    liver = {"albumin": 38.0, "bilirubin": 16.0}
    lesion = {"id": "L1", "organ": "liver", "target": True, "diameter": 140.0}
    twin = make(sheet(liver=liver, tumour={"lesions": [lesion]}), reference, hosts=30)
    run = run_strategy(twin, (), 14.0, observe=["albi"])
    shown = np.median(run.values["albi"][twin.ok & ~run.failed, 0])
    assert shown == pytest.approx(0.66 * np.log10(16.0) - 0.085 * 38.0, abs=0.15)


def test_every_host_meets_every_draw_once(plain):
    pairs = set(zip(plain.host.tolist(), plain.draw.tolist(), strict=True))
    assert len(pairs) == len(plain.host) == HOSTS * DRAWS
    parameters = plain.closed.parameters
    assert len(set(zip(plain.host.tolist(), parameters["host_treg"], strict=True))) == HOSTS
    assert len(set(zip(plain.draw.tolist(), parameters["tau"], strict=True))) == DRAWS


def test_guts_and_mechanisms_must_match(reference, sheet):
    with pytest.raises(ValueError, match="2 gut draws and 3 mechanism draws"):
        build_twin(sheet(), profile_guts(reference), draw_mechanisms(3, TAU, 1), reference, hosts=2, seed=1)


def test_same_seed_same_twin_bit_for_bit(plain, reference, sheet):
    again, other = make(sheet(), reference), make(sheet(), reference, seed=SEED + 1)
    assert again.closed.states.tobytes() == plain.closed.states.tobytes()
    pd.testing.assert_frame_equal(again.closed.parameters, plain.closed.parameters, check_exact=True)
    assert again.closed.states.tobytes() != other.closed.states.tobytes()


def test_without_an_antibiotic_the_sample_is_the_rest(plain, reference, sheet):
    assert np.isnan(plain.sample_mismatch)
    later = make(sheet(stool={"day": -9.0}), reference)
    assert later.closed.states.tobytes() == plain.closed.states.tobytes()


def test_a_sample_after_an_antibiotic_is_met(reference, sheet, plain):
    """On the day of the sample the twin holds the sample, also where the simulated course alone would not give it."""
    course = CEFTRIAXONE | {"start_day": -11.0, "end_day": -4.0}
    twin = make(sheet(exposures=[course], stool={"day": 0.0}), reference)
    measured = plain.guts.shares[plain.draw]
    assert np.abs(shares_on(twin, 0.0) - measured).max() < 1e-3
    assert np.abs(twin.guts.shares - plain.guts.shares).max() > 0.02, "the resting gut is not the sampled one"
    assert any("taken after an antibiotic" in note for note in twin.notes)
    # what is measured is the way back: half a year later the community is nearer to its rest
    rest = twin.guts.shares[twin.draw]
    then = np.abs(shares_on(twin, 182.0) - rest).sum(axis=1)
    assert then.mean() < 0.5 * np.abs(measured - rest).sum(axis=1).mean()


def test_the_niches_explain_a_mild_course_without_help(reference, sheet):
    """Where the drug leaves every guild above the floor, niches alone give the sample and nothing is made up for."""
    mild = {"kind": "antibiotic", "drug": "ceftriaxone", "route": "iv", "reason": "treatment", "dose": 1.0}
    twin = make(sheet(exposures=[mild | {"start_day": -26.0, "end_day": -25.0}], stool={"day": -2.0}), reference)
    assert twin.sample_mismatch < 0.02
    assert twin.sample_factor == pytest.approx(1.0, abs=0.1)


def test_what_the_course_cannot_explain_is_said(treated):
    assert treated.sample_day == -9.0
    assert treated.sample_mismatch > 0.02
    assert any(f"{100 * treated.sample_mismatch:.1f} points, made up for" in note for note in treated.notes)


def test_a_lead_in_before_the_sample_keeps_its_effect(treated):
    names = ["res_but", "res_bac"]
    both = ("durvalumab",), ("durvalumab", "fmt_vancomycin_leadin")
    base, cleared = (run_strategy(treated, one, 7.0, observe=names).values for one in both)
    assert (cleared["res_but"][:, 0] < 0.9 * base["res_but"][:, 0]).all()


def test_strategies_that_begin_after_the_sample_share_the_course_until_it(treated, monkeypatch):
    """Drugs not given yet change nothing beyond rounding, so one course until the sample serves every regimen."""
    model, components = engine_model(), ("durvalumab_tremelimumab",)
    rows, _ = therapy.full_protocol(components, treated.exposures, HORIZON)
    drug = combine([pd.DataFrame(therapy.parameters(components, sex=None), index=range(len(treated.host)))])
    assert len(drug.columns) > 0
    own = model.simulate(
        engine_protocol(rows[rows["time"] < treated.sample_day], treated.start_day)[0],
        treated.closed.parameters.assign(**{name: drug[name].to_numpy() for name in drug}),
        [treated.sample_day],
        initial=pd.DataFrame(treated.closed.states, columns=list(model.states)),
        start=treated.start_day,
        rtol=TOLERANCE,
        max_steps=MAX_STEPS,
    )
    np.testing.assert_allclose(own.values[:, 0], treated.sample_states, rtol=1e-9, atol=1e-12)
    asked = []
    simulate = engine.Model.simulate
    monkeypatch.setattr(engine.Model, "simulate", lambda *a, **k: asked.append(1) or simulate(*a, **k))
    run_strategy(treated, components, HORIZON)
    assert len(asked) == 1


def test_guilds_that_the_sample_does_not_show_stay_absent(treated, plain):
    assert ((treated.guts.shares > 0) == (plain.guts.shares > 0)).all()


def test_an_antibiotic_after_the_sample_leaves_the_rest_and_acts_later(reference, sheet, plain):
    course = CEFTRIAXONE | {"start_day": -5.0, "end_day": 3.0}
    after = make(sheet(exposures=[course], stool={"day": -9.0}), reference)
    assert np.isnan(after.sample_mismatch)
    assert after.guts.shares.tobytes() == plain.guts.shares.tobytes()
    measured = plain.guts.shares[plain.draw]
    assert after.sample_day is None
    assert np.abs(shares_on(after, 0.0) - measured).max() > 0.02


def test_the_simulated_time_starts_before_the_course_but_not_before_the_lookback(reference, sheet, plain, treated):
    assert plain.start_day == -assumed("lead_in")
    assert treated.start_day == -assumed("lead_in")
    long_ago = make(sheet(exposures=[CEFTRIAXONE | {"start_day": -60.0, "end_day": -50.0}]), reference)
    assert long_ago.start_day == -61.0
    ever = make(sheet(exposures=[CEFTRIAXONE | {"start_day": -400.0, "end_day": -390.0}]), reference)
    assert ever.start_day == -assumed("lookback")


def test_the_tumour_has_its_measured_size_on_day_0(reference, sheet):
    lesion = {"id": "L1", "organ": "liver", "target": True, "diameter": 50.0}
    twin = make(sheet(tumour={"lesions": [lesion]}), reference)
    run = run_strategy(twin, (), HORIZON)
    wanted = twin.hosts.inputs["tumour.volume"].to_numpy()[twin.host]
    ratio = run.values["tumour_volume"][:, 0] / wanted
    # the weeks before are run at the net rate of day 0; what immunity does meanwhile stays within the sheet's own error
    assert np.abs(np.log(ratio)).max() < assumed("volume_sd_log")
    assert np.median(ratio) == pytest.approx(1.0, abs=0.02)


def test_a_long_standing_ppi_is_part_of_the_rest(reference, sheet, plain):
    taking = make(sheet(exposures=[{"kind": "ppi", "drug": "omeprazole", "start_day": -700.0, "ongoing": True}]),
                  reference)  # fmt: skip
    assert (taking.closed.parameters["ppi"] == 1.0).all()
    assert np.abs(shares_on(taking, 0.0) - shares_on(plain, 0.0)).max() < 1e-5
    # the references are those of the same people without it
    assert taking.references.to_numpy() == pytest.approx(plain.references.to_numpy(), rel=1e-6)


def test_order_of_strategies_does_not_matter(plain):
    strategies = [("durvalumab",), ("durvalumab", "akkermansia"), ()]
    first = [run_strategy(plain, s, HORIZON).values["tumour_volume"].tobytes() for s in strategies]
    back = [run_strategy(plain, s, HORIZON).values["tumour_volume"].tobytes() for s in reversed(strategies)]
    assert first == back[::-1]
    assert len(set(first)) == len(first)


def test_threads_do_not_matter(plain, monkeypatch):
    model = engine_model()
    real = type(model).simulate
    one_thread = run_strategy(plain, ("durvalumab",), HORIZON).values["tumour_volume"]
    for threads in (1, 2, 3):
        monkeypatch.setattr(type(model), "simulate", lambda *a, t=threads, **k: real(*a, **k | {"threads": t}))
        assert run_strategy(plain, ("durvalumab",), HORIZON).values["tumour_volume"].tobytes() == one_thread.tobytes()


def test_a_virtual_patient_does_not_depend_on_its_company(plain):
    """Taken alone, the second host's trajectories are those it has in the batch."""
    from dataclasses import replace

    rows = np.flatnonzero(plain.host == 1)
    alone = replace(plain, closed=plain.closed.take(rows), host=plain.host[rows], draw=plain.draw[rows])
    whole = run_strategy(plain, ("durvalumab",), HORIZON).values["tumour_volume"][rows]
    assert run_strategy(alone, ("durvalumab",), HORIZON).values["tumour_volume"].tobytes() == whole.tobytes()


def test_another_gut_changes_the_gut_and_keeps_the_people(plain, reference):
    one = reference_gut(reference)
    rows = np.zeros(DRAWS, int)
    other = with_gut(plain, Guts(one.shares[rows], one.absent[rows], one.open[rows],
                                 one.inputs.iloc[rows].reset_index(drop=True), one.source))  # fmt: skip
    parameters = other.closed.parameters
    changed = {n for n in parameters if not np.array_equal(parameters[n], plain.closed.parameters[n])}
    assert all(n.startswith(("niche_", "weight_", "open_", "residual_", "carriage_", "yield_", "load", "oral_rest",
                             "bile_rest", "inflammation_rest")) for n in changed)  # fmt: skip
    # at tau of the twin the reference gut's ports are 1: exposures equal those that the gates refer to
    ports = engine_model().observe(other.closed.states, parameters, ["port_priming", "port_killing", "port_mdsc"])
    assert ports == pytest.approx(1.0, abs=0.02)
