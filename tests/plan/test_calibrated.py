"""What trials leave open: one draw for each draw of the mechanisms, in the rest, under drugs and in the hazards."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hepaxis.patient import Patient
from hepaxis.plan.calibrated import AS_FITTED, Calibrated
from hepaxis.plan.simulation import Setting, simulate
from hepaxis.population import Guts, build_twin, prior_mean_mechanisms, reference_gut, some_of, weighted
from hepaxis.population.mechanisms import Mechanisms
from hepaxis.profile.reference import reference
from hepaxis.trial.posterior import Moved, free_values

HOSTS, DRAWS = 8, 3


def twin_of(calibrated: Calibrated, draws: int = DRAWS):
    known = reference("metaphlan4")
    one, rows = reference_gut(known), np.zeros(draws, int)
    gut = Guts(
        one.shares[rows], one.absent[rows], one.open[rows], one.inputs.iloc[rows].reset_index(drop=True), "prior"
    )
    mean = prior_mean_mechanisms(0.2)
    mechanisms = Mechanisms(pd.concat([mean.inputs] * draws, ignore_index=True), np.ones(draws))
    factors = calibrated.factors(growth_known=False)
    return build_twin(Patient(), gut, mechanisms, known, hosts=HOSTS, seed=4, factors=factors)


def test_every_calibrated_value_reaches_the_model_or_the_hazards():
    calibrated = Calibrated.drawn(DRAWS, 5)
    factors = calibrated.factors(growth_known=False)
    kinds = {kind: {one.target for one in free_values() if one.kind == kind} for kind in ("model", "treated")}
    assert kinds["model"] | kinds["treated"] <= set(factors)
    assert {"host_infiltration", "net_growth_start"} <= set(factors)
    assert (calibrated.factors(growth_known=True)["net_growth_start"] == 1.0).all()
    assert (calibrated.factors(growth_known=True)["kill_max"] != 1.0).all()


def test_draws_of_one_twin_differ_by_the_calibration_alone():
    moved = Calibrated((Moved({"kill_max": 1.0}), Moved({"kill_max": 1.5}), Moved({"infiltration": 1.5})))
    twin = twin_of(moved)
    own = twin.closed.parameters
    first, second, third = (own[twin.draw == k].reset_index(drop=True) for k in range(DRAWS))
    assert np.allclose(second["kill_max"], 1.5 * first["kill_max"])
    assert np.allclose(third["host_infiltration"], 1.5 * first["host_infiltration"])
    assert np.allclose(first["volume_start"], second["volume_start"])


def test_a_drug_and_a_hazard_are_those_of_the_draw():
    moved = Calibrated((Moved({}), Moved({"sorafenib": 2.0}), Moved({"new_lesion_hazard": 3.0})))
    twin = twin_of(moved)
    given = moved.given(twin, ("sorafenib",))
    ratio = given.closed.parameters["host_tki"] / twin.closed.parameters["host_tki"]
    assert np.allclose(ratio, np.where(twin.draw == 1, 2.0, 1.0))
    assert moved.given(twin, ("durvalumab",)) is twin
    setting = Setting.of(twin, Patient(), "durvalumab", 182.0, 1, moved)
    made = simulate(twin, ("durvalumab",), setting)
    plain, harder = (made.endpoints.event_free[twin.draw == k].mean() for k in (0, 2))
    assert harder < plain


def test_as_fitted_is_the_same_as_no_draw():
    twin = twin_of(AS_FITTED)
    fitted = Setting.of(twin, Patient(), "durvalumab", 182.0, 1)
    drawn = Setting.of(twin, Patient(), "durvalumab", 182.0, 1, Calibrated((Moved({}),) * DRAWS))
    one, other = (simulate(twin, ("durvalumab",), setting).endpoints for setting in (fitted, drawn))
    assert np.array_equal(one.response, other.response)
    assert np.array_equal(one.event_free, other.event_free)


def test_some_virtual_patients_are_what_they_were_among_all():
    calibrated = Calibrated.drawn(DRAWS, 5)
    twin = weighted(twin_of(calibrated), np.arange(HOSTS * DRAWS) + 1.0)
    setting = Setting.of(twin, Patient(), "durvalumab", 182.0, 1, calibrated)
    rows = np.array([2, 9, 9, 20])
    whole = simulate(twin, ("durvalumab",), setting).endpoints.response
    some = simulate(some_of(twin, rows), ("durvalumab",), setting.of_lanes(rows)).endpoints.response
    assert some == pytest.approx(whole[rows])
    assert some_of(twin, rows).weights.tolist() == (rows + 1.0).tolist()


def test_factors_must_be_as_many_as_draws():
    with pytest.raises(ValueError, match="draws of factors"):
        twin_of(Calibrated.drawn(2, 1))
