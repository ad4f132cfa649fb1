"""Measures of samples compared between two or more groups: effect with interval, rank test, blocked by study.

Two groups: the chance that a member of the second has the larger value (AUC; 0.5 is no difference) with the interval of
Newcombe 2006 (method 5), and the Mann-Whitney test as R's wilcox.test without exact tables.  With strata the test is
van Elteren's (1960) and the chance is averaged with its weights.  More groups: Kruskal-Wallis.  People with several
samples are averaged first, so the person is the unit.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control, kruskal, mannwhitneyu, norm, rankdata

from hepaxis.problems import InputError, error

MIN_GROUP = 2


def compare_groups(
    measures: pd.DataFrame,
    group: pd.Series,
    *,
    strata: pd.Series | None = None,
    subject: pd.Series | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """samples x measures -> one row a measure.

    Columns: ``groups``, n of each, median of each (``median <group>``), and for two groups ``auc`` (second over first),
    ``auc_low``, ``auc_high``; ``statistic`` (W of the first group, H, or van Elteren's z), ``test``, ``p``, ``q``
    (Benjamini-Hochberg over the measures).  Missing values are left out of their row; a row without two in two groups
    is NaN.  InputError where fewer than two groups are there.
    """
    labels = group.reindex(measures.index)
    frame, labels, blocks = _by_person(measures, labels, strata, subject)
    names = sorted(labels.dropna().astype(str).unique())
    if len(names) < 2:
        raise InputError([error("cohort.groups", "fewer than two groups", "check the group column")])
    text = labels.astype(str).where(labels.notna())
    rows = [_one(frame[column], text, names, blocks, level) for column in frame.columns]
    found = pd.DataFrame(rows, index=frame.columns)
    found["q"] = np.nan
    known = found["p"].notna()
    if known.any():
        found.loc[known, "q"] = false_discovery_control(found.loc[known, "p"].to_numpy(dtype=float))
    return found


def _by_person(
    measures: pd.DataFrame, labels: pd.Series, strata: pd.Series | None, subject: pd.Series | None
) -> tuple[pd.DataFrame, pd.Series, pd.Series | None]:
    blocks = None if strata is None else strata.reindex(measures.index).astype(str)
    if subject is None or not subject.reindex(measures.index).duplicated().any():
        return measures, labels, blocks
    person = subject.reindex(measures.index).astype(str)
    # a person in two groups is one unit in each: the key holds the group too
    key = person + "\0" + labels.astype(str)
    first = ~key.duplicated()
    ids = key[first]
    means = measures.groupby(key).mean().reindex(ids.to_numpy())
    labels = pd.Series(labels[first].to_numpy(), index=means.index)
    return means, labels, None if blocks is None else pd.Series(blocks[first].to_numpy(), index=means.index)


def _one(values: pd.Series, labels: pd.Series, names: list[str], blocks: pd.Series | None, level: float) -> dict:
    known = values.notna() & labels.notna()
    parts = [values[known & (labels == name)].to_numpy(dtype=float) for name in names]
    row: dict[str, object] = {"groups": len(names)}
    row |= {f"n {name}": len(part) for name, part in zip(names, parts, strict=True)}
    row |= {f"median {name}": float(np.median(p)) if len(p) else np.nan for name, p in zip(names, parts, strict=True)}
    small = min(map(len, parts)) < MIN_GROUP
    if len(names) == 2:
        auc = np.nan if small else _auc(parts[0], parts[1])
        low, high = (np.nan, np.nan) if small else auc_interval(auc, len(parts[0]), len(parts[1]), level)
        row |= {"auc": auc, "auc_low": low, "auc_high": high}
    if small or np.ptp(np.concatenate(parts)) == 0:
        return row | {"statistic": np.nan, "test": "none: too few or all alike", "p": np.nan}
    if len(names) > 2:
        test = kruskal(*parts)
        return row | {"statistic": float(test.statistic), "test": "Kruskal-Wallis", "p": float(test.pvalue)}
    if blocks is not None:
        z, auc, used = van_elteren(values[known].to_numpy(dtype=float), labels[known] == names[1], blocks[known])
        low, high = auc_interval(auc, len(parts[0]), len(parts[1]), level)
        row |= {"auc": auc, "auc_low": low, "auc_high": high}
        return row | {"statistic": z, "test": f"van Elteren over {used} strata", "p": float(2 * norm.sf(abs(z)))}
    test = mannwhitneyu(parts[0], parts[1], method="asymptotic", use_continuity=True)
    return row | {"statistic": float(test.statistic), "test": "Mann-Whitney", "p": float(test.pvalue)}


def _auc(first: np.ndarray, second: np.ndarray) -> float:
    ranks = rankdata(np.concatenate([first, second]))
    return float((ranks[len(first) :].sum() - len(second) * (len(second) + 1) / 2) / (len(first) * len(second)))


def auc_interval(auc: float, n_first: int, n_second: int, level: float = 0.95) -> tuple[float, float]:
    """Interval of an AUC by inverting Newcombe's variance (10.1002/sim.2324, method 5): inside 0-1 also at 0 and 1."""
    if not np.isfinite(auc):
        return np.nan, np.nan
    z = float(norm.ppf(0.5 + level / 2))
    mean = (n_first + n_second) / 2.0 - 1.0
    grid = np.linspace(0.0, 1.0, 4001)
    spread = grid * (1 - grid) * (1 + mean * (1 - grid) / (2 - grid) + mean * grid / (1 + grid)) / (n_first * n_second)
    inside = grid[np.abs(grid - auc) <= z * np.sqrt(spread) + 1e-12]
    if not len(inside):
        return auc, auc
    return float(min(inside.min(), auc)), float(max(inside.max(), auc))


def van_elteren(values: np.ndarray, second: pd.Series, blocks: pd.Series) -> tuple[float, float, int]:
    """Stratified rank-sum z, weighted chance that the second group is larger, and strata that count."""
    top = bottom = chance = weight = 0.0
    used = 0
    mark, block = second.to_numpy(dtype=bool), blocks.to_numpy()
    for name in np.unique(block):
        at = block == name
        a, b = values[at & ~mark], values[at & mark]
        if not len(a) or not len(b):
            continue
        n = len(a) + len(b)
        ranks = rankdata(np.concatenate([a, b]))
        rank_sum, expected = ranks[len(a) :].sum(), len(b) * (n + 1) / 2.0
        variance = len(a) * len(b) / n * float(((ranks - ranks.mean()) ** 2).sum()) / (n - 1)
        top += (rank_sum - expected) / (n + 1)
        bottom += variance / (n + 1) ** 2
        chance += _auc(a, b) * len(a) * len(b) / (n + 1)
        weight += len(a) * len(b) / (n + 1)
        used += 1
    if bottom <= 0:
        return 0.0, 0.5, used
    return float(top / np.sqrt(bottom)), float(chance / weight), used
