"""What areas chance gives: labels dealt anew within each cohort and fold, all samples of a person together.

Held: folds are stratified by the labels, so labels stay in their fold; dealt across folds, chance would look worse than
it is, because a fold with more responders is predicted from fewer.  For the ridge learners every fit, its penalty and
its held-out scores are made again for every permutation (``refitted_p``); for the others the labels are dealt against
the held-out scores as they are (``conditional_p``), which asks only whether scores and labels go together.
p is (1 + as good or better) / (1 + permutations).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from hepaxis.cohort.prediction.folds import Fold
from hepaxis.cohort.prediction.inputs import Inputs, centred_log_ratio, presence
from hepaxis.cohort.prediction.ridge import Standard, ridge


def permuted_labels(inputs: Inputs, folds: Sequence[Fold], permutations: int, seed: int) -> np.ndarray:
    """n x permutations of 0 and 1, dealt among the people of one cohort and one fold."""
    rng = np.random.default_rng([seed, 1])
    fold = np.full(len(inputs), -1)
    for number, one in enumerate(folds):
        fold[one.test] = number
    rows = pd.DataFrame({"cohort": inputs.cohort, "fold": fold, "y": inputs.response})
    people = rows.groupby(inputs.subject, sort=True).first()
    place = people.index.get_indexer(pd.Index(inputs.subject))
    blocks = [np.sort(members) for members in people.reset_index().groupby(["cohort", "fold"]).indices.values()]
    labels = people["y"].to_numpy(float)
    found = np.empty((len(inputs), permutations))
    for b in range(permutations):
        dealt = labels.copy()
        for members in blocks:
            dealt[members] = labels[rng.permutation(members)]
        found[:, b] = dealt[place]
    return found


def refitted_p(
    inputs: Inputs,
    folds: Sequence[Fold],
    groups: Sequence[np.ndarray],
    labels: np.ndarray,
    observed: float,
    *,
    presence_only: bool,
) -> float:
    """p of the ridge's area; groups: of each fold's inner loop."""
    scores, truth = [], []
    make = presence if presence_only else centred_log_ratio
    features = make(inputs.abundance)
    for fold, inner in zip(folds, groups, strict=True):
        standard = Standard.of(inputs.abundance[fold.train] > 0, features[fold.train])
        fit = ridge(standard(features[fold.train]), standard(features[fold.test]), labels[fold.train], inner)
        scores.append(fit.scores)
        truth.append(labels[fold.test])
    return _p(areas(np.concatenate(truth), np.concatenate(scores)), observed)


def conditional_p(labels: np.ndarray, score: np.ndarray, observed: float) -> float:
    """p of scores as they are; labels (n x permutations) of the same rows."""
    return _p(areas(labels, np.repeat(score[:, None], labels.shape[1], axis=1)), observed)


def areas(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Area of each column; one half where a column has one label only."""
    ranks = stats.rankdata(scores, axis=0)
    n1 = labels.sum(0)
    pairs = n1 * (len(labels) - n1)
    found: np.ndarray = np.where(
        pairs > 0, ((ranks * labels).sum(0) - n1 * (n1 + 1) / 2) / np.where(pairs > 0, pairs, 1), 0.5
    )
    return found


def _p(chance: np.ndarray, observed: float) -> float:
    return float((1 + (chance >= observed - 1e-12).sum()) / (1 + len(chance)))
