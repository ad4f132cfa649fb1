"""Endpoints of made courses: each hazard's effect disappears when its input or its sign is removed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hepaxis.trial import Course, Nuisance, assess, criteria_table, criterion, hazard, hazard_table, median_event_free

DAYS = np.arange(0.0, 366.0, 7.0)


def course(rate: float = 0.0, n: int = 40, **changes) -> Course:
    """n equal patients whose volume changes at ``rate`` 1/day."""
    volume = 65.0 * np.exp(rate * DAYS)[None, :] * np.ones((n, 1))
    zero = np.zeros_like(volume)
    made = Course(
        days=DAYS,
        volume=volume,
        gained_killing=zero,
        vegf=zero,
        liver_function=zero + 1.0,
        barrier=zero + 1.0,
        net_growth=np.full(n, 0.0046),
        diameter_sum=np.full(n, 110.0),
    )
    return dataclasses.replace(made, **changes)


def run(made: Course, **options):
    n = len(made.volume)
    options = {"scan_interval_weeks": 8.0} | options
    return assess(made, Nuisance.draw(n, 12, 6, seed=3), **options)


def test_shrinking_tumours_respond_and_growing_ones_progress():
    gained = np.full((40, len(DAYS)), 0.0246)  # what it takes to shrink at 2% a day
    down, up = run(course(-0.02, gained_killing=gained)), run(course(+0.012))
    assert down.response.mean() > 0.6
    assert up.response.mean() < 0.1
    assert up.progression_first.mean() > down.progression_first.mean() + 0.1


def test_stable_disease_is_no_response_beyond_the_background():
    assert run(course(0.0)).response == pytest.approx(hazard("background_response"), abs=5e-3)


@pytest.mark.parametrize(
    ("change", "better"),
    [
        ({"gained_killing": np.full((40, len(DAYS)), 0.03)}, True),
        ({"vegf": np.ones((40, len(DAYS)))}, True),
        ({"liver_function": np.full((40, len(DAYS)), 0.5)}, False),
        ({"net_growth": np.full(40, 0.02)}, False),
        ({"diameter_sum": np.full(40, 250.0)}, False),
    ],
    ids=["killing gained", "anti-VEGF", "poor liver", "fast pace", "large tumour"],
)
def test_each_input_of_the_hazards_moves_progression_free_survival(change, better):
    plain, changed = run(course(0.0)), run(course(0.0, **change))
    difference = changed.event_free[:, -1].mean() - plain.event_free[:, -1].mean()
    assert (difference > 0.005) if better else (difference < -0.005)


def test_frailty_spreads_patients():
    free = run(course(0.0)).event_free[:, -1]
    assert free.std() > 0.1


def test_durable_response_needs_six_months():
    volume = 65.0 * np.exp(-0.02 * DAYS)
    relapse = np.where(DAYS > 180, 65.0 * np.exp(-0.02 * 180) * np.exp(0.03 * (DAYS - 180)), volume)
    lasting = run(course(volume=np.tile(volume, (40, 1))))
    short = run(course(volume=np.tile(relapse, (40, 1))))
    assert short.response.mean() == pytest.approx(lasting.response.mean(), abs=0.02)
    assert short.durable.mean() < 0.02 < 0.3 < lasting.durable.mean()


def test_severe_immune_events_follow_the_regimen_and_the_barrier():
    plain = run(course(), severe_immune_rate=0.28, immune_exponent=np.full(40, 0.5))
    assert plain.severe_immune == pytest.approx(0.28, abs=1e-9)
    loose = np.ones((40, len(DAYS)))
    loose[:, 1:] = 0.5
    raised = run(course(barrier=loose), severe_immune_rate=0.28, immune_exponent=np.full(40, 0.5))
    none = run(course(barrier=loose), severe_immune_rate=0.28, immune_exponent=np.zeros(40))
    assert raised.severe_immune.mean() > 0.33
    assert none.severe_immune == pytest.approx(0.28, abs=1e-9)


def test_same_seed_same_answer():
    first, second = run(course(-0.01)), run(course(-0.01))
    assert np.array_equal(first.response, second.response)


def test_nuisance_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="do not fit"):
        assess(course(), Nuisance.draw(3, 12, 2, 0), scan_interval_weeks=8)


def test_median_crosses_one_half_between_scans():
    scans = np.array([50.0, 100.0])
    assert median_event_free(scans, np.array([[0.75, 0.25]])) == pytest.approx(75.0)
    assert median_event_free(scans, np.array([[0.9, 0.8]])) == float("inf")


def test_every_hazard_parameter_has_a_unit_source_and_grade():
    for name, row in hazard_table().items():
        assert row["unit"], name
        assert row["source"], name
        assert row["grade"] in {"human", "calibrated", "derived", "assumed"}, name


def test_every_criterion_has_a_unit_and_source():
    for name, row in criteria_table().items():
        assert row["unit"], name
        assert row["source"], name
        assert row["grade"] in {"guideline", "assumed"}, name
    with pytest.raises(KeyError, match="partial_response"):
        criterion("response")


@settings(max_examples=25, deadline=None)
@given(rate=st.floats(-0.05, 0.05), size=st.floats(10, 400), growth=st.floats(1e-4, 0.05))
def test_probabilities_stay_probabilities_and_survival_falls(rate, size, growth):
    got = run(course(rate, n=5, diameter_sum=np.full(5, size), net_growth=np.full(5, growth)))
    for values in (got.response, got.durable, got.control_6m, got.event_free, got.severe_immune):
        assert np.all((values >= 0) & (values <= 1))
    assert np.all(np.diff(got.event_free, axis=1) <= 1e-12)
    assert np.all(got.durable <= got.response + 1e-12)


def test_the_sum_of_diameters_of_several_lesions_is_read_and_of_one_is_as_before():
    """A volume that stays but parts into 7/8 and 1/8 has (7^(1/3) + 1)/2 of the diameter."""
    made = course(0.0)
    one = np.ones_like(made.volume)
    alone, told = run(made), run(dataclasses.replace(made, spread=one))
    assert (alone.event_free == told.event_free).all()
    apart = one * np.where(DAYS > 0, (7 ** (1 / 3) + 1) / 2, 1.0)
    spread = dataclasses.replace(made, spread=apart)
    assert spread.diameters[0, -1] == pytest.approx(1.4565, abs=1e-4)
    assert run(spread).event_free.mean() < alone.event_free.mean(), "a sum that grew by 46% is progression"
