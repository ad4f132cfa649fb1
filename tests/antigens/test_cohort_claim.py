"""The cohort's claim: found where each patient's gut is its own, absent where guts or antigens are merely rich."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest

from hepaxis.antigens.cohort_claim import cohort_claim, pairings
from hepaxis.problems import InputError


def test_patients_near_their_own_gut_are_found():
    rng = np.random.default_rng(1)
    strength = rng.lognormal(0, 0.3, (8, 8))
    strength[np.diag_indices(8)] *= 3
    assert cohort_claim(strength, 1)["p"] < 0.01


def test_rich_guts_and_many_antigens_are_no_claim_and_p_is_uniform():
    found = []
    for seed in range(80):
        rng = np.random.default_rng(seed)
        strength = rng.lognormal(0, 0.5, (7, 7)) * rng.lognormal(0, 2, (7, 1)) * rng.lognormal(0, 2, (1, 7))
        found.append(cohort_claim(strength, seed, permutations=300)["p"])
    assert kstest(np.array(found) - np.random.default_rng(0).random(80) / 301, "uniform").pvalue > 0.01


def result(weight: list[float], by_species: list[list[float]], **gut: object) -> dict:
    held = {"index": "x", "weight": weight, "all_species": True} | gut
    return {"gut": held, "targets": [{"strength_by_species": one} for one in by_species]}


def test_every_patient_is_paired_with_every_gut():
    results = [result([1.0, 0.0], [[1.0, 2.0], [3.0, 4.0]]), *[result([0.5, 0.5], [[1.0, 1.0]]) for _ in range(3)]]
    found = pairings(results, list("abcd"))
    assert found[0] == pytest.approx([4.0, 5.0, 5.0, 5.0])
    assert found[1] == pytest.approx([1.0] * 4)


def test_every_result_that_cannot_be_paired_is_named():
    results = [result([1.0], [[1.0]]) for _ in range(4)]
    results[1]["gut"]["index"] = "other"
    del results[2]["gut"]["all_species"]
    with pytest.raises(InputError) as fault:
        pairings(results, list("abcd"))
    assert [(p.code, p.file) for p in fault.value.problems] == [
        ("mimics.cohort_index", "b"),
        ("mimics.cohort_species", "c"),
    ]
    with pytest.raises(InputError, match="2 patients"):
        pairings(results[:2], ["a", "b"])
