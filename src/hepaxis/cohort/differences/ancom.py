"""ANCOM-BC2 (Lin & Peddada 2024, 10.1038/s41592-023-02092-7) as scikit-bio does it, kept from what makes it fail.

Features that are absent from all samples of a group are taken out before and reported elsewhere.  The method has no
random effect there, so with several samples a person it is run on people (their samples summed).
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from scipy.stats import t as t_distribution

LOG2 = float(np.log(2.0))
ALMOST_ALL = 3
"""Samples with the feature needed beyond the columns of the design for its error to mean anything."""


def ancom_bc2(table: pd.DataFrame, matrix: np.ndarray, columns: list[str]) -> pd.DataFrame | str:
    """samples x features (counts or shares), design (intercept first) -> features x (estimate, se, p) by column.

    log2 scale, columns a MultiIndex (design column, part); a sentence instead where the method cannot be run.
    """
    from skbio.stats.composition import ancombc2

    enough = (table > 0).sum(axis=0) >= matrix.shape[1] + ALMOST_ALL
    kept = table.loc[:, enough]
    if kept.shape[1] < 2:
        return "too few features are present in enough samples"
    names = [f"x{k}" for k in range(1, matrix.shape[1])]
    data = pd.DataFrame(matrix[:, 1:], columns=names, index=kept.index)
    try:
        with warnings.catch_warnings():  # its log of zero and flat variances are handled by its own rules
            warnings.simplefilter("ignore")
            found = ancombc2(kept, data, " + ".join(names), p_adjust=None).result
    except (ValueError, np.linalg.LinAlgError, FloatingPointError, ZeroDivisionError, IndexError) as fault:
        return f"scikit-bio gave up: {fault}"
    wide = found[["Log(FC)", "SE", "pvalue"]].unstack("Covariate")  # noqa: PD010
    out = {}
    for name, column in zip(names, columns[1:], strict=True):
        out[column, "estimate"] = wide["Log(FC)", name] / LOG2
        out[column, "se"] = wide["SE", name] / LOG2
        out[column, "p"] = wide["pvalue", name]
    return pd.DataFrame(out).reindex(table.columns)


def interval_width(se: np.ndarray, df: float, level: float) -> np.ndarray:
    """Half the width of a t interval."""
    width: np.ndarray = t_distribution.ppf(0.5 + level / 2, df) * se
    return width
