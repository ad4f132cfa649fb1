"""A job as a page, as a bar inside other pages, and as a stream of server-sent events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from hepaxis.server import views
from hepaxis.server.kinds import PLAN, TRIAL, WORDS
from hepaxis.server.room import room_of
from hepaxis.server.store import DONE, Job

LOOK = 0.2  # seconds between looks at the store
STILL = 10.0  # seconds after which a word is sent though nothing changed, so that a closed page is noticed


def place(job: Job) -> str:
    """Address of what the job makes."""
    if job.kind == PLAN and job.subject:
        return f"/patients/{job.subject}?run={job.id}" if job.state == DONE else f"/patients/{job.subject}"
    return f"/trials/{job.id}" if job.kind == TRIAL else f"/runs/{job.id}"


def told(job: Job) -> dict[str, Any]:
    """A job as data."""
    return {
        "id": job.id,
        "kind": job.kind,
        "title": job.title,
        "state": job.state,
        "done": job.done,
        "total": job.total,
        "note": job.note,
        "problems": job.problems,
        "request": job.request,
        "digest": job.digest,
        "replay_of": job.replay_of,
        "created": job.created,
        "seconds": seconds(job),
        "seconds_left": seconds_left(job),
        "address": place(job),
    }


def seconds(job: Job) -> float | None:
    if job.started is None:
        return None
    return (job.finished or time.time()) - job.started


def seconds_left(job: Job) -> float | None:
    """By the pace so far; None before the first step."""
    spent = seconds(job)
    if not job.open or spent is None or job.done <= 0 or job.total <= 0:
        return None
    return max(spent * (job.total - job.done) / job.done, 0.0)


async def page(request: Request) -> Response:
    job = room_of(request).store.job(request.path_params["id"])
    title = f"{WORDS[job.kind]}: {job.state}"
    return views.shown(request, views.View("job.html.j2", title, "runs", told(job), {"job": told(job)}))


async def bar(request: Request) -> Response:
    job = room_of(request).store.job(request.path_params["id"])
    return views.fragment("job_bar.html.j2", job=told(job))


async def events(request: Request) -> Response:
    room, id = room_of(request), request.path_params["id"]
    room.store.job(id)

    async def stream() -> AsyncIterator[str]:
        last, sent = "", time.monotonic()
        while not await request.is_disconnected():
            try:
                job = room.store.job(id)
            except KeyError:
                break
            text = views.rendered("job_progress.html.j2", job=told(job))
            now = time.monotonic()
            if text != last or now - sent > STILL:
                last, sent = text, now
                yield _event("progress", text)
            if not job.open:
                break
            await asyncio.sleep(LOOK)
        yield _event("over", "over")

    return StreamingResponse(stream(), media_type="text/event-stream")


def _event(name: str, text: str) -> str:
    lines = "\n".join(f"data: {line}" for line in text.splitlines() if line.strip())
    return f"event: {name}\n{lines}\n\n"


async def cancel(request: Request) -> Response:
    room, id = room_of(request), request.path_params["id"]
    await asyncio.to_thread(room.jobs.cancel, id)
    if request.headers.get("hx-request"):
        return views.fragment("job_bar.html.j2", job=told(room.store.job(id)))
    return RedirectResponse("/runs", status_code=303)
