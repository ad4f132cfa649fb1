"""The patient's twin: hosts, biology, gut and calibration drawn, closed at rest, given the base regimen, and weighted.

Held: what the sheet sets is drawn around what it says (``population.hosts``); community and measured metabolites set
the gut (``metabolites``); draws of the trial posterior set what trials leave open; markers, scans and later stool
samples weigh what is left (``conditioning``).  Beside it the same people with a gut of the prior, weighted by the
clinic alone.  A patient with scans gets hosts that were chosen with the scans in sight (``pilot``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hepaxis import therapy
from hepaxis.metabolites import Capacities, capacities
from hepaxis.patient import Patient, PatientFolder, growth
from hepaxis.plan.calibrated import Calibrated
from hepaxis.plan.conditioning import Conditioned, condition
from hepaxis.plan.observed import SHARES, Observation, Scanned, markers, samples, scans, scans_after
from hepaxis.plan.pilot import informed_hosts
from hepaxis.plan.reach import reach
from hepaxis.plan.sample import Sample, later_shares, read_sample
from hepaxis.plan.schema import ReachRow
from hepaxis.plan.simulation import Setting, Simulated, simulate
from hepaxis.population import (
    Guts,
    Hosts,
    Twin,
    build_twin,
    draw_mechanisms,
    gut_from_capacities,
    gut_from_prior,
    solved_tau,
    with_gut,
)
from hepaxis.population.assumptions import assumed
from hepaxis.problems import InputError, error
from hepaxis.profile.reference import GuildReference, reference

DEFAULT_REFERENCE = "metaphlan4"  # community prior of a patient without a profile
FEWEST_CAPACITY_DRAWS = 1000  # so that the intervals of capacities do not depend on the draws of the plan
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Draws:
    """How large a twin is, how far it runs, and the seed of everything."""

    hosts: int
    draws: int
    seed: int
    horizon_days: float


@dataclass(frozen=True)
class PatientTwin:
    """A patient as virtual patients.

    twin, conditioned  weighted by all that was measured, and how
    base               the planned regimen on every virtual patient
    blank, blank_base  the same people with a gut of the prior, weighted by the clinic; the twin itself without a sample
    today              last day after the first dose of which something is known, 0 before it
    """

    folder: PatientFolder
    regimen: str
    sample: Sample | None
    able: Capacities | None
    reference: GuildReference
    setting: Setting
    conditioned: Conditioned
    base: Simulated
    blank: Twin
    blank_base: Simulated
    reach: tuple[ReachRow, ...]
    today: float

    @property
    def twin(self) -> Twin:
        return self.conditioned.twin

    @property
    def patient(self) -> Patient:
        return self.folder.record


def patient_twin(
    folder: PatientFolder, draws: Draws, *, observe: tuple[str, ...] = (), progress: Progress = lambda _: None
) -> PatientTwin:
    """The twin of a folder's patient.  observe: what the base run records beside what endpoints need.

    Raises InputError when the profile cannot be read or nothing is planned.
    """
    patient, regimen = folder.record, planned_regimen(folder)
    progress("reading the profile")
    sample = read_sample(folder)
    able = None if sample is None else gut_capacities(sample, folder.metabolites, draws)
    known = sample.reference if sample is not None else reference(DEFAULT_REFERENCE)
    scanned = scans_after(patient)
    today = max([folder.follow_up.last, *scanned.days], default=0.0)
    calibrated = Calibrated.drawn(draws.draws, draws.seed)
    blank_gut, gut = guts(patient, able, known, draws)
    hosts: int | Hosts = draws.hosts
    proposal = None
    if len(scanned.days):
        progress("hosts that fit the scans")
        hosts, proposal = informed_hosts(patient, scanned, regimen, gut, known, draws.hosts, draws.seed)
    progress("closing virtual patients")
    twin = _closed(patient, gut, known, hosts, calibrated, draws)
    blank = twin if able is None else with_gut(twin, blank_gut)
    setting = Setting.of(twin, patient, regimen, draws.horizon_days, draws.seed, calibrated, today)
    later = folder.follow_up.samples
    progress(therapy.regimen(regimen).label)
    base = simulate(twin, (regimen,), setting, observe=(*observe, *(SHARES if later else ())))
    clinic = _clinic(patient, scanned, twin, base, draws.seed)
    stool = samples(later, [later_shares(one, known) for one in later], twin, base.run)
    conditioned = condition(twin, [*clinic, *stool], twin.ok & ~base.failed, proposal)
    if blank is twin:
        blank, blank_base = conditioned.twin, base
    else:
        progress("a gut drawn from the prior")
        blank_base = simulate(blank, (regimen,), setting, observe=observe)
        alone = _clinic(patient, scanned, blank, blank_base, draws.seed)
        blank = condition(blank, alone, blank.ok & ~blank_base.failed, proposal).twin
    return PatientTwin(
        folder=folder,
        regimen=regimen,
        sample=sample,
        able=able,
        reference=known,
        setting=setting,
        conditioned=conditioned,
        base=base,
        blank=blank,
        blank_base=blank_base,
        reach=reach(patient, sample),
        today=float(today),
    )


def planned_regimen(folder: PatientFolder) -> str:
    """The first planned regimen.  Raises InputError where nothing is planned."""
    regimen = folder.record.planned_regimen()
    if regimen is None:
        hint = f"give therapy.planned with a regimen: {', '.join(therapy.regimen_ids())}"
        file = str(folder.path / "patient.yaml")
        raise InputError([error("plan.no_regimen", "no planned regimen on the sheet", hint, file=file)])
    return regimen


def gut_capacities(sample: Sample, measured: pd.DataFrame, draws: Draws) -> Capacities:
    """What the sampled community can make."""
    return capacities(
        sample.abundance,
        sample.profile.lineages.loc[sample.abundance.index],
        measured=measured if len(measured) else None,
        profiler=sample.profile.profiler,
        n=max(draws.draws, FEWEST_CAPACITY_DRAWS),
        seed=draws.seed,
    )


def guts(patient: Patient, able: Capacities | None, known: GuildReference, draws: Draws) -> tuple[Guts, Guts]:
    """(a gut of the prior, this patient's): the same without a sample."""
    recent, load = _recent_antibiotic(patient), _measured_load(patient)
    blank = gut_from_prior(known, draws.draws, draws.seed + 10, recent_antibiotic=recent, load=load)
    if able is None:
        return blank, blank
    return blank, gut_from_capacities(able, known, draws.draws, draws.seed + 20, recent_antibiotic=recent, load=load)


def _closed(
    patient: Patient, gut: Guts, known: GuildReference, hosts: int | Hosts, calibrated: Calibrated, draws: Draws
) -> Twin:
    mechanisms = calibrated.mechanisms(draw_mechanisms(draws.draws, solved_tau(), draws.seed))
    factors = calibrated.factors(growth_known=growth(patient) is not None)
    return build_twin(patient, gut, mechanisms, known, hosts=hosts, seed=draws.seed, factors=factors)


def _clinic(patient: Patient, scanned: Scanned, twin: Twin, base: Simulated, seed: int) -> list[Observation]:
    return [*markers(patient, twin, seed), *scans(scanned, twin, base.run, seed)]


def _measured_load(patient: Patient) -> float | None:
    """Total load against the reference, or None (drawn)."""
    counted = patient.gut.bacterial_load
    return None if counted is None else counted / assumed("load_reference")


def _recent_antibiotic(patient: Patient) -> bool:
    day = patient.stool.day or 0.0
    window = assumed("antibiotic_window")
    return any(course.covers(day - window, day) for course in patient.courses("antibiotic"))


def response(made: Simulated) -> np.ndarray:
    """(V,) probability of response, nan for who failed."""
    values: np.ndarray = np.where(made.failed, np.nan, made.endpoints.response)
    return values
