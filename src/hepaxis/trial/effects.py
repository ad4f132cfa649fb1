"""What arms do against a control within the same virtual patients, and how far that moves between draws of mechanisms.

Held: effects are what a trial would estimate (log odds ratio of shares, log hazard ratio of an unstratified Cox model),
read from a paired run: every patient stands on each arm with the same chances.  A patient's influence on an effect is
the sum of its influences on each arm, so common chance cancels; mean products of influences of two patients of one draw
are the covariance of the effects between draws (as in ``estimates``), for all arms at once.
Where the variance between draws is not resolved, its likely size is added, so that few patients make no certainty.
Not held: shapes of the distribution over draws beyond the normal; with ten patients a draw they cannot be seen.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from hepaxis.problems import InputError, Problem, error
from hepaxis.trial.contrasts import COLUMNS, LEAST_EVENTS, TIMES, cox, outcome_of
from hepaxis.trial.design import Design
from hepaxis.trial.design_files import parse_design
from hepaxis.trial.estimates import LEAST_DRAWS, spread
from hepaxis.trial.parts import read_manifest, read_rows
from hepaxis.trial.run import run_trial

#: Outcomes an effect is known for -> scale; more is better on odds, less on hazard.
SCALES = {
    "response": "log_odds",
    "disease_control": "log_odds",
    "durable_response": "log_odds",
    "pfs": "log_hazard",
    "os": "log_hazard",
}

MORE = "simulate more patients or follow them longer"


@dataclass(frozen=True)
class Base:
    """The control arm as simulated: ``rate`` of a share, or ``day`` (n,) and ``event`` (n,) of a time."""

    rate: float
    day: np.ndarray
    event: np.ndarray


@dataclass(frozen=True)
class Effects:
    """Effects of arms (k,) on the log scale, their covariance between draws and by simulation (k, k).

    ``unseen`` (k,): variance between draws that may be there beside what was seen; ``draw_sd_most`` (k,): upper 95%
    limit of each sd between draws; ``draws`` and ``patients`` counted.
    """

    outcome: str
    control: str
    arms: tuple[str, ...]
    mean: np.ndarray
    between: np.ndarray
    simulation: np.ndarray
    unseen: np.ndarray
    draw_sd_most: np.ndarray
    draws: int
    patients: int
    base: Base

    @property
    def scale(self) -> str:
        return SCALES[self.outcome]

    @property
    def good(self) -> float:
        """Sign of a benefit."""
        return 1.0 if self.scale == "log_odds" else -1.0


def check_asked(design: Design, arms: tuple[str, ...], control: str, outcome: str) -> list[Problem]:
    """What cannot be answered: arms that are not there, an arm against itself, an outcome without a scale."""
    known = [one.id for one in design.arms]
    hint = f"arms are {', '.join(known)}"
    faults = [
        error("trial.arm", f"no arm '{name}' in the design", hint) for name in (*arms, control) if name not in known
    ]
    if control in arms:
        faults.append(error("trial.arm", f"arm '{control}' is compared with itself", "name two different arms"))
    if outcome not in SCALES:
        faults.append(error("trial.outcome", f"no effect is known for '{outcome}'", f"known are {', '.join(SCALES)}"))
    return faults


def paired_pool(
    design: Design,
    arms: tuple[str, ...],
    control: str,
    patients: int,
    *,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[dict[str, pd.DataFrame], dict[str, object]]:
    """The control and the arms simulated on the same patients: rows of each arm, and the run's stamp.

    Raises InputError as ``run_trial`` does.
    """
    wanted = tuple(one for one in design.arms if one.id in (control, *arms))
    paired = replace(design, mode="paired", arms=wanted, control=control)
    with tempfile.TemporaryDirectory(prefix="hepaxis-") as folder:
        done = run_trial(paired, Path(folder), workers=workers, patients=patients, progress=progress)
        return {one.id: read_rows(done.folder, COLUMNS, one.id) for one in wanted}, done.manifest["stamp"]


def read_pool(folder: Path) -> tuple[Design, dict[str, pd.DataFrame], dict[str, object]]:
    """Design, rows of each arm and stamp of a finished run.  Raises InputError where it is not paired."""
    manifest = read_manifest(folder)
    design = parse_design(manifest["design"]["text"], file=manifest["design"]["file"])
    if not design.paired:
        hint = "run a paired design, or give the design itself: its patients are then put on every arm"
        raise InputError([error("trial.not_paired", "the run is of a parallel design", hint, file=str(folder))])
    return design, {one.id: read_rows(folder, COLUMNS, one.id) for one in design.arms}, manifest["stamp"]


def effects(rows: dict[str, pd.DataFrame], control: str, outcome: str) -> Effects:
    """Effects of every other arm against the control.

    rows: arm -> table with ``contrasts.COLUMNS``.  Raises InputError with too few events or draws to know one.
    """
    common = set.intersection(*(set(table["patient"]) for table in rows.values()))
    kept = {
        name: table[table["patient"].isin(common)].sort_values("patient", ignore_index=True)
        for name, table in rows.items()
    }
    names = tuple(name for name in kept if name != control)
    found = {name: _effect(kept[name], kept[control], outcome) for name in names}
    faults = [
        error("trial.few_events", f"fewer than {LEAST_EVENTS} events of {outcome} on '{name}' or '{control}'", MORE)
        for name, one in found.items()
        if one is None
    ]
    draw = kept[control]["draw"].to_numpy()
    shared = int((np.unique(draw, return_counts=True)[1] >= 2).sum())
    if shared < LEAST_DRAWS:
        few = f"{len(draw)} patients in {shared} draws of the mechanisms; at least {LEAST_DRAWS} draws are needed"
        faults.append(error("trial.few_draws", few, MORE))
    if faults:
        raise InputError(faults)
    known = [one for one in found.values() if one is not None]
    influence = np.stack([one[1] for one in known], axis=1)
    between, simulation = covariances(influence, draw)
    seen = [spread(column, draw) for column in influence.T]
    likely = np.array([likely_variance(one.draws, one.draws_se) for one in seen])
    return Effects(
        outcome,
        control,
        names,
        np.array([one[0] for one in known]),
        between,
        simulation,
        np.maximum(likely - np.diag(between), 0.0),
        np.array([one.draw_sd_most for one in seen]),
        shared,
        len(draw),
        _base(kept[control], outcome),
    )


def _effect(arm: pd.DataFrame, control: pd.DataFrame, outcome: str) -> tuple[float, np.ndarray] | None:
    """Log ratio and each patient's influence on it (n,); None where it is not known."""
    both = [outcome_of(table, outcome, not_evaluable_progresses=False) for table in (arm, control)]
    weights = [table["weight"].to_numpy(float) for table in (arm, control)]
    if outcome in TIMES:
        events = [one.event for one in both if one.event is not None]
        side, strata = np.repeat([1, 0], len(arm)), np.zeros(2 * len(arm))
        day = np.concatenate([one.value for one in both])
        got = cox(day, np.concatenate(events), side, np.concatenate(weights), strata)
        return None if got is None else (got[0], got[1].reshape(2, -1).sum(0) / 2)
    if any(min(one.value.sum(), (1 - one.value).sum()) < LEAST_EVENTS for one in both):
        return None
    odds, moves = [], []
    for one, weight in zip(both, weights, strict=True):
        rate = float(np.average(one.value, weights=weight))
        odds.append(np.log(rate / (1 - rate)))
        moves.append(weight / weight.mean() * (one.value - rate) / (rate * (1 - rate)))
    return float(odds[0] - odds[1]), moves[0] - moves[1]


def covariances(influence: np.ndarray, draw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Covariance (k, k) of k estimates between draws, and of the estimates as simulated.

    influence (n, k) with means 0; negative variances that chance made are set to 0.
    """
    place = np.unique(draw, return_inverse=True)[1]
    total = np.zeros((int(place.max()) + 1, influence.shape[1]))
    np.add.at(total, place, influence)
    size = np.bincount(place)
    pairs = float((size * (size - 1)).sum())
    raw = (total.T @ total - influence.T @ influence) / pairs
    values, vectors = np.linalg.eigh((raw + raw.T) / 2)
    between = (vectors * np.maximum(values, 0.0)) @ vectors.T
    return between, total.T @ total / len(influence) ** 2


def likely_variance(estimate: float, se: float) -> float:
    """Mean of a variance that is not negative, flat before, given an estimate (which may be negative) and its se.

    An estimate of 0 does not say that draws are alike, only that too few patients were simulated to see it.
    """
    if se <= 0:
        return max(estimate, 0.0)
    z = estimate / se
    hazard = float(np.exp(stats.norm.logpdf(z) - stats.norm.logcdf(z)))
    return max(estimate + se * hazard, 0.0)


def _base(control: pd.DataFrame, outcome: str) -> Base:
    got = outcome_of(control, outcome, not_evaluable_progresses=False)
    if got.event is None:
        return Base(float(np.average(got.value, weights=control["weight"])), np.zeros(0), np.zeros(0, bool))
    return Base(float("nan"), got.value, got.event)
