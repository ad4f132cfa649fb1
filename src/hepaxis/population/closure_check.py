"""Whether people really rest: how many close and why not, two starts, drift in an untreated year, time a patient.

Held: the closure takes the low start (the branch a tumour reaches as it grows); ``two_rests`` starts high as well and
counts who ends elsewhere.  ``drift`` is how far the gut of untreated people moves while their tumours grow.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hepaxis.population.closure import Closed, engine_model, rest_of_stage, stage_cell, start_of_stage
from hepaxis.population.guts import gut_from_prior
from hepaxis.population.mechanisms import draw_mechanisms
from hepaxis.population.tau import solved_tau
from hepaxis.population.twin import build_twin
from hepaxis.profile.guilds import GUILDS
from hepaxis.profile.reference import reference as guild_reference

APART = 0.02  # killing of two rests that far apart are two (axis closure, stage 4)
KILL_FLOOR = 1e-6  # per day
YEAR = 365.0
HOSTS = 20  # hosts a gut in the check's population
DRIFT_TOLERANCE = 1e-8  # of the integration in which drift is read
DRIFT_FLOOR = 1e-6  # added to a state before its move is taken relative to it
FAMILY = "metaphlan4"


@dataclass(frozen=True)
class ClosureCheck:
    """patients; failures by reason; two_rests: how many; drift: largest relative move of a gut state in a year.

    drifting: the state that moved most; ms: milliseconds of processor a patient, the references of hosts included
    """

    patients: int
    failures: dict[str, int]
    two_rests: int
    drift: float
    drifting: str
    ms: float


def check_closure(patients: int, seed: int) -> ClosureCheck:
    """Closes drawn people (hosts x guts, at least ``patients``) and checks them.  patients >= 1."""
    guts = int(np.ceil(patients / HOSTS))
    reference = guild_reference(FAMILY)
    drawn = gut_from_prior(reference, guts, seed), draw_mechanisms(guts, solved_tau(), seed + 1)
    engine_model()
    start = time.process_time()
    closed = build_twin(None, *drawn, reference, hosts=HOSTS, seed=seed + 2).closed
    spent = time.process_time() - start
    rested = closed.take(np.flatnonzero(closed.ok))
    moved, state = drift(rested)
    return ClosureCheck(
        patients=len(closed.ok),
        failures=dict(Counter(reason.partition(":")[0] for reason in closed.reason if reason)),
        two_rests=int(two_rests(rested).sum()),
        drift=moved,
        drifting=state,
        ms=1000 * spent / len(closed.ok),
    )


def two_rests(closed: Closed) -> np.ndarray:
    """(V,) whether immunity rests elsewhere from a high start (killing 2% apart), or does not rest from there."""
    again, fine = rest_of_stage("host", closed.parameters, start_of_stage("host", "high", closed.states))
    kill = [engine_model().observe(s, closed.parameters, ["kill_sensitive"])[:, 0] for s in (closed.states, again)]
    apart: np.ndarray = ~fine | (np.abs(kill[1] - kill[0]) > APART * np.maximum(kill[0], KILL_FLOOR))
    return apart


def drift(closed: Closed, days: float = YEAR) -> tuple[float, str]:
    """(largest relative move of a gut state without treatment, its name); nan where somebody cannot be simulated."""
    model = engine_model()
    initial = pd.DataFrame(closed.states, columns=list(model.states))
    names = list(gut_states())
    run = model.simulate(None, closed.parameters, [0.0, days], names, initial, rtol=DRIFT_TOLERANCE)
    if len(run.failures) or not len(closed.ok):
        return float("nan"), ""
    before, after = run.values[:, 0], run.values[:, 1]
    moves = (np.abs(after - before) / (np.abs(before) + DRIFT_FLOOR)).max(axis=0)
    return float(moves.max()), names[int(moves.argmax())]


def gut_states() -> tuple[str, ...]:
    """States that must not move in untreated people: the community (set with its niches) and metabolites."""
    kinds = sorted({setting.partition("=")[0].partition("_")[0] for setting in stage_cell("niche", "sets")})
    community = [f"{kind}_{guild}" for kind in kinds for guild in GUILDS]
    return tuple(
        name for name in (*community, *stage_cell("metabolites", "solve_for")) if name in engine_model().states
    )
