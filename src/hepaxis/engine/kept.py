"""Systems on disk, so that a model seen before is not read again: libSBML and its parsing are most of a warm start.

An entry is the JSON of a system under the hash of its SBML text and of this engine's sources, in the folder of the
compiled code and as safely written.  Node numbers are kept, and with them every bit of the results.  What is refused is
never kept.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from .codegen import cache
from .graph import Graph, Node
from .system import Assignment, Event, Initial, Slot, System

KIND = "system"


def load_system(text: str) -> System:
    """The system of an SBML text, from the cache where it holds it.  Raises UnsupportedModel."""
    key = hashlib.sha256(f"{source_digest()}\n{text}".encode()).hexdigest()
    found = cache.read(key, KIND)
    if found is not None:
        return unpack(json.loads(found[1]))
    from .sbml import read_system  # slow to import

    system = read_system(text)
    cache.write(key, {}, json.dumps(pack(system)).encode(), KIND)
    return system


@lru_cache(maxsize=1)
def source_digest() -> str:
    """Of the engine's own sources: an entry made by another version is never used."""
    room = Path(__file__).resolve().parent
    digest = hashlib.sha256()
    for path in sorted(room.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def pack(system: System) -> dict[str, Any]:
    """Plain lists, numbers and names; JSON keeps every double to the bit."""
    g = system.graph
    kept = {name: value for name, value in vars(system).items() if name not in ("graph", "initials", "events")}
    return {
        **kept,
        "graph": [g.op, g.args, g.value],
        "default_states": system.default_states.tolist(),
        "default_parameters": system.default_parameters.tolist(),
        "initials": [asdict(start) for start in system.initials],
        "events": [asdict(event) for event in system.events],
    }


def unpack(kept: dict[str, Any]) -> System:
    return System(
        graph=_graph(*kept["graph"]),
        states=tuple(kept["states"]),
        parameters=tuple(kept["parameters"]),
        rhs=tuple(kept["rhs"]),
        default_states=np.array(kept["default_states"], dtype=float),
        default_parameters=np.array(kept["default_parameters"], dtype=float),
        initials=tuple(Initial(Slot(**start["slot"]), start["node"]) for start in kept["initials"]),
        observables=tuple(kept["observables"]),
        symbols=kept["symbols"],
        events=tuple(_event(event) for event in kept["events"]),
        units=kept["units"],
        species={name: (kind, home) for name, (kind, home) in kept["species"].items()},
        hash=kept["hash"],
    )


def _graph(ops: list[str], args: list[list[Node]], values: list[float]) -> Graph:
    """Made node by node in the order it grew, so that all numbers come out as they were."""
    g = Graph()
    for op, arguments, value in zip(ops, args, values, strict=True):
        g.restore(op, tuple(arguments), value)
    return g


def _event(kept: dict[str, Any]) -> Event:
    assignments = tuple(Assignment(**{**a, "slot": Slot(**a["slot"])}) for a in kept["assignments"])
    return Event(**{**kept, "assignments": assignments})
