"""Safety rules on a strategy and a patient: what is blocked, kept for a trial, warned of, or has to be asked first.

An unknown that could block, restrict or override comes back as a warning that starts with 'check:', never as silence;
an unknown behind a mere warning or remark comes back as information.  Treating an infection beats everything: its flag
comes first, advice against antibiotics is dropped, and a strategy that withholds one is blocked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hepaxis import knowledge
from hepaxis.plan.safety_facts import SafetyFacts, from_patient
from hepaxis.plan.safety_predicates import RULES, Given, Rule, given
from hepaxis.plan.schema import SafetyFlag
from hepaxis.plan.three_valued import Finding

if TYPE_CHECKING:
    from hepaxis.patient import Patient

ORDER = ("override", "block", "trial_only", "warn", "info")
STATEMENT_RULE = "S32"
INFECTION_RULE = "S19"
ANTIBIOTIC_ADVICE = "S18"
WITHHOLDING = "stop_elective_antibiotic"
_COULD_STOP = ("override", "block", "trial_only")


def evaluate(components: Sequence[str], facts: SafetyFacts | Mapping[str, Any] | Patient) -> list[SafetyFlag]:
    """All flags of a strategy, the gravest first; the statement that applies to every output (S32) comes last.

    components: ids of regimens and arms; facts: ``SafetyFacts``, a dict of them, or a patient record.  Raises
    InputError for an unknown component or fact.
    """
    known = _facts(facts)
    strategy = given(components)
    flags = [flag for rule in RULES if (flag := _flag(rule, strategy, known)) is not None]
    if any(flag.severity == "override" for flag in flags):
        flags = [flag for flag in flags if flag.rule != ANTIBIOTIC_ADVICE]
        if WITHHOLDING in strategy.components:
            row = knowledge.row("safety_rules", INFECTION_RULE)
            text = "an infection is being treated: never withhold its antibiotic"
            flags.append(SafetyFlag(INFECTION_RULE, "block", text, _source(row)))
    return sorted(flags, key=lambda flag: (flag.rule == STATEMENT_RULE, ORDER.index(flag.severity), flag.rule))


def status(flags: Iterable[SafetyFlag]) -> str:
    """``blocked``, ``trial_only`` or ``open``, from the flags of one strategy."""
    severities = {flag.severity for flag in flags}
    return "blocked" if "block" in severities else "trial_only" if "trial_only" in severities else "open"


def open_questions(flags: Iterable[SafetyFlag]) -> tuple[SafetyFlag, ...]:
    """The flags that ask for something not known which could stop the strategy."""
    return tuple(flag for flag in flags if flag.text.startswith("check: "))


def _facts(facts: SafetyFacts | Mapping[str, Any] | Patient) -> SafetyFacts:
    if isinstance(facts, SafetyFacts):
        return facts
    if isinstance(facts, Mapping):
        return SafetyFacts.from_mapping(facts)
    return from_patient(facts)


def _flag(rule: Rule, strategy: Given, facts: SafetyFacts) -> SafetyFlag | None:
    if not rule.applies(strategy):
        return None
    finding = rule.condition(strategy, facts)
    if finding.value is False:
        return None
    row = knowledge.row("safety_rules", rule.id)
    severity = str(row["severity"])
    if finding.value is None:
        unknown = rule.unknown_severity or _unknown(severity)
        return SafetyFlag(rule.id, unknown, _question(row, finding), _source(row), question=True)
    return SafetyFlag(rule.id, "info" if severity == "statement" else severity, _reason(row, finding), _source(row))


def _unknown(severity: str) -> str:
    return "warn" if severity in _COULD_STOP else "info"


def _question(row: Mapping[str, Any], finding: Finding) -> str:
    start = "check" if row["severity"] in _COULD_STOP else "not known"
    return f"{start}: {'; '.join(finding.ask)}? If so: {row['action']}"


def _reason(row: Mapping[str, Any], finding: Finding) -> str:
    because = f"{', '.join(finding.because)}: " if finding.because else ""
    return f"{because}{row['action']} ({row['rationale']})"


def _source(row: Mapping[str, Any]) -> str:
    return "; ".join(row["source"])
