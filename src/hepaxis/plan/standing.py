"""How strategies stand beside each other on several aims at once.

Held: five aims (response, durable response, severe immune events, burden, human evidence), none traded for another when
it is said that a strategy is beaten.  Where one number is needed to choose what is computed more finely, it is the
points of response gained plus those of durable response less those of severe events, equally weighted: a choice of
this project, used for the search alone and never shown as a rank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hepaxis import therapy
from hepaxis.plan.catalogue import BURDENS, GRADES, Candidate
from hepaxis.plan.estimates import Cross
from hepaxis.plan.simulation import Simulated

AIMS = ("response", "durable", "harm", "burden", "evidence")


@dataclass(frozen=True)
class Gains:
    """Mean changes against the base regimen on the same virtual patients, as fractions."""

    response: float
    durable: float
    severe: float

    @classmethod
    def between(cls, base: Simulated, other: Simulated, cross: Cross) -> Gains:
        """NaN where no virtual patient can be compared."""
        before, after = base.endpoints, other.endpoints
        pairs = (
            after.response - before.response,
            after.durable - before.durable,
            after.severe_immune - before.severe_immune,
        )
        lost = base.failed | other.failed
        return cls(*(cross.mean(cross.by_draw(np.where(lost, np.nan, change))) for change in pairs))

    @property
    def net(self) -> float:
        return self.response + self.durable - self.severe


def burden_of(components: Sequence[str]) -> int:
    """0 low to 2 high: the heaviest of the arms; a regimen alone counts as none beyond the planned one."""
    arms = [therapy.arm(id) for id in components if id not in therapy.regimen_ids()]
    return max((BURDENS.index(arm.burden) for arm in arms), default=0)


def aims(one: Candidate, gains: Gains) -> np.ndarray:
    """(5,) in the order of ``AIMS``, each the larger the better."""
    grade = GRADES.index(one.evidence.grade)
    return np.array([gains.response, gains.durable, -gains.severe, -burden_of(one.components), -grade], float)


def fronts(values: np.ndarray) -> np.ndarray:
    """(n, k) aims -> (n,) front of each: 1 where nothing is at least as good on every aim and better on one."""
    left, found, front = np.ones(len(values), bool), np.zeros(len(values), int), 1
    values = np.nan_to_num(values, nan=-np.inf)
    while left.any():
        now = values[left]
        beaten = np.array([bool(((now >= mine).all(axis=1) & (now > mine).any(axis=1)).any()) for mine in now])
        found[np.flatnonzero(left)[~beaten]] = front
        left[np.flatnonzero(left)[~beaten]] = False
        front += 1
    return found


def leaders(values: np.ndarray, net: np.ndarray) -> list[int]:
    """The best of each aim, ties broken by the net gain; each once, in the order of the aims."""
    best = [max(range(len(values)), key=lambda k: (values[k, aim], net[k])) for aim in range(values.shape[1])]
    return list(dict.fromkeys(best))
