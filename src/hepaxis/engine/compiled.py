"""The compiled stepper: the same contract as the reference, on machine code."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .batch import Batch, Settings
from .codegen.build import FULL, QUICK, Code, compile_system, natural_lanes
from .codegen.table import ARGUMENTS, NUMBERS
from .system import System

Ints = NDArray[np.int64]

ALIGNMENT = 64  # bytes; the widest vector
# Batches below this do not pay the wait for optimised code.  The results are the same bits either way.
SMALL_BATCH = 16


class CompiledStepper:
    """Code of one system, compiled when first needed.  ``lanes`` and ``level`` are chosen by machine and batch."""

    def __init__(self, system: System, lanes: int | None = None, level: str | None = None):
        self.system = system
        self.lanes = natural_lanes() if lanes is None else lanes
        self._level = level
        self._code: dict[str, Code] = {}
        self._lock = threading.Lock()

    def code(self, patients: int) -> Code:
        """Optimised code if it is at hand or the batch is worth it, else quick code."""
        with self._lock:
            if self._level is None and FULL in self._code:
                return self._code[FULL]
            level = self._level or (FULL if patients >= SMALL_BATCH else QUICK)
            if level == QUICK and self._level is None:
                ready = compile_system(self.system, self.lanes, FULL, only_cached=True)
                if ready is not None:
                    return self._code.setdefault(FULL, ready)
            if level not in self._code:
                made = compile_system(self.system, self.lanes, level)
                assert made is not None
                self._code[level] = made
            return self._code[level]

    def advance(self, state: Batch, ids: Ints, settings: Settings, stop: Ints) -> None:
        """Advance the patients ``ids`` until each has a status other than RUNNING, or ``stop[0]`` is not zero."""
        code = self.code(len(state.t))
        frozen = set(settings.frozen.tolist())
        slots = [k for k, (row, _) in enumerate(code.entries) if row in frozen]
        programs = settings.programs
        arrays: dict[str, Any] = {
            **{name: getattr(state, name) for name in _STATE},
            **{name: getattr(programs, name) for name in _PROGRAMS},
            "ids": np.ascontiguousarray(ids, dtype=np.int64),
            "times": settings.times,
            "record_states": settings.record_states,
            "record_parameters": settings.record_parameters,
            "frozen": settings.frozen,
            "frozen_entries": np.array(slots, dtype=np.int64),
            "cancel": stop,
            "workspace": _aligned(code.layout.size * code.lanes),
            "atol": settings.atol,
        }
        numbers: dict[str, float] = {
            "n_ids": len(arrays["ids"]),
            "n_times": len(settings.times),
            "n_record_states": len(settings.record_states),
            "n_record_parameters": len(settings.record_parameters),
            "n_frozen": len(settings.frozen),
            "n_frozen_entries": len(slots),
            "max_steps": settings.max_steps,
            "end": settings.end,
            "rtol": settings.rtol,
        }
        table = np.zeros(len(ARGUMENTS), dtype=np.int64)
        for k, name in enumerate(ARGUMENTS):
            if name in arrays:
                array = arrays[name]
                if not array.flags.c_contiguous or array.dtype.itemsize != 8:
                    raise TypeError(f"'{name}' is not a plain array of 8-byte values")
                table[k] = array.ctypes.data
            elif name in NUMBERS:
                table[k : k + 1].view(np.float64)[0] = numbers[name]
            else:
                table[k] = numbers.get(name, 0)
        code.run(table.ctypes.data)


_STATE = (
    "t",
    "h",
    "y",
    "p",
    "record",
    "next_time",
    "next_stop",
    "status",
    "steps",
    "rejections",
    "limit",
    "restart",
    "trigger",
    "park_t",
    "park_h",
    "park_y",
)
_PROGRAMS = ("program", "stop_ptr", "stop_time", "action_ptr", "kind", "index", "amount")


def _aligned(count: int) -> NDArray[np.float64]:
    room = np.zeros(count + ALIGNMENT // 8)
    skip = (-room.ctypes.data % ALIGNMENT) // 8
    return room[skip : skip + count]
