"""Which strategies are tried, and which of them are computed finely: a wide search, then a deep one.

Held: the wide stage runs on a few of the twin's hosts with all its draws, so that every strategy meets the same people
and what is found wide is paired with what is found deep.  It begins with the planned regimen, other regimens and each
arm as the tables give it; the places left go to what can be made of the best of these: their days, doses and repeats,
rescue at progression, and sensible pairs in their orders.  The deep stage takes the best on each aim, then the best net
gains, at most one of each set of arms.  Blocked strategies are never run and always listed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from hepaxis import therapy
from hepaxis.plan.catalogue import Candidate, candidates, single_arms, strategy_of
from hepaxis.plan.pairs import sensible_pairs
from hepaxis.plan.safety_facts import SafetyFacts
from hepaxis.plan.simulation import Simulated
from hepaxis.plan.standing import Gains, aims, fronts, leaders
from hepaxis.plan.variants import changes_of

#: Share of the wide stage's places for regimens and arms as the tables give them; the rest is for what is made of them.
FIRST_ROUND = 0.7
#: Best arms of the first round whose schedules are changed, and which are paired.
WORTH_CHANGING = 4
WORTH_PAIRING = 6
#: Strategies of the deep stage that may hold the same arm: more would be one answer told again.
MOST_OF_ONE_ARM = 2


@dataclass(frozen=True)
class Tried:
    """A strategy of the wide stage.  ``front``: 1 where none is better on all five aims."""

    candidate: Candidate
    run: Simulated
    gains: Gains
    front: int = 0


@dataclass(frozen=True)
class Searched:
    """tried   in the order they were run, the base first
    deep      ids of those to compute finely
    blocked   generated and stopped by a safety rule
    generated how many strategies the search could have tried at the end
    """

    tried: tuple[Tried, ...]
    deep: tuple[str, ...]
    blocked: tuple[Candidate, ...]
    generated: int


Evaluate = Callable[[Candidate], Simulated]
Measure = Callable[[Simulated, Simulated], Gains]


def search(
    regimen: str,
    facts: SafetyFacts,
    evaluate: Evaluate,
    measure: Measure,
    *,
    wide: int,
    deep: int,
    weight_kg: float | None = None,
    regimens: bool = True,
) -> Searched:
    """Try ``wide`` strategies (the base included) and choose ``deep`` of them; regimens: other regimens among them.

    evaluate runs a candidate on the wide stage's virtual patients; measure compares two runs.
    """
    everything = candidates(regimen, facts, limit=None, weight_kg=weight_kg)
    first = candidates(regimen, facts, limit=max(1, round(FIRST_ROUND * wide)), weight_kg=weight_kg)
    blocked = {one.id: one for one in everything if one.status == "blocked" and one is not everything[0]}
    base = evaluate(first[0])
    tried = [Tried(first[0], base, measure(base, base))]

    def take(offered: Iterable[Candidate], places: int) -> None:
        known = {one.candidate.id for one in tried}
        for one in offered:
            if one.status == "blocked":
                blocked.setdefault(one.id, one)
            elif one.id not in known and len(tried) < places:
                known.add(one.id)
                run = evaluate(one)
                tried.append(Tried(one, run, measure(base, run)))

    take((one for one in first[1:] if one.status != "blocked" and (regimens or one.kind != "regimen")), wide)
    made = list(neighbours(regimen, tried, facts, weight_kg))
    take(made, wide)
    generated = len(everything) + len({one.id for one in made} - {one.id for one in everything})
    ranked = _with_fronts(tried)
    return Searched(tuple(ranked), choose(ranked[1:], deep), tuple(blocked.values()), generated)


def neighbours(
    regimen: str, tried: list[Tried], facts: SafetyFacts, weight_kg: float | None = None
) -> Iterator[Candidate]:
    """What can be made of the best arms so far: one change of schedule, then pairs, turn by turn."""
    arms = [one for one in tried if one.candidate.kind not in ("base", "regimen")]
    arms.sort(key=lambda one: (-_known(one.gains.net), one.candidate.id))
    usable = {arm.id for arm in single_arms(facts)}
    alone = [one.candidate.components[-1] for one in arms if len(one.candidate.components) == 2]
    best = [therapy.arm(id) for id in alone if id in usable]
    base = therapy.Component(regimen)
    changes = [changes_of((base, therapy.Component(arm.id))) for arm in best[:WORTH_CHANGING]]
    pairs: Iterator[tuple[therapy.Component, ...]] = ((base, *pair) for pair in sensible_pairs(best[:WORTH_PAIRING]))
    for parts in _in_turn([*changes, pairs]):
        yield strategy_of(parts, facts, weight_kg)


def _in_turn(
    sources: list[Iterator[tuple[therapy.Component, ...]]],
) -> Iterator[tuple[therapy.Component, ...]]:
    """One of each source, again and again, until all are empty."""
    while sources:
        for source in list(sources):
            found = next(source, None)
            if found is None:
                sources.remove(source)
            else:
                yield found


def choose(tried: list[Tried], deep: int) -> tuple[str, ...]:
    """Ids of the strategies for the deep stage: the leader on each aim, then by front and net gain.

    Another regimen is not taken: regimens are calibrated to separate trials and differ by more than any arm.
    """
    arms = [one for one in tried if one.candidate.kind not in ("base", "regimen") and np.isfinite(one.gains.net)]
    if not arms:
        return ()
    values = np.array([aims(one.candidate, one.gains) for one in arms])
    net = np.array([one.gains.net for one in arms])
    order = [*leaders(values, net), *sorted(range(len(arms)), key=lambda k: (arms[k].front, -net[k]))]
    chosen: dict[tuple[str, ...], str] = {}
    often: Counter[str] = Counter()
    for k in order:
        kin = tuple(sorted(arms[k].candidate.components))
        own = [id for id in kin if id not in therapy.regimen_ids()]
        if kin not in chosen and len(chosen) < deep and all(often[id] < MOST_OF_ONE_ARM for id in own):
            chosen[kin] = arms[k].candidate.id
            often.update(own)
    return tuple(chosen.values())


def _with_fronts(tried: list[Tried]) -> list[Tried]:
    found = fronts(np.array([aims(one.candidate, one.gains) for one in tried]))
    return [Tried(one.candidate, one.run, one.gains, int(front)) for one, front in zip(tried, found, strict=True)]


def _known(value: float) -> float:
    return value if np.isfinite(value) else -np.inf
