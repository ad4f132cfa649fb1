"""Linear models of many features at once: ordinary least squares, and a random intercept a person by REML.

The mixed model needs only sums over people: with one random intercept the inverse of a person's covariance is the
identity less a multiple of ones, so the restricted likelihood of every feature is profiled over the ratio of
variances together (Laird & Ware 1982).  Degrees of freedom are between-within: columns that do not vary within a
person are tested against the number of people, the others against samples (Schluchter & Elashoff 1990).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ICC_GRID = np.concatenate([[0.0], np.linspace(0.01, 0.98, 49)])
"""Shares of variance between people at which the likelihood is looked at before it is refined."""
REFINEMENTS = 24
GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0
TINY = 1e-300


@dataclass(frozen=True)
class LinearFit:
    """coefficients and errors: features x columns of the design; df: columns; ``icc``: features, share of variance
    between people (0 without people); ``sigma``: residual standard deviation."""

    coefficients: np.ndarray
    errors: np.ndarray
    df: np.ndarray
    icc: np.ndarray
    sigma: np.ndarray


def fit_linear(values: np.ndarray, design: np.ndarray, people: np.ndarray | None = None) -> LinearFit:
    """values (samples x features) on design (samples x columns, full rank); people: codes 0..g-1 or None.

    A feature that does not vary gets coefficients 0 and error 0.  People without repeats give least squares.
    """
    if people is None or len(np.unique(people)) == len(people):
        return _least_squares(values, design)
    return _random_intercept(values, design, people)


def _least_squares(values: np.ndarray, design: np.ndarray) -> LinearFit:
    n, width = design.shape
    inverse = np.linalg.inv(design.T @ design)
    coefficients = inverse @ (design.T @ values)
    residuals = values - design @ coefficients
    sigma2 = (residuals**2).sum(axis=0) / (n - width)
    sigma2 = np.where(_flat(values), 0.0, sigma2)
    errors = np.sqrt(np.outer(sigma2, np.diag(inverse)))
    df = np.full(width, float(n - width))
    return LinearFit(coefficients.T, errors, df, np.zeros(values.shape[1]), np.sqrt(sigma2))


def _flat(values: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.ptp(values, axis=0) <= 1e-12 * np.maximum(np.abs(values).max(axis=0), 1.0)
    return found


@dataclass(frozen=True)
class _Sums:
    """What the likelihood of all features needs: cross products, and sums of each person."""

    xx: np.ndarray
    xy: np.ndarray
    yy: np.ndarray
    x_people: np.ndarray
    y_people: np.ndarray
    sizes: np.ndarray
    n: int


def _random_intercept(values: np.ndarray, design: np.ndarray, people: np.ndarray) -> LinearFit:
    codes = np.unique(people, return_inverse=True)[1]
    groups = int(codes.max()) + 1
    member = (codes[:, None] == np.arange(groups)[None, :]).astype(float)
    centred = values - values.mean(axis=0)  # the intercept takes it back; sums stay small
    sums = _Sums(
        design.T @ design,
        design.T @ centred,
        (centred**2).sum(axis=0),
        member.T @ design,
        member.T @ centred,
        member.sum(axis=0),
        len(values),
    )
    icc = _best_icc(sums)
    inverse, coefficients, rss = _solve(sums, icc)
    n, width = design.shape
    sigma2 = np.where(_flat(values), 0.0, rss / (n - width))
    errors = np.sqrt(np.maximum(np.einsum("fpp->fp", inverse), 0.0) * sigma2[:, None])
    coefficients[:, 0] += values.mean(axis=0)
    df = between_within(design, codes)
    return LinearFit(coefficients, errors, df, np.where(_flat(values), 0.0, icc), np.sqrt(sigma2))


def between_within(design: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Degrees of freedom of each column: people for what does not vary within one, samples for what does."""
    groups = int(codes.max()) + 1
    sizes = np.bincount(codes)
    means = np.stack([np.bincount(codes, column) / sizes for column in design.T], axis=1)
    between = np.array([np.allclose(means[codes, k], design[:, k]) for k in range(design.shape[1])])
    people = groups - int(between.sum())
    samples = len(codes) - groups - int((~between).sum())
    return np.where(between, max(people, 1), max(samples, 1)).astype(float)


def _solve(sums: _Sums, icc: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(inverse of X'WX, coefficients, weighted residual sum) of each feature at its own ratio."""
    ratio = icc / (1.0 - icc)
    weight = ratio[:, None] / (1.0 + ratio[:, None] * sums.sizes[None, :])
    products = np.einsum("gp,gq->gpq", sums.x_people, sums.x_people).reshape(len(sums.sizes), -1)
    width = sums.xx.shape[0]
    xwx = sums.xx[None] - (weight @ products).reshape(-1, width, width)
    xwy = sums.xy.T - np.einsum("fg,gf,gp->fp", weight, sums.y_people, sums.x_people, optimize=True)
    ywy = sums.yy - np.einsum("fg,gf->f", weight, sums.y_people**2)
    inverse = np.linalg.inv(xwx)
    coefficients = np.einsum("fpq,fq->fp", inverse, xwy)
    rss = np.maximum(ywy - np.einsum("fp,fp->f", coefficients, xwy), TINY)
    return inverse, coefficients, rss


def _criterion(sums: _Sums, icc: np.ndarray) -> np.ndarray:
    """-2 restricted log likelihood of each feature up to a constant."""
    inverse, _, rss = _solve(sums, icc)
    ratio = icc / (1.0 - icc)
    spread = np.log1p(ratio[:, None] * sums.sizes[None, :]).sum(axis=1)
    determinant = -np.linalg.slogdet(inverse)[1]
    out: np.ndarray = (sums.n - sums.xx.shape[0]) * np.log(rss) + spread + determinant
    return out


def _best_icc(sums: _Sums) -> np.ndarray:
    features = len(sums.yy)
    table = np.stack([_criterion(sums, np.full(features, value)) for value in ICC_GRID])
    at = table.argmin(axis=0)
    low = ICC_GRID[np.maximum(at - 1, 0)]
    high = ICC_GRID[np.minimum(at + 1, len(ICC_GRID) - 1)]
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    f_left, f_right = _criterion(sums, left), _criterion(sums, right)
    for _ in range(REFINEMENTS):
        lower = f_left < f_right
        high, low = np.where(lower, right, high), np.where(lower, low, left)
        new_left, new_right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        probe = np.where(lower, new_left, new_right)
        f_probe = _criterion(sums, probe)
        f_left, f_right = np.where(lower, f_probe, f_right), np.where(lower, f_left, f_probe)
        left, right = new_left, new_right
    best = (low + high) / 2.0
    # the edge at no variance between people is a solution of its own
    return np.where(table[0] <= _criterion(sums, best), 0.0, best)
