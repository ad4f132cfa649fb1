"""Ridge on the samples' own similarity: one decomposition serves every penalty, every held-out group and every
permuted label.

Held: taxa found in enough training samples, centred and scaled on the training rows; least squares on 1 and 0 with a
ridge; the penalty that predicts held-out groups of the training rows best, by the closed form of the residual of a
group left out, e_g = (I - H_gg)^-1 (y - Hy)_g.  Groups are people, or cohorts where a cohort is to be predicted.
Because no step but the last looks at the labels, a permutation test refits everything, penalty included, at the cost
of a matrix product.
Source: Golub, Heath and Wahba 1979 (10.1080/00401706.1979.10489751) for the closed form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PREVALENCE = 0.1  # share of training samples a taxon must be found in
PENALTIES = np.logspace(-3, 3, 13)  # times the mean eigenvalue


@dataclass(frozen=True)
class Standard:
    """Columns kept on the training rows, their centres and scales."""

    kept: np.ndarray
    centre: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, found: np.ndarray, features: np.ndarray) -> Standard:
        """found (n x taxa): whether each taxon is there; features (n x taxa) are what is scaled."""
        spread = features.std(0)
        kept = np.flatnonzero((found.mean(0) >= PREVALENCE) & (spread > 0))
        if not len(kept):
            kept = np.flatnonzero(spread > 0)
        return cls(kept, features[:, kept].mean(0), features[:, kept].std(0))

    def __call__(self, features: np.ndarray) -> np.ndarray:
        found: np.ndarray = (features[:, self.kept] - self.centre) / self.scale
        return found


@dataclass(frozen=True)
class Ridge:
    """Fits for label vectors y (n x b) at once.

    scores (m x b) of the test rows, inner (n x b) of the training rows with their own group left out, penalty (b,),
    weights (p x b) of the features.
    """

    scores: np.ndarray
    inner: np.ndarray
    penalty: np.ndarray
    weights: np.ndarray


def ridge(train: np.ndarray, test: np.ndarray, y: np.ndarray, groups: np.ndarray) -> Ridge:
    """train (n x p) and test (m x p) standardised features; y (n x b) of 0 and 1; groups (n,) of the inner loop."""
    p = train.shape[1]
    kernel = train @ train.T / max(p, 1)
    values, vectors = np.linalg.eigh(kernel)
    values = np.clip(values, 0.0, None)
    penalties = PENALTIES * max(float(values.mean()), 1e-12)
    mean = y.mean(0)
    turned = vectors.T @ (y - mean)  # the kernel of centred features has the constant in its null space
    members = [np.flatnonzero(groups == g) for g in np.unique(groups)]
    inner = np.empty((len(penalties), *y.shape))
    for i, penalty in enumerate(penalties):
        shrink = values / (values + penalty)
        residual = y - mean - vectors @ (shrink[:, None] * turned)
        inner[i] = y - _left_out(vectors, shrink, residual, members)
    error = ((inner - y) ** 2).mean(1)
    best = error.argmin(0)
    dual = vectors @ (turned / (values[:, None] + penalties[best][None, :]))
    weights = train.T @ dual / max(p, 1)
    left_out = np.take_along_axis(inner, best[None, None, :], axis=0)[0]
    return Ridge(mean + test @ weights, left_out, penalties[best], weights)


def _left_out(vectors: np.ndarray, shrink: np.ndarray, residual: np.ndarray, members: list[np.ndarray]) -> np.ndarray:
    """Residuals of each group when it takes no part in the fit, its share in the mean included."""
    n = len(vectors)
    found = np.empty_like(residual)
    if len(members) == n:
        own = (vectors**2) @ shrink + 1.0 / n
        return residual / (1.0 - own)[:, None]
    for rows in members:
        part = (vectors[rows] * shrink) @ vectors[rows].T + 1.0 / n
        found[rows] = np.linalg.solve(np.eye(len(rows)) - part, residual[rows])
    return found
