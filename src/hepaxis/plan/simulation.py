"""Strategies run on one patient's virtual twins, with the endpoints a trial would read.

Held: every strategy on the same hosts, draws, measurement errors and frailties; failures of a virtual patient in any
strategy remove it from all comparisons and are counted.  The endpoints are those of ``trial``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hepaxis import therapy
from hepaxis.patient import Patient
from hepaxis.plan.calibrated import AS_FITTED, Calibrated
from hepaxis.plan.chronic import packed
from hepaxis.population import Run, Twin, run_strategy
from hepaxis.trial import Endpoints, Nuisance, course_of, hazard

REPLICATES = 6  # measurement errors a virtual patient; the mean over them is smooth enough at 150 hosts
SCANS = 24  # enough scans for any schedule within a year
DEFAULT_SCAN_WEEKS = 8.0


@dataclass(frozen=True)
class Setting:
    """What all strategies of a plan share.  immune_exponent (V,): draws of the dependence on the barrier.

    ``today``: last day after the first dose of which something is known; what is added to a regimen starts then.
    """

    horizon_days: float
    scan_interval_weeks: float
    nuisance: Nuisance
    immune_exponent: np.ndarray
    weight_kg: float | None
    sex: str | None
    calibrated: Calibrated = AS_FITTED
    today: float = 0.0
    seed: int = 0

    @classmethod
    def of(
        cls,
        twin: Twin,
        patient: Patient,
        regimen: str | None,
        horizon_days: float,
        seed: int,
        calibrated: Calibrated = AS_FITTED,
        today: float = 0.0,
    ) -> Setting:
        """Errors and frailties belong to hosts, so that every draw of a host shares them."""
        hosts = len(twin.hosts)
        one = Nuisance.draw(hosts, SCANS, REPLICATES, seed)
        nuisance = Nuisance(one.errors[twin.host], one.frailty[twin.host])
        rng = np.random.default_rng([seed, 1])
        spread = hazard("severe_immune_barrier_exponent_sd") * rng.standard_normal(len(twin.mechanisms))
        exponent = hazard("severe_immune_barrier_exponent") + spread
        weeks = therapy.regimen(regimen).scan_interval_weeks if regimen else None
        return cls(
            horizon_days=horizon_days,
            scan_interval_weeks=weeks or DEFAULT_SCAN_WEEKS,
            nuisance=nuisance,
            immune_exponent=exponent[twin.draw],
            weight_kg=patient.demographics.weight,
            sex=patient.demographics.sex,
            calibrated=calibrated,
            today=today,
            seed=seed,
        )

    def of_lanes(self, rows: np.ndarray) -> Setting:
        """The same for some of the virtual patients (positions)."""
        nuisance = Nuisance(self.nuisance.errors[rows], self.nuisance.frailty[rows])
        return replace(self, nuisance=nuisance, immune_exponent=self.immune_exponent[rows])


@dataclass(frozen=True)
class Simulated:
    """One strategy on V virtual patients."""

    components: tuple[str, ...]
    run: Run
    endpoints: Endpoints

    @property
    def failed(self) -> np.ndarray:
        return self.run.failed


def simulate(
    twin: Twin,
    components: Sequence[therapy.Part],
    setting: Setting,
    *,
    observe: Sequence[str] = (),
    progression: np.ndarray | None = None,
    cancel: Callable[[], bool] | None = None,
) -> Simulated:
    """Run a strategy and read its endpoints.  progression (V,): day each progresses, for what waits for it."""
    ids = tuple(therapy.component(part).id for part in components)
    run = run_strategy(
        setting.calibrated.given(twin, ids),
        from_today(components, setting.today),
        setting.horizon_days,
        first_dose=setting.today,
        observe=observe,
        weight_kg=setting.weight_kg,
        sex=setting.sex,
        lanes=None if progression is None else therapy.Lanes(len(progression), progression=progression),
        amend=packed,
        cancel=cancel,
    )
    endpoints = setting.calibrated.assess(
        course_of(run, twin),
        setting.nuisance,
        twin.draw,
        scan_interval_weeks=setting.scan_interval_weeks,
        severe_immune_rate=immune_rate(ids),
        immune_exponent=setting.immune_exponent,
    )
    return Simulated(ids, run, endpoints)


def from_today(components: Sequence[therapy.Part], today: float) -> list[therapy.Part]:
    """Parts whose days count from ``today``: a regimen keeps its first dose on day 0, all else begins today."""
    if today <= 0:
        return list(components)
    parts = [therapy.component(part) for part in components]
    regimens = therapy.regimen_ids()
    return [replace(one, first_day=(one.first_day or 0.0) - today) if one.id in regimens else one for one in parts]


def immune_rate(components: Sequence[str]) -> float:
    """Published grade 3-4 immune-mediated event rate of the regimens in a strategy, combined as independent.

    An immune regimen without a located rate takes the class prior (``severe_immune_class``).
    """
    free = 1.0
    for one in (therapy.regimen(id) for id in components if id in therapy.regimen_ids()):
        prior = hazard("severe_immune_class") if "immune" in one.classes else 0.0
        free *= 1.0 - (prior if one.immune_event_rate is None else one.immune_event_rate)
    return 1.0 - free
