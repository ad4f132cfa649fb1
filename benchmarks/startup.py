"""A fresh process to its first patient, and a large population with its memory; each in a process of its own."""

from __future__ import annotations

import json
import os
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from statistics import median

from hepaxis import engine

from .workloads import VISITS, Workload, observed, patients

WARM_STARTS = 5

FIRST_PATIENT = """
import pickle, sys
import numpy as np
from hepaxis import engine
sbml, protocol, times = pickle.load(sys.stdin.buffer)
run = engine.load(sbml).simulate(protocol, None, times)
assert run.failures.empty and np.isfinite(run.values).all()
"""

POPULATION = """
import json, pickle, resource, sys, time
from hepaxis import engine

def peak():
    # Not getrusage: a child's peak there starts at what its parent held.
    try:
        lines = open("/proc/self/status").read().splitlines()
        return int(next(x for x in lines if x.startswith("VmHWM")).split()[1]) / 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

sbml, protocol, people, times, names = pickle.load(sys.stdin.buffer)
model = engine.load(sbml)
few = {name: draws[:16] for name, draws in people.items()}
model.simulate(protocol, few, times, names, rtol=1e-4)
begin, cpu = time.perf_counter(), time.process_time()
run = model.simulate(protocol, people, times, names, rtol=1e-4)
print(json.dumps({
    "seconds": time.perf_counter() - begin,
    "cpu_seconds": time.process_time() - cpu,
    "failures": len(run.failures),
    "peak_megabytes": peak(),
}))
"""


def first_patient(work: Workload) -> dict[str, float]:
    """Seconds from process start to the first two-year patient with its regimen, cache empty, then filled (median).

    Wall seconds are those of the machine as loaded as it is; CPU seconds are what the process used.
    """
    task = pickle.dumps((work.sbml, work.protocol(), VISITS))
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "HEPAXIS_ENGINE_CACHE": folder}
        wall, processor = [], []
        for _ in range(1 + WARM_STARTS):
            before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            command = [sys.executable, "-c", FIRST_PATIENT]
            subprocess.run(command, input=task, check=True, env=environment)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            wall.append(time.perf_counter() - begin)
            processor.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return {
        "cold_seconds": wall[0],
        "warm_seconds": median(wall[1:]),
        "cold_cpu_seconds": processor[0],
        "warm_cpu_seconds": median(processor[1:]),
    }


def population(work: Workload, count: int) -> dict[str, float]:
    """Wall seconds and peak memory of a large batch on all cores, code compiled before."""
    model = engine.load(work.sbml)
    people = patients(model, count)
    # 18 quantities at 18 visits: what a trial keeps of a patient.
    visits = VISITS[:: len(VISITS) // 17][:18]
    task = pickle.dumps((work.sbml, work.protocol(), people, visits, observed(model)))
    model.simulate(work.protocol(), {name: draws[:16] for name, draws in people.items()}, VISITS)
    answer = subprocess.run([sys.executable, "-c", POPULATION], input=task, stdout=subprocess.PIPE, check=True)
    result: dict[str, float] = {"patients": count, **json.loads(answer.stdout)}
    return result
