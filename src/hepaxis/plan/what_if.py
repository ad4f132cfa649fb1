"""What if a capacity were another, a group of claims off, or something else given: the same few virtual patients again.

Held: a small twin that stays in memory, so that an answer takes a fraction of a second; every setting runs on the same
hosts and draws, so two settings are compared in pairs.  A capacity is moved by a factor on what the sample implies in
each draw, so what is not known of it stays not known.  Growth of the tumour is kept, as in every counterfactual.
Assumed: fewer virtual patients than in a plan; intervals say so by being wider.  A capacity moved by hand is no
evidence that a therapy can move it.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from hepaxis import axis
from hepaxis.patient import PatientFolder
from hepaxis.plan.attribution import GROUP_LABELS
from hepaxis.plan.catalogue import Candidate, candidates
from hepaxis.plan.estimates import Cross, change, probability
from hepaxis.plan.make import HORIZON_DAYS, curve_of
from hepaxis.plan.patient_twin import Draws, patient_twin
from hepaxis.plan.schema import Curve, Interval
from hepaxis.plan.simulation import Simulated, simulate
from hepaxis.population import Twin, engine_model, with_parameters
from hepaxis.problems import InputError, error

SEED = 20261201
HOSTS, DRAWS = 6, 12  # 72 virtual patients: about 0.3 s for a setting
SMALL = Draws(HOSTS, DRAWS, SEED, HORIZON_DAYS)
LEAST, MOST = 0.1, 10.0  # factors on a capacity; gates saturate well within them
KEPT_TWINS, KEPT_RUNS = 24, 48  # settings held in memory
REMINDER = "A capacity moved by hand is not evidence that a therapy can move it."


@dataclass(frozen=True)
class Capacity:
    """A capacity that can be moved: ``input`` of the model and its ``parameter``."""

    id: str
    label: str
    parameter: str


@dataclass(frozen=True)
class Moved:
    """A setting; the empty one is the patient as sampled, under the planned regimen.

    capacities  id -> factor on what the sample implies (0.1 to 10)
    off         groups of claims switched off
    strategy    id of a candidate; '' is the planned regimen
    """

    capacities: Mapping[str, float] = field(default_factory=dict)
    off: tuple[str, ...] = ()
    strategy: str = ""

    @property
    def key(self) -> tuple[object, ...]:
        moved = tuple(sorted((id, factor) for id, factor in self.capacities.items() if factor != 1.0))
        return (moved, tuple(sorted(set(self.off))), self.strategy)


@dataclass(frozen=True)
class Answer:
    """One setting, and its change against another on the same virtual patients (fractions, paired).

    n: virtual patients that count; lost: those that could not be simulated in either setting.
    """

    curve: Curve
    response: Interval
    durable: Interval
    severe: Interval
    change_response: Interval
    change_durable: Interval
    change_severe: Interval
    n: int
    lost: int


@cache
def capacities() -> tuple[Capacity, ...]:
    """What ``what_if.csv`` lists."""
    text = files("hepaxis.plan").joinpath("what_if.csv").read_text(encoding="utf-8")
    inputs = axis.build().inputs["parameter"]
    return tuple(
        Capacity(row["id"], row["label"], str(inputs[row["input"]])) for row in csv.DictReader(text.splitlines())
    )


def groups() -> dict[str, str]:
    """Groups of claims that can be switched off: id -> label."""
    there = set(axis.build().gates["group"])
    return {id: label for id, label in GROUP_LABELS.items() if id in there}


class WhatIf:
    """A patient's small twin, ready to be asked."""

    def __init__(self, folder: PatientFolder, draws: Draws = SMALL) -> None:
        """Closes the twin (some seconds).  Raises InputError as ``make_plan`` does."""
        made = patient_twin(folder, draws)
        self.twin, self.setting, self.regimen = made.twin, made.setting, made.regimen
        offered = candidates(made.regimen, made.patient, weight_kg=made.patient.demographics.weight)
        self.strategies: dict[str, Candidate] = {one.id: one for one in offered[1:] if one.status != "blocked"}
        self.base = offered[0]
        self._twins: dict[tuple[object, ...], Twin] = {}
        self._runs: dict[tuple[object, ...], Simulated] = {Moved().key: made.base}

    def answer(self, moved: Moved, against: Moved = Moved()) -> Answer:
        """``moved``, and its paired change from ``against``.  Raises InputError for what cannot be moved so."""
        self._check(moved)
        self._check(against)
        here, there = self._run(moved), self._run(against)
        twin = self.twin
        cross = Cross.of(twin, twin.ok & ~here.failed & ~there.failed)
        if len(np.unique(twin.draw[cross.ok])) < len(twin.mechanisms):
            found = f"{int(cross.ok.sum())} of {len(cross.ok)} virtual patients can be simulated so"
            raise InputError([error("what_if.lost", found, "move the capacities less far")])
        one, other = here.endpoints, there.endpoints
        return Answer(
            curve=curve_of("setting", self._label(moved), here, cross),
            response=probability(cross, one.response),
            durable=probability(cross, one.durable),
            severe=probability(cross, one.severe_immune),
            change_response=change(cross, other.response, one.response),
            change_durable=change(cross, other.durable, one.durable),
            change_severe=change(cross, other.severe_immune, one.severe_immune),
            n=int(cross.ok.sum()),
            lost=int((~cross.ok).sum()),
        )

    def _label(self, moved: Moved) -> str:
        return self.strategies[moved.strategy].label if moved.strategy else self.base.label

    def _check(self, moved: Moved) -> None:
        known = {one.id for one in capacities()}
        problems = [
            error("what_if.capacity", f"'{id}' is no capacity", f"one of {', '.join(sorted(known))}")
            for id in moved.capacities
            if id not in known
        ]
        problems += [
            error("what_if.factor", f"{id} × {factor:g}", f"give a factor from {LEAST:g} to {MOST:g}")
            for id, factor in moved.capacities.items()
            if not LEAST <= factor <= MOST
        ]
        problems += [
            error("what_if.group", f"'{id}' is no group of claims", f"one of {', '.join(groups())}")
            for id in moved.off
            if id not in groups()
        ]
        if moved.strategy and moved.strategy not in self.strategies:
            listed = ", ".join(self.strategies)
            problems.append(error("what_if.strategy", f"'{moved.strategy}' is not offered", f"one of {listed}"))
        if problems:
            raise InputError(problems)

    def _run(self, moved: Moved) -> Simulated:
        if moved.key not in self._runs:
            given = (self.strategies[moved.strategy] if moved.strategy else self.base).given
            _hold(self._runs, moved.key, simulate(self._rest(moved), given, self.setting), KEPT_RUNS)
        return self._runs[moved.key]

    def _rest(self, moved: Moved) -> Twin:
        """The same people at rest in the setting, whatever is given to them."""
        key = moved.key[:2]
        if key == ((), ()):
            return self.twin
        if key not in self._twins:
            own = self.twin.closed.parameters
            default = engine_model().default_parameters
            values: dict[str, float | np.ndarray] = {}
            for one in capacities():
                factor = moved.capacities.get(one.id, 1.0)
                if factor != 1.0:
                    before = own[one.parameter].to_numpy(float) if one.parameter in own else default[one.parameter]
                    values[one.parameter] = factor * before
            gates = axis.build().gates
            values |= {f"g_{gate}": 0.0 for gate in gates.index[gates["group"].isin(moved.off)]}
            _hold(self._twins, key, with_parameters(self.twin, values), KEPT_TWINS)
        return self._twins[key]


def _hold(store: dict[Any, Any], key: object, value: object, most: int) -> None:
    """Keep ``value``, the oldest of too many go."""
    while len(store) >= most:
        del store[next(iter(store))]
    store[key] = value
