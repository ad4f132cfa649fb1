"""Patients of a published arm: who they are does not depend on chunks; a free choice of drug is shared out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hepaxis import trial
from hepaxis.trial.arm_run import arm_runs

N, HORIZON = 14, 56.0


def whole(id, chunk, **options):
    parts = list(arm_runs(trial.published_arm(id), N, HORIZON, chunk=chunk, **options))
    volume = np.concatenate([part.course.volume for part in parts])
    covariates = pd.concat([part.population.covariates for part in parts], ignore_index=True)
    lost = sum((pd.Series(part.lost, dtype=float) for part in parts), pd.Series(dtype=float))
    return volume, covariates, sum(part.candidates for part in parts), lost


@pytest.fixture(scope="module")
def at_once():
    return whole("checkmate_9dw_lenvatinib_sorafenib", 40)


def test_chunks_do_not_change_a_bit(at_once):
    volume, covariates, candidates, _ = whole("checkmate_9dw_lenvatinib_sorafenib", 5)
    assert np.array_equal(volume, at_once[0])
    pd.testing.assert_frame_equal(covariates, at_once[1])
    assert candidates == at_once[2]


def test_an_arm_admits_its_classes(at_once):
    volume, covariates, *_ = at_once
    assert len(volume) == len(covariates) == N
    assert covariates["child_pugh"].between(5, 6).all()


def test_gates_off_is_another_course_of_the_same_people(at_once):
    volume, covariates, *_ = whole("checkmate_9dw_lenvatinib_sorafenib", 40, gates="off")
    pd.testing.assert_frame_equal(covariates, at_once[1])
    assert not np.array_equal(volume, at_once[0])
