"""A dosing protocol: one row an action, checked whole, then laid out as one stop list a patient.

Columns: ``time`` (model time, usually days), ``target`` (a state or a constant parameter), ``action`` ("add" to a
state, "set" a state or parameter, "multiply" a state), ``amount``, and optionally ``patient`` (row of the batch;
missing or NaN = every patient).  Actions at one time are carried out in the order of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .faults import Fault, ProtocolError, nearest
from .system import System

COLUMNS = ("time", "target", "action", "amount")
ADD, SET_STATE, MULTIPLY, SET_PARAMETER = range(4)
MOST_SAID = 1000  # rows whose faults are named one by one

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Programs:
    """Stop lists, shared by patients with the same rows.

    program      (n_patients,) which list a patient follows
    stop_ptr     (n_programs + 1,) its stops
    stop_time    (n_stops,) strictly rising within a list
    action_ptr   (n_stops + 1,) a stop's actions; a stop may have none (a jump of the right-hand side)
    kind, index, amount  (n_actions,)
    """

    program: Ints
    stop_ptr: Ints
    stop_time: Floats
    action_ptr: Ints
    kind: Ints
    index: Ints
    amount: Floats

    @property
    def set_parameters(self) -> set[int]:
        return {int(i) for i in self.index[self.kind == SET_PARAMETER]}


def check_protocol(protocol: pd.DataFrame | None, system: System, patients: int, start: float) -> pd.DataFrame:
    """The protocol as a clean table (kind, index, time, amount, patient).  Raises ProtocolError with every fault."""
    if protocol is None or len(protocol) == 0:
        return pd.DataFrame({"time": [], "kind": [], "index": [], "amount": [], "patient": []})
    missing = [c for c in COLUMNS if c not in protocol.columns]
    if missing:
        raise ProtocolError(
            [Fault(f"column '{c}' is missing", "protocol", f"needed are {', '.join(COLUMNS)}") for c in missing]
        )
    faults: list[Fault] = []
    time = pd.to_numeric(protocol["time"], errors="coerce").to_numpy(float)
    amount = pd.to_numeric(protocol["amount"], errors="coerce").to_numpy(float)
    if "patient" in protocol.columns:
        given = protocol["patient"]
        lane = pd.to_numeric(given, errors="coerce").to_numpy(float)
        unreadable = given.notna().to_numpy() & np.isnan(lane)
    else:
        lane, unreadable = np.full(len(protocol), np.nan), np.zeros(len(protocol), bool)
    stray = unreadable | (np.isfinite(lane) & ~((lane >= 0) & (lane < patients) & (lane == np.floor(lane))))
    pairs, pair = _distinct(protocol)
    found: list[list[Fault]] = []
    acts = np.zeros((len(pairs), 2), np.int64)
    for k, (action, target) in enumerate(pairs):
        faulty: list[Fault] = []
        acts[k] = _action(action, target, system, "", faulty)
        found.append(faulty)
    no_time, early, no_amount = ~np.isfinite(time), time < start, ~np.isfinite(amount)
    wrong = np.array([bool(faulty) for faulty in found])[pair]
    bad = np.flatnonzero(no_time | early | no_amount | stray | wrong)
    for row in bad[:MOST_SAID]:
        where = f"protocol row {row + 1}"
        if no_time[row]:
            faults.append(Fault(f"time {protocol['time'].iloc[row]!r} is not a number", where))
        elif early[row]:
            faults.append(Fault(f"time {time[row]:g} lies before the start {start:g}", where))
        if no_amount[row]:
            faults.append(Fault(f"amount {protocol['amount'].iloc[row]!r} is not a number", where))
        if stray[row]:
            faults.append(Fault(f"patient {protocol['patient'].iloc[row]!r} is not in the batch of {patients}", where))
        faults += [replace(fault, where=where) for fault in found[pair[row]]]
    if len(bad) > MOST_SAID:
        faults.append(Fault(f"{len(bad) - MOST_SAID} further rows cannot be carried out", "protocol"))
    if faults:
        raise ProtocolError(faults)
    kinds, indices = acts[pair].T
    return pd.DataFrame({"time": time, "kind": kinds, "index": indices, "amount": amount, "patient": lane})


def _distinct(protocol: pd.DataFrame) -> tuple[list[tuple[object, object]], Ints]:
    """Pairs of action and target, and which of them a row has."""
    places: dict[tuple[object, object], int] = {}
    pair = [
        places.setdefault((action, target), len(places))
        for action, target in zip(protocol["action"].tolist(), protocol["target"].tolist(), strict=True)
    ]
    return list(places), np.array(pair, np.int64)


def _action(action: object, target: object, system: System, where: str, faults: list[Fault]) -> tuple[int, int]:
    slot = system.slot(str(target))
    if slot is None:
        if str(target) in system.symbols:
            faults.append(Fault(f"target '{target}' is computed by a rule", where, "act on a state or a constant"))
        else:
            faults.append(
                Fault(f"unknown target '{target}'", where, nearest(str(target), system.states + system.parameters))
            )
    known = {
        ("add", "state"): ADD,
        ("set", "state"): SET_STATE,
        ("multiply", "state"): MULTIPLY,
        ("set", "param"): SET_PARAMETER,
    }
    if action not in ("add", "set", "multiply"):
        faults.append(Fault(f"unknown action {action!r}", where, "known are add, set, multiply"))
    elif slot is not None:
        if (action, slot.kind) in known:
            return known[str(action), slot.kind], slot.index
        faults.append(Fault(f"'{action}' needs a state, '{target}' is a parameter", where, "use 'set'"))
    return 0, 0


def lay_out(table: pd.DataFrame, patients: int, start: float, jumps: Floats | None = None) -> Programs:
    """Stop lists from a checked table; ``jumps`` (n_patients, k) are further stops without action (NaN = none)."""
    lane = table["patient"].to_numpy(float)
    shared = np.flatnonzero(~np.isfinite(lane))
    time, kind = table["time"].to_numpy(float), table["kind"].to_numpy(np.int64)
    index, amount = table["index"].to_numpy(np.int64), table["amount"].to_numpy(float)
    named = np.flatnonzero(np.isfinite(lane))
    by_patient = named[np.argsort(lane[named], kind="stable")]
    ends = np.searchsorted(lane[by_patient], np.arange(patients + 1))
    program = np.zeros(patients, np.int64)
    stop_ptr, stop_times, action_ends, order = [0], [np.empty(0)], [np.zeros(1, np.int64)], [np.empty(0, np.int64)]
    actions = 0
    seen: dict[tuple[int, bytes], int] = {}
    for patient in range(patients):
        leaps = np.array([]) if jumps is None else np.unique(jumps[patient][jumps[patient] > start])
        own = by_patient[ends[patient] : ends[patient + 1]]
        key = (patient if len(own) else -1, leaps.tobytes())
        if key not in seen:
            seen[key] = len(seen)
            rows = np.sort(np.concatenate([shared, own]))
            rows = rows[np.argsort(time[rows], kind="stable")]
            stops = np.unique(np.concatenate([time[rows], leaps]))
            stop_times.append(stops)
            order.append(rows)
            action_ends.append(actions + np.searchsorted(time[rows], stops, side="right"))
            actions += len(rows)
            stop_ptr.append(stop_ptr[-1] + len(stops))
        program[patient] = seen[key]
    rows = np.concatenate(order)
    return Programs(
        program=program,
        stop_ptr=np.array(stop_ptr, np.int64),
        stop_time=np.concatenate(stop_times),
        action_ptr=np.concatenate(action_ends).astype(np.int64),
        kind=kind[rows],
        index=index[rows],
        amount=amount[rows],
    )
