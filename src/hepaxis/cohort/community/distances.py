"""Distances between communities: Bray-Curtis, Jaccard, Aitchison, and UniFrac on a given tree.

Bray-Curtis and Jaccard see what is abundant and what is there; Aitchison sees ratios.  They can disagree, also after a
batch is accounted for, so a report shows both.  Zeros in logarithms: half the smallest share of the table, stated with
the result.  UniFrac is scikit-bio's; taxa without a tip are left out and their share is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist, squareform

from hepaxis.problems import InputError, Problem, error, warning

METRICS = ("bray_curtis", "jaccard", "aitchison", "unweighted_unifrac", "weighted_unifrac")
COVERED = 0.9
"""Share of abundance with a tip in the tree below which UniFrac is said to see only part of the community."""


@dataclass(frozen=True)
class Distances:
    """values: samples x samples, 0 on the diagonal; ``pseudo``: the share added for logarithms (0 where none);
    ``coverage``: share of abundance in the tree (1 where there is none)."""

    values: np.ndarray
    index: pd.Index
    metric: str
    pseudo: float = 0.0
    coverage: float = 1.0
    problems: tuple[Problem, ...] = ()

    def frame(self) -> pd.DataFrame:
        return pd.DataFrame(self.values, index=self.index, columns=self.index)

    def take(self, index: pd.Index) -> Distances:
        """The distances among these samples."""
        at = self.index.get_indexer(index)
        return Distances(self.values[np.ix_(at, at)], index, self.metric, self.pseudo, self.coverage, self.problems)


def distances(
    abundance: pd.DataFrame, metric: str, *, tree: str | Path | None = None, pseudo: float | None = None
) -> Distances:
    """samples x taxa (relative) -> distances.

    metric  one of ``METRICS``; jaccard is on presence
    tree    Newick file for UniFrac, tips named as the taxa
    pseudo  share added before logarithms; None takes half the smallest positive share

    InputError for an unknown metric, an empty sample, or UniFrac without a tree that holds the taxa.
    """
    if metric not in METRICS:
        raise InputError([error("cohort.metric", f"there is no distance '{metric}'", "give " + ", ".join(METRICS))])
    values = abundance.to_numpy(dtype=float)
    empty = abundance.index[values.sum(axis=1) <= 0]
    if len(empty):
        raise InputError([error("cohort.empty_sample", f"sample {empty[0]} holds no taxon", "leave it out")])
    if metric == "bray_curtis":
        return Distances(squareform(pdist(values, "braycurtis")), abundance.index, metric)
    if metric == "jaccard":
        return Distances(squareform(pdist(values > 0, "jaccard")), abundance.index, metric)
    if metric == "aitchison":
        added = half_smallest(values) if pseudo is None else pseudo
        return Distances(squareform(pdist(clr(values + added))), abundance.index, metric, pseudo=added)
    return _unifrac(abundance, metric, tree)


def half_smallest(values: np.ndarray) -> float:
    """Half the smallest positive value of a table, the usual stand-in for zero before logarithms."""
    positive = values[values > 0]
    return float(positive.min() / 2.0) if len(positive) else 1.0


def clr(values: np.ndarray) -> np.ndarray:
    """Centred log-ratio of positive rows (Aitchison 1986)."""
    logs = np.log(values)
    centred: np.ndarray = logs - logs.mean(axis=1, keepdims=True)
    return centred


def _unifrac(abundance: pd.DataFrame, metric: str, tree: str | Path | None) -> Distances:
    if tree is None:
        raise InputError([error("cohort.tree", f"{metric} needs a tree", "give a Newick file whose tips are the taxa")])
    from skbio import TreeNode
    from skbio.diversity import beta_diversity

    root = TreeNode.read(str(tree), format="newick", convert_underscores=False)
    tips = {str(tip.name) for tip in root.tips()}
    there = [taxon for taxon in abundance.columns if taxon in tips]
    if len(there) < 2:
        text = f"{len(there)} of {abundance.shape[1]} taxa are tips of the tree"
        raise InputError([error("cohort.tree", text, "name the tips as the taxa of the profile", file=str(tree))])
    kept = abundance[there]
    coverage = float(kept.to_numpy().sum() / abundance.to_numpy().sum())
    problems: list[Problem] = []
    if coverage < COVERED:
        text = f"the tree holds {coverage:.0%} of abundance ({len(there)} of {abundance.shape[1]} taxa)"
        problems.append(warning("cohort.tree_coverage", text, "UniFrac sees only this part", file=str(tree)))
    if (kept.sum(axis=1) <= 0).any():
        lost = str(kept.index[kept.sum(axis=1) <= 0][0])
        raise InputError([error("cohort.tree", f"sample {lost} has no taxon in the tree", "leave it out")])
    sheared = root.shear(there)
    sheared.prune()
    if len(sheared.children) > 2:
        sheared = sheared.root_at_midpoint()
    for node in sheared.traverse():
        node.length = 0.0 if node.length is None and node.parent is not None else node.length
    found = beta_diversity(metric, kept.to_numpy(), ids=list(kept.index), taxa=there, tree=sheared)
    return Distances(np.asarray(found.data), abundance.index, metric, coverage=coverage, problems=tuple(problems))
