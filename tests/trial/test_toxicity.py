"""Severe events: totals of fit arms, immune shares from priors, and the days they come."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from hepaxis import knowledge
from hepaxis.trial import (
    EVENTS,
    IMMUNE,
    Exposures,
    ToxicityChance,
    barrier_factor,
    exposures,
    published_arm,
    severe_events,
    severe_hazards,
    severe_rate,
)
from hepaxis.trial.parameters import rows
from hepaxis.trial.toxicity import ctla4_exposure, management_table

NOTHING = Exposures(0.0, 0.0, 0.0, 0.0, 0.0, ())


def immune_rate(regimen: str) -> float:
    hazards = severe_hazards(exposures(regimen))
    return float(-np.expm1(-sum(hazards[event] for event in IMMUNE)))


def test_what_a_regimen_exposes_to():
    assert exposures("placebo") == NOTHING
    combined = exposures("atezolizumab_bevacizumab")
    assert (combined.pd1, combined.vegf, combined.ctla4, combined.tki) == (1, 1, 0, 0)
    assert combined.drugs == ("atezolizumab", "bevacizumab")
    assert (exposures("sorafenib").sorafenib, exposures("sorafenib").tki) == (1, 0)
    assert (exposures("pembrolizumab_lenvatinib").pd1, exposures("pembrolizumab_lenvatinib").tki) == (1, 1)


def test_ctla4_acts_by_doses_received_times_occupancy():
    assert ctla4_exposure(300, 1) == pytest.approx(12.9 / (12.9 + 5.24))
    assert ctla4_exposure(300, 4) == pytest.approx(3 * ctla4_exposure(300, 1)), "three of four are received"
    assert ctla4_exposure(750, 7) == pytest.approx(4 * ctla4_exposure(750, 1)), "and four at most"
    assert ctla4_exposure(75, 1) < ctla4_exposure(300, 1)
    assert exposures("durvalumab_tremelimumab").ctla4 == pytest.approx(ctla4_exposure(300, 1))
    assert exposures("nivolumab_ipilimumab").ctla4 == pytest.approx(ctla4_exposure(300, 4))


@pytest.mark.parametrize("part", ["pd1", "ctla4", "vegf", "sorafenib", "tki"])
def test_each_part_raises_the_total(part):
    assert severe_rate(dataclasses.replace(NOTHING, **{part: 1.0})) > severe_rate(NOTHING)


def test_totals_lie_in_the_limits_of_most_fit_arms():
    """The feasibility work reached 11 of 15, mean error 3.7 points; only fit rows are read."""
    inside, errors = [], []
    for row in knowledge.records("trials"):
        if row["use"] != "fit" or row["g34_trae_pct"] is None:
            continue
        n, percent = int(row["n"]), float(row["g34_trae_pct"])
        k = round(n * percent / 100)
        low, high = beta.ppf(0.025, k, n - k + 1), beta.ppf(0.975, k + 1, n - k)
        rate = severe_rate(exposures(published_arm(str(row["id"])).components[0]))
        inside.append(low <= rate <= high)
        errors.append(abs(100 * rate - percent))
    assert len(inside) >= 15
    assert np.mean(inside) >= 11 / 15
    assert np.mean(errors) < 4.5


def test_immune_events_are_a_part_of_the_total():
    for regimen in knowledge.table("regimens")["id"]:
        hazards = severe_hazards(exposures(regimen))
        assert all(hazard >= 0 for hazard in hazards.values()), regimen
        assert -np.expm1(-sum(hazards.values())) == pytest.approx(severe_rate(exposures(regimen)))


def test_priors_give_back_what_they_were_made_from():
    assert immune_rate("durvalumab") == pytest.approx(0.064, abs=0.001)
    assert immune_rate("nivolumab_ipilimumab") == pytest.approx(0.28, abs=0.005)
    hazards = severe_hazards(exposures("nivolumab_ipilimumab"))
    assert -np.expm1(-hazards["hepatitis"]) == pytest.approx(0.15, abs=0.003)
    assert -np.expm1(-hazards["colitis"]) == pytest.approx(0.05, abs=0.002)
    assert -np.expm1(-severe_hazards(exposures("durvalumab"))["colitis"]) == pytest.approx(0.009, abs=0.001)


def test_one_dose_of_ctla4_is_predicted():
    """STRIDE entered no value: 12.6% immune-mediated and 25.8% treatment-related were published."""
    assert immune_rate("durvalumab_tremelimumab") == pytest.approx(0.126, abs=0.03)
    assert severe_rate(exposures("durvalumab_tremelimumab")) == pytest.approx(0.258, abs=0.03)


def draw(regimen: str, n: int = 40_000, until: float = 300.0, **options):
    return severe_events(exposures(regimen), ToxicityChance.draw(n, 1), np.full(n, until), **options)


def test_events_come_at_their_rates_and_in_their_time():
    got = draw("nivolumab_ipilimumab", until=2000.0)
    table = got.frame()
    assert table["severe"].mean() == pytest.approx(severe_rate(exposures("nivolumab_ipilimumab")), abs=0.01)
    assert table["severe_immune"].mean() == pytest.approx(0.28, abs=0.01)
    colitis = table["colitis_day"][np.isfinite(table["colitis_day"])]
    assert colitis.median() == pytest.approx(7.2 * 7, rel=0.08)
    alone = draw("nivolumab", n=300_000, until=5000.0).frame()["colitis_day"]
    assert alone[np.isfinite(alone)].median() == pytest.approx(25.4 * 7, rel=0.08), "later without CTLA-4"


def test_a_short_exposure_moves_the_day_not_the_chance():
    short, long = draw("nivolumab_ipilimumab", until=60.0), draw("nivolumab_ipilimumab", until=900.0)
    assert np.array_equal(np.isfinite(short.day), np.isfinite(long.day))
    days = short.day[np.isfinite(short.day)]
    assert days.max() <= 60
    assert (days > 59.9).mean() < 0.01, "onsets keep their form within the exposure, none is pushed to its end"
    assert not np.isfinite(draw("nivolumab_ipilimumab", until=0.0).day).any()


def test_some_events_end_the_drug():
    got = draw("nivolumab_ipilimumab")
    happened = np.isfinite(got.day)
    assert got.ends[happened].mean() == pytest.approx(0.40, abs=0.05)
    assert not got.ends[~happened].any()


def test_a_loose_barrier_raises_colitis_alone():
    n = 40_000
    days, barrier = np.arange(0, 101.0), np.ones((n, 101))
    barrier[:, 1:] = 0.5
    factor = barrier_factor(days, barrier, np.ones(n))
    assert factor == pytest.approx(2, abs=0.02)
    assert barrier_factor(days, barrier, np.zeros(n)) == pytest.approx(1)
    plain, loose = draw("nivolumab_ipilimumab"), draw("nivolumab_ipilimumab", colitis_factor=factor)
    rates = [np.isfinite(one.day).mean(0) for one in (plain, loose)]
    assert rates[1][0] > 1.7 * rates[0][0]
    assert np.array_equal(rates[0][1:], rates[1][1:])


@settings(max_examples=30, deadline=None)
@given(
    parts=st.tuples(*[st.floats(0, 1)] * 5), more=st.integers(0, 4), seed=st.integers(0, 99), until=st.floats(0, 2000)
)
def test_more_drug_is_never_safer(parts, more, seed, until):
    given_one = Exposures(*parts, ())
    names = ["pd1", "ctla4", "vegf", "sorafenib", "tki"]
    given_two = dataclasses.replace(given_one, **{names[more]: parts[more] + 0.5})
    assert severe_rate(given_two) >= severe_rate(given_one)
    got = severe_events(given_one, ToxicityChance.draw(200, seed), np.full(200, until))
    found = np.isfinite(got.day)
    assert np.all(got.day[found] <= until)
    assert np.all(got.day >= 0)
    assert got.day.shape == (200, len(EVENTS))


def test_every_value_has_a_source_and_grade():
    grades = {"human", "derived", "calibrated", "assumed"}
    for row in (*rows("immune_events.csv"), *rows("treatment_events.csv"), *management_table().values()):
        assert row["source"], row
        assert row["grade"] in grades, row
    assert {row["event"] for row in rows("immune_events.csv")} == set(IMMUNE)
