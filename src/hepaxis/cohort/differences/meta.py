"""Random-effects meta-analysis of per-study effects: how much agrees across cohorts, and what a new one would show.

Between-study variance by DerSimonian & Laird 1986; intervals and P by Hartung & Knapp 2001 with their error never below
the usual one (the guard keeps two agreeing small studies from looking certain); I2 of Higgins & Thompson 2002;
prediction interval of Higgins 2009 on k - 2 degrees of freedom.  One study is passed through and said to be one.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import chi2, false_discovery_control
from scipy.stats import t as t_distribution


def random_effects(estimates: pd.DataFrame, errors: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """features x studies of estimates and their errors (NaN where a study has none) -> one row a feature.

    studies, estimate, low, high, p, q, tau2, I2, heterogeneity_p, predict_low, predict_high (NaN under three studies),
    positive (studies above 0), weight_largest (share of the heaviest study).
    """
    y, s = estimates.to_numpy(dtype=float), errors.to_numpy(dtype=float)
    known = np.isfinite(y) & np.isfinite(s) & (s > 0)
    k = known.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        w = np.where(known, 1.0 / s**2, 0.0)
        y = np.where(known, y, 0.0)
        total = w.sum(axis=1)
        fixed = (w * y).sum(axis=1) / total
        q = (w * (y - fixed[:, None]) ** 2).sum(axis=1)
        scale = total - (w**2).sum(axis=1) / total
        tau2 = np.where(k > 1, np.maximum(0.0, (q - (k - 1)) / scale), 0.0)
        w2 = np.where(known, 1.0 / (np.where(known, s, 1.0) ** 2 + tau2[:, None]), 0.0)
        total2 = w2.sum(axis=1)
        mean = (w2 * y).sum(axis=1) / total2
        ordinary = 1.0 / total2
        spread = (w2 * (y - mean[:, None]) ** 2).sum(axis=1) / np.maximum(k - 1, 1)
        variance = ordinary * np.where(k > 1, np.maximum(spread, 1.0), 1.0)
        df = np.where(k > 1, k - 1, np.inf).astype(float)
        se = np.sqrt(variance)
        half = t_distribution.ppf(0.5 + level / 2, df) * se
        p = 2 * t_distribution.sf(np.abs(mean / se), df)
        i2 = np.where((k > 1) & (q > 0), np.maximum(0.0, (q - (k - 1)) / q), 0.0)
        wide = t_distribution.ppf(0.5 + level / 2, np.maximum(k - 2, 1)) * np.sqrt(tau2 + variance)
    none, few = k == 0, k < 3
    adjusted = np.full(len(p), np.nan)
    if (~none).any():
        adjusted[~none] = false_discovery_control(p[~none])
    return pd.DataFrame(
        {
            "studies": k,
            "estimate": np.where(none, np.nan, mean),
            "se": np.where(none, np.nan, se),
            "low": np.where(none, np.nan, mean - half),
            "high": np.where(none, np.nan, mean + half),
            "p": np.where(none, np.nan, p),
            "q": adjusted,
            "tau2": tau2,
            "I2": i2,
            "heterogeneity_p": np.where(k > 1, chi2.sf(q, np.maximum(k - 1, 1)), np.nan),
            "predict_low": np.where(few, np.nan, mean - wide),
            "predict_high": np.where(few, np.nan, mean + wide),
            "positive": ((y > 0) & known).sum(axis=1),
            "weight_largest": np.where(none, np.nan, w2.max(axis=1) / np.maximum(total2, 1e-300)),
        },
        index=estimates.index,
    )
