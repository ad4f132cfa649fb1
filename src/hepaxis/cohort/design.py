"""From named columns to a design matrix: columns of each term, what is missing, what cannot be told apart.

Numbers enter as they are, everything else as treatment contrasts against a stated reference level; ``a:b`` is an
interaction.  A design in which a term is a combination of others is refused with both named (batch = group).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from hepaxis.problems import InputError, Problem, error

RANK_TOLERANCE = 1e-9
"""Share of a column's length that must stand outside the span of those before it; far above rounding."""


@dataclass(frozen=True)
class Design:
    """matrix: samples x columns with the intercept first; ``columns`` names them; ``terms`` term -> column positions;
    ``references`` level that a category is compared with; ``omitted`` samples left out for missing values."""

    matrix: np.ndarray
    index: pd.Index
    columns: tuple[str, ...]
    terms: dict[str, np.ndarray]
    references: dict[str, str]
    omitted: tuple[str, ...]

    def without(self, term: str) -> np.ndarray:
        """The matrix without one term's columns."""
        keep = np.ones(self.matrix.shape[1], dtype=bool)
        keep[self.terms[term]] = False
        return self.matrix[:, keep]


def build_design(
    data: pd.DataFrame,
    terms: Sequence[str],
    *,
    references: Mapping[str, str] | None = None,
    code: str = "cohort.design",
) -> Design:
    """Design of ``terms`` (columns of ``data`` or 'a:b') over the rows where all of them are known.

    InputError: a column that is not there, one that does not vary, two terms that cannot be told apart, more columns
    than samples.
    """
    names = list(dict.fromkeys(part for term in terms for part in term.split(":")))
    unknown = [name for name in names if name not in data.columns]
    if unknown:
        hint = "the columns are " + ", ".join(map(str, list(data.columns)[:30]))
        raise InputError([error(code, f"there is no column '{name}'", hint, column=name) for name in unknown])
    known = data[names].notna().all(axis=1)
    frame = data.loc[known, names]
    blocks: dict[str, tuple[np.ndarray, list[str]]] = {}
    told: dict[str, str] = {}
    problems: list[Problem] = []
    for name in names:
        blocks[name] = _block(frame[name], name, (references or {}).get(name), told, problems, code)
    if problems:
        raise InputError(problems)
    parts, columns, where = [np.ones((len(frame), 1))], ["intercept"], {}
    for term in terms:
        values, labels = _product([blocks[name] for name in term.split(":")])
        where[term] = np.arange(len(columns), len(columns) + len(labels))
        parts.append(values)
        columns += labels
    matrix = np.hstack(parts)
    _refuse_aliased(matrix, columns, where, code)
    omitted = tuple(str(s) for s in data.index[~known])
    return Design(matrix, frame.index, tuple(columns), where, told, omitted)


def _block(
    values: pd.Series, name: str, reference: str | None, told: dict[str, str], problems: list[Problem], code: str
) -> tuple[np.ndarray, list[str]]:
    if is_numeric_dtype(values) and not is_bool_dtype(values):
        numbers = values.to_numpy(dtype=float)
        if len(numbers) == 0 or np.ptp(numbers) == 0:
            problems.append(error(code, f"'{name}' does not vary", "leave it out", column=name))
        return numbers[:, None], [name]
    text = values.astype(str)
    levels = sorted(text.unique())
    if len(levels) < 2:
        problems.append(error(code, f"'{name}' does not vary", "leave it out", column=name))
        return np.zeros((len(text), 0)), []
    base = reference if reference is not None else levels[0]
    if base not in levels:
        problems.append(error(code, f"'{name}' has no level '{base}'", "levels: " + ", ".join(levels), column=name))
        return np.zeros((len(text), 0)), []
    told[name] = base
    others = [level for level in levels if level != base]
    codes = text.to_numpy()[:, None] == np.array(others)[None, :]
    return codes.astype(float), [f"{name}[{level}]" for level in others]


def _product(blocks: Sequence[tuple[np.ndarray, list[str]]]) -> tuple[np.ndarray, list[str]]:
    values, labels = blocks[0]
    for more, names in blocks[1:]:
        values = (values[:, :, None] * more[:, None, :]).reshape(len(values), -1)
        labels = [f"{a}:{b}" for a in labels for b in names]
    return values, labels


def _refuse_aliased(matrix: np.ndarray, columns: Sequence[str], where: Mapping[str, np.ndarray], code: str) -> None:
    n, width = matrix.shape
    if width >= n:
        raise InputError([error(code, f"{width} columns for {n} samples", "use fewer covariates or merge levels")])
    basis = np.zeros((n, 0))
    problems = []
    for at in range(width):
        column = matrix[:, at]
        rest = column - basis @ (basis.T @ column)
        rest -= basis @ (basis.T @ rest)
        size, whole = float(np.linalg.norm(rest)), float(np.linalg.norm(column))
        if size <= RANK_TOLERANCE * max(whole, 1e-300):
            term = next(t for t, cols in where.items() if at in cols)
            weights = np.linalg.lstsq(matrix[:, :at], column, rcond=None)[0]
            used = [columns[int(k)] for k in np.flatnonzero(np.abs(weights) > 1e-6) if k]
            text = f"'{columns[at]}' is fixed by {' and '.join(used[:6]) or 'the intercept'}: they cannot be told apart"
            hint = "leave one of them out; where batch is group no model can part them"
            problems.append(error("cohort.aliased", text, hint, column=term))
        else:
            basis = np.hstack([basis, (rest / size)[:, None]])
    if problems:
        raise InputError(problems)
