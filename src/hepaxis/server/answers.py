"""What the quick children answer: the check of a folder, a what-if on a patient's twin, the model under switched gates.

Held: each verb takes and gives plain JSON; faults of an input come back as problems, faults of ours by type and place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hepaxis.problems import InputError, has_errors
from hepaxis.server.children import Line, unexpected

if TYPE_CHECKING:
    from hepaxis.plan.what_if import WhatIf

KEPT = 2  # twins in memory
BANDS = (0.05, 0.25, 0.5, 0.75, 0.95)


def answer_all(line: Line, payload: dict[str, Any]) -> None:
    """Entry of the child: answers until the server is gone."""
    twins: dict[str, WhatIf] = {}
    verbs: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
        "check": _check,
        "twin": lambda asked: _twin(twins, asked),
        "what_if": lambda asked: _what_if(twins, asked),
        "simulate": _simulate,
        "picture": _picture,
    }
    while True:
        asked = line.hear()
        try:
            line.say(**verbs[asked["verb"]](asked))
        except InputError as found:
            line.say(problems=[problem.as_dict() for problem in found.problems])
        except (EOFError, MemoryError):
            raise
        except BaseException as fault:
            line.say(problems=[unexpected(fault).as_dict()])


def _check(asked: dict[str, Any]) -> dict[str, Any]:
    """Problems of a patient's folder, and what the sheet says of the patient."""
    from hepaxis.patient import check, load
    from hepaxis.plan import header

    path = Path(asked["folder"])
    problems = check(path)
    found: dict[str, Any] = {"found": [one.as_dict() for one in problems], "label": "", "title": "", "timeline": []}
    if has_errors(problems):
        return found
    folder = load(path)
    patient = folder.record
    regimen = patient.planned_regimen()
    found["label"] = patient.id or ""
    words = header.title(patient, "").removeprefix(found["label"]).removeprefix(", ")
    found["title"] = words[:1].upper() + words[1:]
    if regimen is not None:
        items = header.timeline(patient, regimen, asked["horizon_days"])
        found["timeline"] = [asdict(item) for item in items]
    return found


def _twin(twins: dict[str, WhatIf], asked: dict[str, Any]) -> dict[str, Any]:
    """Close the twin, or find it, and say what can be moved."""
    from hepaxis.plan.what_if import LEAST, MOST, capacities, groups

    twin = _found(twins, asked)
    return {
        "capacities": [{"id": one.id, "label": one.label} for one in capacities()],
        "range": [LEAST, MOST],
        "groups": groups(),
        "base": twin.base.label,
        "strategies": [{"id": one.id, "label": one.label, "status": one.status} for one in twin.strategies.values()],
        "n": int(twin.twin.ok.sum()),
    }


def _found(twins: dict[str, WhatIf], asked: dict[str, Any]) -> WhatIf:
    from hepaxis.patient import load
    from hepaxis.plan.what_if import WhatIf

    key = f"{asked['folder']} {asked['version']}"
    if key not in twins:
        while len(twins) >= KEPT:
            del twins[next(iter(twins))]
        twins[key] = WhatIf(load(asked["folder"]))
    return twins[key]


def _what_if(twins: dict[str, WhatIf], asked: dict[str, Any]) -> dict[str, Any]:
    from hepaxis.plan.what_if import Moved

    twin = _found(twins, asked)
    moved, against = (
        Moved(one["capacities"], tuple(one["off"]), one["strategy"]) for one in (asked["moved"], asked["against"])
    )
    answer = twin.answer(moved, against)
    pinned = twin.answer(against)
    return {"setting": asdict(answer), "pinned": asdict(pinned)}


def _simulate(asked: dict[str, Any]) -> dict[str, Any]:
    """Two scenarios, the asked and the pinned, as curves of what both observe."""
    return {name: _curves(asked[name]) for name in ("setting", "pinned") if asked[name]}


def _curves(text: str) -> dict[str, Any]:
    import numpy as np

    from hepaxis.exchange import parse_scenario, prepare, simulate
    from hepaxis.exchange.run import spelled

    scenario = parse_scenario(text)
    setting = prepare(scenario)
    outcome = simulate(setting)
    traces = []
    for name, values in outcome.values.items():
        known = values[np.isfinite(values).all(axis=1)]
        middle = np.median(known, axis=0) if len(known) else np.full(len(outcome.days), np.nan)
        bands = [q.tolist() for q in np.quantile(known, BANDS, axis=0)] if len(known) > 1 else None
        traces.append(
            {
                "id": name,
                "label": outcome.labels[name],
                "unit": spelled(outcome.units[name]),
                "days": outcome.days.tolist(),
                "median": [float(v) if np.isfinite(v) else None for v in middle],
                "bands": bands,
            }
        )
    return {
        "traces": traces,
        "people": scenario.people,
        "failed": [f"person {person + 1}: {why}" for person, why in outcome.failed.items()],
        "notes": list(setting.notes),
    }


def _picture(asked: dict[str, Any]) -> dict[str, Any]:
    """A mechanism's network, or that of all, in the page's own colours; its values and equations."""
    import re

    from hepaxis import axis
    from hepaxis.axis.tables import HOME
    from hepaxis.exchange.diagram import PALETTE, PORTS, gates_svg, mechanism_svg, overview_svg

    name = asked["name"]
    colours = {colour: f"var(--{colour})" for colour in PALETTE}
    if name == "overview":
        text = overview_svg(colours)
    else:
        text = gates_svg(colours) if name == PORTS else mechanism_svg(name, colours)
    text = re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)  # the page's style sheet holds it
    if name == "overview":
        return {"picture": text, "values": [], "equations": ""}
    rows = axis.build().parameters
    rows = rows[rows["module"] == name]
    values = [
        {"name": str(id), **{c: str(row[c]) for c in ("unit", "grade", "source", "note")}, "value": float(row["value"])}
        for id, row in rows.iterrows()
    ]
    equations = (HOME / "modules" / f"{name}.ant").read_text(encoding="utf-8")
    return {"picture": text, "values": values, "equations": equations}
