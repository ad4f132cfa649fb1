"""The patient's pages: what came in, its check, the plan, the time line and the files."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hepaxis.plan.schema import Plan, TimelineItem
from hepaxis.problems import InputError, Severity, error
from hepaxis.server import uploads, views
from hepaxis.server.kinds import PLAN
from hepaxis.server.pages.jobs import told
from hepaxis.server.room import Room, room_of
from hepaxis.server.store import Job, PatientRow
from hepaxis.server.workspace import new_id

CHECK_SECONDS = 60.0  # a real folder takes one or two
HORIZON_DAYS = 365.0
SEED, HOSTS, STRATEGIES = 20261201, 50, 40
LEAST_HOSTS, MOST_HOSTS, MOST_STRATEGIES = 10, 1000, 200
TABS = (("", "Plan"), ("/what-if", "What if"), ("/timeline", "Timeline"), ("/check", "Data check"), ("/files", "Files"))
SEVERITIES = tuple(one.value for one in Severity)


async def index(request: Request) -> Response:
    room = room_of(request)
    rows = []
    for patient in room.store.patients():
        runs = room.store.jobs(kind=PLAN, subject=patient.id)
        rows.append(
            {
                "id": patient.id,
                "label": patient.label,
                "created": patient.created,
                "plans": len([job for job in runs if not job.open]),
                "open": next((job.id for job in runs if job.open), ""),
                "address": f"/patients/{patient.id}",
            }
        )
    limits = {"files": uploads.MOST_FILES, "megabytes": uploads.MOST_BYTES // uploads.MEGABYTE}
    call = views.Call("hepaxis check FOLDER", "from hepaxis.patient import check\nproblems = check(folder)")
    view = views.View("patients.html.j2", "Patients", "patients", {"patients": rows, "limits": limits}, call=call)
    return views.shown(request, view)


async def add(request: Request) -> Response:
    """Keep a folder: its files as an upload, or its path on this machine; then lead to its check."""
    room, id = room_of(request), new_id()
    part = room.workspace.part(id)
    async with request.form(max_files=uploads.MOST_FILES + 1, max_fields=8) as form:
        path = str(form.get("path") or "")
        if path:
            await asyncio.to_thread(uploads.keep, uploads.of_folder(path), part)
        else:
            came = [one for one in form.getlist("files") if isinstance(one, UploadFile) and one.filename]
            incoming = [uploads.Incoming(one.filename or "", one.file) for one in came]
            await asyncio.to_thread(uploads.keep, incoming, part)
    part.rename(room.workspace.patient(id))
    room.store.add_patient(id, "")
    found = await checked(room, id)
    room.store.label_patient(id, found["label"] or found["title"])
    return RedirectResponse(f"/patients/{id}/check", status_code=303)


async def checked(room: Room, id: str) -> dict[str, Any]:
    """What the check of a patient's folder found; kept, since the folder does not change."""
    room.store.patient(id)
    key = ("check", id)
    if key not in room.kept:
        asked = {"folder": str(room.workspace.patient(id)), "horizon_days": HORIZON_DAYS}
        found = await room.checker.ask("check", asked, seconds=CHECK_SECONDS)
        for one in found["found"]:
            one["file"] = _shown_name(one["file"], id)
        room.kept[key] = found
    kept: dict[str, Any] = room.kept[key]
    return kept


def _shown_name(file: str, id: str) -> str:
    """The file as the user knows it: without the workspace and the id before it."""
    return file.rsplit(f"{id}/", 1)[-1] if f"{id}/" in file else "" if file.endswith(id) else file


@dataclass(frozen=True)
class Frame:
    """What every page of a patient shows: the name, the tabs, the counts of the check."""

    patient: PatientRow
    counts: dict[str, int]
    title: str
    usable: bool
    found: dict[str, Any]

    def context(self, tab: str) -> dict[str, Any]:
        base = f"/patients/{self.patient.id}"
        warnings = self.counts["error"] or self.counts["warning"]
        words = "error" if self.counts["error"] else "warning"
        said = f": {warnings} {words}{'' if warnings == 1 else 's'}" if warnings else ""
        tabs = [
            {"address": base + path, "words": name + (said if path == "/check" else ""), "here": path == tab}
            for path, name in TABS
        ]
        return {"patient": self.patient, "tabs": tabs, "lede": self.title, "usable": self.usable, "base": base}


async def framed(request: Request) -> Frame:
    """Raises KeyError for an unknown patient."""
    room, id = room_of(request), request.path_params["id"]
    patient = room.store.patient(id)
    found = await checked(room, id)
    counts = {name: sum(one["severity"] == name for one in found["found"]) for name in SEVERITIES}
    return Frame(patient, counts, found["title"], counts["error"] == 0, found)


async def check(request: Request) -> Response:
    frame = await framed(request)
    order = {name: place for place, name in enumerate(SEVERITIES)}
    problems = sorted(frame.found["found"], key=lambda one: order[one["severity"]])
    data = {"patient": frame.patient.id, "counts": frame.counts, "problems": problems, "usable": frame.usable}
    call = views.Call("hepaxis check FOLDER --json", "from hepaxis.patient import check\nproblems = check(folder)")
    view = views.View(
        "check.html.j2", "Data check", "patients", data, frame.context("/check") | _plan_form(), call=call
    )
    return views.shown(request, view)


async def timeline(request: Request) -> Response:
    from hepaxis.report import captions
    from hepaxis.report.figures.timeline import timeline as drawn

    frame = await framed(request)
    items = tuple(TimelineItem(**one) for one in frame.found["timeline"])
    context = {
        **frame.context("/timeline"),
        "chart": drawn(items) if items else None,
        "caption": captions.timeline(items),
        "it": str,
        "refs": str,
        "access": None,
    }
    data = {"patient": frame.patient.id, "timeline": frame.found["timeline"]}
    return views.shown(request, views.View("timeline.html.j2", "Timeline", "patients", data, context))


async def files(request: Request) -> Response:
    frame = await framed(request)
    folder = room_of(request).workspace.patient(frame.patient.id)
    rows = [{"name": path.name, "bytes": path.stat().st_size} for path in sorted(folder.iterdir())]
    data = {"patient": frame.patient.id, "files": rows}
    return views.shown(request, views.View("files.html.j2", "Files", "patients", data, frame.context("/files")))


def _plan_form() -> dict[str, Any]:
    numbers = {"seed": SEED, "hosts": HOSTS, "strategies": STRATEGIES}
    limits = {"least_hosts": LEAST_HOSTS, "most_hosts": MOST_HOSTS, "most_strategies": MOST_STRATEGIES}
    return {"form": numbers | limits}


async def start_plan(request: Request) -> Response:
    frame = await framed(request)
    room, id = room_of(request), frame.patient.id
    if not frame.usable:
        found = "the folder has errors"
        raise InputError([error("serve.plan", found, "mend what the data check lists, and give the files again")])
    form = await request.form(max_files=0, max_fields=8)
    numbers = {
        "hosts": whole(form.get("hosts"), HOSTS, LEAST_HOSTS, MOST_HOSTS, "virtual hosts"),
        "seed": whole(form.get("seed"), SEED, 0, 2**31 - 1, "seed"),
        "limit": whole(form.get("strategies"), STRATEGIES, 1, MOST_STRATEGIES, "strategies"),
    }
    waiting = [job for job in room.store.jobs(kind=PLAN, subject=id) if job.open]
    if not waiting:
        room.jobs.submit(PLAN, numbers, subject=id, title=frame.patient.label)
    return RedirectResponse(f"/patients/{id}", status_code=303)


def whole(given: object, default: int, least: int, most: int, what: str) -> int:
    """A whole number of a form.  Raises InputError."""
    text = str(given or default).strip()
    if not text.isdigit() or not least <= int(text) <= most:
        raise InputError([error("serve.number", f"{what}: '{text[:20]}'", f"give a number from {least} to {most}")])
    return int(text)


async def delete(request: Request) -> Response:
    room, id = room_of(request), request.path_params["id"]
    room.store.patient(id)
    for job in room.store.jobs(subject=id):
        if job.open:
            await asyncio.to_thread(room.jobs.cancel, job.id)
    await asyncio.to_thread(room.workspace.delete_patient, id)
    room.kept.pop(("check", id), None)
    return RedirectResponse("/patients", status_code=303)


async def plan(request: Request) -> Response:
    """The newest plan, or the one that ``?run=`` names; a job in work above it, the former result below."""
    frame = await framed(request)
    room, id = room_of(request), frame.patient.id
    runs = room.store.jobs(kind=PLAN, subject=id)
    done = room.done(PLAN, id)
    asked = request.query_params.get("run", "")
    chosen = next((job for job in done if job.id == asked), None) if asked else next(iter(done), None)
    if asked and chosen is None:
        raise KeyError(asked)
    context: dict[str, Any] = {
        **frame.context(""),
        **_plan_form(),
        "open": [told(job) for job in runs if job.open],
        "failed": told(runs[0]) if runs and runs[0].problems else None,
        "runs": [told(job) for job in done],
        "chosen": told(chosen) if chosen else None,
        "former": bool(chosen and any(job.open for job in runs)),
        "stale": "",
        "body": "",
    }
    data: dict[str, Any] = {"patient": id, "open": context["open"], "runs": context["runs"], "plan": None}
    call = None
    if chosen is not None:
        result, context["body"], data["plan"] = await asyncio.to_thread(plan_of, room, chosen)
        context["stale"] = await asyncio.to_thread(_stale, result)
        numbers = chosen.request
        call = views.Call(
            f"hepaxis plan FOLDER --out OUT --patients {numbers['hosts']} --seed {numbers['seed']} "
            f"--strategies {numbers['limit']}",
            "from hepaxis.patient import load\nfrom hepaxis.plan.make import Options, make_plan\n"
            f"plan = make_plan(load(folder), Options(hosts={numbers['hosts']}, seed={numbers['seed']}, "
            f"limit={numbers['limit']}))",
        )
    view = views.View("plan.html.j2", frame.patient.label or "Patient", "patients", data, context, call=call)
    return views.shown(request, view)


def plan_of(room: Room, job: Job) -> tuple[Plan, str, dict[str, Any]]:
    """A run's plan, the report's sections of it, and its JSON.  Raises KeyError where the run has gone."""
    import json

    from hepaxis.report import embed, load_plan

    key = ("plan", job.id)
    if key not in room.kept:
        text = room.result(job, "plan.json")
        made = load_plan(text)
        room.kept[key] = made, embed(made), json.loads(text)
    found: tuple[Plan, str, dict[str, Any]] = room.kept[key]
    return found


@lru_cache(maxsize=1)
def _versions() -> dict[str, str]:
    import hepaxis
    from hepaxis import axis, knowledge

    model, facts = axis.build().hash, knowledge.content_hash()[:16]
    return {"hepaxis": hepaxis.__version__, "model": model, "knowledge": facts}


def _stale(made: Plan) -> str:
    """What has changed since the plan was made, with both hashes; '' when nothing has."""
    now = _versions()
    moved = [name for name in now if made.versions.get(name) != now[name]]
    return ", ".join(f"{name} (then {made.versions.get(name, '?')}, now {now[name]})" for name in moved)
