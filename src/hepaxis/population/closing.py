"""A population closed at rest: each patient with a gut and a draw of the mechanisms of its own, as a batch to be run.

Held: the same closure as a patient's twin (``twin``), uncrossed: patient k is lane k.  The reference community in each
host is closed first (the gates' references); the patient's own rest starts from it, which is the same branch and half
the work.  A proton-pump inhibitor is part of the rest; courses of antibiotics are events, by ``exposures``.
Bounds on the patient at rest (``plausible.csv``, closed) mark who is outside as not ok, with the rule as reason.
Volume and ALBI are those of day 0: both are brought back to the start, the liver with what the tumour takes from it.
Assumed: the model's own habitual diet for all; growth before day 0 at the drawn rate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from hepaxis import therapy
from hepaxis.patient import Exposure
from hepaxis.population.assumptions import assumed
from hepaxis.population.closure import (
    Closed,
    close,
    combine,
    engine_model,
    function_left,
    reference_rest,
    sizes_before,
)
from hepaxis.population.guts import Guts, reference_gut
from hepaxis.population.hosts import Hosts
from hepaxis.population.mechanisms import Mechanisms, mechanism_names, mechanisms_at
from hepaxis.population.plausible import at_rest, outside
from hepaxis.population.points import uniform_points
from hepaxis.population.tau import solved_tau
from hepaxis.population.twin import Twin
from hepaxis.population.virtual_patients import Population

INHIBITOR = Exposure(kind="ppi", start_day=-365.0, ongoing=True)  # since long before the simulated time
ROOM = 1.0  # days between the simulated start and the earliest course


def close_population(
    population: Population,
    *,
    mechanisms: Mechanisms | None = None,
    tau: float | None = None,
    values: Mapping[str, float] | None = None,
) -> Twin:
    """The population's patients as virtual twins, lane k patient k; ``Closed.reason`` says why one is not ok.

    mechanisms: None draws one for each patient around ``tau`` (None: the solved one); one draw is shared by all.
    values: model parameters that differ from their defaults in everyone.
    Raises ValueError for any other number of draws.
    """
    n = len(population)
    own = draw_for(population, solved_tau() if tau is None else tau) if mechanisms is None else mechanisms
    if len(own) not in (1, n):
        raise ValueError(f"{len(own)} mechanism draws for {n} patients")
    draw = np.arange(n) if len(own) == n else np.zeros(n, int)
    start = start_day(population)
    host = combine([population.inputs]).assign(**(values or {}))
    host["host_liver_function"] /= function_left(host["volume_start"], host["net_growth_start"], start)
    host = sizes_before(host, start)
    refs, reference = reference_rest(host, reference_gut(population.prior.reference))
    claims = combine([own.inputs.iloc[draw], population.guts.inputs])
    parameters = pd.concat([host, refs, claims], axis=1)
    parameters["host_infiltration"] *= own.core[draw]
    parameters = parameters.assign(ppi=population.covariates["ppi"].to_numpy(float))
    closed = close(parameters, population.guts, near=reference.states)
    return Twin(
        closed=_bounded(closed) if population.prior.plausible else closed,
        host=np.arange(n),
        draw=draw,
        hosts=_hosts(population),
        mechanisms=own,
        guts=population.guts,
        references=refs,
        exposures=(),
        start_day=start,
        sample_mismatch=float("nan"),
        carbohydrate=float(engine_model().default_parameters["diet_carbohydrate"]),
        notes=(population.sentence(),),
    )


def taken(twin: Twin, rows: np.ndarray) -> Twin:
    """Some lanes of a closed population (positions), as a population's twin of its own."""
    guts, hosts = twin.guts, twin.hosts
    shared = len(twin.mechanisms) == 1
    own = twin.mechanisms
    return replace(
        twin,
        closed=twin.closed.take(rows),
        host=np.arange(len(rows)),
        draw=np.zeros(len(rows), int) if shared else np.arange(len(rows)),
        hosts=replace(
            hosts,
            inputs=hosts.inputs.iloc[rows].reset_index(drop=True),
            diameter_sum=hosts.diameter_sum[rows],
            cold=hosts.cold[rows],
        ),
        mechanisms=own if shared else Mechanisms(own.inputs.iloc[rows].reset_index(drop=True), own.core[rows]),
        guts=Guts(
            guts.shares[rows],
            guts.absent[rows],
            guts.open[rows],
            guts.inputs.iloc[rows].reset_index(drop=True),
            guts.source,
        ),
        references=twin.references.iloc[rows].reset_index(drop=True),
    )


def draw_for(population: Population, tau: float, shared_by: int = 1) -> Mechanisms:
    """A draw of the mechanisms for each patient, by its number; ``shared_by`` consecutive numbers have one."""
    names = [f"mechanism.{name}" for name in mechanism_names()]
    return mechanisms_at(uniform_points(population.seed, population.patients // shared_by, names), tau)


def start_day(population: Population) -> float:
    """Day at which the patients rest: before any course a population can have, whoever is in this one."""
    rows = population.prior.marginals.rows
    starts = rows[rows["variable"] == "antibiotic_start"]["args"]
    earliest = min(float(dict(part.split("=") for part in str(text).split())["low"]) for text in starts)
    return min(earliest - ROOM, -assumed("lead_in"))


def exposures(population: Population) -> tuple[tuple[Exposure, ...], ...]:
    """What each patient takes or took: its course of an antibiotic, its proton-pump inhibitor."""
    names = ["antibiotic", "antibiotic_class", "antibiotic_start", "antibiotic_days", "ppi"]
    taken = []
    for course, drug, first, days, inhibitor in population.covariates[names].itertuples(index=False, name=None):
        own = [_course(str(drug), float(first), float(days))] if course == 1 else []
        taken.append((*own, *([INHIBITOR] if inhibitor == 1 else [])))
    return tuple(taken)


def lanes(population: Population) -> therapy.Lanes:
    """What differs between the patients when a strategy is given to them: body weight and exposures."""
    weight = population.inputs["host.weight"].to_numpy(float) * therapy.REFERENCE_WEIGHT
    return therapy.Lanes(n=len(population), weight_kg=weight, exposures=exposures(population))


def not_closed(twin: Twin) -> dict[str, int]:
    """Reason -> patients who could not be closed or are not plausible at rest."""
    return dict(Counter(reason for reason, ok in zip(twin.closed.reason, twin.ok, strict=True) if not ok))


def _course(drug_class: str, first: float, days: float) -> Exposure:
    last = first + days - 1.0
    sheet = {"kind": "antibiotic", "class": drug_class, "route": "oral", "start_day": first, "end_day": last}
    return Exposure.model_validate(sheet)


def _bounded(closed: Closed) -> Closed:
    """The rest with who is outside the bounds of ``closed`` marked as not ok, with the rule."""
    rule = np.where(closed.ok, outside(at_rest(closed), "closed"), "")
    reason = tuple(str(why) or str(broken) for why, broken in zip(closed.reason, rule, strict=True))
    return Closed(closed.states, closed.parameters, closed.ok & (rule == ""), reason)


def _hosts(population: Population) -> Hosts:
    return Hosts(
        population.inputs,
        population.covariates["diameter_sum"].to_numpy(float),
        np.ones(len(population)),
        {},
        (population.sentence(),),
    )
