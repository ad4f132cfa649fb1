"""Shapley values of groups by antithetic permutations, one pair of orders a virtual patient.

Held: a value function of (virtual patient, coalition).  Each patient walks one random order of the groups and the same
order backwards, from nobody to all; a group's value is the mean of what it added on the two ways, so that the values of
a patient add up to the gap between all and none to rounding.  A group that does nothing in a patient (its claims do not
hold in that draw) has the value 0 exactly, and coalitions that differ by such groups alone are computed once.
The Monte Carlo error is that of the orders: half the difference of the two ways, which is on the large side where the
ways are opposed.  Sampling of orders: doi 10.1016/j.cor.2008.04.004; antithetic pairs: jmlr.org/papers/v23/21-0439.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

#: (rows (m,) of the patients, mask (m, k) True where a group is the patient's own) -> (m,) values
Value = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Shapley:
    """values (n, k) of n patients and k groups; all_, none (n,); order_error (n, k); solves: coalitions computed."""

    values: np.ndarray
    all_: np.ndarray
    none: np.ndarray
    order_error: np.ndarray
    solves: int


def shapley(value: Value, inactive: np.ndarray, seed: int) -> Shapley:
    """Shapley values of every patient.  inactive (n, k): groups that do nothing in a patient."""
    patients, groups = inactive.shape
    rng = np.random.default_rng([seed, 71])
    order = np.argsort(rng.random((patients, groups)), axis=1)
    walks = (order, order[:, ::-1])
    masks = np.stack([_coalitions(walk) for walk in walks], axis=1)  # (n, 2, k + 1, k)
    found, solves = _evaluated(value, masks & ~inactive[:, None, None, :], inactive)
    gains = np.stack([_gains(found[:, way], walk) for way, walk in enumerate(walks)])
    gains[:, inactive] = 0.0
    return Shapley(
        values=gains.mean(axis=0),
        all_=found[:, 0, -1],
        none=found[:, 0, 0],
        order_error=np.abs(gains[0] - gains[1]) / 2.0,
        solves=solves,
    )


def _coalitions(order: np.ndarray) -> np.ndarray:
    """(n, k + 1, k): who is in after each step of the order."""
    patients, groups = order.shape
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.tile(np.arange(groups), (patients, 1)), axis=1)
    joined: np.ndarray = place[:, None, :] < np.arange(groups + 1)[None, :, None]
    return joined


def _evaluated(value: Value, masks: np.ndarray, inactive: np.ndarray) -> tuple[np.ndarray, int]:
    """Values (n, 2, k + 1) of the coalitions, each distinct one of a patient computed once."""
    patients, ways, steps, groups = masks.shape
    flat = masks.reshape(patients, ways * steps, groups)
    rows = np.repeat(np.arange(patients), ways * steps)
    keyed = np.column_stack([rows, flat.reshape(-1, groups)])
    unique, back = np.unique(keyed, axis=0, return_inverse=True)
    # A group that does nothing counts as the patient's own, which is the cheaper of two equal settings.
    asked = unique[:, 1:].astype(bool) | inactive[unique[:, 0]]
    got = value(unique[:, 0], asked)
    found: np.ndarray = got[back.reshape(-1)].reshape(patients, ways, steps)
    return found, len(unique)


def _gains(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    """(n, k): what each group added when it joined."""
    gains = np.empty(order.shape)
    np.put_along_axis(gains, order, np.diff(values, axis=1), axis=1)
    return gains
