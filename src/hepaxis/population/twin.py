"""A patient's virtual twins: hosts x mechanism draws, closed at rest, with the gut that the sample implies.

Held: H hosts (what is not known of the person) crossed with G draws (what is not known of biology and of the gut), the
same for every strategy, so that strategies differ only by what they do.  A stool sample taken after an antibiotic shows
a gut away from its rest: the course is simulated and the niches are set so that the sample, not the rest, matches; what
the simulated course cannot explain is made up for on the day of the sample, and said.
Assumed: earlier exposures than ``lookback`` days are part of the resting state; size is measured at day 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from hepaxis import axis, therapy
from hepaxis.patient import Exposure, Patient
from hepaxis.population.assumptions import assumed
from hepaxis.population.closure import (
    Closed,
    close,
    combine,
    engine_model,
    function_left,
    kept_growth,
    references,
    sizes_before,
)
from hepaxis.population.dosing import engine_protocol
from hepaxis.population.guts import PRESENT, Guts, reference_gut
from hepaxis.population.hosts import Hosts, draw_hosts
from hepaxis.population.mechanisms import Mechanisms
from hepaxis.profile.guilds import GUILDS
from hepaxis.profile.reference import GuildReference

LIVER = "host.liver_function"
TOLERANCE = 1e-4  # relative, of courses; a tumour diameter is measured to 7%
MAX_STEPS = 20_000  # a year takes about 300; more means a virtual patient that should be looked at
MATCH_ROUNDS = 2  # niches, course, niches again: the second round moves them by less than the error that remains


@dataclass(frozen=True)
class Twin:
    """V = H x G virtual patients of one person.

    closed        at rest ``start_day`` days before the first dose
    host, draw    (V,) which host and which draw a virtual patient is
    hosts, mechanisms, guts   the draws themselves (guts has G rows)
    exposures     of the sheet; start_day <= 0; sample_mismatch: largest guild error (share) of the simulated course
                  against the sample, or nan
    sample_day, sample_factor   day and (V, 12) factors on residents by which the sample differs from the course
    sample_states   (V, n_states) on that day under the exposures alone, before the factors; worked out when asked for
    notes         what was assumed or could not be represented
    weights       (V,) what was measured on the patient beside the sheet makes of each virtual patient; None: all alike
    """

    closed: Closed
    host: np.ndarray
    draw: np.ndarray
    hosts: Hosts
    mechanisms: Mechanisms
    guts: Guts
    references: pd.DataFrame
    exposures: tuple[Exposure, ...]
    start_day: float
    sample_mismatch: float
    carbohydrate: float
    notes: tuple[str, ...]
    sample_day: float | None = None
    sample_factor: np.ndarray | None = None
    weights: np.ndarray | None = None

    @property
    def ok(self) -> np.ndarray:
        return self.closed.ok

    @cached_property
    def sample_states(self) -> np.ndarray:
        if self.sample_day is None:
            raise ValueError("no day of a sample to run to")
        return exposed(self, self.sample_day)[0]


def build_twin(
    patient: Patient | None,
    guts: Guts,
    mechanisms: Mechanisms,
    reference: GuildReference,
    *,
    hosts: int | Hosts,
    seed: int,
    one_lesion: bool = False,
    factors: pd.DataFrame | None = None,
) -> Twin:
    """Close a patient's virtual twins.  guts and mechanisms have the same number of draws.

    hosts: how many are drawn, or those drawn before.  one_lesion: a single tumour in everyone instead of drawn lesions.
    factors: draws x model parameters, multiplied on what hosts or the model's tables say (draws of a calibration).

    Raises ValueError when the numbers of draws differ.
    """
    if len(guts) != len(mechanisms):
        raise ValueError(f"{len(guts)} gut draws and {len(mechanisms)} mechanism draws")
    if factors is not None and len(factors) != len(guts):
        raise ValueError(f"{len(factors)} draws of factors and {len(guts)} gut draws")
    host = hosts if isinstance(hosts, Hosts) else draw_hosts(patient, hosts, seed, one_lesion=one_lesion)
    index = np.tile(np.arange(len(host)), len(guts))
    draw = np.repeat(np.arange(len(guts)), len(host))
    exposures = () if patient is None else patient.exposures
    start = _start_day(exposures)
    rows, notes = therapy.exposure_protocol(exposures, horizon_days=1.0)
    _, before = engine_protocol(rows, start)

    carbohydrate = float(engine_model().default_parameters["diet_carbohydrate"])
    if "diet.carbohydrate" in host.inputs:
        carbohydrate = float(host.inputs["diet.carbohydrate"].iloc[0])
    own = combine([host.inputs]).assign(**before)
    if LIVER in host.known:  # the ALBI was measured beside the tumour, which takes its own part
        own["host_liver_function"] /= function_left(own["volume_start"], own["net_growth_start"], start)
    refs = references(sizes_before(own, start).assign(**dict.fromkeys(before, 0.0)), reference_gut(reference))
    people = _scaled(own.iloc[index].reset_index(drop=True), factors, draw)
    parameters = pd.concat([sizes_before(people, start), refs.iloc[index].reset_index(drop=True)], axis=1)
    parameters = pd.concat([parameters, combine([mechanisms.inputs.iloc[draw], guts.inputs.iloc[draw]])], axis=1)
    parameters["host_infiltration"] *= mechanisms.core[draw]
    twin = Twin(
        closed=close(parameters, _spread(guts, draw)),
        host=index,
        draw=draw,
        hosts=host,
        mechanisms=mechanisms,
        guts=guts,
        references=refs,
        exposures=exposures,
        start_day=start,
        sample_mismatch=float("nan"),
        carbohydrate=carbohydrate,
        notes=(*host.notes, *notes),
    )
    if patient is None or guts.source != "profile":
        return twin
    return _match_sample(twin, parameters, patient.stool.day)


def _scaled(parameters: pd.DataFrame, factors: pd.DataFrame | None, draw: np.ndarray) -> pd.DataFrame:
    if factors is None:
        return parameters
    defaults = engine_model().default_parameters
    scaled = {
        str(name): (parameters[name].to_numpy(float) if name in parameters else defaults[str(name)])
        * factors[name].to_numpy(float)[draw]
        for name in factors
    }
    return parameters.assign(**scaled)


def some_of(twin: Twin, rows: np.ndarray) -> Twin:
    """Some of the virtual patients (positions, repeats allowed); hosts and draws keep their numbers."""
    some = replace(
        twin,
        closed=twin.closed.take(rows),
        host=twin.host[rows],
        draw=twin.draw[rows],
        sample_factor=None if twin.sample_factor is None else twin.sample_factor[rows],
        weights=None if twin.weights is None else twin.weights[rows],
    )
    return _with_states_of(some, twin, rows)


def weighted(twin: Twin, weights: np.ndarray | None) -> Twin:
    """The same virtual patients with other weights (V,)."""
    return _with_states_of(replace(twin, weights=weights), twin, np.arange(len(twin.host)))


def _with_states_of(made: Twin, twin: Twin, rows: np.ndarray) -> Twin:
    """States on the day of the sample are kept where they were worked out already."""
    if "sample_states" in vars(twin):
        vars(made)["sample_states"] = twin.sample_states[rows]
    return made


def with_gut(twin: Twin, guts: Guts) -> Twin:
    """The same people with another gut; the growth solved with their own gut is kept."""
    parameters = twin.closed.parameters
    inputs = (
        combine([guts.inputs.iloc[twin.draw]]) if len(guts.inputs.columns) else pd.DataFrame(index=parameters.index)
    )
    ours = [name for name in combine([twin.guts.inputs]).columns if name not in inputs]
    defaults = engine_model().default_parameters
    changed = parameters.assign(**{name: defaults[name] for name in ours})
    changed = changed.assign(**{str(name): inputs[name].to_numpy() for name in inputs})
    closed = _reclose(twin, changed, guts)
    return replace(twin, closed=closed, guts=guts, sample_mismatch=float("nan"), sample_day=None, sample_factor=None)


def with_parameters(
    twin: Twin, values: dict[str, float | np.ndarray], exposures: tuple[Exposure, ...] | None = None
) -> Twin:
    """The same people with some parameters changed at rest (gates off, another host setting); growth is kept."""
    parameters = twin.closed.parameters.assign(**values)
    closed = _reclose(twin, parameters, twin.guts)
    return replace(twin, closed=closed, exposures=twin.exposures if exposures is None else exposures)


def gates_off(twin: Twin, gates: list[str] | None = None) -> Twin:
    """The same people with some claims switched off (None: all); growth is kept."""
    names = list(axis.build().gates.index) if gates is None else gates
    return with_parameters(twin, {f"g_{gate}": 0.0 for gate in names})


def _reclose(twin: Twin, parameters: pd.DataFrame, guts: Guts) -> Closed:
    kept = kept_growth(twin.closed)
    return close(parameters, _spread(guts, twin.draw), growth=kept, near=twin.closed.states)


def _spread(guts: Guts, draw: np.ndarray) -> Guts:
    rows = draw if len(guts) > 1 else np.zeros(len(draw), int)
    return Guts(
        guts.shares[rows],
        guts.absent[rows],
        guts.open[rows],
        guts.inputs.iloc[rows].reset_index(drop=True),
        guts.source,
    )


def _start_day(exposures: tuple[Exposure, ...]) -> float:
    first = [course.start_day for course in exposures if course.kind == "antibiotic" and course.start_day is not None]
    earliest = min([*first, 0.0]) - 1.0
    return float(np.clip(earliest, -assumed("lookback"), -assumed("lead_in")))


def _match_sample(twin: Twin, parameters: pd.DataFrame, sample_day: float | None) -> Twin:
    """Set niches so that the community at the sample's day is the one measured, when an antibiotic came before it."""
    day = 0.0 if sample_day is None else float(sample_day)
    courses = [c for c in twin.exposures if c.kind == "antibiotic" and c.start_day is not None and c.start_day < day]
    if not courses or day <= twin.start_day:
        return twin
    measured, moved = twin.guts.shares, twin
    _, occupancy = exposed(twin, day)
    for _ in range(MATCH_ROUNDS):
        relative = np.maximum(occupancy, assumed("occupancy_floor"))
        rest = np.array([measured[g] / relative[twin.draw == g].mean(axis=0) for g in range(len(measured))])
        guts = replace(twin.guts, shares=rest / rest.sum(axis=1, keepdims=True))
        closed = close(parameters, _spread(guts, twin.draw), near=moved.closed.states)
        moved = replace(twin, closed=closed, guts=guts)
        _, occupancy = exposed(moved, day)
    total = occupancy * moved.guts.shares[twin.draw]
    got, wanted = total / total.sum(axis=1, keepdims=True), measured[twin.draw]
    error = np.abs(got - wanted).max()
    factor = np.where(wanted > PRESENT, wanted / np.maximum(got, np.finfo(float).tiny), 1.0)
    note = (
        f"the sample (day {day:g}) was taken after an antibiotic: niches are set so that the simulated course gives "
        f"the measured community (largest error of a guild {100 * error:.1f} points, made up for on that day)"
    )
    return replace(moved, sample_mismatch=float(error), sample_day=day, sample_factor=factor, notes=(*twin.notes, note))


def exposed(twin: Twin, day: float) -> tuple[np.ndarray, np.ndarray]:
    """States (V, n_states) on a day under the sheet's exposures alone, and guild totals (V, 12) relative to rest.

    NaN in the states of who could not be simulated.
    """
    model = engine_model()
    rows, _ = therapy.exposure_protocol(twin.exposures, horizon_days=max(day, twin.start_day + 1.0))
    protocol, _ = engine_protocol(rows[rows["time"] < day], twin.start_day)
    names = [*model.states, *(f"total_{guild}" for guild in GUILDS)]
    initial = pd.DataFrame(twin.closed.states, columns=list(model.states))
    run = model.simulate(
        protocol,
        twin.closed.parameters,
        [twin.start_day, day],
        names,
        initial,
        start=twin.start_day,
        rtol=TOLERANCE,
        max_steps=MAX_STEPS,
    )
    states, totals = np.split(run.values, [len(model.states)], axis=2)
    at_rest, then = totals[:, 0], totals[:, 1]
    ratio = np.where(at_rest > 0, then / np.where(at_rest > 0, at_rest, 1.0), 1.0)
    return states[:, 1], np.nan_to_num(ratio, nan=1.0)
