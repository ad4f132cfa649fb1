"""A population of virtual patients: characteristics, model inputs and a gut each, with weights and how they came about.

Held: patient k depends on the seed, k and the population's marginals alone, so that a population drawn in chunks or by
several workers is the same bit for bit.  Candidates who are not plausible are left out and counted by the rule.
Prior, inclusion rule and weighting travel with every result (``Population.statement``).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hepaxis import axis
from hepaxis.population.baseline import Marginals, correlation, draw_characteristics, latent_scores, marginals
from hepaxis.population.communities import draw_communities, gut_conditions
from hepaxis.population.guts import Guts
from hepaxis.population.lesion_draws import DIFFERENCE_SCORES
from hepaxis.population.plausible import outside, plausibility_rules, with_tumour_age
from hepaxis.population.presentation import LESION_SCORES, host_rows, model_inputs, with_stage
from hepaxis.problems import InputError, error
from hepaxis.profile.reference import GuildReference
from hepaxis.profile.reference import reference as guild_reference

CHUNK = 4096
FAMILY = "metaphlan4"
MOST_REJECTED = 0.98  # share of candidates; above it the bounds and the prior contradict each other


@dataclass(frozen=True)
class Prior:
    """What candidates are drawn from and who of them is taken.

    marginals     of the characteristics; spread multiplies the normal scores of what is continuous
    reference     generator of communities; conditions moves them by liver and drugs
    plausible     whether the bounds of ``plausible.csv`` hold
    """

    marginals: Marginals
    reference: GuildReference
    spread: float = 1.0
    conditions: bool = True
    plausible: bool = True

    def statement(self) -> dict[str, Any]:
        """The prior and the inclusion rule, as JSON can hold it."""
        rows = self.marginals.rows[["variable", "given", "distribution", "args"]]
        return {
            "population": self.marginals.name,
            "marginals": _digest(rows),
            "correlations": _digest(correlation()),
            "spread": self.spread,
            "communities": self.reference.statement,
            "gut_conditions": sorted({row["condition"] for row in gut_conditions()}) if self.conditions else [],
            "model": axis.build().hash,
            "inclusion": [row["rule"] for row in plausibility_rules()] if self.plausible else [],
        }


@dataclass(frozen=True)
class Population:
    """n virtual patients.

    patients     (n,) numbers of the candidates, rising
    covariates   characteristics, one row a patient (``baseline.csv``, ``presentation.with_stage``)
    inputs       n x model inputs; guts n rows
    weights      (n,) positive, mean 1; ess the effective number of patients they leave
    rejected     rule -> candidates left out by it, among ``candidates``
    weighting    how the weights came about, in words and numbers
    """

    prior: Prior
    patients: npt.NDArray[np.int64]
    covariates: pd.DataFrame
    inputs: pd.DataFrame
    guts: Guts
    weights: npt.NDArray[np.float64]
    rejected: dict[str, int]
    candidates: int
    seed: int
    weighting: dict[str, Any] = field(default_factory=lambda: {"method": "none"})

    def __len__(self) -> int:
        return len(self.patients)

    @property
    def ess(self) -> float:
        return effective_size(self.weights)

    def take(self, rows: np.ndarray) -> Population:
        """Some of the patients (positions or a mask), each with its weight; the counts stay those of the whole."""
        at = np.arange(len(self))[rows]
        return replace(
            self,
            patients=self.patients[at],
            covariates=self.covariates.iloc[at].reset_index(drop=True),
            inputs=self.inputs.iloc[at].reset_index(drop=True),
            guts=_guts_at(self.guts, at),
            weights=self.weights[at],
        )

    def statement(self) -> dict[str, Any]:
        """Prior, inclusion rule, who was left out and the weighting: belongs to every result of this population."""
        return {
            **self.prior.statement(),
            "seed": self.seed,
            "patients": len(self),
            "candidates": self.candidates,
            "rejected": dict(self.rejected),
            "weighting": self.weighting,
            "ess": round(self.ess, 1),
        }

    def sentence(self) -> str:
        """The statement in one sentence, for notes."""
        out = sum(self.rejected.values())
        bounds = (
            f"{out} of {self.candidates} candidates left out as not plausible" if self.prior.plausible else "no bounds"
        )
        weights = f"weights: {self.weighting['method']}, {self.ess:.0f} effective"
        return f"population {self.prior.marginals.name}, seed {self.seed}: {len(self)} patients, {bounds}; {weights}"


def effective_size(weights: npt.NDArray[np.float64]) -> float:
    """Kish's effective number of patients: (sum w)^2 / sum w^2."""
    return float(weights.sum() ** 2 / (weights**2).sum()) if len(weights) else 0.0


def draw_population(
    population: str | pd.DataFrame = "trial_default",
    n: int = 1000,
    seed: int = 1,
    *,
    rows: pd.DataFrame | None = None,
    profiler: str = FAMILY,
    spread: float = 1.0,
    conditions: bool = True,
    plausible: bool = True,
    chunk: int = CHUNK,
) -> Population:
    """The first n plausible patients of a population, all of weight 1.

    population: a name of ``baseline.csv``; rows (variable, given, distribution, args) in place of its own, or alone in
    place of the default's.
    Raises InputError for an unknown population, faulty rows, or when hardly any candidate is plausible.
    """
    prior = Prior(marginals(population, rows), guild_reference(profiler), spread, conditions, plausible)
    parts: list[Population] = []
    first = found = 0
    while found < n:
        parts.append(draw_candidates(prior, first, first + chunk, seed))
        first += chunk
        found += len(parts[-1])
        if found < (1 - MOST_REJECTED) * first:
            reasons = dict(sum((Counter(part.rejected) for part in parts), Counter()))
            hint = "change the marginals or the bounds of plausible.csv"
            found_text = f"of {first} candidates {found} are plausible: {reasons}"
            raise InputError([error("population.implausible", found_text, hint)])
    return _first(parts, n)


def draw_candidates(prior: Prior, first: int, stop: int, seed: int) -> Population:
    """The plausible ones among candidates first ... stop - 1: a chunk of what ``draw_population`` draws."""
    patients = np.arange(first, stop)
    names = [*prior.marginals.variables, *LESION_SCORES, *DIFFERENCE_SCORES, *(name for name, _ in host_rows())]
    scores = latent_scores(seed, patients, names)
    covariates = with_stage(draw_characteristics(prior.marginals, scores, prior.spread), scores)
    inputs = model_inputs(covariates, scores, prior.spread)
    covariates = with_tumour_age(covariates, inputs)
    why = outside(covariates, "drawn") if prior.plausible else np.full(len(patients), "", dtype=object)
    kept = np.flatnonzero(why == "")
    covariates = covariates.iloc[kept].reset_index(drop=True)
    return Population(
        prior,
        patients[kept],
        covariates,
        inputs.iloc[kept].reset_index(drop=True),
        draw_communities(prior.reference, covariates, seed, patients[kept], prior.conditions),
        np.ones(len(kept)),
        dict(Counter(why[why != ""])),
        len(patients),
        seed,
    )


def joined(parts: list[Population]) -> Population:
    """Chunks of one population, in order, as one."""
    guts = [part.guts for part in parts]
    counts: Counter[str] = sum((Counter(part.rejected) for part in parts), Counter())
    return replace(
        parts[0],
        patients=np.concatenate([part.patients for part in parts]),
        covariates=pd.concat([part.covariates for part in parts], ignore_index=True),
        inputs=pd.concat([part.inputs for part in parts], ignore_index=True),
        guts=Guts(
            np.concatenate([gut.shares for gut in guts]),
            np.concatenate([gut.absent for gut in guts]),
            np.concatenate([gut.open for gut in guts]),
            pd.concat([gut.inputs for gut in guts], ignore_index=True),
            guts[0].source,
        ),
        weights=np.concatenate([part.weights for part in parts]),
        rejected=dict(counts),
        candidates=sum(part.candidates for part in parts),
    )


def _first(parts: list[Population], n: int) -> Population:
    """The first n of the chunks; candidates after the last of them were not looked at."""
    whole = joined(parts)
    kept = whole.take(np.arange(n))
    last = int(kept.patients[-1]) + 1
    before = sum(part.candidates for part in parts[:-1])
    final = draw_candidates(whole.prior, before, last, whole.seed)
    counts: Counter[str] = sum((Counter(part.rejected) for part in [*parts[:-1], final]), Counter())
    return replace(kept, rejected=dict(counts), candidates=last)


def _guts_at(guts: Guts, at: np.ndarray) -> Guts:
    inputs = guts.inputs.iloc[at].reset_index(drop=True)
    return Guts(guts.shares[at], guts.absent[at], guts.open[at], inputs, guts.source)


def _digest(table: pd.DataFrame) -> str:
    return hashlib.sha256(table.to_csv().encode()).hexdigest()[:16]
