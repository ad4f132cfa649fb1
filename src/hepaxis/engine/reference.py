"""The plain stepper: the same method and step control as the compiled one, in NumPy, with pivoting.

Slow and simple.  It finishes the patients whose pivot-free factorisation lost too many digits, and is the check of the
compiled stepper in the tests.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import batch as b
from . import rodas
from .batch import Batch, Settings
from .derivative import gradient, tangents
from .evaluate import Evaluation, truth_bits
from .protocol import ADD, MULTIPLY, SET_PARAMETER, SET_STATE
from .system import System

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class ReferenceStepper:
    """Advances patients of one system.  Nothing is kept between calls."""

    def __init__(self, system: System):
        self.system = system
        g, n = system.graph.copy(), len(system.states)
        entries = [(i, g.index(v), d) for i, f in enumerate(system.rhs) for v, d in gradient(g, f).items()]
        self._cells = np.array([i * n + j for i, j, _ in entries], dtype=np.int64)
        self._rhs = Evaluation(g, system.rhs)
        self._jacobian = Evaluation(g, [d for _, _, d in entries])
        self._watched = Evaluation(g, system.watched())
        self._timed = g.needs_time(system.rhs)
        seeds = {k: g.one if g.op[k] == "time" else g.zero for k in g.reach(system.rhs) if not g.args[k]}
        self._time_slope = Evaluation(g, tangents(g, list(system.rhs), seeds)) if self._timed else None

        self._parts: dict[tuple[int, ...], tuple[Evaluation, Evaluation, Ints]] = {}

    def part(self, solve: Ints) -> tuple[Evaluation, Evaluation, Ints]:
        """Right-hand side of the states ``solve`` and its derivatives by them, for Newton's method on a few states.

        Returns (rates (n, k), derivatives (n, entries), their cells in a k x k matrix laid flat).
        """
        key = tuple(int(i) for i in solve)
        if key not in self._parts:
            g = self.system.graph.copy()
            rates = [self.system.rhs[i] for i in key]
            place = {state: k for k, state in enumerate(key)}
            entries = [
                (row * len(key) + place[g.index(v)], d)
                for row, f in enumerate(rates)
                for v, d in gradient(g, f).items()
                if g.index(v) in place
            ]
            cells = np.array([cell for cell, _ in entries], dtype=np.int64)
            self._parts[key] = (Evaluation(g, rates), Evaluation(g, [d for _, d in entries]), cells)
        return self._parts[key]

    def rhs(self, y: Floats, p: Floats, t: Floats | float = 0.0) -> Floats:
        return self._rhs(y, p, t)

    def jacobian(self, y: Floats, p: Floats, t: Floats | float = 0.0) -> Floats:
        """(n, n_states, n_states)."""
        n = y.shape[1]
        full = np.zeros((len(y), n * n))
        full[:, self._cells] = self._jacobian(y, p, t)
        return full.reshape(len(y), n, n)

    def advance(self, state: Batch, ids: Ints, settings: Settings, stop: Ints) -> None:
        """Advance the patients ``ids`` until each has a status other than RUNNING, or ``stop[0]`` is not zero."""
        active = np.asarray(ids)
        while len(active):
            if stop[0]:
                return
            self._meet_stops(state, active, settings)
            active = active[state.status[active] == b.RUNNING]
            if len(active):
                self._step(state, active, settings)

    def _meet_stops(self, s: Batch, ids: Ints, settings: Settings) -> None:
        """Actions due now, then the end and the limit."""
        programs = settings.programs
        last = programs.stop_ptr[programs.program + 1]
        for i in ids:
            while s.next_stop[i] < last[i] and programs.stop_time[s.next_stop[i]] <= s.t[i]:
                stop = s.next_stop[i]
                for k in range(programs.action_ptr[stop], programs.action_ptr[stop + 1]):
                    kind, where, amount = programs.kind[k], programs.index[k], programs.amount[k]
                    if kind == ADD:
                        s.y[i, where] += amount
                    elif kind == SET_STATE:
                        s.y[i, where] = amount
                    elif kind == MULTIPLY:
                        s.y[i, where] *= amount
                    elif kind == SET_PARAMETER:
                        s.p[i, where] = amount
                s.next_stop[i] += 1
                s.restart[i] = 1
            if s.t[i] >= settings.end:
                values = np.concatenate([s.y[i, settings.record_states], s.p[i, settings.record_parameters]])
                s.record[i, s.next_time[i] :] = values
                s.next_time[i] = len(settings.times)
                s.status[i] = b.DONE
            elif s.t[i] >= s.limit[i]:
                s.status[i] = b.LIMIT

    def _step(self, s: Batch, ids: Ints, settings: Settings) -> None:
        n, programs = len(self.system.states), settings.programs
        y, p, t = s.y[ids], s.p[ids], s.t[ids]
        # A right-hand side that jumps at a stop is read on the inner side of it, at both ends of a step.
        inner = np.nextafter(t, np.inf)
        f0, jacobian = self._frozen(self.rhs(y, p, inner), settings), self.jacobian(y, p, inner)
        jacobian[:, settings.frozen, :] = 0
        slope = np.zeros_like(y)
        if self._time_slope is not None:
            slope = self._frozen(self._time_slope(y, p, inner), settings)
        stop = np.minimum(settings.end, s.limit[ids])
        pending = s.next_stop[ids] < programs.stop_ptr[programs.program[ids] + 1]
        due = programs.stop_time[np.minimum(s.next_stop[ids], len(programs.stop_time) - 1)] if pending.any() else stop
        stop = np.where(pending, np.minimum(stop, due), stop)
        left = stop - t
        h = np.where(s.restart[ids] == 1, self._first_step(y, f0, left, settings), s.h[ids])
        with np.errstate(all="ignore"):
            taken = np.where(h >= left * b.REACH, left, np.where(2 * h > left, 0.5 * left, h))
            y1, error, u = self._stages(y, p, t, taken, f0, jacobian, slope, settings)
            scale = settings.atol + settings.rtol * np.maximum(np.abs(y), np.abs(y1))
            norm = np.sqrt(((error / scale) ** 2).sum(axis=1) / n)
        bad = ~(norm < 1e30)
        accepted = norm <= 1.0
        factor = b.SAFETY * np.maximum(np.where(bad, 1.0, norm), b.LEAST_NORM) ** (-1.0 / rodas.ORDER)
        starting = s.restart[ids] > 0
        factor = np.clip(factor, b.SHRINK_LIMIT, np.where(starting, b.START_GROWTH_LIMIT, b.GROWTH_LIMIT))
        factor = np.where(accepted & (s.rejections[ids] > 0), np.minimum(factor, 1.0), factor)
        factor = np.where(bad, b.NAN_SHRINK, factor)
        grown = taken * factor
        # A step cut short by a stop says nothing against the longer one proposed before.
        s.h[ids] = np.where(accepted & (taken < h) & (factor >= 1), np.maximum(grown, h), grown)
        s.steps[ids] += 1
        s.restart[ids] = np.where(starting & accepted & (factor > b.GROWTH_LIMIT), 2, 0)
        t1 = np.where(taken == left, stop, t + taken)
        self._judge(s, ids, accepted, settings)
        k = np.einsum("kj,njm->nkm", rodas.DENSE, u)
        risen = np.zeros(len(ids), np.int64)
        if self.system.events:
            now = truth_bits(self._watched, y1, p, t1)
            risen = np.where(accepted, now ^ s.trigger[ids], 0)
            for row in np.flatnonzero(risen):
                i = ids[row]
                s.status[i], s.park_t[i], s.park_h[i] = b.EVENT, t[row], t1[row] - t[row]
                s.park_y[i] = np.vstack([y[row], y1[row], k[row]])
            s.trigger[ids] = np.where(accepted & (risen == 0), now, s.trigger[ids])
        for row in np.flatnonzero(accepted & (risen == 0)):
            self._record(s, ids[row], t1[row], taken[row], (y[row], y1[row], k[row]), settings)
            s.y[ids[row]], s.t[ids[row]] = y1[row], t1[row]

    def _frozen(self, f: Floats, settings: Settings) -> Floats:
        f[:, settings.frozen] = 0
        return f

    def _first_step(self, y: Floats, f: Floats, left: Floats, settings: Settings) -> Floats:
        with np.errstate(all="ignore"):
            scale = settings.atol + settings.rtol * np.abs(y)
            size = np.sqrt(((y / scale) ** 2).mean(axis=1))
            speed = np.sqrt(((f / scale) ** 2).mean(axis=1))
            guess = b.FIRST_STEP * size / speed
        return np.where(np.isfinite(guess) & (guess > 0), np.minimum(guess, left), b.FIRST_STEP * left)

    def _stages(
        self, y: Floats, p: Floats, t: Floats, h: Floats, f0: Floats, jacobian: Floats, slope: Floats, s: Settings
    ) -> tuple[Floats, Floats, Floats]:
        n = y.shape[1]
        with np.errstate(all="ignore"):
            w = np.eye(n) / (h * rodas.GAMMA)[:, None, None] - jacobian
            w[~np.isfinite(w).all(axis=(1, 2))] = np.eye(n)
            u = np.zeros((len(y), rodas.STAGES, n))
            value = y
            for i in range(rodas.STAGES):
                value = value + u[:, i - 1] if i > 5 else y + np.einsum("j,njm->nm", rodas.A[i], u)
                when = np.clip(t + rodas.ALPHA[i] * h, np.nextafter(t, np.inf), np.nextafter(t + h, -np.inf))
                f = f0 if i == 0 else self._frozen(self.rhs(value, p, when), s)
                right = f + np.einsum("j,njm->nm", rodas.C[i], u) / h[:, None]
                right = right + rodas.GAMMA_SUM[i] * h[:, None] * slope
                u[:, i] = _solve(w, right)
            return value + u[:, -1], u[:, -1], u

    def _judge(self, s: Batch, ids: Ints, accepted: Ints, settings: Settings) -> None:
        s.rejections[ids] = np.where(accepted, 0, s.rejections[ids] + 1)
        small = ~accepted & (s.h[ids] < b.LEAST_STEP * np.abs(s.t[ids]))
        s.status[ids[small]] = b.TOO_SMALL
        s.status[ids[s.rejections[ids] > b.MAX_REJECTIONS]] = b.REJECTED
        s.status[ids[~accepted & (s.steps[ids] >= settings.max_steps)]] = b.TOO_MANY
        s.status[ids[accepted & (s.steps[ids] >= settings.max_steps)]] = b.TOO_MANY

    def _record(
        self, s: Batch, i: int, t1: float, h: float, step: tuple[Floats, Floats, Floats], settings: Settings
    ) -> None:
        """Values at the times in [t, t1)."""
        while s.next_time[i] < len(settings.times) and settings.times[s.next_time[i]] < t1:
            where = np.array([(settings.times[s.next_time[i]] - s.t[i]) / h])
            value = rodas.interpolate(where, step[0][None], step[1][None], step[2][None])[0]
            s.record[i, s.next_time[i]] = np.concatenate(
                [value[settings.record_states], s.p[i, settings.record_parameters]]
            )
            s.next_time[i] += 1


def _solve(w: Floats, right: Floats) -> Floats:
    try:
        return np.asarray(np.linalg.solve(w, right[..., None])[..., 0], dtype=np.float64)
    except np.linalg.LinAlgError:
        result = np.full_like(right, np.nan)
        for row in range(len(w)):
            try:
                result[row] = np.linalg.solve(w[row], right[row])
            except np.linalg.LinAlgError:
                continue
        return result
