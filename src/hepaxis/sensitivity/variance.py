"""Sobol indices: the share of an output's variance that a factor, or a group of factors, carries.

Held: two independent scrambled Sobol samples A and B, and A with one block of columns from B.  First order by Saltelli
2010 (10.1016/j.cpc.2009.09.018), total order by Jansen (10.1016/S0010-4655(98)00154-4); a block that does nothing has
both at exactly zero.  Intervals by bootstrap over rows of the sample.  A run that failed takes its row out of the
blocks it concerns, and is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import qmc

RESAMPLES = 400
LEVEL = 0.95


def blocked_sample(rows: int, factors: int, blocks: Mapping[str, Sequence[int]], seed: int) -> np.ndarray:
    """Points (rows (blocks + 2), factors) in the open cube: A, B, then A with each block's columns from B.

    rows    a power of two, for the balance of the Sobol sequence.  Raises ValueError when it is not
    """
    power = int(rows).bit_length() - 1
    if rows < 2 or 2**power != rows:
        raise ValueError(f"{rows} rows are not a power of two")
    cube = qmc.Sobol(2 * factors, rng=np.random.default_rng(seed)).random_base2(power)
    cube = np.clip(cube, 1e-9, 1 - 1e-9)
    a, b = cube[:, :factors], cube[:, factors:]
    parts = [a, b]
    for columns in blocks.values():
        mixed = a.copy()
        mixed[:, list(columns)] = b[:, list(columns)]
        parts.append(mixed)
    return np.concatenate(parts)


def indices(
    values: np.ndarray, blocks: Sequence[str], outputs: Sequence[str], seed: int, *, resamples: int = RESAMPLES
) -> pd.DataFrame:
    """Values of a blocked sample -> rows output, block, first, total, each with 95% limits, and rows used.

    values (rows (blocks + 2), outputs), NaN where a run failed.  An output without variance has NaN indices.
    """
    y = values.reshape(len(blocks) + 2, -1, len(outputs))
    rng = np.random.default_rng(seed)
    rows = y.shape[1]
    draws = rng.integers(0, rows, (resamples, rows))
    tail = 100 * (1 - LEVEL) / 2
    found = []
    for k, output in enumerate(outputs):
        a, b = y[0, :, k], y[1, :, k]
        for j, block in enumerate(blocks):
            mixed = y[j + 2, :, k]
            used = np.isfinite(a) & np.isfinite(b) & np.isfinite(mixed)
            row: dict[str, object] = {"output": output, "block": block, "rows": int(used.sum())}
            terms = _terms(np.where(used, a, 0.0), np.where(used, b, 0.0), np.where(used, mixed, 0.0), used)
            first, total = _ratio(terms.sum(axis=0))
            spread = np.array([_ratio(terms[draw].sum(axis=0)) for draw in draws])
            row |= {"first": first, "total": total}
            for column, name in enumerate(("first", "total")):
                low, high = (
                    np.nanpercentile(spread[:, column], [tail, 100 - tail]) if np.isfinite(first) else (np.nan,) * 2
                )
                row |= {f"{name}_low": low, f"{name}_high": high}
            found.append(row)
    columns = ["output", "block", "first", "first_low", "first_high", "total", "total_low", "total_high", "rows"]
    return pd.DataFrame(found, columns=columns)


def _terms(a: np.ndarray, b: np.ndarray, mixed: np.ndarray, used: np.ndarray) -> np.ndarray:
    """(rows, 5) sums over which give the indices: count, sum, squares of A and B, first and total numerators.

    Values are taken about their common mean: Saltelli's product has less variance then.
    """
    n = max(int(used.sum()), 1)
    centre = (a.sum() + b.sum()) / (2 * n)
    a, b, mixed = (np.where(used, x - centre, 0.0) for x in (a, b, mixed))
    return np.stack([used, a + b, a**2 + b**2, b * (mixed - a), 0.5 * (a - mixed) ** 2], axis=1)


def _ratio(sums: np.ndarray) -> tuple[float, float]:
    count, total, squares, first, jansen = sums
    if count < 2:
        return float("nan"), float("nan")
    variance = squares / (2 * count) - (total / (2 * count)) ** 2
    if not variance > 1e-12 * max(squares / (2 * count), 1e-300):
        return float("nan"), float("nan")
    return float(first / count / variance), float(jansen / count / variance)
