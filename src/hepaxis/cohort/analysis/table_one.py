"""The cohort table: who the people are, responders beside the others, with standardised differences.

Held: one row a person; numbers as median and quartiles, categories as counts; no P values (Vandenbroucke 2007, STROBE,
10.1371/journal.pmed.0040297): a difference matters by its size.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from hepaxis.cohort.analysis.options import several_studies
from hepaxis.cohort.record import Cohort

CONSIDERED = ("age", "sex", "bmi", "ecog", "aetiology", "child_pugh", "bclc", "afp", "antibiotics", "ppi", "steroids")
MOST_LEVELS = 6
COLUMNS = ("characteristic", "known", "all", "responders", "others", "difference")


def cohort_table(cohort: Cohort) -> pd.DataFrame:
    """Rows of ``COLUMNS``; ``difference`` is standardised, responders less others."""
    people = cohort.with_response().first_samples()
    y = people.response.to_numpy(float) == 1
    rows: list[tuple[object, ...]] = [("people", str(len(y)), str(len(y)), str(int(y.sum())), str(int((~y).sum())), "")]
    for study, n in people.study.value_counts(sort=False).sort_index().items():
        if several_studies(people):
            rows.append(_level(f"study: {study}", (people.study == study).to_numpy(), y, int(n) >= 0))
    for name in CONSIDERED:
        if name not in people.clinical or people.clinical[name].notna().sum() == 0:
            continue
        column = people.clinical[name]
        numbers = pd.to_numeric(column, errors="coerce")
        if numbers.notna().sum() == column.notna().sum() and numbers.nunique() > MOST_LEVELS:
            rows.append(_number(name, numbers.to_numpy(float), y))
            continue
        text = column.map(_flag_word if name in ("antibiotics", "ppi", "steroids") else _plain)
        counts = text.value_counts()
        for level in list(counts.index[:MOST_LEVELS]):
            known = text.notna().to_numpy()
            rows.append(_level(f"{name}: {level}", (text == level).to_numpy()[known], y[known], True))
    for months, event, name in (("os_months", "os_event", "deaths"), ("pfs_months", "pfs_event", "progressions")):
        known = people.survival[event].notna().to_numpy()
        if known.any():
            rows.append(_level(name, people.survival[event].to_numpy(float)[known] == 1, y[known], True))
            rows.append(_number(f"follow-up, {name} (months)", people.survival[months].to_numpy(float), y))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _plain(value: object) -> object:
    if isinstance(value, float) and np.isnan(value):
        return np.nan
    return f"{value:g}" if isinstance(value, float) else str(value)


def _flag_word(value: object) -> object:
    return {1.0: "yes", 0.0: "no"}.get(value, np.nan)  # type: ignore[call-overload]


def _number(name: str, values: np.ndarray, y: np.ndarray) -> tuple[object, ...]:
    known = np.isfinite(values)
    parts = [values[known & g] for g in (np.ones(len(y), bool), y, ~y)]
    words = ["-" if not len(p) else "{:.3g} ({:.3g}-{:.3g})".format(*np.quantile(p, (0.5, 0.25, 0.75))) for p in parts]
    spread = np.sqrt((np.var(parts[1]) + np.var(parts[2])) / 2) if len(parts[1]) and len(parts[2]) else 0.0
    gap = (np.mean(parts[1]) - np.mean(parts[2])) / spread if spread > 0 else np.nan
    return (f"{name}, median (quartiles)", str(int(known.sum())), *words, _signed(gap))


def _level(name: str, member: np.ndarray, y: np.ndarray, known: bool) -> tuple[object, ...]:
    words = [f"{int(member[g].sum())} ({100 * member[g].mean():.0f}%)" if g.any() else "-" for g in (y | True, y, ~y)]
    a, b = (member[g].mean() if g.any() else np.nan for g in (y, ~y))
    spread = np.sqrt((a * (1 - a) + b * (1 - b)) / 2)
    return (name, str(len(member)), *words, _signed((a - b) / spread if spread > 0 else np.nan))


def _signed(value: float) -> str:
    return f"{value:+.2f}" if np.isfinite(value) else ""
