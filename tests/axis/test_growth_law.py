"""How growth slows with size: small untreated HCC double as published, and a tumour stops at its ceiling."""

from __future__ import annotations

import numpy as np
import pytest


def doubling(closure, patient, small, **changes):
    """Days in which the same tumour doubled when it was ``small`` mL, with the killing that a rest there has."""
    e = closure.evaluator
    p = patient.p | changes
    killed = closure.close(volume_start=small, **changes)
    y = patient.y.copy()
    y[e.index["tumour_volume"]] = small
    growth = e.every(y, p)["growth_now"]
    return np.log(2) / (growth - e.every(killed.y, killed.p)["kill_sensitive"])


def test_small_untreated_tumours_double_as_published(closure, patient):
    """Medians 86 d (10.3350/cmh.2015.21.3.279, early stage) and 117 d (10.1016/0016-5085(85)90324-5, up to 5 cm)."""
    two_cm, three_cm = doubling(closure, patient, 4.2), doubling(closure, patient, 14.0)
    assert 80 < two_cm < three_cm < 125
    gompertz = doubling(closure, patient, 4.2, ceiling_power=0.01)
    assert gompertz < 60


@pytest.mark.parametrize("size", [0.01, 1.0, 65.0, 1000.0])
def test_growth_slows_with_size_and_stops_at_the_ceiling(closure, patient, size):
    e = closure.evaluator

    def slowing(volume):
        y = patient.y.copy()
        y[e.index["tumour_volume"]] = volume
        return e.every(y, patient.p)["growth_slowing"]

    assert slowing(size) > slowing(2 * size) > slowing(patient.p["volume_max"]) - 1e-9
    assert slowing(patient.p["volume_max"]) == pytest.approx(0.0, abs=1e-9)
    assert slowing(patient.p["volume_start"]) == pytest.approx(1.0, abs=1e-9)
