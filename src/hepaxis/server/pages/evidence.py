"""Evidence: records found by words and filters, standing questions pooled with forest plots, taxa in conflict."""

from __future__ import annotations

import asyncio
import re
from dataclasses import asdict
from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hepaxis.problems import InputError, Problem
from hepaxis.server import views

MOST, MOST_WORDS = 60, 200
FILTERS = ("kind", "tumour", "design", "direction", "taxon", "intervention")


async def index(request: Request) -> Response:
    query = request.query_params
    words = query.get("words", "")[:MOST_WORDS]
    filters = {name: query.get(name, "").strip()[:MOST_WORDS] for name in FILTERS}
    found, problems = await asyncio.to_thread(_search, words, filters)
    questions = await asyncio.to_thread(_questions)
    problem_rows = [one.as_dict() for one in problems]
    data = {"words": words, "filters": filters, "records": found, "problems": problem_rows, "questions": questions}
    context = {"choices": _choices(), "most": MOST}
    given = "".join(f" --{name} '{value}'" for name, value in filters.items() if value)
    call = views.Call(
        f"hepaxis evidence search {words or 'WORDS'}{given}",
        f"from hepaxis.evidence import search\nfound = search({words!r})",
    )
    return views.shown(request, views.View("evidence.html.j2", "Evidence", "evidence", data, context, call=call))


def _search(words: str, filters: dict[str, str]) -> tuple[list[dict[str, Any]], list[Problem]]:
    from hepaxis.evidence import Filter, search

    try:
        found = search(words, Filter(**{name: value or None for name, value in filters.items()}), most=MOST)
    except InputError as fault:
        return [], list(fault.problems)
    return [dict(one) for one in found], []


def _choices() -> dict[str, list[str]]:
    """Words that the records use, for the fields with few of them."""
    from hepaxis.evidence import records

    return {name: sorted({str(getattr(one, name)) for one in records()} - {""}) for name in ("kind", "design")}


@cache
def _questions() -> list[dict[str, str]]:
    """Standing questions pooled: the same for the life of the server."""
    from hepaxis import knowledge
    from hepaxis.evidence.grade import certainty
    from hepaxis.evidence.links import pooled_text
    from hepaxis.evidence.pooling import answer, standing_questions
    from hepaxis.evidence.records import by_id

    studies, told = dict(by_id()), []
    for id, question in standing_questions().items():
        label = str(knowledge.row("questions", id)["label"])
        try:
            given = answer(question)
            told.append(
                {"id": id, "label": label, "pooled": pooled_text(given), "certainty": certainty(given, studies).level}
            )
        except InputError:
            told.append({"id": id, "label": label, "pooled": "no record", "certainty": "none"})
    return told


async def question(request: Request) -> Response:
    id = request.path_params["id"]
    data = await asyncio.to_thread(_answer, id)
    picture = data.pop("picture")
    call = views.Call(
        f"hepaxis evidence meta {data['exposure']} --tumour {data['tumour']} --outcome {data['outcome']}",
        "from hepaxis.evidence.pooling import answer, standing_questions\n"
        f"given = answer(standing_questions()[{id!r}])",
    )
    view = views.View("evidence_question.html.j2", data["label"], "evidence", data, {"picture": picture}, call=call)
    return views.shown(request, view)


def _answer(id: str) -> dict[str, Any]:
    """A standing question with its forest plot.  Raises KeyError for another, InputError where no record answers."""
    from hepaxis import knowledge
    from hepaxis.evidence.grade import certainty
    from hepaxis.evidence.links import pooled_text
    from hepaxis.evidence.pooling import answer, standing_questions
    from hepaxis.evidence.records import by_id
    from hepaxis.report.evidence_figures import forest

    asked = standing_questions()[id]
    studies = dict(by_id())
    given = answer(asked)
    sure = certainty(given, studies)
    drawn = forest(given, {one: record.label for one, record in studies.items()})
    return {
        "id": id,
        "label": str(knowledge.row("questions", id)["label"]),
        "exposure": asked.exposure,
        "tumour": asked.tumour,
        "outcome": asked.outcome,
        "pooled": pooled_text(given),
        "studies": len(given.pool.used),
        "level": sure.level,
        "steps": [asdict(step) for step in sure.steps],
        "picture": re.sub(r"<style>.*?</style>", "", drawn, flags=re.DOTALL),  # the page's style sheet holds it
    }


async def conflicts(request: Request) -> Response:
    rows = await asyncio.to_thread(_conflicts)
    call = views.Call(
        "hepaxis evidence conflicts",
        "from hepaxis.evidence.conflicts import conflicts\nfound = conflicts()",
    )
    view = views.View("evidence_conflicts.html.j2", "Conflicts", "evidence", {"conflicts": rows}, call=call)
    return views.shown(request, view)


def _conflicts() -> list[dict[str, Any]]:
    from hepaxis.evidence.conflicts import conflicts as found_in
    from hepaxis.evidence.records import by_id

    studies = by_id()
    rows = []
    for one in found_in():
        sides = [[studies[vote.study].label for vote in votes] for votes in (one.favourable, one.unfavourable)]
        rows.append(
            {
                "id": one.id,
                "label": one.label,
                "up": one.direction.up,
                "down": one.direction.down,
                "favourable": list(dict.fromkeys(sides[0])),
                "unfavourable": list(dict.fromkeys(sides[1])),
                "reasons": [{"kind": reason.kind, "text": reason.text} for reason in one.reasons],
            }
        )
    return rows
