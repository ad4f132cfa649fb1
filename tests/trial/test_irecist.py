"""iRECIST by hand-made trajectories."""

from __future__ import annotations

import numpy as np
import pytest

from hepaxis.trial import NEVER, ImmuneResponse, read_immune

DAYS = np.arange(1, 6) * 56.0
CR, PR, SD, UPD, CPD, NE = (
    ImmuneResponse.CR,
    ImmuneResponse.PR,
    ImmuneResponse.SD,
    ImmuneResponse.UPD,
    ImmuneResponse.CPD,
    ImmuneResponse.NE,
)


def read(mm, *, count=(0,) * 5, new=(0,) * 5, seen=(1,) * 5, days=DAYS):
    sums = np.array([mm], float)
    return read_immune(
        days[None, :],
        sums[:, 0],
        sums[:, 1:],
        vanished=sums[:, 1:] <= 0,
        new_count=np.array([count]),
        new_mm=np.array([new], float),
        seen=np.array([seen], bool),
    )


@pytest.mark.parametrize(
    ("mm", "options", "states", "confirmed", "event"),
    [
        ((100, 125, 130, 130, 130, 130), {}, [UPD, CPD, NE, NE, NE], 1, 0),  # a further 5 mm
        ((100, 125, 129, 129, 129, 131), {}, [UPD, UPD, UPD, UPD, CPD], 4, 0),  # 4 mm do not, 6 in all do
        ((100, 125, 60, 60, 60, 60), {}, [UPD, PR, PR, PR, PR], NEVER, NEVER),  # pseudoprogression: reset
        ((100, 125, 60, 80, 90, 90), {}, [UPD, PR, UPD, CPD, NE], 3, 2),  # after the reset progression counts anew
        ((100, 125, 0, 0, 0, 0), {}, [UPD, CR, CR, CR, CR], NEVER, NEVER),
        ((100, 125, 110, 110, 110, 110), {}, [UPD, SD, SD, SD, SD], NEVER, NEVER),
        ((100, 100, 100, 100, 100, 100), {"count": (0, 1, 2, 2, 2), "new": (0, 10, 20, 20, 20)},
         [SD, UPD, CPD, NE, NE], 2, 1),  # another new lesion
        ((100, 100, 100, 100, 100, 100), {"count": (0, 1, 2, 2, 2), "new": (0, 10, 10, 10, 10)},
         [SD, UPD, CPD, NE, NE], 2, 1),  # another that cannot be measured
        ((100, 100, 100, 100, 100, 100), {"count": (0, 1, 1, 1, 1), "new": (0, 10, 14, 15, 15)},
         [SD, UPD, UPD, CPD, NE], 3, 1),  # new lesions grew by 5 mm
        ((100, 100, 100, 100, 100, 100), {"count": (0, 1, 1, 1, 1), "new": (0, 10, 10, 10, 10)},
         [SD, UPD, UPD, UPD, UPD], NEVER, 1),  # no change stays unconfirmed, and dates progression
        ((100, 125, 125, 125, 125, 125), {"count": (0, 1, 1, 1, 1), "new": (0, 10, 10, 10, 10)},
         [UPD, CPD, NE, NE, NE], 1, 0),  # the targets, then a new lesion too
        ((100, 100, 125, 125, 125, 125), {"count": (1, 1, 1, 1, 1), "new": (10, 10, 10, 10, 10)},
         [UPD, CPD, NE, NE, NE], 1, 0),  # a new lesion, then the targets too
        ((100, 125, 130, 130, 130, 130), {"seen": (1, 0, 0, 0, 0)}, [UPD, NE, NE, NE, NE], NEVER, 0),
    ],
)  # fmt: skip
def test_hand_made_trajectories(mm, options, states, confirmed, event):
    got = read(mm, **options)
    assert got.state[0].tolist() == states
    assert (got.confirmed[0], got.event[0]) == (confirmed, event)


def test_a_reset_is_counted():
    assert read((100, 125, 60, 80, 50, 50)).resets[0] == 2


def test_confirmation_needs_four_weeks():
    days = np.array([56.0, 70, 98, 154, 210])
    got = read((100, 125, 140, 140, 140, 140), days=days)
    assert got.state[0].tolist() == [UPD, UPD, CPD, NE, NE]
