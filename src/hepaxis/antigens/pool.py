"""What a face is searched against: the k-mers of the gut that one HLA molecule binds, species by species.

Both sides are filtered: a microbial k-mer counts only when the patient's molecule binds it (``matrices``), so that the
number of chances is counted as it is.  Without HLA the pool is every whole k-mer and presentation is not considered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hepaxis.antigens import matrices, scan
from hepaxis.antigens.alphabet import SIZE, TABLE_SIZE, TRIGRAM
from hepaxis.antigens.index import SpeciesIndex
from hepaxis.antigens.search import gathered, kmers_at

PAIRS = SIZE * SIZE


@dataclass(frozen=True)
class Pool:
    """k-mers of one length, by species.

    columns    one list of trigram columns a species; of binders alone, or (allele None) of the whole proteome
    positions  where each binder starts in the species' codes; None where columns are whole
    counts     (species,) k-mers of each species
    """

    allele: str | None
    length: int
    species: tuple[SpeciesIndex, ...]
    columns: tuple[list[np.ndarray], ...]
    positions: tuple[np.ndarray, ...] | None
    counts: np.ndarray

    @property
    def size(self) -> int:
        return int(self.counts.sum())

    def place(self, which: int, at: int) -> int:
        """Position in the codes of species ``which`` of the k-mer at ``at`` of its columns."""
        return at if self.positions is None else int(self.positions[which][at])

    def pair_counts(self) -> np.ndarray:
        """(length - 1, 20, 20) how often residue b follows a, place by place."""
        total = np.zeros((self.length - 1, PAIRS))
        for columns in self.columns:
            if self.positions is None:
                codes = np.bincount(columns[0], minlength=TABLE_SIZE)[: SIZE**TRIGRAM]
                total += codes.reshape(PAIRS, SIZE).sum(axis=1)
            elif len(columns[0]):
                residues = kmers_at(columns, np.arange(len(columns[0])), self.length).astype(np.int64)
                for i in range(self.length - 1):
                    total[i] += np.bincount(residues[:, i] * SIZE + residues[:, i + 1], minlength=PAIRS)
        return total.reshape(self.length - 1, SIZE, SIZE)


def make_pool(species: Sequence[SpeciesIndex], length: int, allele: str | None = None, percent: float = 2.0) -> Pool:
    """The k-mers of ``species`` that ``allele`` binds with a rank <= ``percent`` (None: all whole k-mers)."""
    if allele is None:
        columns = tuple(one.columns(length) for one in species)
        counts = np.array([one.kmers(length) for one in species])
        return Pool(None, length, tuple(species), columns, None, counts)
    tables, limit = matrices.binder_tables(allele, length, percent)
    positions = tuple(scan.below(one.columns(length), tables, limit) for one in species)
    columns = tuple(gathered(one.columns(length), at) for one, at in zip(species, positions, strict=True))
    return Pool(allele, length, tuple(species), columns, positions, np.array([len(at) for at in positions]))
