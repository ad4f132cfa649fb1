"""A question (exposure, tumours, outcome), the studies that answer it, their pooled value and where they contradict it.

Held: one value a data set (adjusted before crude, then the larger), none from a retracted study or a meta-analysis;
those are shown with the reason they are left out.  The same exposure in people without immunotherapy is pooled beside
it: an effect of the gut on immunotherapy has to exceed that one.  With few studies the interval is that of Knapp and
Hartung, never narrower than the plain one, and a shrunk value stands beside it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from scipy import stats

from hepaxis import knowledge
from hepaxis.evidence import meta, vocabulary
from hepaxis.evidence.effects import Effect, effects
from hepaxis.evidence.records import RETRACTED, Record, by_id
from hepaxis.evidence.shrinkage import Shrunk, shrink
from hepaxis.problems import InputError, error

#: Below this many effects a test for small-study effects has no power (Cochrane Handbook, 13.3.5.4).
ENOUGH_FOR_EGGER = 10
LEAST_FOR_MODEL = 2
NO_ICI = "no_ici"
ICI = "ici"
DIRECTIONS = ("better", "worse", "null", "unclear")


@dataclass(frozen=True)
class Question:
    """Ids of terms: what was met, in which tumour, which outcome, under which treatment."""

    exposure: str
    tumour: str
    outcome: str
    treatment: str = ICI

    @property
    def text(self) -> str:
        words = (("exposure", self.exposure), ("outcome", self.outcome), ("tumour", self.tumour))
        exposure, outcome, tumour = (vocabulary.label(kind, id) for kind, id in words)
        return f"{exposure} and {outcome} in {tumour}, on {vocabulary.label('treatment', self.treatment)}"


@dataclass(frozen=True)
class LeftOut:
    """An effect that answers the question and is not pooled, with the reason."""

    effect: Effect
    reason: str


@dataclass(frozen=True)
class Pool:
    """Effects of independent people and the models over them; ``model`` None with nothing to pool.

    ``model`` has intervals after Knapp and Hartung, ``plain`` the same estimate with normal ones, for contrasts.

    A single effect keeps its own interval.  without: models without each effect in turn, with plain intervals, since
    those of Knapp and Hartung say nothing for two studies; egger None below ENOUGH_FOR_EGGER effects.
    """

    used: tuple[Effect, ...]
    left_out: tuple[LeftOut, ...]
    model: meta.Fit | None
    plain: meta.Fit | None
    fixed: meta.Fit | None
    dersimonian_laird: meta.Fit | None
    shrunk: Shrunk | None
    without: tuple[meta.Fit, ...]
    egger: tuple[meta.Coefficient, meta.Coefficient] | None

    @property
    def ratio(self) -> bool:
        return all(effect.ratio or effect.measure == "median" for effect in self.used)


@dataclass(frozen=True)
class Contrast:
    """Pooled value with immunotherapy over that without, as a ratio with 95% limits and a p value.

    With normal intervals of both: those for few studies would exclude nothing at all.
    """

    ratio: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Answer:
    """All that the records say to a question.

    contradictions: effects of the same exposure and tumours by direction, over all outcomes and treatments
    reviews: published pooled values; they are shown beside ours and never enter it
    """

    question: Question
    pool: Pool
    control: Pool
    contrast: Contrast | None
    contradictions: dict[str, tuple[Effect, ...]]
    reviews: tuple[Effect, ...]

    @property
    def disputed(self) -> bool:
        """Independent studies say better, and others say worse."""
        return bool(self.contradictions["better"]) and bool(self.contradictions["worse"])


def question(exposure: str, tumour: str, outcome: str, treatment: str = ICI) -> Question:
    """A question in any names of its terms.  Raises InputError for a word no table knows."""
    words = {"exposure": exposure, "tumour": tumour, "outcome": outcome, "treatment": treatment}
    return Question(**{kind: vocabulary.term(kind, word) for kind, word in words.items()})


def answer(
    asked: Question,
    *,
    medians: bool = False,
    held: Iterable[Effect] | None = None,
    studies: dict[str, Record] | None = None,
) -> Answer:
    """The records' answer.  Raises InputError where no record answers.

    medians: let ratios of medians stand in where no hazard ratio was printed
    held, studies: effects and records in place of the project's (a user's own, or a what-if)
    """
    known = dict(by_id()) if studies is None else studies
    mine = [one for one in (effects() if held is None else held) if _about(one, asked)]
    if not any(one.outcome == asked.outcome and _treated(one, asked.treatment) for one in mine):
        hint = "`hepaxis evidence list --kind exposure` shows what there is"
        raise InputError([error("evidence.question", f"no record on {asked.text}", hint)])
    same = [one for one in mine if one.outcome == asked.outcome]
    reviews = tuple(one for one in same if not one.pool and known[one.study].design == "meta_analysis")
    pool = pooled([one for one in same if _treated(one, asked.treatment)], known, medians=medians)
    others = [] if asked.treatment == NO_ICI else [one for one in same if _treated(one, NO_ICI)]
    control = pooled(others, known, medians=medians)
    counted = [one for one in mine if one.pool and known[one.study].status != RETRACTED]
    return Answer(
        question=asked,
        pool=pool,
        control=control,
        contrast=_contrast(pool, control),
        contradictions={name: tuple(one for one in counted if one.direction == name) for name in DIRECTIONS},
        reviews=reviews,
    )


def pooled(mine: Iterable[Effect], studies: dict[str, Record], *, medians: bool = False) -> Pool:
    """Effects on one outcome, independent ones pooled and the others named with a reason."""
    left: list[LeftOut] = []
    usable: list[Effect] = []
    for one in mine:
        one = _standing_in(one) if medians else one
        record = studies[one.study]
        if record.status == RETRACTED:
            left.append(LeftOut(one, "retracted"))
        elif not one.pool:
            reason = "a meta-analysis" if record.design == "meta_analysis" else "other people's or cruder figures here"
            left.append(LeftOut(one, reason))
        elif one.y is None or not one.se:
            left.append(LeftOut(one, one.basis))
        else:
            usable.append(one)
    kinds = Counter(_kind(one) for one in usable)
    kind = max(kinds, key=lambda name: kinds[name], default="")
    left += [LeftOut(one, f"another measure ({one.measure})") for one in usable if _kind(one) != kind]
    used, doubled = _once_a_data_set([one for one in usable if _kind(one) == kind], studies)
    left += [LeftOut(one, "same data set as another effect") for one in doubled]
    if not used:
        return Pool((), tuple(left), None, None, None, None, None, (), None)
    y, v = [float(one.y or 0) for one in used], [float(one.se or 0) ** 2 for one in used]
    many = len(used) >= LEAST_FOR_MODEL
    return Pool(
        used=tuple(used),
        left_out=tuple(left),
        model=meta.fit(y, v, method="REML", test="adhoc") if many else meta.fit(y, v, method="FE"),
        plain=meta.fit(y, v, method="REML" if many else "FE"),
        fixed=meta.fit(y, v, method="FE"),
        dersimonian_laird=meta.fit(y, v, method="DL") if many else None,
        shrunk=shrink(y, v),
        without=tuple(meta.leave_one_out(y, v)) if len(used) > LEAST_FOR_MODEL else (),
        egger=meta.egger(y, v) if len(used) >= ENOUGH_FOR_EGGER else None,
    )


def regression(pool: Pool, moderators: dict[str, list[float]]) -> meta.Fit:
    """Meta-regression over the effects of a pool.  ValueError where they are too few for the moderators."""
    y, v = [float(one.y or 0) for one in pool.used], [float(one.se or 0) ** 2 for one in pool.used]
    return meta.fit(y, v, method="REML", test="adhoc", moderators=dict(moderators))


def _about(one: Effect, asked: Question) -> bool:
    exposures = vocabulary.under("exposure", asked.exposure)
    tumours = vocabulary.under("tumour", asked.tumour)
    return one.exposure in exposures and bool(tumours & set(one.tumours))


def _treated(one: Effect, treatment: str) -> bool:
    return one.treatment in vocabulary.under("treatment", treatment)


def _standing_in(one: Effect) -> Effect:
    if one.y is not None or one.y_medians is None:
        return one
    ratio = math.exp(one.y_medians)
    return replace(one, y=one.y_medians, se=one.se_medians, value=ratio, basis="ratio of medians and p value")


def _kind(one: Effect) -> str:
    """What is pooled: a ratio of medians stands in for a hazard ratio."""
    return "hr" if one.measure == "median" else one.measure


def _once_a_data_set(usable: list[Effect], studies: dict[str, Record]) -> tuple[list[Effect], list[Effect]]:
    """One effect a data set and treatment; groups of one study that differ in treatment are different people."""
    best: list[Effect] = []
    doubled: list[Effect] = []
    taken: set[tuple[str, str]] = set()
    for one in sorted(usable, key=lambda one: (not one.adjusted, -(one.n or 0))):
        keys = {(data, one.treatment) for data in studies[one.study].data_sets}
        (doubled if keys & taken else best).append(one)
        taken |= keys
    order = {one.id: place for place, one in enumerate(usable)}
    return sorted(best, key=lambda one: order[one.id]), doubled


def _contrast(pool: Pool, control: Pool) -> Contrast | None:
    if pool.plain is None or control.plain is None:
        return None
    here, there = pool.plain.pooled, control.plain.pooled
    y, se = here.estimate - there.estimate, math.hypot(here.se, there.se)
    half = float(stats.norm.ppf(0.5 + meta.LEVEL / 2)) * se
    return Contrast(math.exp(y), math.exp(y - half), math.exp(y + half), float(2 * stats.norm.sf(abs(y / se))))


def standing_questions() -> dict[str, Question]:
    """Questions that are graded again with every change of a record, by id (table ``questions``)."""
    return {
        str(row["id"]): Question(str(row["exposure"]), str(row["tumour"]), str(row["outcome"]), str(row["treatment"]))
        for row in knowledge.records("questions")
    }
