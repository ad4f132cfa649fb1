"""A virtual patient rests exactly: niches give back the shares, nothing drifts, and growth is the one asked for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hepaxis import axis
from hepaxis.population import close, gates_off, reference_gut, with_gut, with_parameters
from hepaxis.population.closure import KILL_REST, WEIGHT_HALF, combine, engine_model, niches
from hepaxis.population.guts import PRESENT, Guts
from hepaxis.profile.guilds import GUILDS

GUT_STATES = [f"{kind}_{guild}" for guild in GUILDS for kind in ("res", "don")]
YEAR = 365.0


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


def drift(closed) -> float:
    """Largest relative move of a gut state in a year without treatment."""
    run = untreated(closed, YEAR)
    assert len(run.failures) == 0
    moves = []
    for name in GUT_STATES:
        before, after = run.of(name).T
        moves.append(np.abs(after - before) / (np.abs(before) + 1e-6))
    return float(np.max(moves))


def test_untreated_the_gut_of_drawn_communities_does_not_move_for_a_year(twin):
    assert drift(twin.closed.take(np.flatnonzero(twin.ok))) < 1e-6


def test_untreated_the_gut_of_real_profiles_does_not_move_for_a_year(twin, shared):
    from hepaxis.profile import read, shares

    profile = read(shared("data/cirrhosis_qin2014/abundance.tsv"))
    real = shares(profile.abundance, profile.lineages).shares[list(GUILDS)].to_numpy(float)
    real /= real.sum(axis=1, keepdims=True)
    picked = real[np.linspace(0, len(real) - 1, len(twin.ok)).astype(int)]
    count = len(picked)
    gut = Guts(picked, np.full((count, 12), 0.02), np.ones((count, 12)), pd.DataFrame(index=range(count)), "profile")
    closed = close(twin.closed.parameters.drop(columns=KILL_REST), gut)
    assert closed.ok.all(), closed.reason
    assert drift(closed) < 1e-6


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
        got = model.observe(closed.states, closed.parameters, ["net_growth", "gompertz"])
        asked = closed.parameters["net_growth_start"].to_numpy()
        assert got[:, 0] == pytest.approx(asked, rel=1e-6, abs=1e-12)
        assert got[:, 1] == pytest.approx(1.0)
        volume = untreated(closed, 0.01).of("tumour_volume")
        assert np.log(volume[:, 1] / volume[:, 0]) / 0.01 == pytest.approx(asked, rel=2e-3, abs=2e-6)


def test_low_and_high_starts_agree_for_almost_all(twin):
    """Two starts, one rest; the closure counts who has a second branch and the low one is used."""
    model = engine_model()
    closed = twin.closed
    cell = axis.build().closure.loc["host"]
    high = dict(word.split("=") for word in cell["start"].split("high:")[1].split())
    states = pd.DataFrame(closed.states, columns=list(model.states)).assign(**{k: float(v) for k, v in high.items()})
    again = model.steady_state(closed.parameters, states, frozen=cell["frozen"], solve_for=cell["solve_for"])
    kill = [model.observe(s, closed.parameters, ["kill_sensitive"])[:, 0] for s in (closed.states, again.values)]
    apart = np.abs(kill[1] - kill[0]) > 0.02 * np.maximum(kill[0], 1e-6)
    assert apart[again.ok].mean() <= 0.1


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
        kill_rest=twin.closed.parameters[KILL_REST].to_numpy(),
    )  # fmt: skip
    both = near.ok & far.ok
    assert both.all()
    assert near.closed.states == pytest.approx(far.states, rel=1e-5, abs=1e-8)


def test_inputs_of_the_sheet_and_the_gut_become_model_parameters():
    frame = combine([pd.DataFrame({"host.shunt": [0.1, 0.2]}), pd.DataFrame({"gate.udca_cd8": [1.0, 2.0]})])
    assert list(frame.columns) == ["host_shunt", "g_udca_cd8"]
    with pytest.raises(KeyError, match=r"no model input host\.nose"):
        combine([pd.DataFrame({"host.nose": [1.0]})])
