"""Weights meet the margins they are asked for, stay near the prior, and refuse to rest on a few patients."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from hepaxis.population import Margin, draw_population, margin_table, margins_of, weighted_to
from hepaxis.population.virtual_patients import effective_size
from hepaxis.population.weighting import solve_tilt, weighted_share
from hepaxis.problems import InputError

N, SEED = 2500, 21
NAMES = ("trial_default", "imbrave150", "himalaya", "japan_real_world")


@pytest.fixture(scope="module")
def people():
    return draw_population("trial_default", N, SEED)


@pytest.mark.parametrize("population", NAMES)
def test_published_margins_are_met_by_their_own_population(population):
    drawn = draw_population(population, N, SEED)
    weighted = weighted_to(drawn)
    table = margin_table(weighted, margins_of(population))
    assert table["weighted"].to_numpy() == pytest.approx(table["asked"].to_numpy(), abs=1e-7)
    assert (weighted.weights > 0).all()
    assert weighted.weights.mean() == pytest.approx(1.0)
    assert 0.8 * N < weighted.ess < N  # rows and margins tell the same story
    assert weighted.covariates.equals(drawn.covariates)


def test_one_population_can_be_weighted_to_another(people):
    japan = weighted_to(people, "japan_real_world")
    assert 0.2 * N < japan.ess < 0.5 * N
    for margin in margins_of("japan_real_world"):
        assert weighted_share(japan, margin) == pytest.approx(margin.share, abs=1e-7)


@given(st.lists(st.floats(0.2, 0.8), min_size=1, max_size=4), st.integers(0, 50))
@settings(max_examples=40, deadline=None)
def test_any_margins_inside_the_population_are_met(shares, seed):
    rng = np.random.default_rng(seed)
    features = (rng.random((800, len(shares))) < rng.uniform(0.3, 0.7, len(shares))).astype(float)
    tilt, met = solve_tilt(features, np.array(shares), np.ones(800))
    weights = np.exp(features @ tilt)
    assert met
    assert features.T @ weights / weights.sum() == pytest.approx(np.array(shares), abs=1e-8)
    assert effective_size(weights) <= 800 * (1 + 1e-12)


def test_no_other_weights_with_the_margins_are_nearer_to_the_prior():
    """The entropy found agrees with a general solver over the weights themselves."""
    rng = np.random.default_rng(4)
    features = (rng.random((40, 2)) < 0.5).astype(float)
    target = np.array([0.7, 0.35])
    tilt, _ = solve_tilt(features, target, np.ones(40))
    weights = np.exp(features @ tilt)
    weights /= weights.sum()
    limits = [{"type": "eq", "fun": lambda w: np.append(features.T @ w - target, w.sum() - 1)}]
    direct = minimize(
        lambda w: float(np.sum(w * np.log(40 * w))),
        np.full(40, 1 / 40),
        bounds=[(1e-9, 1)] * 40,
        constraints=limits,
        method="SLSQP",
        options={"maxiter": 500, "ftol": 1e-13},
    )
    assert weights == pytest.approx(direct.x, abs=2e-5)


def test_asking_for_what_was_drawn_changes_nothing(people):
    share = float((people.covariates["male"] == 1).mean())
    same = weighted_to(people, [Margin("male", "=1", share)])
    assert same.weights == pytest.approx(np.ones(N), abs=1e-6)
    assert same.ess == pytest.approx(N)


def test_weights_build_on_weights(people):
    first = weighted_to(people, [Margin("mvi", "=1", 0.5)])
    both = weighted_to(first, [Margin("mvi", "=1", 0.5), Margin("ehs", "=1", 0.3)])
    at_once = weighted_to(people, [Margin("mvi", "=1", 0.5), Margin("ehs", "=1", 0.3)])
    assert both.weights == pytest.approx(at_once.weights, rel=1e-6)


def test_a_planted_collapse_is_refused_and_names_the_margin(people):
    """99% with a liver of which there is a handful: they would carry the result."""
    planted = Margin("albi", ">=-1.80", 0.99)
    with pytest.raises(InputError, match="weights_collapsed") as caught:
        weighted_to(people, [Margin("male", "=1", 0.80), planted, Margin("mvi", "=1", 0.35)])
    problems = caught.value.problems
    assert len(problems) == 1
    assert str(planted) in problems[0].found
    assert "effective patients of 2500" in problems[0].found
    weighted_to(people, [planted], least_ess=0.001)  # the bar, not the solver, refuses


def test_margins_that_contradict_each_other_are_refused(people):
    """More invaded than invaded or spread: outside of what any weights can give."""
    with pytest.raises(InputError, match="weights_collapsed") as caught:
        weighted_to(people, [Margin("mvi", "=1", 0.9), Margin("bclc", "=C", 0.5)])
    assert len(caught.value.problems) == 2


def test_a_level_that_nobody_has_is_refused(people):
    with pytest.raises(InputError, match=r"nobody in the population is at 'region =atlantis 0\.5'"):
        weighted_to(people, [Margin("region", "=atlantis", 0.5)])
    with pytest.raises(InputError, match="everybody in the population"):
        weighted_to(people, [Margin("age", ">=0", 0.5)])
    asked = [Margin("colour", "=1", 0.5), Margin("albi", "about -2", 0.5), Margin("albi", "<=low", 0.5)]
    with pytest.raises(InputError) as caught:
        weighted_to(people, asked)
    assert [problem.code for problem in caught.value.problems] == ["population.margin"] * 3
    with pytest.raises(InputError, match="no margins for 'child_pugh_b'"):
        weighted_to(people, "child_pugh_b")


def test_the_weighting_is_said(people):
    said = weighted_to(people).statement()
    assert said["weighting"]["method"] == "maximum entropy"
    assert len(said["weighting"]["margins"]) == len(margins_of("trial_default"))
    assert said["ess"] < N
    assert json.loads(json.dumps(said)) == said
