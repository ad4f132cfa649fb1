"""SBML events: when they happen, in which order, and what they change.

The stepper stops a patient in the step in which a comparison in a trigger changed; here the moment is found on the
step's dense output, the assignments are carried out, and the patient is handed back.  A trigger that only asks whether
a fixed time has come is not compared: the patient's limit is set to that time, however many there are.

Of simultaneous events of equal priority one is drawn, as the standard asks; the draw depends on the moment alone, so
that a run repeats itself.
Semantics: SBML Level 3 Version 2 Core, section 4.11 (persistence, delay, priority, values from trigger time).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import batch as b
from . import rodas
from .batch import Batch, Settings
from .evaluate import Evaluation, truth_bits
from .graph import Node
from .system import System

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Each round looks at this many parts of the bracket; all rounds together narrow it to 2^-56 of the step.
SECTIONS = 16
SECTION_ROUNDS = 14
LAST_FRACTION = 1.0 - 2.0**-46
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
    """The events of one chunk of patients: their queues and what the desk last saw of their triggers.

    seen     by patient: bits of the triggers that are asked, in their order
    reached  by patient: how many of the scheduled moments have come
    """

    system: System
    seen: dict[int, int] = field(default_factory=dict)
    reached: dict[int, int] = field(default_factory=dict)
    queue: dict[int, list[_Pending]] = field(default_factory=dict)
    _ready: dict[Node, Evaluation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        graph = self.system.graph
        self._asked = self.system.asked()
        self._triggers = Evaluation(graph, [self.system.events[number].trigger for number in self._asked])
        plan = sorted((moment, number) for number, moment in self.system.scheduled().items())
        self._moments, self._planned = [moment for moment, _ in plan], [number for _, number in plan]
        self._watched = Evaluation(graph, self.system.watched())

    def open(self, state: Batch) -> None:
        """Events that happen at the start."""
        before = sum(1 << k for k, number in enumerate(self._asked) if self.system.events[number].initially_true)
        for i in np.flatnonzero(state.status == b.RUNNING):
            self.seen[int(i)], self.reached[int(i)], self.queue[int(i)] = before, 0, []
            come = self._come(int(i), float(state.t[i]))
            # A trigger that held before the start does not rise at it.
            self._cascade(state, int(i), [n for n in come if not self.system.events[n].initially_true])

    def settle(self, state: Batch, ids: Ints, settings: Settings) -> None:
        """Handle the patients parked with status EVENT or LIMIT and set them running again."""
        parked = ids[state.status[ids] == b.EVENT]
        if len(parked):
            self._move_to_event(state, parked, settings)
        for i in ids[(state.status[ids] == b.EVENT) | (state.status[ids] == b.LIMIT)]:
            state.status[i] = b.RUNNING
            self._cascade(state, int(i), self._come(int(i), float(state.t[i])))

    def _move_to_event(self, state: Batch, ids: Ints, settings: Settings) -> None:
        """To the first moment in the step at which a watched condition has changed."""
        before, p = state.trigger[ids], state.p[ids]
        y0, y1, k = state.park_y[ids, 0], state.park_y[ids, 1], state.park_y[ids, 2:]
        t, h = state.park_t[ids], state.park_h[ids]
        high = self._first_change((y0, y1, k), p, t, h, before)
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

    def _first_change(
        self, step: tuple[Floats, Floats, Floats], p: Floats, t: Floats, h: Floats, before: Ints
    ) -> Floats:
        """The fraction of each step just after which a watched condition first differs from ``before``."""
        y0, y1, k = step
        n = len(t)

        def changed(at: Floats) -> NDArray[np.bool_]:
            """At fractions (n, m) of the steps."""
            m = at.shape[1]
            rows: list[NDArray[Any]] = [np.repeat(x, m, axis=0) for x in (y0, y1, k, p, t, h, before)]
            value = rodas.interpolate(at.ravel(), rows[0], rows[1], rows[2])
            when = np.asarray(rows[4] + at.ravel() * rows[5], dtype=np.float64)
            bits = truth_bits(self._watched, value, rows[3], when)
            return np.asarray((bits != rows[6]).reshape(n, m))

        low, high = np.zeros(n), np.ones(n)
        inner = np.arange(1, SECTIONS) / SECTIONS
        # Most events stand at a stop, the very end of a step.
        open_rows = changed(np.full((n, 1), LAST_FRACTION))[:, 0]
        for _ in range(SECTION_ROUNDS if open_rows.any() else 0):
            at = low[:, None] + (high - low)[:, None] * inner
            hit = changed(at)
            first = np.where(hit.any(axis=1), hit.argmax(axis=1), SECTIONS - 1)
            edges = np.concatenate([low[:, None], at, high[:, None]], axis=1)
            low, high = edges[np.arange(n), first], edges[np.arange(n), first + 1]
        return np.where(open_rows, high, 1.0)

    def _come(self, i: int, t: float) -> list[int]:
        """Scheduled events whose moment has come since the last call."""
        first, last = self.reached[i], bisect_right(self._moments, t)
        self.reached[i] = last
        return self._planned[first:last]

    def _cascade(self, state: Batch, i: int, come: Sequence[int] = ()) -> None:
        """All that happens at this instant, one event after the other; ``come`` are the scheduled ones among them."""
        events, queue, t = self.system.events, self.queue[i], float(state.t[i])
        changed = False
        for _ in range(CASCADE_LIMIT):
            now = int(truth_bits(self._triggers, state.y[[i]], state.p[[i]], t)[0])
            risen, fallen = now & ~self.seen[i], self.seen[i] & ~now
            self.seen[i] = now
            self._drop_fallen(i, fallen)
            for k in sorted([*come, *(number for bit, number in enumerate(self._asked) if risen >> bit & 1)]):
                after = events[k].delay
                delay = 0.0 if after is None else self._value(after, state, i)
                values = self._values(k, state, i) if events[k].values_at_trigger else None
                queue.append(_Pending(t + delay, k, values))
            come = ()
            due = [entry for entry in queue if entry.time <= t]
            if not due:
                break
            chosen = self._choose(due, state, i)
            queue.remove(chosen)
            values = chosen.values if chosen.values is not None else self._values(chosen.event, state, i)
            self._carry_out(chosen.event, values, state, i)
            changed = True
        else:
            state.status[i] = b.EVENT_LOOP
        state.trigger[i] = truth_bits(self._watched, state.y[[i]], state.p[[i]], t)[0]
        ahead = self._moments[self.reached[i] :][:1]
        state.limit[i] = min([*ahead, *(entry.time for entry in queue)], default=np.inf)
        if changed:
            state.restart[i] = 1

    def _drop_fallen(self, i: int, fallen: int) -> None:
        if fallen:
            gone = {number for bit, number in enumerate(self._asked) if fallen >> bit & 1}
            self.queue[i][:] = [
                e for e in self.queue[i] if self.system.events[e.event].persistent or e.event not in gone
            ]

    def _choose(self, due: list[_Pending], state: Batch, i: int) -> _Pending:
        """The one of highest priority; among equals a draw that depends on the moment and the queue only."""
        if len(due) == 1:
            return due[0]
        ranks = [self._priority(entry.event, state, i) for entry in due]
        first = [entry for entry, rank in zip(due, ranks, strict=True) if rank == max(ranks)]
        moment = int(state.t[i : i + 1].view(np.uint64)[0])
        draw = np.random.default_rng([moment, len(due), sum(entry.event for entry in due)])
        return first[int(draw.integers(len(first)))]

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
        """Plain effects first, then those that need the volumes afterwards."""
        assignments = self.system.events[event].assignments
        values = [
            self._value(a.node, state, i) if a.late else value for a, value in zip(assignments, values, strict=True)
        ]
        values = [
            value if a.before is None else value * self._value(a.before, state, i)
            for a, value in zip(assignments, values, strict=True)
        ]
        for last in (False, True):
            for assignment, value in zip(assignments, values, strict=True):
                if (assignment.after is not None) != last:
                    continue
                if assignment.after is not None:
                    value *= self._value(assignment.after, state, i)
                kept = state.y if assignment.slot.kind == "state" else state.p
                kept[i, assignment.slot.index] = value
