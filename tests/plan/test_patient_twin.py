"""The patient's twin: weights follow what was measured, collapse is refused, misfit and strangers are told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hepaxis.patient import load
from hepaxis.plan.conditioning import Proposal, condition
from hepaxis.plan.estimates import Cross, probability
from hepaxis.plan.observed import Observation, scan_covariance
from hepaxis.plan.patient_twin import Draws, patient_twin
from hepaxis.plan.reach import outside
from hepaxis.plan.settings import setting
from hepaxis.plan.simulation import from_today
from hepaxis.trial import hazard

SMALL = Draws(hosts=16, draws=8, seed=3, horizon_days=182.0)
LESION = {"lesions": [{"id": "L1", "target": True, "organ": "liver", "diameter": "60 mm"}]}
HEAD = "day,what,name,value,unit\n"


def twin_of(make_folder, later: str = "", **sections):
    folder = make_folder(**({"tumour": LESION} | sections))
    if later:
        (folder / "follow_up.csv").write_text(HEAD + later, encoding="utf-8")
    return patient_twin(load(folder), SMALL)


def response(made) -> float:
    cross = Cross.of(made.twin, made.twin.ok & ~made.base.failed)
    return probability(cross, made.base.endpoints.response).median


def test_a_scan_moves_the_prediction_its_way(make_folder):
    before = twin_of(make_folder)
    assert before.twin.weights is None
    assert before.today == 0.0
    shrunk, grown = twin_of(make_folder, "56,scan,L1,40,mm\n"), twin_of(make_folder, "56,scan,L1,75,mm\n")
    assert response(grown) < response(before) < response(shrunk)
    assert shrunk.today == 56.0
    assert shrunk.conditioned.ess < shrunk.conditioned.total
    assert [row.kind for row in shrunk.conditioned.rows] == ["scan"]


def test_what_no_virtual_patient_shows_is_a_misfit(make_folder):
    made = twin_of(make_folder, "14,scan,L1,390,mm\n").conditioned
    (row,) = made.misfits
    assert row.kind == "scan"
    assert any("does not show" in reason for reason in made.reasons())
    assert made.checks()[1].result == "no"


def test_weights_that_would_rest_on_a_few_are_tempered_and_said(make_folder):
    twin = twin_of(make_folder).twin
    lanes = len(twin.host)
    one = made_up(np.zeros(lanes), np.where(np.arange(lanes) == 3, 0.0, -80.0 - np.arange(lanes)))
    found = condition(twin, [one], np.ones(lanes, bool))
    assert found.collapsed
    assert found.ess == pytest.approx(setting("least_effective") * lanes, rel=0.01) or found.draws_left >= 4.0
    assert any("hardly any virtual patient" in reason for reason in found.reasons())
    assert found.checks()[0].result == "no"


def test_a_marker_moves_its_setting_a_little(make_folder):
    high = twin_of(make_folder, biomarkers={"pdl1": "80 %"}).twin
    own = high.hosts.inputs["host.pdl1"].to_numpy()[high.host]
    assert np.average(own, weights=high.weights) > own.mean()
    low = twin_of(make_folder, biomarkers={"pdl1": "0 %"}).twin
    assert np.average(own, weights=low.weights) < own.mean()


def test_a_patient_unlike_trial_patients_is_recognised(make_folder):
    usual = twin_of(make_folder, demographics={"age": "62 years", "ecog": 1})
    assert not [row for row in outside(usual.reach) if row.id != "community"]
    strange = twin_of(make_folder, demographics={"age": "19 years", "ecog": 4}, blood={"afp": "4000000 ng/mL"})
    assert {"age", "ecog", "afp"} <= {row.id for row in outside(strange.reach)}


def made_up(values: np.ndarray, likely: np.ndarray) -> Observation:
    return Observation("x", "X", "marker", "0", None, likely, 0.0, values)


def test_weights_are_the_likelihood_over_the_density_hosts_were_taken_with(make_folder):
    twin = twin_of(make_folder).twin
    lanes = len(twin.host)
    likely = np.random.default_rng(1).normal(size=lanes) * 0.3
    taken = Proposal(np.random.default_rng(2).normal(size=16) * 0.2, np.arange(16))
    found = condition(twin, [made_up(np.zeros(lanes), likely)], np.ones(lanes, bool), taken)
    assert found.power == 1.0
    expected = np.exp(likely - taken.log_density[twin.host])
    assert found.twin.weights == pytest.approx(expected / expected.mean())
    twice = replace(taken, tried=np.zeros(16, int))
    fewer = condition(twin, [made_up(np.zeros(lanes), likely)], np.ones(lanes, bool), twice)
    assert fewer.ess < found.ess, "a host that was taken again is not another patient"


def test_scans_share_the_error_of_their_baseline():
    covariance = scan_covariance(3)
    assert covariance[0, 1] == pytest.approx(hazard("measurement_error") ** 2 + setting("scan_discrepancy") ** 2)
    assert covariance[0, 0] - covariance[0, 1] == pytest.approx(hazard("measurement_error") ** 2)


def test_what_is_added_begins_today_and_the_regimen_when_it_began():
    parts = from_today(("durvalumab", "udca"), 60.0)
    assert [(part.id, part.first_day) for part in parts] == [("durvalumab", -60.0), ("udca", None)]
    assert from_today(("durvalumab",), 0.0) == ["durvalumab"]
