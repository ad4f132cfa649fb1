"""Diversity within a sample: Hill numbers, entropies, and richness at one depth where counts are known.

Hill 1973 (orders 0, 1, 2), Hurlbert 1971 (expected richness of a subsample, as vegan's rarefy), Chao 1984
(bias-corrected, as vegan's estimateR), Fisher 1943 and Chao & Lee 1992 (scikit-bio's).  All depend on depth and
profiler: compare within a study.  Richness from shares is what the profiler let through, not what a depth would show.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from scipy.special import gammaln

from hepaxis.problems import InputError, error
from hepaxis.profile.diversity import richness, shannon, simpson

DRAWS = 20
"""Subsamples averaged for entropies at one depth."""


def alpha_diversity(
    abundance: pd.DataFrame, counts: pd.DataFrame | None = None, *, depth: int | None = None, seed: int = 0
) -> pd.DataFrame:
    """samples x taxa -> samples x measures.

    From shares: shannon (nats), simpson (1 - sum p^2), inverse_simpson, richness, hill_0, hill_1, hill_2 (effective
    numbers of taxa), evenness (Pielou; NaN for one taxon), dominance (largest share).  With ``counts`` (whole numbers)
    also chao1, ace, fisher_alpha, and with ``depth`` rarefied_richness (its expectation, exact), rarefied_shannon and
    rarefied_hill_1 (mean of DRAWS subsamples); NaN for samples below the depth.
    """
    entropy, gini, present = shannon(abundance), simpson(abundance), richness(abundance)
    values = abundance.to_numpy(dtype=float)
    shares = values / values.sum(axis=1, keepdims=True)
    found = pd.DataFrame(
        {
            "shannon": entropy,
            "simpson": gini,
            "inverse_simpson": 1.0 / (1.0 - gini),
            "richness": present.astype(float),
            "hill_0": present.astype(float),
            "hill_1": np.exp(entropy),
            "hill_2": 1.0 / (1.0 - gini),
            "evenness": entropy / np.log(present.where(present > 1)),
            "dominance": shares.max(axis=1),
        }
    )
    if counts is None:
        return found
    whole = _whole(counts)
    found["chao1"] = _chao1(whole)
    found["ace"], found["fisher_alpha"] = _by_library(whole)
    if depth is not None:
        found["rarefied_richness"] = rarefied_richness(counts, depth)
        found["rarefied_shannon"] = _rarefied_shannon(whole, depth, seed)
        found["rarefied_hill_1"] = np.exp(found["rarefied_shannon"])
    return found


def rarefied_richness(counts: pd.DataFrame, depth: int) -> pd.Series:
    """Expected number of taxa among ``depth`` individuals drawn without replacement; NaN below the depth."""
    whole = _whole(counts)
    total = whole.sum(axis=1)
    with np.errstate(invalid="ignore"):
        absent = _choose(total[:, None] - whole, depth) - _choose(total[:, None], depth)
        chance = np.where(whole > 0, 1.0 - np.exp(absent), 0.0)
    out = np.where(total >= depth, chance.sum(axis=1), np.nan)
    return pd.Series(out, index=counts.index, name="rarefied_richness")


def rarefaction_curve(counts: pd.DataFrame, depths: np.ndarray) -> pd.DataFrame:
    """Expected richness, samples x depths; NaN beyond a sample's depth."""
    return pd.DataFrame({int(d): rarefied_richness(counts, int(d)) for d in depths})


def _whole(counts: pd.DataFrame) -> np.ndarray:
    values = counts.to_numpy(dtype=float)
    if (values < 0).any() or not np.array_equal(values, np.round(values)):
        raise InputError([error("cohort.not_counts", "counts must be whole numbers", "give read counts, not shares")])
    return values


def _choose(n: np.ndarray, k: int) -> np.ndarray:
    """Logarithm of n over k; -inf where n < k."""
    enough = n >= k
    top = np.where(enough, n, k)
    out: np.ndarray = np.where(enough, gammaln(top + 1) - gammaln(k + 1) - gammaln(top - k + 1), -np.inf)
    return out


def _chao1(whole: np.ndarray) -> np.ndarray:
    once, twice = (whole == 1).sum(axis=1), (whole == 2).sum(axis=1)
    out: np.ndarray = (whole > 0).sum(axis=1) + once * (once - 1) / (2.0 * (twice + 1))
    return out


def _by_library(whole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from skbio.diversity.alpha import ace, fisher_alpha

    first, second = np.full(len(whole), np.nan), np.full(len(whole), np.nan)
    for k, row in enumerate(whole.astype(int)):
        seen = row[row > 0]
        if not len(seen):
            continue
        rare = seen[seen <= 10]
        if len(rare) and (rare == 1).sum() < rare.sum():  # undefined where every rare taxon is seen once
            first[k] = ace(seen)
        with warnings.catch_warnings():  # a sample of singletons has no finite alpha; said by NaN
            warnings.simplefilter("ignore", RuntimeWarning)
            alpha = fisher_alpha(seen)
        second[k] = alpha if np.isfinite(alpha) else np.nan
    return first, second


def _rarefied_shannon(whole: np.ndarray, depth: int, seed: int) -> np.ndarray:
    out = np.full(len(whole), np.nan)
    for k, row in enumerate(whole.astype(np.int64)):
        if row.sum() < depth:
            continue
        # a sample's draws depend on the seed and its own counts alone, not on its place in the table
        rng = np.random.default_rng([seed, int(row.sum()), int(row.max()), int((row > 0).sum())])
        drawn = rng.multivariate_hypergeometric(row[row > 0], depth, size=DRAWS, method="marginals")
        shares = drawn / depth
        logs = np.log(np.where(shares > 0, shares, 1.0))
        out[k] = float(-(shares * logs).sum(axis=1).mean())
    return out
