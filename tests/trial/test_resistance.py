"""SITC definitions by made patients (10.1136/jitc-2019-000398, table 1)."""

from __future__ import annotations

import numpy as np
import pytest
from made_courses import DAYS, LATE, chance, conduct, course

from hepaxis.trial import Arm, Resistance, durable, endpoints, follow, progression_borne_out, resistance
from hepaxis.trial.hazards import cumulative, death_hazard, new_lesion_hazard

FLAT = np.ones_like(DAYS)


@pytest.mark.parametrize(
    ("progression", "exposure", "expected"),
    [
        (56.0, 56.0, Resistance.PRIMARY),
        (180.0, 180.0, Resistance.PRIMARY),  # stable disease for less than six months
        (190.0, 190.0, Resistance.ACQUIRED),
        (30.0, 30.0, Resistance.TOO_SHORT),
        (36.0, 36.0, Resistance.PRIMARY),  # a week-6 visit a week early
        (np.inf, 400.0, Resistance.NONE),
        (300.0, 100.0, Resistance.OFF_DRUG),  # 28 weeks after the last dose
        (210.0, 150.0, Resistance.TOO_SHORT),  # benefit of six months on five months of drug
        (100.0, 400.0, Resistance.PRIMARY),  # treated beyond progression: exposure to progression counts
    ],
)
def test_definitions(progression, exposure, expected):
    assert resistance(np.array([progression]), np.array([exposure]))[0] == expected


def test_a_second_scan_can_be_asked_for():
    day = np.array([56.0, 56.0])
    got = resistance(day, day, confirmed=np.array([True, False]))
    assert got.tolist() == [Resistance.PRIMARY, Resistance.UNCONFIRMED]


def test_progression_is_borne_out_by_a_second_scan_or_an_early_death():
    flat = course(FLAT)
    born = float(np.interp(60, DAYS, cumulative(new_lesion_hazard(flat, np.zeros(1)), DAYS)[0]))
    again = float(np.interp(130, DAYS, cumulative(new_lesion_hazard(flat, np.zeros(1)), DAYS)[0])) - born
    dies = float(np.interp(120, DAYS, cumulative(death_hazard(flat), DAYS)[0])) * 1.6  # faster after progression
    cases = {
        "stopped at progression": ({"beyond": np.ones(1)}, False),
        "second new lesion": ({"beyond": np.zeros(1), "new": np.array([[born, again, LATE]])}, True),
        "no further change": ({"beyond": np.zeros(1)}, False),
        "died": ({"beyond": np.ones(1), "death": np.array([dies])}, True),
    }
    for name, (changes, expected) in cases.items():
        luck = chance(**({"new": np.array([[born, LATE, LATE]])} | changes))
        flat_pace = course(FLAT, net_growth=np.full(1, 0.0046))
        got = follow(flat_pace, conduct(interval_weeks=8, later_weeks=8), luck, Arm("immune", 2016.0))
        if name == "no further change":  # the new lesion grows by 5 mm within a year: not yet at the next scan
            assert got.immune.confirmed[0] != 2
        else:
            assert progression_borne_out(got)[0] == expected, name


def test_durable_is_six_months_of_a_confirmed_response():
    def size(end):
        return np.where(DAYS < 40, 1.0, np.where(end > DAYS, 0.5, 0.8))

    for end, expected in ((200, False), (250, True), (9999, True)):
        got = follow(course(size(end)), conduct(), chance(), Arm("immune", 2016.0))
        assert durable(got.best, endpoints(got))[0] == expected, end
    leaves = follow(course(size(9999)), conduct(), chance(leaving=np.array([0.2])), Arm("immune", 2016.0))
    assert not durable(leaves.best, endpoints(leaves))[0], "left before six months were watched"
