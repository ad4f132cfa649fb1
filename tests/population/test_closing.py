"""A population at rest: lane k is patient k, the model shows what the clinic measured, and no batch changes anyone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from hepaxis import therapy
from hepaxis.population import (
    close,
    close_population,
    draw_mechanisms,
    draw_population,
    engine_model,
    exposures,
    lanes,
    not_closed,
    prior_mean_mechanisms,
    reference_gut,
    run_strategy,
)
from hepaxis.population.closing import start_day
from hepaxis.population.closure import combine, lesions, references
from hepaxis.profile.guilds import GUILDS

N, SEED, TAU = 48, 17, 0.2


@pytest.fixture(scope="module")
def people():
    return draw_population("trial_default", N, SEED)


@pytest.fixture(scope="module")
def twin(people):
    return close_population(people, tau=TAU)


def seen(twin, *names):
    return engine_model().observe(twin.closed.states, twin.closed.parameters, list(names)).T


def test_every_patient_rests_or_says_why(people, twin):
    assert len(twin.closed.states) == N
    assert twin.notes == (people.sentence(),)  # prior and inclusion rule go with what is run
    assert twin.host.tolist() == twin.draw.tolist() == list(range(N))
    assert twin.ok.mean() > 0.9
    assert sum(not_closed(twin).values()) == (~twin.ok).sum()
    assert all(reason for reason, ok in zip(twin.closed.reason, twin.ok, strict=True) if not ok)


@pytest.mark.parametrize("rows", [slice(0, 1), slice(5, 19), slice(20, N)])
def test_a_piece_closes_as_in_the_whole(people, twin, rows):
    piece = close_population(people.take(np.arange(N)[rows]), tau=TAU)
    assert piece.closed.states.tobytes() == twin.closed.states[rows].tobytes()
    assert piece.closed.parameters.equals(twin.closed.parameters.iloc[rows].reset_index(drop=True))
    assert piece.closed.reason == twin.closed.reason[rows]
    assert piece.mechanisms.inputs.equals(twin.mechanisms.inputs.iloc[rows].reset_index(drop=True))


def test_the_rest_is_that_of_a_closure_from_afar(people, twin):
    """Starting from the reference community's rest is a short cut, not another branch."""
    names = [name for name in twin.closed.parameters if name in engine_model().default_parameters]
    afar = close(twin.closed.parameters[names].drop(columns="kill_rest"), people.guts)
    ok = twin.closed.ok & afar.ok
    assert twin.closed.states[ok] == pytest.approx(afar.states[ok], rel=1e-7, abs=1e-9)


def test_references_are_those_of_the_reference_community_in_the_same_host(people, twin):
    host = combine([people.inputs.head(4)])
    host["volume_start"] *= np.exp(host["net_growth_start"] * twin.start_day)
    host["host_liver_function"] = twin.closed.parameters["host_liver_function"].head(4)
    own = references(host, reference_gut(people.prior.reference))
    assert twin.references.head(4).to_numpy() == pytest.approx(own.to_numpy())


def test_worse_livers_have_more_portal_pressure(people, twin):
    (pressure,) = seen(twin, "hvpg")
    cirrhosis = people.covariates["cirrhosis"].to_numpy() == 1
    assert np.median(pressure[cirrhosis]) > np.median(pressure[~cirrhosis]) + 4


def test_an_inhibitor_is_part_of_the_rest(people, twin):
    users = people.covariates["ppi"].to_numpy() == 1
    assert 0 < users.sum() < N
    assert (twin.closed.parameters["ppi"].to_numpy() == users).all()
    model = engine_model()
    initial = twin.closed.states[users]
    run = model.simulate(
        pd.DataFrame(columns=["time", "target", "action", "amount"]),
        twin.closed.parameters[users].reset_index(drop=True),
        [365.0],
        [f"res_{guild}" for guild in GUILDS],
        pd.DataFrame(initial, columns=list(model.states)),
    )
    column = [model.states.index(f"res_{guild}") for guild in GUILDS]
    assert run.values[:, 0] == pytest.approx(initial[:, column], abs=1e-5)


def test_one_draw_is_shared_and_a_wrong_number_refused(people):
    few = people.take(np.arange(3))
    shared = close_population(few, mechanisms=prior_mean_mechanisms(TAU))
    assert shared.draw.tolist() == [0, 0, 0]
    assert (shared.closed.parameters["tau"] == TAU).all()
    with pytest.raises(ValueError, match="2 mechanism draws for 3 patients"):
        close_population(few, mechanisms=draw_mechanisms(2, TAU, 1))


def test_patients_outside_the_bounds_at_rest_are_marked_with_the_rule(people):
    few = people.take(np.arange(3))
    empty = replace(few, inputs=few.inputs.assign(**{"host.infiltration": [1e-9, 0.5, 0.5]}))
    twin = close_population(empty, mechanisms=prior_mean_mechanisms(TAU))
    assert twin.ok.tolist() == [False, True, True]
    assert not_closed(twin) == {"CD8 to Treg outside what is seen": 1}
    everyone = replace(empty, prior=replace(empty.prior, plausible=False))
    assert close_population(everyone, mechanisms=prior_mean_mechanisms(TAU)).ok.all()


def test_what_a_patient_takes_is_an_exposure_of_its_own(people):
    taken = exposures(people)
    assert len(taken) == N
    for row, own in zip(people.covariates.itertuples(), taken, strict=True):
        kinds = [one.kind for one in own]
        assert kinds == ["antibiotic"] * int(row.antibiotic) + ["ppi"] * int(row.ppi)
        for one in own:
            if one.kind == "antibiotic":
                assert start_day(people) < one.start_day <= 30
                assert one.end_day - one.start_day + 1 == row.antibiotic_days
    _, notes = therapy.full_protocol([], (), 60.0, lanes=lanes(people))
    assert notes == ()  # every class of the table is one the model knows
    assert lanes(people).n == N
    assert lanes(people).weight_kg == pytest.approx(people.inputs["host.weight"].to_numpy() * 75, rel=0.15)


def test_size_and_liver_of_day_0_are_the_measured_ones(people, twin):
    run = run_strategy(twin, [], 7.0, observe=["sum_of_diameters", "albi"], lanes=lanes(people))
    fine = ~run.failed
    assert fine.mean() > 0.9
    diameter, albi = (run.values[name][fine, 0] for name in ("sum_of_diameters", "albi"))
    assert diameter == pytest.approx(people.covariates["diameter_sum"][fine].to_numpy(), rel=0.15)
    assert albi == pytest.approx(people.covariates["albi"][fine].to_numpy(), abs=0.12)


def test_lesions_of_a_patient_grow_apart_and_have_their_measured_sizes(people, twin):
    names = [f"lesion_diameter_{lesion}" for lesion in lesions()]
    run = run_strategy(twin, [], 84.0, observe=names, lanes=lanes(people))
    sizes = np.stack([run.values[name] for name in names], axis=2)[~run.failed]
    targets = people.covariates[~run.failed][[f"target_{k}" for k in range(1, 6)]].to_numpy()
    assert sizes[:, 0] == pytest.approx(targets, rel=0.2, abs=0.5)
    several = (targets > 0).sum(axis=1) > 1
    growth = np.where(targets > 0, np.log(np.maximum(sizes[:, -1], 1e-9) / np.maximum(sizes[:, 0], 1e-9)), np.nan)
    apart = np.nanmax(growth[several], axis=1) - np.nanmin(growth[several], axis=1)
    assert (apart > 0.01).mean() > 0.5
    assert people.inputs["lesion.offset.1"][people.inputs["lesion.share.1"] == 1].eq(0).all()


def test_a_course_is_an_event():
    taken = {"antibiotic": "bernoulli probability=1", "antibiotic_class": "categorical third_gen_cephalosporin=1"}
    taken |= {"antibiotic_start": "uniform low=-10 high=-9", "antibiotic_days": "ordinal 7=1"}
    rows = pd.DataFrame([[name, *text.split(" ", 1)] for name, text in taken.items()])
    few = draw_population(rows.set_axis(["variable", "distribution", "args"], axis=1), 4, SEED)
    twin = close_population(few, tau=TAU)
    treated = run_strategy(twin, [], 28.0, observe=["share_but"], lanes=lanes(few)).values["share_but"]
    spared = run_strategy(twin, [], 28.0, observe=["share_but"]).values["share_but"]
    rest = seen(twin, "share_but")[0][:, None]
    assert (treated[:, 0] < 0.5 * rest[:, 0]).all()  # day 0, a few days into the course
    assert spared == pytest.approx(np.broadcast_to(rest, spared.shape), rel=1e-3)
