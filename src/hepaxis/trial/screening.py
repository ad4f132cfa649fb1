"""Who enters a virtual trial and on which arm: candidates in order, screened as drawn, randomised within strata.

Held: quantiles of conditions are those of the population's first plausible candidates, before anybody is selected.
Randomisation is by permuted blocks within strata in the order of enrolment (parallel), or everybody is on every arm
(paired).  It depends on the seed and the candidates' order alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np
import pandas as pd

from hepaxis.population import Population, Prior, draw_candidates, marginals
from hepaxis.population.points import uniform_points
from hepaxis.problems import InputError, error
from hepaxis.profile.reference import reference
from hepaxis.trial.conditions import Condition, feature_table
from hepaxis.trial.design import Design, Who

BLOCK = 4096  # candidates drawn at once; also the ones quantiles are taken from
FAMILY = "metaphlan4"
MOST_BLOCKS = 8  # without a single patient
LARGEST_SHARE = 24  # denominator to which allocation shares are rounded
EVERYBODY = "all"


@dataclass(frozen=True)
class Task:
    """Patients to be worked on: numbers (k,) of candidates, rising, as drawn and not yet closed.

    arm (k,) places in the design's arms (None: every arm); stratum, analysis (k,) names of strata.
    """

    number: int
    patients: np.ndarray
    arm: np.ndarray | None
    stratum: np.ndarray
    analysis: np.ndarray

    def part(self, number: int, rows: slice) -> Task:
        arm = None if self.arm is None else self.arm[rows]
        return Task(number, self.patients[rows], arm, self.stratum[rows], self.analysis[rows])


@dataclass(frozen=True)
class Screen:
    """How candidates of a design are screened; ``who`` and ``analysis`` with quantiles worked out."""

    design: Design
    prior: Prior
    who: Who
    analysis: tuple[str | Condition, ...]

    @classmethod
    def of(cls, design: Design) -> Screen:
        prior = Prior(marginals(design.population.name), reference(FAMILY))
        table = feature_table(draw_candidates(prior, 0, BLOCK, design.seed))
        who = design.population.resolved(table)
        analysis = design.analysis.strata or design.population.strata
        fixed = tuple(one if isinstance(one, str) else one.resolved(table) for one in analysis)
        return cls(design, prior, who, fixed)

    def screened(self, first: int, stop: int) -> tuple[Population, pd.DataFrame]:
        """Those of candidates ``first`` ... ``stop`` - 1 who may take part, and their features."""
        drawn = draw_candidates(self.prior, first, stop, self.design.seed)
        table = feature_table(drawn)
        allowed = self.who.eligible(table)
        return drawn.take(allowed), table[allowed].reset_index(drop=True)

    def left_out(self, stop: int) -> dict[str, int]:
        """Rule -> candidates below ``stop`` who were left out as drawn."""
        lost: dict[str, int] = {}
        for first in range(0, stop, BLOCK):
            drawn = draw_candidates(self.prior, first, min(first + BLOCK, stop), self.design.seed)
            refused = int((~self.who.eligible(feature_table(drawn))).sum())
            for reason, count in {**drawn.rejected, "not eligible": refused}.items():
                if count:
                    lost[reason] = lost.get(reason, 0) + count
        return lost


class Enrolment:
    """Patients of a screen in order, as tasks of any size: who is on which arm does not depend on the sizes."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self._allocation = None if screen.design.paired else Allocation(screen.design)
        self._first = self._found = 0
        self._waiting: Task | None = None
        self._number = 0

    def next(self, size: int) -> Task:
        """The next patients, at most ``size``.  Raises InputError when nobody may take part."""
        while self._waiting is None or not len(self._waiting.patients):
            self._waiting = self._block()
        whole = self._waiting
        self._waiting = whole.part(self._number, slice(size, None))
        self._number += 1
        return whole.part(self._number - 1, slice(0, size))

    def _block(self) -> Task:
        if self._found == 0 and self._first >= MOST_BLOCKS * BLOCK:
            hint = "widen eligibility, or choose another population"
            raise InputError([error("trial.nobody", f"nobody of {self._first} candidates may take part", hint)])
        screen = self.screen
        drawn, table = screen.screened(self._first, self._first + BLOCK)
        self._first += BLOCK
        self._found += len(drawn)
        stratum, analysis = stratum_names(screen.who.strata, table), stratum_names(screen.analysis, table)
        arm = None if self._allocation is None else self._allocation.assigned(stratum)
        return Task(0, drawn.patients, arm, stratum, analysis)


class Allocation:
    """Arms by permuted blocks within strata: keeps, per stratum, how many have been randomised."""

    def __init__(self, design: Design) -> None:
        self.seed = design.seed
        self.block = np.repeat(np.arange(len(design.arms)), whole_shares([arm.share for arm in design.arms]))
        self.seen: dict[str, int] = {}

    def assigned(self, strata: np.ndarray) -> np.ndarray:
        """Arms (k,) of the next patients, by their strata (k,)."""
        return np.array([self._next(str(stratum)) for stratum in strata], dtype=int)

    def _next(self, stratum: str) -> int:
        place = self.seen.get(stratum, 0)
        self.seen[stratum] = place + 1
        block, within = divmod(place, len(self.block))
        slots = [f"allocation.{stratum}.{k}" for k in range(len(self.block))]
        order = np.argsort(uniform_points(self.seed, np.array([block]), slots)[0], kind="stable")
        return int(self.block[order[within]])


def whole_shares(shares: list[float]) -> list[int]:
    """Smallest whole numbers in the proportion of the shares."""
    parts = [Fraction(share).limit_denominator(LARGEST_SHARE) for share in shares]
    common = lcm(*(part.denominator for part in parts))
    return [max(1, int(part * common)) for part in parts]


def stratum_names(strata: tuple[str | Condition, ...], table: pd.DataFrame) -> np.ndarray:
    """Name (n,) of each patient's stratum, the same whatever other patients there are."""
    if not strata:
        return np.full(len(table), EVERYBODY, dtype=object)
    parts = [_factor(one, table) for one in strata]
    return np.array(["; ".join(words) for words in zip(*parts, strict=True)], dtype=object)


def _factor(one: str | Condition, table: pd.DataFrame) -> list[str]:
    if isinstance(one, str):
        return [f"{one} = {value:g}" if isinstance(value, float) else f"{one} = {value}" for value in table[one]]
    held = one.holds(table)
    return [f"{one.text}: {'yes' if inside else 'no'}" for inside in held]
