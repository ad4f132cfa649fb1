"""The confounding study as one document: every cohort asked for, the mechanism alone, features of the gut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hepaxis import knowledge
from hepaxis.population import solved_tau
from hepaxis.problems import InputError, error
from hepaxis.trial.confounding import BAR, ILLNESS_DAYS, cohort_record, mechanism, paradox
from hepaxis.trial.confounding_designs import cohort_design, cohort_designs, pools
from hepaxis.trial.confounding_features import feature_record
from hepaxis.trial.confounding_pools import PoolRun, prior_of, run_pool

SCHEMA = "hepaxis.confounding/1"
STATEMENT = (
    "Research use only, not for treatment decisions. Gates off: the gut has no effect on any outcome, so that what a "
    "virtual cohort finds is confounding and chance."
)
Json = dict[str, Any]


def confounding(
    asked: Sequence[str] = (),
    *,
    patients: int = 1500,
    cohorts: int = 200,
    seed: int = 1,
    gates_on: bool = True,
    say: Callable[[str], None] = lambda text: None,
) -> Json:
    """Simulate each pool once a setting of the gates and draw ``cohorts`` cohorts of every design from it.

    asked: ids of designs (none: all).  Raises InputError for an unknown design or numbers that cannot be.
    """
    if cohorts < 1:
        raise InputError([error("trial.cohorts", f"{cohorts} cohorts", "give a whole number of at least 1")])
    designs = [cohort_design(id) for id in (asked or cohort_designs())]
    records: list[Json] = []
    alone: list[Json] = []
    gut: list[Json] = []
    sizes: Json = {}
    crude: dict[str, dict[str, np.ndarray]] = {}
    stamp = ""
    for pool in pools().values():
        mine = [design for design in designs if design.pool == pool.id]
        if not mine:
            continue
        say(f"pool {pool.id}: {pool.regimen}, gates off")
        off = run_pool(pool, patients, seed, "off")
        on: PoolRun | None = None
        if gates_on:
            say(f"pool {pool.id}: {pool.regimen}, gates drawn, without and with an antibiotic")
            on = run_pool(pool, patients, seed, "drawn")
            alone.append({"pool": pool.id, "regimen": pool.regimen, "patients": len(on), "effects": mechanism(on)})
        stamp = prior_of(pool, 0.0).statement()["model"]
        sizes[pool.id] = {"regimen": pool.regimen, "off": len(off), "on": None if on is None else len(on)}
        for name, run in (("off", off), ("drawn", on)):
            if run is not None:
                gut.append(
                    {"pool": pool.id, "regimen": pool.regimen, "gates": name, **feature_record(run, cohorts, seed)}
                )
        for design in mine:
            say(f"cohort {design.id}: {cohorts} cohorts of {design.n}")
            # A proton-pump inhibitor is part of a patient's rest, so only the gates-off pool can re-draw who takes it.
            record, kept = cohort_record(design, off, on if design.exposure == "antibiotic" else None, cohorts, seed)
            records.append(record)
            if design.exposure == "antibiotic":
                crude[design.id] = kept
    return {
        "schema": SCHEMA,
        "statement": STATEMENT,
        "stamp": {"model": stamp, "knowledge": knowledge.content_hash()[:16], "tau": solved_tau(), "seed": seed},
        "patients_asked": patients,
        "cohorts": cohorts,
        "pools": sizes,
        "illness_days": ILLNESS_DAYS,
        "bar": list(BAR),
        "designs": records,
        "paradox": paradox(crude, seed=seed) if len(crude) > 1 else None,
        "mechanism": alone,
        "features": gut,
    }
