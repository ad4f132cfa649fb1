"""The gut's total effect on response: the same hosts meet every community, so that only the gut differs.

Held: each person closed with that gut, response by RECIST within a year, averaged over hosts; residuals and load at 1,
for they would be constant within a community.  From it the sd over communities of the log-odds of response, the AUC
that the gut alone would reach, and each claim's share of that variance; errors by bootstrap over communities and hosts.
tau is solved (``tools/solve_tau.py``) and its page is drawn (``tools/sensitivity.py``) from here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hepaxis import axis
from hepaxis.patient import Patient
from hepaxis.plan.estimates import log_odds
from hepaxis.plan.simulation import Setting, simulate
from hepaxis.population import build_twin, gut_from_prior, prior_mean_mechanisms
from hepaxis.population.mechanisms import Mechanisms, claimed_mechanisms
from hepaxis.profile.reference import reference

REGIMEN = "durvalumab"
FAMILY = "metaphlan4"
HORIZON = 365.0
RESAMPLES = 300
LEAST_VARIANCE = 1e-6  # of log-odds; resampled hosts of whom none responds differ by less, and have no shares


@dataclass(frozen=True)
class Spread:
    """Communities at one set of strengths and one tau: sd of log-odds, AUC of the gut, response at its quantiles.

    errors are bootstrap standard errors over communities and hosts, by name of the other fields.
    """

    sd: float
    auc: float
    response_low: float
    response_median: float
    response_high: float
    errors: dict[str, float]


class GutExperiment:
    """communities x hosts people, drawn once."""

    def __init__(self, communities: int, hosts: int, seed: int):
        self.known = reference(FAMILY)
        guts = gut_from_prior(self.known, communities, seed)
        ones = {name: 1.0 for name in guts.inputs.columns if str(name).startswith("residual.")}
        self.guts = replace(guts, inputs=guts.inputs.assign(load=1.0, **ones))
        self.hosts, self.seed = hosts, seed

    def response(self, strengths: Mechanisms, tau: float) -> np.ndarray:
        """(communities, hosts) probability of response for one draw of gate strengths, NaN where a person failed."""
        n = len(self.guts)
        inputs = strengths.inputs.iloc[np.zeros(n, int)].reset_index(drop=True).assign(tau=tau)
        twin = build_twin(None, self.guts, Mechanisms(inputs, np.ones(n)), self.known, hosts=self.hosts, seed=self.seed)
        made = simulate(twin, (REGIMEN,), Setting.of(twin, Patient(), None, HORIZON, self.seed))
        response = np.where(twin.ok & ~made.failed, made.endpoints.response, np.nan)
        return response.reshape(n, self.hosts)

    def spread(self, response: np.ndarray) -> Spread:
        """What one set of strengths makes of the communities."""
        whole = np.nanmean(response, axis=1)
        plain = _summary(whole)
        draws = np.array([list(_summary(mean).values()) for mean in _resampled(response, self.seed)])
        errors = dict(zip(plain, draws.std(axis=0, ddof=1).tolist(), strict=True))
        return Spread(**plain, errors=errors)

    def share(self, whole: np.ndarray, off: np.ndarray) -> tuple[float, float]:
        """(share, error) of the variance over communities that goes with what is switched off in ``off``.

        Shares of single claims need not add to 1: where two act on one port they share it; a claim that works against
        the rest is negative.
        """
        plain = _share(np.nanmean(whole, axis=1), np.nanmean(off, axis=1))
        pairs = zip(_resampled(whole, self.seed), _resampled(off, self.seed), strict=True)
        again = np.array([_share(a, b) for a, b in pairs])
        return plain, float(again[np.isfinite(again)].std(ddof=1))


def strengths(tau: float, *, discounted: bool) -> Mechanisms:
    """One draw with every gate at its prior mean, with or without the chance that the claim holds in people."""
    if discounted:
        return prior_mean_mechanisms(tau)
    claimed = claimed_mechanisms()
    return Mechanisms(claimed.inputs.assign(tau=tau), claimed.core)


def without(one: Mechanisms, gates: list[str]) -> Mechanisms:
    """The same draw with some claims off."""
    return Mechanisms(one.inputs.assign(**{f"gate.{gate}": 0.0 for gate in gates}), one.core)


def agreed_gates() -> list[str]:
    """Claims that a draw at prior means acts by (a disputed one has mean 0)."""
    gates = axis.build().gates
    return [str(gate) for gate in gates.index[gates["prior_mean"] != 0]]


def auc_of_gut(p: np.ndarray) -> float:
    """Probability that a responder's gut has the higher predicted response than a non-responder's."""
    weight = p[:, None] * (1 - p)[None, :]
    wins = (p[:, None] > p[None, :]) + 0.5 * (p[:, None] == p[None, :])
    return float((weight * wins).sum() / (p.sum() * (1 - p).sum()))


def _summary(response: np.ndarray) -> dict[str, float]:
    low, median, high = np.quantile(response, [0.03, 0.5, 0.97])
    return {
        "sd": float(log_odds(response).std(ddof=1)),
        "auc": auc_of_gut(response),
        "response_low": float(low),
        "response_median": float(median),
        "response_high": float(high),
    }


def _share(whole: np.ndarray, off: np.ndarray) -> float:
    total = log_odds(whole)
    variance = total.var(ddof=1)
    if variance < LEAST_VARIANCE:
        return float("nan")
    return float(np.cov(total - log_odds(off), total)[0, 1] / variance)


def _resampled(response: np.ndarray, seed: int) -> list[np.ndarray]:
    """Means over resampled hosts of resampled communities; the same resamples for every array of this shape."""
    rng = np.random.default_rng([seed, 17])
    communities, hosts = response.shape
    known, filled = np.isfinite(response).astype(float), np.nan_to_num(response)
    found = []
    for _ in range(RESAMPLES):
        rows = rng.integers(0, communities, communities)
        weight = np.bincount(rng.integers(0, hosts, hosts), minlength=hosts).astype(float)
        mean = (filled @ weight) / np.maximum(known @ weight, 1e-12)
        found.append(mean[rows])
    return found
