"""Arms against the control: between patients in a parallel trial, within patients in a paired one, never mixed.

Held: between patients, hazard ratios are Cox's, stratified as the design says (lifelines); within patients they are the
ratio of how often one arm's event came first in the same patient to how often the other's did (the stratified Cox model
with one patient a stratum).  Differences are of shares or means, ratios of geometric means.  A patient who dies before
decompensation is censored then: a cause-specific hazard.
Not held: tests and p-values, which a simulation can make as small as it is long.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hepaxis.problems import InputError, error
from hepaxis.trial.arm_summary import rates_of
from hepaxis.trial.estimates import Json, difference, nothing, ratio, spread, unseen

FLOOR = 1e-12
LEAST_EVENTS = 5  # on each side of a hazard ratio; with fewer it is not given
#: Outcome -> columns of day and event; the others are differences of ``rates_of`` or named below.
TIMES = {
    "pfs": ("pfs_day", "pfs_event"),
    "immune_pfs": ("immune_pfs_day", "immune_pfs_event"),
    "os": ("os_day", "os_event"),
    "duration_of_response": ("duration", "duration_event"),
    "decompensation": ("failing_day", "failing_event"),
}
VALUES = {"time_to_response": "response_day", "tumour_change": "change", "cd8_biopsy": "cd8_biopsy"}
COLUMNS = (
    *("patient", "weight", "draw", "analysis_stratum", "best", "best_unconfirmed", "best_viable", "durable", "severe"),
    *("severe_immune", "decompensation_day", "response_day", "change", "cd8_biopsy", "duration", "duration_event"),
    *("pfs_day", "pfs_event", "immune_pfs_day", "immune_pfs_event", "os_day", "os_event"),
)


@dataclass(frozen=True)
class Outcome:
    """An outcome's values (n,) on one arm; for times also ``event``; ``known`` who has one."""

    value: np.ndarray
    event: np.ndarray | None
    known: np.ndarray


def outcome_of(table: pd.DataFrame, name: str, *, not_evaluable_progresses: bool) -> Outcome:
    """Values of an outcome (``outcomes``) of an arm's rows."""
    if name in TIMES:
        day, event = TIMES[name]
        table = _with_failing(table) if name == "decompensation" else table
        value = table[day].to_numpy(float)
        return Outcome(value, table[event].to_numpy(bool), np.isfinite(value))
    if name in VALUES:
        value = table[VALUES[name]].to_numpy(float)
        return Outcome(value, None, np.isfinite(value))
    rates = rates_of(table, not_evaluable_progresses=not_evaluable_progresses)
    return Outcome(rates[name].astype(float), None, np.ones(len(table), bool))


def _with_failing(table: pd.DataFrame) -> pd.DataFrame:
    day = table["decompensation_day"].to_numpy(float)
    return table.assign(failing_day=np.minimum(day, table["os_day"]), failing_event=np.isfinite(day))


def contrast(
    name: str, kind: str, arm: pd.DataFrame, control: pd.DataFrame, trial_n: int, *, paired: bool, counted: bool
) -> Json:
    """``kind`` (hazard_ratio, difference or ratio) with its estimate; prefixed with within_ where paired.

    arm, control: rows with ``COLUMNS``; trial_n: patients of both arms in a trial of the design's size, or pairs;
    counted: whether patients not evaluable count with progression.
    """
    both = [outcome_of(table, name, not_evaluable_progresses=counted) for table in (arm, control)]
    if paired:
        return {"kind": f"within_{kind}", **_within(kind, arm, control, both, trial_n)}
    return {"kind": kind, **_between(kind, arm, control, both, trial_n)}


def _between(kind: str, arm: pd.DataFrame, control: pd.DataFrame, both: list[Outcome], trial_n: int) -> Json:
    tables = [table[one.known] for table, one in zip((arm, control), both, strict=True)]
    known = float(np.mean(np.concatenate([one.known for one in both])))
    n = max(1, round(trial_n * known))
    if not all(len(table) for table in tables):
        return nothing(n)
    draw = np.concatenate([table["draw"].to_numpy() for table in tables])
    side = np.repeat([1, 0], [len(table) for table in tables])
    weight = np.concatenate([table["weight"].to_numpy(float) for table in tables])
    value = np.concatenate([one.value[one.known] for one in both])
    if kind == "hazard_ratio":
        event = np.concatenate([one.event[one.known] for one in both if one.event is not None])
        strata = np.concatenate([table["analysis_stratum"].to_numpy() for table in tables])
        found = cox(value, event, side, weight, strata)
        if found is None:
            return nothing(n)
        return ratio(found[0], spread(found[1], draw, side), n)
    value = np.log(np.maximum(value, FLOOR)) if kind == "ratio" else value
    means = [float(np.average(value[side == k], weights=weight[side == k])) for k in (0, 1)]
    influence = np.zeros(len(value))
    for k, sign in ((0, -1.0), (1, 1.0)):
        mine = side == k
        own = weight[mine] / weight[mine].mean() * (value[mine] - means[k])
        influence[mine] = sign * own * len(value) / mine.sum()
    got = spread(influence, draw, side)
    return (ratio if kind == "ratio" else difference)(means[1] - means[0], got, n)


def _within(kind: str, arm: pd.DataFrame, control: pd.DataFrame, both: list[Outcome], trial_n: int) -> Json:
    frames = []
    for table, one in zip((arm, control), both, strict=True):
        event = np.zeros(len(table), bool) if one.event is None else one.event
        columns = {"patient": table["patient"], "draw": table["draw"], "weight": table["weight"]}
        frames.append(pd.DataFrame({**columns, "value": one.value, "event": event})[one.known])
    pairs = frames[0].merge(frames[1], on="patient", suffixes=("", "_control"))
    n = max(1, round(trial_n * len(pairs) / max(len(arm), 1)))
    if not len(pairs):
        return nothing(n)
    weight, draw = pairs["weight"].to_numpy(float), pairs["draw"].to_numpy()
    mine, theirs = pairs["value"].to_numpy(float), pairs["value_control"].to_numpy(float)
    if kind == "hazard_ratio":
        first = (mine < theirs) & pairs["event"].to_numpy()
        second = (theirs < mine) & pairs["event_control"].to_numpy()
        a, b = float(weight @ first), float(weight @ second)
        if min(first.sum(), second.sum()) < LEAST_EVENTS:
            return nothing(n)
        return ratio(float(np.log(a / b)), spread(len(pairs) * weight * (first / a - second / b), draw), n)
    if kind == "ratio":
        mine, theirs = np.log(np.maximum(mine, FLOOR)), np.log(np.maximum(theirs, FLOOR))
    change = mine - theirs
    mean = float(np.average(change, weights=weight))
    got = spread(weight / weight.mean() * (change - mean), draw)
    if kind == "difference" and np.isin(change, (-1.0, 0.0, 1.0)).all():
        got = unseen(got, len(pairs))
    return (ratio if kind == "ratio" else difference)(mean, got, n)


def cox(
    day: np.ndarray, event: np.ndarray, side: np.ndarray, weight: np.ndarray, strata: np.ndarray
) -> tuple[float, np.ndarray] | None:
    """Logarithm of the hazard ratio of side 1 to 0, and each patient's influence on it (n,); None without a fit.

    Raises InputError when lifelines is not installed.
    """
    try:
        from lifelines import CoxPHFitter
        from lifelines.exceptions import ConvergenceError
    except ImportError:
        hint = "install hepaxis with its dependencies"
        raise InputError([error("trial.lifelines", "hazard ratios need the package lifelines", hint)]) from None
    if any(event[side == k].sum() < LEAST_EVENTS for k in (0, 1)):
        return None
    # A first day of 0 (no scan after baseline) is no time at risk.
    table = pd.DataFrame({"day": np.maximum(day, FLOOR), "event": event, "side": side.astype(float), "weight": weight})
    table["stratum"] = pd.factorize(strata)[0]
    try:
        fit = CoxPHFitter().fit(table, "day", "event", weights_col="weight", strata=["stratum"], robust=True)
        moves = fit.compute_residuals(table, "delta_beta")["side"].reindex(table.index).to_numpy(float)
    except ConvergenceError:
        return None
    # lifelines moves by a covariate of sd 1; the size is that of the robust standard error.
    size = float(fit.standard_errors_["side"]) / float(np.sqrt((moves**2).sum()))
    return float(fit.params_["side"]), len(table) * size * moves
