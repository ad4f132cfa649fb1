"""History: runs kept, their files, compare, replay, delete, purge."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from hepaxis.problems import InputError, error
from hepaxis.server import views
from hepaxis.server.kinds import PLAN, RESULT
from hepaxis.server.pages.jobs import told
from hepaxis.server.pages.patients import plan_of
from hepaxis.server.room import Room, room_of
from hepaxis.server.store import DONE, Job

CONFIRM = "purge"  # word to be typed
TYPES = {".html": "text/html", ".json": "application/json", ".csv": "text/csv"}


async def index(request: Request) -> Response:
    room = room_of(request)
    rows = [told(job) | {"verdict": _replayed(room, job)} for job in room.store.jobs()]
    chosen = request.query_params.getlist("with")
    compared = await asyncio.to_thread(_compared, room, chosen) if len(chosen) > 1 else None
    data = {"runs": rows, "compared": compared}
    context = {"chosen": chosen, "confirm": CONFIRM}
    call = views.Call(
        "hepaxis runs list --json",
        "from hepaxis.server import open_workspace\nruns = open_workspace(folder).store.jobs()",
    )
    return views.shown(request, views.View("runs.html.j2", "Runs", "runs", data, context, call=call))


async def run(request: Request) -> Response:
    room = room_of(request)
    job = room.store.job(request.path_params["id"])
    folder = room.workspace.run(job.id)
    files = []
    if folder.is_dir():
        files = [
            {"name": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size}
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        ]
    data = {"run": told(job), "files": files, "verdict": _replayed(room, job)}
    context = {"request_text": json.dumps(job.request, indent=1, ensure_ascii=False)}
    return views.shown(request, views.View("run.html.j2", f"Run {job.id}", "runs", data, context))


def _replayed(room: Room, job: Job) -> str:
    """Whether a replay gave what it replays, bit for bit."""
    if not job.replay_of or job.state != DONE:
        return ""
    try:
        before = room.store.job(job.replay_of)
    except KeyError:
        return "replay of a run that was deleted"
    return "same result" if before.digest == job.digest else "another result"


def _compared(room: Room, ids: list[str]) -> dict[str, Any]:
    """Base responses and changes of plans, side by side.  Raises InputError when a run is no plan."""
    plans = []
    for id in ids:
        job = room.store.job(id)
        if job.kind != PLAN or job.state != DONE:
            hint = "choose plans that are done"
            raise InputError([error("serve.compare", f"{job.kind} {job.state} cannot be compared", hint)])
        plans.append((job, plan_of(room, job)[0]))
    names: dict[str, str] = {}
    for _, made in plans:
        names |= {one.id: one.label for one in made.strategies if one.outcomes}
    cells: dict[str, list[dict[str, Any] | None]] = {}
    for name in names:
        cells[name] = []
        for _, made in plans:
            one = next((s for s in made.strategies if s.id == name and s.outcomes), None)
            if one is None or one.outcomes is None:
                cells[name].append(None)
                continue
            response = one.outcomes.objective_response
            cells[name].append({"median": response.median, "low": response.lo90, "high": response.hi90})
    columns = [{"id": job.id, "title": made.title, "created": job.created, "seed": made.seed} for job, made in plans]
    return {"columns": columns, "rows": [{"id": n, "label": names[n], "response": cells[n]} for n in names]}


async def file(request: Request) -> Response:
    """A file of a run, to be kept: never shown as a page of the app."""
    room, name = room_of(request), request.path_params["name"]
    job = room.store.job(request.path_params["id"])
    known = {RESULT[job.kind], "report.html", "run.json"}
    path = room.workspace.run(job.id) / name
    if name not in known or not path.is_file():
        raise KeyError(name)
    kept_as = f"hepaxis-{job.kind}-{job.id}-{name}"
    return FileResponse(path, media_type=TYPES[path.suffix], filename=kept_as)


async def replay(request: Request) -> Response:
    room = room_of(request)
    job = room.store.job(request.path_params["id"])
    if job.subject:
        room.store.patient(job.subject)
    room.jobs.replay(job.id)
    return RedirectResponse("/runs", status_code=303)


async def delete(request: Request) -> Response:
    room, id = room_of(request), request.path_params["id"]
    if room.store.job(id).open:
        await asyncio.to_thread(room.jobs.cancel, id)
    await asyncio.to_thread(room.workspace.delete_run, id)
    for key in [key for key in room.kept if id in key]:
        del room.kept[key]
    return RedirectResponse("/runs", status_code=303)


async def purge(request: Request) -> Response:
    room = room_of(request)
    form = await request.form(max_files=0, max_fields=4)
    if str(form.get("confirm") or "").strip().lower() != CONFIRM:
        raise InputError([error("serve.purge", "nothing was deleted", f"type '{CONFIRM}' to delete everything")])
    for job in room.store.jobs():
        if job.open:
            await asyncio.to_thread(room.jobs.cancel, job.id)
    await asyncio.to_thread(room.workspace.purge)
    room.kept.clear()
    room.twins.stop()
    return RedirectResponse("/runs", status_code=303)
