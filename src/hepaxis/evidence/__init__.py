"""What is known of the gut and immunotherapy in HCC, how well, and where it contradicts itself.

The records live in ``knowledge`` (one home for facts); this room searches, checks, pools, grades and compares them.  It
simulates nothing, and nothing that is simulated reads it.
"""

from __future__ import annotations

from hepaxis.evidence.check import check
from hepaxis.evidence.query import Filter, search, show
from hepaxis.evidence.records import Record, by_id, cited, records

__all__ = ["Filter", "Record", "by_id", "check", "cited", "records", "search", "show"]
