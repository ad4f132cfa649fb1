"""Sums over those at risk at each event: what a partial likelihood, its tests and its residuals are made of.

Held: Efron's correction as a share l/d of the events of a time taken off its sums for the l-th of its d events
(Efron 1977, 10.1080/01621459.1977.10480613); Breslow's takes nothing off.  Sums run from the end of time backwards, so
that one pass serves all events; rows that enter late are taken off again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepaxis.cohort.survival.times import Times

TIES = ("efron", "breslow")


@dataclass(frozen=True)
class Sums:
    """At one value of the coefficients, over e events and k covariates.

    row (e,) row of each event; own (e, k) its covariates; own_weight (e,) its weight; event_weight (e,) mean weight of
    the events of its time; total (e,) weighted risk; mean (e, k) and variance (e, k, k) of the covariates at risk;
    share (e,) l/d; moment (e,) place of the event's time in its stratum's own list.
    """

    row: np.ndarray
    own: np.ndarray
    own_weight: np.ndarray
    event_weight: np.ndarray
    total: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    share: np.ndarray
    loglik: float
    score: np.ndarray
    information: np.ndarray


def risk_sums(
    times: Times, x: np.ndarray, beta: np.ndarray, weight: np.ndarray, group: np.ndarray, ties: str = "efron"
) -> Sums:
    """Sums of all strata, events ordered by stratum and time.  ValueError for other ``ties``."""
    if ties not in TIES:
        raise ValueError(f"ties '{ties}'; known: {', '.join(TIES)}")
    linear = x @ beta
    parts = [_stratum(times, x, linear, weight, np.flatnonzero(group == g), ties) for g in range(int(group.max()) + 1)]
    row, own_weight, event_weight, total, mean, square, share = (
        np.concatenate([p[i] for p in parts]) for i in range(7)
    )
    variance = square - mean[:, :, None] * mean[:, None, :]
    loglik = float(own_weight @ linear[row] - event_weight @ np.log(total))
    score = own_weight @ x[row] - event_weight @ mean
    information = np.einsum("e,eij->ij", event_weight, variance)
    return Sums(row, x[row], own_weight, event_weight, total, mean, variance, share, loglik, score, information)


def _stratum(
    times: Times, x: np.ndarray, linear: np.ndarray, weight: np.ndarray, rows: np.ndarray, ties: str
) -> tuple[np.ndarray, ...]:
    time, event, entry = times.time[rows], times.event[rows], times.entry[rows]
    k = x.shape[1]
    died = rows[event]
    if not len(died):
        none = np.zeros(0)
        return died, none, none, none, np.zeros((0, k)), np.zeros((0, k, k)), none
    risk = weight * np.exp(linear)
    z = x[rows]
    columns = np.concatenate(
        [np.ones((len(rows), 1)), z, (z[:, :, None] * z[:, None, :]).reshape(len(rows), k * k)], axis=1
    )
    columns = columns * risk[rows][:, None]
    when, moment = np.unique(times.time[died], return_inverse=True)
    at_risk = _sum_from(time, columns, when, side="left") - _sum_from(entry, columns, when, side="left")
    order = np.argsort(moment, kind="stable")
    died, moment = died[order], moment[order]
    d = np.bincount(moment)
    place = np.arange(len(died)) - np.concatenate([[0], np.cumsum(d)[:-1]])[moment]
    share = place / d[moment] if ties == "efron" else np.zeros(len(died))
    dying = np.zeros((len(when), columns.shape[1]))
    np.add.at(dying, np.searchsorted(when, time[event]), columns[event])
    here = at_risk[moment] - share[:, None] * dying[moment]
    total = here[:, 0]
    mean = here[:, 1 : 1 + k] / total[:, None]
    square = (here[:, 1 + k :] / total[:, None]).reshape(-1, k, k)
    average = np.bincount(moment, weight[died]) / d
    return died, weight[died], average[moment], total, mean, square, share


def _sum_from(values: np.ndarray, columns: np.ndarray, when: np.ndarray, side: str) -> np.ndarray:
    """Sum of ``columns`` over rows whose value is at or after each ``when``."""
    order = np.argsort(values, kind="stable")
    running = np.concatenate([np.zeros((1, columns.shape[1])), np.cumsum(columns[order][::-1], axis=0)])
    first = np.searchsorted(values[order], when, side="left" if side == "left" else "right")
    found: np.ndarray = running[len(values) - first]
    return found


def score_residuals(
    times: Times, x: np.ndarray, beta: np.ndarray, weight: np.ndarray, group: np.ndarray, ties: str
) -> np.ndarray:
    """Each row's weighted share (n, k) of the score, whose sum is the score (0 at the maximum)."""
    sums = risk_sums(times, x, beta, weight, group, ties)
    risk = np.exp(x @ beta)
    increment = sums.event_weight / sums.total
    found = np.zeros_like(x)
    for g in range(int(group.max()) + 1):
        rows = np.flatnonzero(group == g)
        here = np.flatnonzero(group[sums.row] == g)
        when = times.time[sums.row[here]]  # in order of time
        hazard = np.concatenate([[0.0], np.cumsum(increment[here])])
        drift = np.concatenate(
            [np.zeros((1, x.shape[1])), np.cumsum(increment[here][:, None] * sums.mean[here], axis=0)]
        )
        until = np.searchsorted(when, times.time[rows], side="right")
        since = np.searchsorted(when, times.entry[rows], side="right")
        seen, moved = hazard[until] - hazard[since], drift[until] - drift[since]
        found[rows] -= risk[rows][:, None] * (x[rows] * seen[:, None] - moved)
        # events of one time share its mean, and each carries its own hazard only in part (Efron)
        start = np.searchsorted(when, when, side="left")
        end = np.searchsorted(when, when, side="right")
        running = np.concatenate([np.zeros((1, x.shape[1])), np.cumsum(sums.mean[here], axis=0)])
        mean_of_time = (running[end] - running[start]) / (end - start)[:, None]
        own = sums.row[here]
        found[own] += x[own] - mean_of_time
        part = np.concatenate([[0.0], np.cumsum(sums.share[here] * increment[here])])
        part_mean = np.concatenate(
            [
                np.zeros((1, x.shape[1])),
                np.cumsum((sums.share[here] * increment[here])[:, None] * sums.mean[here], axis=0),
            ]
        )
        held, held_mean = part[end] - part[start], part_mean[end] - part_mean[start]
        found[own] += risk[own][:, None] * (x[own] * held[:, None] - held_mean)
    return found * weight[:, None]
