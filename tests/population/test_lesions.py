"""Lesions share one tumour: one changes nothing, several differ by what is their own, an empty one stays empty."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hepaxis.axis import build
from hepaxis.population import close, reference_gut
from hepaxis.population.closure import Closed, combine, engine_model, lesions, with_lesions
from hepaxis.population.guts import Guts

YEARS = [0.0, 365.0, 3650.0]
LOGS = [f"lesion_log_{lesion}" for lesion in lesions()]
VOLUMES = [f"lesion_{lesion}" for lesion in lesions()]
BURN = pd.DataFrame({"target": "local_kill_2", "action": "set", "time": [0.0, 2.0], "amount": [20.0, 0.0]})
HALF = pd.DataFrame({"target": ["tumour_volume"], "action": "multiply", "time": [0.0], "amount": [0.5]})


def closed_with(reference, **inputs: list[float]) -> Closed:
    """People alike but for the inputs given (``share_2=[...]`` and ``offset_2=[...]`` of lesions)."""
    count = max([len(values) for values in inputs.values()], default=1)
    table = pd.DataFrame(
        {f"lesion.{name.replace('_', '.')}": values for name, values in inputs.items()}, index=range(count)
    )
    table["tumour.volume"], table["tumour.growth"] = 65.0, 0.00464
    one = reference_gut(reference)
    row = np.zeros(count, int)
    gut = Guts(one.shares[row], one.absent[row], one.open[row], one.inputs.iloc[row].reset_index(drop=True), one.source)
    closed = close(combine([table]), gut)
    assert closed.ok.all()
    return closed


def course(closed: Closed, days, names, protocol=None, rtol=1e-8, **changes) -> np.ndarray:
    """(V, days, names) of a course from rest."""
    model = engine_model()
    initial = pd.DataFrame(closed.states, columns=list(model.states))
    run = model.simulate(protocol, closed.parameters.assign(**changes), days, list(names), initial, rtol=rtol)
    assert run.failures.empty
    values: np.ndarray = run.values
    return values


def test_one_lesion_is_the_tumour_without_lesions(reference):
    """The rate of the total is, to the last bit, that of one tumour, and no lesion moves against another."""
    names = ["tumour_volume", "net_growth", "lesions_apart", "lesion_share_1", "sum_of_diameters", "tumour_diameter"]
    seen = course(closed_with(reference), [0.0, 100.0, 365.0, 3650.0], [*names, *LOGS])[0]
    assert (seen[:, 2] == 0).all()
    assert (seen[:, 3] == 1).all()
    assert (seen[:, 4] == seen[:, 5]).all()
    assert (seen[:, 6:] == 0).all()


@pytest.mark.parametrize("volume", [65.0, 1e-3, 1e-7, 1e-12, 0.0])
def test_the_last_cells_of_one_lesion_are_those_of_the_tumour(reference, volume):
    closed = closed_with(reference)
    closed.states[:, engine_model().states.index("tumour_volume")] = volume
    gone = engine_model().observe(closed.states, closed.parameters, ["lesions_gone"])[0, 0]
    p = engine_model().default_parameters
    cells = p["tumour_last_cells"]
    left = (volume + np.sqrt(volume**2 + cells**2)) / 2
    assert gone == pytest.approx(p["eradication"] * cells**2 / (left**2 + cells**2), rel=1e-14)


def test_lesions_that_grow_alike_are_one_tumour_in_all_but_diameter(reference):
    """Shares stand still, and the course of the total is that of one lesion."""
    closed = closed_with(reference, share_1=[1.0, 0.6], share_2=[0.0, 0.4])
    total = course(closed, YEARS, ["tumour_volume", "effectors", "diameter_spread"])
    assert total[1, :, :2] == pytest.approx(total[0, :, :2], rel=1e-6)
    assert total[1, :, 2] == pytest.approx(0.6 ** (1 / 3) + 0.4 ** (1 / 3), rel=1e-12)


def test_opposite_offsets_diverge_and_immunity_sees_the_sum(reference):
    closed = closed_with(reference, share_1=[0.5], share_2=[0.5], offset_1=[0.004], offset_2=[-0.004])
    first, second, total = course(closed, [0.0, 200.0], ["lesion_1", "lesion_2", "tumour_volume"])[0].T
    assert first[0] == pytest.approx(second[0])
    assert first[1] / second[1] == pytest.approx(np.exp(0.008 * 200), rel=1e-6), "by their offsets alone"
    assert first + second == pytest.approx(total, rel=1e-12)
    model = engine_model()
    one = closed.states.copy()
    one[:, [model.states.index(name) for name in LOGS]] = [[0.7, -0.9, 0.0, 0.0, 0.0]]
    seen = ["antigen_flux", "antigenic", "kill_sensitive", "growth_slowing"]
    assert (model.observe(one, closed.parameters, seen) == model.observe(closed.states, closed.parameters, seen)).all()


def test_ablating_a_lesion_leaves_the_other_but_through_the_total(reference):
    """Lesion 2 is burnt away in a day; what happens to lesion 1 is what happens to a tumour without lesion 2."""
    closed = closed_with(reference, share_1=[0.7], share_2=[0.3])
    names = ["lesion_1", "lesion_2", "tumour_volume", "net_growth"]
    burnt = course(closed, [0.0, 3.0, 100.0], names, BURN)[0]
    plain = course(closed, [0.0, 3.0, 100.0], names)[0]
    assert burnt[0, 0] == plain[0, 0]
    assert burnt[1, 0] == pytest.approx(plain[1, 0], rel=5e-3), "three days of a little more room to grow"
    assert 0 <= burnt[2, 1] < 1e-9, "and its last cells do not regrow"
    assert burnt[2, 2] == pytest.approx(burnt[2, 0], rel=1e-9)
    assert burnt[2, 0] > plain[2, 0], "the ceiling is shared: less tumour, more room"


def test_an_empty_lesion_stays_empty_for_ten_years_and_an_eradicated_one_is_finite(reference):
    closed = closed_with(reference, share_1=[0.5], share_2=[0.5])
    seen = course(closed, [0.0, 5.0, 3650.0], [*VOLUMES, "sum_of_diameters"], BURN, rtol=1e-6)[0]
    assert (seen[:, 2:5] == 0).all()
    assert 0 <= seen[2, 1] < 1e-12
    assert np.isfinite(seen).all()
    states = closed.states.copy()
    states[:, engine_model().states.index("tumour_volume")] = 0.0
    none = course(Closed(states, closed.parameters, closed.ok, closed.reason), YEARS, VOLUMES, rtol=1e-6)
    assert (none == 0).all()


def test_debulking_takes_the_same_part_of_every_lesion(reference):
    closed = closed_with(reference, share_1=[0.7], share_2=[0.3])
    before, after = (course(closed, [0.0, 0.01], VOLUMES[:2], doses)[0, 1] for doses in (None, HALF))
    assert after == pytest.approx(0.5 * before, rel=1e-3)


def test_the_closure_makes_shares_a_whole_and_offsets_a_mean_of_zero(reference):
    closed = closed_with(reference, share_1=[3.0], share_2=[1.0], offset_1=[0.001], offset_2=[0.005])
    p = closed.parameters.iloc[0]
    assert (p["lesion_start_1"], p["lesion_start_2"], p["lesion_start_3"]) == pytest.approx((0.75, 0.25, 0.0))
    assert 0.75 * p["lesion_offset_1"] + 0.25 * p["lesion_offset_2"] == pytest.approx(0.0, abs=1e-15)
    assert p["lesion_offset_2"] - p["lesion_offset_1"] == pytest.approx(0.004)
    net = engine_model().observe(closed.states, closed.parameters, ["net_growth"])[0, 0]
    assert net == pytest.approx(p["net_growth_start"], rel=1e-9), "the net rate asked for"
    again, held = with_lesions(closed.parameters)
    assert held.all()
    pd.testing.assert_frame_equal(again, closed.parameters)


def test_a_tumour_without_any_lesion_is_counted_with_a_reason():
    empty = pd.DataFrame({"lesion_start_1": [0.0, 1.0]})
    _, held = with_lesions(empty)
    assert held.tolist() == [False, True]
    plain = pd.DataFrame({"tau": [0.1]})
    assert with_lesions(plain)[0] is plain, "nothing said of lesions, nothing changed"


def test_the_sum_of_diameters_is_that_of_the_spheres(reference):
    """By hand: spheres of 40 and 20 mm have 33.510 and 4.189 mL; their diameters sum to 60 mm."""
    closed = closed_with(reference, share_1=[33.510], share_2=[4.189])
    closed.states[:, engine_model().states.index("tumour_volume")] = 33.510 + 4.189
    names = ["lesion_diameter_1", "lesion_diameter_2", "lesion_diameter_3", "sum_of_diameters"]
    seen = engine_model().observe(closed.states, closed.parameters, names)[0]
    assert seen == pytest.approx([40.0, 20.0, 0.0, 60.0], abs=0.01)


def test_every_lesion_has_its_lever_and_its_inputs():
    model = build()
    for lesion in lesions():
        assert model.levers.at[f"local.kill.{lesion}", "target"] == f"local_kill_{lesion}"
        assert model.inputs.at[f"lesion.offset.{lesion}", "parameter"] == f"lesion_offset_{lesion}"
