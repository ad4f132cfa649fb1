"""Severe events reach the model: a missed dose is missed in the blood, and a steroid is felt by the T cells."""

from __future__ import annotations

import numpy as np
import pytest

from hepaxis.population import Run, Twin, build_twin, gut_from_prior, prior_mean_mechanisms, run_strategy
from hepaxis.profile.reference import reference
from hepaxis.trial import Exposure, Toxicity, as_given

DAY = 70.0  # of the event, in patient 0
HORIZON = 168.0
SEEN = ("occ_pd1", "effectors")


@pytest.fixture(scope="module")
def twin() -> Twin:
    known = reference("metaphlan4")
    return build_twin(None, gut_from_prior(known, 1, 3), prior_mean_mechanisms(0.2), known, hosts=3, seed=3)


@pytest.fixture(scope="module")
def planned(twin: Twin) -> Run:
    return run_strategy(twin, ("nivolumab",), HORIZON, observe=SEEN)


def given(twin: Twin, *, steroid: bool, ends: bool) -> Run:
    n = len(twin.host)
    end, day = np.full(n, HORIZON), np.full((n, 4), np.inf)
    day[0, 0 if steroid else 3] = DAY
    end[0] = DAY if ends else HORIZON
    none = np.full((n, 4), np.inf)
    amend = as_given(Exposure(end, np.zeros(n, int), none, none), Toxicity(day, np.isfinite(day), False))
    return run_strategy(twin, ("nivolumab",), HORIZON, observe=SEEN, amend=amend)


def test_a_stopped_drug_wanes_in_that_patient_alone(twin, planned):
    stopped = given(twin, steroid=False, ends=True)
    late = planned.days > DAY + 56
    assert np.all(stopped.values["occ_pd1"][0, late] < planned.values["occ_pd1"][0, late])
    for name in ("occ_pd1", "tumour_volume"):
        assert stopped.values[name][1:] == pytest.approx(planned.values[name][1:], rel=1e-3)
        early = planned.days < DAY  # the dose due that day is not given
        assert stopped.values[name][0, early] == pytest.approx(planned.values[name][0, early], rel=1e-3)


def test_a_steroid_lowers_effectors_while_it_lasts(twin, planned):
    treated = given(twin, steroid=True, ends=False)
    during = (planned.days > DAY) & (planned.days <= DAY + 28)
    assert np.all(treated.values["effectors"][0, during] < planned.values["effectors"][0, during])
    assert treated.values["occ_pd1"][0] == pytest.approx(planned.values["occ_pd1"][0], rel=1e-2)
    assert treated.values["effectors"][1:] == pytest.approx(planned.values["effectors"][1:], rel=1e-3)
