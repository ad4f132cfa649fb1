"""Taxa in responders and non-responders across studies: by sign, and by Stouffer's sum weighted with size.

Held: studies name the taxa that differed, so that silence is not a zero and no sum here is a test of the field; the
numbers order what was reported.  A finding without a printed p value enters at p = .05, the least it can mean.  Each
data set counts once (the mean of its findings), and none carries more than half of the squared weight.  A taxon takes
in what lies under it.  Retracted studies are shown and count nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from scipy import stats

from hepaxis import knowledge
from hepaxis.evidence import vocabulary
from hepaxis.evidence.records import Finding, Record, records

SIGNS = {"up_in_responders": 1, "up_in_nonresponders": -1}
ASSUMED_P = 0.05
#: Most of the sum of squared weights that one data set may carry.
MOST_SHARE = 0.5


@dataclass(frozen=True)
class Vote:
    """One study's finding on one taxon; ``z`` positive where the taxon is higher in responders."""

    study: str
    taxon: str
    name: str
    direction: str
    z: float
    assumed_p: bool
    n: int
    data_sets: tuple[str, ...]
    retracted: bool
    checked: str


@dataclass(frozen=True)
class Direction:
    """A taxon over studies.

    up, down        data sets that find it higher in responders, in non-responders
    sign_p          two-sided sign test over data sets
    favourable      mean of Beta(1 + up, 1 + down): how sure the sign is, shrunk to one half
    stouffer_z, p   weighted sum over data sets; None without a vote that counts
    disputed        data sets point both ways
    """

    taxon: str
    label: str
    votes: tuple[Vote, ...]
    up: int
    down: int
    sign_p: float
    favourable: float
    stouffer_z: float | None
    stouffer_p: float | None
    people: int

    @property
    def disputed(self) -> bool:
        return self.up > 0 and self.down > 0


def direction(word: str, tumour: str | None = None, held: Iterable[Record] | None = None) -> Direction:
    """A taxon by any name, over all studies or those of a tumour.  Raises InputError for an unknown word."""
    taxon = vocabulary.taxon(word)
    inside = vocabulary.taxa_under(taxon)
    tumours = vocabulary.under("tumour", vocabulary.term("tumour", tumour)) if tumour else None
    studies = tuple(records() if held is None else held)
    votes = votes_on(inside, [one for one in studies if tumours is None or tumours & set(one.tumours)])
    return combine(taxon, votes)


def votes_on(taxa: frozenset[str], studies: Iterable[Record]) -> list[Vote]:
    """Findings on any of these taxa that tell responders from non-responders, in the order of the studies."""
    return [
        _vote(record, finding)
        for record in studies
        for finding in record.taxa
        if finding.taxon in taxa and finding.direction in SIGNS
    ]


def combine(taxon: str, votes: list[Vote]) -> Direction:
    """Votes on one taxon as one direction."""
    sets = _by_data_set([vote for vote in votes if not vote.retracted])
    scores = [(sum(vote.z for vote in held) / len(held), max(vote.n for vote in held)) for held in sets]
    up, down = sum(z > 0 for z, _ in scores), sum(z < 0 for z, _ in scores)
    z = p = None
    if scores:
        weights = _capped([float(n) for _, n in scores])
        z = sum(w * one for w, (one, _) in zip(weights, scores, strict=True)) / math.sqrt(sum(w * w for w in weights))
        p = float(2 * stats.norm.sf(abs(z)))
    return Direction(
        taxon=taxon,
        label=_label(taxon),
        votes=tuple(votes),
        up=up,
        down=down,
        sign_p=float(stats.binomtest(up, up + down).pvalue) if up + down else 1.0,
        favourable=(1 + up) / (2 + up + down),
        stouffer_z=z,
        stouffer_p=p,
        people=sum(n for _, n in scores),
    )


def _vote(record: Record, finding: Finding) -> Vote:
    p = finding.p or ASSUMED_P
    return Vote(
        record.id, finding.taxon, finding.name, finding.direction,
        SIGNS[finding.direction] * float(stats.norm.isf(p / 2)), finding.p is None, record.n or 0,
        record.data_sets, record.weight == 0, finding.checked,
    )  # fmt: skip


def _by_data_set(votes: list[Vote]) -> list[list[Vote]]:
    """Votes whose studies share a data set, joined."""
    groups: list[tuple[set[str], list[Vote]]] = []
    for vote in votes:
        mine = [group for group in groups if group[0] & set(vote.data_sets)]
        joined = (
            set(vote.data_sets).union(*(names for names, _ in mine)),
            [v for _, held in mine for v in held] + [vote],
        )
        groups = [group for group in groups if group not in mine] + [joined]
    return [held for _, held in groups]


def _capped(sizes: list[float]) -> list[float]:
    """Weights sqrt(n), lowered so that none has more than MOST_SHARE of the sum of squares."""
    squares = [max(size, 1.0) for size in sizes]
    if len(squares) < 2:
        return [math.sqrt(one) for one in squares]
    largest = max(range(len(squares)), key=squares.__getitem__)
    others = sum(squares) - squares[largest]
    squares[largest] = min(squares[largest], others * MOST_SHARE / (1 - MOST_SHARE))
    return [math.sqrt(one) for one in squares]


def _label(taxon: str) -> str:
    return str(knowledge.row("taxa", taxon)["label"])
