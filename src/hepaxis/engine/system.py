"""A model as the engine sees it: an ordinary differential equation on graph nodes, with names.

States are what is integrated, parameters what is held constant between actions and events; everything else is an
expression of these and of time.  A species is held in the unit its symbol has in the formulas (concentration, or
amount), except in a compartment whose size changes: there the amount is the state, and ``symbols`` gives the
concentration.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .graph import Graph, Node

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Slot:
    """One place a value is kept: ``kind`` is "state" or "param"."""

    kind: str
    index: int


@dataclass(frozen=True)
class Initial:
    """A start value computed from others; carried out in the order they are listed."""

    slot: Slot
    node: Node


@dataclass(frozen=True)
class Assignment:
    """An event's effect.

    before, after  turn the assigned symbol into the kept value; read before and after the event's plain effects
    late           the value is read when the event is carried out, even if the others are those of its trigger
    """

    slot: Slot
    node: Node
    before: Node | None = None
    after: Node | None = None
    late: bool = False


@dataclass(frozen=True)
class Event:
    name: str
    trigger: Node
    delay: Node | None
    priority: Node | None
    persistent: bool
    initially_true: bool
    values_at_trigger: bool
    assignments: tuple[Assignment, ...]


@dataclass(frozen=True)
class System:
    graph: Graph
    states: tuple[str, ...]
    parameters: tuple[str, ...]
    rhs: tuple[Node, ...]
    default_states: Floats
    default_parameters: Floats
    initials: tuple[Initial, ...]
    observables: tuple[str, ...]  # targets of assignment rules
    symbols: dict[str, Node] = field(repr=False)  # every name a formula may use
    events: tuple[Event, ...] = ()
    units: dict[str, str] = field(default_factory=dict, repr=False)
    # Species -> what its name stands for where it is observed ("amount" or "concentration"), and its compartment.
    species: dict[str, tuple[str, str]] = field(default_factory=dict, repr=False)
    hash: str = ""

    def scheduled(self) -> dict[int, float]:
        """Events whose trigger only asks whether a fixed time has come: their number -> the moment when it has.

        Time does not turn back, so that each happens at most once and need not be watched for.
        """
        g, found = self.graph, {}
        for number, event in enumerate(self.events):
            op = g.op[event.trigger]
            if op in ("lt", "le"):
                left, right = g.args[event.trigger]
                if g.op[left] == "const" and g.op[right] == "time":
                    moment = g.value[left]
                    found[number] = float(np.nextafter(moment, np.inf)) if op == "lt" else moment
        return found

    def asked(self) -> list[int]:
        """Numbers of the other events."""
        scheduled = self.scheduled()
        return [number for number in range(len(self.events)) if number not in scheduled]

    def watched(self) -> list[Node]:
        """What must not change unseen within a step: the triggers and every comparison in them."""
        g = self.graph
        triggers = [self.events[number].trigger for number in self.asked()]
        found: dict[Node, None] = dict.fromkeys(triggers)
        for node in g.reach(triggers):
            if g.op[node] in ("lt", "le"):
                found[node] = None
            elif g.op[node] in ("eq", "ne"):
                # Equality holds for an instant only; the crossing shows in either order.
                found[node] = found[g.less(*g.args[node])] = found[g.less(*reversed(g.args[node]))] = None
        return [node for node in found if g.moving[node] or node in triggers]

    def slot(self, name: str) -> Slot | None:
        """Where a name's value is kept, None for names that are expressions or unknown."""
        if name in self.states:
            return Slot("state", self.states.index(name))
        if name in self.parameters:
            return Slot("param", self.parameters.index(name))
        return None

    def expression(self, name: str) -> Node | None:
        """The node of a name: states and parameters as they are kept, ``[S]``/others as the formulas see them."""
        slot = self.slot(name)
        if slot is not None:
            return self.graph.state(slot.index) if slot.kind == "state" else self.graph.param(slot.index)
        return self.symbols.get(name)
