"""Exact, exhaustive search: every face against every k-mer of the given columns, by batches and blocks on threads.

The compiled scan finds all k-mers whose rounded-down distance is within the cut-off, which cannot miss one whose exact
distance is; the exact distance then decides.  ``tests/antigens/slow_search.py`` holds the plain reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from hepaxis.antigens import scan
from hepaxis.antigens.alphabet import residues_of
from hepaxis.antigens.similarity import Face

BLOCK = 1 << 20  # k-mers a task: large enough that starting one costs nothing, small enough to share


@dataclass(frozen=True)
class Found:
    """Hits in the order of query, distance, piece, position.

    query     which face;  piece, position  which columns and where in them;  distance  exact, logits
    """

    query: np.ndarray
    piece: np.ndarray
    position: np.ndarray
    distance: np.ndarray

    def __len__(self) -> int:
        return len(self.query)


def search(
    pieces: Sequence[Sequence[np.ndarray]], faces: Sequence[Face], cutoffs: Sequence[float], *, workers: int = 1
) -> Found:
    """All k-mers within each face's cut-off.

    pieces   uint16 trigram columns of the faces' length, one set a piece (``SpeciesIndex.columns`` or ``gathered``)
    cutoffs  one a face, > 0, inclusive

    The result does not depend on ``workers``.  ValueError for faces of different length.
    """
    if len({one.length for one in faces}) > 1:
        raise ValueError("peptides of different length are never compared")
    limits = np.asarray(cutoffs, float)
    blocks = [
        (piece, begin, min(begin + BLOCK, len(columns[0])))
        for piece, columns in enumerate(pieces)
        for begin in range(0, len(columns[0]), BLOCK)
    ]
    found: list[tuple[np.ndarray, ...]] = [(*np.empty((3, 0), np.int64), np.empty(0))]
    with ThreadPoolExecutor(workers) as pool:
        for first in range(0, len(faces), scan.BATCH):
            batch = range(first, min(first + scan.BATCH, len(faces)))
            tables = scan.batch_tables([faces[i] for i in batch], limits[batch.start : batch.stop])
            costs = np.stack([faces[i].costs for i in batch])

            def one(block: tuple[int, int, int], tables=tables, costs=costs, first=first) -> tuple[np.ndarray, ...]:
                piece, begin, end = block
                at, lane = scan.hits(pieces[piece], tables, begin, end)
                distance = _distances(costs, lane, kmers_at(pieces[piece], at, costs.shape[1]))
                query = lane.astype(np.int64) + first
                keep = distance <= limits[query]
                where = np.full(int(keep.sum()), piece, np.int64)
                return query[keep], where, at[keep].astype(np.int64), distance[keep]

            found.extend(pool.map(one, blocks))
    query, piece, position, distance = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.lexsort((position, piece, distance, query))
    return Found(query[order], piece[order], position[order], distance[order])


def _distances(costs: np.ndarray, lane: np.ndarray, residues: np.ndarray) -> np.ndarray:
    """(n,) exact distances of (n, length) residues to the faces ``lane`` of (batch, length, 20) costs."""
    total = np.zeros(len(lane))
    for i in range(costs.shape[1]):
        total += costs[lane, i, residues[:, i]]
    return total


def kmers_at(columns: Sequence[np.ndarray], at: np.ndarray, length: int) -> np.ndarray:
    """(n, length) uint8 residues of the k-mers at positions of trigram columns (all whole)."""
    return residues_of([column[at] for column in columns], length)


def gathered(columns: Sequence[np.ndarray], positions: np.ndarray) -> list[np.ndarray]:
    """Columns of chosen k-mers alone, side by side in memory."""
    return [np.ascontiguousarray(column[positions]) for column in columns]
