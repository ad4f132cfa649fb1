"""A virtual trial as it is written down: who takes part, what each arm is given and when, what is read and compared.

Held: the record (``design_files`` reads it from YAML) and how an arm becomes protocol rows.  Nothing is simulated here.
Days count from the regimen's first dose; a rescue counts from each patient's progression.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from hepaxis import therapy
from hepaxis.population import Population
from hepaxis.trial.conditions import Condition, condition, feature_table
from hepaxis.trial.follow_up import Arm
from hepaxis.trial.published_arms import PublishedArm
from hepaxis.trial.schedule import Conduct


@dataclass(frozen=True)
class TrialArm:
    """One arm: a regimen from ``start`` on, and components beside it (their days count from ``start``).

    ``share``: weight in the allocation; ``dropout``: immune, tki, placebo or local.
    """

    id: str
    label: str
    regimen: str
    start: float
    components: tuple[therapy.Component, ...]
    share: float
    dropout: str

    @property
    def parts(self) -> tuple[therapy.Component, ...]:
        """Regimen and components, as ``therapy`` takes them."""
        return (therapy.Component(self.regimen), *self.components)

    @property
    def rescue(self) -> bool:
        """Whether something waits for progression: the arm is run twice, the second time with its days."""
        return any(one.at == "progression" for one in self.components)

    def parameters(self, sex: str | None = None) -> dict[str, float]:
        """Lever -> value of the arm's drugs."""
        return therapy.parameters(self.parts, sex=sex)

    def protocol(self, horizon_days: float, lanes: therapy.Lanes | None = None) -> pd.DataFrame:
        """Protocol rows of the arm (``therapy.protocol``).  A rescue needs lanes."""
        return therapy.protocol(self.parts, horizon_days, start_day=self.start, lanes=lanes)


@dataclass(frozen=True)
class Who:
    """Who takes part.

    name          population; child_pugh points admitted (5-9)
    eligibility   conditions on the baseline; biomarker conditions on the gut: all hold
    strata        features or conditions by which patients are randomised
    second_line   share treated before (0-1); year of enrolment
    """

    name: str
    child_pugh: tuple[int, ...]
    eligibility: tuple[Condition, ...]
    biomarker: tuple[Condition, ...]
    strata: tuple[str | Condition, ...]
    second_line: float
    year: float

    def resolved(self, table: pd.DataFrame, weights: np.ndarray | None = None) -> Who:
        """With every quantile taken from a population's features (``feature_table``)."""

        def fixed(found: tuple[Condition, ...]) -> tuple[Condition, ...]:
            return tuple(one.resolved(table, weights) for one in found)

        strata = tuple(one if isinstance(one, str) else one.resolved(table, weights) for one in self.strata)
        return replace(self, eligibility=fixed(self.eligibility), biomarker=fixed(self.biomarker), strata=strata)

    def eligible(self, table: pd.DataFrame) -> np.ndarray:
        """Who may take part (n,), by features.  ValueError while a quantile is not resolved."""
        inside: np.ndarray = table["child_pugh"].isin(self.child_pugh).to_numpy()
        for one in (*self.eligibility, *self.biomarker):
            inside = inside & one.holds(table)
        return inside

    def stratum(self, table: pd.DataFrame) -> np.ndarray:
        """Number of each patient's stratum (n,), by the strata's values in order of appearance."""
        return strata_of(self.strata, table)


@dataclass(frozen=True)
class Reads:
    """What is compared: names of ``outcomes``; ``biopsy_day`` None without a biopsy."""

    primary: tuple[str, ...]
    secondary: tuple[str, ...]
    biopsy_day: float | None
    biopsy_cores: int

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.primary, *self.secondary)


@dataclass(frozen=True)
class Analysis:
    """``strata`` the comparison is stratified by; ``features`` by which response is shown."""

    strata: tuple[str | Condition, ...]
    features: tuple[str, ...]


@dataclass(frozen=True)
class Design:
    """One trial.

    mode          parallel or paired; n patients of the whole trial, or on every arm
    control       id of the arm the others are compared with
    conduct       scans and rules of counting; its share beyond progression is the design's
    cap_days      longest treatment, inf without one
    gates         drawn, mean or off
    text          the file as it was written
    """

    name: str
    statement: str
    sources: tuple[str, ...]
    note: str
    mode: str
    n: int
    arms: tuple[TrialArm, ...]
    control: str
    population: Who
    conduct: Conduct
    cap_days: float
    endpoints: Reads
    analysis: Analysis
    horizon_days: float
    gates: str
    seed: int
    text: str = field(default="", repr=False)
    file: str = ""

    @property
    def paired(self) -> bool:
        return self.mode == "paired"

    def arm(self, id: str) -> TrialArm:
        """KeyError for an arm there is not."""
        for one in self.arms:
            if one.id == id:
                return one
        raise KeyError(f"no arm {id!r}; arms are {', '.join(one.id for one in self.arms)}")

    def sizes(self) -> dict[str, int]:
        """Patients on each arm: by allocation with the largest remainders, or all on every arm where it is paired."""
        if self.paired:
            return {one.id: self.n for one in self.arms}
        shares = np.array([one.share for one in self.arms])
        exact = self.n * shares / shares.sum()
        sizes = np.floor(exact).astype(int)
        for place in np.argsort(sizes - exact, kind="stable")[: self.n - int(sizes.sum())]:
            sizes[place] += 1
        return {one.id: int(size) for one, size in zip(self.arms, sizes, strict=True)}

    def follow_up(self, arm: TrialArm) -> Arm:
        """What the follow-up of an arm needs to know of it."""
        drugs = therapy.regimen(arm.regimen).drugs
        return Arm(arm.dropout, self.population.year, drugs, self.population.second_line)


def who_of(arm: PublishedArm) -> Who:
    """Who took part in an arm of the trial table: population, classes admitted, region, line and enrolment."""
    asian = () if arm.region == "global" else (condition("region = asia"),)
    points = tuple(sorted(int(name[1:]) for name in arm.child_pugh))
    return Who(arm.population, points, asian, (), (), arm.second_line, Arm.published(arm).year)


def eligible(design: Design, population: Population) -> np.ndarray:
    """Who of a population may take part (n,), quantiles taken from the whole of it."""
    table = feature_table(population)
    return design.population.resolved(table, population.weights).eligible(table)


def strata_of(strata: tuple[str | Condition, ...], table: pd.DataFrame) -> np.ndarray:
    """Number of each patient's stratum (n,); all 0 without strata."""
    if not strata:
        return np.zeros(len(table), int)
    parts = [table[one] if isinstance(one, str) else pd.Series(one.holds(table), table.index) for one in strata]
    keys = pd.MultiIndex.from_arrays([part.to_numpy() for part in parts])
    numbers: np.ndarray = pd.factorize(keys, sort=True)[0]
    return numbers
