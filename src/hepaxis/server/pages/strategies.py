"""Strategies of a plan: filtered by evidence, access and kind, and a few of them side by side."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hepaxis.plan.schema import Interval, Plan, Strategy
from hepaxis.server import tables, views
from hepaxis.server.kinds import PLAN
from hepaxis.server.pages.jobs import told
from hepaxis.server.pages.patients import plan_of
from hepaxis.server.room import Room, room_of
from hepaxis.server.store import Job

GRADES = "ABCDE"
GRADE_WORDS = {
    "A": "A: randomised in HCC",
    "B": "B: randomised elsewhere",
    "C": "C: early human or cohort",
    "D": "D: animal",
    "E": "E: concept",
}
ACCESS = {"": "all", "open": "without a trial", "trial_only": "in a trial only", "blocked": "blocked by a safety rule"}
OPEN = ("base", "ranked")
OUTCOMES = (  # field of the outcomes, words, whether a per cent
    ("objective_response", "Objective response, per cent", True),
    ("durable_response", "Durable response, per cent", True),
    ("disease_control_6m", "Disease control at 6 months, per cent", True),
    ("pfs_months", "Progression-free survival, months", False),
    ("severe_immune_event", "Severe immune events, per cent", True),
)


def chosen_run(request: Request, room: Room) -> Job | None:
    """The plan that ``?run=`` names, else the newest.  Raises KeyError."""
    asked = request.query_params.get("run", "")
    done = room.done(PLAN)
    if not asked:
        return next(iter(done), None)
    found = next((job for job in done if job.id == asked), None)
    if found is None:
        raise KeyError(asked)
    return found


def passes(one: Strategy, asked: dict[str, str]) -> bool:
    """Whether a strategy is shown; the base regimen always is."""
    if one.status == "base":
        return True
    grade = one.evidence.grade if one.evidence.grade in GRADES else GRADES[-1]
    if asked["evidence"] and GRADES.index(grade) > GRADES.index(asked["evidence"]):
        return False
    if asked["access"] == "open" and one.status not in OPEN:
        return False
    if asked["access"] in ("trial_only", "blocked") and one.status != asked["access"]:
        return False
    return not asked["kind"] or one.kind == asked["kind"]


def asked_of(request: Request, made: Plan) -> dict[str, str]:
    """Filters of the address; what is not among the choices is left out."""
    query = request.query_params
    evidence, access, kind = (query.get(name, "") for name in ("evidence", "access", "kind"))
    return {
        "evidence": evidence if len(evidence) == 1 and evidence in GRADES else "",
        "access": access if access in ACCESS else "",
        "kind": kind if kind in {one.kind for one in made.strategies} else "",
    }


async def page(request: Request) -> Response:
    room = room_of(request)
    job = chosen_run(request, room)
    if job is None:
        return views.shown(request, views.View("strategies_page.html.j2", "Strategies", "strategies", {"run": None}))
    made, _, _ = await asyncio.to_thread(plan_of, room, job)
    asked = asked_of(request, made)
    shown = tuple(one for one in made.strategies if passes(one, asked))
    chosen = [one for one in made.strategies if one.id in request.query_params.getlist("with") and one.outcomes]
    from hepaxis.report import embed_strategies

    body = await asyncio.to_thread(embed_strategies, replace(made, strategies=shown))
    data: dict[str, Any] = {
        "run": told(job),
        "filters": asked,
        "strategies": [asdict(one) for one in shown],
        "compared": [one.id for one in chosen],
    }
    context = {
        "body": body,
        "runs": [told(one) for one in room.done(PLAN)],
        "grades": GRADE_WORDS,
        "access": ACCESS,
        "kinds": sorted({one.kind for one in made.strategies} - {"base"}),
        "offered": [one for one in made.strategies if one.outcomes],
        "chosen": [one.id for one in chosen],
        "compared": [compared(chosen, *words) for words in OUTCOMES] if len(chosen) > 1 else [],
        "left_out": len(made.strategies) - len(shown),
        "plan": made,
        "patient_address": f"/patients/{job.subject}?run={job.id}",
        "query": request.url.query,
    }
    parts = ",".join("+".join(one.components) for one in chosen)
    call = views.Call(
        f"hepaxis plan FOLDER --out OUT --seed {job.request['seed']}" + (f" --strategies '{parts}'" if parts else ""),
        "from hepaxis.report import load_plan\nstrategies = load_plan(text_of_plan_json).strategies",
    )
    view = views.View("strategies_page.html.j2", "Strategies", "strategies", data, context, call=call)
    return views.shown(request, view)


def compared(chosen: list[Strategy], name: str, words: str, per_cent: bool) -> dict[str, Any]:
    """One outcome of several strategies as a row chart with intervals."""
    from hepaxis.report import formats, svg
    from hepaxis.report.reading import strategy_category
    from hepaxis.report.tables import Cell, RowChart, value_cell

    scale_by = 100.0 if per_cent else 1.0
    values: list[tuple[Strategy, Interval]] = [
        (one, Interval(*(scale_by * x for x in asdict(getattr(one.outcomes, name)).values())))
        for one in chosen
        if one.outcomes is not None
    ]
    scale = svg.linear_scale([v for _, i in values for v in (i.lo90, i.hi90)], include=(0.0,))
    ticks = svg.linear_ticks(scale.lo, scale.hi, 4)
    write = (lambda v: f"{v:.0f}%") if per_cent else formats.months
    rows = tuple(
        (
            Cell("label", one.label),
            Cell(
                "chart",
                svg.drawing(svg.gridlines(scale, ticks) + svg.interval_marks(scale, value, strategy_category(one))),
            ),
            value_cell(write(value.median), formats.limits(value, write)),
        )
        for one, value in values
    )
    axis = svg.drawing(svg.tick_labels(scale, [(t, f"{t:g}") for t in ticks]), css="axis")
    head = (Cell("label", ""), Cell("chart", axis), Cell("value", "median (90%)"))
    return {"title": words, "chart": RowChart("cf", words, rows, head)}


async def table(request: Request) -> Response:
    """The shown strategies as CSV."""
    room = room_of(request)
    job = chosen_run(request, room)
    if job is None:
        raise KeyError("plan")
    made, _, _ = await asyncio.to_thread(plan_of, room, job)
    asked = asked_of(request, made)
    limits = ("median", "lo90", "hi90")
    head = ["id", "strategy", "status", "rank", "kind", "evidence", "chance_of_best"]
    head += [f"{name}_{limit}" for name in ("change_response", *(n for n, _, _ in OUTCOMES)) for limit in limits]
    rows = []
    for one in made.strategies:
        if passes(one, asked):
            row: list[object] = [one.id, one.label, one.status, one.rank, one.kind, one.evidence.grade, one.p_best]
            for value in (one.change_response, *(getattr(one.outcomes, n, None) for n, _, _ in OUTCOMES)):
                row += [getattr(value, limit, None) for limit in limits]
            rows.append(row)
    text = tables.csv_text(head, rows)
    return Response(
        text,
        media_type="text/csv",
        headers={"content-disposition": f'attachment; filename="hepaxis-strategies-{job.id}.csv"'},
    )
