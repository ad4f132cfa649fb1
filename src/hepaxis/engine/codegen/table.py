"""The argument table and the workspace of the stepper: where every function finds what it reads and writes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import rodas
from .irtext import Fn, Value
from .kernels import Kernels

STAGES = rodas.STAGES
ARGUMENTS = (
    "ids",
    "n_ids",
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
    "times",
    "n_times",
    "record_states",
    "n_record_states",
    "record_parameters",
    "n_record_parameters",
    "program",
    "stop_ptr",
    "stop_time",
    "action_ptr",
    "kind",
    "index",
    "amount",
    "frozen",
    "n_frozen",
    "frozen_entries",
    "n_frozen_entries",
    "cancel",
    "max_steps",
    "workspace",
    "atol",
    "end",
    "rtol",
    # changed by the stepper itself
    "next",
    "active",
    "stale",
)
NUMBERS = frozenset({"end", "rtol"})


@dataclass(frozen=True)
class Layout:
    """Offsets of the workspace's arrays, in vectors of one double a lane."""

    offsets: dict[str, int]
    size: int

    @classmethod
    def of(cls, k: Kernels) -> Layout:
        n = len(k.system.states)
        sizes = {
            "lane_t": 1, "lane_h": 1, "lane_taken": 1, "lane_left": 1, "lane_stop": 1, "lane_out": 1, "lane_end": 1,
            "lane_id": 1, "lane_steps": 1, "lane_rejections": 1, "lane_restart": 1, "lane_trigger": 1,
            "lane_verdict": 1, "lane_risen": 1,
            "y": n, "yt": n, "held": n, "ft": n, "u": STAGES * n,
            "p": len(k.system.parameters), "q": len(k.hoisted), "j": len(k.linear.entries), "a": k.linear.fill,
        }  # fmt: skip
        starts = np.cumsum([0, *sizes.values()])
        return cls(dict(zip(sizes, starts.tolist(), strict=False)), int(starts[-1]))


# What the vector part of the loop found about a lane, handed to the lane-by-lane part.
CALM, ACCEPTED, REJECTED, STUCK = 0, 1, 2, 3


class Table:
    """Reads the argument table and the workspace inside one function."""

    def __init__(self, f: Fn, args: Value, layout: Layout):
        self.f, self.args, self.layout = f, args, layout
        # In the entry block, so that it holds in all others.
        self._workspace = f.load(args, ARGUMENTS.index("workspace"), "p")

    def get(self, name: str) -> Value:
        slot = ARGUMENTS.index(name)
        if name in NUMBERS:
            return self.f.load(self.args, slot, "f")
        return self.f.load(self.args, slot, "i")

    def put(self, name: str, value: Value | int) -> None:
        self.f.store(self.f.coerce("i", value), self.args, ARGUMENTS.index(name), "i")

    def pointer(self, name: str) -> Value:
        return self.f.load(self.args, ARGUMENTS.index(name), "p")

    def space(self, name: str) -> Value:
        return self.f.at(self._workspace, self.layout.offsets[name], "F")

    def lane(self, name: str, lane: Value, kind: str) -> Value:
        return self.f.load(self.space("lane_" + name), lane, kind)

    def set_lane(self, name: str, lane: Value, value: Value | float | int, kind: str) -> None:
        self.f.store(value, self.space("lane_" + name), lane, kind)


def begin(k: Kernels, layout: Layout, name: str, rest: list[tuple[str, str]], result: str = "v") -> tuple[Fn, Table]:
    f = Fn(name, [("args", "p"), *rest], k.lanes, result=result, inline="noinline")
    return f, Table(f, f.arguments[0], layout)


def flat(f: Fn, row: Value, width: Value | int, column: Value | int = 0) -> Value:
    return row * f.coerce("i", width) + f.coerce("i", column)
