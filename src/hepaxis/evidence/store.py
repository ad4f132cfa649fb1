"""The records compiled for search: SQLite with a full-text index (FTS5), named by the hash of what it was built from.

Held: the store is a copy that can always be made again.  It is kept in the user's cache folder
(``HEPAXIS_EVIDENCE_CACHE``; "off" keeps nothing), written whole or not at all, and built anew where it is missing,
damaged or of other records.  Words are stemmed, so that "antibiotics" finds "antibiotic".
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from hepaxis import knowledge, user_cache
from hepaxis.evidence.records import Record, records

ENVIRONMENT = "HEPAXIS_EVIDENCE_CACHE"
MOST_ENTRIES = 4
#: Raised when the layout below changes.
LAYOUT = "2"
#: Columns of the full-text index and the weight of a hit in each (bm25).
TEXTS = {"label": 20.0, "exposure": 4.0, "findings": 3.0, "taxa": 4.0, "population": 2.0, "other": 1.0, "source": 1.0}

_TABLES = (
    "CREATE TABLE made_of (hash TEXT NOT NULL)",
    "CREATE TABLE record (id TEXT PRIMARY KEY, place INTEGER, kind TEXT, design TEXT, species TEXT, stage TEXT,"
    " intervention TEXT, status TEXT, checked TEXT, json TEXT NOT NULL)",
    "CREATE TABLE taxon (record TEXT, taxon TEXT, direction TEXT)",
    "CREATE TABLE tag (record TEXT, kind TEXT, value TEXT)",
    "CREATE INDEX taxon_of ON taxon (taxon)",
    "CREATE INDEX tag_of ON tag (kind, value)",
    f"CREATE VIRTUAL TABLE text USING fts5(record UNINDEXED, {', '.join(TEXTS)}, tokenize='porter unicode61')",
)


def made_of(extra: Sequence[Record] = ()) -> str:
    """Hash of everything the store is built from: all fact tables, the layout, and records added by the user."""
    digest = hashlib.sha256(f"{LAYOUT} {knowledge.evidence_hash()} {knowledge.content_hash()}".encode())
    for record in extra:
        digest.update(json.dumps(asdict(record), sort_keys=True).encode())
    return digest.hexdigest()


def opened(extra: Sequence[Record] = ()) -> sqlite3.Connection:
    """The store, read from the cache where it is of today's records, else built.  The caller closes it."""
    wanted = made_of(extra)
    where = user_cache.folder(ENVIRONMENT, "evidence")
    path = where / f"{wanted[:16]}.sqlite" if where else None
    if path and path.is_file() and (found := _read(path, wanted)):
        return found
    made = build([*records(), *extra], wanted)
    if where and path:
        user_cache.keep(where, path.name, made.serialize(), MOST_ENTRIES)
    return made


def build(held: Iterable[Record], name: str) -> sqlite3.Connection:
    """A store of these records in memory."""
    store = sqlite3.connect(":memory:")
    for statement in _TABLES:
        store.execute(statement)
    store.execute("INSERT INTO made_of VALUES (?)", (name,))
    for place, one in enumerate(held):
        store.execute(
            "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(one.id, place, one.kind, one.design, one.species, one.stage, one.intervention),
                *(one.status, one.checked, json.dumps(as_json(one))),
            ),
        )
        store.executemany(
            "INSERT INTO taxon VALUES (?, ?, ?)", [(one.id, found.taxon, found.direction) for found in one.taxa]
        )
        store.executemany("INSERT INTO tag VALUES (?, ?, ?)", [(one.id, kind, value) for kind, value in _tags(one)])
        marks = ", ".join("?" * (len(TEXTS) + 1))
        store.execute(f"INSERT INTO text VALUES ({marks})", (one.id, *_texts(one)))
    store.commit()
    return store


def as_json(record: Record) -> dict[str, object]:
    """A record as plain values for JSON, with its weight."""
    return asdict(record) | {"weight": record.weight}


def _read(path: Path, wanted: str) -> sqlite3.Connection | None:
    store = sqlite3.connect(path)
    try:
        if store.execute("SELECT hash FROM made_of").fetchone() == (wanted,):
            return store
    except sqlite3.DatabaseError:
        pass
    store.close()
    return None


def _tags(one: Record) -> Iterable[tuple[str, str]]:
    yield from (("tumour", value) for value in one.tumours)
    yield from (("metabolite", value) for value in one.metabolites)
    yield from (("strategy", value) for value in one.strategies)
    if one.conclusion:
        yield ("direction", one.conclusion)
    yield from (("direction", found.direction) for found in one.taxa)


def _texts(one: Record) -> tuple[str, ...]:
    other = (one.id, one.note, one.harms, one.therapy, one.region, one.assay, one.status, one.kind, one.intervention)
    words = (one.design, one.stage, one.species, one.conclusion)
    found = {
        "label": one.label,
        "exposure": f"{one.exposure} {one.comparator}",
        "findings": one.findings,
        "taxa": " ".join(f"{found.name} {found.taxon}" for found in one.taxa),
        "population": f"{one.population} {' '.join(one.tumours)}",
        "other": " ".join((*other, *words)).replace("_", " "),
        "source": " ".join((*one.source, one.nct)),
    }
    return tuple(found[name] for name in TEXTS)
