"""Measures of the same people before and after: paired differences, and mixed models over a whole course.

The person is the unit: several samples of one stage are averaged.  Paired mean with a t interval, the Hodges-Lehmann
median of pairwise means with Wilcoxon's signed-rank P beside it; people with one of the two stages only are counted,
not filled in.  A course (days, stages, groups and their interaction) has a random intercept a person (``linear``).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control, wilcoxon
from scipy.stats import t as t_distribution

from hepaxis.cohort.design import build_design
from hepaxis.cohort.differences.linear import fit_linear
from hepaxis.problems import InputError, error

MIN_PAIRS = 3


def paired_changes(
    measures: pd.DataFrame, subject: pd.Series, stage: pd.Series, before: str, after: str, *, level: float = 0.95
) -> pd.DataFrame:
    """samples x measures -> one row a measure: ``pairs``, ``only_before``, ``only_after`` (people), ``mean_change``
    with ``low`` and ``high``, ``median_change`` (Hodges-Lehmann), ``p`` (signed rank), ``p_t``, ``q`` (of p).

    InputError where fewer than three people have both stages.
    """
    person = subject.reindex(measures.index).astype(str)
    known = stage.reindex(measures.index)
    first = measures[known == before].groupby(person[known == before]).mean()
    second = measures[known == after].groupby(person[known == after]).mean()
    both = first.index.intersection(second.index)
    if len(both) < MIN_PAIRS:
        text = f"{len(both)} people have samples at '{before}' and at '{after}'"
        raise InputError([error("cohort.pairs", text, "check stage and subject; three are needed")])
    change = second.loc[both] - first.loc[both]
    rows = []
    for name in measures.columns:
        values = change[name].dropna().to_numpy(dtype=float)
        n = len(values)
        lone = (len(first.index.difference(second.index)), len(second.index.difference(first.index)))
        if n < MIN_PAIRS or np.ptp(values) == 0:
            rows.append((n, *lone, values.mean() if n else np.nan, *[np.nan] * 5))
            continue
        mean, se = float(values.mean()), float(values.std(ddof=1) / np.sqrt(n))
        half = float(t_distribution.ppf(0.5 + level / 2, n - 1)) * se
        walsh = (values[:, None] + values[None, :])[np.triu_indices(n)] / 2.0
        p = float(wilcoxon(values).pvalue) if np.any(values != 0) else 1.0
        p_t = float(2 * t_distribution.sf(abs(mean / se), n - 1))
        rows.append((n, *lone, mean, mean - half, mean + half, float(np.median(walsh)), p, p_t))
    names = ["pairs", "only_before", "only_after", "mean_change", "low", "high", "median_change", "p", "p_t"]
    found = pd.DataFrame(rows, index=measures.columns, columns=names)
    found["q"] = np.nan
    tested = found["p"].notna()
    if tested.any():
        found.loc[tested, "q"] = false_discovery_control(found.loc[tested, "p"].to_numpy(dtype=float))
    return found


def course(
    measures: pd.DataFrame,
    data: pd.DataFrame,
    terms: Sequence[str],
    subject: pd.Series,
    *,
    references: dict[str, str] | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Mixed model of each measure on ``terms`` ('stage', 'group', 'stage:group' ...) with an intercept a person.

    Rows (measure, column): estimate, se, low, high, df, p, q (over measures within a column), icc (share of variance
    between people).  Samples with a missing measure are left out of that measure.  InputError as ``build_design``.
    """
    parts = {}
    for name in measures.columns:
        values = measures[name].dropna()
        design = build_design(data.reindex(values.index), terms, references=references)
        people = subject.reindex(design.index).astype(str).to_numpy()
        fit = fit_linear(values.loc[design.index].to_numpy(dtype=float)[:, None], design.matrix, people)
        estimate, se = fit.coefficients[0], fit.errors[0]
        half = t_distribution.ppf(0.5 + level / 2, fit.df) * se
        with np.errstate(divide="ignore", invalid="ignore"):
            p = np.where(se > 0, 2 * t_distribution.sf(np.abs(estimate / se), fit.df), np.nan)
        columns = {
            "estimate": estimate,
            "se": se,
            "low": estimate - half,
            "high": estimate + half,
            "df": fit.df,
            "p": p,
        }
        parts[name] = pd.DataFrame(columns, index=list(design.columns)).assign(icc=fit.icc[0])
    found = pd.concat(parts, names=["measure", "column"])
    found["q"] = np.nan
    for _, rows in found.groupby(level="column"):
        known = rows.index[rows["p"].notna()]
        if len(known):
            found.loc[known, "q"] = false_discovery_control(found.loc[known, "p"].to_numpy(dtype=float))
    return found
