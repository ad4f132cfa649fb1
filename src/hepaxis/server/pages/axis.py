"""The axis: mechanisms as a network, claims switched on and off, and what states do over a year."""

from __future__ import annotations

import asyncio
import re
from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hepaxis.problems import InputError, error
from hepaxis.server import views
from hepaxis.server.room import Room, room_of

SECONDS = 90.0
OBSERVED = (
    "tumour_diameter", "effectors", "exhausted", "treg", "mdsc", "kill_cd8", "barrier", "butyrate_portal",
)  # fmt: skip
COMMUNITIES = {"reference": "reference community", "cirrhosis": "cirrhosis", "germ_free": "germ free"}
LIVERS = {"": "population’s median", "child_pugh_a": "Child-Pugh A", "child_pugh_b": "Child-Pugh B"}
PEOPLE = {"1": "one typical person", "24": "24 drawn, with bands"}
DAYS, EVERY, SEED = 365, 7, 1
REGIMEN = "durvalumab_tremelimumab"
EXPOSURES = {
    "": "none",
    "vancomycin_oral": "oral vancomycin, day −14 to −7",
    "broad_spectrum": "broad-spectrum antibiotic, day −14 to −7",
}


async def index(request: Request) -> Response:
    from hepaxis import therapy

    room = room_of(request)
    found = await asyncio.to_thread(_tables)
    pictures = await _pictures(room, "overview")
    regimens = {id: therapy.regimen(id).label for id in therapy.regimen_ids()}
    arms = {id: therapy.arm(id).label for id in therapy.arm_ids()}
    context = {
        **found,
        "picture": pictures["picture"],
        "regimens": regimens,
        "arms": arms,
        "communities": COMMUNITIES,
        "livers": LIVERS,
        "people": PEOPLE,
        "exposures": EXPOSURES,
        "regimen": REGIMEN,
    }
    data = {"modules": found["modules"], "gates": found["gates"], "states": found["states"], "model": found["hash"]}
    call = views.Call(
        "hepaxis simulate SCENARIO.yaml --out OUT",
        "from hepaxis.exchange import parse_scenario, prepare, simulate\n"
        "outcome = simulate(prepare(parse_scenario(text)))",
    )
    return views.shown(request, views.View("axis.html.j2", "Axis", "axis", data, context, call=call))


@cache
def _tables() -> dict[str, Any]:
    """Modules and gates of the model as plain rows."""
    from hepaxis import axis
    from hepaxis.exchange.model_pages import _gist
    from hepaxis.plan.what_if import groups

    model = axis.build()
    modules = list(dict.fromkeys(str(name) for name in model.parameters["module"]))
    rows = [
        {"id": name, "label": name[3:].replace("_", " "), "gist": _gist(name)}
        for name in sorted(modules)
        if re.fullmatch(r"\d\d_\w+", name)
    ]
    labels = groups()
    gates = [
        {
            "id": str(id),
            "group": str(row["group"]),
            "group_label": labels.get(str(row["group"]), str(row["group"])),
            "claim": str(row["claim"]),
            "port": str(row["port"]),
            "sign": 0 if str(row["agreement"]).startswith("disputed") else int(row["sign"]),
            "grade": str(row["grade"]),
            "sources": str(row["sources"]),
        }
        for id, row in model.gates.iterrows()
    ]
    return {"modules": rows, "gates": gates, "groups": labels, "states": len(model.states), "hash": model.hash}


async def _pictures(room: Room, name: str) -> dict[str, Any]:
    key = ("picture", name)
    if key not in room.kept:
        room.kept[key] = await room.axis.ask("picture", {"name": name}, seconds=SECONDS)
    found: dict[str, Any] = room.kept[key]
    return found


async def module(request: Request) -> Response:
    room, name = room_of(request), request.path_params["name"]
    found = await asyncio.to_thread(_tables)
    one = next((row for row in found["modules"] if row["id"] == name), None)
    if one is None:
        raise KeyError(name)
    told = await _pictures(room, name)
    data = {"module": one, "values": told["values"], "equations": told["equations"]}
    context = {"picture": told["picture"], "modules": found["modules"]}
    call = views.Call("hepaxis model antimony", "from hepaxis import axis\nmodel = axis.build()")
    title = one["label"].capitalize()
    return views.shown(request, views.View("axis_module.html.j2", title, "axis", data, context, call=call))


async def simulate(request: Request) -> Response:
    """Curves under the switched gates, beside those with every claim on."""
    room = room_of(request)
    form = await request.form(max_files=0, max_fields=200)
    on = {str(value) for value in form.getlist("gate")}
    found = await asyncio.to_thread(_tables)
    known = [row["id"] for row in found["gates"]]
    off = [gate for gate in known if gate not in on]
    given = {name: str(form.get(name) or "") for name in ("regimen", "arm", "community", "liver", "people", "exposure")}
    text, plain = scenario(given, off), scenario(given, [])
    asked = {"setting": text, "pinned": plain if off else ""}
    answer = await room.axis.ask("simulate", asked, seconds=SECONDS, sort="axis")
    return views.fragment("axis_curves.html.j2", scenario=text, off=len(off), of=len(known), **_drawn(answer))


def scenario(given: dict[str, str], off: list[str]) -> str:
    """The scenario file of a form, as `hepaxis simulate` reads it.  Raises InputError for what is not offered."""
    from hepaxis import therapy

    choices = {
        "regimen": {"", *therapy.regimen_ids()},
        "arm": {"", *therapy.arm_ids()},
        "community": set(COMMUNITIES),
        "liver": set(LIVERS),
        "people": set(PEOPLE),
        "exposure": set(EXPOSURES),
    }
    wrong = [name for name, allowed in choices.items() if given[name] not in allowed]
    if wrong:
        raise InputError([error("serve.choice", f"{name}: not among the choices", "choose again") for name in wrong])
    lines = ["name: From the app", f"days: {DAYS}", f"every: {EVERY}"]
    if given["people"] != "1":
        lines.append(f"people: {{n: {given['people']}, seed: {SEED}}}")
    lines.append(f"community: {given['community']}")
    if given["liver"]:
        lines.append(f"host: {{liver: {given['liver']}}}")
    if off:
        lines.append("gates: {" + ", ".join(f"{gate}: 0" for gate in off) + "}")
    if given["regimen"]:
        lines.append(f"regimens: [{{id: {given['regimen']}, day: 0}}]")
    if given["arm"]:
        lines.append(f"arms: [{{id: {given['arm']}, day: 0}}]")
    if given["exposure"]:
        lines.append(f"antibiotics: [{{class: {given['exposure']}, from: -14, to: -7}}]")
    lines.append(f"observe: [{', '.join(OBSERVED)}]")
    return "\n".join(lines) + "\n"


def _drawn(answer: dict[str, Any]) -> dict[str, Any]:
    from hepaxis.report.figures.trajectories import Trace, trajectory

    def trace(one: dict[str, Any]) -> Trace:
        middle = [float("nan") if v is None else v for v in one["median"]]
        bands = one["bands"]
        spread = None if bands is None else (bands[0], bands[1], bands[3], bands[4])
        return Trace(one["id"], one["label"], one["unit"], one["days"], middle, spread)

    setting = answer["setting"]
    pinned = {one["id"]: trace(one) for one in answer["pinned"]["traces"]} if "pinned" in answer else {}
    plots = [(trace(one), trajectory(trace(one), pinned.get(one["id"]))) for one in setting["traces"]]
    return {
        "plots": plots,
        "people": setting["people"],
        "failed": setting["failed"],
        "notes": setting["notes"],
        "pinned": bool(pinned),
        "it": str,
    }
