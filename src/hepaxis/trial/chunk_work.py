"""One chunk of a trial: its patients closed at rest, put on their arms, and read as rows of a table.

Held: a chunk knows nothing of other chunks, so that it may be worked on anywhere and the rows are the same.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hepaxis.population import Population, Twin, draw_candidates, taken
from hepaxis.trial.arm_patients import arm_patients
from hepaxis.trial.cohorts import at_rest
from hepaxis.trial.conditions import feature_table
from hepaxis.trial.rest_features import rest_features
from hepaxis.trial.screening import Screen, Task

PEOPLE_PER_DRAW = 10  # consecutive candidates that share a draw of the mechanisms
THREADS = "HEPAXIS_ENGINE_THREADS"


@dataclass(frozen=True)
class Chunk:
    """Rows of a task's patients (docs/trial.md), in order of patient and arm.

    enrolled (k,) numbers of those closed; lost: number and reason of who was not; failed: number and arm not simulated.
    """

    rows: pd.DataFrame
    enrolled: np.ndarray
    lost: tuple[tuple[int, str], ...]
    failed: tuple[tuple[int, str], ...]


def share_cores(processes: int) -> None:
    """For the start of a worker: use a part of the machine's cores, and leave interrupts to the caller."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ[THREADS] = str(max(1, (os.cpu_count() or 1) // processes))


def work(screen: Screen, task: Task) -> Chunk:
    """Close the task's patients and run them on their arms."""
    design = screen.design
    drawn = draw_candidates(screen.prior, int(task.patients[0]), int(task.patients[-1]) + 1, design.seed)
    drawn = drawn.take(np.isin(drawn.patients, task.patients))
    population, twin, reasons = at_rest(drawn, design.gates, PEOPLE_PER_DRAW)
    lost = tuple((int(k), why) for k, why in zip(drawn.patients, reasons, strict=True) if why)
    if twin is None:
        return Chunk(pd.DataFrame(), population.patients, lost, ())
    kept = np.isin(task.patients, population.patients)
    who = _who(population, twin, task, kept)
    tables: list[pd.DataFrame] = []
    failed: list[tuple[int, str]] = []
    for place, arm in enumerate(design.arms):
        rows = np.arange(len(population)) if task.arm is None else np.flatnonzero(task.arm[kept] == place)
        if not len(rows):
            continue
        mine = who.iloc[rows].reset_index(drop=True)
        got = arm_patients(design, arm, population.take(rows), taken(twin, rows), mine["draw"].to_numpy())
        table = pd.concat([mine, got.table], axis=1)
        table.insert(1, "arm", arm.id)
        table.insert(2, "place", place)
        failed += [(int(k), arm.id) for k in mine["patient"][got.failed]]
        if not got.failed.all():
            tables.append(table[~got.failed])
    if not tables:
        return Chunk(pd.DataFrame(), population.patients, lost, tuple(sorted(failed)))
    whole = pd.concat(tables, ignore_index=True)
    whole = whole.sort_values(["patient", "place"], kind="stable", ignore_index=True).drop(columns="place")
    return Chunk(whole, population.patients, lost, tuple(sorted(failed)))


def _who(population: Population, twin: Twin, task: Task, kept: np.ndarray) -> pd.DataFrame:
    head = pd.DataFrame(
        {
            "patient": population.patients,
            "weight": population.weights,
            "stratum": task.stratum[kept],
            "analysis_stratum": task.analysis[kept],
            "draw": population.patients // PEOPLE_PER_DRAW,
        }
    )
    return pd.concat([head, feature_table(population), rest_features(twin)], axis=1)
