"""RECIST 1.1 by hand-made trajectories with known answers."""

from __future__ import annotations

import numpy as np
import pytest

from hepaxis.trial import read_sizes, scan_schedule
from hepaxis.trial.recist import NEVER

DAYS = np.arange(1, 7) * 56.0


def read(*mm: float):
    sums = np.array([mm], float)
    got = read_sizes(DAYS, sums[:, 0], sums[:, 1:])
    return int(got.progression[0]), int(got.response[0]), int(got.confirmation[0])


@pytest.mark.parametrize(
    ("mm", "expected"),
    [
        ((100, 60, 60, 60, 60, 60, 60), (NEVER, 0, 1)),
        ((100, 60, 90, 90, 90, 90, 90), (1, NEVER, NEVER)),  # +50% over the nadir though below baseline: progression
        ((100, 121, 130, 130, 130, 130, 130), (0, NEVER, NEVER)),
        ((10, 13, 13, 13, 13, 13, 13), (NEVER, NEVER, NEVER)),  # +30% but only 3 mm
        ((100, 0, 0, 30, 30, 30, 30), (2, 0, 1)),  # regrowth from nothing is progression
        ((100, 71, 69, 69, 69, 69, 69), (NEVER, 1, 2)),
        ((100, 60, 75, 65, 65, 65, 65), (1, NEVER, NEVER)),
        ((100, 100, 100, 100, 100, 100, 65), (NEVER, NEVER, NEVER)),  # last scan: nothing left to confirm it
    ],
)
def test_hand_made_trajectories(mm, expected):
    assert read(*mm) == expected


def test_confirmation_needs_four_weeks():
    days = np.array([10.0, 20.0, 60.0])
    got = read_sizes(days, np.array([100.0]), np.array([[60.0, 60.0, 60.0]]))
    assert (int(got.response[0]), int(got.confirmation[0])) == (1, 2)


def test_schedule_is_within_the_horizon_and_refuses_nonsense():
    assert scan_schedule(8, 365)[-1] == 336
    with pytest.raises(ValueError, match="positive"):
        scan_schedule(0, 365)
    with pytest.raises(ValueError, match="no scan"):
        scan_schedule(60, 365)
