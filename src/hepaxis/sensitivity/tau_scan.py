"""How predictions hang on tau, on the target that it is solved for, and on the transfer discounts.

Held: the experiment of ``gut_effect`` (same hosts, every community) at a row of taus, with gates at their prior means
with and without the chance that a claim holds in people; the sd over draws of gate strengths, which is what the target
is a median of; shares of the groups of claims; and what two arms of the microbiota do beside durvalumab.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from hepaxis import axis, knowledge
from hepaxis.patient import Patient
from hepaxis.plan.estimates import log_odds
from hepaxis.plan.simulation import Setting, simulate
from hepaxis.population import Guts, build_twin, draw_mechanisms, gut_from_prior, solved_tau, tau_record
from hepaxis.population.mechanisms import Mechanisms
from hepaxis.profile.reference import reference
from hepaxis.sensitivity.crew import Crew
from hepaxis.sensitivity.gut_effect import (
    FAMILY,
    HORIZON,
    REGIMEN,
    GutExperiment,
    Spread,
    strengths,
    without,
)

TAUS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)
DRAW_TAUS = (0.15, 0.4, 1.0)  # where the spread over draws of strengths is simulated; linear between
SHARE_TAUS = (0.5,)  # beside the solved one
ARM_TAUS = (0.0, 0.1, 0.2, 0.4, 1.0)
TARGETS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
ARMS = {"fmt_capsules_healthy": "FMT by capsules, healthy donor", "oral_vancomycin": "oral vancomycin"}
RESAMPLES = 300

Progress = Callable[[str], None]
Responses = Callable[[list[tuple[Mechanisms, float]]], list[np.ndarray]]  # strengths and tau, each one experiment


@dataclass(frozen=True)
class ScanSizes:
    """Few people respond and the gut moves them most: hosts make these numbers certain, more than communities do."""

    communities: int = 16
    hosts: int = 48
    draws: int = 12  # of gate strengths, for the spread over draws
    arm_draws: int = 40  # of gate strengths, each with a community of its own
    arm_hosts: int = 16
    seed: int = 7


def scan(sizes: ScanSizes, progress: Progress = lambda _: None, *, workers: int = 1) -> dict[str, Any]:
    """The record of the tau page, its experiments shared between processes."""
    with Crew(workers) as crew:
        return _scan(sizes, progress, crew)


def _scan(sizes: ScanSizes, progress: Progress, crew: Crew) -> dict[str, Any]:
    experiment = GutExperiment(sizes.communities, sizes.hosts, sizes.seed)
    responses = partial(_responses, experiment, crew=crew)
    record: dict[str, Any] = {
        "statement": "Research use only, not for treatment decisions.",
        "stamp": {"model": axis.build().hash, "knowledge": knowledge.content_hash()[:16]},
        "solved": tau_record(),
        "sizes": asdict(sizes),
        "curves": {},
        "shares": {},
    }
    for name, discounted in (("discounted", True), ("undiscounted", False)):
        progress(f"curve, {name}")
        taus = sorted({*TAUS, round(solved_tau(), 4)})
        whole = responses([(strengths(tau, discounted=discounted), tau) for tau in taus])
        record["curves"][name] = [_curve_row(experiment, tau, one) for tau, one in zip(taus, whole, strict=True)]
    progress("spread over draws of gate strengths")
    spread = spread_over_draws(sizes, responses)
    record["draws"] = {"taus": list(DRAW_TAUS), "median": np.median(spread, axis=1).round(4).tolist()}
    record["targets"] = [_target_row(target, spread, record["curves"]["discounted"]) for target in TARGETS]
    progress("shares of the groups of claims")
    for name, tau, discounted in _share_settings():
        groups = _groups(experiment, tau, discounted, responses)
        record["shares"][name] = {"tau": tau, "discounted": discounted, "groups": groups}
    progress("arms of the microbiota")
    record["arms"] = [row for rows in crew.map(partial(arms_at, sizes), ARM_TAUS) for row in rows]
    return record


def _response(experiment: GutExperiment, setting: tuple[Mechanisms, float]) -> np.ndarray:
    return experiment.response(*setting)


def _responses(experiment: GutExperiment, settings: list[tuple[Mechanisms, float]], *, crew: Crew) -> list[np.ndarray]:
    return crew.map(partial(_response, experiment), settings)


def _curve_row(experiment: GutExperiment, tau: float, response: np.ndarray) -> dict[str, Any]:
    found: Spread = experiment.spread(response)
    row = asdict(found)
    errors = row.pop("errors")
    rounded = {name: round(value, 4) for name, value in row.items()}
    return {"tau": tau, **rounded, "errors": {name: round(value, 4) for name, value in errors.items()}}


def spread_over_draws(sizes: ScanSizes, responses: Responses) -> np.ndarray:
    """(taus, draws) sd over communities of the log-odds of response, the same draws at every tau."""
    gates = draw_mechanisms(sizes.draws, 1.0, sizes.seed)
    one = [Mechanisms(gates.inputs.iloc[[g]], np.ones(1)) for g in range(sizes.draws)]
    found = responses([(draw, tau) for tau in DRAW_TAUS for draw in one])
    spread = np.array([log_odds(np.nanmean(response, axis=1)).std(ddof=1) for response in found])
    return spread.reshape(len(DRAW_TAUS), sizes.draws)


def tau_for(target: float, spread: np.ndarray) -> float:
    """tau at which the median over draws of the sd is ``target``; NaN beyond what 1 reaches."""
    median = np.concatenate([[0.0], np.median(spread, axis=1)])
    taus = np.array([0.0, *DRAW_TAUS])
    return float(np.interp(target, median, taus)) if target <= median.max() else float("nan")


def _target_row(target: float, spread: np.ndarray, curve: list[dict[str, Any]]) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    draws = spread.shape[1]
    again = np.array([tau_for(target, spread[:, rng.integers(0, draws, draws)]) for _ in range(RESAMPLES)])
    tau = tau_for(target, spread)
    reached = bool(np.isfinite(tau))
    known = again[np.isfinite(again)]
    taus = [row["tau"] for row in curve]
    at = {
        name: round(float(np.interp(tau, taus, [row[name] for row in curve])), 3)
        for name in ("auc", "response_low", "response_median", "response_high")
    }
    return {
        "target_sd": target,
        "tau": round(tau, 3) if reached else None,
        "tau_error": round(float(known.std(ddof=1)), 3) if reached and len(known) > 2 else None,
        **(at if reached else dict.fromkeys(at)),
    }


def _share_settings() -> list[tuple[str, float, bool]]:
    solved = round(solved_tau(), 4)
    others = [(f"tau {tau:g}", tau, True) for tau in SHARE_TAUS]
    return [("solved", solved, True), ("solved, undiscounted", solved, False), *others]


def _groups(
    experiment: GutExperiment, tau: float, discounted: bool, responses: Responses
) -> dict[str, dict[str, float]]:
    one = strengths(tau, discounted=discounted)
    gates = axis.build().gates
    groups = {
        str(group): [str(gate) for gate in names] for group, names in gates.groupby("group", sort=False).groups.items()
    }
    whole, *off = responses([(one, tau), *((without(one, names), tau) for names in groups.values())])
    found = {}
    for group, response in zip(groups, off, strict=True):
        share, error = experiment.share(whole, response)
        found[group] = {"share": round(share, 3), "error": round(error, 3)}
    return found


def arms_at(sizes: ScanSizes, tau: float) -> list[dict[str, Any]]:
    """Change in log-odds of response by an arm beside durvalumab: mean over draws, 10-90% over draws, its error.

    A draw is a set of gate strengths (discounts included) with a community of its own; the same at every tau.
    """
    known = reference(FAMILY)
    guts: Guts = gut_from_prior(known, sizes.arm_draws, sizes.seed)
    gates = draw_mechanisms(sizes.arm_draws, 1.0, sizes.seed)
    one = Mechanisms(gates.inputs.assign(tau=tau), np.ones(len(gates)))
    twin = build_twin(None, guts, one, known, hosts=sizes.arm_hosts, seed=sizes.seed)
    setting = Setting.of(twin, Patient(), REGIMEN, HORIZON, sizes.seed)
    runs = {arm: simulate(twin, (REGIMEN, *([arm] if arm else [])), setting) for arm in ("", *ARMS)}
    ok = twin.ok & ~np.any([run.failed for run in runs.values()], axis=0)
    mean = {
        arm: np.array([run.endpoints.response[ok & (twin.draw == g)].mean() for g in range(len(guts))])
        for arm, run in runs.items()
    }
    found = []
    for arm, label in ARMS.items():
        change = log_odds(mean[arm]) - log_odds(mean[""])
        low, high = np.quantile(change, [0.1, 0.9])
        error = change.std(ddof=1) / np.sqrt(len(change))
        numbers = {"mean": change.mean(), "error": error, "low10": low, "high90": high}
        rounded = {name: round(float(value), 4) for name, value in numbers.items()}
        found.append({"tau": tau, "arm": arm, "label": label, **rounded})
    return found
