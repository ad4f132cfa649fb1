"""The page docs/evidence.md: what the records say together, and its forest plot.  `tools/make_docs.py` writes it.

Held: the same numbers as `hepaxis evidence grades|conflicts|landscape`; words are tables, nothing is added.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from hepaxis import evidence, knowledge
from hepaxis.evidence.conflicts import Conflict, conflicts
from hepaxis.evidence.directions import Vote
from hepaxis.evidence.grade import certainty, certainty_of_direction
from hepaxis.evidence.landscape import LABELS, gaps, landscape
from hepaxis.evidence.links import pooled_text, supports
from hepaxis.evidence.pooling import answer, question, standing_questions
from hepaxis.problems import InputError
from hepaxis.report.evidence_figures import forest
from hepaxis.report.evidence_landscape import landscape as drawn

Table = Callable[[list[str], list[list[object]]], list[str]]
#: The question whose forest plot stands on the page.
SHOWN = ("antibiotic", "hcc", "os")
FIGURE, LANDSCAPE = "evidence.antibiotics.svg", "evidence.landscape.svg"


def page(table: Table, head: str) -> str:
    """docs/evidence.md."""
    lines = ["# What is known, how well, and where it contradicts itself", "", head]
    lines += [_counts(), "", f"How to add a study: [add_a_study.md](add_a_study.md). {_checked()}", ""]
    lines += ["## Questions", "", *_questions(table), ""]
    lines += [f"![Forest plot of antibiotics and survival in HCC]({FIGURE})", ""]
    lines += ["## Taxa that point both ways", "", *_conflicts(table), ""]
    lines += ["## Interventions", "", f"![Interventions by class, tumour and status]({LANDSCAPE})", ""]
    lines += [*_landscape(table), ""]
    lines += ["## Gaps", "", *[f"* {one.text}{_named(one.near)}" for one in gaps()], ""]
    lines += ["## Strategies", "", *_strategies(table), ""]
    return "\n".join(lines)


def figure() -> str:
    """The forest plot of the shown question."""
    return forest(answer(question(*SHOWN)), {id: one.label for id, one in evidence.by_id().items()})


def landscape_figure() -> str:
    """The picture of the landscape."""
    return drawn(landscape())


def _counts() -> str:
    tables = Counter(one.table for one in evidence.records())
    kinds = Counter(one.kind for one in evidence.records() if one.table == "studies")
    told = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    return (
        f"{tables['studies']} studies ({told}), {tables['trials']} arms of published trials, {tables['perturbations']} "
        f"experiments and {tables['safety_rules']} safety rules. A retracted study is kept, struck through, and weighs "
        "nothing. No simulation reads this."
    )


def _checked() -> str:
    grades = Counter(one.checked for one in evidence.records() if one.table == "studies")
    told = ", ".join(f"{count} {grade.replace('_', ' ')}" for grade, count in grades.most_common())
    return f"How far the studies were checked against their sources: {told}."


def _questions(table: Table) -> list[str]:
    studies = dict(evidence.by_id())
    rows: list[list[object]] = []
    for id, asked in standing_questions().items():
        label = knowledge.row("questions", id)["label"]
        try:
            given = answer(asked)
        except InputError:
            rows.append([label, "no record", "", "", ""])
            continue
        sure = certainty(given, studies)
        steps = "; ".join(f"{step.domain} {step.change:+d}" for step in sure.steps if step.change)
        control = "" if given.contrast is None else (
            f"{given.contrast.ratio:.2f} ({given.contrast.low:.2f} to {given.contrast.high:.2f})"
        )  # fmt: skip
        told = "better and worse" if given.disputed else ""
        rows.append([label, pooled_text(given), control, told, f"{sure.level}: starts {sure.start}; {steps}"])
    head = ["question", "pooled", "with over without immunotherapy", "contradiction", "certainty"]
    return table(head, rows)


def _conflicts(table: Table) -> list[str]:
    studies = dict(evidence.by_id())
    rows: list[list[object]] = []
    for one in conflicts():
        way = one.direction
        told = f"{way.up} up, {way.down} down; {certainty_of_direction(way, studies).level}"
        rows.append([one.label, told, _side(one.favourable), _side(one.unfavourable), _reasons(one)])
    head = ["taxon", "data sets, certainty", "higher in responders", "higher in non-responders", "plausible reasons"]
    return table(head, rows)


def _side(votes: tuple[Vote, ...]) -> str:
    studies = evidence.by_id()
    found: dict[str, list[str]] = {}
    for vote in votes:
        found.setdefault(vote.study, []).append(vote.name)
    parts = []
    for id, names in found.items():
        label = f"~~{studies[id].label}~~ (retracted)" if studies[id].weight == 0 else studies[id].label
        parts.append(f"{label}: {', '.join(names)}")
    return "; ".join(parts)


def _reasons(one: Conflict) -> str:
    differ = [f"the sides differ in {apart.what}" for apart in one.differences]
    return "; ".join([*differ, *(f"{reason.kind}: {reason.text}" for reason in one.reasons)])


def _landscape(table: Table) -> list[str]:
    rows: list[list[object]] = [
        [
            LABELS[cell.intervention], cell.tumour.replace("_", " "), cell.stage.replace("_", " "), cell.status,
            len(cell.records), ", ".join(cell.records),
        ]
        for cell in landscape()
    ]  # fmt: skip
    return table(["class", "tumour", "stage or species", "status", "records", "which"], rows)


def _strategies(table: Table) -> list[str]:
    rows: list[list[object]] = [
        [one.strategy, one.letter, one.allowed, one.reason, ", ".join(one.records)] for one in supports()
    ]
    return table(["strategy", "grade in the plan's tables", "best its records allow", "why", "records"], rows)


def _named(ids: tuple[str, ...]) -> str:
    return f" ({', '.join(ids)})" if ids else ""
