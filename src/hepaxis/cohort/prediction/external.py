"""A cohort predicted by a model that was trained on another: taxa aligned by name, and how much of the model that left.

Held: the primary learner, trained on all of the first cohort; a taxon that the second table lacks counts as absent,
and what share of the model's taxa and weight that concerns is said; so is how much of each sample lies in taxa the
model knows.  The threshold and the calibration are those of the training cohort: nothing is refitted on the second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hepaxis.cohort.prediction.evaluate import calibrated
from hepaxis.cohort.prediction.inputs import Inputs, presence
from hepaxis.cohort.prediction.learners import Scored
from hepaxis.cohort.prediction.measures import Area, Calibration, area_of_people, best_threshold, calibration
from hepaxis.cohort.prediction.ridge import Standard, ridge

ENOUGH = 0.5  # share of the model's weight that must be measurable before predictions are shown without a warning


@dataclass(frozen=True)
class Elsewhere:
    """predictions: one row a sample: score, probability, called, known (share of its abundance in the model's taxa).

    taxa, weight   shares of the model's taxa, and of their weight, that the table has; missing: the taxa it lacks
    area           and calibration, where the response is known; else None
    """

    predictions: pd.DataFrame
    taxa: float
    weight: float
    missing: tuple[str, ...]
    area: Area | None
    calibration: Calibration | None

    @property
    def covered(self) -> bool:
        return self.weight >= ENOUGH


def predict_elsewhere(
    train: Inputs,
    abundance: pd.DataFrame,
    *,
    names: Sequence[str] | None = None,
    response: pd.Series | None = None,
    subject: pd.Series | None = None,
) -> Elsewhere:
    """Predict the samples of ``abundance`` (samples x taxa, relative).

    names: what each of its columns is called among ``train.taxa`` (by default its own name); several columns of one
    name are added.  response, subject: of its samples, where known, to judge the predictions.
    """
    called = list(map(str, abundance.columns if names is None else names))
    places = {taxon: i for i, taxon in enumerate(train.taxa)}
    aligned = np.zeros((len(abundance), len(train.taxa)))
    values = abundance.to_numpy(float)
    there = np.zeros(len(train.taxa), bool)
    for column, name in enumerate(called):
        if name in places:
            aligned[:, places[name]] += values[:, column]
            there[places[name]] = True
    own = presence(train.abundance)
    standard = Standard.of(train.abundance > 0, own)
    y = train.response.astype(float)
    fit = ridge(standard(own), standard(presence(aligned)), y[:, None], train.subject)
    scored = Scored(fit.scores[:, 0], fit.inner[:, 0])
    inner, probability = calibrated(train.response, scored)
    size = np.abs(fit.weights[:, 0])
    kept = there[standard.kept]
    table = pd.DataFrame(
        {
            "score": scored.test,
            "probability": probability,
            "called": probability >= best_threshold(train.response, inner),
            "known": aligned[:, standard.kept].sum(1) / np.maximum(values.sum(1), 1e-12),
        },
        index=abundance.index,
    )
    judged = _judge(table, response, subject)
    return Elsewhere(
        table,
        float(kept.mean()),
        float(size[kept].sum() / max(size.sum(), 1e-300)),
        tuple(train.taxa[i] for i in standard.kept[~kept]),
        *judged,
    )


def _judge(
    table: pd.DataFrame, response: pd.Series | None, subject: pd.Series | None
) -> tuple[Area | None, Calibration | None]:
    if response is None:
        return None, None
    known = response.reindex(table.index).dropna()
    if known.nunique() < 2:
        return None, None
    rows = table.loc[known.index]
    people = known.index if subject is None else pd.Index(subject.loc[known.index])
    y = known.to_numpy(float)
    return (
        area_of_people(y, rows["score"].to_numpy(float), people.to_numpy()),
        calibration(y, rows["probability"].to_numpy(float)),
    )
