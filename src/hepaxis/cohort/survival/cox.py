"""Cox's proportional hazards as R's ``coxph`` fits it, and the check that its hazards are proportional.

Held: Efron's (default) or Breslow's ties, strata, case weights, left truncation (so that exposures may begin during
follow-up), robust variance by cluster, the score test of time-varying coefficients that R's ``cox.zph`` gives since
survival 3.0 (Grambsch and Therneau 1994, 10.1093/biomet/81.3.515).  ``lifelines`` offers neither Breslow's ties nor
that exact test; the tests hold this fit to R's printed digits and to lifelines.
Not held: frailties and penalties.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import stats

from hepaxis.cohort.survival.concordance import concordance
from hepaxis.cohort.survival.risk_sets import Sums, risk_sums, score_residuals
from hepaxis.cohort.survival.times import Times

STEPS = 40
CLOSE = 1e-10  # change of the log partial likelihood, relative
LARGEST = 25.0  # of a log hazard ratio per standard deviation; beyond it the likelihood has no maximum
HALVINGS = 20
CONFIDENCE = 0.95


class NoFit(ValueError):
    """The model has no finite maximum, or a column says nothing; the message names which."""


@dataclass(frozen=True)
class CoxFit:
    """A fitted model.

    table        one row a covariate: coef, se, hr, low, high, p (Wald; robust where clusters or weights were given)
    ph           one row a covariate and 'GLOBAL': chisq, df, p of the test that the coefficient does not change in time
    covariance   k x k
    loglik       of no covariates and of the fit
    score_test   chi-squared of the score test at 0, k degrees of freedom
    concordance  share of comparable pairs that the linear predictor orders, ties one half
    n, events    rows (intervals where split) and events
    merged       near-tied distinct times that were merged
    """

    table: pd.DataFrame
    ph: pd.DataFrame
    covariance: np.ndarray
    loglik: tuple[float, float]
    score_test: float
    concordance: float
    n: int
    events: int
    merged: int
    ties: str
    robust: bool
    linear: np.ndarray = field(repr=False)

    def hazard_ratio(self, name: str) -> dict[str, float]:
        """hr, low, high and p of a covariate."""
        return {key: float(self.table[key][name]) for key in ("hr", "low", "high", "p")}

    def proportional_p(self, name: str) -> float:
        """p of the test that the covariate's coefficient does not change in time."""
        return float(self.ph["p"][name])


def cox(
    times: Times,
    design: pd.DataFrame,
    *,
    strata: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    cluster: np.ndarray | None = None,
    ties: str = "efron",
) -> CoxFit:
    """Fit log hazard ratios of ``design`` (n x k, numbers without missing values).

    weights: of rows (inverse probabilities, say); cluster: rows of one subject.  Either makes the variance robust.
    Raises NoFit when there is no event, a column does not vary, columns repeat each other, or one separates the events.
    """
    x = design.to_numpy(float)
    names = [str(c) for c in design.columns]
    if not np.isfinite(x).all():
        raise ValueError("covariates must not be missing; leave out the rows and count them")
    if not times.event.any():
        raise NoFit("no event was seen")
    spread = x.std(0)
    flat = [name for name, s in zip(names, spread, strict=True) if not s > 0]
    if flat:
        raise NoFit(f"{', '.join(flat)} does not vary")
    z = (x - x.mean(0)) / spread
    if np.linalg.matrix_rank(z) < z.shape[1]:
        raise NoFit(f"covariates repeat each other: {', '.join(names)}")
    weight = np.ones(len(z)) if weights is None else np.asarray(weights, float)
    group = np.zeros(len(z), int) if strata is None else pd.factorize(pd.Series(strata))[0]

    beta, sums, first = _maximum(times, z, weight, group, ties, names)
    inverse = np.linalg.inv(sums.information)
    covariance = inverse
    if weights is not None or cluster is not None:
        residuals = score_residuals(times, z, beta, weight, group, ties) @ inverse
        whose = np.arange(len(z)) if cluster is None else pd.factorize(pd.Series(cluster))[0]
        together = np.zeros((whose.max() + 1, z.shape[1]))
        np.add.at(together, whose, residuals)
        covariance = together.T @ together
    score = float(first.score @ np.linalg.solve(first.information, first.score))
    linear = z @ beta
    return CoxFit(
        table=_table(names, beta / spread, np.sqrt(np.diag(covariance)) / spread),
        ph=_proportional(times, sums, names, group),
        covariance=covariance / np.outer(spread, spread),
        loglik=(first.loglik, sums.loglik),
        score_test=score,
        concordance=concordance(times, linear, group),
        n=len(z),
        events=int(times.event.sum()),
        merged=times.merged,
        ties=ties,
        robust=weights is not None or cluster is not None,
        linear=linear,
    )


def _maximum(
    times: Times, z: np.ndarray, weight: np.ndarray, group: np.ndarray, ties: str, names: list[str]
) -> tuple[np.ndarray, Sums, Sums]:
    """Newton's method with halved steps; returns the coefficients and the sums at the maximum and at 0."""
    beta = np.zeros(z.shape[1])
    first = sums = risk_sums(times, z, beta, weight, group, ties)
    for _ in range(STEPS):
        if np.linalg.cond(sums.information) > 1e12:
            raise NoFit(f"the events do not tell {', '.join(names)} apart")
        step = np.linalg.solve(sums.information, sums.score)
        for _ in range(HALVINGS):
            tried = risk_sums(times, z, beta + step, weight, group, ties)
            if np.isfinite(tried.loglik) and tried.loglik >= sums.loglik - CLOSE * abs(sums.loglik):
                break
            step = step / 2
        beta = beta + step
        done = abs(tried.loglik - sums.loglik) <= CLOSE * max(abs(sums.loglik), 1.0)
        sums = tried
        beyond = [name for name, b in zip(names, beta, strict=True) if abs(b) > LARGEST]
        if beyond:
            raise NoFit(f"{', '.join(beyond)} separates those with an event from those without")
        if done and np.abs(step).max() < 1e-6:
            return beta, sums, first
    raise NoFit(f"the fit of {', '.join(names)} did not come to rest: a group may hold no event")


def _table(names: list[str], coef: np.ndarray, se: np.ndarray) -> pd.DataFrame:
    z = stats.norm.ppf(0.5 + CONFIDENCE / 2)
    return pd.DataFrame(
        {
            "coef": coef,
            "se": se,
            "hr": np.exp(coef),
            "low": np.exp(coef - z * se),
            "high": np.exp(coef + z * se),
            "p": 2 * stats.norm.sf(np.abs(coef / se)),
        },
        index=pd.Index(names, name="covariate"),
    )


def _proportional(times: Times, sums: Sums, names: list[str], group: np.ndarray) -> pd.DataFrame:
    """Score test of coefficients that change with 1 - Kaplan-Meier just before each event (all strata together)."""
    g = _km_before(times)[sums.row]
    g = g - g.mean()
    k = len(names)
    variance = sums.variance  # e x k x k, of the covariates at each event
    inner = np.einsum("e,eij->ij", sums.event_weight, variance)
    cross = np.einsum("e,eij->ij", sums.event_weight * g, variance)
    outer = np.einsum("e,eij->ij", sums.event_weight * g**2, variance)
    whole = np.block([[inner, cross], [cross.T, outer]])
    u = np.concatenate([np.zeros(k), (sums.own_weight * g) @ sums.own - (sums.event_weight * g) @ sums.mean])
    rows = []
    for columns, label in [([k + i], name) for i, name in enumerate(names)] + [(list(range(k, 2 * k)), "GLOBAL")]:
        use = list(range(k)) + columns
        chisq = float(u[use] @ np.linalg.lstsq(whole[np.ix_(use, use)], u[use], rcond=None)[0])
        rows.append((label, chisq, len(columns), float(stats.chi2.sf(chisq, len(columns)))))
    return pd.DataFrame(rows, columns=["covariate", "chisq", "df", "p"]).set_index("covariate")


def _km_before(times: Times) -> np.ndarray:
    """1 - S(t-) at each row's own time, S the product limit of everybody."""
    when = np.unique(times.time[times.event])
    at_risk = (times.time[None, :] >= when[:, None]) & (times.entry[None, :] < when[:, None])
    died = (times.time[None, :] == when[:, None]) & times.event[None, :]
    survival = np.cumprod(1.0 - died.sum(1) / at_risk.sum(1))
    before = np.concatenate([[1.0], survival])
    return 1.0 - before[np.searchsorted(when, times.time, side="left")]
