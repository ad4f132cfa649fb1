"""Calibrated values: each moves what it says and nothing else, and the record is that of the tables."""

from __future__ import annotations

import numpy as np
import pytest

from hepaxis.population import draw_population, engine_model
from hepaxis.trial.parameters import hazard, hazards_as
from hepaxis.trial.posterior import Moved, calibration, free_values, posterior_draws


def test_no_more_than_fifteen_values_are_free_and_no_gate_among_them():
    assert len(free_values()) <= 15
    assert not [one for one in free_values() if one.target.startswith(("gate", "g_", "tau"))]
    assert all(one.prior_sd > 0 for one in free_values())


@pytest.mark.parametrize("one", free_values(), ids=lambda one: one.name)
def test_a_value_moves_its_target_alone(one):
    moved = Moved({one.name: 1.3})
    people = draw_population("trial_default", 6, 3)
    inputs = moved.people(people).inputs
    changed = [name for name in inputs if not np.array_equal(inputs[name], people.inputs[name])]
    values, hazards = moved.values(engine_model().default_parameters), moved.hazards()
    assert (changed, list(values), list(hazards)) == (
        [one.target] if one.kind == "input" else [],
        [one.target] if one.kind == "model" else [],
        [one.target] if one.kind == "hazard" else [],
    )


def test_a_longer_doubling_time_is_slower_growth():
    people = draw_population("trial_default", 6, 3)
    slower = Moved({"doubling_time": 2.0}).people(people).inputs["tumour.growth"]
    assert slower.to_numpy() == pytest.approx(people.inputs["tumour.growth"].to_numpy() / 2)


def test_moved_hazards_hold_inside_and_are_gone_outside():
    before = hazard("death_hazard")
    with hazards_as({"death_hazard": 0.5}):
        assert hazard("death_hazard") == 0.5
    assert hazard("death_hazard") == before
    with pytest.raises(KeyError), hazards_as({"no such": 1.0}):
        pass


def test_a_share_at_full_block_stays_a_share():
    assert Moved({"vegf_factor": 50.0}).hazards()["vegf_factor"] == 1.0


def test_an_unknown_name_is_refused():
    with pytest.raises(KeyError, match="not calibrated"):
        Moved({"gate.scfa": 2.0})


def test_draws_have_the_recorded_spread_and_a_seed():
    names = [row["name"] for row in calibration()["values"]]
    assert names == [one.name for one in free_values()]
    logs = np.log([[moved.factors[name] for name in names] for moved in posterior_draws(4000, 1)])
    assert logs.std(axis=0) == pytest.approx([row["sd_log"] for row in calibration()["values"]], rel=0.1)
    assert posterior_draws(3, 2) == posterior_draws(3, 2) != posterior_draws(3, 4)


def test_draws_come_in_mirrored_pairs_so_that_few_of_them_have_the_tables_as_their_mean():
    names = [row["name"] for row in calibration()["values"]]
    logs = np.log([[moved.factors[name] for name in names] for moved in posterior_draws(16, 5)])
    assert logs[0::2] == pytest.approx(-logs[1::2])
    assert np.abs(logs).min(axis=0).max() > 0
    assert len(posterior_draws(5, 5)) == 5


def test_no_posterior_is_wider_than_its_prior():
    for row in calibration()["values"]:
        assert row["sd_log"] <= row["prior_sd_log"] * (1 + 1e-6)
