"""What an analysis hands on: sections of panels, each with its finding in words, its marks and its numbers.

Held: plain records that become JSON as they are; a report draws them and estimates nothing.  A number that is not known
is None, never 0.  Every panel has a table of what it shows, which is also a file of the run.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd

Json = dict[str, Any]


@dataclass(frozen=True)
class Mark:
    """A row of a forest: estimate with its interval; ``group`` is its colour (main, other, quiet)."""

    label: str
    estimate: float
    low: float
    high: float
    words: str = ""
    group: str = "main"


@dataclass(frozen=True)
class Line:
    """A curve with an optional band; ``step`` for curves that hold their value."""

    label: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    step: bool = False


@dataclass(frozen=True)
class Cloud:
    """Points of one group."""

    label: str
    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True)
class Panel:
    """kind: forest, lines, clouds or table.

    id       name of its data file; title; sub: units and n; finding: one sentence with numbers; how: how to read it
    table    what it shows, as numbers
    marks    of a forest; ``log`` and ``reference`` its axis
    lines, clouds; x_label, y_label; at_risk: group -> (time, number) under survival curves
    """

    id: str
    kind: str
    title: str
    sub: str
    finding: str
    how: str
    table: pd.DataFrame
    marks: Sequence[Mark] = ()
    log: bool = False
    reference: float | None = None
    lines: Sequence[Line] = ()
    clouds: Sequence[Cloud] = ()
    x_label: str = ""
    y_label: str = ""
    at_risk: Mapping[str, Sequence[tuple[float, int]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Section:
    """``lead``: one paragraph; ``left_out``: what was not done, and why."""

    id: str
    title: str
    lead: str
    panels: Sequence[Panel] = ()
    left_out: Sequence[str] = ()


def as_json(section: Section) -> Json:
    """The section as JSON: tables as head and rows of numbers and text."""
    found = asdict(section)
    for panel, made in zip(section.panels, found["panels"], strict=True):
        made["table"] = table_json(panel.table)
    return clean(found)


def table_json(table: pd.DataFrame) -> Json:
    flat = table.reset_index(drop=True)
    rows = [[clean(value) for value in row] for row in flat.itertuples(index=False, name=None)]
    return {"head": [str(c) for c in flat.columns], "rows": rows}


def clean(value: Any) -> Any:
    """JSON's own types; None for what is not a finite number."""
    if isinstance(value, Mapping):
        return {str(k): clean(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [clean(v) for v in value]
    if isinstance(value, np.ndarray):
        return [clean(v) for v in value.tolist()]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, bool | int | str) or value is None:
        return value
    return str(value)


def ratio_words(estimate: float, low: float, high: float) -> str:
    return f"{estimate:.2f} ({low:.2f} to {high:.2f})"


def p_words(p: float) -> str:
    """'p 0.03', 'p < 0.001', 'p not known'."""
    if not math.isfinite(p):
        return "p not known"
    return "p < 0.001" if p < 0.001 else f"p {p:.2g}"


def listed(words: Iterable[str]) -> str:
    items = list(words)
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + f" and {items[-1]}" if items else ""
