"""From a call to the stepper and back: rows of a batch, chunks over threads, events, failures, observed values.

Each patient's numbers depend on nothing but its own row: chunks are cut only to share work between threads and to bound
memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from . import batch as b
from .batch import Batch, Settings
from .evaluate import Evaluation
from .events import EventDesk
from .faults import Cancelled, Fault, InputMismatch, nearest
from .graph import Graph, Node
from .system import System

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Values = Mapping[str, object] | pd.DataFrame | None

THREADS_ENVIRONMENT = "HEPAXIS_ENGINE_THREADS"
CHUNK = 256
POLL = 0.05  # seconds between two questions whether to stop


class Stepper(Protocol):
    def advance(self, state: Batch, ids: Ints, settings: Settings, stop: Ints) -> None: ...


def rows_of(given: Values, names: Sequence[str], what: str) -> dict[str, Floats]:
    """Overrides by name, each () or (n,); InputMismatch lists every unknown name and every wrong shape."""
    if given is None:
        return {}
    faults, rows = [], {}
    items = given.items()
    for name, value in items:
        array = np.asarray(value, dtype=float)
        if str(name) not in names:
            faults.append(Fault(f"unknown {what} '{name}'", what + "s", nearest(str(name), names)))
        elif array.ndim > 1:
            faults.append(Fault(f"'{name}' has shape {array.shape}", what + "s", "give one number or one a patient"))
        else:
            rows[str(name)] = array
    if faults:
        raise InputMismatch(faults)
    return rows


def batch_rows(system: System, parameters: Values, initial: Values, patients: int | None) -> tuple[Floats, Floats]:
    """(n, n_states) start values and (n, n_parameters) parameters, initial assignments carried out."""
    over_p = rows_of(parameters, system.parameters, "parameter")
    over_y = rows_of(initial, system.states, "initial state")
    sizes = {a.shape[0] for a in (*over_p.values(), *over_y.values()) if a.ndim == 1}
    sizes |= {len(x) for x in (parameters, initial) if isinstance(x, pd.DataFrame)}
    sizes |= {patients} if patients is not None else set()
    if len(sizes) > 1:
        raise InputMismatch([Fault(f"lengths differ: {sorted(sizes)}", "parameters and initial", "one row a patient")])
    n = sizes.pop() if sizes else 1
    y = np.tile(system.default_states, (n, 1))
    p = np.tile(system.default_parameters, (n, 1))
    for name, value in over_y.items():
        y[:, system.states.index(name)] = value
    for name, value in over_p.items():
        p[:, system.parameters.index(name)] = value
    for start in system.initials:
        kept, given = (y, over_y) if start.slot.kind == "state" else (p, over_p)
        name = (system.states if start.slot.kind == "state" else system.parameters)[start.slot.index]
        if name not in given:
            kept[:, start.slot.index] = Evaluation(system.graph, [start.node])(y, p, 0.0)[:, 0]
    return y, p


def time_jumps(system: System, p: Floats, changing: set[int]) -> Floats | None:
    """(n, k) times at which a comparison of time with parameters changes; NaN where it never does.

    ``changing`` are parameters set on the way: comparisons with these are met by step control or events alone.
    """
    g = system.graph.copy()
    roots = [*system.rhs, *(system.events[number].trigger for number in system.asked())]
    columns = []
    for node in g.reach(roots):
        if g.op[node] not in ("lt", "le", "eq", "ne") or g.leaves([node], "state"):
            continue
        if not g.needs_time([node]) or g.leaves([node], "param") & changing:
            continue
        gap = g.sub(*g.args[node])
        at = Evaluation(g, [gap])
        none = np.zeros((len(p), len(system.states)))
        zero, one, two = (at(none, p, t)[:, 0] for t in (0.0, 1.0, 2.0))
        slope = one - zero
        with np.errstate(all="ignore"):
            moment = np.where(np.isclose(two - one, slope) & (slope != 0), -zero / slope, np.nan)
        columns.append(moment)
    return np.stack(columns, axis=1) if columns else None


@dataclass(frozen=True)
class Observation:
    """Which kept values must be recorded to give the observed names."""

    nodes: tuple[Node, ...]
    states: Ints
    parameters: Ints

    @classmethod
    def of(cls, graph: Graph, nodes: Sequence[Node], changing: set[int]) -> Observation:
        states = np.array(sorted(graph.leaves(nodes, "state")), dtype=np.int64)
        changed = np.array(sorted(graph.leaves(nodes, "param") & changing), dtype=np.int64)
        return cls(tuple(nodes), states, changed)

    def values(self, system: System, record: Floats, p: Floats, times: Floats) -> Floats:
        """(n, n_times, n_observed) from the recorded values (n, n_times, n_recorded)."""
        g, k = system.graph, len(self.states)
        direct = [g.index(node) for node in self.nodes if g.op[node] == "state"]
        if len(direct) == len(self.nodes):
            place = {int(s): i for i, s in enumerate(self.states)}
            return np.ascontiguousarray(record[:, :, [place[s] for s in direct]])
        values = Evaluation(g, self.nodes).along(record, self.states.tolist(), self.parameters.tolist(), p, times)
        # What was never reached is unknown, whatever a formula makes of NaN.
        if k:
            values[np.isnan(record).any(axis=2)] = np.nan
        return values


Failures = list[tuple[int, float, str]]  # patient, time, reason
Outcome = tuple[Failures, Ints, Floats]  # with steps and last states


@dataclass(frozen=True)
class Run:
    """One call, made ready."""

    system: System
    stepper: Stepper
    fallback: Callable[[], Stepper]  # made when first needed
    settings: Settings
    start: float
    observation: Observation
    stop: Ints  # one number; not zero = stop as soon as possible

    def chunk(self, y: Floats, p: Floats, rows: slice, values: Floats) -> Outcome:
        """Integrate some rows and put their observed values in place: (failures, steps, last states)."""
        programs = replace(self.settings.programs, program=self.settings.programs.program[rows])
        settings = replace(self.settings, programs=programs)
        own_y, own_p = y[rows].copy(), p[rows].copy()
        state = Batch.start(self.start, own_y, own_p, settings, events=bool(self.system.events))
        ids = np.arange(len(own_y))
        desk = EventDesk(self.system) if self.system.events else None
        if desk is not None:
            desk.open(state)
        for pivoting in (False, True):
            stepper = self.fallback() if pivoting else self.stepper
            while True:
                running = ids[state.status == b.RUNNING]
                if len(running):
                    stepper.advance(state, running, settings, self.stop)
                if self.stop[0]:
                    raise Cancelled("the caller asked to stop")
                if desk is None or not np.isin(state.status, (b.EVENT, b.LIMIT)).any():
                    break
                desk.settle(state, ids, settings)
            # The pivoting stepper takes over only where the pivot-free factorisation was not trusted.
            lost = state.status == b.PIVOT
            state.status[lost & self._undefined(state, lost)] = b.REJECTED
            lost = state.status == b.PIVOT
            if not lost.any():
                break
            state.status[lost], state.rejections[lost] = b.RUNNING, 0
        failed = np.flatnonzero(np.isin(state.status, b.FAILED))
        first = rows.start or 0
        failures = [
            (int(i) + first, float(state.t[i]), self._reason(int(state.status[i]), own_y[i], own_p[i])) for i in failed
        ]
        own = values[rows]
        own[...] = self.observation.values(self.system, state.record, p[rows], settings.times)
        for i in failed:
            own[i, state.next_time[i] :] = np.nan
        return failures, state.steps, state.y

    def _undefined(self, state: Batch, which: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """(n,) patients of ``which`` whose rates are not finite where they stand: no factorisation helps them."""
        found = np.zeros(len(which), bool)
        if which.any():
            rates = Evaluation(self.system.graph, self.system.rhs)
            now = np.nextafter(state.t[which], np.inf)
            slopes = np.delete(rates(state.y[which], state.p[which], now), self.settings.frozen, axis=1)
            found[which] = ~np.isfinite(slopes).all(axis=1)
        return found

    def _reason(self, status: int, y: Floats, p: Floats) -> str:
        reason = b.REASONS[status].format(max_steps=self.settings.max_steps)
        names = [*self.system.states, *self.system.parameters]
        bad = [names[i] for i in np.flatnonzero(~np.isfinite(np.concatenate([y, p])))]
        return f"{reason}; not finite: {', '.join(bad[:5])}" if bad else reason


def run_chunks(
    run: Run,
    y: Floats,
    p: Floats,
    *,
    threads: int | None,
    progress: Callable[[int, int], None] | None,
    cancel: Callable[[], bool] | None = None,
    chunk: int | None = None,
) -> tuple[Floats, Failures, Ints, Floats]:
    """All rows, chunks shared between threads: (observed values, failures, steps, last states).

    ``progress(done, total)`` and ``cancel()`` are called from the calling thread.
    """
    n = len(y)
    values = np.empty((n, len(run.settings.times), len(run.observation.nodes)))
    workers = max(1, threads if threads is not None else available_cores())
    # Equal parts, as many for each thread: none ends with a small rest while the other waits.
    rounds = max(1, -(-n // ((CHUNK if chunk is None else chunk) * workers)))
    size = max(1, -(-n // (rounds * workers)))
    parts = [slice(first, min(first + size, n)) for first in range(0, n, size)]
    results: dict[int, Outcome] = {}
    done = 0
    if cancel is None and (workers == 1 or len(parts) == 1):
        for k, rows in enumerate(parts):
            results[k] = run.chunk(y, p, rows, values)
            done += rows.stop - rows.start
            if progress is not None:
                progress(done, n)
    else:
        with ThreadPoolExecutor(workers) as pool:
            waiting: set[Future[Outcome]] = set()
            part_of = {pool.submit(run.chunk, y, p, rows, values): k for k, rows in enumerate(parts)}
            waiting |= part_of.keys()
            try:
                while waiting:
                    ready, waiting = wait(waiting, POLL if cancel is not None else None, FIRST_COMPLETED)
                    if cancel is not None and cancel():
                        raise Cancelled("the caller asked to stop")
                    for future in ready:
                        k = part_of[future]
                        results[k] = future.result()
                        done += parts[k].stop - parts[k].start
                        if progress is not None:
                            progress(done, n)
            except BaseException:
                run.stop[0] = 1
                pool.shutdown(wait=True, cancel_futures=True)
                raise
    ordered = [results[k] for k in range(len(parts))]
    failures = [failure for r in ordered for failure in r[0]]
    return values, failures, np.concatenate([r[1] for r in ordered]), np.concatenate([r[2] for r in ordered])


def available_cores() -> int:
    """Cores this process may use, at most ``THREADS_ENVIRONMENT`` says (for processes that share a machine)."""
    cores = _cores()
    asked = os.environ.get(THREADS_ENVIRONMENT, "")
    return min(cores, max(1, int(asked))) if asked.isdigit() else cores


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
