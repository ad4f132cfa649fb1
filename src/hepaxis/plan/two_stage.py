"""The search on a patient's twin: wide on a few of its hosts, deep on all, with the same random numbers throughout.

Held: the wide stage's people are the first hosts of the twin with every draw, so that they are among those of the deep
stage and keep their errors and frailties.  A user who names strategies, or asks for few, gets them all computed deep.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

import numpy as np

from hepaxis import therapy
from hepaxis.patient import Patient
from hepaxis.plan.catalogue import Candidate, candidates
from hepaxis.plan.estimates import Cross
from hepaxis.plan.mechanism import observed_by
from hepaxis.plan.safety_facts import from_patient
from hepaxis.plan.search import Searched, search
from hepaxis.plan.simulation import Setting, Simulated, simulate
from hepaxis.plan.standing import Gains
from hepaxis.plan.strategies import CEILING, Compared
from hepaxis.population import Twin, some_of

FEWEST_HOSTS = 2  # below, the error from hosts cannot be told
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Stage:
    """One stage's virtual patients: all of the twin, or some of its hosts with every draw."""

    twin: Twin
    setting: Setting
    known: Mapping[tuple[str, ...], Simulated] = field(default_factory=dict)  # runs there were before, by plain parts

    @classmethod
    def of(
        cls,
        twin: Twin,
        setting: Setting,
        patients: int | None = None,
        known: Mapping[tuple[str, ...], Simulated] | None = None,
    ) -> Stage:
        """About ``patients`` virtual patients: as many hosts as it takes, with every draw; None: all.

        Of a weighted twin the hosts that weigh most, else the first.
        """
        if patients is None:
            return cls(twin, setting, known or {})
        hosts = max(FEWEST_HOSTS, ceil(patients / len(twin.mechanisms)))
        weight = np.bincount(twin.host, weights=twin.weights)
        rows = np.flatnonzero(np.isin(twin.host, np.argsort(-weight, kind="stable")[:hosts]))
        return cls(some_of(twin, rows), setting.of_lanes(rows))

    def run(self, one: Candidate) -> Simulated:
        if all(part.plain for part in one.given) and one.components in self.known:
            return self.known[one.components]
        return simulate(self.twin, one.given, self.setting, observe=_observed(one))

    def compared(self, base: Simulated, runs: dict[str, Simulated], others: Sequence[Simulated] = ()) -> Compared:
        """Who failed in any run is left out of all comparisons."""
        ok = self.twin.ok.copy()
        for made in (base, *runs.values(), *others):
            ok &= ~made.failed
        return Compared(base, runs, Cross.of(self.twin, ok))


@dataclass(frozen=True)
class Found:
    """offered   the base first, then what was computed deep, other regimens, and what is blocked
    runs      id -> run of the deep stage; base among them unless it is blocked
    base      the planned regimen's run
    searched  the wide stage, None where nothing was searched
    wide      its runs compared
    """

    offered: list[Candidate]
    runs: dict[str, Simulated]
    base: Simulated
    searched: Searched | None = None
    wide: Compared | None = None

    @property
    def candidates(self) -> list[Candidate]:
        """Everything offered or tried, each once."""
        tried = [] if self.searched is None else [one.candidate for one in self.searched.tried]
        return list({one.id: one for one in (*self.offered, *tried)}.values())


def _observed(one: Candidate) -> tuple[str, ...]:
    """What is recorded: gates at their ceiling, and what the strategy claims to move (all claims for a regimen)."""
    arms = [id for id in one.components if id not in therapy.regimen_ids()]
    return (*CEILING, *observed_by(arms or None))


def compute_all(offered: list[Candidate], deep: Stage, progress: Progress) -> Found:
    """Every candidate that is not blocked, computed deep."""
    runs: dict[str, Simulated] = {}
    for one in offered:
        if one.status != "blocked":
            progress(one.label)
            runs[one.id] = deep.run(one)
    return Found(offered, runs, runs.get(offered[0].id) or deep.run(offered[0]))


def two_stages(
    patient: Patient, regimen: str, deep: Stage, *, wide: int, strategies: int, most: int, progress: Progress
) -> Found:
    """Search ``strategies`` candidates on ``wide`` virtual patients and compute the best ``most`` of them deep.

    Once the planned regimen is under way another one is not tried: it could only begin where this one has been.
    """
    weight = patient.demographics.weight
    if strategies <= most + 1:
        return compute_all(candidates(regimen, patient, limit=strategies, weight_kg=weight), deep, progress)
    few = Stage.of(deep.twin, deep.setting, wide)
    cross = Cross.of(few.twin, few.twin.ok)

    def evaluate(one: Candidate) -> Simulated:
        progress(f"wide: {one.label}")
        return few.run(one)

    searched = search(
        regimen,
        from_patient(patient),
        evaluate,
        lambda base, other: Gains.between(base, other, cross),
        wide=strategies,
        deep=most,
        weight_kg=weight,
        regimens=deep.setting.today <= 0,
    )
    tried = {one.candidate.id: one for one in searched.tried}
    base = searched.tried[0]
    best = [tried[id].candidate for id in searched.deep]
    found = compute_all([base.candidate, *best], deep, progress)
    others = [one.candidate for one in searched.tried[1:] if one.candidate.kind == "regimen"]
    runs = {id: one.run for id, one in tried.items()}
    compared = few.compared(base.run, runs)
    return Found([*found.offered, *others, *searched.blocked], found.runs, found.base, searched, compared)
