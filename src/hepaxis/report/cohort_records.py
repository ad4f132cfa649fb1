"""cohort.json as records: what a page draws, read whole or refused with what is wrong.

Held: the page trusts no shape: a missing part is named, a number that is not one becomes unknown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hepaxis.problems import InputError, error

FORMAT = 1
Json = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """head and rows of text and numbers (None: unknown)."""

    head: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Mark:
    label: str
    estimate: float | None
    low: float | None
    high: float | None
    words: str
    group: str


@dataclass(frozen=True)
class Line:
    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    step: bool


@dataclass(frozen=True)
class Cloud:
    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True)
class Panel:
    """As in ``cohort.analysis.panels``."""

    id: str
    kind: str
    title: str
    sub: str
    finding: str
    how: str
    table: Table
    marks: tuple[Mark, ...]
    log: bool
    reference: float | None
    lines: tuple[Line, ...]
    clouds: tuple[Cloud, ...]
    x_label: str
    y_label: str
    at_risk: Mapping[str, tuple[tuple[float, int], ...]]


@dataclass(frozen=True)
class Section:
    id: str
    title: str
    lead: str
    panels: tuple[Panel, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class CohortDocument:
    """The whole document."""

    stamp: Json
    definition: Json
    facts: tuple[tuple[str, str], ...]
    answer: Json
    check: tuple[Json, ...]
    accepted: tuple[str, ...]
    log: tuple[str, ...]
    sensitivity: Table
    cohort_table: Table
    sections: tuple[Section, ...]
    scores: tuple[Json, ...]
    methods: str
    power: str
    storms: Table


def read_cohort(text: str, file: str = "cohort.json") -> CohortDocument:
    """The document of a run.  InputError where it is not one, or of another format."""
    hint = "Give the folder that `hepaxis cohort` wrote, or run it again."
    try:
        found = json.loads(text)
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise InputError([error("cohort.format", "not a cohort.json of this version", hint, file=file)])
        return CohortDocument(
            stamp=found["stamp"],
            definition=found["definition"],
            facts=tuple((str(a), str(b)) for a, b in found["facts"]),
            answer=found["answer"],
            check=tuple(found["check"]),
            accepted=tuple(map(str, found["accepted"])),
            log=tuple(map(str, found["log"])),
            sensitivity=_table(found["sensitivity"]),
            cohort_table=_table(found["cohort_table"]),
            sections=tuple(_section(s) for s in found["sections"]),
            scores=tuple(found["scores"]),
            methods=str(found["methods"]),
            power=str(found["power"]),
            storms=_table(found["storms"]),
        )
    except (ValueError, KeyError, TypeError) as fault:
        if isinstance(fault, InputError):
            raise
        said = f"cannot be read: {type(fault).__name__} {fault}"
        raise InputError([error("cohort.document", said, hint, file=file)]) from None


def _table(found: Json) -> Table:
    return Table(tuple(map(str, found["head"])), tuple(tuple(row) for row in found["rows"]))


def _section(found: Json) -> Section:
    panels = tuple(_panel(p) for p in found["panels"])
    return Section(
        str(found["id"]), str(found["title"]), str(found["lead"]), panels, tuple(map(str, found["left_out"]))
    )


def _panel(found: Json) -> Panel:
    words = {name: str(found[name]) for name in ("id", "kind", "title", "sub", "finding", "how", "x_label", "y_label")}
    return Panel(
        **words,
        table=_table(found["table"]),
        marks=tuple(
            Mark(
                str(m["label"]),
                _number(m["estimate"]),
                _number(m["low"]),
                _number(m["high"]),
                str(m["words"]),
                str(m["group"]),
            )
            for m in found["marks"]
        ),
        log=bool(found["log"]),
        reference=_number(found["reference"]),
        lines=tuple(_line(one) for one in found["lines"]),
        clouds=tuple(Cloud(str(c["label"]), *_pairs(c["x"], c["y"])) for c in found["clouds"]),
        at_risk={str(name): tuple((float(t), int(n)) for t, n in rows) for name, rows in found["at_risk"].items()},
    )


def _line(found: Json) -> Line:
    bands = [tuple(_number(v) for v in found[name]) for name in ("low", "high")]
    return Line(
        str(found["label"]),
        tuple(float(v) for v in found["x"]),
        tuple(float(v) for v in found["y"]),
        bands[0],
        bands[1],
        bool(found["step"]),
    )


def _pairs(x: Sequence[Any], y: Sequence[Any]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    kept = [(a, b) for a, b in zip(map(_number, x), map(_number, y), strict=True) if a is not None and b is not None]
    return tuple(a for a, _ in kept), tuple(b for _, b in kept)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
