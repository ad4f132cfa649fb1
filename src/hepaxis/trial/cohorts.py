"""Virtual patients closed at rest, a chunk at a time: the first n of a population that can be.

Held: who they are depends on the population, the seed and the gates alone; chunks only bound what is in memory.  Who
is left out, and by what, is counted among the candidates up to the last one taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from hepaxis.population import (
    Mechanisms,
    Population,
    Prior,
    Twin,
    close_population,
    draw_candidates,
    draw_for,
    engine_model,
    prior_mean_mechanisms,
    solved_tau,
    taken,
)
from hepaxis.problems import InputError, error
from hepaxis.trial.posterior import UNMOVED, Moved

CHUNK = 500  # candidates at once: about 60 MB of trajectories over two years
GATES = ("drawn", "mean", "off")
GATE = "gate."
LEAST_TAKEN = 0.02  # share of candidates; below it population and bounds contradict each other
PATIENCE = 2_000  # candidates looked at before that is said


@dataclass(frozen=True)
class Cohort:
    """Patients of one chunk; lane k of ``twin`` is patient k of ``population``; all of them are at rest.

    lost: reason -> candidates left out since the last cohort; candidates: how many were looked at.
    """

    population: Population
    twin: Twin
    lost: dict[str, int]
    candidates: int


def cohorts(
    prior: Prior,
    n: int,
    seed: int,
    *,
    gates: str = "drawn",
    shared_by: int = 1,
    chunk: int = CHUNK,
    admit: Callable[[Population], np.ndarray] | None = None,
    moved: Moved = UNMOVED,
) -> Iterator[Cohort]:
    """The first n patients in chunks of at most ``chunk`` candidates; ``admit`` (n,) says who may take part.

    moved: calibrated values, when they are not those of the tables.

    gates: each claim about the gut as drawn, at its prior mean, or off; all else of a patient stays.
    shared_by: consecutive numbers that have one draw of the mechanisms.
    Raises InputError when hardly any candidate can be taken.
    """
    found = first = looked = 0
    left: Counter[str] = Counter()
    while found < n:
        part = _cohort(prior, range(first, first + chunk), seed, gates, shared_by, admit, moved)
        if part.size > n - found:
            last = int(part.population.patients[n - found - 1])
            part = _cohort(prior, range(first, last + 1), seed, gates, shared_by, admit, moved)
        first += chunk
        found += part.size
        looked += part.candidates
        left.update(part.lost)
        if part.twin is not None:
            yield Cohort(part.population, part.twin, dict(left), looked)
            left, looked = Counter(), 0
        if first >= PATIENCE and found < LEAST_TAKEN * first:
            hint = "widen who may take part, or choose another population"
            raise InputError([error("trial.nobody", f"of {first} candidates {found} can take part", hint)])


def mechanisms_of(population: Population, gates: str, shared_by: int = 1) -> Mechanisms:
    """Each patient's own draw, with the gates drawn, at their prior mean, or off.  ValueError for another word."""
    own = draw_for(population, solved_tau(), shared_by)
    names = [str(name) for name in own.inputs if str(name).startswith(GATE)]
    if gates == "drawn":
        return own
    if gates == "mean":
        means = prior_mean_mechanisms(solved_tau()).inputs.iloc[0]
        return Mechanisms(own.inputs.assign(**{name: float(means[name]) for name in names}), own.core)
    if gates == "off":
        return Mechanisms(own.inputs.assign(**dict.fromkeys(names, 0.0)), own.core)
    raise ValueError(f"gates '{gates}'; known: {', '.join(GATES)}")


@dataclass(frozen=True)
class _Part:
    """A chunk that may be empty (then without a twin)."""

    population: Population
    twin: Twin | None
    lost: Counter[str]
    candidates: int

    @property
    def size(self) -> int:
        return len(self.population)


def _cohort(
    prior: Prior,
    numbers: range,
    seed: int,
    gates: str,
    shared_by: int,
    admit: Callable[[Population], np.ndarray] | None,
    moved: Moved,
) -> _Part:
    drawn = moved.people(draw_candidates(prior, numbers.start, numbers.stop, seed))
    lost = Counter(drawn.rejected)
    if admit is not None:
        allowed = admit(drawn)
        lost["not eligible"] += int((~allowed).sum())
        drawn = drawn.take(allowed)
    if not len(drawn):
        return _Part(drawn, None, +lost, len(numbers))
    population, twin, reasons = at_rest(drawn, gates, shared_by, moved)
    lost.update(reason for reason in reasons if reason)
    return _Part(population, twin, +lost, len(numbers))


def at_rest(
    population: Population, gates: str, shared_by: int = 1, moved: Moved = UNMOVED
) -> tuple[Population, Twin | None, tuple[str, ...]]:
    """Those who can be closed, as a twin (None: nobody), and of all why not (empty: closed)."""
    twin = close_population(
        population,
        mechanisms=mechanisms_of(population, gates, shared_by),
        values=moved.values(engine_model().default_parameters),
    )
    reasons = tuple("" if ok else reason for reason, ok in zip(twin.closed.reason, twin.ok, strict=True))
    kept = np.flatnonzero(twin.ok)
    return population.take(kept), taken(twin, kept) if len(kept) else None, reasons
