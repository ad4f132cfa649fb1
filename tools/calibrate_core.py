"""Calibrates the immune core and the trial hazards to the `fit` rows of the trial table, and never to another row.

Run by hand when the core changes (about ten minutes): it prints the calibrated values, which are then written into the
tables they belong to (axis/heterogeneity.csv, axis/modules/*.csv, trial/hazards.csv) with this file as their source.
What is fitted: confirmed response, progression at the first scan, and the median of progression-free survival, by
Gauss-Newton on log parameters with a prior on each.  Gates are drawn, never fitted: trial arms hold no stool data.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

import numpy as np

from hepaxis import therapy
from hepaxis.patient import Patient
from hepaxis.plan.simulation import Setting, simulate
from hepaxis.population import build_twin, draw_mechanisms, engine_model, gut_from_prior, solved_tau
from hepaxis.population.closure import close
from hepaxis.population.twin import Twin, _spread
from hepaxis.profile.reference import reference
from hepaxis.trial import DAYS_PER_MONTH, hazard_table, median_event_free

HORIZON = 365.0

# name -> (where, sd of the prior on the log)
FREE = {
    "host_infiltration": ("factor", 0.7),
    "kill_max": ("model", 0.4),
    "growth_vegf": ("model", 0.4),
    "entry_vegf": ("model", 0.5),
    "net_growth_start": ("factor", 0.12),
    "new_lesion_hazard": ("hazard", 0.5),
    "control_scale": ("hazard", 0.4),
    "vegf_factor": ("hazard", 0.3),
    "sorafenib": ("drug", 0.7),
    "lenvatinib": ("drug", 0.7),
}
DRUG_SCALE = {"sorafenib": 1.0, "lenvatinib": 1.0}  # factor on the killing of a kinase inhibitor while fitting


@dataclass(frozen=True)
class Target:
    """One endpoint of the fit arms of a regimen: value with the sd it is held to."""

    components: tuple[str, ...]
    weeks: float
    endpoint: str
    value: float
    sd: float


TARGETS = (
    # himalaya_durvalumab (not evaluable counts as progression there), checkmate_459_nivolumab
    Target(("durvalumab",), 8, "response", 17.0, 2.0),
    Target(("durvalumab",), 8, "progression", 43.0, 4.0),
    Target(("durvalumab",), 8, "pfs", 3.7, 0.35),
    Target(("durvalumab",), 8, "pfs12", 20.0, 4.0),
    # imbrave150_atezo_bev
    Target(("atezolizumab_bevacizumab",), 6, "response", 30.0, 2.5),
    Target(("atezolizumab_bevacizumab",), 6, "progression", 20.0, 3.0),
    Target(("atezolizumab_bevacizumab",), 6, "pfs", 6.9, 0.6),
    # keynote_240_placebo
    Target((), 6, "progression", 42.0, 4.0),
    Target((), 6, "pfs", 2.8, 0.3),
    # keynote_224, keynote_240
    Target(("pembrolizumab",), 6, "response", 17.7, 2.0),
    Target(("pembrolizumab",), 6, "progression", 32.0, 4.0),
    # sorafenib arms of imbrave150, himalaya, checkmate_459 and reflect (pooled 6.8%; PFS 3.7-4.3)
    Target(("sorafenib",), 8, "response", 6.8, 1.5),
    Target(("sorafenib",), 8, "pfs", 3.9, 0.4),
    # reflect_lenvatinib
    Target(("lenvatinib",), 8, "response", 18.8, 2.0),
    Target(("lenvatinib",), 8, "pfs", 7.4, 0.9),
)  # fmt: skip


def endpoints(twin: Twin, seed: int) -> np.ndarray:
    """Endpoints of every target, per cent or months."""
    runs: dict[tuple[tuple[str, ...], float], dict[str, float]] = {}
    for target in TARGETS:
        key = (target.components, target.weeks)
        if key in runs:
            continue
        shared = Setting.of(twin, Patient(), None, HORIZON, seed)
        setting = Setting(HORIZON, target.weeks, shared.nuisance, shared.immune_exponent, None, None)
        made = simulate(twin, target.components, setting)
        ok = twin.ok & ~made.failed
        got = made.endpoints
        runs[key] = {
            "response": 100 * got.response[ok].mean(),
            "progression": 100 * got.progression_first[ok].mean(),
            "pfs": min(median_event_free(got.scans, got.event_free[ok]), HORIZON) / DAYS_PER_MONTH,
            "pfs12": 100 * got.event_free[ok][:, -1].mean(),
        }
    return np.array([runs[(t.components, t.weeks)][t.endpoint] for t in TARGETS])


def scaled_parameters(components: tuple[str, ...], **options: str | None) -> dict[str, float]:
    """therapy.parameters with the killing of the kinase inhibitors moved."""
    found = dict(_parameters(components, **options))
    for name, factor in DRUG_SCALE.items():
        if name in components:
            found["tki.kill"] *= factor
    return found


_parameters = therapy.parameters
therapy.parameters = scaled_parameters


def moved(twin: Twin, x: np.ndarray, start: dict[str, float]) -> Twin:
    """The population with parameters moved by exp(x); growth is solved anew."""
    values = {}
    for (name, (where, _)), step in zip(FREE.items(), x, strict=True):
        factor = float(np.exp(step))
        if where == "drug":
            DRUG_SCALE[name] = factor
        elif where == "hazard":
            hazard_table()[name]["value"] = str(min(start[name] * factor, 1.0 if name == "vegf_factor" else np.inf))
        elif where == "factor":
            values[name] = twin.closed.parameters[name].to_numpy() * factor
        else:
            values[name] = start[name] * factor
    parameters = twin.closed.parameters.assign(**values)
    return Twin(**{**twin.__dict__, "closed": close(parameters, _spread(twin.guts, twin.draw))})


def main(hosts: int = 100, communities: int = 6, rounds: int = 3, seed: int = 11) -> None:
    known = reference("metaphlan4")
    gates = replace(draw_mechanisms(communities, solved_tau(), seed), core=np.ones(communities))
    twin = build_twin(None, gut_from_prior(known, communities, seed), gates, known, hosts=hosts, seed=seed)
    defaults = engine_model().default_parameters
    start = {
        name: float(hazard_table()[name]["value"]) if where == "hazard" else defaults.get(name, 1.0)
        for name, (where, _) in FREE.items()
    }
    goal = np.array([t.value for t in TARGETS])
    sd = np.array([t.sd for t in TARGETS])
    prior = np.array([s for _, s in FREE.values()])
    x = np.zeros(len(FREE))
    best, lowest = x, np.inf
    for turn in range(rounds):
        here = endpoints(moved(twin, x, start), seed)
        loss = float((((here - goal) / sd) ** 2).sum() + ((x / prior) ** 2).sum())
        print(
            f"round {turn}: loss {loss:.1f}",
            {n: round(float(v), 3) for n, v in zip(FREE, np.exp(x), strict=True)},
            flush=True,
        )
        if loss < lowest:
            best, lowest = x.copy(), loss
        jacobian = np.empty((len(goal), len(x)))
        for k in range(len(x)):
            step = x.copy()
            step[k] += 0.15
            jacobian[:, k] = (endpoints(moved(twin, step, start), seed) - here) / 0.15
        a = np.vstack([jacobian / sd[:, None], np.diag(1 / prior)])
        b = np.concatenate([(goal - here) / sd, -x / prior])
        x = x + np.clip(np.linalg.lstsq(a, b, rcond=None)[0], -0.5, 0.5)
    here = endpoints(moved(twin, x, start), seed)
    loss = float((((here - goal) / sd) ** 2).sum() + ((x / prior) ** 2).sum())
    if loss > lowest:
        x = best
        here = endpoints(moved(twin, x, start), seed)
    print(f"final loss {min(loss, lowest):.1f}")
    for (name, (where, _)), step in zip(FREE.items(), x, strict=True):
        print(f"  {name} ({where}): x {np.exp(step):.3f} -> {start[name] * np.exp(step):.5g}")
    for target, got in zip(TARGETS, here, strict=True):
        print(
            f"  {'+'.join(target.components) or 'no treatment'} {target.endpoint}: {got:.1f} (published {target.value})"
        )


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
