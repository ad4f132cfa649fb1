"""Diversity within a sample: Shannon (natural logarithm), Simpson (1 - sum p^2), richness.

All three depend on depth and on the profiler; compare only within one.  Shannon 1948; Simpson 1949.
"""

from __future__ import annotations

import numpy as np
import pandas as pd


def shannon(abundance: pd.DataFrame) -> pd.Series:
    """samples x taxa (any non-negative scale) -> Shannon entropy in nats; NaN for an empty sample."""
    shares = _shares(abundance)
    logs = np.log(np.where(shares > 0, shares, 1.0))
    # 0.0 - x, not -x: a sample of one taxon has entropy 0, not -0
    return pd.Series(0.0 - (shares * logs).sum(axis=1), index=abundance.index, name="shannon")


def simpson(abundance: pd.DataFrame) -> pd.Series:
    """samples x taxa -> probability that two draws differ, 0-1; NaN for an empty sample."""
    return pd.Series(1.0 - (_shares(abundance) ** 2).sum(axis=1), index=abundance.index, name="simpson")


def richness(abundance: pd.DataFrame) -> pd.Series:
    """samples x taxa -> number of taxa present."""
    return pd.Series((abundance.to_numpy() > 0).sum(axis=1), index=abundance.index, name="richness")


def alpha_diversity(abundance: pd.DataFrame) -> pd.DataFrame:
    """samples x taxa -> samples x (shannon, simpson, richness)."""
    return pd.concat([shannon(abundance), simpson(abundance), richness(abundance)], axis=1)


def _shares(abundance: pd.DataFrame) -> np.ndarray:
    values = abundance.to_numpy(dtype=float)
    totals = values.sum(axis=1, keepdims=True)
    return values / np.where(totals > 0, totals, np.nan)
