"""How a page becomes an answer: HTML in the app's frame, a fragment of it, or its JSON twin.

Held: every page has one address and, with ``.json`` after it, the same content as data; both come from the same view.
Templates escape whatever they are given; figures come from the report's own drawing code.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

import hepaxis
from hepaxis.problems import Problem
from hepaxis.report.sheet import STATEMENT
from hepaxis.server.kinds import WORDS
from hepaxis.server.room import Room, room_of

NAVIGATION = (
    ("patients", "/patients", "Patient"),
    ("strategies", "/strategies", "Strategies"),
    ("axis", "/axis", "Axis"),
    ("trials", "/trials", "Trial"),
    ("evidence", "/evidence", "Evidence"),
    ("runs", "/runs", "Runs"),
)
TWIN = ".json"
MINUTE, HOUR = 60, 3600


@dataclass(frozen=True)
class Call:
    """The same work by command line and from Python."""

    command: str
    python: str


@dataclass(frozen=True)
class View:
    """One page.  ``data`` is its JSON twin; ``context`` what only the template needs."""

    template: str
    title: str
    section: str
    data: dict[str, Any]
    context: dict[str, Any] = field(default_factory=dict)
    call: Call | None = None
    status: int = 200


@cache
def environment() -> Environment:
    loader = ChoiceLoader([PackageLoader("hepaxis.server", "templates"), PackageLoader("hepaxis.report", "templates")])
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    made.filters |= {"clock": clock, "lasted": lasted}
    made.globals |= {"kind_words": WORDS}
    return made


def wants_data(request: Request) -> bool:
    return request.url.path.endswith(TWIN)


def shown(request: Request, view: View) -> Response:
    """The view as the address asks for it."""
    if wants_data(request):
        return as_json({"statement": STATEMENT, "page": view.title, **view.data}, view.status)
    room = room_of(request)
    frame = {
        "statement": STATEMENT,
        "version": hepaxis.__version__,
        "navigation": NAVIGATION,
        "section": view.section,
        "title": view.title,
        "call": view.call,
        "twin": _twin(request),
        **_state(room),
    }
    text = environment().get_template(view.template).render(frame | view.data | view.context)
    return HTMLResponse(text, status_code=view.status)


def fragment(template: str, **context: Any) -> HTMLResponse:
    """A part of a page, put into place by htmx."""
    return HTMLResponse(rendered(template, **context))


def rendered(template: str, **context: Any) -> str:
    return environment().get_template(template).render(context)


def as_json(data: dict[str, Any], status: int = 200) -> Response:
    text = json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    return Response(text, status_code=status, media_type="application/json")


def wrong(
    request: Request, problems: list[Problem], *, section: str = "", title: str = "Not possible", status: int = 400
) -> Response:
    """Every problem, as a page, a fragment or data."""
    told = [one.as_dict() for one in problems]
    if request.headers.get("hx-request"):
        return HTMLResponse(rendered("problems.html.j2", problems=told), status_code=200)
    return shown(request, View("problem_page.html.j2", title, section, {"problems": told}, status=status))


def _twin(request: Request) -> str:
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{request.url.path.rstrip('/')}{TWIN}{query}"


def _state(room: Room) -> dict[str, Any]:
    jobs = room.store.jobs()
    return {
        "open_jobs": [job for job in jobs if job.open],
        "count_patients": len(room.store.patients()),
        "count_runs": len([job for job in jobs if not job.open]),
        "workspace_name": room.workspace.root.resolve().name,
    }


def clock(when: float | None) -> str:
    """``2026-12-01 10:42`` in the machine's own time; ``–`` for what has not been."""
    return "–" if when is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(when))


def lasted(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    if seconds < MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / MINUTE:.0f} min" if seconds < HOUR else f"{seconds / HOUR:.1f} h"
