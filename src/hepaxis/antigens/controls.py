"""What speaks against a hit, or warns of it: homology, the patient's own proteins, known human off-targets.

Homology: residues around hit and antigen align without gaps as well as the peptides do, as in conserved enzymes; such
hits are common, old, and likely tolerised.  Self: a human peptide at least as close to the antigen as the hit, bound by
the same molecule.  Both need a human proteome, which the user gives; without one they are said not to be assessed.
Published off-targets (``off_targets.csv``) are named whether or not there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hepaxis.antigens.alphabet import decode, encode, trigram_codes
from hepaxis.antigens.index import SpeciesIndex
from hepaxis.antigens.null_model import chain, reach_for
from hepaxis.antigens.pool import Pool
from hepaxis.antigens.search import kmers_at, search
from hepaxis.antigens.similarity import Face
from hepaxis.antigens.tables import records

FLANK = 15  # residues on each side that are aligned
HOMOLOGOUS = 0.4  # identity of the flanks from which a hit counts as a conserved protein
FEWEST = 10  # flanking residues below which identity is not judged
HUMAN_EXPECTED = 50.0  # human neighbours by chance within the cut-off of the safety search
LONGEST = 30.0  # logits
MOST_SHOWN = 20


@dataclass(frozen=True)
class Neighbour:
    """A human peptide near an antigen.  expected: human binders as close by chance; rank: 1 is the closest."""

    peptide: str
    protein: str
    distance: float
    expected: float
    rank: int


def published_off_targets(peptide: str) -> list[dict[str, str]]:
    """Rows of ``off_targets.csv`` about a tumour peptide."""
    return [{key: str(row[key]) for key in row} for row in records("off_targets") if row["peptide"] == peptide]


def human_neighbours(
    human: SpeciesIndex, pool: Pool, faces: Sequence[Face], *, workers: int = 1
) -> list[list[Neighbour]]:
    """For each face, the closest human k-mers of ``pool`` (made from ``human``) that are not the antigen itself."""
    null = chain(pool)
    reach = [reach_for(null, face, pool.size, HUMAN_EXPECTED, LONGEST) for face in faces]
    found = search(pool.columns, faces, [cutoff for cutoff, _ in reach], workers=workers)
    listed: list[list[Neighbour]] = []
    for place, face in enumerate(faces):
        rows = np.flatnonzero(found.query == place)
        residues = kmers_at(pool.columns[0], found.position[rows], face.length)
        neighbours: dict[str, Neighbour] = {}
        for row, letters in zip(rows, residues, strict=True):
            peptide = decode(letters)
            if peptide == decode(face.residues) or peptide in neighbours:
                continue
            distance = float(found.distance[row])
            protein = human.protein_at(pool.place(0, int(found.position[row])))
            expected = float(pool.size * reach[place][1].at(distance))
            label = f"{protein[0]} {protein[1]}".strip()
            neighbours[peptide] = Neighbour(peptide, label, distance, expected, len(neighbours) + 1)
        listed.append(list(neighbours.values()))
    return listed


def where_in(species: SpeciesIndex, peptide: str) -> int | None:
    """Position of the first exact occurrence of a peptide in a proteome, or None."""
    wanted = trigram_codes(encode(peptide))[:-2]
    codes = species.codes
    at = np.flatnonzero(codes == wanted[0])
    at = at[at + len(wanted) <= len(codes)]
    for offset in range(1, len(wanted)):
        at = at[codes[at + offset] == wanted[offset]]
    return int(at[0]) if len(at) else None


def flank_identity(own: tuple[str, int], other: tuple[str, int], length: int) -> float | None:
    """Share of identical residues in the flanks of two peptides, aligned without gaps on the peptides themselves.

    own, other: (stretch, place of the peptide in it).  None where fewer than ``FEWEST`` pairs of residues exist.
    """
    same = pairs = 0
    for step in [*range(-FLANK, 0), *range(length, length + FLANK)]:
        a, b = own[1] + step, other[1] + step
        if 0 <= a < len(own[0]) and 0 <= b < len(other[0]):
            pairs += 1
            same += own[0][a] == other[0][b]
    return same / pairs if pairs >= FEWEST else None
