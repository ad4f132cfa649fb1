"""SciPy's LSODA with right-hand side and dense Jacobian compiled, as peer: one patient after the other.

Both functions are the engine's own kernels at one lane, so that the peer loses nothing to slow formulas: what is
compared is the integrator.  Doses are given between calls, which restarts LSODA as an event restarts CVODE.  SciPy
calls back through Python; ``python_share`` says what share of the time that took, by counting calls.
"""

from __future__ import annotations

import ctypes
import itertools
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace

import llvmlite.binding as llvm
import numpy as np
from llvmlite.binding import orcjit
from scipy.integrate import ODEintWarning, odeint

from hepaxis import engine
from hepaxis.engine.codegen import build, irtext, kernels, vecmath
from hepaxis.engine.codegen.irtext import Fn
from hepaxis.engine.derivative import gradient
from hepaxis.engine.ordering import LinearSystem

from .workloads import VISITS, Workload

MOST_STEPS = 1_000_000


class LsodaPeer:
    def __init__(self, work: Workload, observe: Sequence[str]):
        self._model = engine.load(work.sbml)
        self._columns = [self._model.states.index(name) for name in observe]
        self._prep, self._rhs, self._jacobian, self._repeat, hoisted, self._holder = _compiled(self._model)
        n = len(self._model.states)
        self._y, self._t = np.empty(n), np.empty(1)
        self._p = np.array([self._model.default_parameters[name] for name in self._model.parameters])
        self._q = np.empty(max(hoisted, 1))
        # Column by column; cells that are always zero are never written.
        self._f, self._slopes = np.empty(n), np.zeros((n, n))
        arrays = (self._y, self._p, self._q, self._t)
        self._inputs = [a.ctypes.data for a in arrays]
        self._outputs = (self._f.ctypes.data, self._slopes.ctypes.data)
        self._default = np.array([self._model.default_initial[s] for s in self._model.states])
        self.calls, self.seconds = 0, 0.0
        doses = work.protocol()
        self._doses = {float(t): doses[doses["time"] == t] for t in doses["time"].unique()}
        self._prep(self._inputs[1], self._inputs[2])
        self._call_seconds = self._callback_overhead()

    @property
    def python_share(self) -> float:
        """Of the time of all runs: what was spent between SciPy and the compiled functions."""
        return self.calls * self._call_seconds / self.seconds if self.seconds else 0.0

    def run(self, people: Mapping[str, np.ndarray], rows: Sequence[int], rtol: float) -> tuple[np.ndarray, float]:
        """(values (n, n_times, n_observed), CPU seconds); NaN where the integrator gives up."""
        values = np.full((len(rows), len(VISITS), len(self._columns)), np.nan)
        spent = 0.0
        for k, row in enumerate(rows):
            for place, name in enumerate(self._model.parameters):
                self._p[place] = people[name][row] if name in people else self._model.default_parameters[name]
            begin = time.process_time()
            self._prep(self._inputs[1], self._inputs[2])
            values[k] = self._two_years(rtol)
            spent += time.process_time() - begin
        self.seconds += spent
        return values, spent

    def _callback_overhead(self, calls: int = 20_000) -> float:
        """Seconds that one call through Python takes above the compiled function itself."""
        begin = time.process_time()
        for _ in range(calls):
            self._rates(self._default, 0.0)
        through, begin = time.process_time() - begin, time.process_time()
        self._repeat(*self._inputs, self._outputs[0], calls)
        return max(0.0, through - (time.process_time() - begin)) / calls

    def _rates(self, y: np.ndarray, t: float) -> np.ndarray:
        self._y[:], self._t[0] = y, t
        self._rhs(*self._inputs, self._outputs[0])
        return self._f

    def _columns_of_slopes(self, y: np.ndarray, t: float) -> np.ndarray:
        self._y[:], self._t[0] = y, t
        self._jacobian(*self._inputs, self._outputs[1])
        return self._slopes

    def _two_years(self, rtol: float) -> np.ndarray:
        found = np.full((len(VISITS), len(self._columns)), np.nan)
        cuts = [0.0, *sorted(self._doses), float(VISITS[-1])]
        y = self._default.copy()
        for start, end in itertools.pairwise(cuts):
            inside = (start <= VISITS) & ((end > VISITS) | (end == cuts[-1]))
            times = np.unique(np.concatenate([[start], VISITS[inside], [end]]))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ODEintWarning)
                part, account = odeint(
                    self._rates, y, times, Dfun=self._columns_of_slopes, col_deriv=True, rtol=rtol, atol=rtol * 1e-3,
                    mxstep=MOST_STEPS, full_output=True,
                )  # fmt: skip
            self.calls += int(account["nfe"][-1] + account["nje"][-1])
            if not str(account["message"]).startswith("Integration successful"):
                return found
            found[inside] = part[np.isin(times, VISITS[inside])][:, self._columns]
            y = part[-1].copy()
            for dose in self._doses[end].itertuples() if end in self._doses else ():
                y[self._model.states.index(dose.target)] += dose.amount
        return found


def _compiled(model: engine.Model) -> tuple:
    """prep(p, q), rhs and jacobian (y, p, q, t, out), rhs many times over, numbers in q, what keeps them alive."""
    system = replace(model.system, graph=model.system.graph.copy())
    g, n = system.graph, len(system.states)
    entries = {(i, g.index(v)): d for i, f in enumerate(system.rhs) for v, d in gradient(g, f).items()}
    roots = [*system.rhs, *entries.values()]
    linear = LinearSystem(n, (), entries, (), ())
    k = kernels.Kernels(system, 1, linear, g.needs_time(system.rhs), kernels._hoist(g, roots))
    body = kernels._Body(k)
    parts = [kernels._prep(k, body).replace("define internal", "define", 1)]
    targets = {"peer_rhs": list(enumerate(system.rhs))}
    targets["peer_jacobian"] = [(j * n + i, d) for (i, j), d in entries.items()]
    for name, cells in targets.items():
        f = Fn(name, [(a, "p") for a in ("y", "p", "q", "t", "out")], 1, inline="noinline")
        y, p, q, t, out = f.arguments
        sources = {"y": y, "p": p, "q": q, "t": f.load(t, 0, "F")}
        stores = [(node, out, place) for place, node in cells]
        body.emit(f, [node for node, _, _ in stores], sources, hoisting=True, stores=stores)
        f.ret()
        parts.append(f.text().replace("define internal", "define", 1))
    f = Fn("peer_repeat", [*((a, "p") for a in ("y", "p", "q", "t", "out")), ("count", "i")], 1)
    with f.each(f.arguments[5]):
        f.call("peer_rhs", "v", *f.arguments[:5])
    f.ret()
    parts.append(f.text().replace("define internal", "define", 1))
    cpu, features = build._host()
    attributes = f'attributes #0 = {{ nounwind "target-cpu"="{cpu}" "target-features"="{features}" }}\n'
    libm = "".join(f"declare double @{x}(double)\n" for x in sorted(k.libm))
    text = irtext.declarations(1) + libm + vecmath.functions(1) + "".join(parts) + attributes
    jit = llvm.create_lljit_compiler(build._machine(build.QUICK))
    library = orcjit.JITLibraryBuilder().add_object_img(build._object_code(text, build.FULL)).add_current_process()
    for name in ("prep", *targets, "peer_repeat"):
        library = library.export_symbol(name)
    tracker = library.link(jit, "lsoda_peer")
    pointer = ctypes.c_void_p
    prep = ctypes.CFUNCTYPE(None, pointer, pointer)(tracker["prep"])
    rhs, jacobian = (ctypes.CFUNCTYPE(None, *[pointer] * 5)(tracker[name]) for name in targets)
    repeat = ctypes.CFUNCTYPE(None, *[pointer] * 5, ctypes.c_int64)(tracker["peer_repeat"])
    return prep, rhs, jacobian, repeat, len(k.hoisted), (jit, tracker)
