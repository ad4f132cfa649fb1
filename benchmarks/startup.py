"""A fresh process to its first patient, and a large population with its memory; each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

from .workloads import Workload

FIRST_PATIENT = """
import sys, time
begin = time.perf_counter()
import numpy as np
from hepaxis import engine
run = engine.load(sys.stdin.read()).simulate(None, None, np.arange(0, 729, 7.0))
assert run.failures.empty
"""

POPULATION = """
import json, resource, sys, time
import numpy as np
from benchmarks.workloads import VISITS, observed, patients, surrogate, own_model
from hepaxis import engine
work = surrogate() if sys.argv[1] == "surrogate" else own_model()
model = engine.load(work.sbml)
model.simulate(work.protocol(), patients(model, 16), VISITS, observed(model))
people = patients(model, int(sys.argv[2]))
begin = time.perf_counter()
run = model.simulate(work.protocol(), people, VISITS, observed(model), rtol=1e-4)
print(json.dumps({
    "patients": int(sys.argv[2]),
    "seconds": time.perf_counter() - begin,
    "failures": len(run.failures),
    "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
"""


def first_patient(work: Workload) -> dict[str, float]:
    """Wall seconds from process start to the first two-year patient: empty code cache, then filled."""
    import time

    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "HEPAXIS_ENGINE_CACHE": folder}
        seconds = []
        for _ in range(4):
            begin = time.perf_counter()
            command = [sys.executable, "-c", FIRST_PATIENT]
            subprocess.run(command, input=work.sbml, text=True, check=True, env=environment)
            seconds.append(time.perf_counter() - begin)
    return {"cold_seconds": seconds[0], "warm_seconds": min(seconds[1:])}


def population(name: str, count: int) -> dict[str, float]:
    """Wall seconds and peak memory of a large batch on all cores, code compiled before."""
    command = [sys.executable, "-c", POPULATION, name, str(count)]
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, float] = json.loads(answer.stdout)
    return result
