"""The stepper as IR: the same contract and control as reference.py, one patient a lane.

Each lane has its own time, step, stops and queue position; a finished lane is refilled at once.  Nothing a lane computes
depends on its neighbours.  ``run(args)`` takes a table of pointers and numbers (ARGUMENTS); the workspace is laid out
by :class:`Layout`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import batch as b
from .. import rodas
from ..protocol import ADD, SET_PARAMETER, SET_STATE
from .irtext import Fn, Value
from .kernels import SHARED_DIVISION, Kernels, invert_together

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
STAGES = rodas.STAGES
# Stages from here on add the previous U to the previous stage value.
CHAINED = 6


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


class _Table:
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


def build_stepper(k: Kernels) -> tuple[str, Layout]:
    layout = Layout.of(k)
    makers = (_record, _finish, _arrive, _write_back, _fill, _first_step, _stages, _park, _serve, _run)
    return "".join(make(k, layout) for make in makers), layout


def _start(k: Kernels, layout: Layout, name: str, rest: list[tuple[str, str]], result: str = "v") -> tuple[Fn, _Table]:
    f = Fn(name, [("args", "p"), *rest], k.lanes, result=result, inline="noinline")
    return f, _Table(f, f.arguments[0], layout)


def _flat(f: Fn, row: Value, width: Value | int, column: Value | int = 0) -> Value:
    return row * f.coerce("i", width) + f.coerce("i", column)


def _dense(f: Fn, u: Value, n: int, state: Value, lane: Value) -> list[Value]:
    """k2, k3, k4 of one state of one lane."""
    sums = [f.const("f", 0.0)] * 3
    for stage in range(STAGES):
        value = f.load(f.at(u, state + stage * n, "F"), lane, "f")
        sums = [f.fma(value, f.const("f", rodas.DENSE[r, stage]), total) for r, total in enumerate(sums)]
    return sums


def _record(k: Kernels, layout: Layout) -> str:
    """Values at the output times in [t, end of the step)."""
    f, table = _start(k, layout, "record", [("lane", "i")])
    lane, n = f.arguments[1], len(k.system.states)
    patient, t, taken = table.lane("id", lane, "i"), table.lane("t", lane, "f"), table.lane("taken", lane, "f")
    after, times, count = table.lane("end", lane, "f"), table.pointer("times"), table.get("n_times")
    y, yt, u, p = (table.space(x) for x in ("y", "yt", "u", "p"))
    n_states, n_parameters = table.get("n_record_states"), table.get("n_record_parameters")
    with f.loop() as loop:
        loop.leave_if(table.lane("out", lane, "f") >= after)
        at = f.load(table.pointer("next_time"), patient, "i")
        s = (table.lane("out", lane, "f") - t) / taken
        rest = f.const("f", 1.0) - s
        row = _flat(f, _flat(f, patient, count, at), n_states + n_parameters)
        record = f.at(table.pointer("record"), row, "f")
        with f.each(n_states) as c:
            state = f.load(table.pointer("record_states"), c, "i")
            y0, y1 = f.load(f.at(y, state, "F"), lane, "f"), f.load(f.at(yt, state, "F"), lane, "f")
            k2, k3, k4 = _dense(f, u, n, state, lane)
            inner = f.fma(rest, f.fma(s, f.fma(s, k4, k3), k2), y1)
            f.store(f.fma(rest, y0, s * inner), record, c, "f")
        with f.each(n_parameters) as c:
            place = f.load(table.pointer("record_parameters"), c, "i")
            f.store(f.load(f.at(p, place, "F"), lane, "f"), record, n_states + c, "f")
        f.store(at + 1, table.pointer("next_time"), patient, "i")
        _next_output(f, table, lane, at + 1, times, count)
    f.ret()
    return f.text()


def _next_output(f: Fn, table: _Table, lane: Value, at: Value, times: Value, count: Value) -> None:
    left = at < count
    value = f.load(times, f.select(left, at, f.i(0)), "f")
    table.set_lane("out", lane, f.select(left, value, float("inf")), "f")


def _finish(k: Kernels, layout: Layout) -> str:
    """The end is reached: the remaining output times take the values as they stand."""
    f, table = _start(k, layout, "finish", [("lane", "i")])
    lane = f.arguments[1]
    patient, count = table.lane("id", lane, "i"), table.get("n_times")
    n_states, n_parameters = table.get("n_record_states"), table.get("n_record_parameters")
    with f.each(count, f.load(table.pointer("next_time"), patient, "i")) as at:
        record = f.at(table.pointer("record"), _flat(f, _flat(f, patient, count, at), n_states + n_parameters), "f")
        with f.each(n_states) as c:
            state = f.load(table.pointer("record_states"), c, "i")
            f.store(f.load(f.at(table.space("y"), state, "F"), lane, "f"), record, c, "f")
        with f.each(n_parameters) as c:
            place = f.load(table.pointer("record_parameters"), c, "i")
            f.store(f.load(f.at(table.space("p"), place, "F"), lane, "f"), record, n_states + c, "f")
    f.store(count, table.pointer("next_time"), patient, "i")
    f.ret()
    return f.text()


def _arrive(k: Kernels, layout: Layout) -> str:
    """Actions due now, then the next stop; the status is RUNNING unless the end or the limit is reached."""
    f, table = _start(k, layout, "arrive", [("lane", "i")], result="i")
    lane = f.arguments[1]
    patient, t = table.lane("id", lane, "i"), table.lane("t", lane, "f")
    program = f.load(table.pointer("program"), patient, "i")
    last = f.load(table.pointer("stop_ptr"), program + 1, "i")
    stop = f.var(f.load(table.pointer("next_stop"), patient, "i"))
    with f.loop() as loop:
        loop.leave_if(stop.get() >= last)
        loop.leave_if(f.load(table.pointer("stop_time"), stop.get(), "f") > t)
        first = f.load(table.pointer("action_ptr"), stop.get(), "i")
        with f.each(f.load(table.pointer("action_ptr"), stop.get() + 1, "i"), first) as action:
            _act(f, table, k, lane, patient, action)
        table.set_lane("restart", lane, 1, "i")
        stop.set(stop.get() + 1)
    f.store(stop.get(), table.pointer("next_stop"), patient, "i")
    end, limit = table.get("end"), f.load(table.pointer("limit"), patient, "f")
    ahead = f.var(f.least(end, limit))
    with f.when(stop.get() < last):
        ahead.set(f.least(ahead.get(), f.load(table.pointer("stop_time"), stop.get(), "f")))
    table.set_lane("stop", lane, ahead.get(), "f")
    at = f.load(table.pointer("next_time"), patient, "i")
    _next_output(f, table, lane, at, table.pointer("times"), table.get("n_times"))
    status = f.var(f.i(b.RUNNING))
    with f.when(t >= limit):
        status.set(b.LIMIT)
    with f.when(t >= end):
        f.call("finish", "v", f.arguments[0], lane)
        status.set(b.DONE)
    f.ret(status.get())
    return f.text()


def _act(f: Fn, table: _Table, k: Kernels, lane: Value, patient: Value, action: Value) -> None:  # noqa: PLR0913
    kind = f.load(table.pointer("kind"), action, "i")
    place, amount = f.load(table.pointer("index"), action, "i"), f.load(table.pointer("amount"), action, "f")
    with f.when(kind.equals(SET_PARAMETER)):
        f.store(amount, f.at(table.space("p"), place, "F"), lane, "f")
        f.store(amount, table.pointer("p"), _flat(f, patient, len(k.system.parameters), place), "f")
        table.put("stale", 1)
    with f.when(~kind.equals(SET_PARAMETER)):
        cell = f.at(table.space("y"), place, "F")
        old = f.load(cell, lane, "f")
        new = f.select(kind.equals(ADD), old + amount, f.select(kind.equals(SET_STATE), amount, old * amount))
        f.store(new, cell, lane, "f")


_KEPT = (("t", "f"), ("h", "f"), ("steps", "i"), ("rejections", "i"), ("restart", "i"), ("trigger", "i"))


def _write_back(k: Kernels, layout: Layout) -> str:
    """A lane's patient back into its row."""
    f, table = _start(k, layout, "write_back", [("lane", "i"), ("status", "i")])
    _, lane, status = f.arguments
    patient, n = table.lane("id", lane, "i"), len(k.system.states)
    for name, kind in _KEPT:
        f.store(table.lane(name, lane, kind), table.pointer(name), patient, kind)
    f.store(status, table.pointer("status"), patient, "i")
    row = f.at(table.pointer("y"), _flat(f, patient, n), "f")
    with f.each(n) as i:
        f.store(f.load(f.at(table.space("y"), i, "F"), lane, "f"), row, i, "f")
    f.ret()
    return f.text()


def _fill(k: Kernels, layout: Layout) -> str:
    """The next patient of the queue into a lane; an idle lane has id -1 and steps harmlessly in place."""
    f, table = _start(k, layout, "fill", [("lane", "i")])
    args, lane = f.arguments
    n, width = len(k.system.states), len(k.system.parameters)
    with f.loop() as loop:
        turn = table.get("next")
        with f.when(turn >= table.get("n_ids")):
            table.put("active", table.get("active") - 1)
            for name, value in (("t", 0.0), ("h", 1.0), ("stop", 1.0), ("out", float("inf"))):
                table.set_lane(name, lane, value, "f")
            for name, number in (("id", -1), ("restart", 0), ("steps", 0), ("rejections", 0)):
                table.set_lane(name, lane, number, "i")
        loop.leave_if(turn >= table.get("n_ids"))
        table.put("next", turn + 1)
        patient = f.load(table.pointer("ids"), turn, "i")
        table.set_lane("id", lane, patient, "i")
        for name, kind in _KEPT:
            table.set_lane(name, lane, f.load(table.pointer(name), patient, kind), kind)
        for name, count in (("y", n), ("p", width)):
            row = f.at(table.pointer(name), _flat(f, patient, count), "f")
            with f.each(count) as i:
                f.store(f.load(row, i, "f"), f.at(table.space(name), i, "F"), lane, "f")
        table.put("stale", 1)
        status = f.call("arrive", "i", args, lane)
        loop.leave_if(status.equals(b.RUNNING))
        f.call("write_back", "v", args, lane, status)
    f.ret()
    return f.text()


def _still(f: Fn, table: _Table, out: Value) -> None:
    """Frozen states do not move."""
    with f.each(table.get("n_frozen")) as c:
        f.store(f.const("F", 0.0), out, f.load(table.pointer("frozen"), c, "i"), "F")


def _move_frozen(f: Fn, table: _Table, rows: Value, held: Value, *, out: bool) -> None:
    """Keep the rows of frozen states aside while the rates are added to all, and put them back."""
    with f.each(table.get("n_frozen")) as c:
        state = f.load(table.pointer("frozen"), c, "i")
        if out:
            f.store(f.load(rows, state, "F"), held, c, "F")
        else:
            f.store(f.load(held, c, "F"), rows, state, "F")


def _inner(f: Fn, table: _Table, k: Kernels, when: Value) -> Value:
    """Stage times strictly inside the step: a jump of the rates at a stop is read on this side of it."""
    if not k.timed:
        return when
    t, taken = f.load(table.space("lane_t"), 0, "F"), f.load(table.space("lane_taken"), 0, "F")
    after = t + taken
    low = t + f.largest(f.intrinsic("fabs", t) * 2.0**-52, 1e-300)
    high = after - f.intrinsic("fabs", after) * 2.0**-52
    return f.largest(f.least(when, high), low)


def _scale(f: Fn, table: _Table, state: Value, size: Value) -> Value:
    atol = f.splat(f.load(table.pointer("atol"), state, "f"))
    return f.fma(f.splat(table.get("rtol")), size, atol)


def _first_step(k: Kernels, layout: Layout) -> str:
    """Lanes that start anew take a step after their fastest rate."""
    f, table = _start(k, layout, "first_step", [])
    n, zero = len(k.system.states), f.const("F", 0.0)
    y, p, q, u = (table.space(x) for x in ("y", "p", "q", "u"))
    t = f.load(table.space("lane_t"), 0, "F")
    with f.each(n) as i:
        f.store(zero, u, i, "F")
    f.call("rhs", "v", y, p, q, _inner(f, table, k, t), u)
    _still(f, table, u)
    size, speed = f.var(zero), f.var(zero)
    with f.each(n) as i:
        value = f.load(y, i, "F")
        inverse = f.const("F", 1.0) / _scale(f, table, i, f.intrinsic("fabs", value))
        value, rate = value * inverse, f.load(u, i, "F") * inverse
        size.set(f.fma(value, value, size.get()))
        speed.set(f.fma(rate, rate, speed.get()))
    left = f.load(table.space("lane_left"), 0, "F")
    guess = f.intrinsic("sqrt", size.get() / speed.get()) * b.FIRST_STEP
    usable = (guess > 0.0) & (guess < float("inf"))
    guess = f.select(usable, f.least(guess, left), left * b.FIRST_STEP)
    anew = f.load(table.space("lane_restart"), 0, "I").equals(1)
    f.store(f.select(anew, guess, f.load(table.space("lane_h"), 0, "F")), table.space("lane_h"), 0, "F")
    growing = f.load(table.space("lane_restart"), 0, "I")
    f.store(f.select(anew, 2, growing, "I"), table.space("lane_restart"), 0, "I")
    f.ret()
    return f.text()


def _stages(k: Kernels, layout: Layout) -> str:
    """One step of all lanes: yt = new value, last U = error, and the lanes whose factorisation is not trusted."""
    f, table = _start(k, layout, "stages", [], result="I")
    n = len(k.system.states)
    y, yt, u, p, q, a, j, ft = (table.space(x) for x in ("y", "yt", "u", "p", "q", "a", "j", "ft"))
    t, taken = f.load(table.space("lane_t"), 0, "F"), f.load(table.space("lane_taken"), 0, "F")
    inverse = f.const("F", 1.0) / taken
    f.call("rates", "v", y, p, q, _inner(f, table, k, t), u, j)
    _still(f, table, u)
    with f.each(table.get("n_frozen_entries")) as c:
        f.store(f.const("F", 0.0), j, f.load(table.pointer("frozen_entries"), c, "i"), "F")
    if k.timed:
        f.call("slope", "v", y, p, q, _inner(f, table, k, t), ft)
        _still(f, table, ft)
        with f.each(n) as i:
            f.store(f.fma(f.load(ft, i, "F"), taken * rodas.GAMMA_SUM[0], f.load(u, i, "F")), u, i, "F")
    lost = f.call("factor", "I", j, inverse * (1 / rodas.GAMMA), a)
    f.call("solve", "v", a, u)
    for stage in range(1, STAGES):
        with f.each(n) as i:
            parts = [f.load(u, i + s * n, "F") for s in range(stage)]
            if stage < CHAINED:
                value = f.load(y, i, "F")
                for s, part in enumerate(parts):
                    value = f.fma(part, f.const("F", rodas.A[stage, s]), value)
            else:
                value = f.load(yt, i, "F") + parts[-1]
            f.store(value, yt, i, "F")
            total = parts[0] * rodas.C[stage, 0]
            for s, part in enumerate(parts[1:], 1):
                total = f.fma(part, f.const("F", rodas.C[stage, s]), total)
            total = total * inverse
            if k.timed and rodas.GAMMA_SUM[stage]:
                total = f.fma(f.load(ft, i, "F"), taken * rodas.GAMMA_SUM[stage], total)
            f.store(total, u, i + stage * n, "F")
        target = f.at(u, stage * n, "F")
        when = _inner(f, table, k, f.fma(taken, f.const("F", rodas.ALPHA[stage]), t))
        _move_frozen(f, table, target, table.space("held"), out=True)
        f.call("rhs", "v", yt, p, q, when, target)
        _move_frozen(f, table, target, table.space("held"), out=False)
        f.call("solve", "v", a, target)
    f.ret(lost)
    return f.text()


def _park(k: Kernels, layout: Layout) -> str:
    """The step in which a trigger rose, kept whole for the driver."""
    f, table = _start(k, layout, "park", [("lane", "i")])
    lane, n = f.arguments[1], len(k.system.states)
    patient, t = table.lane("id", lane, "i"), table.lane("t", lane, "f")
    f.store(t, table.pointer("park_t"), patient, "f")
    f.store(table.lane("end", lane, "f") - t, table.pointer("park_h"), patient, "f")
    rows = f.at(table.pointer("park_y"), _flat(f, patient, 5 * n), "f")
    with f.each(n) as i:
        f.store(f.load(f.at(table.space("y"), i, "F"), lane, "f"), rows, i, "f")
        f.store(f.load(f.at(table.space("yt"), i, "F"), lane, "f"), rows, i + n, "f")
        for r, value in enumerate(_dense(f, table.space("u"), n, i, lane)):
            f.store(value, rows, i + (2 + r) * n, "f")
    f.ret()
    return f.text()


def _serve(k: Kernels, layout: Layout) -> str:
    """After the step, lane by lane: stops, ends, failures, events; freed lanes are refilled."""
    f, table = _start(k, layout, "serve", [])
    args = f.arguments[0]
    most, lost_limit = table.get("max_steps"), b.MAX_REJECTIONS
    with f.each(k.lanes) as lane:
        verdict, patient = table.lane("verdict", lane, "i"), table.lane("id", lane, "i")
        status = f.var(f.i(b.RUNNING))
        accepted, calm = verdict.equals(ACCEPTED), table.lane("risen", lane, "i").equals(0)
        with f.when(accepted & ~calm):
            status.set(b.EVENT)
        with f.when(accepted & calm & (table.lane("t", lane, "f") >= table.lane("stop", lane, "f"))):
            status.set(f.call("arrive", "i", args, lane))
        t, h = table.lane("t", lane, "f"), table.lane("h", lane, "f")
        failing = verdict.equals(REJECTED) | verdict.equals(STUCK)
        with f.when(failing & (h < f.intrinsic("fabs", t) * b.LEAST_STEP)):
            status.set(b.TOO_SMALL)
        with f.when(failing & (table.lane("rejections", lane, "i") > lost_limit)):
            status.set(f.select(verdict.equals(STUCK), f.i(b.PIVOT), f.i(b.REJECTED)))
        with f.when(status.get().equals(b.RUNNING) & (table.lane("steps", lane, "i") >= most)):
            status.set(b.TOO_MANY)
        with f.when((patient >= 0) & ~status.get().equals(b.RUNNING)):
            f.call("write_back", "v", args, lane, status.get())
            f.call("fill", "v", args, lane)
    f.ret()
    return f.text()


def _run(k: Kernels, layout: Layout) -> str:
    f = Fn("run", [("args", "p")], k.lanes)
    table = _Table(f, f.arguments[0], layout)
    args, n = f.arguments[0], len(k.system.states)
    y, yt, u = (table.space(x) for x in ("y", "yt", "u"))
    table.put("next", 0)
    table.put("active", k.lanes)
    with f.each(k.lanes) as lane:
        f.call("fill", "v", args, lane)

    def lanes(name: str, kind: str = "F") -> Value:
        return f.load(table.space("lane_" + name), 0, kind)

    def keep(name: str, value: Value, kind: str = "F") -> None:
        f.store(value, table.space("lane_" + name), 0, kind)

    with f.loop() as loop:
        loop.leave_if(table.get("active") <= 0)
        cancelled = f.emit("i", f"load volatile {{t}}, ptr {table.pointer('cancel').name}")
        loop.leave_if(~cancelled.equals(0))
        with f.when(~table.get("stale").equals(0)):
            f.call("prep", "v", table.space("p"), table.space("q"))
            table.put("stale", 0)
        left = lanes("stop") - lanes("t")
        keep("left", left)
        keep("taken", left)
        with f.when(f.any(lanes("restart", "I").equals(1))):
            f.call("first_step", "v", args)
        h = lanes("h")
        taken = f.select(h >= left * b.REACH, left, f.select(h + h > left, left * 0.5, h))
        keep("taken", taken)
        lost = ~f.call("stages", "I", args).equals(0)
        total = f.var(f.const("F", 0.0))
        whole = n - n % SHARED_DIVISION
        for first, last, width in ((0, whole, SHARED_DIVISION), (whole, n, 1)):
            with f.each((last - first) // width) as block:
                rows = [block * width + (first + r) for r in range(width)]
                errors, scales = [], []
                for i in rows:
                    error, old = f.load(u, i + (STAGES - 1) * n, "F"), f.load(y, i, "F")
                    new = f.load(yt, i, "F") + error
                    f.store(new, yt, i, "F")
                    size = f.largest(f.intrinsic("fabs", old), f.intrinsic("fabs", new))
                    errors.append(error)
                    scales.append(_scale(f, table, i, size))
                for error, inverse in zip(errors, invert_together(f, scales), strict=True):
                    ratio = error * inverse
                    total.set(f.fma(ratio, ratio, total.get()))
        _judge(f, table, k, total.get(), lost, lanes, keep)
    # Cancelled: patients under way go back to their rows.
    with f.each(k.lanes) as lane, f.when(table.lane("id", lane, "i") >= 0):
        f.call("write_back", "v", args, lane, f.i(b.RUNNING))
    f.ret()
    return f.text().replace("define internal void @run", "define void @run", 1)


def _judge(f: Fn, table: _Table, k: Kernels, total: Value, lost: Value, lanes, keep) -> None:  # type: ignore[no-untyped-def] # noqa: PLR0913
    """Accept or reject each lane, propose the next step, and serve the lanes where something happens."""
    n, args = len(k.system.states), f.arguments[0]
    norm = f.intrinsic("sqrt", total * (1.0 / n))
    bad = ~(norm < 1e30) | lost
    accepted = (norm <= 1.0) & ~lost
    bounded = f.largest(f.select(bad, 1.0, norm), b.LEAST_NORM)
    factor = f.call("vexp", "F", f.call("vlog", "F", bounded) * (-1.0 / rodas.ORDER)) * b.SAFETY
    starting = ~lanes("restart", "I").equals(0)
    most = f.select(starting, b.START_GROWTH_LIMIT, b.GROWTH_LIMIT, "F")
    factor = f.least(f.largest(factor, b.SHRINK_LIMIT), most)
    growing = starting & accepted & (factor > b.GROWTH_LIMIT)
    keep("restart", f.select(growing, 2, 0, "I"), "I")
    rejections = lanes("rejections", "I")
    factor = f.select(accepted & (rejections > 0), f.least(factor, 1.0), factor)
    factor = f.select(bad, b.NAN_SHRINK, factor)
    h, taken, t, left, stop = (lanes(x) for x in ("h", "taken", "t", "left", "stop"))
    grown = taken * factor
    longer = accepted & (taken < h) & (factor >= 1.0)
    h = f.select(longer, f.largest(grown, h), grown)
    after = f.select(taken.equals(left), stop, t + taken)
    here = lanes("id", "I") >= 0
    keep("h", f.select(here, h, 1.0))
    keep("end", after)
    keep("steps", f.select(here, lanes("steps", "I") + 1, 0), "I")
    rejections = f.select(accepted, 0, rejections + 1)
    keep("rejections", rejections, "I")
    worse = f.select(lost, STUCK, REJECTED, "I")
    keep("verdict", f.select(here, f.select(accepted, ACCEPTED, worse, "I"), CALM), "I")
    accepted = accepted & here
    moved = accepted
    if k.system.events:
        place = {x: table.space(x) for x in ("yt", "p", "q")}
        now = f.call("triggers", "I", place["yt"], place["p"], place["q"], after)
        old = lanes("trigger", "I")
        risen = f.select(accepted, now & ~old, 0)
        keep("risen", risen, "I")
        moved = accepted & risen.equals(0)
        keep("trigger", f.select(moved, now, old), "I")
        with f.when(f.any(accepted & ~moved)), f.each(k.lanes) as lane:
            with f.when(~table.lane("risen", lane, "i").equals(0)):
                f.call("park", "v", args, lane)
    else:
        keep("risen", f.const("I", 0), "I")
    with f.when(f.any(moved & (lanes("out") < after))), f.each(k.lanes) as lane:
        fine = table.lane("verdict", lane, "i").equals(ACCEPTED) & table.lane("risen", lane, "i").equals(0)
        with f.when(fine):
            f.call("record", "v", args, lane)
    with f.each(n) as i:
        y, yt = table.space("y"), table.space("yt")
        f.store(f.select(moved, f.load(yt, i, "F"), f.load(y, i, "F")), y, i, "F")
    keep("t", f.select(moved, after, t))
    weak = ~accepted & here & ((h < f.intrinsic("fabs", t) * b.LEAST_STEP) | (rejections > b.MAX_REJECTIONS))
    spent = here & (lanes("steps", "I") >= f.splat(table.get("max_steps")))
    with f.when(f.any((moved & (after >= stop)) | (accepted & ~moved) | weak | spent)):
        f.call("serve", "v", args)
