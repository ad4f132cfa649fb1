"""Clinical covariates as numbers: what is numeric stays, what is a category becomes one column a level.

Held: complete cases, counted; a covariate that hardly anybody has, or that says the same of everybody, is left out and
named.  The most frequent level of a category is its reference.  Nothing is imputed: a filled-in covariate adjusts for
less than it seems to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

LEAST_KNOWN = 0.6  # share of rows with a value below which adjusting would cost more rows than it mends
LEAST_LEVEL = 5  # rows of a level; rarer ones are joined as 'other'
LEVELS_OF_NUMBERS = 2  # a number of two values is as good as a category


@dataclass(frozen=True)
class Covariates:
    """design: rows x columns, numbers; rows: which rows are complete (n,); left_out: covariate -> why."""

    design: pd.DataFrame
    rows: np.ndarray
    left_out: dict[str, str]

    @property
    def dropped(self) -> int:
        return int((~self.rows).sum())


def covariates(frame: pd.DataFrame) -> Covariates:
    """Design columns of ``frame`` (n x covariates, numbers or text, missing allowed) for its complete rows."""
    left_out: dict[str, str] = {}
    kept: dict[str, pd.Series] = {}
    for name in map(str, frame.columns):
        column = frame[name]
        known = float(column.notna().mean()) if len(column) else 0.0
        if known < LEAST_KNOWN:
            left_out[name] = f"known for {known:.0%} of the rows"
        elif column.nunique(dropna=True) < 2:
            left_out[name] = "the same for everybody"
        else:
            kept[name] = column
    rows = np.ones(len(frame), bool)
    for column in kept.values():
        rows &= column.notna().to_numpy()
    parts = []
    for name, column in kept.items():
        part = _columns(name, column[rows])
        if part.shape[1]:
            parts.append(part)
        else:
            left_out[name] = "the same for every complete row"
    design = pd.concat(parts, axis=1) if parts else pd.DataFrame(index=frame.index[rows])
    return Covariates(design, rows, left_out)


def _columns(name: str, column: pd.Series) -> pd.DataFrame:
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        numbers = column.astype(float)
        return numbers.to_frame(name) if numbers.min() < numbers.max() else pd.DataFrame(index=column.index)
    text = column.astype(str)
    counts = text.value_counts()
    rare = set(counts.index[counts < LEAST_LEVEL])
    text = text.where(~text.isin(rare), "other") if len(counts) > LEVELS_OF_NUMBERS else text
    levels = sorted(text.unique(), key=lambda level: (-int((text == level).sum()), level))
    return pd.DataFrame({f"{name}: {level}": (text == level).astype(float) for level in levels[1:]}, index=column.index)
