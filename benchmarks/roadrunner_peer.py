"""libRoadRunner as peer: one patient after the other.

The regimen is SBML events, or doses given between calls (``segmented``).  Its traps: ``reset`` keeps what events
changed (``resetAll`` does not), an initial value set through ``init`` resets the parameters, and CVODE fails where
states decay to nothing and ``atol`` lets them cross zero.  It writes out every assignment rule wherever one is used:
a model with rules on rules grows to millions of nodes and takes a minute or more to load, whatever the options.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Mapping, Sequence

import numpy as np
import roadrunner

from .workloads import VISITS, Workload


class RoadRunnerPeer:
    def __init__(self, work: Workload, observe: Sequence[str], *, segmented: bool, atol_per_rtol: float):
        roadrunner.Logger.setLevel(roadrunner.Logger.LOG_CRITICAL)
        self.segmented, self.atol_per_rtol = segmented, atol_per_rtol
        self._rr = roadrunner.RoadRunner(work.sbml if segmented else work.with_events())
        self.observe(observe)
        doses = work.protocol()
        self._doses = {float(t): doses[doses["time"] == t] for t in doses["time"].unique()}

    def observe(self, names: Sequence[str]) -> None:
        self._select = ["time", *names]

    def run(self, people: Mapping[str, np.ndarray], rows: Sequence[int], rtol: float) -> tuple[np.ndarray, float]:
        """(values (n, n_times, n_observed), CPU seconds); NaN where the integrator gives up."""
        self._rr.integrator.setValue("relative_tolerance", rtol)
        self._rr.integrator.setValue("absolute_tolerance", rtol * self.atol_per_rtol)
        self._rr.integrator.setValue("maximum_num_steps", 1_000_000)
        values = np.full((len(rows), len(VISITS), len(self._select) - 1), np.nan)
        spent = 0.0
        for k, row in enumerate(rows):
            self._rr.resetAll()
            for name, draws in people.items():
                self._rr.setValue(name, float(draws[row]))
            begin = time.process_time()
            with contextlib.suppress(RuntimeError):
                values[k] = self._segments() if self.segmented else self._simulate(VISITS)
            spent += time.process_time() - begin
        return values, spent

    def _simulate(self, times: np.ndarray) -> np.ndarray:
        return np.asarray(self._rr.simulate(times=times.tolist(), selections=self._select))[:, 1:]

    def _segments(self) -> np.ndarray:
        found = np.full((len(VISITS), len(self._select) - 1), np.nan)
        cuts = [0.0, *sorted(self._doses), float(VISITS[-1])]
        for start, end in itertools.pairwise(cuts):
            inside = (start <= VISITS) & ((end > VISITS) | (end == cuts[-1]))
            times = np.unique(np.concatenate([[start], VISITS[inside], [end]]))
            part = self._simulate(times)
            found[inside] = part[np.isin(times, VISITS[inside])]
            for dose in self._doses[end].itertuples() if end in self._doses else ():
                self._rr.setValue(dose.target, self._rr.getValue(dose.target) + dose.amount)
        return found
