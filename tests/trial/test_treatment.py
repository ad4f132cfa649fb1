"""When drugs stop and pause, and the protocol that follows from it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from made_courses import DAYS, LATE, chance, conduct, course

from hepaxis import therapy
from hepaxis.trial import REASONS, Arm, Exposure, Toxicity, exposure, follow, given_rows, steroid_rows, treated_days
from hepaxis.trial.hazards import cumulative, new_lesion_hazard

FLAT = np.ones_like(DAYS)
NONE = np.full((1, 4), np.inf)


def toxic(day: float = np.inf, *, event: int = 0, ends: bool = False, ctla4: bool = False) -> Toxicity:
    days = NONE.copy()
    days[0, event] = day
    stop = np.zeros((1, 4), bool)
    stop[0, event] = ends
    return Toxicity(days, stop, ctla4)


def followed(**events):
    events = {key: np.atleast_1d(np.asarray(value, float)) for key, value in events.items()}
    if "new" in events:
        rising = cumulative(new_lesion_hazard(course(FLAT), np.zeros(1)), DAYS)[0]
        at = np.interp(events["new"], DAYS, rising)
        events["new"] = np.append(np.diff(at, prepend=0.0), [LATE] * (3 - len(at)))[None, :]
    return follow(course(FLAT), conduct(), chance(**events), Arm("immune", 2016.0))


def why(got, **options):
    end, reason = treated_days(got, **options)
    return end[0], REASONS[reason[0]]


def test_progression_stops_the_drug_unless_treated_beyond_it():
    assert why(followed(new=[60])) == (112.0, "progression")
    assert why(followed(new=[60, 130], beyond=0.1)) == (168.0, "progression"), "until it is confirmed"
    assert why(followed(beyond=0.1)) == (DAYS[-1], "end of follow-up")


def test_caps_leaving_and_death_stop_it_too():
    assert why(followed(), cap_days=730.0) == (730.0, "cap")
    assert why(followed(leaving=0.1)) == (100.0, "left")
    assert why(followed(death=0.05))[1] == "death"


def test_a_severe_event_ends_or_pauses():
    ended = exposure(followed(), toxic(40, ends=True))
    assert (ended.end[0], REASONS[ended.reason[0]]) == (40.0, "toxicity")
    paused = exposure(followed(), toxic(40))
    assert paused.end[0] == DAYS[-1]
    on = paused.on_drug(np.array([0.0, 39, 40, 67, 68, 500]))
    assert on[0].tolist() == [True, True, False, False, True, True], "four weeks"
    longer = exposure(followed(), toxic(40, ctla4=True))
    assert not longer.on_drug(np.array([81.0]))[0, 0], "six weeks with CTLA-4"
    other = exposure(followed(), toxic(40, event=3))
    assert other.on_drug(np.array([53.0, 55.0]))[0].tolist() == [False, True], "two weeks without steroids"
    after = exposure(followed(new=[60]), toxic(200, ends=True))
    assert (after.end[0], REASONS[after.reason[0]]) == (112.0, "progression"), "toxicity after the drug ends nothing"


ROWS = pd.DataFrame(
    {
        "time": [0.0, 0.0, 28.0, 56.0, 0.0],
        "lever": ["antibody.pd1"] * 1 + ["tki.level"] + ["antibody.pd1"] * 2 + ["ppi"],
        "action": ["add", "set", "add", "add", "set"],
        "amount": [240.0, 1.0, 240.0, 240.0, 1.0],
        "component": ["x"] * 5,
    }
)


def two(**changes) -> Exposure:
    """Patient 0 is treated throughout, patient 1 as said."""
    base = {
        "end": np.array([1000.0, 1000.0]),
        "reason": np.array([5, 5]),
        "hold_from": np.full((2, 4), np.inf),
        "hold_to": np.full((2, 4), np.inf),
    }
    return Exposure(**(base | changes))


def test_doses_that_were_not_given_are_taken_out_patient_by_patient():
    made = given_rows(ROWS, two(end=np.array([1000.0, 40.0])))
    doses = made[made["lever"] == "antibody.pd1"]
    assert doses["patient"].isna().sum() == 2, "both had the first two"
    assert doses[doses["time"] == 56]["patient"].tolist() == [0.0]
    level = made[made["lever"] == "tki.level"]
    assert level[level["patient"] == 1][["time", "amount"]].to_numpy().tolist() == [[40.0, 0.0]]
    assert made[made["lever"] == "ppi"]["patient"].isna().all(), "no other lever is touched"
    assert made["time"].is_monotonic_increasing


def test_a_pause_drops_the_dose_and_lowers_the_level_for_its_length():
    hold_from, hold_to = np.full((2, 4), np.inf), np.full((2, 4), np.inf)
    hold_from[1, 0], hold_to[1, 0] = 20.0, 48.0
    made = given_rows(ROWS, two(hold_from=hold_from, hold_to=hold_to))
    doses = made[(made["lever"] == "antibody.pd1") & (made["time"] == 28)]
    assert doses["patient"].tolist() == [0.0]
    level = made[(made["lever"] == "tki.level") & (made["patient"] == 1)]
    assert level[["time", "amount"]].to_numpy().tolist() == [[20.0, 0.0], [48.0, 1.0], [1000.0, 0.0]]


def test_treatment_throughout_changes_no_dose():
    made = given_rows(ROWS[ROWS["lever"] != "tki.level"], two())
    assert made["patient"].isna().all()
    assert len(made) == 4


def test_rows_of_one_patient_stay_that_patients():
    own = ROWS.assign(patient=[np.nan, 1.0, 1.0, 0.0, np.nan])
    made = given_rows(own, two(end=np.array([1000.0, 20.0])))
    doses = made[made["lever"] == "antibody.pd1"]
    assert doses[["time", "patient"]].fillna(-1).to_numpy().tolist() == [[0, -1], [56, 0]], "28 was after the end of 1"
    level = made[made["lever"] == "tki.level"]
    assert level[["time", "amount", "patient"]].to_numpy().tolist() == [[0, 1, 1], [20, 0, 1]]


def test_rows_that_are_one_patients_own_stay_so():
    """Doses by weight and a rescue are rows of their own before anything is taken out."""
    lanes = therapy.Lanes(2, weight_kg=np.array([50.0, 90.0]), progression=np.array([np.nan, 30.0]))
    rescue = {"id": "fmt_capsules_healthy", "at": "progression"}
    rows = therapy.protocol(("atezolizumab_bevacizumab", rescue), 60, lanes=lanes)
    made = given_rows(rows, two(end=np.array([1000.0, 40.0])))
    vegf = made[made["lever"] == "antibody.vegf"][["time", "amount", "patient"]].to_numpy().tolist()
    assert sorted(vegf) == [[0, 750, 0], [0, 1350, 1], [21, 750, 0], [21, 1350, 1], [42, 750, 0]]
    stool = made["lever"].str.startswith("donor.")
    assert made[stool].equals(rows[rows["lever"].str.startswith("donor.")].set_axis(made.index[stool]))


def test_a_real_regimen_goes_through():
    rows = therapy.protocol(("atezolizumab_bevacizumab",), 200)
    made = given_rows(rows, two(end=np.array([1000.0, 100.0])))
    late = made[made["time"] >= 100]
    assert len(late)
    assert set(late["patient"]) == {0.0}
    assert len(made) == len(rows), "each late dose has one patient left"


def test_steroids_step_down_and_overlaps_take_the_larger():
    taken = exposure(followed(), toxic(40, ctla4=True))
    rows = steroid_rows(taken, toxic(40, ctla4=True))
    assert rows["amount"].tolist() == [1.0, 0.5, 0.25, 0.0]
    assert rows["time"].tolist() == pytest.approx([40, 54, 68, 82], abs=0.01)
    assert (rows["lever"] == "steroid").all()
    both = toxic(40, ctla4=True)
    both.day[0, 1] = 50.0
    overlapping = steroid_rows(exposure(followed(), both), both)
    assert overlapping["amount"].tolist() == [1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.0]
    assert len(steroid_rows(taken, toxic(40, event=3))) == 0, "not for what is not immune"
    assert len(steroid_rows(exposure(followed(), toxic()), toxic())) == 0
    ending = toxic(40, ends=True)
    assert len(steroid_rows(exposure(followed(), ending), ending)) == 4, "an event that ends the drug is treated too"


def test_levers_named_here_exist_in_therapy():
    known = therapy.levers()
    for name in ("steroid", "tki.level", "antibody.pd1", "antibody.ctla4", "antibody.vegf", "antibody.coinhibitory"):
        assert name in known
    assert dataclasses.is_dataclass(Exposure)
