"""A virtual patient rests exactly: niches give back the shares, nothing drifts, and growth is the one asked for."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hepaxis import axis
from hepaxis.population import close, closure_check, gates_off, reference_gut, with_gut, with_parameters
from hepaxis.population.closure import KILL_REST, WEIGHT_HALF, combine, engine_model, kept_growth, niches, rest_of_stage
from hepaxis.population.closure_check import drift, two_rests
from hepaxis.population.guts import PRESENT, Guts
from hepaxis.profile.guilds import GUILDS


@st.composite
def communities(draw):
    weights = np.array(draw(st.lists(st.floats(1e-4, 1.0), min_size=12, max_size=12)))
    present = np.array(draw(st.lists(st.booleans(), min_size=12, max_size=12)))
    present[draw(st.integers(0, 11))] = True
    shares = np.where(present, weights, 0.0)
    return shares / shares.sum()


@given(community=communities())
@settings(max_examples=60, deadline=None)
def test_niches_are_positive_and_give_back_the_shares(community):
    occupancy, niche, weight, ok = niches(community[None, :], np.full((1, 12), 0.02))
    present = community > PRESENT
    assert ok.all()
    assert (occupancy[0, present] > 0).all()
    assert (occupancy[0, ~present] == 0).all()
    assert (niche > 0).all()
    assert (niche * occupancy)[0, present] == pytest.approx(community[present], rel=1e-12)
    assert (niche[0, ~present] == 0.02).all()
    assert weight == pytest.approx(niche / (niche + WEIGHT_HALF), abs=1e-12), "the weights converged"
    interaction = axis.build().interaction.loc[list(GUILDS), list(GUILDS)].to_numpy(float)
    assert (occupancy + (weight * occupancy) @ interaction.T)[0, present] == pytest.approx(1.0, abs=1e-12)


def test_each_patient_can_press_its_guilds_in_its_own_way():
    """Interactions by patient: each rests at its measured shares, and is what it would be alone."""
    rng = np.random.default_rng(3)
    shares = rng.dirichlet(np.ones(12), 5)
    own = axis.build().interaction.loc[list(GUILDS), list(GUILDS)].to_numpy(float)
    pressed = own + np.where(own != 0, 0.05 * rng.standard_normal((5, 12, 12)), 0.0)
    together = niches(shares, np.full((5, 12), 0.02), pressed)
    occupancy, niche, weight, ok = together
    assert ok.all()
    for k in range(5):
        assert occupancy[k] + pressed[k] @ (weight[k] * occupancy[k]) == pytest.approx(1.0, abs=1e-12)
        alone = niches(shares[[k]], np.full((1, 12), 0.02), pressed[k])
        for one, other in zip(alone, together, strict=True):
            assert np.array_equal(one[0], other[k])
    assert np.abs(niche - niches(shares, np.full((5, 12), 0.02))[1]).max() > 1e-3


def test_an_impossible_community_is_counted_with_a_reason(twin, monkeypatch):
    """A competitor that leaves no room: the patient is not dropped, not raised, and says why."""
    interaction = axis.build().interaction.copy()
    interaction.loc["but", "bac"] = 30.0

    class Pressed:
        def __getattr__(self, name):
            return interaction if name == "interaction" else getattr(built, name)

    built = axis.build()
    monkeypatch.setattr("hepaxis.population.closure.axis.build", Pressed)
    rows = np.flatnonzero(twin.ok)[:2]
    shares = np.full((2, 12), 1 / 12)
    shares[1, GUILDS.index("but")] = 0.0
    gut = Guts(shares, np.full((2, 12), 0.02), np.ones((2, 12)), pd.DataFrame(index=range(2)), "profile")
    closed = close(twin.closed.parameters.iloc[rows].reset_index(drop=True), gut)
    assert closed.ok.tolist() == [False, True]
    assert closed.reason == ("a niche came out empty or negative", "")


def test_everyone_of_the_population_closes(twin):
    assert twin.ok.all(), twin.closed.reason
    assert set(twin.closed.reason) == {""}


def test_who_does_not_rest_is_counted_with_the_stage(twin, monkeypatch):
    model = engine_model()
    real = type(model).steady_state

    def stuck(self, *args, **kwargs):
        solved = real(self, *args, **kwargs)
        if "node" in (kwargs.get("solve_for") or ()):
            solved.ok[0] = False
        return solved

    monkeypatch.setattr(type(model), "steady_state", stuck)
    again = with_parameters(twin, {})
    assert not again.ok[0]
    assert again.closed.reason[0] == "immunity does not rest with the tumour frozen"
    assert again.ok[1:].all()


def untreated(closed, days: float):
    model = engine_model()
    initial = pd.DataFrame(closed.states, columns=list(model.states))
    names = [*model.states, "net_growth"]
    return model.simulate(None, closed.parameters, [0.0, days], names, initial, rtol=1e-8)


def test_untreated_the_gut_of_drawn_communities_does_not_move_for_a_year(twin):
    moved, state = drift(twin.closed)
    assert moved < 1e-6, state


def test_what_is_not_at_rest_is_seen_to_drift(twin):
    """The check can fail: a niche a tenth too large, and the guild grows into it."""
    parameters = twin.closed.parameters.assign(niche_but=1.1 * twin.closed.parameters["niche_but"])
    moved, _ = drift(dataclasses.replace(twin.closed, parameters=parameters))
    assert moved > 1e-3


def test_untreated_the_gut_of_real_profiles_does_not_move_for_a_year(twin, shared):
    from hepaxis.profile import read, shares

    profile = read(shared("data/cirrhosis_qin2014/abundance.tsv"))
    real = shares(profile.abundance, profile.lineages).shares[list(GUILDS)].to_numpy(float)
    real /= real.sum(axis=1, keepdims=True)
    count = len(real)
    assert count > 100
    gut = Guts(real, np.full((count, 12), 0.02), np.ones((count, 12)), pd.DataFrame(index=range(count)), "profile")
    hosts = twin.closed.parameters.drop(columns=KILL_REST)
    closed = close(hosts.iloc[np.arange(count) % len(hosts)].reset_index(drop=True), gut)
    assert closed.ok.all(), closed.reason
    moved, state = drift(closed)
    assert moved < 1e-6, state


def test_the_sample_is_what_the_twin_holds_at_rest(twin):
    model = engine_model()
    held = model.observe(twin.closed.states, twin.closed.parameters, [f"share_{guild}" for guild in GUILDS])
    held /= held.sum(axis=1, keepdims=True)
    assert held == pytest.approx(twin.guts.shares[twin.draw], rel=1e-9, abs=1e-12)


def test_growth_at_the_start_is_the_one_asked_for(twin):
    """Also in a tumour of which a third shows no antigen: those cells are not killed, and they are counted."""
    model = engine_model()
    rows = np.flatnonzero(twin.ok)
    parameters = twin.closed.parameters.drop(columns=KILL_REST)
    gut = Guts(*(getattr(twin.guts, f)[twin.draw] for f in ("shares", "absent", "open")), pd.DataFrame(), "prior")
    lost = close(parameters.assign(antigen_loss=0.3), gut)
    for closed in (twin.closed.take(rows), lost):
        got = model.observe(closed.states, closed.parameters, ["net_growth", "growth_slowing"])
        asked = closed.parameters["net_growth_start"].to_numpy()
        assert got[:, 0] == pytest.approx(asked, rel=1e-6, abs=1e-12)
        assert got[:, 1] == pytest.approx(1.0)
        volume = untreated(closed, 0.01).of("tumour_volume")
        assert np.log(volume[:, 1] / volume[:, 0]) / 0.01 == pytest.approx(asked, rel=2e-3, abs=2e-6)


def test_low_and_high_starts_agree_for_almost_all(twin):
    """Two starts, one rest; the closure counts who has a second branch and the low one is used."""
    assert two_rests(twin.closed).mean() <= 0.1


def test_two_rests_are_seen_and_counted(twin, monkeypatch):
    """Somebody with many more effectors from the high start has two rests; a ten-thousandth more is the same one."""
    rested = twin.closed.take(np.arange(3))
    column = list(engine_model().states).index("effectors")

    def elsewhere(stage, parameters, states, horizon=None):
        moved = rested.states.copy()
        moved[:, column] *= (1.0, 5.0, 1.0 + 1e-4)
        return moved, np.ones(3, bool)

    monkeypatch.setattr(closure_check, "rest_of_stage", elsewhere)
    assert two_rests(rested).tolist() == [False, True, False]


def test_two_hundred_drawn_people_rest_and_the_check_says_how(monkeypatch):
    check = closure_check.check_closure(200, 3)
    assert (check.patients, check.failures) == (200, {})
    assert check.drift < 1e-6
    assert check.two_rests <= 10

    def half(stage, parameters, states, horizon=None, *, keep=False):
        solved, fine = rest_of_stage(stage, parameters, states)
        return solved, fine & (np.arange(len(fine)) % 2 == 0 if stage == "host" else True)

    monkeypatch.setattr("hepaxis.population.closure.rest_of_stage", half)
    check = closure_check.check_closure(20, 3)
    assert check.failures == {"immunity does not rest with the tumour frozen": 10}


def test_a_patient_takes_less_than_five_milliseconds_in_a_batch():
    assert min(closure_check.check_closure(400, seed).ms for seed in (1, 2)) < 5.0


def test_counterfactuals_keep_the_solved_growth(twin, reference):
    kept = twin.closed.parameters[KILL_REST].to_numpy()
    one = reference_gut(reference)
    rows = np.zeros(len(twin.guts), int)
    same = Guts(one.shares[rows], one.absent[rows], one.open[rows], one.inputs.iloc[rows], one.source)
    for other in (with_gut(twin, same), gates_off(twin), with_parameters(twin, {"host_treg": 0.5})):
        assert np.array_equal(other.closed.parameters[KILL_REST], kept)
    killing = engine_model().observe(gates_off(twin).closed.states, gates_off(twin).closed.parameters,
                                     ["kill_sensitive"])[:, 0]  # fmt: skip
    assert not np.allclose(killing, kept, rtol=1e-4), "the gut does act on killing, so keeping growth matters"


def test_a_near_start_gives_the_rest_of_the_far_start(twin):
    """Attribution starts from the patient's own rest; from afar it must end at the same place."""
    names = {f"g_{gate}": 0.0 for gate in axis.build().gates.index}
    near = with_parameters(twin, names)
    far = close(
        twin.closed.parameters.assign(**names),
        Guts(*(getattr(twin.guts, f)[twin.draw] for f in ("shares", "absent", "open")),
             twin.guts.inputs.iloc[twin.draw].reset_index(drop=True), twin.guts.source),
        growth=kept_growth(twin.closed),
    )  # fmt: skip
    both = near.ok & far.ok
    assert both.all()
    assert near.closed.states == pytest.approx(far.states, rel=1e-5, abs=1e-8)


def test_inputs_of_the_sheet_and_the_gut_become_model_parameters():
    frame = combine([pd.DataFrame({"host.shunt": [0.1, 0.2]}), pd.DataFrame({"gate.udca_cd8": [1.0, 2.0]})])
    assert list(frame.columns) == ["host_shunt", "g_udca_cd8"]
    with pytest.raises(KeyError, match=r"no model input host\.nose"):
        combine([pd.DataFrame({"host.nose": [1.0]})])
