"""The only claim about a cohort: are patients' antigens nearer to their own gut than to the guts of the others?

Antigens and HLA stay with the patient; the microbiomes are permuted between patients.  So nothing that the antigens,
the molecules or microbes in general have in common can make a difference, which pooling p-values over hits would not
exclude.  Strengths are linear in the shares of species, so that every pairing follows from each patient's own result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hepaxis.antigens.permutation import p_value
from hepaxis.problems import InputError, Problem, error

FEWEST = 4  # patients; fewer have too few permutations to say anything
PERMUTATIONS = 10_000


def pairings(results: Sequence[Mapping[str, Any]], names: Sequence[str]) -> np.ndarray:
    """(patients, patients) strength of patient i's antigens in the gut of patient j.

    InputError where results are too few or searched other species: each must have searched all that any patient holds.
    """
    problems: list[Problem] = []
    if len(results) < FEWEST:
        problems.append(error("mimics.cohort_small", f"{len(results)} patients", f"give {FEWEST} or more"))
    for name, one in zip(names, results, strict=True):
        if "all_species" not in one["gut"]:
            hint = "search with --all-species, so that every gut can be tried with every patient's antigens"
            problems.append(
                error("mimics.cohort_species", "only the sample's own species were searched", hint, file=name)
            )
        elif one["gut"]["index"] != results[0]["gut"]["index"]:
            hint = f"search all with the index of {names[0]}"
            problems.append(error("mimics.cohort_index", "another index was searched", hint, file=name))
    if problems:
        raise InputError(problems)
    weight = np.array([one["gut"]["weight"] for one in results])
    own = np.zeros_like(weight)
    for place, one in enumerate(results):
        for row in one["targets"]:
            if "strength_by_species" in row:  # a molecule that binds nothing in the index has none
                own[place] += row["strength_by_species"]
    return own @ weight.T


def cohort_claim(strength: np.ndarray, seed: int, permutations: int = PERMUTATIONS) -> dict[str, Any]:
    """Mean log strength with the own gut against guts permuted between patients: observed, by chance, one-sided p.

    Each row is centred first, so that a patient with many candidates in any gut does not decide.
    """
    log = np.log(np.maximum(strength, np.finfo(float).tiny))
    centred = log - log.mean(axis=1, keepdims=True)
    n, rng = len(centred), np.random.default_rng(seed)
    observed = float(np.trace(centred) / n)
    drawn = np.array([centred[np.arange(n), rng.permutation(n)].mean() for _ in range(permutations)])
    low, middle, high = np.quantile(drawn, (0.025, 0.5, 0.975))
    return {
        "patients": n,
        "observed": observed,
        "by_chance": {"median": float(middle), "low": float(low), "high": float(high)},
        "p": p_value(observed, drawn),
        "permutations": permutations,
    }
