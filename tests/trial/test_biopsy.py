"""CD8 in a biopsy: the day, the sampling error, the cores."""

from __future__ import annotations

import numpy as np
import pytest

from hepaxis.trial import biopsy_cd8
from hepaxis.trial.biopsy import core_error

DAYS = np.array([0.0, 50.0, 100.0])
CD8 = np.array([[1.0, 3.0, 2.0]])


def test_density_is_that_of_the_day():
    exact = np.full((1, 1), 0.5 * core_error())  # the core that shows the tumour's mean
    assert biopsy_cd8(DAYS, CD8, 25.0, exact)[0] == pytest.approx(2)
    assert biopsy_cd8(DAYS, CD8, 100.0, exact)[0] == pytest.approx(2)


def test_one_core_misplaces_a_sixth_of_tumours_about_the_median():
    """pmc:PMC5512540: 17% of tumours above or below the median of the whole are read on the other side."""
    rng = np.random.default_rng(0)
    n = 200_000
    true = np.exp(rng.standard_normal(n))
    read = biopsy_cd8(DAYS, np.repeat(true[:, None], 3, 1), 50.0, rng.standard_normal((n, 1)))
    wrong = np.mean((true > np.median(true)) != (read > np.median(read)))
    assert wrong == pytest.approx(0.17, abs=0.005)
    assert read.mean() == pytest.approx(true.mean(), rel=0.02)


def test_more_cores_read_better():
    rng = np.random.default_rng(0)
    flat = np.ones((40_000, 3))
    spread = [biopsy_cd8(DAYS, flat, 50.0, rng.standard_normal((40_000, k))).std() for k in (1, 4)]
    assert spread[1] == pytest.approx(spread[0] / 2, rel=0.03)


def test_nonsense_is_refused():
    with pytest.raises(ValueError, match="outside"):
        biopsy_cd8(DAYS, CD8, 101.0, np.zeros((1, 1)))
    with pytest.raises(ValueError, match="core"):
        biopsy_cd8(DAYS, CD8, 10.0, np.zeros((1, 0)))
    with pytest.raises(ValueError, match="fit"):
        biopsy_cd8(DAYS, CD8, 10.0, np.zeros((2, 1)))
