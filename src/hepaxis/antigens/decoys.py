"""The third control: natural peptides that are no antigen, searched as the antigens are.

Permuting an antigen breaks more than its likeness to microbes: real sequences alternate and repeat in ways that all
proteins share, so that any natural peptide, even a reversed one, has more neighbours than its permutations have
(200 reversed peptides had 15% more within the cut-off).  Decoys keep that: k-mers of the searched gut
read backwards, which no protein is descended from, that the same molecule binds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from hepaxis.antigens import matrices
from hepaxis.antigens.alphabet import BROKEN
from hepaxis.antigens.index import SpeciesIndex
from hepaxis.antigens.null_model import Chain, reach_for
from hepaxis.antigens.permutation import p_value
from hepaxis.antigens.pool import Pool
from hepaxis.antigens.search import kmers_at, search
from hepaxis.antigens.similarity import Face, position_weights, weighed

TRIED = 20_000  # k-mers looked at in one round of drawing
LEAST_E = 1e-12  # keeps a surprise finite
MOST_ROUNDS = 60  # a molecule that binds fewer than one in a thousand gets fewer decoys, and that is counted


@dataclass(frozen=True)
class Decoys:
    """e_best: E-value (Markov chain) of the closest hit of each decoy; inf where none lies within the cut-off."""

    e_best: np.ndarray

    @property
    def count(self) -> int:
        return len(self.e_best)

    def assigned(self, name: str, draws: int) -> np.ndarray:
        """(draws,) surprise of the decoy that stands for the antigen ``name`` in each draw; () without decoys."""
        if not self.count:
            return np.empty(0)
        chosen = np.random.default_rng(crc32(name.encode())).integers(self.count, size=draws)
        return surprise(self.e_best[chosen])

    def p_value(self, e_best: float) -> float | None:
        """Share of decoys whose closest hit is at least as surprising; None without decoys."""
        return p_value(-e_best, -self.e_best) if self.count else None


def surprise(e_best: np.ndarray | float) -> np.ndarray:
    """-ln P(a hit at least as close by chance), P = 1 - exp(-E): comparable between peptides of any composition."""
    return np.asarray(-np.log(-np.expm1(-np.maximum(np.asarray(e_best, float), LEAST_E))))


def draw_decoys(
    species: Sequence[SpeciesIndex], allele: str, length: int, count: int, seed: int, percent: float | None
) -> list[Face]:
    """At most ``count`` faces of reversed k-mers, bound by ``allele`` with a rank <= percent (None: bound or not)."""
    rng = np.random.default_rng([seed, length, *allele.encode()])
    sizes = np.array([len(one.codes) for one in species], float)
    weights = position_weights(allele, length)
    made: list[Face] = []
    for _ in range(MOST_ROUNDS):
        if len(made) >= count:
            break
        which = rng.choice(len(species), TRIED, p=sizes / sizes.sum())
        for place in np.unique(which):
            columns = species[place].columns(length)
            if not len(columns[0]):
                continue
            at = rng.integers(len(columns[0]), size=int((which == place).sum()))
            at = at[np.logical_and.reduce([column[at] < BROKEN for column in columns])]
            residues = kmers_at(columns, at, length)[:, ::-1]
            if percent is not None and len(residues):
                residues = residues[matrices.rank(allele, residues) <= percent]
            made += [weighed(one.copy(), weights) for one in residues]
    order = rng.permutation(len(made))[:count]
    return [made[i] for i in order]


def search_decoys(
    faces: Sequence[Face], pool: Pool, null: Chain, expected: float, longest: float, workers: int
) -> Decoys:
    """Each decoy within its own cut-off, as an antigen would be searched."""
    reach = [reach_for(null, face, pool.size, expected, longest) for face in faces]
    found = search(pool.columns, faces, [cutoff for cutoff, _ in reach], workers=workers)
    best = np.full(len(faces), np.inf)
    np.minimum.at(best, found.query, found.distance)
    return Decoys(
        np.array(
            [
                pool.size * float(tail.at(d)) if np.isfinite(d) else np.inf
                for (_, tail), d in zip(reach, best, strict=True)
            ]
        )
    )
