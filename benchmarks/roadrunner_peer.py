"""libRoadRunner as peer: one patient after the other, regimen as SBML events.

Its traps: ``reset`` keeps what events changed (``resetAll`` does not), and an initial value set through ``init`` resets
the parameters.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence

import numpy as np
import roadrunner


class RoadRunnerPeer:
    def __init__(self, sbml: str, observe: Sequence[str], times: np.ndarray):
        roadrunner.Logger.setLevel(roadrunner.Logger.LOG_CRITICAL)
        self._rr = roadrunner.RoadRunner(sbml)
        self._select = ["time", *observe]
        self._times = times.tolist()

    def run(self, people: Mapping[str, np.ndarray], rows: Sequence[int], rtol: float) -> tuple[np.ndarray, float]:
        """(values (n, n_times, n_observed), CPU seconds); NaN where the integrator gives up."""
        self._rr.integrator.setValue("relative_tolerance", rtol)
        self._rr.integrator.setValue("absolute_tolerance", rtol * 1e-3)
        self._rr.integrator.setValue("maximum_num_steps", 1_000_000)
        values = np.full((len(rows), len(self._times), len(self._select) - 1), np.nan)
        spent = 0.0
        for k, row in enumerate(rows):
            self._rr.resetAll()
            for name, draws in people.items():
                self._rr.setValue(name, float(draws[row]))
            begin = time.process_time()
            with contextlib.suppress(RuntimeError):
                values[k] = np.asarray(self._rr.simulate(times=self._times, selections=self._select))[:, 1:]
            spent += time.process_time() - begin
        return values, spent
