"""What a learner may see of a cohort, and the features made of it sample by sample.

Held: a feature of a sample depends on that sample alone (presence, centred log-ratio), so that making it before the
folds leaks nothing.  Whatever depends on other samples (which taxa are kept, centring, scaling, selection, thresholds)
belongs to a learner and is fitted on the training rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

HALF = 0.5  # of a sample's smallest share, in place of a zero


@dataclass(frozen=True)
class Inputs:
    """n samples.

    abundance  n x taxa, relative; taxa: their names
    clinic     n x covariates known before treatment, numbers or text, missing allowed; may have no column
    scores     n x fixed scores (published, mechanistic, brought by the user), higher meaning response
    response   n, 1 or 0
    subject, cohort  n, whose sample it is and from which study
    """

    abundance: np.ndarray
    taxa: tuple[str, ...]
    clinic: pd.DataFrame
    scores: pd.DataFrame
    response: np.ndarray
    subject: np.ndarray
    cohort: np.ndarray

    def __len__(self) -> int:
        return len(self.response)

    def take(self, rows: np.ndarray) -> Inputs:
        return Inputs(
            self.abundance[rows],
            self.taxa,
            self.clinic.iloc[rows],
            self.scores.iloc[rows],
            self.response[rows],
            self.subject[rows],
            self.cohort[rows],
        )

    def labelled(self, response: np.ndarray) -> Inputs:
        return replace(self, response=response)


def presence(abundance: np.ndarray) -> np.ndarray:
    """1 where a taxon was found, else 0."""
    return (abundance > 0).astype(float)


def centred_log_ratio(abundance: np.ndarray) -> np.ndarray:
    """Log shares less their mean by sample; zeros stand at half the sample's smallest share."""
    if not abundance.shape[1]:
        return abundance.astype(float)
    smallest = np.min(np.where(abundance > 0, abundance, np.inf), axis=1)
    filled = np.where(abundance > 0, abundance, HALF * np.where(np.isfinite(smallest), smallest, 1.0)[:, None])
    logs = np.log(filled)
    found: np.ndarray = logs - logs.mean(1, keepdims=True)
    return found
