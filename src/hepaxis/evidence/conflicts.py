"""Taxa whose direction differs between studies, side by side, with what could make them differ.

Held: groups of taxa known to be disputed (table ``conflict_reasons``; Akkermansia, whose rule is not monotone, among
them) and every other taxon, genus and above, that independent data sets find on both sides.  Reasons are plausible, not
shown; that the two sides differ in assay, therapy, region or rank is read off the records.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hepaxis import knowledge
from hepaxis.evidence import vocabulary
from hepaxis.evidence.directions import SIGNS, Direction, Vote, combine, direction, votes_on
from hepaxis.evidence.records import Record, records

RANKS = ("genus", "family", "order")


@dataclass(frozen=True)
class Reason:
    """Why directions could differ: ``kind`` assay, therapy, region, taxonomy, dose, outcome or chance."""

    id: str
    label: str
    kind: str
    text: str
    studies: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """What the two sides have, where they share nothing: ``what`` assay, therapy, region or rank."""

    what: str
    favourable: tuple[str, ...]
    unfavourable: tuple[str, ...]


@dataclass(frozen=True)
class Conflict:
    """One disputed group; ``direction`` over all of it."""

    id: str
    label: str
    direction: Direction
    favourable: tuple[Vote, ...]
    unfavourable: tuple[Vote, ...]
    differences: tuple[Difference, ...]
    reasons: tuple[Reason, ...]


def conflicts(held: Iterable[Record] | None = None) -> tuple[Conflict, ...]:
    """Named groups first, then every other disputed taxon, the widest-supported first."""
    studies = tuple(records() if held is None else held)
    found = [_conflict(id, _members(id), studies) for id in _groups()]
    covered = frozenset(taxon for id in _groups() for taxon in _members(id))
    told = {_said(one.direction) for one in found}
    others = []
    for taxon in _ranked(studies):  # narrow ranks first: a wider one with the same findings says nothing more
        one = direction(taxon, held=studies)
        if taxon in covered or not one.disputed or _said(one) in told:
            continue
        told.add(_said(one))
        others.append((one.up + one.down, taxon))
    others.sort(key=lambda pair: (-pair[0], pair[1]))
    return tuple(found + [_conflict(taxon, vocabulary.taxa_under(taxon), studies) for _, taxon in others])


def _said(one: Direction) -> frozenset[tuple[str, str, str]]:
    return frozenset((vote.study, vote.taxon, vote.direction) for vote in one.votes)


def _conflict(id: str, members: frozenset[str], studies: tuple[Record, ...]) -> Conflict:
    votes = votes_on(members, studies)
    by_id = {record.id: record for record in studies}
    good = tuple(vote for vote in votes if SIGNS[vote.direction] > 0)
    bad = tuple(vote for vote in votes if SIGNS[vote.direction] < 0)
    label = str(knowledge.row("taxa", id)["label"])
    return Conflict(id, label, combine(id, votes), good, bad, _differences(good, bad, by_id), _reasons(id, members))


def _differences(good: tuple[Vote, ...], bad: tuple[Vote, ...], studies: dict[str, Record]) -> tuple[Difference, ...]:
    def held(votes: tuple[Vote, ...], what: str) -> tuple[str, ...]:
        counted = [vote for vote in votes if not vote.retracted]
        return tuple(sorted({_of(vote, studies[vote.study], what) for vote in counted} - {""}))

    found = []
    for what in ("assay", "therapy", "region", "rank"):
        here, there = held(good, what), held(bad, what)
        if here and there and not set(here) & set(there):
            found.append(Difference(what, here, there))
    return tuple(found)


def _of(vote: Vote, record: Record, what: str) -> str:
    if what == "assay":
        return "16S" if "16S" in record.assay else "shotgun" if "shotgun" in record.assay else record.assay
    if what == "rank":
        return str(knowledge.row("taxa", vote.taxon)["rank"])
    return record.therapy if what == "therapy" else record.region


def _groups() -> tuple[str, ...]:
    rows = knowledge.records("conflict_reasons")
    return tuple(dict.fromkeys(str(row["group"]) for row in rows if row["group"]))


def _members(group: str) -> frozenset[str]:
    found: set[str] = set()
    for row in knowledge.records("conflict_reasons"):
        if row["group"] == group:
            for taxon in _many(row["taxon"]):
                found |= vocabulary.taxa_under(taxon)
    return frozenset(found)


def _reasons(id: str, members: frozenset[str]) -> tuple[Reason, ...]:
    found = []
    for row in knowledge.records("conflict_reasons"):
        named = set(_many(row["taxon"]))
        if row["group"] == id or (not row["group"] and (not named or named & members)):
            studies = _many(row["studies"])
            found.append(Reason(str(row["id"]), str(row["label"]), str(row["kind"]), str(row["reason"]), studies))
    return tuple(found)


def _ranked(studies: tuple[Record, ...]) -> tuple[str, ...]:
    """Taxa of the wider ranks that hold a finding, genera first."""
    lineages = [knowledge.row("taxa", finding.taxon) for record in studies for finding in record.taxa]
    named = [(rank, str(row[rank])) for rank in RANKS for row in lineages if row[rank]]
    ids = {(str(row["rank"]), str(row["name"])): str(row["id"]) for row in knowledge.records("taxa")}
    return tuple(dict.fromkeys(ids[pair] for pair in named if pair in ids))


def _many(value: object) -> tuple[str, ...]:
    return tuple(str(part) for part in value) if isinstance(value, tuple) else ()
