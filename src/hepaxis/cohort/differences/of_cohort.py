"""Differences of a joined cohort: pooled with studies as levels, study by study, and combined across studies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from hepaxis.cohort.differences.features import FeatureTable, features
from hepaxis.cohort.differences.meta import random_effects
from hepaxis.cohort.differences.model import METHODS, Differences, differential
from hepaxis.cohort.record import Cohort
from hepaxis.problems import InputError, Problem, warning

MIN_GROUP = 5
"""Samples in the smaller group below which a study gives no result of its own (as in ``checks``)."""
META_METHODS = ("log", "centred", "presence")


@dataclass(frozen=True)
class CohortDifferences:
    """pooled: all samples, study as a level, person as a random intercept; per_study: study -> Differences;
    meta: method, contrast and feature -> ``random_effects`` columns (empty with one study); problems: studies left out.
    """

    pooled: Differences
    per_study: dict[str, Differences]
    meta: pd.DataFrame
    problems: tuple[Problem, ...]


def cohort_differences(
    cohort: Cohort,
    table: FeatureTable | None = None,
    *,
    term: str = "response",
    covariates: Sequence[str] = (),
    methods: Sequence[str] = METHODS,
    prevalence: float = 0.1,
) -> CohortDifferences:
    """Features that differ with ``term`` ('response', or a column of ``cohort.clinical``).

    table  features of the cohort's samples; None takes its taxa.  InputError as ``differential``.
    """
    used = features(cohort) if table is None else table
    data = cohort.clinical.assign(response=cohort.response)
    several = len(set(cohort.study)) > 1
    pooled = differential(
        used,
        data,
        term,
        covariates=covariates,
        strata=cohort.study.rename("study") if several else None,
        subject=cohort.subject,
        methods=methods,
        prevalence=prevalence,
    )
    per_study: dict[str, Differences] = {}
    problems: list[Problem] = []
    inner = [m for m in methods if m in META_METHODS]
    for study in sorted(cohort.study.unique()) if several and inner else []:
        rows = cohort.study.index[cohort.study == study]
        known = data.loc[rows, term].dropna()
        smaller = int(known.value_counts().min()) if known.nunique() == 2 else len(known)
        if known.nunique() < 2 or smaller < MIN_GROUP:
            text = f"study {study} has {smaller} samples in its smaller group"
            problems.append(warning("cohort.study_too_small", text, "it counts in the pooled model only"))
            continue
        part = FeatureTable(
            used.values.loc[rows, pooled.prevalence.index],
            None if used.counts is None else used.counts.loc[rows],
            used.kind,
            used.compositional,
            used.rank,
        )
        try:
            per_study[study] = differential(
                part, data, term, covariates=covariates, subject=cohort.subject, methods=inner, prevalence=prevalence
            )
        except InputError as fault:
            problems += [warning(p.code, f"study {study}: {p.found}", p.hint) for p in fault.problems]
    return CohortDifferences(pooled, per_study, _combined(per_study), tuple(problems))


def _combined(per_study: dict[str, Differences]) -> pd.DataFrame:
    if len(per_study) < 2:
        return pd.DataFrame()
    whole = pd.concat({study: found.results for study, found in per_study.items()}, names=["study"])
    parts = {}
    for (method, contrast), rows in whole.groupby(level=["method", "contrast"]):
        flat = rows.droplevel(["method", "contrast"])
        estimates, errors = (flat[part].unstack("study") for part in ("estimate", "se"))  # noqa: PD010
        parts[method, contrast] = random_effects(estimates, errors)
    return pd.concat(parts, names=["method", "contrast", "feature"])
