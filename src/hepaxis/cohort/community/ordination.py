"""Principal coordinates of a distance matrix, with the imaginary axes kept (Gower 1966).

Bray-Curtis distances are not Euclidean: some eigenvalues are negative, and leaving their axes out moves distances to
centroids (scikit-bio's dispersion test on ten axes has F 7.4 where all axes have 26.1).  All are kept here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hepaxis.cohort.community.distances import Distances

ZERO_EIGENVALUE = 1e-10
"""Eigenvalues below this share of the largest are zero up to rounding."""


@dataclass(frozen=True)
class Ordination:
    """scores: samples x axes, each scaled by the root of its absolute eigenvalue; eigenvalues descending, negative ones
    last; ``share`` of each positive axis in the sum of positive eigenvalues."""

    scores: pd.DataFrame
    eigenvalues: np.ndarray
    share: np.ndarray
    metric: str

    @property
    def positive(self) -> np.ndarray:
        return self.eigenvalues > 0


def gower_centred(distances: np.ndarray) -> np.ndarray:
    """Inner products about the centroid: -1/2 J D^2 J."""
    squared = -0.5 * distances**2
    rows = squared.mean(axis=1, keepdims=True)
    centred: np.ndarray = squared - rows - rows.T + squared.mean()
    return centred


def principal_coordinates(distances: Distances) -> Ordination:
    """All axes with an eigenvalue that is not zero."""
    values, vectors = np.linalg.eigh(gower_centred(distances.values))
    order = np.argsort(values)[::-1]
    values, vectors = values[order], vectors[:, order]
    keep = np.abs(values) > ZERO_EIGENVALUE * max(float(np.abs(values).max(initial=0.0)), 1e-300)
    values, vectors = values[keep], vectors[:, keep]
    # a sign for every axis that does not depend on the library: the largest score is positive
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])])
    scores = vectors * signs * np.sqrt(np.abs(values))
    positive = values[values > 0].sum()
    share = np.where(values > 0, values / positive if positive > 0 else 0.0, np.nan)
    names = [f"PCo{k + 1}" for k in range(len(values))]
    return Ordination(pd.DataFrame(scores, index=distances.index, columns=names), values, share, distances.metric)
