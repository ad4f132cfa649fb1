"""SBML events: when they happen, in which order, and what they change.

The stepper stops a patient in the step in which a trigger became true; here the moment is found on the step's dense
output, the assignments are carried out, and the patient is handed back.  Semantics: SBML Level 3 Version 2 Core,
section 4.11 (persistence, delay, priority, values from trigger time).  Of simultaneous events without priority, or
with the same, the one written first in the model goes first; the standard leaves that order open.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from . import batch as b
from . import rodas
from .batch import Batch, Settings
from .evaluate import Evaluation
from .graph import Node
from .system import System

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BISECTIONS = 60
# Events caused by events at one instant, before it is called endless.
CASCADE_LIMIT = 1000
# Output times this close (relative) after the moment of an event are taken as at the event.
SAME_TIME = 1e-13


@dataclass
class _Pending:
    time: float
    event: int
    values: list[float] | None


@dataclass
class EventDesk:
    """The events of one chunk of patients: their queues and what the desk last saw of their triggers."""

    system: System
    seen: dict[int, int] = field(default_factory=dict)
    queue: dict[int, list[_Pending]] = field(default_factory=dict)
    _ready: dict[Node, Evaluation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._triggers = Evaluation(self.system.graph, [e.trigger for e in self.system.events])
        before = sum(1 << k for k, e in enumerate(self.system.events) if e.initially_true)
        self._before = before

    def _bits(self, y: Floats, p: Floats, t: Floats) -> Ints:
        truth = self._triggers(y, p, t) != 0
        weight = np.left_shift(np.int64(1), np.arange(truth.shape[1], dtype=np.int64))
        bits: Ints = (truth * weight).sum(axis=1, dtype=np.int64)
        return bits

    def open(self, state: Batch) -> None:
        """Events that happen at the start."""
        for i in np.flatnonzero(state.status == b.RUNNING):
            self.seen[int(i)], self.queue[int(i)] = self._before, []
            state.trigger[i] = self._before
            self._cascade(state, int(i))

    def settle(self, state: Batch, ids: Ints, settings: Settings) -> None:
        """Handle the patients parked with status EVENT or LIMIT and set them running again."""
        parked = ids[state.status[ids] == b.EVENT]
        if len(parked):
            self._move_to_event(state, parked, settings)
        for i in ids[(state.status[ids] == b.EVENT) | (state.status[ids] == b.LIMIT)]:
            state.status[i] = b.RUNNING
            # A trigger that fell and rose between two looks of the desk shows in the stepper's record.
            self._drop_fallen(int(i), self.seen[i] & ~int(state.trigger[i]))
            self.seen[i] = int(state.trigger[i])
            self._cascade(state, int(i))

    def _move_to_event(self, state: Batch, ids: Ints, settings: Settings) -> None:
        """To the first moment in the step at which a trigger not true before is true."""
        before, p = state.trigger[ids], state.p[ids]
        y0, y1, k = state.park_y[ids, 0], state.park_y[ids, 1], state.park_y[ids, 2:]
        t, h = state.park_t[ids], state.park_h[ids]
        low, high = np.zeros(len(ids)), np.ones(len(ids))
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            value = rodas.interpolate(middle, y0, y1, k)
            risen = (self._bits(value, p, t + middle * h) & ~before) != 0
            low, high = np.where(risen, low, middle), np.where(risen, middle, high)
        moment = np.where(high == 1.0, t + h, t + high * h)
        value = np.where((high == 1.0)[:, None], y1, rodas.interpolate(high, y0, y1, k))
        for row, i in enumerate(ids):
            while state.next_time[i] < len(settings.times):
                due = settings.times[state.next_time[i]]
                if due >= moment[row] - SAME_TIME * abs(moment[row]):
                    break
                there = rodas.interpolate(np.array([(due - t[row]) / h[row]]), y0[[row]], y1[[row]], k[[row]])[0]
                state.record[i, state.next_time[i]] = np.concatenate(
                    [there[settings.record_states], state.p[i, settings.record_parameters]]
                )
                state.next_time[i] += 1
            state.t[i], state.y[i] = moment[row], value[row]

    def _cascade(self, state: Batch, i: int) -> None:
        """All that happens at this instant, one event after the other."""
        events, queue, t = self.system.events, self.queue[i], float(state.t[i])
        changed = False
        for _ in range(CASCADE_LIMIT):
            now = int(self._bits(state.y[[i]], state.p[[i]], np.array([t]))[0])
            risen, fallen = now & ~self.seen[i], self.seen[i] & ~now
            self.seen[i] = now
            self._drop_fallen(i, fallen)
            for k, event in enumerate(events):
                if risen >> k & 1:
                    delay = 0.0 if event.delay is None else self._value(event.delay, state, i)
                    values = self._values(k, state, i) if event.values_at_trigger else None
                    queue.append(_Pending(t + delay, k, values))
            due = [entry for entry in queue if entry.time <= t]
            if not due:
                break
            chosen = min(due, key=lambda entry: (-self._priority(entry.event, state, i), due.index(entry)))
            queue.remove(chosen)
            values = chosen.values if chosen.values is not None else self._values(chosen.event, state, i)
            self._carry_out(chosen.event, values, state, i)
            changed = True
        else:
            state.status[i] = b.EVENT_LOOP
        state.trigger[i] = self.seen[i]
        state.limit[i] = min((entry.time for entry in queue), default=np.inf)
        if changed:
            state.restart[i] = 1

    def _drop_fallen(self, i: int, fallen: int) -> None:
        if fallen:
            self.queue[i][:] = [
                e for e in self.queue[i] if self.system.events[e.event].persistent or not fallen >> e.event & 1
            ]

    def _priority(self, event: int, state: Batch, i: int) -> float:
        node = self.system.events[event].priority
        return -np.inf if node is None else self._value(node, state, i)

    def _value(self, node: Node, state: Batch, i: int) -> float:
        if node not in self._ready:
            self._ready[node] = Evaluation(self.system.graph, [node])
        return float(self._ready[node](state.y[[i]], state.p[[i]], state.t[[i]])[0, 0])

    def _values(self, event: int, state: Batch, i: int) -> list[float]:
        return [self._value(a.node, state, i) for a in self.system.events[event].assignments]

    def _carry_out(self, event: int, values: list[float], state: Batch, i: int) -> None:
        """Parameters and plain states first: an amount is the assigned concentration times the volume afterwards."""
        assignments = self.system.events[event].assignments
        for scaled in (False, True):
            for assignment, value in zip(assignments, values, strict=True):
                if (assignment.scale is not None) != scaled:
                    continue
                if assignment.scale is not None:
                    value *= self._value(assignment.scale, state, i)
                kept = state.y if assignment.slot.kind == "state" else state.p
                kept[i, assignment.slot.index] = value
