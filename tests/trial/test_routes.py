"""Routes of resistance: each is named when, and only when, its own part of killing was lost."""

from __future__ import annotations

import numpy as np
import pytest

from hepaxis.trial.routes import LABELS, NONE_SEEN, OBSERVE, losses, routes

DAYS = np.array([0.0, 7.0, 14.0, 21.0])
VOLUME = np.array([[100.0, 60.0, 70.0, 80.0]])  # best on day 7
PROGRESSION = np.array([21.0])


def course(**later):
    """Values that stand still but for what is changed from day 14 on."""
    at_rest = dict.fromkeys(OBSERVE, 1.0) | {"loss_fraction": 0.0, "stop_signal": 0.5, "kill_signal": 0.8}
    at_rest |= {"kill_lost": 0.1, "kill_sensitive": 1.0, "kill_half": 2.0}
    return {
        name: np.array([[value, value, later.get(name, value), later.get(name, value)]])
        for name, value in at_rest.items()
    }


@pytest.mark.parametrize(
    ("route", "change"),
    [
        ("compensation", {"stop_signal": 0.9}),
        ("antigen_loss", {"loss_fraction": 0.6}),
        ("exhaustion", {"effectors": 0.3, "exhausted": 1.7}),
        ("cold_niche", {"effectors": 0.3, "exhausted": 0.3, "tpex": 0.3}),
        ("cold_niche", {"suppression": 2.0}),
        ("gut_shift", {"port_infiltration": 0.5}),
        ("gut_shift", {"port_treg": 2.0}),
    ],
)
def test_a_route_is_named_for_what_was_lost(route, change):
    lost = losses(course(**change), DAYS, VOLUME, PROGRESSION)
    assert routes(lost)[0] == route
    others = lost.drop(columns=route).to_numpy()
    assert np.abs(others).max() < 1e-9
    assert lost[route][0] > 0.05


def test_gains_and_small_losses_name_none():
    for change in ({}, {"suppression": 0.5}, {"port_treg": 0.5}, {"suppression": 1.02}):
        assert routes(losses(course(**change), DAYS, VOLUME, PROGRESSION))[0] == NONE_SEEN


def test_without_progression_there_is_no_route():
    lost = losses(course(suppression=2.0), DAYS, VOLUME, np.array([np.inf]))
    assert lost.isna().all(axis=None)
    assert routes(lost)[0] == ""


def test_effects_of_t_cells_saturate():
    """The same fall of the cells costs less killing where there are many."""
    few = losses(course(**dict.fromkeys(("effectors", "exhausted", "tpex"), 0.5)), DAYS, VOLUME, PROGRESSION)
    values = course(**dict.fromkeys(("effectors", "exhausted", "tpex"), 0.5))
    many = {**values, "kill_half": values["kill_half"] / 10}
    assert losses(many, DAYS, VOLUME, PROGRESSION)["cold_niche"][0] < few["cold_niche"][0]


def test_routes_have_labels():
    assert set(losses(course(), DAYS, VOLUME, PROGRESSION)) == set(LABELS)
