"""Solves tau, the scale that bounds the gut's total effect on response, and writes src/hepaxis/population/tau.json.

Target: the sd over communities of the gut's log-odds of response, each person closed with that gut and averaged over
hosts and residuals, has median 0.3 over draws of gate strengths (and should stay below 0.6 in 90% of them).  Solved by
simulation: the same hosts meet every community, so that only the gut differs.  Also measured: the AUC that the gut
alone would reach, and the share of the variance that each gate carries at its prior mean (none should exceed 35%).
Run by hand when the model changes (some ten minutes); a test compares the recorded model hash with the model.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from hepaxis import axis
from hepaxis.patient import Patient
from hepaxis.plan.simulation import Setting, simulate
from hepaxis.population import build_twin, draw_mechanisms, gut_from_prior, prior_mean_mechanisms, solved_tau
from hepaxis.population.mechanisms import Mechanisms
from hepaxis.population.tau import TARGET_SD
from hepaxis.profile.reference import reference

REGIMEN = ("durvalumab",)
FAMILY = "metaphlan4"
OUT = Path(__file__).resolve().parent.parent / "src" / "hepaxis" / "population" / "tau.json"


def log_odds(p: np.ndarray) -> np.ndarray:
    return np.log(p / (1 - p))


class Experiment:
    """Communities x hosts: response by community under a set of gate strengths and a tau."""

    def __init__(self, communities: int, hosts: int, seed: int):
        self.known = reference(FAMILY)
        self.guts = gut_from_prior(self.known, communities, seed)
        # residuals are averaged over: shuffled between hosts they would be constant within a draw, so they are set to 1
        self.guts = replace(self.guts, inputs=self.guts.inputs.assign(load=1.0, **self._ones()))
        self.hosts, self.seed = hosts, seed

    def _ones(self) -> dict[str, float]:
        return {name: 1.0 for name in self.guts.inputs.columns if name.startswith("residual.")}

    def response(self, one: Mechanisms, tau: float) -> np.ndarray:
        """(communities,) response averaged over hosts, for one draw of gate strengths."""
        n = len(self.guts)
        rows = np.zeros(n, int)
        inputs = one.inputs.iloc[rows].reset_index(drop=True).assign(tau=tau)
        twin = build_twin(None, self.guts, Mechanisms(inputs, np.ones(n)), self.known, hosts=self.hosts, seed=self.seed)
        setting = Setting.of(twin, Patient(), None, 365.0, self.seed)
        made = simulate(twin, REGIMEN, setting)
        ok = twin.ok & ~made.failed
        return np.array([made.endpoints.response[ok & (twin.draw == g)].mean() for g in range(n)])


def auc(p: np.ndarray) -> float:
    """AUC of the gut alone: probability that a responder's gut has the higher predicted response."""
    weight = p[:, None] * (1 - p)[None, :]
    wins = (p[:, None] > p[None, :]) + 0.5 * (p[:, None] == p[None, :])
    return float((weight * wins).sum() / (p.sum() * (1 - p).sum()))


def main(communities: int = 40, hosts: int = 60, draws: int = 20, seed: int = 7) -> None:
    experiment = Experiment(communities, hosts, seed)
    gates = draw_mechanisms(draws, 1.0, seed)
    tau = solved_tau()
    for turn in range(2):
        spread = np.array(
            [
                log_odds(experiment.response(Mechanisms(gates.inputs.iloc[[g]], np.ones(1)), tau)).std(ddof=1)
                for g in range(draws)
            ]
        )
        print(
            f"turn {turn}: tau {tau:.3f}, sd median {np.median(spread):.3f}, 90% {np.quantile(spread, 0.9):.3f}",
            flush=True,
        )
        achieved = (float(np.median(spread)), float(np.quantile(spread, 0.9)), float((spread < 2 * TARGET_SD).mean()))
        used, tau = tau, tau * TARGET_SD / np.median(spread)
        if abs(np.log(tau / used)) < 0.05:
            break
    mean = prior_mean_mechanisms(tau)
    whole = experiment.response(mean, tau)
    shares = {}
    for gate, row in axis.build().gates.iterrows():
        if row["prior_mean"] == 0:
            continue
        off = Mechanisms(mean.inputs.assign(**{f"gate.{gate}": 0.0}), mean.core)
        part = log_odds(whole) - log_odds(experiment.response(off, tau))
        shares[gate] = float(np.cov(part, log_odds(whole))[0, 1] / log_odds(whole).var(ddof=1))
        print(f"  {gate}: {100 * shares[gate]:+.0f}% of the variance", flush=True)
    scale = TARGET_SD / achieved[0]
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
            "sd": round(float(log_odds(whole).std(ddof=1)), 3),
            "auc_gut_alone": round(auc(whole), 3),
            "response_3_50_97": [round(float(q), 3) for q in np.quantile(whole, [0.03, 0.5, 0.97])],
        },
        "gate_shares": {gate: round(share, 3) for gate, share in sorted(shares.items(), key=lambda kv: -abs(kv[1]))},
        "communities": communities,
        "hosts": hosts,
        "draws": draws,
        "seed": seed,
        "regimen": REGIMEN[0],
        "family": FAMILY,
    }
    OUT.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(record, indent=2))


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
