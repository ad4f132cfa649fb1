"""How far a trial's result rests on prior and weighting: the same patients, weighted anew; refused where few count."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hepaxis.population import draw_population
from hepaxis.population.weighting import margins_of
from hepaxis.trial.choices import choices
from hepaxis.trial.parts import PartWriter

POPULATION = "imbrave150"
OTHERS = {"best_unconfirmed": 4, "best_viable": 4, "durable": False, "decompensation_day": np.inf}


@pytest.fixture(scope="module")
def people():
    return draw_population(POPULATION, 1200, 3).covariates.reset_index(drop=True)


def written(folder, people, best):
    """A run whose arm ``new`` has the best responses given (2 partial, 4 progression); nobody responds on ``old``."""
    rows = people.assign(patient=np.arange(len(people)), weight=1.0, severe=False, severe_immune=False, **OTHERS)
    both = pd.concat([rows.assign(arm="old", best=4), rows.assign(arm="new", best=best)])
    with PartWriter(folder) as writer:
        writer.write(both.sort_values("patient", kind="stable"))
        writer.finish({})
    return folder


def found(folder):
    return {one["choice"]: one for one in choices(folder, POPULATION, "old", not_evaluable_progresses=False)}


def response(entry, arm="new"):
    return next(one["response"] for one in entry["arms"] if one["id"] == arm)


def test_weights_move_a_response_to_the_share_of_patients_who_have_it(tmp_path, people):
    male = people["male"].to_numpy(float) == 1
    got = found(written(tmp_path, people, best=np.where(male, 2, 4)))
    asked = next(margin.share for margin in margins_of(POPULATION) if margin.variable == "male")
    assert response(got["as stated"]) == pytest.approx(male.mean(), rel=1e-5)
    assert got["as stated"]["ess"] == len(people)
    weighted = got["published margins of the population"]
    assert response(weighted) == pytest.approx(asked, abs=1e-5)
    assert weighted["ess"] < len(people)
    assert weighted["arms"][1]["gain"] == pytest.approx(asked, abs=1e-5)
    assert weighted["arms"][0]["gain"] is None


def test_a_narrower_prior_has_fewer_patients_far_out_and_a_wider_one_more(tmp_path, people):
    far = np.abs(people["age"] - people["age"].median()) > 1.3 * people["age"].std()
    got = found(written(tmp_path, people, best=np.where(far, 2, 4)))
    stated = response(got["as stated"])
    assert response(got["prior narrower by 0.8"]) < 0.9 * stated
    wide = got["prior wider by 1.25"]
    assert wide["note"] or response(wide) > stated


def test_margins_that_eligibility_has_closed_are_refused_by_name(tmp_path, people):
    men = people[people["male"] == 1]
    got = found(written(tmp_path, men, best=4))["published margins of the population"]
    assert got["arms"] == []
    assert got["ess"] is None
    assert "male =1" in got["note"]


def test_weights_that_rest_on_few_are_refused(tmp_path, people):
    old = people.assign(age=people["age"].max() + 8 * np.linspace(0, 1, len(people)))
    got = found(written(tmp_path, old, best=4))["prior narrower by 0.8"]
    assert got["arms"] == []
    assert "refused" in got["note"]
