"""A population draws lesions: as many and as different as the table says, the whole as it was, one lesion as before."""

from __future__ import annotations

import numpy as np
import pytest

from hepaxis.population import close, draw_hosts, reference_gut
from hepaxis.population.assumptions import assumed
from hepaxis.population.closure import combine, engine_model, lesions, sizes_before, with_lesions
from hepaxis.population.guts import Guts
from hepaxis.population.lesion_draws import draw_lesions, lesion_facts

N, SEED = 4000, 5
PACE = np.full(N, 0.004)


def block(drawn: dict[str, np.ndarray], kind: str) -> np.ndarray:
    return np.stack([drawn[f"lesion.{kind}.{lesion}"] for lesion in lesions()], axis=1)


@pytest.fixture(scope="module")
def drawn():
    return draw_lesions(N, SEED, PACE)


def test_numbers_of_lesions_are_those_of_the_table(drawn):
    held = (block(drawn, "share") > 0).sum(axis=1)
    for count in range(1, 6):
        assert (held == count).mean() == pytest.approx(lesion_facts()[f"count_{count}"], abs=0.02)
    assert sum(lesion_facts()[f"count_{k}"] for k in range(1, 6)) == pytest.approx(1.0)


def test_shares_are_a_whole_with_the_largest_first_and_sizes_spread_as_said(drawn):
    share = block(drawn, "share")
    assert share.sum(axis=1) == pytest.approx(1.0)
    assert (np.diff(share, axis=1) <= 0).all()
    two = share[(share > 0).sum(axis=1) == 2, :2]
    apart = np.log(two[:, 0] / two[:, 1]) / 3  # of diameters; |difference of two normals|
    assert apart.mean() == pytest.approx(assumed("target_sd_log") * 2 / np.sqrt(np.pi), rel=0.1)


def test_differences_have_the_spread_of_the_table_and_pace_scales_growth(drawn):
    there = block(drawn, "share") > 0
    several = there & (there.sum(axis=1) > 1)[:, None]
    offset, killing = block(drawn, "offset"), block(drawn, "killing")
    assert offset[several].std() == pytest.approx(lesion_facts()["growth_sd"] * PACE[0], rel=0.05)
    assert np.log(killing[several]).std() == pytest.approx(lesion_facts()["killing_sd_log"], rel=0.05)
    assert (offset[~several] == 0).all()
    assert (killing[~several] == 1).all()
    twice = block(draw_lesions(N, SEED, 2 * PACE), "offset")
    assert twice == pytest.approx(2 * offset)


def test_same_seed_same_lesions(drawn):
    again, other = draw_lesions(N, SEED, PACE), draw_lesions(N, SEED + 1, PACE)
    assert all((again[name] == drawn[name]).all() for name in drawn)
    assert any((other[name] != drawn[name]).any() for name in drawn)


def test_lesions_leave_everything_else_of_a_population_as_it_was():
    many, one = draw_hosts(None, 200, SEED), draw_hosts(None, 200, SEED, one_lesion=True)
    assert not any(name.startswith("lesion.") for name in one.inputs)
    assert (many.inputs[one.inputs.columns] == one.inputs).all().all(), "burden and pace too"


def test_a_sheet_keeps_its_sizes_and_gets_differences(sheet):
    targets = [{"organ": "liver", "target": True, "diameter": d} for d in (20.0, 40.0)]
    inputs = draw_hosts(sheet(tumour={"lesions": targets}), 50, SEED).inputs
    assert (inputs["lesion.share.1"].nunique(), inputs["lesion.share.1"].iloc[0]) == (1, pytest.approx(8 / 9))
    assert inputs["lesion.offset.2"].nunique() == inputs["lesion.killing.2"].nunique() == 50
    assert (inputs["lesion.offset.3"] == 0).all()
    for tumour, count in (({"lesion_count": 3}, 3), ({"lesion_count": 12}, 5)):
        share = draw_hosts(sheet(tumour=tumour), 50, SEED).inputs[[f"lesion.share.{k}" for k in range(1, 6)]]
        assert ((share > 0).sum(axis=1) == count).all()
    single = draw_hosts(sheet(tumour={"lesions": targets[:1]}), 50, SEED).inputs
    assert not any(name.startswith("lesion.") for name in single)
    assert not any(
        name.startswith("lesion.") for name in draw_hosts(sheet(tumour={"lesion_count": 1}), 50, SEED).inputs
    )


@pytest.fixture(scope="module")
def people(reference):
    """Twelve people with two lesions or more, closed at rest, and the same with one lesion."""
    found = draw_hosts(None, 40, SEED)
    rows = np.flatnonzero(found.inputs["lesion.share.2"] > 0)[:12]
    one = reference_gut(reference)
    gut = [0] * len(rows)
    guts = Guts(
        one.shares[gut], one.absent[gut], one.open[gut], one.inputs.iloc[gut].reset_index(drop=True), one.source
    )
    inputs = found.inputs.iloc[rows].reset_index(drop=True)
    plain = inputs[[name for name in inputs if not name.startswith("lesion.")]]
    closed = [close(combine([table]), guts) for table in (inputs, plain)]
    assert all(each.ok.all() for each in closed)
    return closed


def test_lesions_drawn_leave_the_rest_of_the_patient_as_it_is(people):
    lesioned, plain = people
    names = [name for name in engine_model().states if not name.startswith("lesion_log")]
    column = [engine_model().states.index(name) for name in names]
    assert lesioned.states[:, column] == pytest.approx(plain.states[:, column], rel=1e-9)
    net = [engine_model().observe(c.states, c.parameters, ["net_growth", "lesions_apart"]) for c in people]
    assert net[0][:, 0] == pytest.approx(net[1][:, 0], rel=1e-9), "the net rate is the patient's own"
    assert net[0][:, 1] == pytest.approx(0.0, abs=1e-12)
    assert (net[1][:, 1] == 0).all()


@pytest.mark.parametrize("spread", ["killing", "offset"])
def test_added_killing_falls_on_lesions_by_their_factor_and_growth_by_their_offset(people, spread):
    """Removed, no lesion would move against another under treatment: with both, shares must."""
    lesioned = people[0]
    none = {f"lesion_killing_{k}": 1.0 for k in lesions()} if spread == "offset" else {}
    none |= {f"lesion_offset_{k}": 0.0 for k in lesions()} if spread == "killing" else {}
    parameters = lesioned.parameters.assign(**none)
    states = lesioned.states.copy()
    states[:, engine_model().states.index("effectors")] *= 5  # as after a checkpoint blocker
    names = ["killing_gained", *(f"lesion_apart_{k}" for k in lesions()), "lesions_apart"]
    seen = engine_model().observe(states, parameters, names)
    gained, apart = seen[:, 0], seen[:, 1:6]
    assert (gained > 0).all()
    if spread == "killing":
        factor = parameters[[f"lesion_killing_{k}" for k in lesions()]].to_numpy()
        assert apart == pytest.approx(-(factor - 1) * gained[:, None])
    else:
        assert apart == pytest.approx(parameters[[f"lesion_offset_{k}" for k in lesions()]].to_numpy())
    assert np.abs(apart).max() > 1e-4
    assert seen[:, 6] == pytest.approx(0.0, abs=1e-12), "the total is killed as before, at first"


def test_the_closure_gives_factors_on_killing_a_mean_of_one(people):
    p = people[0].parameters
    share = p[[f"lesion_start_{k}" for k in lesions()]].to_numpy()
    factor = p[[f"lesion_killing_{k}" for k in lesions()]].to_numpy()
    assert (share * factor).sum(axis=1) == pytest.approx(1.0)
    again, _ = with_lesions(p)
    assert again[[f"lesion_killing_{k}" for k in lesions()]].to_numpy() == pytest.approx(factor)


def test_sizes_of_day_0_are_reached_from_the_day_the_course_begins(people):
    """Lesions are measured on day 0: taken back by their own pace, they are there again on day 0 without treatment."""
    p = people[0].parameters
    before = with_lesions(sizes_before(p, -60.0))[0]
    grown = before["lesion_start_2"] * np.exp(60 * p["lesion_offset_2"])
    other = before["lesion_start_1"] * np.exp(60 * p["lesion_offset_1"])
    assert (grown / other).to_numpy() == pytest.approx((p["lesion_start_2"] / p["lesion_start_1"]).to_numpy())
