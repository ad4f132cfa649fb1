"""Hosts chosen with the scans in sight: more are tried on the base regimen than are kept, so that enough of them fit.

Held: each host tried is simulated to the last scan with the claims at their prior mean and the gut of the first draw;
hosts are taken in proportion to how likely they make the scans, mixed with a share taken regardless, so that no weight
is large.  The density they were taken with goes back out in the weights (``conditioning``), so nothing is counted
twice.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hepaxis.patient import Patient
from hepaxis.plan.conditioning import Proposal
from hepaxis.plan.observed import Scanned, scans
from hepaxis.plan.settings import setting
from hepaxis.population import Guts, Hosts, build_twin, draw_hosts, prior_mean_mechanisms, run_strategy, solved_tau
from hepaxis.profile.reference import GuildReference

ROOM_DAYS = 7.0  # the run ends on the weekly grid after the last scan


def informed_hosts(
    patient: Patient, scanned: Scanned, regimen: str, gut: Guts, reference: GuildReference, hosts: int, seed: int
) -> tuple[Hosts, Proposal]:
    """Hosts, and how they were taken."""
    tried = draw_hosts(patient, int(setting("pilot")) * hosts, seed)
    first = Guts(gut.shares[:1], gut.absent[:1], gut.open[:1], gut.inputs.iloc[:1].reset_index(drop=True), gut.source)
    mean = prior_mean_mechanisms(solved_tau())
    twin = build_twin(patient, first, mean, reference, hosts=tried, seed=seed)
    run = run_strategy(twin, (regimen,), float(scanned.days[-1]) + ROOM_DAYS, weight_kg=patient.demographics.weight)
    found = scans(scanned, twin, run, seed)
    level = sum((one.log_likelihood for one in found), np.zeros(len(tried)))
    level = np.where(twin.ok & ~run.failed & np.isfinite(level), level, -np.inf)
    if not np.isfinite(level).any():
        return hosts_at(tried, np.arange(hosts)), Proposal(np.zeros(hosts), np.arange(hosts))
    share = np.exp(level - level.max())
    share = share / share.sum()
    floor = setting("pilot_floor")
    mixed = (1 - floor) * share + floor / len(share)
    points = (np.random.default_rng([seed, 63]).uniform() + np.arange(hosts)) / hosts
    rows = np.minimum(np.searchsorted(np.cumsum(mixed), points), len(mixed) - 1)
    return hosts_at(tried, rows), Proposal(np.log(mixed[rows] * len(mixed)), rows)


def hosts_at(hosts: Hosts, rows: np.ndarray) -> Hosts:
    """Some hosts (positions, repeats allowed)."""
    return replace(
        hosts,
        inputs=hosts.inputs.iloc[rows].reset_index(drop=True),
        diameter_sum=hosts.diameter_sum[rows],
        cold=hosts.cold[rows],
    )
