"""RECIST 1.1 by hand-made trajectories with known answers; each rule has a case that fails when it is dropped."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hepaxis.trial import NEVER, Response, best_response, read_scans, shares

DAYS = np.arange(1, 7) * 56.0
NO_ONE = np.array([np.inf])


def read(*mm: float, days=DAYS, new=np.inf, seen=None):
    sums = np.array([mm], float)
    made = None if seen is None else np.array([seen], bool)
    return read_scans(days, sums[:, 0], sums[:, 1:], new_lesion_day=np.array([new]), seen=made)


def best(*mm: float, confirmed=True, **options):
    return best_response(read(*mm, **options), confirmed=confirmed)


@pytest.mark.parametrize(
    ("mm", "progression", "onset", "confirmation"),
    [
        ((100, 60, 60, 60, 60, 60, 60), NEVER, 0, 1),
        ((100, 60, 90, 90, 90, 90, 90), 1, NEVER, NEVER),  # +50% over the nadir though below baseline: progression
        ((100, 121, 130, 130, 130, 130, 130), 0, NEVER, NEVER),
        ((10, 13, 13, 13, 13, 13, 13), NEVER, NEVER, NEVER),  # +30% but only 3 mm
        ((100, 0, 0, 30, 30, 30, 30), 2, 0, 1),  # regrowth from nothing is progression
        ((100, 71, 69, 69, 69, 69, 69), NEVER, 1, 2),
        ((100, 60, 75, 65, 65, 65, 65), 1, NEVER, NEVER),
        ((100, 100, 100, 100, 100, 100, 65), NEVER, NEVER, NEVER),  # last scan: nothing left to confirm it
        ((100, 69, 71, 69, 71, 69, 71), NEVER, NEVER, NEVER),  # never two running
    ],
)
def test_hand_made_trajectories(mm, progression, onset, confirmation):
    reading = read(*mm)
    found = best_response(reading)
    assert (reading.progression[0], found.onset[0], found.confirmation[0]) == (progression, onset, confirmation)


@pytest.mark.parametrize(
    ("mm", "options", "expected"),
    [
        ((10, 13, 13, 13, 13, 13, 13), {}, Response.SD),
        ((100, 121, 130, 130, 130, 130, 130), {}, Response.PD),
        ((100, 60, 90, 90, 90, 90, 90), {}, Response.SD),
        ((100, 60, 90, 90, 90, 90, 90), {"confirmed": False}, Response.PR),
        ((100, 0, 0, 30, 30, 30, 30), {}, Response.CR),
        ((100, 0, 20, 20, 20, 20, 20), {}, Response.SD),  # complete at one scan only, then progression from nothing
        ((100, 30, 0, 4, 4, 4, 4), {}, Response.PR),  # complete at one scan only, within a confirmed response
        ((100, 30, 0, 4, 4, 4, 4), {"confirmed": False}, Response.CR),
        ((100, 100, 100, 100, 100, 100, 100), {"new": 60.0}, Response.SD),
        ((100, 100, 100, 100, 100, 100, 100), {"new": 10.0}, Response.PD),
        ((100, 60, 60, 60, 60, 60, 60), {"new": 10.0}, Response.PD),  # a new lesion outweighs shrinkage
        ((100, 60, 60, 60, 60, 60, 60), {"seen": [0] * 6}, Response.NE),
        ((100, 60, 60, 60, 60, 60, 60), {"seen": [1, 0, 0, 0, 0, 0]}, Response.SD),
        ((100, 121, 60, 60, 60, 60, 60), {"seen": [0, 1, 1, 0, 0, 0]}, Response.PR),  # what was not seen is no event
    ],
)
def test_best_response_of_hand_made_trajectories(mm, options, expected):
    assert best(*mm, **options).response[0] == expected


def test_progression_by_a_new_lesion_is_found_at_the_next_scan_only():
    found = read(*[100] * 7, new=60.0)
    assert (found.progression[0], found.by_new_lesion[0]) == (1, True)
    assert not read(100, 130, *[130] * 5, new=10.0).by_new_lesion[0], "targets grew too"


def test_both_the_relative_and_the_absolute_rise_are_needed():
    assert read(100, 119, *[119] * 5).progression[0] == NEVER, "19 mm but 19%"
    assert read(20, 24.9, *[24.9] * 5).progression[0] == NEVER, "24.5% but 4.9 mm"
    assert read(20, 25, *[25] * 5).progression[0] == 0


def test_the_nadir_is_of_scans_that_were_made_and_includes_baseline():
    assert read(100, 50, 65, *[65] * 4).progression[0] == 1
    assert read(100, 50, 65, *[65] * 4, seen=[0, 1, 1, 1, 1, 1]).progression[0] == NEVER
    assert read(100, 110, 125, *[125] * 4).progression[0] == 1, "against baseline, not the last sum"


def test_confirmation_needs_four_weeks_from_when_it_was_first_met():
    days = np.array([40.0, 60.0, 90.0])
    found = best(100, 60, 60, 60, days=days)
    assert (found.onset[0], found.confirmation[0]) == (0, 2), "20 days are too short, 50 confirm"
    assert best(100, 60, 60, 100, days=np.array([40.0, 60.0, 70.0])).response[0] == Response.SD


def test_a_scan_that_was_not_made_does_not_end_a_response():
    found = best(100, 60, 60, 60, 100, 100, 100, seen=[1, 0, 1, 1, 1, 1])
    assert (found.onset[0], found.confirmation[0], found.response[0]) == (0, 2, Response.PR)


def test_stable_disease_needs_five_weeks():
    early = np.array([21.0, 42.0, 63.0])
    assert best(100, 100, 130, 130, days=early).response[0] == Response.PD
    assert best(100, 100, 100, 130, days=early).response[0] == Response.SD


def test_non_target_lesions_must_vanish_for_a_complete_response():
    sums = np.zeros((1, 6))
    for left, expected in ((False, Response.CR), (True, Response.PR)):
        found = best_response(read_scans(DAYS, np.array([100.0]), sums, vanished=np.full((1, 6), not left)))
        assert found.response[0] == expected


def test_not_evaluable_is_counted_as_the_trial_counts_it():
    """Trap 1: HIMALAYA's progression holds those never scanned; the denominator holds them under both rules."""
    sums = np.array([[100, 60, 60], [100, 130, 130], [100, 100, 100], [100, 100, 100]], float)
    seen = np.array([[1, 1], [1, 1], [1, 1], [0, 0]], bool)
    found = best_response(read_scans(DAYS[:2], sums[:, 0], sums[:, 1:], seen=seen))
    apart, merged = shares(found, not_evaluable="separate"), shares(found, not_evaluable="progression")
    assert (apart["progression"], apart["not_evaluable"]) == (0.25, 0.25)
    assert (merged["progression"], merged["not_evaluable"]) == (0.5, 0.0)
    assert merged["progression"] + merged["control"] == 1.0
    assert apart["objective"] == merged["objective"] == 0.25
    assert shares(found, not_evaluable="separate", weights=np.array([3, 0, 0, 1]))["objective"] == 0.75
    with pytest.raises(ValueError, match="separate"):
        shares(found, not_evaluable="ignored")


def test_confirmation_lowers_response(monkeypatch):
    """Trap 3, in noise about a stable tumour."""
    sums = 100 * np.exp(np.random.default_rng(1).normal(-0.25, 0.15, (4000, 6)))
    reading = read_scans(DAYS, np.full(4000, 100.0), sums)
    sure, single = (best_response(reading, confirmed=c).objective.mean() for c in (True, False))
    assert sure < single - 0.02


SIZES = arrays(float, (8, 7), elements=st.integers(0, 3000).map(lambda tenth: tenth / 10))


@settings(max_examples=60, deadline=None)
@given(mm=SIZES, new=arrays(float, 8, elements=st.floats(1, 500)), seen=arrays(bool, (8, 6)))
def test_invariants(mm, new, seen):
    made = np.maximum(mm, 0) + np.eye(1, 7)[0] * 10  # something at baseline
    reading = read_scans(DAYS, made[:, 0], made[:, 1:], new_lesion_day=new, seen=seen)
    sure, single = best_response(reading), best_response(reading, confirmed=False)
    assert np.all(single.objective | ~sure.objective), "a confirmed response is a response"
    assert np.all((single.response == Response.CR) | (sure.response != Response.CR))
    assert np.all((reading.state == Response.NE) == ~seen)
    has = reading.progression != NEVER
    assert np.all(seen[has, reading.progression[has]])
    assert np.all((sure.confirmation == NEVER) | ~has | (sure.confirmation < reading.progression))
    both = sure.onset != NEVER
    assert np.all(DAYS[sure.confirmation[both]] - DAYS[sure.onset[both]] >= 28)
    assert np.all((sure.response == Response.NE) <= ~(seen[:, 0])), "a scan at 8 weeks can be evaluated"
    later = read_scans(DAYS, made[:, 0], made[:, 1:], new_lesion_day=new + 100, seen=seen)
    assert np.all((later.progression == NEVER) | (reading.progression != NEVER)), "a later lesion is no earlier event"


@settings(max_examples=40, deadline=None)
@given(mm=SIZES, factor=st.floats(0.3, 3))
def test_response_is_relative(mm, factor):
    made = mm + np.eye(1, 7)[0] * 10
    one, other = (read_scans(DAYS, k * made[:, 0], k * made[:, 1:]) for k in (1.0, factor))
    small = (one.state == Response.PR) & (one.state != Response.PD) & (other.state != Response.PD)
    near = np.abs(made[:, 1:] / made[:, :1] - 0.7) < 1e-9
    assert np.all((other.state[small & ~near]) == Response.PR)
