"""Candidate strategies: the planned regimen first, then other regimens, then the planned regimen with each arm, each
with its evidence, its safety flags and a status; and any list of parts as a candidate.

Nothing is ranked here and nothing is simulated: order is by standing in guidelines, relevance and evidence grade only.
A pair's grade is the weaker of its parts, since no pair has been tested.  Blocked candidates are never hidden.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from hepaxis import knowledge, therapy
from hepaxis.plan import citations
from hepaxis.plan.safety import STATEMENT_RULE, evaluate, status
from hepaxis.plan.safety_facts import SafetyFacts, from_patient
from hepaxis.plan.schema import Evidence, SafetyFlag
from hepaxis.plan.variants import key, words

if TYPE_CHECKING:
    from hepaxis.patient import Patient

#: Candidates that are compared when nothing else is asked for (the plan's default, 10 strategies).
DEFAULT_LIMIT = 10
#: Other regimens among them; the rest of the places go to arms.
ALTERNATIVES = 3
#: Regimens that are offered as an alternative, in this order of standing; a local treatment is not one, nor
#: what is approved in some regions only or was given in trials only.
STANDINGS = ("standard", "option", "limited")
GRADES = "ABCDE"
BURDENS = ("low", "moderate", "high")
UNTESTED = "combination not tested"
#: Arms that only make sense while the patient takes the drug in question: the fact that must not be False.
_NEEDS = {"stop_ppi": "ppi", "stop_elective_antibiotic": "elective_antibiotic"}


@dataclass(frozen=True)
class Candidate:
    """``kind``: base, regimen, or the arm's kind.  ``status``: base, ranked, trial_only, blocked."""

    id: str
    label: str
    components: tuple[str, ...]
    kind: str
    schedule: tuple[str, ...]
    mechanism: str
    evidence: Evidence
    trials: tuple[str, ...]
    safety: tuple[SafetyFlag, ...]
    status: str
    burden: str
    parts: tuple[therapy.Component, ...] = ()

    @property
    def given(self) -> tuple[therapy.Component, ...]:
        """What is simulated: the components, with what was changed of their schedules."""
        return self.parts or tuple(therapy.Component(id) for id in self.components)

    @property
    def changed(self) -> tuple[str, ...]:
        """What was changed of the schedules of the tables, in words."""
        return tuple(words(part) for part in self.parts if not part.plain)


def candidates(
    planned_regimen: str,
    facts: SafetyFacts | Mapping[str, Any] | Patient,
    *,
    limit: int | None = DEFAULT_LIMIT,
    weight_kg: float | None = None,
) -> list[Candidate]:
    """Candidates for a planned regimen with the schedules of the tables, the base first.

    ``limit`` counts those that are not blocked (the base always stands first, blocked or not); candidates that are
    blocked among them follow at the end.  None gives everything.  Raises InputError for an unknown regimen.
    """
    known = _known(facts)
    weight = weight_kg if weight_kg is not None else _weight(facts)
    base = _base(planned_regimen, known, weight)
    alternatives = [_alternative(id, known, weight) for id in _other_regimens(planned_regimen)]
    added = [_with_arms(planned_regimen, (arm,), known, weight) for arm in single_arms(known)]
    if limit is None:
        return [base, *alternatives, *added]
    usable = [one for one in alternatives if one.status != "blocked"][:ALTERNATIVES]
    usable += [one for one in added if one.status != "blocked"]
    shown = usable[: max(0, limit - 1)]
    last = max((added.index(one) for one in shown if one in added), default=-1)
    stopped = [one for one in alternatives if one.status == "blocked"]
    stopped += [one for one in added[: last + 1] if one.status == "blocked"]
    return [base, *shown, *stopped]


def candidate(
    components: tuple[str, ...], facts: SafetyFacts | Mapping[str, Any] | Patient, *, weight_kg: float | None = None
) -> Candidate:
    """One strategy a user asks for by component ids, the regimen first.  Raises InputError for an unknown id."""
    regimens = [id for id in components if id in therapy.regimen_ids()]
    arms = tuple(therapy.arm(id) for id in components if id not in therapy.regimen_ids())
    known = _known(facts)
    if not arms and len(regimens) == 1:
        return _alternative(regimens[0], known, weight_kg)
    return _with_arms("+".join(regimens), arms, known, weight_kg, tuple(regimens))


def strategy_of(parts: Sequence[therapy.Component], facts: SafetyFacts, weight_kg: float | None = None) -> Candidate:
    """A candidate with its schedule changed: regimens and arms, each with its options."""
    regimens = tuple(part.id for part in parts if part.id in therapy.regimen_ids())
    arms = tuple(therapy.arm(part.id) for part in parts if part.id not in therapy.regimen_ids())
    plain = _with_arms("", arms, facts, weight_kg, regimens)
    if all(part.plain for part in parts):
        return plain
    said = {part.id: words(part) for part in parts if not part.plain}
    label = " + ".join(
        [
            *(therapy.regimen(id, weight_kg).label for id in regimens),
            *(f"{_within(arm.label)}, {said[arm.id]}" if arm.id in said else _within(arm.label) for arm in arms),
        ]
    )
    changed = tuple(f"{therapy.arm(id).label}: {text}" for id, text in said.items())
    return replace(
        plain,
        id="+".join(key(part) for part in parts),
        label=label,
        schedule=(*plain.schedule, *(f"Changed here: {text}" for text in changed)),
        parts=tuple(parts),
    )


def _known(facts: SafetyFacts | Mapping[str, Any] | Patient) -> SafetyFacts:
    if isinstance(facts, SafetyFacts):
        return facts
    return SafetyFacts.from_mapping(facts) if isinstance(facts, Mapping) else from_patient(facts)


def _weight(facts: SafetyFacts | Mapping[str, Any] | Patient) -> float | None:
    if isinstance(facts, SafetyFacts | Mapping):
        return None
    return facts.demographics.weight


def _base(id: str, facts: SafetyFacts, weight: float | None) -> Candidate:
    one = _alternative(id, facts, weight)
    return Candidate(
        one.id, one.label, one.components, "base", one.schedule, one.mechanism, one.evidence, one.trials, one.safety,
        "blocked" if one.status == "blocked" else "base", one.burden,
    )  # fmt: skip


def _alternative(id: str, facts: SafetyFacts, weight: float | None) -> Candidate:
    one = therapy.regimen(id, weight)
    flags = _flags((id,), facts)
    return Candidate(
        id=id,
        label=one.label,
        components=(id,),
        kind="regimen",
        schedule=one.schedule,
        mechanism=_regimen_mechanism(one.classes),
        evidence=Evidence(
            grade=citations.graded(id, one.evidence_grade),
            text=one.evidence,
            sources=one.sources,
            short=_short("regimens", id),
            records=citations.strategy_records([id]),
        ),
        trials=(),
        safety=flags,
        status=_status(status(flags), trial=False),
        burden=one.burden,
    )


_MECHANISMS = {
    "immune": "checkpoint blockade revives and expands tumour-reactive CD8 cells",
    "antivegf": "anti-VEGF lets T cells in and starves vessels",
    "tki": "a kinase inhibitor slows growth and vessels",
    "locoregional": "local treatment removes tumour and releases antigen",
    "placebo": "nothing acts on the tumour",
}


def _regimen_mechanism(classes: tuple[str, ...]) -> str:
    text = "; ".join(_MECHANISMS[name] for name in classes)
    return text[:1].upper() + text[1:]


def _with_arms(
    base: str, arms: tuple[therapy.Arm, ...], facts: SafetyFacts, weight: float | None, regimens: tuple[str, ...] = ()
) -> Candidate:
    regimens = regimens or (base,)
    components = (*regimens, *(arm.id for arm in arms))
    flags = _flags(components, facts)
    given = [therapy.regimen(id, weight) for id in regimens]
    schedules = [*(one.schedule for one in given), *(arm.schedule for arm in arms)]
    trial = any(arm.regulatory == "investigational" for arm in arms)
    return Candidate(
        id="+".join(components),
        label=" + ".join([*(one.label for one in given), *(_within(arm.label) for arm in arms)]),
        components=components,
        kind=arms[0].kind if arms else "regimen",
        schedule=tuple(line for lines in schedules for line in lines),
        mechanism=". ".join(arm.mechanism for arm in arms),
        evidence=_evidence(arms) if arms else Evidence("E", UNTESTED, (), short=UNTESTED),
        trials=tuple(dict.fromkeys(trial for arm in arms for trial in arm.open_trials)),
        safety=flags,
        status=_status(status(flags), trial=trial),
        burden="; ".join(arm.burden_note for arm in arms),
    )


def _evidence(arms: tuple[therapy.Arm, ...]) -> Evidence:
    """The weaker grade of the parts; the texts of all, and that a pair was never tested as such."""
    grade = max((citations.graded(arm.id, arm.evidence_grade) for arm in arms), key=GRADES.index)
    records = citations.strategy_records(arm.id for arm in arms)
    sources = tuple(dict.fromkeys(source for arm in arms for source in arm.sources))
    conflict = " ".join(f"{arm.conflict}." for arm in arms if arm.conflict)
    text = " ".join(f"{arm.evidence}." for arm in arms)
    if len(arms) == 1:
        return Evidence(grade, text, sources, conflict, _short("microbiota_arms", arms[0].id), records)
    return Evidence(grade, f"The pair has not been tested. {text}", sources, conflict, "pair not tested", records)


def _short(table: str, id: str) -> str:
    return str(knowledge.row(table, id)["evidence_short"])


def _flags(components: tuple[str, ...], facts: SafetyFacts) -> tuple[SafetyFlag, ...]:
    """The strategy's own flags: the statement that applies to every output stands once in the plan."""
    return tuple(flag for flag in evaluate(components, facts) if flag.rule != STATEMENT_RULE)


def _within(label: str) -> str:
    """An arm's label inside a longer one: small first letter, but not in an acronym or the name of a genus."""
    first = label.split()[0].rstrip(",")
    if not first[1:].islower() or first in _genera():
        return label
    return label[:1].lower() + label[1:]


@cache
def _genera() -> frozenset[str]:
    return frozenset(str(row["genus"]) for row in knowledge.records("taxa") if row.get("genus"))


def _status(flagged: str, *, trial: bool) -> str:
    if flagged == "blocked":
        return "blocked"
    return "trial_only" if trial or flagged == "trial_only" else "ranked"


def _other_regimens(planned: str) -> tuple[str, ...]:
    others = [id for id in therapy.regimen_ids() if id != planned and therapy.regimen(id).standing in STANDINGS]
    return tuple(sorted(others, key=lambda id: STANDINGS.index(therapy.regimen(id).standing)))


def single_arms(facts: SafetyFacts) -> list[therapy.Arm]:
    """Arms, the most relevant and best supported first; what cannot apply is left out."""
    single = [therapy.arm(id) for id in therapy.arm_ids()]
    single = [arm for arm in single if arm.id not in _NEEDS or getattr(facts, _NEEDS[arm.id]) is not False]
    return sorted(single, key=lambda arm: (-arm.relevance, GRADES.index(arm.evidence_grade), BURDENS.index(arm.burden)))
