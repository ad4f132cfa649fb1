"""Levers land on their targets, levels before the start become part of the rest, and a donor dose is what is fed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepaxis import axis, therapy
from hepaxis.population.closure import engine_model
from hepaxis.population.dosing import FEEDING_DAYS, engine_protocol, with_levels

COLUMNS = ["time", "lever", "action", "amount"]


def rows(*given: tuple[float, str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(list(given), columns=COLUMNS)


def test_every_lever_lands_on_a_state_or_parameter_of_the_model():
    model = engine_model()
    levers = axis.build().levers
    known = {*model.states, *model.parameters}
    assert set(levers["target"]) <= known
    for id, lever in levers.iterrows():
        made, before = engine_protocol(rows((1.0, str(id), str(lever["action"]), 0.5)), 0.0)
        assert set(made["target"]) == {lever["target"]}
        assert before == {}


def test_an_unknown_lever_is_refused():
    with pytest.raises(KeyError, match=r"no lever bleach, rain"):
        engine_protocol(rows((0.0, "rain", "set", 1.0), (0.0, "bleach", "set", 1.0)), 0.0)


def test_levels_set_before_the_start_are_folded_and_doses_before_it_dropped():
    given_rows = rows(
        (-300.0, "ppi", "set", 1.0),
        (-200.0, "steroid", "set", 0.4),
        (-28.5, "steroid", "set", 0.1),
        (-28.5, "antibody.pd1", "add", 1200.0),
        (-10.0, "steroid", "set", 0.0),
        (0.0, "antibody.pd1", "add", 1200.0),
    )
    made, before = engine_protocol(given_rows, -28.0)
    assert before == {"ppi": 1.0, "steroid": 0.1}
    assert made.to_numpy().tolist() == [[-10.0, "steroid", "set", 0.0], [0.0, "pd1_central", "add", 1200.0]]


def fed(made: pd.DataFrame, target: str) -> float:
    """Integral of a rate that is set at some times and ends at 0."""
    own = made[made["target"] == target]
    assert own["amount"].iloc[-1] == 0.0
    return float((own["amount"].to_numpy()[:-1] * np.diff(own["time"])).sum())


@given(
    days=st.lists(st.integers(0, 400).map(lambda k: k / 16), min_size=1, max_size=8),
    amount=st.floats(1e-3, 2.0),
)
def test_feeding_integrates_to_the_doses_whatever_their_overlap(days, amount):
    made, _ = engine_protocol(rows(*((day, "donor.akk", "add", amount) for day in days)), 0.0)
    assert fed(made, "donor_feed_akk") == pytest.approx(len(days) * amount)
    assert (made["amount"] >= 0).all()
    assert not made.duplicated(["time", "target"]).any()


def test_overlapping_meals_add():
    made, _ = engine_protocol(rows((0.0, "donor.but", "add", 0.1), (0.125, "donor.but", "add", 0.1)), 0.0)
    rate = 0.1 / FEEDING_DAYS
    assert made["time"].tolist() == [0.0, 0.125, 0.25, 0.375]
    assert made["amount"].tolist() == pytest.approx([rate, 2 * rate, rate, 0.0])


def test_settings_come_before_doses_at_the_same_time():
    made, _ = engine_protocol(rows((0.0, "antibody.pd1", "add", 5.0), (0.0, "ppi", "set", 1.0)), 0.0)
    assert made["action"].tolist() == ["set", "add"]


def test_a_donor_dose_adds_its_biomass_in_the_model():
    """At zero growth and without losses the donor's share of the reference biomass is the dose, in every niche size.

    Less what the model's ``feeding_floor`` takes, which keeps the feeding of a vanishing niche finite.
    """
    model = engine_model()
    still = {name: 0.0 for name in model.parameters if name.startswith(("growth_", "washout"))}
    assert len(still) >= 12, "growth parameters of the guilds have other names now"
    still |= {"colon_transit": 0.0, "settling": 50.0}  # nothing passes out, all settles within the hour
    niche = np.array([0.5, 0.01, 0.1])
    made, _ = engine_protocol(rows((1.0, "donor.akk", "add", 0.03), (1.125, "donor.akk", "add", 0.02)), 0.0)
    run = model.simulate(
        made, {**still, "niche_akk": niche, "load": 1.0}, [0.0, 3.0], ["don_akk"], {"don_akk": 0.0}, rtol=1e-8
    )
    gained = (run.of("don_akk")[:, 1] - run.of("don_akk")[:, 0]) * niche
    floor = model.default_parameters["feeding_floor"]
    assert gained == pytest.approx(0.05 * niche / (niche + floor), rel=1e-5)
    assert gained[0] == pytest.approx(0.05, rel=0.005)


def lane_rows(*given: tuple[float, str, str, float, float]) -> pd.DataFrame:
    return pd.DataFrame(list(given), columns=[*COLUMNS, "patient"])


def test_one_patients_meal_adds_to_everybodys():
    every, own = (0.0, "donor.but", "add", 0.1, np.nan), (0.125, "donor.but", "add", 0.1, 1.0)
    made, _ = engine_protocol(lane_rows(every, own), 0.0, 3)
    amounts = [fed(made[made["patient"] == k], "donor_feed_but") for k in range(3)]
    assert amounts == pytest.approx([0.1, 0.2, 0.1])
    assert made["patient"].notna().all()


def test_levels_before_the_start_are_kept_by_patient():
    ppi = (-300.0, "ppi", "set", 1.0, 0.0)
    steroids = (-200.0, "steroid", "set", 0.4, np.nan), (-100.0, "steroid", "set", 0.1, 1.0)
    _, before = engine_protocol(lane_rows(ppi, *steroids), -28.0, 2)
    assert before["steroid"].tolist() == [0.4, 0.1]
    parameters = with_levels(pd.DataFrame({"ppi": [0.0, 0.5], "steroid": 0.0}), before)
    assert parameters["ppi"].tolist() == [1.0, 0.5]
    assert parameters["steroid"].tolist() == [0.4, 0.1]


def test_a_rescue_reaches_the_model_of_the_patient_alone():
    model = engine_model()
    lanes = therapy.Lanes(2, progression=np.array([2.0, np.nan]))
    given_rows = therapy.protocol([{"id": "fmt_capsules_healthy", "at": "progression"}], 20, lanes=lanes)
    made, _ = engine_protocol(given_rows, 0.0, 2)
    run = model.simulate(made, {"load": np.ones(2)}, [0.0, 2.0, 3.0], ["don_but"])
    gained = run.of("don_but")
    assert gained[0, 1] == pytest.approx(gained[1, 1], rel=1e-6)
    assert gained[0, 2] > gained[1, 2] + 1e-4
