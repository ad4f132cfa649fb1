"""Two plans beside each other: what of inputs, answer, estimates and ranking differs, and whether intervals overlap.

Held: nothing is computed but differences.  Two runs share their random numbers only when seed and options agree, so a
difference of estimates is set beside their intervals and is called apart only where the 90% intervals do not meet.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from hepaxis.plan.schema import Interval, Plan, Strategy

from . import formats
from . import reading as read
from .sheet import STATEMENT

ESTIMATES = (
    ("base_response", "Response, base regimen"),
    ("reference_gut_response", "Response, reference gut"),
    ("clinic_only_response", "Response, clinic data only"),
    ("gut_effect", "Gut's effect on response"),
)
CHANGES = ("gut_effect",)


@dataclass(frozen=True)
class Line:
    """One thing in both plans.  ``apart``: the 90% intervals do not meet, or the text differs."""

    section: str
    label: str
    a: str
    b: str
    apart: bool


def compared(a: Plan, b: Plan) -> tuple[Line, ...]:
    """Lines of everything that differs, and of all estimates and strategies."""
    lines = [
        *_texts("run", _run(a), _run(b)),
        *_texts("patient", _facts(a), _facts(b)),
        *_texts("answer", _answer(a), _answer(b)),
    ]
    for name, label in ESTIMATES:
        write = formats.points if name in CHANGES else formats.percent
        lines.append(_interval("estimate", label, getattr(a, name), getattr(b, name), write))
    mine, theirs = ({s.id: s for s in plan.strategies} for plan in (a, b))
    for id in dict.fromkeys([*mine, *theirs]):
        lines.append(_strategy(mine.get(id), theirs.get(id)))
    return tuple(lines)


def _run(plan: Plan) -> dict[str, str]:
    said = {"planned regimen": plan.planned, "seed": str(plan.seed), "virtual patients": str(plan.n_patients)}
    return said | {f"version of {name}": version for name, version in plan.versions.items()}


def _facts(plan: Plan) -> dict[str, str]:
    return {fact.label: fact.value if fact.known else "unknown" for fact in plan.facts}


def _answer(plan: Plan) -> dict[str, str]:
    return {"state": plan.verdict.state, "sentence": plan.verdict.sentence} | {
        f"consider, {option.label.lower()}": option.value for option in plan.verdict.options
    }


def _texts(section: str, a: dict[str, str], b: dict[str, str]) -> list[Line]:
    return [
        Line(section, name, a.get(name, "–"), b.get(name, "–"), apart=True)
        for name in dict.fromkeys([*a, *b])
        if a.get(name) != b.get(name)
    ]


def _interval(section: str, label: str, a: Interval, b: Interval, write: formats.Formatter) -> Line:
    apart = a.hi90 < b.lo90 or b.hi90 < a.lo90
    return Line(section, label, formats.with_limits(a, write), formats.with_limits(b, write), apart)


def _strategy(a: Strategy | None, b: Strategy | None) -> Line:
    one = a or b
    assert one is not None
    mine, theirs = (None if s is None else s.change_response for s in (a, b))
    apart = (a is None) != (b is None) or (a is not None and b is not None and a.status != b.status)
    if mine is not None and theirs is not None:
        apart = apart or mine.hi90 < theirs.lo90 or theirs.hi90 < mine.lo90
    return Line("strategy", one.label, _standing(a), _standing(b), apart)


def _standing(strategy: Strategy | None) -> str:
    if strategy is None:
        return "not among them"
    if strategy.change_response is None:
        return strategy.status
    rank = "" if strategy.rank is None else f"#{strategy.rank} "
    return f"{rank}{formats.with_limits(strategy.change_response, formats.points)}"


def compare_text(a: Plan, b: Plan) -> str:
    """Plain text for a terminal: a star where the two are apart."""
    a, b = read.as_shown(a), read.as_shown(b)
    out, section = [], ""
    for line in compared(a, b):
        if line.section != section:
            section = line.section
            out += ["", section]
        out += [f"{'*' if line.apart else ' '} {line.label}", f"    A  {line.a}", f"    B  {line.b}"]
    stars = "* apart: another text, or 90% intervals that do not meet. Changes in points of response against the base."
    return "\n".join([*out[1:], "", stars, STATEMENT]) + "\n"


def compare_document(a: Plan, b: Plan) -> dict[str, Any]:
    """The same as a JSON document."""
    return {"schema": "hepaxis.compare/1", "statement": STATEMENT, "lines": [asdict(line) for line in compared(a, b)]}
