"""Schedules, claims of a mechanism held against a simulation, and chronic courses that keep their dose."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from hepaxis import therapy
from hepaxis.plan import mechanism
from hepaxis.plan.chronic import DAILY_FIRST, LONG, packed
from hepaxis.plan.estimates import Cross, over_people
from hepaxis.plan.mechanism import claims, standing
from hepaxis.plan.schedules import _biphasic, _window
from hepaxis.plan.schema import Interval, ScheduleRow
from hepaxis.population import engine_model

N = 20
PEOPLE = Cross(np.arange(N), np.zeros(N, int), np.ones(N, bool))


def made(**values):
    """A run of N people with constant courses, each person a little different."""
    days = np.array([0.0, 30.0, 90.0, 200.0])
    spread = np.linspace(0.99, 1.01, N)[:, None]
    runs = {name: np.repeat(level * spread, len(days), axis=1) for name, level in values.items()}
    return SimpleNamespace(run=SimpleNamespace(days=days, values=runs), failed=np.zeros(N, bool))


def test_every_claim_is_of_an_arm_of_the_catalogue_and_of_a_quantity_of_the_model():
    model = engine_model()
    known = (*model.states, *model.observables)
    for claim in claims():
        assert claim.arm in therapy.arm_ids()
        assert claim.observable in known, claim.observable
        assert claim.direction in (1, -1)
    assert {claim.arm for claim in claims()} == set(therapy.arm_ids()) - {"stop_elective_antibiotic"}


def test_a_claim_that_is_borne_out_is_said_as_claimed():
    text = mechanism.tested(("udca",), made(udca_portal=1.0, lca_portal=1.0, treg=1.0),
                  made(udca_portal=4.0, lca_portal=0.5, treg=0.9), PEOPLE)  # fmt: skip
    assert "as claimed, portal UDCA rises" in text
    assert "not shown" not in text
    assert "against" not in text


def test_a_claim_that_is_not_seen_is_never_repeated_as_shown():
    base = made(udca_portal=1.0, lca_portal=1.0, treg=1.0)
    text = mechanism.tested(("udca",), base, made(udca_portal=1.0, lca_portal=1.5, treg=1.0), PEOPLE)
    assert "it is not shown that portal UDCA rises" in text
    assert "against the claim that portal lithocholic acid is diluted" in text
    assert "as claimed" not in text


def test_a_regimen_alone_makes_no_claim():
    assert mechanism.tested(("durvalumab",), made(), made(), PEOPLE) == ""


@pytest.mark.parametrize(("low", "high", "found"), [(1.1, 1.5, "seen"), (0.9, 1.2, "not seen"), (0.5, 0.9, "opposite")])
def test_a_claim_stands_by_its_whole_interval(low, high, found):
    middle = (low + high) / 2
    up = next(claim for claim in claims() if claim.direction > 0)
    assert standing(up, Interval(middle, middle, middle, low, high)) == found
    down = next(claim for claim in claims() if claim.direction < 0)
    turned = {"seen": "opposite", "opposite": "seen"}.get(found, found)
    assert standing(down, Interval(middle, middle, middle, low, high)) == turned


def test_quantiles_over_people_leave_out_who_does_not_count():
    cross = Cross(np.arange(4), np.zeros(4, int), np.array([True, True, True, False]))
    found = over_people(cross, np.array([1.0, 2.0, 3.0, 99.0]))
    assert (found.lo90, found.median, found.hi90) == (1.0, 2.0, 3.0)


def test_a_chronic_course_keeps_its_amount_and_its_days():
    rows = therapy.protocol(("durvalumab", "rifaximin"), 365.0)
    few = packed(rows)
    dosed = rows["lever"].str.startswith("antibiotic.luminal.gut")
    after = few["lever"].str.startswith("antibiotic.luminal.gut")
    assert few[after]["amount"].sum() == pytest.approx(rows[dosed]["amount"].sum())
    assert after.sum() < dosed.sum() / 2
    assert few[after]["time"].iloc[:DAILY_FIRST].tolist() == rows[dosed]["time"].iloc[:DAILY_FIRST].tolist()
    others = rows[~dosed].reset_index(drop=True)
    pd.testing.assert_frame_equal(few[~after].reset_index(drop=True), others)


def test_courses_with_breaks_are_left_as_they_are():
    """Three weeks on, one off: no dose may move into the week without the drug."""
    rows = therapy.protocol(("durvalumab", "oral_vancomycin"), 365.0)
    assert rows["lever"].str.startswith("antibiotic.luminal.gut").sum() >= LONG
    pd.testing.assert_frame_equal(packed(rows), rows)


def doses(*gains, width=0.01):
    return [
        ScheduleRow("dose", f"{dose}", dose, Interval(g, g, g, g - width, g + width), Interval(1, 1, 1, 1, 1))
        for dose, g in zip((0.25, 0.5, 1.0, 2.0, 4.0), gains, strict=True)
    ]


def test_the_window_holds_the_doses_that_cannot_be_told_from_the_best():
    assert _window(doses(0.0, 0.05, 0.06, 0.055, 0.0)) == (0.5, 2.0)
    assert _window(doses(0.0, 0.001, 0.0, 0.002, 0.0)) == (0.25, 4.0)


def test_an_effect_is_biphasic_only_when_both_ends_are_worse_beyond_their_intervals():
    assert _biphasic(doses(0.0, 0.05, 0.06, 0.05, 0.0))
    assert not _biphasic(doses(0.0, 0.02, 0.04, 0.06, 0.08))
    assert not _biphasic(doses(0.0, 0.05, 0.06, 0.05, 0.0, width=0.05))
