"""The application: routes of the pages, their JSON twins, static files, and what happens to faults."""

from __future__ import annotations

import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from hepaxis.problems import InputError, error
from hepaxis.report.sheet import style
from hepaxis.server import views
from hepaxis.server.children import unexpected
from hepaxis.server.guard import Guard
from hepaxis.server.live import Overtaken
from hepaxis.server.pages import axis, evidence, jobs, patients, runs, strategies, trials, what_if
from hepaxis.server.room import Room

LOG = logging.getLogger("hepaxis.server")
Page = Callable[[Request], Awaitable[Response]]
HOME = "/patients"
#: Pages: address without the twin's ending, and the function that makes it.
PAGES: tuple[tuple[str, Page], ...] = (
    ("/patients", patients.index),
    ("/patients/{id}", patients.plan),
    ("/patients/{id}/check", patients.check),
    ("/patients/{id}/timeline", patients.timeline),
    ("/patients/{id}/files", patients.files),
    ("/patients/{id}/what-if", what_if.page),
    ("/strategies", strategies.page),
    ("/axis", axis.index),
    ("/axis/modules/{name}", axis.module),
    ("/trials", trials.index),
    ("/trials/{id}", trials.result),
    ("/evidence", evidence.index),
    ("/evidence/questions/{id}", evidence.question),
    ("/evidence/conflicts", evidence.conflicts),
    ("/runs", runs.index),
    ("/runs/{id}", runs.run),
    ("/jobs/{id}", jobs.page),
)
PARTS: tuple[tuple[str, Page], ...] = (
    ("/runs/{id}/files/{name}", runs.file),
    ("/strategies/table.csv", strategies.table),
    ("/trials/{id}/patients.csv", trials.patients_table),
    ("/jobs/{id}/events", jobs.events),
    ("/jobs/{id}/bar", jobs.bar),
)
ACTIONS: tuple[tuple[str, Page], ...] = (
    ("/patients", patients.add),
    ("/patients/{id}/plan", patients.start_plan),
    ("/patients/{id}/delete", patients.delete),
    ("/patients/{id}/twin", what_if.twin),
    ("/patients/{id}/what-if", what_if.move),
    ("/axis/simulate", axis.simulate),
    ("/trials", trials.start),
    ("/runs/{id}/replay", runs.replay),
    ("/runs/{id}/delete", runs.delete),
    ("/runs/purge", runs.purge),
    ("/jobs/{id}/cancel", jobs.cancel),
)


def build_app(room: Room, *, port: int, token: str) -> Guard:
    """The application over a room, behind its guard."""
    routes: list[BaseRoute] = [Route("/", _home)]
    for path, page in PAGES:
        routes.append(Route(path + views.TWIN, page, methods=["GET"]))
    routes += [Route(path, page, methods=["GET"]) for path, page in PARTS]
    routes += [Route(path, page, methods=["GET"]) for path, page in PAGES]
    routes += [Route(path, action, methods=["POST"]) for path, action in ACTIONS]
    routes += [
        Route("/static/report.css", _report_style),
        Route("/static/network.css", _network_style),
        Mount("/static", StaticFiles(directory=Path(str(files("hepaxis.server") / "static")))),
    ]

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        room.jobs.start()
        try:
            yield
        finally:
            room.close()

    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        exception_handlers={
            InputError: _input_error,
            KeyError: _not_found,
            Overtaken: _overtaken,
            HTTPException: _http,
            Exception: _fault,
        },
    )
    app.state.room = room
    return Guard(app, store=room.store, port=port, token=token)  # outermost: faults too go out under its headers


async def _home(request: Request) -> Response:
    return RedirectResponse(HOME, status_code=303)


async def _report_style(request: Request) -> Response:
    """Tokens and components of the report: one palette for pages and figures."""
    return Response(style(), media_type="text/css")


async def _input_error(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, InputError)
    return views.wrong(request, list(fault.problems))


async def _not_found(request: Request, fault: Exception) -> Response:
    found = error("serve.not_found", "nothing is kept under this address", "it may have been deleted; see Runs")
    return views.wrong(request, [found], title="Not found", status=404)


async def _http(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException)
    if fault.status_code == 404:
        return await _not_found(request, fault)
    found = error("serve.request", str(fault.detail), "go back and try again")
    return views.wrong(request, [found], status=fault.status_code)


async def _overtaken(request: Request, fault: Exception) -> Response:
    return Response(status_code=204)


async def _fault(request: Request, fault: Exception) -> Response:
    """A fault of ours: told by type and place, on the page and in the log, never by its message."""
    frames = traceback.extract_tb(fault.__traceback__)
    place = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames[-4:]))
    LOG.error("%s at %s", type(fault).__name__, place)
    return views.wrong(request, [unexpected(fault)], title="Something went wrong", status=500)


async def _network_style(request: Request) -> Response:
    """Style of the model's pictures, in the page's own colours and for them alone."""
    from hepaxis.exchange.diagram import PALETTE, style_of
    from hepaxis.report.evidence_figures import RULES

    rules = style_of({name: f"var(--{name})" for name in PALETTE})
    return Response(f".net-model svg{{{rules}}}\n.evidence-figure svg{{{RULES}}}\n", media_type="text/css")
