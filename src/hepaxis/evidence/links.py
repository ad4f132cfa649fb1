"""What rests on the records: the model's gates, the plan's strategies, the questions graded here, and what a change
of a record would change in them.

Held: a gate names its sources as ids of experiments, DOIs and figures of the review; each resolves to a record.  A
strategy's letter is bounded by its records: A a randomised trial in HCC (one that helped, for what acts on the gut), B
another trial of the regimen in HCC, or a randomised one of the gut under immunotherapy in another tumour that helped, C
people, D animals, E ideas and cultures.  A strategy may be graded weaker than that, never stronger.  The gates are
handed in: they live with the model, which this room does not know.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache

from hepaxis import knowledge
from hepaxis.evidence import vocabulary
from hepaxis.evidence.conflicts import conflicts
from hepaxis.evidence.effects import effects
from hepaxis.evidence.grade import certainty
from hepaxis.evidence.pooling import Answer, Question, answer, standing_questions
from hepaxis.evidence.records import RETRACTED, STRATEGIES, Record, by_id, cited, records
from hepaxis.problems import InputError

LETTERS = "ABCDE"
REVIEW = "review_2026"
#: sd of a gate's prior where no record speaks for its sign (as for a disputed one).
NO_GROUND_SD = 1.0
_EXPERIMENT = re.compile(r"\b[A-Z]\d{3}\b")
_DOI = re.compile(r"10\.\d{4,9}/[^\s;,]+")
_FIGURE = re.compile(r"\breview fig(?:ure)? \d+")


@dataclass(frozen=True)
class Cited:
    """Records that a gate's sources name, and the words that name none."""

    records: tuple[Record, ...]
    unresolved: tuple[str, ...]


@dataclass(frozen=True)
class Gate:
    """A gate as the model states it: claim, cells of sources for and against, and the prior of its strength."""

    claim: str
    sources: str
    against: str
    mean: float
    sd: float


@dataclass(frozen=True)
class Support:
    """The best letter a strategy's records allow, and why."""

    strategy: str
    letter: str
    allowed: str
    reason: str
    records: tuple[str, ...]


@dataclass(frozen=True)
class Moved:
    """Something that a change of a record would change: ``what`` gate, strategy, question or taxon."""

    what: str
    id: str
    label: str
    now: str
    then: str


@dataclass(frozen=True)
class Impact:
    """What rests on a record, and what would move if it were retracted."""

    record: str
    gates: tuple[str, ...]
    strategies: tuple[str, ...]
    questions: tuple[str, ...]
    moved: tuple[Moved, ...]


def sources_of(text: str) -> Cited:
    """The records that a gate's cell of sources names: ids of experiments, DOIs, figures of the review, names."""
    found: list[Record] = []
    rest = text
    for match in [*_DOI.finditer(text)]:
        found += cited([f"doi:{match[0]}"])
        rest = rest.replace(match[0], "" if cited([f"doi:{match[0]}"]) else match[0])
    for match in [*_EXPERIMENT.finditer(rest)]:
        if match[0] in by_id():
            found.append(by_id()[match[0]])
            rest = rest.replace(match[0], "")
    if _FIGURE.search(rest):
        found.append(by_id()[REVIEW])
        rest = _FIGURE.sub("", rest)
    unresolved = []
    for part in (part.strip() for part in rest.split(";")):
        if not part:
            continue
        named = cited([f"text:{part}"]) or _named(part)
        found += named
        unresolved += [] if named else [part]
    return Cited(tuple({one.id: one for one in found}.values()), tuple(unresolved))


def _named(text: str) -> tuple[Record, ...]:
    """A record by its label, as ``FMT-LUMinate (interventions)`` names one."""
    word = text.split("(")[0].strip().lower()
    return tuple(one for one in records() if word and one.label.lower() == word)


@cache
def supports() -> tuple[Support, ...]:
    """Every strategy's letter in its table and the best that its records allow."""
    held = dict(by_id())
    return tuple(
        _support(str(row["id"]), table, held) for table in STRATEGIES for row in knowledge.records(table)
    )  # fmt: skip


def _support(id: str, table: str, studies: Mapping[str, Record]) -> Support:
    mine = [one for one in studies.values() if id in one.strategies and one.weight]
    letter, reason, held = allowed(mine)
    return Support(id, str(knowledge.row(table, id)["evidence_grade"]), letter, reason, held)


def allowed(mine: Iterable[Record]) -> tuple[str, str, tuple[str, ...]]:
    """The best letter some records allow, the reason and the records behind it."""
    mine = tuple(mine)
    liver = vocabulary.under("tumour", "liver")
    people = [one for one in mine if one.species == "human" and one.kind != "safety"]
    trials = [one for one in people if one.design == "randomised" and one.status == "published"]
    direct = [one for one in trials if liver & set(one.tumours) and (one.table == "trials" or _helped(one))]
    if direct:
        return "A", "a randomised trial in HCC", tuple(one.id for one in direct)
    arms = [one for one in people if one.table == "trials"]
    if arms:
        return "B", "a trial in HCC without a control of its own", tuple(one.id for one in arms)
    other = [one for one in trials if one.therapy != "none" and _helped(one)]
    if other:
        return "B", "a randomised trial under immunotherapy in another tumour helped", tuple(one.id for one in other)
    if people:
        return "C", "studies of people without a randomised benefit", tuple(one.id for one in people)
    animals = [one for one in mine if one.species in ("mouse", "rat")]
    if animals:
        return "D", "animals", tuple(one.id for one in animals)
    return "E", "no study of people or animals on file", tuple(one.id for one in mine)


def _helped(one: Record) -> bool:
    return any(effect.study == one.id and effect.direction == "better" for effect in effects())


def impact(id: str, gates: Mapping[str, Gate]) -> Impact:
    """What rests on a record, and what would move if it were retracted.  KeyError for an unknown record."""
    record = by_id()[id]
    resting = tuple(
        name for name, gate in gates.items() if record in sources_of(f"{gate.sources}; {gate.against}").records
    )
    then = dict(by_id()) | {id: replace(record, status=RETRACTED)}
    moved = []
    for name in resting:
        now, after = _grounds(gates[name], by_id()), _grounds(gates[name], then)
        if now != after:
            moved.append(Moved("gate", name, gates[name].claim, now, after))
    moved += _moved_strategies(record, then)
    asked = [name for name, question in standing_questions().items() if _touches(question, record)]
    moved += [one for name in asked if (one := _moved_question(name, then))]
    moved += _moved_taxa(record, then)
    return Impact(id, resting, record.strategies, tuple(asked), tuple(moved))


def _grounds(gate: Gate, studies: Mapping[str, Record]) -> str:
    """The records a gate's prior stands on, and the prior; with none left the claim has no sign (design, principle 1:
    Normal(1, sd) where the literature agrees, Normal(0, sd) where it does not)."""
    pro, con = (
        [one.id for one in sources_of(text).records if studies[one.id].weight] for text in (gate.sources, gate.against)
    )
    told = f"{_listed(pro)} for, {_listed(con)} against"
    if not pro:
        return f"{told}; no record is left for it: prior 0 (sd {NO_GROUND_SD:g})"
    dispute = "" if con or gate.mean or not sources_of(gate.against).records else "; the dispute rests on nothing"
    return f"{told}; prior {gate.mean:g} (sd {gate.sd:g}){dispute}"


def _listed(ids: list[str]) -> str:
    return f"{len(ids)} ({', '.join(ids)})" if ids else "none"


def _moved_strategies(record: Record, then: Mapping[str, Record]) -> list[Moved]:
    found = []
    for table in STRATEGIES:
        for row in knowledge.records(table):
            if str(row["id"]) not in record.strategies:
                continue
            now, after = _support(str(row["id"]), table, by_id()), _support(str(row["id"]), table, then)
            if now.allowed != after.allowed:
                told = f"best grade {now.allowed}, {after.allowed}".split(", ")
                found.append(Moved("strategy", now.strategy, str(row["label"]), told[0], f"best grade {told[1]}"))
    return found


def _touches(question: Question, record: Record) -> bool:
    exposures = vocabulary.under("exposure", question.exposure)
    return any(
        one.study == record.id and one.exposure in exposures and one.outcome == question.outcome
        for one in effects()
        if vocabulary.under("tumour", question.tumour) & set(one.tumours)
    )


def _moved_question(name: str, then: dict[str, Record]) -> Moved | None:
    asked = standing_questions()[name]
    now, after = _told(asked, dict(by_id())), _told(asked, then)
    if now == after:
        return None
    return Moved("question", name, str(knowledge.row("questions", name)["label"]), now, after)


def _told(asked: Question, studies: dict[str, Record]) -> str:
    try:
        given = answer(asked, studies=studies)
    except InputError:
        return "no record"
    return f"{pooled_text(given)}, certainty {certainty(given, studies).level}"


def pooled_text(given: Answer) -> str:
    """``HR 1.73 (0.44 to 6.88), 3 studies``; what there is where nothing can be pooled."""
    model = given.pool.model
    if model is None:
        return "nothing to pool"
    one = model.pooled
    values = (one.estimate, one.low, one.high)
    estimate, low, high = (math.exp(x) for x in values) if given.pool.ratio else values
    kinds = dict.fromkeys("HR" if used.measure == "median" else used.measure.upper() for used in given.pool.used)
    counted = "1 study" if model.k == 1 else f"{model.k} studies"
    return f"{'/'.join(kinds)} {estimate:.2f} ({low:.2f} to {high:.2f}), {counted}"


def _moved_taxa(record: Record, then: Mapping[str, Record]) -> list[Moved]:
    if not record.taxa:
        return []
    now = {one.id: one for one in conflicts()}
    after = {one.id: one for one in conflicts(then.values())}
    found = []
    for id, one in now.items():
        other = after.get(id)
        before = f"{one.direction.up} up, {one.direction.down} down"
        later = f"{other.direction.up} up, {other.direction.down} down" if other else "no longer disputed"
        if before != later:
            found.append(Moved("taxon", id, one.label, before, later))
    return found
