"""Solves tau, the scale that bounds the gut's total effect on response, and writes src/hepaxis/population/tau.json.

Target: the sd over communities of the gut's log-odds of response, each person closed with that gut and averaged over
hosts and residuals, has median 0.3 over draws of gate strengths (and should stay below 0.6 in 90% of them).  Solved by
simulation (``hepaxis.sensitivity.gut_effect``).  Also measured: the AUC that the gut alone would reach, and the share
of the variance that each gate carries at its prior mean, with its Monte Carlo error (none should exceed 35%).
Run by hand when the model changes (some ten minutes); a test compares the recorded model hash with the model.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from hepaxis import axis
from hepaxis.plan.estimates import log_odds
from hepaxis.population import draw_mechanisms, solved_tau
from hepaxis.population.mechanisms import Mechanisms
from hepaxis.population.tau import TARGET_SD
from hepaxis.sensitivity.gut_effect import (
    FAMILY,
    REGIMEN,
    GutExperiment,
    agreed_gates,
    strengths,
    without,
)

OUT = Path(__file__).resolve().parent.parent / "src" / "hepaxis" / "population" / "tau.json"


def spreads(experiment: GutExperiment, draws: Mechanisms, tau: float) -> np.ndarray:
    """(draws,) sd over communities of the log-odds of response."""
    found = []
    for g in range(len(draws)):
        one = Mechanisms(draws.inputs.iloc[[g]], np.ones(1))
        found.append(log_odds(np.nanmean(experiment.response(one, tau), axis=1)).std(ddof=1))
    return np.array(found)


def main(communities: int = 24, hosts: int = 30, draws: int = 60, seed: int = 7) -> None:
    experiment = GutExperiment(communities, hosts, seed)
    gates = draw_mechanisms(draws, 1.0, seed)
    tau = solved_tau()
    for turn in range(2):
        spread = spreads(experiment, gates, tau)
        achieved = (float(np.median(spread)), float(np.quantile(spread, 0.9)), float((spread < 2 * TARGET_SD).mean()))
        print(f"turn {turn}: tau {tau:.3f}, sd median {achieved[0]:.3f}, 90% {achieved[1]:.3f}", flush=True)
        used, tau = tau, tau * TARGET_SD / achieved[0]
        if abs(np.log(tau / used)) < 0.05:
            break
    mean = strengths(tau, discounted=True)
    whole = experiment.response(mean, tau)
    shares = {gate: experiment.share(whole, experiment.response(without(mean, [gate]), tau)) for gate in agreed_gates()}
    ranked = sorted(shares.items(), key=lambda kv: -abs(kv[1][0]))
    spread_at_mean = experiment.spread(whole)
    scale = TARGET_SD / achieved[0]
    response = (spread_at_mean.response_low, spread_at_mean.response_median, spread_at_mean.response_high)
    record = {
        "tau": round(float(tau), 4),
        "model": axis.build().hash,
        "target_sd": TARGET_SD,
        "simulated": {
            "at_tau": round(float(used), 4),
            "sd_median": round(achieved[0], 3),
            "sd_90": round(achieved[1], 3),
            "sd_90_scaled_to_tau": round(achieved[1] * scale, 3),
            "share_of_draws_below_0.6": achieved[2],
        },
        "prior_mean": {
            "sd": round(spread_at_mean.sd, 3),
            "auc_gut_alone": round(spread_at_mean.auc, 3),
            "response_3_50_97": [round(q, 3) for q in response],
            "errors": {name: round(error, 3) for name, error in spread_at_mean.errors.items()},
        },
        "gate_shares": {gate: round(share, 3) for gate, (share, _) in ranked},
        "gate_share_errors": {gate: round(error, 3) for gate, (_, error) in ranked},
        "communities": communities,
        "hosts": hosts,
        "draws": draws,
        "seed": seed,
        "regimen": REGIMEN,
        "family": FAMILY,
    }
    OUT.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(record, indent=2))


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
