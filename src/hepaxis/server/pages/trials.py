"""Virtual trials: a design from a form, from the shipped ones or as text; the run as a job; the result as its page."""

from __future__ import annotations

import asyncio
import json
import os
from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hepaxis.problems import InputError, error
from hepaxis.server import tables, views
from hepaxis.server.kinds import TRIAL
from hepaxis.server.pages.jobs import told
from hepaxis.server.pages.patients import whole
from hepaxis.server.room import room_of
from hepaxis.server.store import DONE

LEAST, MOST, USUAL = 10, 5000, 200
MOST_TEXT = 40_000  # characters of a design
WEEKS = (6, 8, 9, 12)
MODES = {"paired": "paired: every patient on both arms", "parallel": "parallel: as a real trial allocates"}
ENROL = {"": "no enrichment", "butyrate producers below the median": "few butyrate producers"}
CONTROL, ARM, SEED, HORIZON = "atezolizumab_bevacizumab", "fmt_capsules_healthy", 1, 365
MOST_CELLS_COLUMNS = 400


async def index(request: Request) -> Response:
    room = room_of(request)
    found = await asyncio.to_thread(_choices)
    runs = [told(job) for job in room.store.jobs(kind=TRIAL)]
    data = {"runs": runs, "designs": found["designs"]}
    usual = {"n": USUAL, "least": LEAST, "most": MOST, "control": CONTROL, "arm": ARM, "seed": SEED}
    context = found | {"modes": MODES, "weeks": WEEKS, "enrol": ENROL, "usual": usual}
    call = views.Call(
        "hepaxis trial run DESIGN.yaml --out OUT",
        "from hepaxis.trial import load_design, run_trial\nrun_trial(load_design(design), out)",
    )
    return views.shown(request, views.View("trials.html.j2", "Virtual trials", "trials", data, context, call=call))


@cache
def _choices() -> dict[str, Any]:
    """What the form offers: the same for the life of the server."""
    from hepaxis import therapy
    from hepaxis.trial import built_in_designs, design_template, load_design

    designs = []
    for id in built_in_designs():
        one = load_design(id)
        arms = len(one.arms)
        statement = " ".join(one.statement.split())
        designs.append({"id": id, "name": one.name, "mode": one.mode, "n": one.n, "arms": arms, "statement": statement})
    return {
        "designs": designs,
        "regimens": {id: therapy.regimen(id).label for id in therapy.regimen_ids()},
        "arms": {id: therapy.arm(id).label for id in therapy.arm_ids()},
        "template": design_template(),
    }


async def start(request: Request) -> Response:
    """Run the design that the form, a name or a text gives.  Raises InputError with every fault of it."""
    room = room_of(request)
    form = await request.form(max_files=0, max_fields=20, max_part_size=MOST_TEXT * 4)
    given = {name: str(value) for name, value in form.items()}
    text = await asyncio.to_thread(design_text, given)
    request_of = {"design": text, "workers": os.cpu_count() or 1}
    name = await asyncio.to_thread(_name, text)
    job = room.jobs.submit(TRIAL, request_of, title=name)
    return RedirectResponse(f"/trials/{job.id}", status_code=303)


def _name(text: str) -> str:
    from hepaxis.trial import parse_design

    return parse_design(text, file="design.yaml").name


def design_text(given: dict[str, str]) -> str:
    """The YAML of a design.  Raises InputError."""
    from hepaxis import therapy
    from hepaxis.trial import built_in_designs, load_design

    source = given.get("source", "form")
    if source == "text":
        text = given.get("text", "").replace("\r\n", "\n")
        if len(text) > MOST_TEXT:
            raise InputError([error("serve.design", "the design is too long", f"at most {MOST_TEXT} characters")])
        return text
    if source == "built_in":
        if given.get("design", "") not in built_in_designs():
            raise InputError([error("serve.choice", "design: not among the choices", "choose again")])
        text = load_design(given["design"]).text
        n = whole(given.get("n"), USUAL, LEAST, MOST, "patients")
        lines = [f"n: {n}" if line.startswith("n:") else line for line in text.splitlines()]
        return "\n".join(lines) + "\n"
    control, arm = given.get("control", ""), given.get("arm", "")
    scans, mode, enrol = given.get("weeks", ""), given.get("mode", ""), given.get("enrol", "")
    wrong = [
        what
        for what, fine in (
            ("control arm", control in therapy.regimen_ids()),
            ("test arm", arm in (*therapy.arm_ids(), *therapy.regimen_ids())),
            ("weeks between scans", scans in map(str, WEEKS)),
            ("mode", mode in MODES),
            ("enrichment", enrol in ENROL),
        )
        if not fine
    ]
    if wrong:
        raise InputError([error("serve.choice", f"{what}: not among the choices", "choose again") for what in wrong])
    n = whole(given.get("n"), USUAL, LEAST, MOST, "patients")
    seed = whole(given.get("seed"), SEED, 0, 2**31 - 1, "seed")
    base, added = therapy.regimen(control).label, arm in therapy.arm_ids()
    test = f"{base} + {therapy.arm(arm).label}" if added else therapy.regimen(arm).label
    lines = [
        f"name: {json.dumps(f'{test} against {base}', ensure_ascii=False)}",
        "statement: A virtual trial in the calibrated population, not a prediction for one patient.",
        f"mode: {mode}",
        f"n: {n}",
        "arms:",
        f"  - {{id: control, label: {json.dumps(base, ensure_ascii=False)}, regimen: {control}}}",
        f"  - id: test\n    label: {json.dumps(test, ensure_ascii=False)}",
        f"    regimen: {control if added else arm}",
    ]
    lines += [f"    components: [{{id: {arm}}}]"] if added else []
    lines += ["control: control", "population:", "  name: trial_default", "  child_pugh: [A]"]
    lines += [f"  biomarker: [{json.dumps(enrol)}]"] if enrol else []
    lines += [
        f"scans: {{interval_weeks: {scans}}}",
        "endpoints: {primary: [response], secondary: [pfs, os]}",
        f"horizon_days: {HORIZON}",
        "gates: drawn",
        f"seed: {seed}",
    ]
    return "\n".join(lines) + "\n"


async def result(request: Request) -> Response:
    room = room_of(request)
    job = room.store.job(request.path_params["id"])
    if job.kind != TRIAL:
        raise KeyError(job.id)
    data: dict[str, Any] = {"run": told(job), "trial": None}
    context: dict[str, Any] = {"body": "", "design": job.request["design"], "rows": "patients.csv"}
    if job.state == DONE:
        context["body"], data["trial"] = await asyncio.to_thread(_result, request, job.id)
    call = views.Call(
        "hepaxis trial run DESIGN.yaml --out OUT",
        "from hepaxis.trial import parse_design, run_trial\nrun_trial(parse_design(text), out)",
    )
    view = views.View("trial_run.html.j2", job.title or "Virtual trial", "trials", data, context, call=call)
    return views.shown(request, view)


def _result(request: Request, id: str) -> tuple[str, dict[str, Any]]:
    from hepaxis.report.trial_page import embed_trial
    from hepaxis.report.trial_reading import read_trial

    room = room_of(request)
    key = ("trial", id)
    if key not in room.kept:
        text = room.result(room.store.job(id), "trial.json")
        room.kept[key] = embed_trial(read_trial(text)), json.loads(text)
    found: tuple[str, dict[str, Any]] = room.kept[key]
    return found


async def patients_table(request: Request) -> Response:
    """Every virtual patient of a trial as CSV."""
    room = room_of(request)
    job = room.store.job(request.path_params["id"])
    if job.kind != TRIAL or job.state != DONE:
        raise KeyError(job.id)
    text = await asyncio.to_thread(_patients, room.workspace.run(job.id))
    name = f'attachment; filename="hepaxis-trial-{job.id}-patients.csv"'
    return Response(text, media_type="text/csv", headers={"content-disposition": name})


def _patients(folder: Any) -> str:
    import pandas as pd

    from hepaxis.trial.parts import part_files

    rows = pd.concat([pd.read_parquet(path) for path in part_files(folder)], ignore_index=True)
    known = rows.notna().to_numpy()
    cells = rows.astype(object).to_numpy()
    cells[~known] = None
    return tables.csv_text([str(name) for name in rows.columns], cells.tolist())
