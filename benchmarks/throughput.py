"""Patients per second and core at equal accuracy.

Both engines are measured against the same converged reference.  The peer's tolerance is given; the engine's is the
loosest of a grid at which neither its largest error nor its 99.9th percentile exceeds the peer's.  Then both run in
turn, several rounds, and the ratio is the median over rounds of CPU time a patient.
"""

from __future__ import annotations

import time
from dataclasses import replace
from statistics import median

import numpy as np

from hepaxis import engine

from .roadrunner_peer import RoadRunnerPeer
from .workloads import VISITS, Workload, observed, patients

REFERENCE_RTOL = 1e-10
PEER_RTOL = {"tight": 1e-6, "middle": 1e-5, "loose": 1e-4}
GRID = [10 ** (-k / 4) for k in range(8, 33)]
BATCH, PEER_BATCH, CHECKED, ROUNDS = 256, 4, 16, 5
# Errors are relative to the value plus this share of the quantity's largest value.
FLOOR = 1e-3


def measure(work: Workload, *, rounds: int = ROUNDS) -> dict[str, object]:
    """The full regimen; where the peer finishes no patient of it at any tolerance, also the part it can do."""
    segmented = work.name == "own_model"
    peer = RoadRunnerPeer(work, observed(engine.load(work.sbml)), segmented=segmented)
    report = _measure(work, peer, rounds)
    if segmented and _ratio(report) is None:
        part = replace(work, regimen=work.regimen[1:2])
        peer.give(part)
        report["part_of_regimen"] = _measure(part, peer, rounds)
    report["ratio_libroadrunner"] = _ratio(report) or _ratio(report.get("part_of_regimen", {}))
    return report


def _ratio(report: object) -> float | None:
    """That of the tightest tolerance at which the peer finishes anything."""
    levels = [report[level] for level in PEER_RTOL if level in report] if isinstance(report, dict) else []
    return next((x["ratio_libroadrunner"] for x in levels if "ratio_libroadrunner" in x), None)


def _measure(work: Workload, peer: RoadRunnerPeer, rounds: int) -> dict[str, object]:
    model, protocol = engine.load(work.sbml), work.protocol()
    names, people = observed(model), patients(model, BATCH)
    reference = model.simulate(protocol, people, VISITS, names, rtol=REFERENCE_RTOL, atol=1e-13)
    sound = np.setdiff1d(np.arange(BATCH), reference.failures["patient"])
    true = reference.values
    scale = np.abs(true) + FLOOR * np.nanmax(np.abs(true), axis=(0, 1))
    report: dict[str, object] = {
        "states": len(model.states),
        "dosing_times": int(protocol["time"].nunique()),
        "failures_of": {"engine": len(reference.failures), "patients": BATCH},
        "libroadrunner_doses": "between calls" if peer.segmented else "SBML events",
    }
    good = {name: draws[sound] for name, draws in people.items()}

    def ours(rtol: float) -> tuple[np.ndarray, float]:
        begin = time.process_time()
        run = model.simulate(protocol, good, VISITS, names, rtol=rtol, threads=1)
        return run.values, time.process_time() - begin

    def errors(values: np.ndarray, rows: np.ndarray) -> tuple[float, float]:
        error = np.abs(values - true[rows]) / scale[rows]
        return float(np.nanmax(error)), float(np.nanquantile(error, 0.999))

    for level, peer_rtol in PEER_RTOL.items():
        rows = sound[:CHECKED]
        peer_values, _ = peer.run(people, rows.tolist(), peer_rtol)
        done = ~np.isnan(peer_values).any(axis=(1, 2))
        if not done.any():
            report[level] = {"libroadrunner_failed": len(rows), "libroadrunner_rtol": peer_rtol}
            continue
        peer_error = errors(peer_values[done], rows[done])
        for rtol in GRID:
            own_error = errors(ours(rtol)[0][: len(rows)][done], rows[done])
            if own_error[0] <= peer_error[0] and own_error[1] <= peer_error[1]:
                break
        ratios, own_rates, peer_rates = [], [], []
        for turn in range(rounds):
            usable = rows[done]
            chosen = [int(usable[(turn * PEER_BATCH + k) % len(usable)]) for k in range(PEER_BATCH)]
            _, spent = peer.run(people, chosen, peer_rtol)
            peer_rates.append(PEER_BATCH / spent)
            own_rates.append(len(sound) / ours(rtol)[1])
            ratios.append(own_rates[-1] / peer_rates[-1])
        report[level] = {
            "ratio_libroadrunner": median(ratios),
            "ratio_range": [min(ratios), max(ratios)],
            "patients_per_second": median(own_rates),
            "libroadrunner_per_second": median(peer_rates),
            "rtol": rtol,
            "libroadrunner_rtol": peer_rtol,
            "error_max_p999": own_error,
            "libroadrunner_error_max_p999": peer_error,
            "libroadrunner_failed": int((~done).sum()),
        }
    return report
