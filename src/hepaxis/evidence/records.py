"""Every record of published evidence in one shape, whatever table it lives in.

Held: studies as they stand in the table ``studies``; trial arms, experiments and safety rules as they stand in
``trials``, ``perturbations`` and ``safety_rules``, whose homes stay where the model and the plan read them.  Nothing is
copied: a record says its table.  A retracted study is a record and weighs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from hepaxis import knowledge

#: Domains in which a study may be biased, in the order of ``Record.bias``.
DOMAINS = ("confounding", "selection", "measurement", "reporting")
#: Kinds of strategy tables that cite evidence by locator.
STRATEGIES = ("microbiota_arms", "regimens")
RETRACTED = "retracted"
UNCLEAR = ("unclear",) * len(DOMAINS)


@dataclass(frozen=True)
class Finding:
    """A taxon and where a study found it higher; ``direction`` as in ``microbiome_response_taxa``."""

    id: str
    taxon: str
    name: str
    direction: str
    p: float | None
    checked: str
    note: str


@dataclass(frozen=True)
class Record:
    """One record.  ``bias``: risk of bias by domain (``DOMAINS``); ``strategies``: ids of arms and regimens that cite
    one of its locators; ``data``: data sets, of which each counts once; ``unverified``: what stands from memory."""

    id: str
    table: str
    kind: str
    label: str
    year: int | None
    design: str
    species: str
    tumours: tuple[str, ...]
    stage: str
    population: str
    n: int | None
    intervention: str
    therapy: str
    exposure: str
    comparator: str
    findings: str
    status: str
    source: tuple[str, ...]
    checked: str
    unverified: str = ""
    note: str = ""
    region: str = ""
    assay: str = ""
    harms: str = ""
    conclusion: str = ""
    nct: str = ""
    retraction: tuple[str, ...] = ()
    metabolites: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    pools: tuple[str, ...] = ()
    bias: tuple[str, ...] = UNCLEAR
    taxa: tuple[Finding, ...] = ()
    strategies: tuple[str, ...] = field(default=())

    @property
    def weight(self) -> float:
        """0 for a retracted study, else 1."""
        return 0.0 if self.status == RETRACTED else 1.0

    @property
    def data_sets(self) -> tuple[str, ...]:
        """Data sets by accession; the study itself where none is named."""
        return self.data or (self.id,)


@cache
def records() -> tuple[Record, ...]:
    """Every record of the project, studies first, each in the order of its table."""
    found = [*_studies(knowledge.records("studies"), knowledge.records("microbiome_response_taxa"))]
    found += [_trial(row) for row in knowledge.records("trials")]
    found += [_experiment(row) for row in knowledge.records("perturbations")]
    found += [_rule(row) for row in knowledge.records("safety_rules")]
    return tuple(found)


@cache
def by_id() -> Mapping[str, Record]:
    """Records by id."""
    return {record.id: record for record in records()}


@cache
def by_locator() -> Mapping[str, tuple[Record, ...]]:
    """Records by each of their locators."""
    found: dict[str, list[Record]] = {}
    for record in records():
        for locator in record.source:
            found.setdefault(locator, []).append(record)
    return {locator: _owners(held) for locator, held in found.items()}


def _owners(held: list[Record]) -> tuple[Record, ...]:
    """Of records that share a locator; a review stands for itself, not for the works it speaks of."""
    return tuple(one for one in held if one.design == "review") or tuple(held)


def cited(locators: Iterable[str]) -> tuple[Record, ...]:
    """Records that rest on any of these locators, once each, in the order of ``records``."""
    found = {record.id: record for locator in locators for record in by_locator().get(locator, ())}
    order = {record.id: place for place, record in enumerate(records())}
    return tuple(sorted(found.values(), key=lambda record: order[record.id]))


def _studies(rows: Iterable[Mapping[str, object]], taxa: Iterable[Mapping[str, object]]) -> Iterable[Record]:
    found: dict[str, list[Finding]] = {}
    for row in taxa:
        found.setdefault(str(row["study_id"]), []).append(
            Finding(
                id=str(row["id"]),
                taxon=str(row["taxon_id"]),
                name=str(row["name_as_reported"]),
                direction=str(row["direction"]),
                p=_number(row["p"]),
                checked=str(row["checked"]),
                note=str(row["note"]),
            )
        )
    for row in rows:
        yield study(row, tuple(found.get(str(row["id"]), ())))


def study(row: Mapping[str, object], taxa: tuple[Finding, ...] = (), table: str = "studies") -> Record:
    """A row in the columns of ``studies`` as a record."""
    source = _many(row["source"])
    return Record(
        id=str(row["id"]),
        table=table,
        kind=str(row["kind"]),
        label=str(row["label"]),
        year=_whole(row["year"]),
        design=str(row["design"]),
        species=str(row["species"]),
        tumours=_many(row["tumour"]),
        stage=str(row["stage"]),
        population=str(row["population"]),
        n=_whole(row["n"]),
        intervention=str(row["class"]),
        therapy=str(row["therapy"]),
        exposure=str(row["exposure"]),
        comparator=str(row["comparator"]),
        findings=str(row["findings"]),
        status=str(row["status"]),
        source=source,
        checked=str(row["checked"]),
        unverified=str(row["unverified"]),
        note=str(row["note"]),
        region=str(row["region"]),
        assay=str(row["assay"]),
        harms=str(row["harms"]),
        conclusion=str(row["conclusion"]),
        nct=str(row["nct"]),
        retraction=_many(row["retraction"]),
        metabolites=_many(row["metabolites"]),
        data=_many(row["data"]),
        pools=_many(row["pools"]),
        bias=tuple(str(row[f"bias_{domain}"]) for domain in DOMAINS),
        taxa=taxa,
        strategies=_strategies(str(row["id"]), source, str(row["design"])),
    )


def _trial(row: Mapping[str, object]) -> Record:
    shown = (
        ("response", "orr_recist_pct", "%"),
        ("median PFS", "pfs_med_mo", " months"),
        ("median OS", "os_med_mo", " months"),
        ("OS HR", "os_hr", ""),
    )
    findings = "; ".join(f"{name} {row[key]:g}{unit}" for name, key, unit in shown if row[key] is not None)
    later = str(row["line"]).startswith("2")
    source = _many(row["source"])
    return Record(
        id=str(row["id"]),
        table="trials",
        kind="trial",
        label=str(row["label"]),
        year=_whole(row["year"]),
        design="randomised" if _controlled(str(row["trial"])) else "single_arm",
        species="human",
        tumours=("hcc",),
        stage="advanced_later" if later else "advanced_first",
        population=f"{row['trial']}, {row['line']}, Child-Pugh {row['child_pugh'] or 'A'}",
        n=_whole(row["n"]),
        intervention="immunotherapy",
        therapy=str(row["regimen"]),
        exposure=str(row["arm"]),
        comparator="control arm" if row["role"] == "exp" and _controlled(str(row["trial"])) else "",
        findings=findings or "outcomes kept empty, so that a prediction is one",
        status="published",
        source=source,
        checked=str(row["checked"]),
        unverified=str(row["unverified"]),
        note=str(row["note"]),
        nct=str(row["nct"]),
        data=(str(row["trial"]).lower().replace(" ", "_"),),
        strategies=_strategies(str(row["id"]), source),
    )


@cache
def _trials_with_control() -> frozenset[str]:
    return frozenset(str(row["trial"]) for row in knowledge.records("trials") if row["role"] == "ctl")


def _controlled(trial: str) -> bool:
    return trial in _trials_with_control()


def _experiment(row: Mapping[str, object]) -> Record:
    species = str(row["species"]).lower()
    system = str(row["system"])
    text = f"{row['perturbation']} {row['readout']} {' '.join(_many(row['expected']))}"
    animal = next((name for name in ("mouse", "rat") if name in species), "")
    known = "human" if "human" in species else animal or "in_vitro"
    source = _many(row["source"])
    liver = re.search(r"\b(hcc|hepat\w*|liver|hepa1|cirrho\w*)\b", f"{system} {text}", re.IGNORECASE)
    return Record(
        id=str(row["id"]),
        table="perturbations",
        kind="mechanism",
        label=str(row["label"]),
        year=None,
        design="animal" if animal else "prospective_cohort" if known == "human" else "in_vitro",
        species=known,
        tumours=("liver",) if liver else ("any",),
        stage="none",
        population=system,
        n=None,
        intervention="",
        therapy=str(row["ici_context"]) or "none",
        exposure=str(row["perturbation"]),
        comparator="",
        findings="; ".join([*_many(row["expected"]), str(row["effect_size"])]),
        status="published",
        source=source,
        checked=str(row["checked"]),
        unverified=str(row["unverified"]),
        note=str(row["note"]),
        metabolites=_named_metabolites(text),
        strategies=_strategies(str(row["id"]), source),
    )


def _rule(row: Mapping[str, object]) -> Record:
    source = _many(row["source"])
    return Record(
        id=str(row["id"]),
        table="safety_rules",
        kind="safety",
        label=str(row["label"]),
        year=None,
        design="guideline",
        species="human",
        tumours=("any",),
        stage="any",
        population=str(row["condition"]),
        n=None,
        intervention="",
        therapy="",
        exposure=str(row["applies_to"]),
        comparator="",
        findings=f"{row['action']}: {row['rationale']}",
        status="published",
        source=source,
        checked=str(row["checked"]),
        unverified=str(row["unverified"]),
        strategies=_strategies(str(row["id"]), source),
    )


def _named_metabolites(text: str) -> tuple[str, ...]:
    words = set(re.findall(r"[a-z0-9-]+", text.lower()))
    held = knowledge.records("metabolites")
    return tuple(str(row["id"]) for row in held if {str(row["id"]).lower(), str(row["label"]).lower()} & words)


@cache
def _strategies_by_locator() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for table in STRATEGIES:
        for row in knowledge.records(table):
            for locator in _many(row["source"]):
                found.setdefault(locator, []).append(str(row["id"]))
    return {locator: tuple(ids) for locator, ids in found.items()}


@cache
def _strategies_by_record() -> Mapping[str, tuple[str, ...]]:
    """Strategies by the records that ``strategy_records`` and ``trial_arms`` name."""
    found: dict[str, list[str]] = {}
    for row in knowledge.records("strategy_records"):
        for id in _many(row["records"]):
            found.setdefault(id, []).append(str(row["strategy"]))
    for row in knowledge.records("trial_arms"):
        found.setdefault(str(row["id"]), []).extend([*_many(row["regimen"]), *_many(row["components"])])
    return {id: tuple(strategies) for id, strategies in found.items()}


@cache
def _reviews() -> frozenset[str]:
    rows = knowledge.records("studies")
    return frozenset(locator for row in rows if row["design"] == "review" for locator in _many(row["source"]))


def _strategies(id: str, source: tuple[str, ...], design: str = "") -> tuple[str, ...]:
    """Strategies that rest on a record: by a shared locator (a review's only its own), or named in a table."""
    own = [locator for locator in source if design == "review" or locator not in _reviews()]
    found = [strategy for locator in own for strategy in _strategies_by_locator().get(locator, ())]
    return tuple(dict.fromkeys([*found, *_strategies_by_record().get(id, ())]))


def _many(value: object) -> tuple[str, ...]:
    return tuple(str(part) for part in value) if isinstance(value, tuple) else ()


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, int) else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
