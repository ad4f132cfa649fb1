"""Cohorts with no causal effect: centred on 1, moved by a planted confounder, protected by immortal time."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from hepaxis.cli import main
from hepaxis.population.baseline import correlation, latent_scores
from hepaxis.problems import InputError
from hepaxis.trial.confounding import BAR, Manner, cohort_ratios, mechanism, paradox, pool_error, summarised
from hepaxis.trial.confounding_designs import Published, cohort_design, cohort_designs, pools
from hepaxis.trial.confounding_features import area, feature_record, gut_features
from hepaxis.trial.confounding_page import confounding_page, confounding_text
from hepaxis.trial.confounding_pools import PoolRun, exposure_score, indicated, run_pool
from hepaxis.trial.confounding_study import confounding
from hepaxis.trial.cox import log_hazard_ratios

N, SEED = 2000, 4
COHORTS = 60


def made(liver: float = 1.2, gut: float = 0.0) -> PoolRun:
    """A made pool whose deaths depend on liver function (log hazard per sd) and, where taken, on the antibiotic."""
    patients = np.arange(N)
    scores = latent_scores(SEED, patients, [str(name) for name in correlation().index])
    rng = np.random.default_rng(SEED)
    time = rng.standard_exponential(N)
    albi = -2.65 + 0.4 * scores["albi"]

    def rows(effect: float) -> pd.DataFrame:
        dies = 500 * time * np.exp(-liver * scores["albi"] - effect)
        fails = np.minimum(dies, 0.6 * dies)
        return pd.DataFrame({
            "patient": patients, "weight": 1.0, "draw": patients // 10, "albi": albi, "child_pugh": 5.0, "ecog": 0.0,
            "afp": 100.0, "mvi": 0.0, "ehs": 0.0, "os_day": np.minimum(dies, 730.0), "os_event": dies < 730,
            "pfs_day": np.minimum(fails, 730.0), "pfs_event": fails < 730, "best": 3,
        })  # fmt: skip

    untreated = rows(0.0)
    return PoolRun(pools()["pd1"], "off", SEED, untreated, rows(gut) if gut else untreated, scores)


@pytest.fixture(scope="module")
def design():
    return replace(cohort_design("cheung_2021"), n=400, exposed=0.3, adjusted=("albi",))


def median(run: PoolRun, design, **manner) -> float:
    got = summarised(cohort_ratios(run, design, "os", Manner(**manner), COHORTS), None)
    assert got["cohorts"] == COHORTS
    return got["median"]


def test_without_confounders_the_hazard_ratio_is_centred_on_1(design):
    assert median(made(), design, strength=0.0, immortal=False) == pytest.approx(1.0, abs=0.06)


def test_a_planted_confounder_moves_it_and_adjusting_takes_it_back(design):
    run = made()
    crude = median(run, design, strength=2.0, immortal=False)
    assert crude > 1.3
    assert abs(np.log(median(run, design, strength=2.0, immortal=False, adjusted=True))) < 0.5 * np.log(crude)
    assert 1.0 < median(run, design, immortal=False) < crude


def test_immortal_time_makes_exposure_look_protective(design):
    late = replace(design, window=(0.0, 365.0))
    assert median(made(), late, strength=0.0, immortal=True) < 0.8
    assert median(made(), late, strength=0.0, immortal=False) == pytest.approx(1.0, abs=0.06)


def test_an_effect_of_the_gut_moves_it_in_its_direction(design):
    harm, good = made(liver=0.0, gut=0.5), made(liver=0.0, gut=-0.5)
    assert median(harm, design, immortal=False) == pytest.approx(np.exp(0.5), rel=0.15)
    assert median(good, design, immortal=False) < 0.75
    effects = {(one["course"], one["outcome"]): one for one in mechanism(harm, boots=20)}
    assert effects["any day", "os"]["hazard_ratio"] == pytest.approx(np.exp(0.5), rel=0.05)
    assert not effects["any day", "os"]["inside_bar"]


def test_deadly_infections_look_like_harm(design):
    assert median(made(), design, illness=0.2) > 1.15 * median(made(), design)


def test_exposure_is_drawn_with_the_correlations_of_the_table():
    run = made()
    draws = np.concatenate([exposure_score(run, "antibiotic", k) for k in range(20)])
    albi = np.tile(run.scores["albi"], 20)
    assert np.corrcoef(draws, albi)[0, 1] == pytest.approx(correlation().loc["albi", "antibiotic"], abs=0.03)
    assert draws.std() == pytest.approx(1.0, abs=0.03)
    chance = np.concatenate([exposure_score(run, "antibiotic", k, 0.0) for k in range(20)])
    assert np.corrcoef(chance, albi)[0, 1] == pytest.approx(0.0, abs=0.03)
    who, begins = indicated(run, cohort_design("pomej_2021"), 0)
    assert who.mean() == pytest.approx(0.112, abs=0.01)
    assert begins.min() >= -30
    assert begins.max() <= 30


def test_a_larger_pool_errs_less(design):
    run = made()
    few = np.arange(N) < 200
    scores = {name: score[few] for name, score in run.scores.items()}
    small = replace(run, untreated=run.untreated[few], treated=run.untreated[few], scores=scores)
    assert 1.0 < pool_error(run, design, "os") < pool_error(small, design, "os") < 1.2


def test_cox_is_that_of_lifelines():
    lifelines = pytest.importorskip("lifelines")
    rng = np.random.default_rng(1)
    x = np.stack([rng.random(300) < 0.3, rng.normal(size=300)], axis=1).astype(float)
    day = rng.exponential(np.exp(-0.5 * x[:, 0] - 0.8 * x[:, 1]))
    event = day < np.quantile(day, 0.8)
    day = np.minimum(day, np.quantile(day, 0.8))
    got = log_hazard_ratios(day, event, x)
    table = pd.DataFrame({"day": day, "event": event, "a": x[:, 0], "b": x[:, 1]})
    fit = lifelines.CoxPHFitter().fit(table, "day", "event")
    assert got is not None
    assert got[0] == pytest.approx(fit.params_.to_numpy(), abs=1e-4)
    assert got[1] == pytest.approx(fit.standard_errors_.to_numpy(), rel=1e-3)


def test_cox_says_when_there_is_no_ratio():
    side = np.array([[1.0], [1.0], [0.0], [0.0]])
    assert log_hazard_ratios(np.array([1.0, 2, 3, 4]), np.array([True, True, False, False]), side) is None
    assert log_hazard_ratios(np.arange(4.0), np.ones(4, bool), np.ones((4, 1))) is None


def test_a_summary_counts_what_cohorts_would_report():
    ratios = np.array([[0.7, 0.2], [0.5, 0.3], [-0.8, 0.3], [np.nan, np.nan]])
    got = summarised(ratios, Published(1.8, None, None, False))
    assert got["cohorts"] == 3
    assert got["below_1"] == pytest.approx(1 / 3, abs=1e-3)
    assert got["significant_harm"] == got["significant_benefit"] == pytest.approx(1 / 3, abs=1e-3)
    assert got["as_far_as_published"] == pytest.approx(1 / 3, abs=1e-3)
    both = paradox({"a": {"os": ratios[:1]}, "b": {"os": ratios[2:3]}}, rounds=10)
    assert both["both"] == 1.0


def test_the_area_under_the_curve():
    assert area(np.array([1.0, 2, 3, 4]), np.array([False, False, True, True])) == 1.0
    assert area(np.ones(4), np.array([False, True, False, True])) == 0.5


def test_every_cohort_has_a_pool_and_features_it_adjusts_for():
    run = made()
    for one in cohort_designs().values():
        assert one.pool in pools()
        assert set(one.adjusted) <= set(run.untreated)
        assert 0 < one.exposed_n < one.n
        assert one.window[0] <= one.window[1]


def called(monkeypatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["hepaxis", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code or 0


def test_an_unknown_cohort_is_a_problem(monkeypatch, capsys):
    with pytest.raises(InputError, match="cheung"):
        cohort_design("nobody_1999")
    assert called(monkeypatch, "trial", "confounding", "nobody_1999") == 1
    assert "cheung_2021" in capsys.readouterr().err
    with pytest.raises(InputError):
        confounding(["cheung_2021"], cohorts=0)
    with pytest.raises(InputError):
        confounding(["cheung_2021"], patients=0)


@pytest.fixture(scope="module")
def off():
    return run_pool(replace(pools()["pd1"]), 40, 1, "off", 168.0)


def test_with_the_gates_off_an_antibiotic_changes_nothing(off):
    from hepaxis.trial.confounding_pools import _simulated, pool_design

    pool = pools()["pd1"]
    taken = _simulated(pool, pool_design(pool, "off", 168.0, 1), 40, 1.0)
    both = np.intersect1d(taken["patient"], off.untreated["patient"])
    assert len(both) > 20
    one, other = (rows[rows["patient"].isin(both)].reset_index(drop=True) for rows in (taken, off.untreated))
    assert np.allclose(one["os_day"], other["os_day"], rtol=1e-3)
    assert (one["best"] == other["best"]).mean() > 0.95


def test_features_of_the_gut_and_response(off):
    rows = off.untreated.assign(best=np.where(np.arange(len(off)) % 3 == 0, 2, 4))
    found = feature_record(replace(off, untreated=rows, treated=rows), 10)
    assert [one["name"] for one in found["features"]] == list(gut_features())
    assert all(0 <= one["auc"] <= 1 for one in found["features"])
    assert found["cohorts"][0]["best_auc"]["median"] >= 0.5


def test_the_study_is_written_and_read(tmp_path, monkeypatch):
    few = ("--patients", "40", "--cohorts", "3", "--off-only", "-o", str(tmp_path))
    assert called(monkeypatch, "trial", "confounding", "pomej_2021", *few) == 0
    found = json.loads((tmp_path / "confounding.json").read_text())
    assert found["stamp"]["model"]
    assert found["bar"] == list(BAR)
    assert confounding_page(found) == (tmp_path / "confounding.md").read_text()
    assert "Pomej 2021" in confounding_text(found)


def test_the_page_in_docs_is_that_of_its_figures(root):
    found = json.loads((root / "docs" / "confounding.json").read_text(encoding="utf-8"))
    assert confounding_page(found) == (root / "docs" / "confounding.md").read_text(encoding="utf-8")
    assert {one["id"] for one in found["designs"]} == set(cohort_designs())
