"""Curated facts as text tables with schema and provenance: load, lint, cite.

Every table is ``tables/<name>.csv`` with ``schema/<name>.csv`` beside it (column, type, required, allowed, unit,
description).  Every row has a stable ``id``, a ``source`` and a verification grade ``checked``.  Tables that no
simulation reads lie in ``evidence/`` of both folders and have a hash of their own.  Assumes nothing of the other rooms
and imports none of them.
"""

from __future__ import annotations

from hepaxis.knowledge.citations import Citation, cite, url
from hepaxis.knowledge.lint import gate_evidence_problems, lint
from hepaxis.knowledge.schema import Column, columns
from hepaxis.knowledge.store import content_hash, evidence_hash, names, records, row, table

__all__ = [
    "Citation",
    "Column",
    "cite",
    "columns",
    "content_hash",
    "evidence_hash",
    "gate_evidence_problems",
    "lint",
    "names",
    "records",
    "row",
    "table",
    "url",
]
