"""A batch of patients: what differs between them has rows of its own, the rest is written once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hepaxis import therapy
from hepaxis.patient import Exposure
from hepaxis.problems import InputError

NEVER = np.nan
FMT = {"id": "fmt_capsules_healthy", "at": "progression", "first_day": 7.0}


def of(rows: pd.DataFrame, patient: int) -> pd.DataFrame:
    """What one patient gets."""
    return rows[rows["patient"].isna() | (rows["patient"] == patient)]


def feeding_days(rows: pd.DataFrame, patient: int) -> list[float]:
    mine = of(rows, patient)
    return sorted(set(mine.loc[mine["lever"].str.startswith("donor."), "time"]))


def test_patients_alike_share_every_row():
    rows = therapy.protocol(["atezolizumab_bevacizumab", "udca"], 100, lanes=therapy.Lanes(3))
    assert rows["patient"].isna().all()
    assert rows.drop(columns="patient").equals(therapy.protocol(["atezolizumab_bevacizumab", "udca"], 100))


def test_a_dose_by_weight_is_each_patients_own():
    lanes = therapy.Lanes(2, weight_kg=np.array([50.0, 90.0]))
    rows = therapy.protocol(["atezolizumab_bevacizumab"], 30, lanes=lanes)
    assert rows.loc[rows["lever"] == "antibody.pd1", "patient"].isna().all()
    for patient, weight in enumerate((50, 90)):
        mine = of(rows, patient)
        assert mine.loc[mine["lever"] == "antibody.vegf", "amount"].tolist() == [15 * weight] * 2


def test_a_rescue_begins_at_each_patients_progression():
    lanes = therapy.Lanes(3, progression=np.array([56.0, NEVER, 112.0]))
    rows = therapy.protocol(["durvalumab", FMT], 365, lanes=lanes)
    assert [feeding_days(rows, k) for k in range(3)] == [[63, 84], [], [119, 140]]
    assert rows.loc[rows["lever"] == "antibody.pd1", "patient"].isna().all()


def test_nobody_is_rescued_while_no_progression_is_known():
    rows = therapy.protocol(["durvalumab", FMT], 365, lanes=therapy.Lanes(2))
    assert set(rows["lever"]) == {"antibody.pd1"}


def test_a_rescue_with_lead_in_may_not_begin_before_progression():
    lanes = therapy.Lanes(1, progression=np.array([56.0]))
    early = {"id": "fmt_vancomycin_leadin", "at": "progression"}
    with pytest.raises(InputError, match=r"begins 3 days before.*first_day of at least 3\.5"):
        therapy.protocol(["durvalumab", early], 365, lanes=lanes)
    rows = therapy.protocol(["durvalumab", early | {"first_day": 3.5}], 365, lanes=lanes)
    vancomycin = rows[rows["lever"] == "antibiotic.luminal.gut"]
    assert vancomycin["time"].tolist() == [56, 57, 58]
    assert feeding_days(rows, 0) == [59.5, 80]


def test_a_patients_own_course_stands_with_everybodys():
    """Inulin is everybody's from day -14; the synbiotic's inulin adds to it in the patient who progressed."""
    lanes = therapy.Lanes(2, progression=np.array([30.0, NEVER]))
    rows = therapy.protocol(["inulin", {"id": "synbiotic", "at": "progression"}], 365, lanes=lanes)
    inulin = rows[rows["lever"] == "diet.inulin"]
    steps = [of(inulin, k)[["time", "amount"]].to_numpy().tolist() for k in range(2)]
    assert steps == [[[-14, 93], [30, 142], [114, 93]], [[-14, 93]]]


def test_earlier_drugs_are_each_patients_own():
    course = Exposure(kind="antibiotic", drug="ceftriaxone", start_day=-23, end_day=-16)
    rows, _ = therapy.full_protocol(["durvalumab"], (), 100, lanes=therapy.Lanes(2, exposures=((), (course,))))
    blood = rows[rows["lever"] == "antibiotic.systemic.blood"]
    assert blood["patient"].unique().tolist() == [1]
    assert len(blood) == 8


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"weight_kg": np.ones(3)}, "give 2 values"),
        ({"weight_kg": np.array([70.0, NEVER])}, "not positive"),
        ({"progression": np.ones(1)}, "progression of shape"),
        ({"exposures": ((),)}, "exposures of 1 patients"),
    ],
)
def test_lanes_that_do_not_fit_are_refused(more, said):
    with pytest.raises(InputError, match=said):
        therapy.Lanes(2, **more)
