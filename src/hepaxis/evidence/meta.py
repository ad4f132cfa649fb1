"""Pooling of effects: equal-effect and random-effects models with or without moderators.

Held: y ~ Normal(X b, v + tau2) with known sampling variances v.  tau2 by DerSimonian and Laird (1986), by restricted
maximum likelihood (Viechtbauer 2005, 10.3102/10769986030003261) or 0; its interval by the Q-profile method (Viechtbauer
2007, 10.1002/sim.2514); tests with the normal distribution or after Knapp and Hartung (2003, 10.1002/sim.1482);
prediction intervals with the quantiles of the test, as metafor has them by default (k - 1 degrees of freedom after
Knapp and Hartung; Higgins, Thompson and Spiegelhalter 2009, 10.1111/j.1467-985X.2008.00552.x, take k - 2 and are wider,
as ``cohort.differences.meta`` does).  The numbers equal those of metafor on its published examples (tests/evidence).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

Array = np.ndarray
METHODS = ("REML", "DL", "FE")
#: ``z``: normal; ``hk``: Knapp and Hartung; ``adhoc``: the same, never narrower than ``z`` (IQWiG's rule).
TESTS = ("z", "hk", "adhoc")
LEVEL = 0.95
CONVERGED = 1e-12
#: Grid on which the restricted likelihood is searched, in units of the effects' variance and mean sampling variance.
GRID, FINEST, COARSEST = 240, 1e-7, 1e3
HIGHEST_TAU2 = 1e4


@dataclass(frozen=True)
class Coefficient:
    """One coefficient with its interval; ``statistic`` is z or t by the test of the fit."""

    name: str
    estimate: float
    se: float
    low: float
    high: float
    statistic: float
    p: float


@dataclass(frozen=True)
class Fit:
    """A model of k effects.

    tau2, tau2_low, tau2_high   variance between studies with its Q-profile interval (nan with fewer than 2 df)
    q, q_df, q_p                Cochran's (residual) heterogeneity
    i2                          share of the total variance that lies between studies, 0-1
    prediction                  interval for a new study; None with moderators, or where tau2 is fixed at 0
    weights                     share of each effect in the pooled value, sums to 1 (intercept only)
    scale                       factor of Knapp and Hartung on the variance; below 1 the plain interval is wider
    """

    method: str
    test: str
    k: int
    coefficients: tuple[Coefficient, ...]
    tau2: float
    tau2_low: float
    tau2_high: float
    q: float
    q_df: int
    q_p: float
    i2: float
    h2: float
    scale: float
    prediction: tuple[float, float] | None
    weights: tuple[float, ...]

    @property
    def pooled(self) -> Coefficient:
        """The intercept."""
        return self.coefficients[0]


def fit(
    y: Sequence[float] | Array,
    v: Sequence[float] | Array,
    *,
    method: str = "REML",
    test: str = "z",
    moderators: dict[str, Sequence[float]] | None = None,
    level: float = LEVEL,
) -> Fit:
    """Pool effects y with sampling variances v.  ValueError where they cannot be pooled.

    moderators: values a study by name; an intercept is always there.
    """
    y, v, X, names = _checked(y, v, moderators, method, test)
    k, p = X.shape
    tau2 = {"FE": lambda *_: 0.0, "DL": _dersimonian_laird, "REML": _reml}[method](y, v, X)
    w = 1.0 / (v + tau2)
    beta, cov = _weighted(y, w, X)
    scale = 1.0
    if test != "z" and k > p:
        scale = float((w * (y - X @ beta) ** 2).sum() / (k - p))
        cov = cov * (max(1.0, scale) if test == "adhoc" else scale)
    reference = stats.norm if test == "z" or k == p else stats.t(k - p)
    se = np.sqrt(np.diag(cov))
    half = float(reference.ppf(0.5 + level / 2))
    Q, vt = _heterogeneity(y, v, X)
    df = k - p
    low, high = tau2_interval(y, v, X, level) if df >= 1 else (float("nan"), float("nan"))
    coefficients = tuple(
        Coefficient(
            name, float(b), float(s), float(b - half * s), float(b + half * s),
            float(b / s) if s > 0 else float("inf"), float(2 * reference.sf(abs(b / s))) if s > 0 else 0.0,
        )
        for name, b, s in zip(names, beta, se, strict=True)
    )  # fmt: skip
    prediction = None
    if p == 1 and method != "FE":
        spread = half * float(np.sqrt(cov[0, 0] + tau2))
        prediction = (float(beta[0] - spread), float(beta[0] + spread))
    return Fit(
        method=method,
        test=test,
        k=k,
        coefficients=coefficients,
        tau2=tau2,
        tau2_low=low,
        tau2_high=high,
        q=Q,
        q_df=df,
        q_p=float(stats.chi2.sf(Q, df)) if df else 1.0,
        i2=_i2(tau2, vt, method, Q, df),
        h2=tau2 / vt + 1 if method != "FE" else (Q / df if df else 1.0),
        scale=scale,
        prediction=prediction,
        weights=tuple(float(one) for one in w / w.sum()),
    )


def tau2_interval(y: Array, v: Array, X: Array | None = None, level: float = LEVEL) -> tuple[float, float]:
    """Q-profile interval of tau2: values at which the generalised Q lies at its quantiles."""
    y, v = np.asarray(y, float), np.asarray(v, float)
    X = np.ones((len(y), 1)) if X is None else X
    df = len(y) - X.shape[1]

    def Q(tau2: float) -> float:
        w = 1.0 / (v + tau2)
        beta, _ = _weighted(y, w, X)
        return float((w * (y - X @ beta) ** 2).sum())

    def crossing(quantile: float) -> float:
        target = float(stats.chi2.ppf(quantile, df))
        if Q(0.0) <= target:
            return 0.0
        if Q(HIGHEST_TAU2) >= target:
            return float("inf")
        return float(optimize.brentq(lambda t: Q(t) - target, 0.0, HIGHEST_TAU2, xtol=CONVERGED))

    return crossing(0.5 + level / 2), crossing(0.5 - level / 2)


def leave_one_out(y: Sequence[float], v: Sequence[float], *, method: str = "REML", test: str = "z") -> list[Fit]:
    """The pooled value without each effect in turn."""
    effect, variance = np.asarray(y, float), np.asarray(v, float)
    keep = [np.arange(len(effect)) != i for i in range(len(effect))]
    return [fit(effect[mask], variance[mask], method=method, test=test) for mask in keep]


def egger(y: Sequence[float], v: Sequence[float], level: float = LEVEL) -> tuple[Coefficient, Coefficient]:
    """Egger's test: regression of the effect on its standard error, free dispersion (10.1136/bmj.315.7109.629).

    Returns the limit as the standard error goes to 0, and the slope, which tells small studies from large ones.
    ValueError with fewer than 3 effects or one standard error in all.
    """
    effect, variance = np.asarray(y, float), np.asarray(v, float)
    se = np.sqrt(variance)
    if len(effect) < 3 or np.ptp(se) <= 1e-12 * se.max():
        raise ValueError("Egger's test needs three effects with different standard errors")
    X = np.column_stack([np.ones_like(se), se])
    w = 1.0 / variance
    beta, cov = _weighted(effect, w, X)
    df = len(effect) - 2
    cov = cov * float((w * (effect - X @ beta) ** 2).sum() / df)
    reference = stats.t(df)
    half = float(reference.ppf(0.5 + level / 2))
    found = []
    for name, b, s in zip(("limit", "slope"), beta, np.sqrt(np.diag(cov)), strict=True):
        low, high = float(b - half * s), float(b + half * s)
        found.append(
            Coefficient(name, float(b), float(s), low, high, float(b / s), float(2 * reference.sf(abs(b / s))))
        )
    return found[0], found[1]


def _checked(
    y: Sequence[float] | Array,
    v: Sequence[float] | Array,
    moderators: dict[str, Sequence[float]] | None,
    method: str,
    test: str,
) -> tuple[Array, Array, Array, tuple[str, ...]]:
    if method not in METHODS or test not in TESTS:
        raise ValueError(f"method is one of {', '.join(METHODS)}, test one of {', '.join(TESTS)}")
    y, v = np.asarray(y, float), np.asarray(v, float)
    if y.ndim != 1 or y.shape != v.shape or not len(y):
        raise ValueError("give one variance an effect")
    if not (np.isfinite(y).all() and np.isfinite(v).all() and (v > 0).all()):
        raise ValueError("effects have to be finite and their variances positive")
    columns = {"pooled" if not moderators else "intercept": np.ones_like(y)}
    columns |= {name: np.asarray(values, float) for name, values in (moderators or {}).items()}
    X = np.column_stack(list(columns.values()))
    if len(y) < X.shape[1] or np.linalg.matrix_rank(X) < X.shape[1]:
        raise ValueError(f"{len(y)} effects cannot tell {X.shape[1]} coefficients")
    return y, v, X, tuple(columns)


def _weighted(y: Array, w: Array, X: Array) -> tuple[Array, Array]:
    """Weighted least squares: coefficients and (X' W X)^-1."""
    cov = np.linalg.inv(X.T @ (w[:, None] * X))
    return cov @ (X.T @ (w * y)), cov


def _projection(w: Array, X: Array) -> Array:
    W = np.diag(w)
    WX = w[:, None] * X
    P: Array = W - WX @ np.linalg.inv(X.T @ WX) @ WX.T
    return P


def _heterogeneity(y: Array, v: Array, X: Array) -> tuple[float, float]:
    """Cochran's Q and the typical sampling variance (Higgins and Thompson 2002)."""
    P = _projection(1.0 / v, X)
    df = len(y) - X.shape[1]
    return float(y @ P @ y), df / float(np.trace(P)) if df else float(np.mean(v))


def _i2(tau2: float, vt: float, method: str, Q: float, df: int) -> float:
    if method == "FE":
        return max(0.0, (Q - df) / Q) if Q > 0 else 0.0
    return tau2 / (tau2 + vt)


def _dersimonian_laird(y: Array, v: Array, X: Array) -> float:
    df = len(y) - X.shape[1]
    if not df:
        return 0.0
    P = _projection(1.0 / v, X)
    return max(0.0, (float(y @ P @ y) - df) / float(np.trace(P)))


def _reml(y: Array, v: Array, X: Array) -> float:
    """Where the restricted likelihood is highest: the best of a grid, then the root of the score beside it.

    Fisher scoring, as metafor has it, ends in the nearest maximum or, in flat cases, nowhere.
    """
    if len(y) == X.shape[1]:
        return 0.0
    size = float(np.var(y) + v.mean())
    grid = np.concatenate([[0.0], size * np.geomspace(FINEST, COARSEST, GRID)])
    best = int(np.argmax([_restricted(y, v, X, tau2) for tau2 in grid]))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, GRID)]
    if _score(y, v, X, low) <= 0:
        return float(low)
    if _score(y, v, X, high) >= 0:
        return float(high)
    return float(optimize.brentq(lambda tau2: _score(y, v, X, tau2), low, high, xtol=CONVERGED, rtol=CONVERGED))


def _restricted(y: Array, v: Array, X: Array, tau2: float) -> float:
    """Restricted log-likelihood without its constant."""
    w = 1.0 / (v + tau2)
    beta, cov = _weighted(y, w, X)
    rest = float((w * (y - X @ beta) ** 2).sum())
    return 0.5 * (float(np.log(w).sum()) + float(np.linalg.slogdet(cov)[1]) - rest)


def _score(y: Array, v: Array, X: Array, tau2: float) -> float:
    """Twice the slope of the restricted log-likelihood."""
    P = _projection(1.0 / (v + tau2), X)
    Py = P @ y
    return float(Py @ Py - np.trace(P))
