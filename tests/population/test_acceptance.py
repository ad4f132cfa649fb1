"""Acceptance by density gives the target's marginals back, and the influence of each choice is shown."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hepaxis.population import Margin, accepted, draw_population, prior_influence, weighted_mean
from hepaxis.population.acceptance import VARIABLES, density_ratio, target_scores
from hepaxis.population.baseline import draw_characteristics, latent_scores, marginals
from hepaxis.problems import InputError

N, SEED = 4000, 33


@pytest.fixture(scope="module")
def people():
    return draw_population("trial_default", N, SEED)


def test_scores_under_the_target_undo_the_draw():
    wanted = marginals("trial_default")
    scores = latent_scores(3, np.arange(500), list(wanted.variables))
    drawn = draw_characteristics(wanted, scores)
    back = target_scores(wanted, drawn, VARIABLES)
    assert back == pytest.approx(np.column_stack([scores[name] for name in VARIABLES]), abs=1e-6)


def test_the_ratio_is_the_known_one():
    """Drawn from a normal twice as wide: the ratio to the standard normal falls with the distance as it must."""
    scores = 2.0 * np.random.default_rng(1).standard_normal((20_000, 2))
    ratio = np.log(density_ratio(scores, np.eye(2)))
    known = stats.multivariate_normal(np.zeros(2)).logpdf(scores) - stats.multivariate_normal(
        np.zeros(2), 4 * np.eye(2)
    ).logpdf(scores)
    near = np.hypot(*scores.T) < 3
    slope = np.polyfit(known[near], ratio[near], 1)[0]
    assert slope == pytest.approx(1.0, abs=0.05)


def test_who_is_taken_has_the_marginals_of_the_target(people):
    japan = accepted(people, "japan_real_world")
    said = japan.weighting
    assert said["method"] == "acceptance"
    assert said["accepted"] == len(japan) > 0.1 * N
    assert max(said["distance_before"]) > 0.35
    assert max(said["distance_after"]) < 0.09
    assert japan.covariates["age"].median() == pytest.approx(73, abs=1.5)
    assert japan.covariates["albi"].median() == pytest.approx(-2.42, abs=0.08)
    assert (japan.weights == 1).all()
    assert np.isin(japan.patients, people.patients).all()


def test_the_target_given_back_by_the_bounds(people):
    own = accepted(people)
    size = VARIABLES.index("diameter_sum")
    assert own.weighting["distance_after"][size] < own.weighting["distance_before"][size]
    assert len(own) > 0.5 * N


def test_who_is_taken_does_not_depend_on_anything_but_the_seed(people):
    assert (accepted(people).patients == accepted(people).patients).all()


def test_a_far_target_is_refused(people):
    far = pd.DataFrame([{"variable": "age", "distribution": "normal", "args": "mean=30 sd=1 low=18 high=40"}])
    with pytest.raises(InputError, match=r"acceptance_collapsed") as caught:
        accepted(people, far)
    assert "'age'" in str(caught.value)
    with pytest.raises(InputError, match="no single continuous marginal"):
        accepted(people, variables=("age", "male"))


def test_the_influence_of_prior_and_inclusion_rule_is_shown():
    table = prior_influence(lambda one: weighted_mean(one, one.covariates["volume"].to_numpy()), n=1200, seed=5)
    assert table["choice"].iloc[0] == "as stated"
    assert len(table) == 7
    assert table["value"].notna().all()
    change = table.set_index("choice")["change"]
    assert change["as stated"] == 0
    assert change["no weights"] < 0  # the bounds take large tumours away, the weights give them back
    assert change["no bounds on who is plausible"] > 100
    assert change["communities of the reference cohorts"] == 0  # volume does not ask the gut
    assert change["prior narrower by 0.8"] != change["prior wider by 1.25"]


def test_a_refused_choice_is_a_row_with_the_reason():
    table = prior_influence(
        lambda one: weighted_mean(one, one.covariates["age"].to_numpy()),
        n=300,
        seed=5,
        margins=[Margin("diameter_sum", ">=330", 0.5)],
    )
    assert table["value"].isna().any()
    assert table.loc[table["value"].isna(), "note"].str.contains("diameter_sum >=330").all()


def test_means_leave_out_who_has_no_value(people):
    values = np.where(np.arange(N) < 10, np.nan, 1.0)
    assert weighted_mean(people, values) == 1.0
