"""Running one strategy on a patient's virtual twins: exposures and therapy on one time line.

Held: a twin sampled after an antibiotic runs to the day of the sample first; there its residents are multiplied by what
the simulated course leaves unexplained, so that therapy meets the community that was measured, and a lead-in that began
before keeps its effect.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hepaxis import therapy
from hepaxis.population.closure import combine, engine_model
from hepaxis.population.dosing import engine_protocol, with_levels
from hepaxis.population.twin import MAX_STEPS, TOLERANCE, Twin
from hepaxis.profile.guilds import GUILDS

TUMOUR = (
    "tumour_volume", "diameter_spread", "net_growth", "growth_promoted", "growth_slowing", "kill_rest", "vegf_block",
    "liver", "barrier",
)  # fmt: skip
STEP_DAYS = 7.0


@dataclass(frozen=True)
class Run:
    """Trajectories of V virtual patients from day 0.

    days (m,); values name -> (V, m); failed (V,) with NaN rows; notes of what could not be represented.
    """

    days: np.ndarray
    values: dict[str, np.ndarray]
    failed: np.ndarray
    notes: tuple[str, ...]


def run_strategy(
    twin: Twin,
    components: Sequence[therapy.Part],
    horizon_days: float,
    *,
    observe: Sequence[str] = (),
    weight_kg: float | None = None,
    sex: str | None = None,
    first_dose: float = 0.0,
    lanes: therapy.Lanes | None = None,
    amend: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
    cancel: Callable[[], bool] | None = None,
) -> Run:
    """Simulate a list of components (ids, or with options; empty: no treatment) on every virtual twin.

    ``first_dose``: day of the regimen's; ``lanes``: what differs between them (one lane a virtual patient);
    ``amend``: what becomes of the planned protocol rows (doses missed, steroids given).
    Raises InputError for what cannot be given.
    """
    model = engine_model()
    rows, notes = therapy.full_protocol(
        components,
        twin.exposures,
        horizon_days,
        weight_kg=weight_kg,
        start_day=first_dose,
        habitual_carbohydrate=twin.carbohydrate,
        lanes=lanes,
    )
    rows = rows if amend is None else amend(rows)
    parameters = twin.closed.parameters
    drug = therapy.parameters(components, sex=sex)
    if drug:
        values = combine([pd.DataFrame(drug, index=range(len(parameters)))])
        parameters = parameters.assign(**{str(name): values[name].to_numpy() for name in values})
    days = np.arange(0.0, horizon_days + 1e-9, STEP_DAYS)
    names = [*TUMOUR, *(name for name in observe if name not in TUMOUR)]
    states, start, lost = twin.closed.states, twin.start_day, np.zeros(len(parameters), bool)
    if twin.sample_day is not None and twin.sample_day <= 0:
        start = twin.sample_day
        states = _on_the_day_of_the_sample(twin, rows, parameters, start)
        lost = ~np.isfinite(states).all(axis=1)
        states = np.where(lost[:, None], twin.closed.states, states)
    protocol, before = engine_protocol(rows, start, len(parameters))
    if start > twin.start_day:
        parameters = with_levels(parameters, before)
    initial = pd.DataFrame(states, columns=list(model.states))
    run = model.simulate(
        protocol,
        parameters,
        days,
        names,
        initial,
        start=start,
        rtol=TOLERANCE,
        max_steps=MAX_STEPS,
        cancel=cancel,
    )
    failed = np.zeros(len(parameters), bool)
    failed[run.failures["patient"].to_numpy(int)] = True
    failed |= lost | ~twin.ok
    return Run(days, {name: run.values[:, :, k] for k, name in enumerate(names)}, failed, notes)


def _on_the_day_of_the_sample(twin: Twin, rows: pd.DataFrame, parameters: pd.DataFrame, day: float) -> np.ndarray:
    """(V, n_states): the course until the sample, its residents then brought to what the sample shows.

    A strategy that begins later shares the course of the exposures alone with all others.
    """
    model = engine_model()
    protocol, _ = engine_protocol(rows[rows["time"] < day], twin.start_day, len(parameters))
    exposures, _ = therapy.exposure_protocol(twin.exposures, horizon_days=max(day, twin.start_day + 1.0))
    alone, _ = engine_protocol(exposures[exposures["time"] < day], twin.start_day, len(parameters))
    if protocol.equals(alone):
        states = twin.sample_states.copy()
    else:
        initial = pd.DataFrame(twin.closed.states, columns=list(model.states))
        run = model.simulate(
            protocol,
            parameters,
            [day],
            list(model.states),
            initial,
            start=twin.start_day,
            rtol=TOLERANCE,
            max_steps=MAX_STEPS,
        )
        states = run.values[:, 0].copy()
    states[:, [model.states.index(f"res_{guild}") for guild in GUILDS]] *= twin.sample_factor
    return states
