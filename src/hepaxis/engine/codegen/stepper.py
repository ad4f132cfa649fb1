"""The stepper as IR: the same contract and control as reference.py, one patient a lane.

Each lane has its own time, step, stops and queue position; a finished lane is refilled at once.  Nothing a lane
computes depends on its neighbours.  ``run(args)`` takes a table of pointers and numbers (table.ARGUMENTS).
"""

from __future__ import annotations

from collections.abc import Callable

from .. import batch as b
from .. import rodas
from .irtext import Fn, Value
from .kernels import SHARED_DIVISION, Kernels, invert_together
from .lanes import lane_functions
from .table import ACCEPTED, CALM, REJECTED, STAGES, STUCK, Layout, Table, begin

# Stages from here on add the previous U to the previous stage value.
CHAINED = 6


def build_stepper(k: Kernels) -> tuple[str, Layout]:
    layout = Layout.of(k)
    vector_part = "".join(make(k, layout) for make in (_first_step, _stages, _run))
    return lane_functions(k, layout) + vector_part, layout


def _still(f: Fn, table: Table, out: Value) -> None:
    """Frozen states do not move."""
    with f.each(table.get("n_frozen")) as c:
        f.store(f.const("F", 0.0), out, f.load(table.pointer("frozen"), c, "i"), "F")


def _move_frozen(f: Fn, table: Table, rows: Value, held: Value, *, out: bool) -> None:
    """Keep the rows of frozen states aside while the rates are added to all, and put them back."""
    with f.each(table.get("n_frozen")) as c:
        state = f.load(table.pointer("frozen"), c, "i")
        if out:
            f.store(f.load(rows, state, "F"), held, c, "F")
        else:
            f.store(f.load(held, c, "F"), rows, state, "F")


def _inner(f: Fn, table: Table, k: Kernels, when: Value) -> Value:
    """Stage times strictly inside the step: a jump of the rates at a stop is read on this side of it."""
    if not k.timed:
        return when
    t, taken = f.load(table.space("lane_t"), 0, "F"), f.load(table.space("lane_taken"), 0, "F")
    after = t + taken
    low = t + f.largest(f.intrinsic("fabs", t) * 2.0**-52, 1e-300)
    high = after - f.intrinsic("fabs", after) * 2.0**-52
    return f.largest(f.least(when, high), low)


def _scale(f: Fn, table: Table, state: Value, size: Value) -> Value:
    atol = f.splat(f.load(table.pointer("atol"), state, "f"))
    return f.fma(f.splat(table.get("rtol")), size, atol)


def _first_step(k: Kernels, layout: Layout) -> str:
    """Lanes that start anew take a step after their fastest rate."""
    f, table = begin(k, layout, "first_step", [])
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
    f, table = begin(k, layout, "stages", [], result="I")
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


def _run(k: Kernels, layout: Layout) -> str:
    f = Fn("run", [("args", "p")], k.lanes)
    table = Table(f, f.arguments[0], layout)
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


def _judge(
    f: Fn, table: Table, k: Kernels, total: Value, lost: Value, lanes: Callable[..., Value], keep: Callable[..., None]
) -> None:
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
    if k.watching:
        place = {x: table.space(x) for x in ("yt", "p", "q")}
        now = f.call("triggers", "I", place["yt"], place["p"], place["q"], after)
        old = lanes("trigger", "I")
        risen = f.select(accepted, now ^ old, 0)
        keep("risen", risen, "I")
        moved = accepted & risen.equals(0)
        keep("trigger", f.select(moved, now, old), "I")
        with (
            f.when(f.any(accepted & ~moved)),
            f.each(k.lanes) as lane,
            f.when(~table.lane("risen", lane, "i").equals(0)),
        ):
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
