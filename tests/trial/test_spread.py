"""What an interval leaves for trials: never less than stated beforehand, and what fitted arms show of misfit."""

from __future__ import annotations

import numpy as np
import pytest

from hepaxis import knowledge
from hepaxis.trial import spread
from hepaxis.trial.posterior import calibration
from hepaxis.trial.published_outcomes import arcsine, between_trials


@pytest.fixture
def record(monkeypatch):
    """``record(off, n, contractions)``: a calibration whose targets of response miss by ``off`` (arcsine)."""

    def made(off, n=400, contractions=()):
        sd = float(np.hypot(0.5 / np.sqrt(n), between_trials()["orr"]))
        centre = float(arcsine(0.2))
        rows = [
            {"arm": f"a{k}", "outcome": "orr", "published": np.sin(centre + x) ** 2, "reached": 0.2, "sd_arcsine": sd}
            for k, x in enumerate(off)
        ]
        values = [{"contraction": c} for c in contractions]
        monkeypatch.setattr(spread, "calibration", lambda: {"targets": rows, "values": values})
        spread.misfit.cache_clear()
        return spread

    yield made
    spread.misfit.cache_clear()


def test_arms_that_miss_by_counting_alone_show_no_misfit(record):
    counting = 0.5 / np.sqrt(400)
    assert record([counting, -counting] * 5).misfit()["orr"] == pytest.approx(0.0, abs=1e-6)
    assert record([counting, -counting] * 5).predictive_sd("orr") == between_trials()["orr"]


def test_arms_that_miss_by_more_widen_the_interval(record):
    counting, beyond = 0.5 / np.sqrt(400), 0.09
    off = float(np.hypot(counting, beyond))
    assert record([off, -off] * 5).misfit()["orr"] == pytest.approx(beyond, rel=1e-6)
    assert spread.predictive_sd("orr") == pytest.approx(beyond, rel=1e-6)


def test_what_the_fit_took_up_is_given_back(record):
    off = [0.1, -0.1] * 5
    few, many = record(off, contractions=()).misfit()["orr"], record(off, contractions=[1.0] * 5).misfit()["orr"]
    assert many > few * 1.2


def test_only_fitted_arms_are_behind_it():
    assert {knowledge.row("trials", row["arm"])["use"] for row in calibration()["targets"]} == {"fit"}
    assert set(spread.misfit()) <= set(between_trials())
