"""Search, list and show records of the compiled store, with filters that all have to hold.

Held: a taxon takes in what lies under it, a tumour likewise; a direction is that of an exposure's conclusion or of a
taxon.  A retracted study is found and says that it is retracted.  The best match comes first, and without words the
order of the tables.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, fields, replace

from hepaxis.evidence import vocabulary
from hepaxis.evidence.records import Record
from hepaxis.evidence.store import TEXTS, opened
from hepaxis.problems import InputError, error

Found = Mapping[str, object]
#: A user's word as a condition of SQL and the values of its marks.
Condition = Callable[[str], tuple[str, list[str]]]
NEAR = 3


@dataclass(frozen=True)
class Filter:
    """What a record has to be; None asks nothing.

    taxon, metabolite, tumour  any name; what lies under a taxon or a tumour counts
    intervention               class of intervention, or id of an arm or regimen that cites the record
    direction                  better, worse, null, mixed, up_in_responders, up_in_nonresponders, ...; beside a taxon,
                               of that taxon
    """

    kind: str | None = None
    taxon: str | None = None
    metabolite: str | None = None
    intervention: str | None = None
    tumour: str | None = None
    design: str | None = None
    direction: str | None = None
    status: str | None = None
    species: str | None = None


def search(words: str = "", wanted: Filter | None = None, extra: Sequence[Record] = (), most: int = 0) -> list[Found]:
    """Records as plain dicts that hold all the words (whole or begun) and fit the filter, the best first.

    extra: records of the user; most: how many at most, 0 for all.  Raises InputError for a word no table knows.
    """
    where, values = _conditions(wanted or Filter())
    match = _match(words)
    if match:
        weights = ", ".join(str(weight) for weight in (0.0, *TEXTS.values()))
        select = "SELECT record.json FROM text JOIN record ON record.id = text.record WHERE text MATCH ?"
        order = f"ORDER BY bm25(text, {weights}), record.place"
        values = [match, *values]
        where = [f"AND {one}" for one in where]
    else:
        select, order = "SELECT json FROM record", "ORDER BY place"
        where = [f"{'WHERE' if place == 0 else 'AND'} {one}" for place, one in enumerate(where)]
    limit = f"LIMIT {int(most)}" if most else ""
    with closing(opened(extra)) as store:
        rows = store.execute(" ".join([select, *where, order, limit]), values).fetchall()
    return [json.loads(row[0]) for row in rows]


def show(id: str, extra: Sequence[Record] = ()) -> Found:
    """One record.  Raises InputError, with the nearest ids, where there is none."""
    with closing(opened(extra)) as store:
        row = store.execute("SELECT json FROM record WHERE id = ?", (id,)).fetchone()
        if row is None:
            known = [one[0] for one in store.execute("SELECT id FROM record ORDER BY place")]
            near = difflib.get_close_matches(id, known, n=NEAR)
            hint = f"best matches are {', '.join(near)}" if near else "`hepaxis evidence search` finds ids"
            raise InputError([error("evidence.record", f"no record '{id}'", hint)])
    found: Found = json.loads(row[0])
    return found


def _match(words: str) -> str:
    """An FTS5 expression in which nothing the user types is an operator."""
    return " ".join(f'"{word}"*' for word in re.findall(r"[\w.:/]+", words))


def _conditions(wanted: Filter) -> tuple[list[str], list[str]]:
    where: list[str] = []
    values: list[str] = []
    if wanted.taxon and wanted.direction:  # of one finding, not of two
        condition, values = _taxon(wanted.taxon)
        where.append(condition[:-1] + " AND direction = ?)")
        values = [*values, wanted.direction]
        wanted = replace(wanted, taxon=None, direction=None)
    for name in (field.name for field in fields(Filter)):
        word = getattr(wanted, name)
        if word is None:
            continue
        condition, held = _CONDITIONS[name](word)
        where.append(condition)
        values += held
    return where, values


def _column(name: str) -> Condition:
    return lambda word: (f"record.{name} = ?", [word])


def _tagged(kind: str, words: Sequence[str]) -> tuple[str, list[str]]:
    marks = ", ".join("?" * len(words))
    return f"record.id IN (SELECT record FROM tag WHERE kind = ? AND value IN ({marks}))", [kind, *words]


def _taxon(word: str) -> tuple[str, list[str]]:
    under = sorted(vocabulary.taxa_under(vocabulary.taxon(word)))
    return f"record.id IN (SELECT record FROM taxon WHERE taxon IN ({', '.join('?' * len(under))}))", under


def _tumour(word: str) -> tuple[str, list[str]]:
    return _tagged("tumour", sorted(vocabulary.under("tumour", vocabulary.term("tumour", word))))


def _intervention(word: str) -> tuple[str, list[str]]:
    condition, values = _tagged("strategy", [word])
    return f"(record.intervention = ? OR {condition})", [word, *values]


_CONDITIONS: dict[str, Condition] = {
    "kind": _column("kind"),
    "taxon": _taxon,
    "metabolite": lambda word: _tagged("metabolite", [vocabulary.metabolite(word)]),
    "intervention": _intervention,
    "tumour": _tumour,
    "design": _column("design"),
    "direction": lambda word: _tagged("direction", [word]),
    "status": _column("status"),
    "species": _column("species"),
}
