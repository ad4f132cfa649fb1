"""Compiled scans over trigram columns (numba): every query against every k-mer, nothing skipped by a heuristic.

A k-mer's distance is the sum of one table entry a trigram.  Queries go in batches of ``BATCH``: the entries of one
trigram for all of a batch lie side by side, so that one pass of byte additions compares a k-mer with the whole batch.
Sums stay within a byte (``similarity.STEPS``).  The scans release the interpreter's lock.  numba is in the extra
``mimics``.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from hepaxis.antigens.extra import INSTALL
from hepaxis.antigens.similarity import STEPS, Face, trigram_tables
from hepaxis.problems import InputError, error

njit: Any = None
with suppress(ImportError):  # the room loads without the extra; a search says what is missing
    from numba import njit

BATCH = 64  # queries compared at once: a cache line of bytes


def need_numba() -> None:
    """InputError naming the extra where numba is not installed."""
    if njit is None:
        raise InputError([error("mimics.no_numba", "the compiled search needs numba", f"install the extra: {INSTALL}")])


def batch_tables(faces: Sequence[Face], cutoffs: Sequence[float] | np.ndarray) -> np.ndarray:
    """(trigrams, 8192, BATCH) uint8 of at most BATCH faces; unused lanes never match."""
    made = trigram_tables(faces, cutoffs)
    together = np.full((*made.shape[:2], BATCH), STEPS[len(made)] + 1, np.uint8)
    together[:, :, : len(faces)] = made
    return together


def _hits3(
    first: Any, middle: Any, last: Any, tables: Any, limit: int, begin: int, end: int, at: Any, lane: Any
) -> int:
    """Number of (k-mer, query) with a sum <= limit in begin..end-1; as many as fit are written to ``at``, ``lane``."""
    found = 0
    room = len(at)
    low, mid, high, most = tables[0], tables[1], tables[2], np.uint8(limit)
    for p in range(begin, end):
        a = low[first[p]]
        b = mid[middle[p]]
        c = high[last[p]]
        least = np.uint8(255)
        for k in range(BATCH):
            least = min(least, np.uint8(np.uint8(a[k] + b[k]) + c[k]))
        if least <= most:
            for k in range(BATCH):
                if np.uint8(np.uint8(a[k] + b[k]) + c[k]) <= most:
                    if found < room:
                        at[found] = p
                        lane[found] = k
                    found += 1
    return found


def _hits4(
    first: Any, middle: Any, last: Any, tail: Any, tables: Any, limit: int, begin: int, end: int, at: Any, lane: Any
) -> int:
    """The same for peptides of four trigrams (10- and 11-mers)."""
    found = 0
    room = len(at)
    low, mid, high, far, most = tables[0], tables[1], tables[2], tables[3], np.uint8(limit)
    for p in range(begin, end):
        a = low[first[p]]
        b = mid[middle[p]]
        c = high[last[p]]
        d = far[tail[p]]
        least = np.uint8(255)
        for k in range(BATCH):
            least = min(least, np.uint8(np.uint8(np.uint8(a[k] + b[k]) + c[k]) + d[k]))
        if least <= most:
            for k in range(BATCH):
                if np.uint8(np.uint8(np.uint8(a[k] + b[k]) + c[k]) + d[k]) <= most:
                    if found < room:
                        at[found] = p
                        lane[found] = k
                    found += 1
    return found


def _below3(first: Any, middle: Any, last: Any, tables: Any, limit: Any, at: Any) -> int:
    """Positions whose sum of (3, 8192) float32 entries is <= limit; returns their number, writes as many as fit."""
    found = 0
    for p in range(len(first)):
        if tables[0, first[p]] + tables[1, middle[p]] + tables[2, last[p]] <= limit:
            if found < len(at):
                at[found] = p
            found += 1
    return found


def _below4(first: Any, middle: Any, last: Any, tail: Any, tables: Any, limit: Any, at: Any) -> int:
    found = 0
    for p in range(len(first)):
        if tables[0, first[p]] + tables[1, middle[p]] + tables[2, last[p]] + tables[3, tail[p]] <= limit:
            if found < len(at):
                at[found] = p
            found += 1
    return found


def _compiled(function: Any) -> Any:
    if njit is None:
        return function
    try:
        return njit(nogil=True, cache=True, boundscheck=False)(function)
    except RuntimeError:  # no folder where compiled code can be kept
        return njit(nogil=True, boundscheck=False)(function)


_HITS = {3: _compiled(_hits3), 4: _compiled(_hits4)}
_BELOW = {3: _compiled(_below3), 4: _compiled(_below4)}


def hits(columns: Sequence[np.ndarray], tables: np.ndarray, begin: int, end: int) -> tuple[np.ndarray, np.ndarray]:
    """(positions, lanes) of all k-mers of begin..end-1 and queries whose sum is within STEPS.

    columns: 3 or 4 uint16 arrays; tables: of ``batch_tables``.
    """
    need_numba()
    room = 4096
    while True:
        at, lane = np.empty(room, np.uint32), np.empty(room, np.uint8)
        found = _HITS[len(columns)](*columns, tables, STEPS[len(columns)], begin, end, at, lane)
        if found <= room:
            return at[:found], lane[:found]
        room = found


def below(columns: Sequence[np.ndarray], tables: np.ndarray, limit: float) -> np.ndarray:
    """(n,) uint32 positions, ascending, whose sum of (3 or 4, 8192) float32 entries is <= limit."""
    need_numba()
    room = max(4096, len(columns[0]) // 16)
    while True:
        at = np.empty(room, np.uint32)
        found = _BELOW[len(columns)](*columns, tables, np.float32(limit), at)
        if found <= room:
            return at[:found].copy()
        room = found
