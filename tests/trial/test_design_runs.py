"""What a design writes down reaches the model: people on its arms, and a rescue that changes nothing before it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hepaxis.population import close_population, draw_population, lanes, run_strategy
from hepaxis.trial import OBSERVE, load_design

HORIZON = 84.0
PEOPLE = 3
STOOL = ("don_but", "biomass")


@pytest.fixture(scope="module")
def people():
    return draw_population("trial_default", PEOPLE, 7)


@pytest.fixture(scope="module")
def twin(people):
    return close_population(people)


def run(twin, arm, of):
    return run_strategy(twin, arm.parts, HORIZON, observe=(*STOOL, *OBSERVE), lanes=of)


def test_flora_establishes_donor_strains_on_one_arm(people, twin):
    made = load_design("flora")
    control, fmt = (run(twin, made.arm(id), lanes(people)) for id in ("control", "fmt"))
    assert not (control.failed | fmt.failed).any()
    assert (fmt.values["don_but"][:, -1] > 10 * control.values["don_but"][:, -1]).all()


def test_a_rescue_changes_one_patient_from_the_day_on(people, twin):
    """Two runs, as a trial needs them: until progression is known nothing waits, then the rescue is on its day."""
    arm = load_design("fmt_rescue").arm("rescue")
    first = run(twin, arm, lanes(people))
    day = np.array([28.0, np.nan, np.nan])
    second = run(twin, arm, replace(lanes(people), progression=day))
    assert not (first.failed | second.failed).any()
    before = first.days <= 28.0 + 14.0
    for name in STOOL:
        assert second.values[name][:, before] == pytest.approx(first.values[name][:, before], rel=1e-3, abs=1e-9)
        assert second.values[name][1:] == pytest.approx(first.values[name][1:], rel=1e-3, abs=1e-9)
    assert second.values["don_but"][0, -1] > 10 * first.values["don_but"][0, -1]
