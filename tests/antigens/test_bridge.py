"""The load that the model may be told is cautious: drawn to the prior, 0 where nulls disagree, off unless written."""

from __future__ import annotations

import numpy as np
import pytest

from hepaxis.antigens.bridge import PRIOR_SD, load_for_model
from hepaxis.patient import Patient
from hepaxis.population.hosts import draw_hosts


def claim(strength: float, surprise: float, antigens: int = 10) -> dict:
    permuted = {"observed": strength, "low": 0.5, "median": 1.0, "high": 2.0}
    return {
        "antigens": antigens,
        "permuted": permuted,
        "decoys": {"observed": surprise, "low": 5, "median": 10, "high": 16},
    }


def test_an_excess_raises_the_load_by_less_than_it_is_and_keeps_most_of_the_doubt():
    found = load_for_model(claim(4.0, 30.0))
    assert 1.0 < found["median"] < 4.0
    assert 0.7 * PRIOR_SD < found["sd_log"] < PRIOR_SD
    assert "disputed" in found["sign"]
    fewer = load_for_model(claim(0.3, 2.0))
    assert fewer["median"] < 1.0


def test_the_smaller_of_the_two_estimates_counts_and_nothing_where_they_disagree():
    assert load_for_model(claim(4.0, 10.0001))["median"] == pytest.approx(1.0, abs=1e-4)
    assert load_for_model(claim(4.0, 5.0))["median"] == 1.0
    assert load_for_model(claim(1.1, 60.0))["median"] < load_for_model(claim(3.0, 60.0))["median"]


def test_without_nulls_there_is_no_load():
    assert load_for_model({"antigens": 1, "permuted": None, "decoys": None}) is None


def test_hosts_take_the_load_only_where_it_is_written_and_keep_their_ranks():
    prior = draw_hosts(Patient(id="T"), 200, 3).inputs
    told = Patient.model_validate({"id": "T", "antigens": {"mimicry": 2.0, "mimicry_sd_log": 0.5}})
    hosts = draw_hosts(told, 200, 3)
    before, after = np.log(prior["host.mimicry"]), np.log(hosts.inputs["host.mimicry"])
    assert after.to_numpy() == pytest.approx(np.log(2.0) + 0.5 * before.to_numpy())
    assert hosts.known["host.mimicry"] == "search for mimics"
    others = [name for name in prior if name != "host.mimicry"]
    assert prior[others].equals(hosts.inputs[others])
    assert "host.mimicry" not in draw_hosts(Patient(id="T"), 5, 3).known
