"""Forward sensitivities: the exact tangent equations of a system, as a system of their own.

Beside each state y stands its derivative s along one direction of parameter and start-value space, and
ds/dt = (df/dy) s + (df/dp) v with the direction v as further parameters.  One such system serves all parameters: a
lane carries one patient and one direction.  The derivatives are exact; what is left is the tolerance of the
integration.  Discontinuities that move with a parameter (events) are not differentiated: such models are refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd

from .derivative import tangents
from .faults import Fault, InputMismatch, UnsupportedModel, nearest
from .graph import Node
from .system import Initial, Slot, System


def tangent_name(name: str) -> str:
    return f"d({name})"


def direction_name(name: str) -> str:
    return f"v({name})"


def tangent_system(system: System, observed: Sequence[tuple[str, Node]]) -> System:
    """States y then d(y); parameters p then v(p); a symbol d(name) for every observed name."""
    if system.events:
        named = [Fault("unsupported in sensitivities: event", f"'{e.name}'") for e in system.events]
        raise UnsupportedModel(named)
    g, n, width = system.graph.copy(), len(system.states), len(system.parameters)
    expressions = [*system.rhs, *(node for _, node in observed), *(start.node for start in system.initials)]
    seeds: dict[Node, Node] = {}
    for leaf in g.reach(expressions):
        if g.op[leaf] == "state":
            seeds[leaf] = g.state(n + g.index(leaf))
        elif g.op[leaf] == "param":
            seeds[leaf] = g.param(width + g.index(leaf))
        elif not g.args[leaf]:
            seeds[leaf] = g.zero
    dots = tangents(g, expressions, seeds)
    slopes, rest = dots[:n], dots[n:]
    seen, starts = rest[: len(observed)], rest[len(observed) :]
    shift = {"state": n, "param": width}
    initials: list[Initial] = []
    for start, dot in zip(system.initials, starts, strict=True):
        initials.append(start)
        initials.append(Initial(Slot(start.slot.kind, start.slot.index + shift[start.slot.kind]), dot))
    symbols = dict(observed)
    symbols |= {tangent_name(name): dot for (name, _), dot in zip(observed, seen, strict=True)}
    return System(
        graph=g,
        states=(*system.states, *(tangent_name(s) for s in system.states)),
        parameters=(*system.parameters, *(direction_name(p) for p in system.parameters)),
        rhs=(*system.rhs, *slopes),
        default_states=np.concatenate([system.default_states, np.zeros(n)]),
        default_parameters=np.concatenate([system.default_parameters, np.zeros(width)]),
        initials=tuple(initials),
        observables=(),
        symbols=symbols,
        hash=hashlib.sha256(f"tangent {system.hash}".encode()).hexdigest(),
    )


def check_directions(system: System, wrt: Sequence[str], given: Sequence[str]) -> None:
    """Raises for parameters the equations cannot be differentiated by."""
    faults: list[Fault] = []
    g = system.graph
    computed = {system.parameters[start.slot.index] for start in system.initials if start.slot.kind == "param"}
    for name in wrt:
        if name not in system.parameters:
            faults.append(Fault(f"unknown parameter '{name}'", "wrt", nearest(name, system.parameters)))
        elif name in computed and name not in given:
            faults.append(Fault(f"'{name}' is computed by an initial assignment", "wrt", "give it in parameters"))
    if faults:
        raise InputMismatch(faults)
    wanted = {system.parameters.index(name) for name in wrt}
    for node in g.reach(system.rhs):
        timed = g.op[node] in ("lt", "le", "eq", "ne") and g.needs_time([node])
        for index in sorted(g.leaves([node], "param") & wanted if timed else ()):
            faults.append(Fault("unsupported in sensitivities: time compared with", f"'{system.parameters[index]}'"))
    if faults:
        raise UnsupportedModel(faults)


def tangent_protocol(protocol: pd.DataFrame | None, system: System, directions: int) -> pd.DataFrame | None:
    """The same actions, for each direction of each patient, and what they do to the derivatives."""
    if protocol is None or len(protocol) == 0:
        return None
    rows = []
    for record in protocol.to_dict("records"):
        lane = float(record.get("patient", np.nan) or 0.0)
        whole = bool(np.isnan(lane))
        for k in range(1 if whole else directions):
            row = {**record, "patient": np.nan if whole else lane * directions + k}
            rows.append(row)
            if record["target"] in system.parameters:
                rows.append({**row, "target": direction_name(str(record["target"])), "amount": 0.0})
            elif record["action"] == "set":
                rows.append({**row, "target": tangent_name(str(record["target"])), "amount": 0.0})
            elif record["action"] == "multiply":
                rows.append({**row, "target": tangent_name(str(record["target"]))})
    return pd.DataFrame(rows)
