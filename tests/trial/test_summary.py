"""A trial's summary: its shape is the documented one, and contrasts of arms with known hazards come out."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from hepaxis import trial
from hepaxis.problems import InputError
from hepaxis.trial.contrasts import contrast
from hepaxis.trial.run import run_trial
from hepaxis.trial.summary import trial_summary, write_summary

N = 2000


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = replace(trial.load_design("flora"), n=24)
    out = tmp_path_factory.mktemp("trial")
    text = made.text.replace("n: 48", "n: 24").replace("horizon_days: 365", "horizon_days: 168")
    run_trial(trial.parse_design(text, file="flora.yaml"), out)
    return out


@pytest.fixture(scope="module")
def found(folder):
    return write_summary(folder)


def differing(one, other, path=""):
    """Keys that only one of two JSON trees has; lists by their first entry."""
    if isinstance(one, dict) and isinstance(other, dict):
        free = path in ("/enrolled/lost", "/enrolled/not_simulated")
        keys = [] if free else [f"{path}/{key}" for key in set(one) ^ set(other)]
        return keys + [k for key in set(one) & set(other) for k in differing(one[key], other[key], f"{path}/{key}")]
    if isinstance(one, list) and isinstance(other, list) and one and other:
        return differing(one[0], other[0], path)
    return []


def test_the_summary_has_the_documented_shape(found, folder, root):
    example = json.loads((root / "docs" / "trial_example.json").read_text(encoding="utf-8"))
    written = json.loads((folder / "trial.json").read_text(encoding="utf-8"))
    assert written == found
    assert set(differing(written, example)) <= {"/example"}


def test_the_summary_is_of_the_trial_that_was_asked_for(found):
    assert [arm["id"] for arm in found["arms"]] == ["control", "fmt"]
    assert sum(arm["n"] for arm in found["arms"]) == found["enrolled"]["patients"] == 24
    assert [arm["trial_n"] for arm in found["arms"]] == [8, 16]
    assert {one["outcome"] for one in found["contrasts"]} == {
        *("cd8_biopsy", "severe_events", "response", "disease_control", "pfs", "os")
    }
    assert all(not one["kind"].startswith("within") for one in found["contrasts"])
    assert sum(found["arms"][0]["best"].values()) == pytest.approx(1.0)
    assert found["arms"][0]["biopsy"]["day"] == 41.0


def test_a_summary_needs_a_run(tmp_path):
    with pytest.raises(InputError):
        trial_summary(tmp_path)


def made_arm(factor, seed, *, draws=200):
    """Rows of an arm whose hazard of progression is ``factor`` times 1/300 a day; frailties belong to patients."""
    rng, shared = np.random.default_rng(seed), np.random.default_rng(9)
    frailty = np.exp(shared.standard_normal(N) * 0.7)
    life, left = rng.exponential(300.0, N) / factor / frailty, rng.exponential(600.0, N)
    best = np.where(rng.random(N) < 0.2 * factor, 2, 4)
    day = np.minimum(life, left)
    return pd.DataFrame(
        {
            **{"patient": np.arange(N), "weight": 1.0, "draw": np.arange(N) % draws, "analysis_stratum": "all"},
            **{"best": best, "best_unconfirmed": best, "best_viable": best, "durable": False, "severe": False},
            **{"severe_immune": False, "decompensation_day": np.inf, "response_day": np.nan, "change": 0.1},
            **{"cd8_biopsy": np.exp(rng.standard_normal(N)) * factor, "duration": np.nan, "duration_event": False},
            **{f"{name}_day": day for name in ("pfs", "immune_pfs", "os")},
            **{f"{name}_event": life <= left for name in ("pfs", "immune_pfs", "os")},
        }
    )


def test_between_patients_a_hazard_ratio_is_cox(monkeypatch):
    found = contrast("pfs", "hazard_ratio", made_arm(0.6, 1), made_arm(1.0, 2), 400, paired=False, counted=False)
    assert found["kind"] == "hazard_ratio"
    # frailty draws the marginal ratio towards 1
    assert 0.58 < found["estimate"] < 0.78
    assert found["trial"]["low"] < found["estimate"] < found["trial"]["high"]
    events = 400 * made_arm(0.8, 3)["pfs_event"].mean()
    width = np.log(found["trial"]["high"] / found["trial"]["low"]) / (2 * 1.96)
    assert width == pytest.approx(2 / np.sqrt(events), rel=0.15)


def test_within_patients_the_hazard_ratio_is_the_patients_own():
    """The frailty cancels within a patient, so the ratio is that of the hazards; and the kind says so."""
    found = contrast("pfs", "hazard_ratio", made_arm(0.6, 1), made_arm(1.0, 2), 400, paired=True, counted=False)
    assert found["kind"] == "within_hazard_ratio"
    assert found["estimate"] == pytest.approx(0.6, abs=0.06)


def test_no_discordant_pair_is_no_certainty():
    arm = made_arm(1.0, 1).iloc[:40]
    found = contrast("response", "difference", arm, arm, 400, paired=True, counted=False)
    assert found["estimate"] == 0.0
    assert found["trial"]["low"] < 0.0 < found["trial"]["high"]


@pytest.mark.parametrize("paired", [False, True])
def test_differences_and_ratios(paired):
    arm, control = made_arm(0.6, 1), made_arm(1.0, 2)
    share = contrast("response", "difference", arm, control, 400, paired=paired, counted=False)
    assert share["estimate"] == pytest.approx(-0.08, abs=0.03)
    cells = contrast("cd8_biopsy", "ratio", arm, control, 400, paired=paired, counted=False)
    assert cells["estimate"] == pytest.approx(0.6, abs=0.06)
    nobody = contrast("time_to_response", "difference", arm, control, 400, paired=paired, counted=False)
    assert nobody["estimate"] is None
