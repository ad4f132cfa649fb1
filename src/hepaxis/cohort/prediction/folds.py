"""Who is predicted from whom: people are never split between training and test, nor cohorts where one is left out.

Held: grouped folds stratified by response and cohort; leave one cohort out, where a person seen in two cohorts is
taken out of the training side.  Plain folds, which may put two samples of one person on both sides, exist for the naive
number alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

FOLDS = 10
LEAST_CLASS = 3  # of either response in a cohort that is to be predicted on its own
INNER = 3


@dataclass(frozen=True)
class Fold:
    """Rows to train on and rows to predict; ``name`` of the cohort left out or number of the fold."""

    name: str
    train: np.ndarray
    test: np.ndarray


def grouped(response: np.ndarray, subject: np.ndarray, cohort: np.ndarray, k: int, seed: int) -> list[Fold]:
    """At most ``k`` folds of whole people, each with about the same mix of response and cohort.

    Raises ValueError when one response has fewer than two people.
    """
    people = pd.DataFrame({"subject": subject, "cohort": cohort, "y": response})
    one = people.groupby("subject", sort=True).agg(cohort=("cohort", "first"), y=("y", "max"))
    least = int(one["y"].value_counts().reindex([0, 1], fill_value=0).min())
    if least < 2:
        raise ValueError("each response needs at least two people")
    k = min(k, least)
    rng = np.random.default_rng(seed)
    place = pd.Series(0, index=one.index)
    start = 0
    for _, members in one.groupby(["cohort", "y"], sort=True):
        order = rng.permutation(len(members))
        place[members.index] = (start + order) % k  # strata go on dealing where the last one stopped
        start += len(members)
    fold = pd.Series(subject).map(place).to_numpy()
    return [Fold(str(i + 1), np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(k)]


def plain(response: np.ndarray, k: int, seed: int) -> list[Fold]:
    """Folds of samples, whoever's they are: the naive way."""
    alone = np.arange(len(response))
    return grouped(response, alone, np.zeros(len(response)), k, seed)


def leave_cohort_out(response: np.ndarray, subject: np.ndarray, cohort: np.ndarray) -> list[Fold]:
    """A fold a cohort with ``LEAST_CLASS`` of either response; the others only train."""
    folds = []
    for name in sorted(set(cohort.tolist()), key=str):
        test = np.flatnonzero(cohort == name)
        y = response[test]
        train = np.flatnonzero((cohort != name) & ~np.isin(subject, subject[test]))
        both = len(set(response[train].tolist())) == 2
        if min((y == 1).sum(), (y == 0).sum()) >= LEAST_CLASS and both:
            folds.append(Fold(str(name), train, test))
    return folds
