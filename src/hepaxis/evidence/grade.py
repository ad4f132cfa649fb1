"""How sure a pooled value is, step by step, after GRADE (Guyatt 2008, 10.1136/bmj.39489.470347.AD).

Held: four levels.  Randomised trials start high, all else low; each domain takes away, a large effect without other
faults adds.  Directness is to hepatocellular carcinoma, whatever the question's tumour.  Beside GRADE's domains stands
a negative control: where the same exposure goes with the same outcome without immunotherapy, a level is lost, because
illness explains both.  Every step says its change, its reason and its records; the cut-offs are the constants below.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from hepaxis.evidence import vocabulary
from hepaxis.evidence.directions import Direction
from hepaxis.evidence.pooling import Answer, Pool
from hepaxis.evidence.records import Record

LEVELS = ("very low", "low", "moderate", "high")
RANDOMISED, OTHER = 4, 2
#: Share of the pooled weight from which a fault of studies is a fault of the pool.
MOST = 0.5
#: I2 above which spread counts, and above which it counts twice if signs differ too (Cochrane Handbook, 10.10.2).
SPREAD, WIDE_SPREAD = 0.5, 0.75
#: Ratios between which an effect is called small; an interval beyond both sides says nothing (GRADE guidelines 6).
APPRECIABLE = 1.25
#: People below whom the optimal information size is not met (GRADE guidelines 6).
ENOUGH_PEOPLE = 400
#: A ratio beyond which, at its nearer limit, an effect is large (GRADE guidelines 9).
LARGE = 2.0
SMALL_STUDY_P = 0.1
ALPHA = 0.05
LIVER_CANCER = "liver"


@dataclass(frozen=True)
class Step:
    """One step: how many levels it takes or gives, why, and the records it rests on."""

    domain: str
    change: int
    reason: str
    records: tuple[str, ...] = ()


@dataclass(frozen=True)
class Certainty:
    """``level`` one of LEVELS; ``start`` 4 or 2; steps in order."""

    level: str
    start: int
    steps: tuple[Step, ...]


def certainty(given: Answer, studies: dict[str, Record]) -> Certainty:
    """Certainty of an answer's pooled value."""
    pool = given.pool
    if pool.model is None:
        held = tuple(dict.fromkeys(one.effect.study for one in pool.left_out))
        return Certainty(LEVELS[0], OTHER, (Step("design", 0, "no study gives a number that can be pooled", held),))
    weights = _by_study(pool)
    randomised = [id for id in weights if studies[id].design == "randomised"]
    start = RANDOMISED if len(randomised) == len(weights) else OTHER
    what = "randomised trials start high" if start == RANDOMISED else "studies without randomisation start low"
    steps = [
        Step("design", 0, what, tuple(weights)),
        _bias(weights, studies, start),
        _control(given),
        _inconsistency(given),
        _indirectness(weights, studies),
        _imprecision(pool),
        _small_studies(pool),
        *_retracted(given, studies),
    ]
    if start == OTHER and not any(step.change < 0 for step in steps):
        steps.append(_large(pool))
    return _concluded(start, steps)


def certainty_of_direction(given: Direction, studies: dict[str, Record]) -> Certainty:
    """Certainty of the sign of a taxon: associations start low, and studies name only what differed."""
    counted = tuple(dict.fromkeys(vote.study for vote in given.votes if not vote.retracted))
    steps = [Step("design", 0, "associations without randomisation start low", counted)]
    high = tuple(id for id in counted if studies[id].bias[0] == "high")
    if len(high) > MOST * len(counted):
        steps.append(
            Step("risk of bias", -1, f"{len(high)} of {len(counted)} studies at high risk of confounding", high)
        )
    if given.disputed:
        reason = f"{given.up} data sets higher in responders, {given.down} in non-responders"
        steps.append(Step("inconsistency", -1, reason, counted))
    liver = vocabulary.under("tumour", LIVER_CANCER)
    direct = tuple(id for id in counted if liver & set(studies[id].tumours))
    if len(direct) < MOST * len(counted) or not counted:
        steps.append(Step("indirectness", -1, f"{len(direct)} of {len(counted)} studies in HCC", direct))
    if given.people < ENOUGH_PEOPLE or given.sign_p >= ALPHA:
        reason = f"{given.people} people, sign test p = {given.sign_p:.2g}"
        steps.append(Step("imprecision", -1, reason, counted))
    steps.append(Step("reporting", -1, "studies name the taxa that differed and are silent on the others", counted))
    return _concluded(OTHER, steps)


def _concluded(start: int, steps: list[Step]) -> Certainty:
    level = max(1, min(len(LEVELS), start + sum(step.change for step in steps)))
    return Certainty(LEVELS[level - 1], start, tuple(steps))


def _by_study(pool: Pool) -> dict[str, float]:
    """Share of the pooled weight by study."""
    assert pool.model is not None
    found: dict[str, float] = {}
    for one, weight in zip(pool.used, pool.model.weights, strict=True):
        found[one.study] = found.get(one.study, 0.0) + weight
    return found


def _bias(weights: dict[str, float], studies: dict[str, Record], start: int) -> Step:
    worst = {id: weight for id, weight in weights.items() if "high" in studies[id].bias}
    share = sum(worst.values())
    if share > MOST:
        return Step("risk of bias", -1, f"{share:.0%} of the weight at high risk in some domain", tuple(worst))
    unclear = {id: weight for id, weight in weights.items() if {"high", "unclear"} & set(studies[id].bias)}
    if start == RANDOMISED and sum(unclear.values()) > MOST:
        return Step("risk of bias", -1, "most of the weight at unclear risk", tuple(unclear))
    return Step("risk of bias", 0, f"{share:.0%} of the weight at high risk in some domain", tuple(worst))


def _control(given: Answer) -> Step:
    held = tuple(dict.fromkeys(one.study for one in given.control.used))
    contrast = given.contrast
    if contrast is None:
        return Step("negative control", 0, "nobody without immunotherapy was studied")
    told = f"ratio with over without immunotherapy {contrast.ratio:.2f} ({contrast.low:.2f} to {contrast.high:.2f})"
    control = given.control.plain
    if control is not None and contrast.low <= 1 <= contrast.high and control.pooled.p < ALPHA:
        return Step("negative control", -1, f"the same association without immunotherapy: {told}", held)
    return Step("negative control", 0, told, held)


def _inconsistency(given: Answer) -> Step:
    model = given.pool.model
    assert model is not None
    used = tuple(dict.fromkeys(one.study for one in given.pool.used))
    sides = {
        name: tuple(dict.fromkeys(one.study for one in given.contradictions[name])) for name in ("better", "worse")
    }
    held = tuple(dict.fromkeys((*used, *sides["better"], *sides["worse"])))
    told = f"I2 {model.i2:.0%} over {model.k}"
    if given.disputed:
        told += f"; better in {', '.join(sides['better'])}, worse in {', '.join(sides['worse'])} over all outcomes"
    if given.disputed and model.i2 > WIDE_SPREAD:
        return Step("inconsistency", -2, told, held)
    if given.disputed or model.i2 > SPREAD:
        return Step("inconsistency", -1, told, held)
    return Step("inconsistency", 0, "one study alone" if model.k == 1 else told, held)


def _indirectness(weights: dict[str, float], studies: dict[str, Record]) -> Step:
    liver = vocabulary.under("tumour", LIVER_CANCER)
    direct = tuple(id for id in weights if liver & set(studies[id].tumours))
    share = sum(weights[id] for id in direct)
    animals = tuple(id for id in weights if studies[id].species != "human")
    if animals:
        return Step("indirectness", -2, f"not in people: {', '.join(animals)}", animals)
    return Step("indirectness", -1 if share < MOST else 0, f"{share:.0%} of the weight from HCC", direct)


def _imprecision(pool: Pool) -> Step:
    assert pool.model is not None
    one = pool.model.pooled
    people = sum(effect.n or 0 for effect in pool.used)
    held = tuple(dict.fromkeys(effect.study for effect in pool.used))
    none = one.low <= 0 <= one.high
    limit = math.log(APPRECIABLE)
    told = f"{people} people"
    if none and one.low < -limit and one.high > limit:
        reason = f"the interval holds appreciable benefit and harm; {told}"
        return Step("imprecision", -2, reason, held)
    if none:
        return Step("imprecision", -1, f"the interval holds no effect; {told}", held)
    if people < ENOUGH_PEOPLE:
        return Step("imprecision", -1, f"{told}, fewer than {ENOUGH_PEOPLE}", held)
    return Step("imprecision", 0, told, held)


def _small_studies(pool: Pool) -> Step:
    if pool.egger is None:
        return Step("small-study effects", 0, "too few studies for a test: not known")
    _, slope = pool.egger
    return Step("small-study effects", -1 if slope.p < SMALL_STUDY_P else 0, f"Egger's test p = {slope.p:.2g}")


def _retracted(given: Answer, studies: dict[str, Record]) -> tuple[Step, ...]:
    held = [one.effect.study for one in given.pool.left_out if studies[one.effect.study].weight == 0]
    return (Step("retraction", 0, f"retracted, weighs nothing: {', '.join(held)}", tuple(held)),) if held else ()


def _large(pool: Pool) -> Step:
    assert pool.model is not None
    one = pool.model.pooled
    nearer = min(abs(one.low), abs(one.high)) if one.low * one.high > 0 else 0.0
    large = pool.ratio and nearer > math.log(LARGE)
    return Step("large effect", 1 if large else 0, f"nearer limit of the ratio {math.exp(nearer):.2f}")
