"""Patients per second and core at equal accuracy.

All engines are measured against the same converged reference.  A peer's tolerance is given; the engine's is the loosest
of a grid at which neither its largest error nor its 99.9th percentile exceeds the peer's.  Then both run in turn,
several rounds, and the ratio is the median over rounds of CPU time a patient.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Protocol

import numpy as np

from hepaxis import engine

from .lsoda_peer import LsodaPeer
from .roadrunner_peer import RoadRunnerPeer
from .workloads import VISITS, Workload, observed, patients

REFERENCE_RTOL = 1e-10
PEER_RTOL = {"tight": 1e-6, "middle": 1e-5, "loose": 1e-4}
GRID = [10 ** (-k / 4) for k in range(8, 33)]
BATCH, PEER_BATCH, CHECKED, ROUNDS = 256, 4, 16, 5
# libRoadRunner's absolute tolerance.  The own model has states that decay to nothing: with 1e-3 CVODE lets them cross
# zero and gives up between day 280 and 510 of every patient; with 1e-6 it finishes some at 1e-6 and all at 1e-4.
ATOL_PER_RTOL, ATOL_PER_RTOL_NEAR_ZERO = 1e-3, 1e-6
ORACLE_RTOL, ORACLE_PATIENTS, ORACLE_FLOOR = 1e-10, 3, 1e-6
# Errors are relative to the value plus this share of the quantity's largest value.
FLOOR = 1e-3


class Peer(Protocol):
    def run(self, people: Mapping[str, np.ndarray], rows: Sequence[int], rtol: float) -> tuple[np.ndarray, float]: ...


def measure(work: Workload, *, rounds: int = ROUNDS) -> dict:
    """Ratios to both peers on the full regimen, and how far libRoadRunner at its tightest is from the engine."""
    setting = Setting.of(work)
    report = setting.account()
    lsoda = LsodaPeer(work, setting.names)
    report["lsoda"] = setting.against(lsoda, "lsoda", rounds)
    report["lsoda_callbacks_share"] = lsoda.python_share
    own = work.name == "own_model"
    begin = time.process_time()
    roadrunner = RoadRunnerPeer(
        work, setting.names, segmented=own, atol_per_rtol=ATOL_PER_RTOL_NEAR_ZERO if own else ATOL_PER_RTOL
    )
    report["libroadrunner_load_seconds"] = time.process_time() - begin
    report["libroadrunner_doses"] = "between calls" if own else "SBML events"
    report["libroadrunner_atol_per_rtol"] = roadrunner.atol_per_rtol
    report["libroadrunner"] = setting.against(roadrunner, "libroadrunner", rounds)
    report["oracle"] = setting.oracle(roadrunner)
    for peer in ("libroadrunner", "lsoda"):
        report[f"ratio_{peer}"] = _ratio(report[peer], peer)
    return report


def _ratio(levels: dict[str, dict], peer: str) -> float | None:
    """That of the tightest tolerance at which the peer finishes anything."""
    return next((x[f"ratio_{peer}"] for x in levels.values() if f"ratio_{peer}" in x), None)


@dataclass(frozen=True)
class Setting:
    """One workload with its patients and their converged reference."""

    model: engine.Model
    work: Workload
    names: list[str]
    people: dict[str, np.ndarray]
    sound: np.ndarray
    true: np.ndarray

    @classmethod
    def of(cls, work: Workload) -> Setting:
        model = engine.load(work.sbml)
        names, people = observed(model), patients(model, BATCH)
        reference = model.simulate(work.protocol(), people, VISITS, names, rtol=REFERENCE_RTOL, atol=1e-13)
        sound = np.setdiff1d(np.arange(BATCH), reference.failures["patient"])
        return cls(model, work, names, people, sound, reference.values)

    def account(self) -> dict:
        return {
            "states": len(self.model.states),
            "dosing_times": int(self.work.protocol()["time"].nunique()),
            "failures_of": {"engine": BATCH - len(self.sound), "patients": BATCH},
        }

    def against(self, peer: Peer, label: str, rounds: int) -> dict[str, dict]:
        return {level: self._level(peer, label, rtol, rounds) for level, rtol in PEER_RTOL.items()}

    def oracle(self, peer: RoadRunnerPeer) -> dict:
        """Largest relative difference over all states, visits and some patients, both engines at tight tolerance."""
        names, rows = list(self.model.states), self.sound[:ORACLE_PATIENTS]
        people = {name: draws[rows] for name, draws in self.people.items()}
        ours = self.model.simulate(self.work.protocol(), people, VISITS, names, rtol=REFERENCE_RTOL, atol=1e-14).values
        usual = peer.atol_per_rtol
        peer.observe(names)
        peer.atol_per_rtol = ATOL_PER_RTOL_NEAR_ZERO
        theirs, _ = peer.run(self.people, rows.tolist(), ORACLE_RTOL)
        peer.atol_per_rtol = usual
        peer.observe(self.names)
        done = ~np.isnan(theirs).any(axis=(1, 2))
        scale = np.abs(theirs) + ORACLE_FLOOR * np.nanmax(np.abs(theirs), axis=1, keepdims=True)
        off = np.abs(ours - theirs)
        error = np.divide(off, scale, out=np.zeros_like(off), where=off > 0)[done]
        return {
            "difference": float(error.max()) if done.any() else None,
            "libroadrunner_rtol": ORACLE_RTOL,
            "patients": len(rows),
            "libroadrunner_failed": int((~done).sum()),
        }

    def _ours(self, rtol: float) -> tuple[np.ndarray, float]:
        good = {name: draws[self.sound] for name, draws in self.people.items()}
        protocol = self.work.protocol()
        begin = time.process_time()
        run = self.model.simulate(protocol, good, VISITS, self.names, rtol=rtol, threads=1)
        return run.values, time.process_time() - begin

    def _errors(self, values: np.ndarray, rows: np.ndarray) -> tuple[float, float]:
        """Largest and 99.9th percentile."""
        scale = np.abs(self.true) + FLOOR * np.nanmax(np.abs(self.true), axis=(0, 1))
        scale = np.where(scale > 0, scale, 1.0)  # zero throughout (a drug nobody is given): in its own unit
        off = np.abs(values - self.true[rows])
        error = off / scale[rows]
        return float(np.max(error)), float(np.quantile(error, 0.999))

    def _level(self, peer: Peer, label: str, peer_rtol: float, rounds: int) -> dict:
        rows = self.sound[:CHECKED]
        peer_values, _ = peer.run(self.people, rows.tolist(), peer_rtol)
        done = ~np.isnan(peer_values).any(axis=(1, 2))
        if not done.any():
            return {f"{label}_failed": len(rows), f"{label}_rtol": peer_rtol}
        peer_error = self._errors(peer_values[done], rows[done])
        for rtol in GRID:
            own_error = self._errors(self._ours(rtol)[0][: len(rows)][done], rows[done])
            if own_error[0] <= peer_error[0] and own_error[1] <= peer_error[1]:
                break
        else:
            return {f"{label}_error_max_p999": peer_error, f"{label}_rtol": peer_rtol, "equal_accuracy": "not reached"}
        ratios, own_rates, peer_rates = [], [], []
        for turn in range(rounds):
            usable = rows[done]
            chosen = [int(usable[(turn * PEER_BATCH + k) % len(usable)]) for k in range(PEER_BATCH)]
            _, spent = peer.run(self.people, chosen, peer_rtol)
            peer_rates.append(PEER_BATCH / spent)
            own_rates.append(len(self.sound) / self._ours(rtol)[1])
            ratios.append(own_rates[-1] / peer_rates[-1])
        return {
            f"ratio_{label}": median(ratios),
            "ratio_range": [min(ratios), max(ratios)],
            "patients_per_second": median(own_rates),
            f"{label}_per_second": median(peer_rates),
            "rtol": rtol,
            f"{label}_rtol": peer_rtol,
            "error_max_p999": own_error,
            f"{label}_error_max_p999": peer_error,
            f"{label}_failed": int((~done).sum()),
        }
