"""Local derivatives at a median person, in two meanings.

Held: ``closed`` moves a parameter and lets the person rest anew with it (niches, metabolites, immunity, growth), by
central differences of a tenth of the prior sd to either side: what a wrong value does to a prediction.  ``held`` keeps
the rest and moves the parameter on the day of the first dose, by central differences of 1%: what a change under
treatment would do.  Differences are lanes of one batch, so that no code beside the model's own need be compiled (the
engine's tangent equations of this model take half a minute to); a test holds them to those equations.
At the reference community every gate stands at its reference by construction, whatever the parameters are; so
derivatives are taken with several communities and told as their mean and range.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hepaxis import therapy
from hepaxis.patient.burden import sphere_ml
from hepaxis.population import Guts, engine_model
from hepaxis.population.closure import combine
from hepaxis.population.dosing import engine_protocol
from hepaxis.sensitivity.crew import ALONE, Crew
from hepaxis.sensitivity.factors import COLD, COMMUNITY, CORE, Factor
from hepaxis.sensitivity.reading import MEASURABLE_MM
from hepaxis.sensitivity.study import Study, take

STEP = 0.05  # of the prior sd, to either side; at 0.1 the curvature of the widest factor moved a slope by 6%
HELD_STEP = 0.01  # of the logarithm, to either side
HELD_TOLERANCE = 1e-7  # relative, of the two courses that a difference is taken of


def movable(listed: Sequence[Factor]) -> tuple[Factor, ...]:
    """Factors with a derivative: not the community, nor what is had or not (a cold tumour, a genotype)."""
    return tuple(factor for factor in listed if np.isfinite(factor.scale))


def median_person(listed: Sequence[Factor]) -> pd.Series:
    """Every factor at its centre; what is had or not is not had, as in most people."""
    return pd.Series({f.name: f.centre for f in listed if f.name not in (COMMUNITY, COLD)})


def neighbours(listed: Sequence[Factor]) -> pd.DataFrame:
    """Twice as many people as movable factors: the median person with one factor up, then with one down."""
    moved = movable(listed)
    centre = np.array([factor.centre for factor in moved])
    scale = STEP * np.array([factor.scale for factor in moved])
    log = np.array([factor.log for factor in moved])
    steps = np.concatenate([np.eye(len(moved)), -np.eye(len(moved))])
    rows = np.where(log, centre * np.exp(steps * scale), centre + steps * scale)
    frame = pd.DataFrame(rows, columns=[factor.name for factor in moved])
    rest = median_person(listed).drop(frame.columns)
    frame = frame.assign(**{str(name): value for name, value in rest.items()})
    if CORE in frame:
        frame["host_infiltration"] = frame["host_infiltration"] * frame.pop(CORE)
    return frame


def some_guts(study: Study, count: int) -> Guts:
    """The first communities of the study, load and residuals left to the factors."""
    cube = np.full((count, len(study.factors)), 0.5)
    cube[:, study.names.index(COMMUNITY)] = (np.arange(count) + 0.5) / len(study.communities)
    return study.guts_of(cube)


def derivatives(study: Study, guts: Guts, table: pd.DataFrame, *, crew: Crew = ALONE) -> np.ndarray:
    """(guts, rows of ``table``, movable factors): d reading / d factor in prior sd, every rest closed anew."""
    moved, frame = movable(study.factors), neighbours(study.factors)
    people = pd.concat([frame] * len(guts), ignore_index=True)
    values = study.values(people, take(guts, np.repeat(np.arange(len(guts)), len(frame))), table, crew=crew)
    up, down = np.moveaxis(values.reshape(len(guts), 2, len(moved), len(table)), 1, 0)
    found: np.ndarray = np.swapaxes((up - down) / (2 * STEP), 1, 2)
    return found


def elasticities(scaled: np.ndarray, moved: Sequence[Factor]) -> np.ndarray:
    """Derivatives in prior sd -> d ln output / d ln parameter (NaN where the value is 0), same shape."""
    unit = np.array([(1.0 if f.log else f.centre) / f.scale if f.scale else np.nan for f in moved])
    return scaled * np.where(unit == 0, np.nan, unit)


def held_change(
    study: Study, guts: Guts, regimen: str, day: float, names: Sequence[str]
) -> tuple[tuple[str, ...], np.ndarray]:
    """(names, (guts, names)): d tumour_change / d ln parameter with the rest of the median person kept.

    The immune core is no parameter of the model and has none.
    """
    person = median_person(study.factors).drop(CORE, errors="ignore")
    names = tuple(name for name in names if name != CORE)
    parameters = pd.DataFrame([person] * len(guts)).reset_index(drop=True)
    twin = study.closed_people(parameters, guts)
    rows, _ = therapy.full_protocol([regimen], (), day)
    protocol, _ = engine_protocol(rows, 0.0)
    drug = combine([pd.DataFrame(therapy.parameters([regimen]), index=range(len(guts)))])
    own = twin.closed.parameters.assign(**{str(name): drug[name].to_numpy() for name in drug})
    # Lanes: of each person one pair a parameter, up and down.
    lanes = np.repeat(np.arange(len(guts)), 2 * len(names))
    frame = own.iloc[lanes].reset_index(drop=True)
    model = engine_model()
    for k, name in enumerate(names):
        values = np.full(len(frame), model.default_parameters[name])
        if name in frame:
            values = frame[name].to_numpy(float).copy()
        values[2 * k :: 2 * len(names)] *= np.exp(HELD_STEP)
        values[2 * k + 1 :: 2 * len(names)] *= np.exp(-HELD_STEP)
        frame[name] = values
    initial = pd.DataFrame(twin.closed.states[lanes], columns=list(model.states))
    run = model.simulate(protocol, frame, [0.0, day], ["tumour_volume"], initial, rtol=HELD_TOLERANCE)
    volume = np.log(run.values[:, :, 0] + sphere_ml(MEASURABLE_MM))
    change = (volume[:, 1] - volume[:, 0]).reshape(len(guts), len(names), 2)
    found: np.ndarray = (change[:, :, 0] - change[:, :, 1]) / (2 * HELD_STEP)
    return names, found
