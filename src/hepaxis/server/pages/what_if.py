"""What if: sliders and switches on a patient's small twin, the former curve pinned behind the new one."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from hepaxis.plan.schema import Curve, Interval
from hepaxis.problems import InputError, error
from hepaxis.server import views
from hepaxis.server.pages.patients import framed
from hepaxis.server.room import Room, room_of

CLOSING_SECONDS, ANSWER_SECONDS = 180.0, 60.0
REMINDER = "A capacity moved by hand is not evidence that a therapy can move it."
AS_SAMPLED: dict[str, Any] = {"capacities": {}, "off": [], "strategy": ""}
ROWS = (("response", "Objective response"), ("durable", "Durable response"), ("severe", "Severe immune events"))
STEPS_A_DECADE = 20


async def page(request: Request) -> Response:
    """The frame, with the setting of the address; the twin is closed by the page's first question."""
    frame = await framed(request)
    moved = setting_of(request.query_params)
    data: dict[str, Any] = {"patient": frame.patient.id, "setting": moved}
    if views.wants_data(request):
        if not frame.usable:
            raise InputError([error("serve.plan", "the folder has errors", "mend what the data check lists")])
        data |= await _answer(room_of(request), frame.patient.id, moved, AS_SAMPLED)
    context = frame.context("/what-if") | {"first": json.dumps(moved)}
    return views.shown(request, views.View("what_if.html.j2", "What if", "patients", data, context))


def _call(moved: dict[str, Any]) -> views.Call:
    sets = "".join(f" --set {id}={factor:g}" for id, factor in moved["capacities"].items())
    off = "".join(f" --off {group}" for group in moved["off"])
    given = f" --strategy {moved['strategy']}" if moved["strategy"] else ""
    asked = ", ".join(
        part
        for part in (
            repr(moved["capacities"]) if any(moved.values()) else "",
            repr(tuple(moved["off"])) if moved["off"] or moved["strategy"] else "",
            repr(moved["strategy"]) if moved["strategy"] else "",
        )
        if part
    )
    return views.Call(
        f"hepaxis what-if FOLDER{sets}{off}{given}",
        "from hepaxis.patient import load\nfrom hepaxis.plan.what_if import Moved, WhatIf\n"
        f"answer = WhatIf(load(folder)).answer(Moved({asked}))",
    )


def _query(moved: dict[str, Any]) -> str:
    """The setting as an address says it."""
    parts = [(f"capacity.{id}", f"{factor:g}") for id, factor in moved["capacities"].items()]
    parts += [("off", ",".join(moved["off"]))] if moved["off"] else []
    parts += [("strategy", moved["strategy"])] if moved["strategy"] else []
    return f"?{urlencode(parts)}" if parts else ""


def setting_of(given: Mapping[str, str]) -> dict[str, Any]:
    """A setting from a form or an address: ``x.butyrate=0.3`` (log10 of the factor),
    ``capacity.butyrate=2``, ``off=scfa,prr``.

    Raises InputError for what is no number.
    """
    moved: dict[str, float] = {}
    for name, text in given.items():
        log = name.startswith("x.")
        if not log and not name.startswith("capacity."):
            continue
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or abs(value) > 1e6:
            raise InputError([error("what_if.factor", f"'{text[:20]}' is no factor", "give a number")])
        factor = round(10**value, 3) if log else value
        if factor != 1.0:
            moved[name.partition(".")[2]] = factor
    off = [part for part in given.get("off", "").split(",") if part]
    return {"capacities": moved, "off": off, "strategy": given.get("strategy", "")}


async def twin(request: Request) -> Response:
    """Close the twin and show the controls with the first answer."""
    frame = await framed(request)
    room, id = room_of(request), frame.patient.id
    form = await request.form(max_files=0, max_fields=8)
    moved = _pinned(str(form.get("first") or ""))
    controls = await room.twins.ask("twin", _asked(room, id), seconds=CLOSING_SECONDS)
    answer = await _answer(room, id, moved, AS_SAMPLED)
    low, high = controls["range"]
    sliders = [{**one, "value": math.log10(moved["capacities"].get(one["id"], 1.0))} for one in controls["capacities"]]
    return views.fragment(
        "what_if_panel.html.j2",
        base=f"/patients/{id}",
        sliders=sliders,
        low=math.log10(low),
        high=math.log10(high),
        step=1 / STEPS_A_DECADE,
        controls=controls,
        moved=moved,
        **_drawn(id, answer, moved, AS_SAMPLED),
    )


async def move(request: Request) -> Response:
    """The answer to a moved slider."""
    room, id = room_of(request), request.path_params["id"]
    room.store.patient(id)
    began = time.perf_counter()
    form = await request.form(max_files=0, max_fields=100)
    given = {name: str(value) for name, value in form.items() if name != "on"}
    on = {str(value) for value in form.getlist("on")}
    given["off"] = ",".join(group for group in given.get("groups", "").split(",") if group and group not in on)
    moved, pinned = setting_of(given), _pinned(given.get("pinned", ""))
    if given.get("pin"):
        pinned = moved
    answer = await _answer(room, id, moved, pinned, sort=id)
    shown = views.fragment("what_if_answer.html.j2", **_drawn(id, answer, moved, pinned))
    shown.headers["server-timing"] = f"answer;dur={1000 * (time.perf_counter() - began):.0f}"
    return shown


def _pinned(text: str) -> dict[str, Any]:
    """A setting that the page kept for us.  Raises InputError when it is none."""
    if not text:
        return AS_SAMPLED
    try:
        found = json.loads(text)
        return {
            "capacities": {str(id): float(factor) for id, factor in found["capacities"].items()},
            "off": [str(one) for one in found["off"]],
            "strategy": str(found["strategy"]),
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        found = "the pinned setting cannot be read"
        raise InputError([error("what_if.pinned", found, "open the page again")]) from None


def _asked(room: Room, id: str) -> dict[str, Any]:
    return {"folder": str(room.workspace.patient(id)), "version": id}


async def _answer(
    room: Room, id: str, moved: dict[str, Any], pinned: dict[str, Any], *, sort: str = ""
) -> dict[str, Any]:
    asked = _asked(room, id) | {"moved": moved, "against": pinned}
    return await room.twins.ask("what_if", asked, seconds=ANSWER_SECONDS + CLOSING_SECONDS, sort=sort)


def _drawn(id: str, answer: dict[str, Any], moved: dict[str, Any], pinned: dict[str, Any]) -> dict[str, Any]:
    """The picture, the table and the sentence of an answer."""
    from hepaxis.report import formats
    from hepaxis.report.figures.course import course

    setting, former = answer["setting"], answer["pinned"]
    same = moved == pinned
    curves = [_curve(setting["curve"], "this setting")]
    if not same:
        curves.append(_curve(former["curve"], "pinned"))
    rows = []
    for name, words in ROWS:
        now, before = (Interval(**one[name]) for one in (setting, former))
        change = Interval(**setting[f"change_{name}"])
        rows.append(
            {
                "words": words,
                "pinned": formats.percent_with_range(before),
                "now": formats.percent_with_range(now),
                "change": "–" if same else formats.with_limits(change, formats.points),
            }
        )
    change = Interval(**setting["change_response"])
    return {
        "plot": course(curves, first="this setting"),
        "rows": rows,
        "n": setting["n"],
        "lost": setting["lost"],
        "pinned_text": json.dumps(pinned),
        "sentence": _sentence(change, same),
        "call": _call(moved),
        "twin": f"/patients/{id}/what-if.json{_query(moved)}",
        "reminder": REMINDER,
        "it": str,
    }


def _curve(told: dict[str, Any], label: str) -> Curve:
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}
    return Curve(**{**values, "label": label})


def _sentence(change: Interval, same: bool) -> str:
    from hepaxis.report import formats

    if same:
        return "This is the pinned setting."
    told = formats.with_limits(change, formats.points)
    if change.lo90 <= 0.0 <= change.hi90:
        return f"Response changes by {told} points: the 90% interval holds no change."
    way = "rises" if change.median > 0 else "falls"
    return f"Response {way} by {told} points, paired on the same virtual patients."
