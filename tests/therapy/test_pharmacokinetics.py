"""Population pharmacokinetics: published anchors, mass balance, and what the combination changes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hepaxis import therapy

ANTIBODIES = (
    "atezolizumab", "durvalumab", "nivolumab", "pembrolizumab", "tremelimumab", "ipilimumab", "bevacizumab",
    "tislelizumab", "camrelizumab", "sintilimab", "tiragolumab",
)  # fmt: skip


def rates(name: str, clearance: float) -> np.ndarray:
    one = therapy.drug(name)
    k10, k12, k21 = clearance / one["v1"], one["q"] / one["v1"], one["q"] / one["v2"]
    return np.array([[-(k10 + k12), k21], [k12, -k21]])


@pytest.mark.parametrize("name", ANTIBODIES)
def test_clearance_times_area_is_the_dose(name):
    clearance = therapy.drug(name).clearance()
    area = -np.linalg.inv(rates(name, clearance)) @ np.array([1000.0, 0.0])
    assert clearance * area[0] / therapy.drug(name)["v1"] == pytest.approx(1000.0)


@pytest.mark.parametrize(
    ("name", "days", "tolerance"),
    [
        ("atezolizumab", 27.0, 0.05),
        ("bevacizumab", 19.6, 0.08),
        ("pembrolizumab", 25.8, 0.05),
        ("tremelimumab", 17.4, 0.03),
        ("tiragolumab", 17.6, 0.05),
        ("camrelizumab", 7.0, 0.03),  # chosen so: 3-11 days were measured
    ],
)
def test_terminal_half_life_is_the_published_one(name, days, tolerance):
    own = therapy.drug(name)["clearance"]
    slowest = max(np.linalg.eigvals(rates(name, own)).real)
    assert math.log(2) / -slowest == pytest.approx(days, rel=tolerance)


def test_tislelizumab_keeps_the_published_volume():
    one = therapy.drug("tislelizumab")
    assert one["v1"] + one["v2"] == pytest.approx(6.42)


def test_a_class_prior_says_so():
    for name in ("camrelizumab", "sintilimab"):
        for parameter, value in therapy.drug(name).values.items():
            assert "own:assumed" in value.sources, (name, parameter)
            assert value.checked == "recalled"


def test_tiragolumab_takes_out_tigit_alone():
    found = therapy.parameters(["atezolizumab_bevacizumab_tiragolumab"])
    stem = "antibody.coinhibitory"
    assert [found[f"{stem}.{name}"] for name in ("tigit", "lag3", "tim3")] == [1, 0, 0]
    assert found[f"{stem}.v1"] == 2.76
    assert "antibody.coinhibitory.tigit" not in therapy.parameters(["atezolizumab_bevacizumab"])


def test_clearance_falls_by_the_published_share():
    assert 1 - math.exp(-therapy.drug("durvalumab")["time_max"]) == pytest.approx(0.39, abs=0.005)
    assert 1 - math.exp(-therapy.drug("nivolumab")["time_max"]) == pytest.approx(0.21, abs=0.005)
    assert 1 - math.exp(-therapy.drug("atezolizumab")["time_max"]) == pytest.approx(0.22, abs=0.005)
    assert therapy.drug("pembrolizumab")["time_max"] == 0


@pytest.mark.parametrize("name", ANTIBODIES)
def test_clearance_is_brought_to_one_reference(name):
    one = therapy.drug(name)
    back = one.clearance() * (one["weight_reference"] / therapy.REFERENCE_WEIGHT) ** one["weight_exponent"]
    back *= (one["albumin_reference"] / therapy.REFERENCE_ALBUMIN) ** one["albumin_exponent"]
    assert back == pytest.approx(one["clearance"])


@pytest.mark.parametrize("name", ANTIBODIES)
def test_low_albumin_never_slows_clearance(name):
    assert therapy.drug(name)["albumin_exponent"] <= 0
    assert therapy.drug(name)["weight_exponent"] > 0


def test_parameters_fill_the_slots_of_the_strategy():
    found = therapy.parameters(["durvalumab_tremelimumab", "akkermansia"])
    assert found["antibody.pd1.v1"] == 3.42
    assert found["antibody.ctla4.ec50"] == 5.24
    assert "antibody.vegf.v1" not in found
    assert "antibody.ctla4.time_max" not in found
    assert {"antibody.pd1.time_max", "antibody.pd1.time_t50"} <= found.keys()


def test_ipilimumab_speeds_nivolumab():
    alone = therapy.parameters(["nivolumab"])["antibody.pd1.clearance"]
    both = therapy.parameters(["nivolumab_ipilimumab"])["antibody.pd1.clearance"]
    assert both / alone == pytest.approx(math.exp(0.227), abs=1e-3)


def test_women_clear_slower_where_it_was_found():
    assert therapy.parameters(["durvalumab"], sex="female")["antibody.pd1.clearance"] == pytest.approx(
        0.839 * therapy.parameters(["durvalumab"], sex="male")["antibody.pd1.clearance"]
    )


def test_kinase_inhibitors_have_strengths_and_say_that_they_are_assumed_or_calibrated():
    strengths = therapy.parameters(["lenvatinib"])
    assert strengths.keys() == {"tki.antivegf", "tki.growth", "tki.kill", "tki.daily_dose", "tki.elimination"}
    assert strengths["tki.kill"] > therapy.parameters(["sorafenib"])["tki.kill"] > 0
    for name in ("lenvatinib", "sorafenib"):
        values = therapy.drug(name).values
        assert values["daily_dose"].sources[0] != "own:assumed"
        for parameter in ("antivegf", "growth", "kill"):
            value = values[parameter]
            assert value.sources == (("own:tools/calibrate.py",) if parameter == "kill" else ("own:assumed",))
            assert value.checked == "recalled"


def test_local_treatment_has_no_drug_parameters():
    assert therapy.parameters(["tace", "fibre"]) == {}
