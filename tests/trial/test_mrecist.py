"""Viable diameters: devascularisation makes a response that size does not."""

from __future__ import annotations

import numpy as np
import pytest
from made_courses import DAYS, chance, conduct, course

from hepaxis import knowledge
from hepaxis.trial import (
    Arm,
    Response,
    devascularisation_table,
    devascularised,
    endpoints,
    follow,
    share_from_pair,
    viable,
)
from hepaxis.trial.parameters import rows

MEAN = np.full(1, 0.25)  # half a squared sd of 0.5 in units of it: the patient whose share is the drug's own


def test_viable_diameter_is_what_is_left():
    assert viable(np.array([[[50.0, 20.0]]]), np.array([0.2]))[0, 0].tolist() == [40, 16]
    assert devascularised(["lenvatinib"], MEAN)[0] == pytest.approx(0.19)
    both = devascularised(["lenvatinib", "bevacizumab"], MEAN)[0]
    assert both == pytest.approx(1 - 0.81 * 0.94)
    assert devascularised(["nivolumab"], MEAN)[0] == 0
    assert devascularised(["lenvatinib"], np.array([20.0]))[0] == pytest.approx(0.95), "some rim is left"
    own = devascularised(["lenvatinib"], np.random.default_rng(0).standard_normal(200_000))
    assert own.mean() == pytest.approx(0.19, rel=0.01), "patients differ about the drug's own"


def test_shrinkage_of_a_fifth_is_a_response_only_with_devascularisation():
    size = np.where(DAYS < 30, 1.0, 0.80)
    for drugs, expected in (((), Response.SD), (("lenvatinib",), Response.PR)):
        row = endpoints(follow(course(size), conduct(), chance(), Arm("tki", 2016.0, drugs))).iloc[0]
        assert (row["best"], row["best_viable"]) == (Response.SD, expected)


@pytest.mark.parametrize(
    ("drug", "row"),
    [
        ("lenvatinib", "reflect_lenvatinib"),
        ("sorafenib", "reflect_sorafenib"),
    ],
)
def test_share_follows_from_published_pairs_of_fit_arms(drug, row):
    arm = knowledge.row("trials", row)
    assert arm["use"] == "fit"
    share = share_from_pair(float(arm["orr_recist_pct"]) / 100, float(arm["orr_mrecist_pct"]) / 100)
    assert devascularisation_table()[drug] == pytest.approx(share, abs=0.006)


def test_bevacizumab_from_the_primary_analysis():
    assert devascularisation_table()["bevacizumab"] == pytest.approx(share_from_pair(0.273, 0.332), abs=0.006)


def test_every_share_has_a_source_and_grade():
    for row in rows("devascularisation.csv"):
        assert row["source"], row["drug"]
        assert row["grade"] in {"derived", "assumed"}, row["drug"]
