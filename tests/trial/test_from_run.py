"""A run of the model as a trial sees it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hepaxis.population import engine_model
from hepaxis.trial import OBSERVE, course_of


def made(**more: np.ndarray) -> tuple[Any, Any]:
    days = np.array([0.0, 7.0])
    names = ("tumour_volume", "diameter_spread", "net_growth", "growth_promoted", "growth_slowing", "kill_rest")
    values = {name: np.array([[1.0, 2.0], [1.0, np.nan]]) for name in (*names, "vegf_block", "liver", "barrier")}
    values |= {name: np.asarray(array, float) for name, array in more.items()}
    run = SimpleNamespace(days=days, values=values)
    twin = SimpleNamespace(
        hosts=SimpleNamespace(diameter_sum=np.array([100.0, 50.0])),
        host=np.array([0, 1]),
        closed=SimpleNamespace(parameters=pd.DataFrame({"net_growth_start": [0.004, 0.005]})),
    )
    return run, twin


def test_failed_patients_hold_their_first_value():
    course = course_of(*made())
    assert course.volume[1].tolist() == [1, 1]
    assert course.vegf.max() == 1.0
    assert course.gained_killing[0].tolist() == [-1.0, 0.0]
    assert course.lesion_mm is None
    assert course.albi is None


def test_lesions_add_up_to_the_recorded_sum_at_day_0():
    lesions = {f"lesion_diameter_{k}": [[30.0 / k, 15.0 / k]] * 2 for k in range(1, 6)}
    course = course_of(*made(**lesions, albi=np.full((2, 2), -2.5)))
    assert course.lesion_mm is not None
    assert course.lesion_mm[:, 0].sum(1) == pytest.approx([100, 50])
    assert course.lesion_mm[:, 1] == pytest.approx(course.lesion_mm[:, 0] / 2)
    assert course.albi is not None


def test_the_model_has_what_a_trial_observes():
    assert set(OBSERVE) <= set(engine_model().observables)
