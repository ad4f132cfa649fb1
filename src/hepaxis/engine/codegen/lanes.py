"""What happens to one lane between steps: output, actions at stops, refill, events, failures (as IR, scalar code)."""

from __future__ import annotations

from .. import batch as b
from .. import rodas
from ..protocol import ADD, SET_PARAMETER, SET_STATE
from .irtext import Fn, Value
from .kernels import Kernels
from .table import ACCEPTED, REJECTED, STAGES, STUCK, Layout, Table, begin, flat


def lane_functions(k: Kernels, layout: Layout) -> str:
    return "".join(make(k, layout) for make in (_record, _finish, _arrive, _write_back, _fill, _park, _serve))


def _dense(f: Fn, u: Value, n: int, state: Value, lane: Value) -> list[Value]:
    """k2, k3, k4 of one state of one lane."""
    sums = [f.const("f", 0.0)] * 3
    for stage in range(STAGES):
        value = f.load(f.at(u, state + stage * n, "F"), lane, "f")
        sums = [f.fma(value, f.const("f", rodas.DENSE[r, stage]), total) for r, total in enumerate(sums)]
    return sums


def _record(k: Kernels, layout: Layout) -> str:
    """Values at the output times in [t, end of the step)."""
    f, table = begin(k, layout, "record", [("lane", "i")])
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
        row = flat(f, flat(f, patient, count, at), n_states + n_parameters)
        record = f.at(table.pointer("record"), row, "f")
        with f.each(n_states) as c:
            state = f.load(table.pointer("record_states"), c, "i")
            y0, y1 = f.load(f.at(y, state, "F"), lane, "f"), f.load(f.at(yt, state, "F"), lane, "f")
            k2, k3, k4 = _dense(f, u, n, state, lane)
            inner = f.fma(rest, f.fma(s, f.fma(s, k4, k3), k2), y1 - y0)
            f.store(f.fma(s, inner, y0), record, c, "f")
        with f.each(n_parameters) as c:
            place = f.load(table.pointer("record_parameters"), c, "i")
            f.store(f.load(f.at(p, place, "F"), lane, "f"), record, n_states + c, "f")
        f.store(at + 1, table.pointer("next_time"), patient, "i")
        _next_output(f, table, lane, at + 1, times, count)
    f.ret()
    return f.text()


def _next_output(f: Fn, table: Table, lane: Value, at: Value, times: Value, count: Value) -> None:
    left = at < count
    value = f.load(times, f.select(left, at, f.i(0)), "f")
    table.set_lane("out", lane, f.select(left, value, float("inf")), "f")


def _finish(k: Kernels, layout: Layout) -> str:
    """The end is reached: the remaining output times take the values as they stand."""
    f, table = begin(k, layout, "finish", [("lane", "i")])
    lane = f.arguments[1]
    patient, count = table.lane("id", lane, "i"), table.get("n_times")
    n_states, n_parameters = table.get("n_record_states"), table.get("n_record_parameters")
    with f.each(count, f.load(table.pointer("next_time"), patient, "i")) as at:
        record = f.at(table.pointer("record"), flat(f, flat(f, patient, count, at), n_states + n_parameters), "f")
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
    f, table = begin(k, layout, "arrive", [("lane", "i")], result="i")
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


def _act(f: Fn, table: Table, k: Kernels, lane: Value, patient: Value, action: Value) -> None:
    kind = f.load(table.pointer("kind"), action, "i")
    place, amount = f.load(table.pointer("index"), action, "i"), f.load(table.pointer("amount"), action, "f")
    with f.when(kind.equals(SET_PARAMETER)):
        f.store(amount, f.at(table.space("p"), place, "F"), lane, "f")
        f.store(amount, table.pointer("p"), flat(f, patient, len(k.system.parameters), place), "f")
        table.put("stale", 1)
    with f.when(~kind.equals(SET_PARAMETER)):
        cell = f.at(table.space("y"), place, "F")
        old = f.load(cell, lane, "f")
        new = f.select(kind.equals(ADD), old + amount, f.select(kind.equals(SET_STATE), amount, old * amount))
        f.store(new, cell, lane, "f")


_KEPT = (("t", "f"), ("h", "f"), ("steps", "i"), ("rejections", "i"), ("restart", "i"), ("trigger", "i"))


def _write_back(k: Kernels, layout: Layout) -> str:
    """A lane's patient back into its row."""
    f, table = begin(k, layout, "write_back", [("lane", "i"), ("status", "i")])
    _, lane, status = f.arguments
    patient, n = table.lane("id", lane, "i"), len(k.system.states)
    for name, kind in _KEPT:
        f.store(table.lane(name, lane, kind), table.pointer(name), patient, kind)
    f.store(status, table.pointer("status"), patient, "i")
    row = f.at(table.pointer("y"), flat(f, patient, n), "f")
    with f.each(n) as i:
        f.store(f.load(f.at(table.space("y"), i, "F"), lane, "f"), row, i, "f")
    f.ret()
    return f.text()


def _fill(k: Kernels, layout: Layout) -> str:
    """The next patient of the queue into a lane; an idle lane has id -1 and steps harmlessly in place."""
    f, table = begin(k, layout, "fill", [("lane", "i")])
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
            row = f.at(table.pointer(name), flat(f, patient, count), "f")
            with f.each(count) as i:
                f.store(f.load(row, i, "f"), f.at(table.space(name), i, "F"), lane, "f")
        table.put("stale", 1)
        status = f.call("arrive", "i", args, lane)
        loop.leave_if(status.equals(b.RUNNING))
        f.call("write_back", "v", args, lane, status)
    f.ret()
    return f.text()


def _park(k: Kernels, layout: Layout) -> str:
    """The step in which a trigger rose, kept whole for the driver."""
    f, table = begin(k, layout, "park", [("lane", "i")])
    lane, n = f.arguments[1], len(k.system.states)
    patient, t = table.lane("id", lane, "i"), table.lane("t", lane, "f")
    f.store(t, table.pointer("park_t"), patient, "f")
    f.store(table.lane("end", lane, "f") - t, table.pointer("park_h"), patient, "f")
    rows = f.at(table.pointer("park_y"), flat(f, patient, 5 * n), "f")
    with f.each(n) as i:
        f.store(f.load(f.at(table.space("y"), i, "F"), lane, "f"), rows, i, "f")
        f.store(f.load(f.at(table.space("yt"), i, "F"), lane, "f"), rows, i + n, "f")
        for r, value in enumerate(_dense(f, table.space("u"), n, i, lane)):
            f.store(value, rows, i + (2 + r) * n, "f")
    f.ret()
    return f.text()


def _serve(k: Kernels, layout: Layout) -> str:
    """After the step, lane by lane: stops, ends, failures, events; freed lanes are refilled."""
    f, table = begin(k, layout, "serve", [])
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
