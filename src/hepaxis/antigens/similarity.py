"""Distance between two peptides as a T cell receptor may see it: a weighted sum over the residues that face it.

``d = sum_i w_i * c(a_i, b_i)``: w_i the weight of a position, c the fitted chemical difference of two residues; both
are fitted to measured mutational scans (``calibration.json``).  Anchors, which the HLA molecule holds, weigh nothing:
whether a peptide is presented is asked of ``matrices``.  Positions are counted from both ends (the middle bulges), so
that 8-11-mers share one profile; peptides of different length are never compared.
Assumed: positions add up; the scans hold single substitutions, so that two and more are extrapolated.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from hepaxis.antigens.alleles import is_class_two
from hepaxis.antigens.alphabet import LENGTHS, SIZE, TABLE_SIZE, TRIGRAM_STARTS, encode
from hepaxis.antigens.calibration import calibration
from hepaxis.antigens.chemistry import parts
from hepaxis.antigens.tables import records

CLASS_TWO_LIKE = ("P4", "P5", "P6", "P7")  # class I positions whose mean weight the face of a class II core takes
ROUNDING = 1e-6  # relative; more than the error of single precision, so that no distance is rounded up
#: Levels between 0 and the cut-off in a look-up table, by the number of trigrams: sums stay within a byte.
STEPS = {3: 84, 4: 62}


def position_classes(length: int) -> tuple[str, ...]:
    """Name of every position of a class I peptide: five from the left, four from the right, ``P56`` between.

    An 8-mer has no P6.  Raises ValueError outside 8-11.
    """
    if length not in LENGTHS:
        raise ValueError(f"peptides of {length} residues: the profile is of {LENGTHS[0]}-{LENGTHS[-1]}")
    left, right = ("P1", "P2", "P3", "P4", "P5"), ("P6", "P7", "P8", "P9")
    if length == LENGTHS[0]:
        return (*left, *right[1:])
    return (*left, *("P56",) * (length - len(left) - len(right)), *right)


def anchors(allele: str, length: int) -> tuple[int, ...]:
    """Positions (0-based, ascending) that the molecule holds: ``anchors.csv``, first row that fits the allele."""
    for row in records("anchors"):
        if re.fullmatch(str(row["allele"]), allele) and row["length"] in (None, length):
            numbers = [int(part) for part in str(row["positions"]).split()]
            return tuple(sorted(number - 1 if number > 0 else length + number for number in numbers))
    raise ValueError(f"no anchors for {allele}")


def position_weights(allele: str, length: int, peptide: str = "") -> np.ndarray:
    """(length,) weight of each position, logits per unit of chemical difference; 0 at anchors.

    peptide: an epitope whose own clones were scanned (AFP158, NY-ESO-1 157, MAGE-A3 168) has a profile of its own.
    """
    fitted = calibration()
    if is_class_two(allele):  # no scan was fitted: every position that faces the receptor weighs the same
        weights = np.full(length, np.mean([fitted.positions[name] for name in CLASS_TWO_LIKE]))
    elif peptide in fitted.epitopes:
        weights = np.array(fitted.epitopes[peptide])
    elif fitted.kb and allele == "H2-Kb" and length == len(fitted.kb):
        weights = np.array(fitted.kb)
    else:
        weights = np.array([fitted.positions[name] for name in position_classes(length)])
    weights[list(anchors(allele, length))] = 0.0
    return weights


@cache
def substitution() -> np.ndarray:
    """(20, 20) fitted chemical difference of two residues, symmetric, 0 on the diagonal."""
    weights = np.array(list(calibration().chemistry.values()))
    matrix: np.ndarray = parts() @ weights
    return matrix


@dataclass(frozen=True)
class Face:
    """What a search compares a peptide by.

    residues  (length,) codes of the query
    weights   (length,) of its positions; 0 at anchors
    costs     (length, 20) distance, in logits, that residue b at position i adds
    """

    residues: np.ndarray
    weights: np.ndarray
    costs: np.ndarray

    @property
    def length(self) -> int:
        return len(self.residues)

    def distance(self, others: np.ndarray) -> np.ndarray:
        """(n,) distance to (n, length) residue codes."""
        total = np.zeros(len(others))
        for i in range(self.length):  # in the order of the search, so that both agree to the last bit
            total += self.costs[i, others[:, i]]
        return total


def face(peptide: str, allele: str) -> Face:
    """How ``peptide`` is compared when ``allele`` presents it.  ValueError for a letter that is no amino acid."""
    residues = encode(peptide)
    if (residues >= SIZE).any():
        raise ValueError(f"'{peptide}' holds a letter that is not one of the twenty amino acids")
    return weighed(residues, position_weights(allele, len(residues), peptide))


def weighed(residues: np.ndarray, weights: np.ndarray) -> Face:
    """The face of residue codes under given weights of positions (a permuted antigen keeps those of the antigen)."""
    return Face(residues, weights, weights[:, None] * substitution()[residues])


def trigram_tables(faces: Sequence[Face], cutoffs: Sequence[float] | np.ndarray) -> np.ndarray:
    """(3 or 4, 8192, faces) uint8: distance added by each trigram in steps of ``cutoff / STEPS``, rounded down.

    Rounding down loses nothing: a peptide at distance <= cutoff has a sum <= ``STEPS``.  A trigram with a break, or one
    that alone exceeds the cut-off, is one more than ``STEPS``.  Where trigrams overlap, a position is counted once.
    """
    starts = TRIGRAM_STARTS[faces[0].length]
    steps = STEPS[len(starts)]
    scale = steps / np.asarray(cutoffs, float) * (1.0 - ROUNDING)
    costs = np.stack([face.costs for face in faces], axis=-1) * scale  # (length, 20, faces)
    scaled = np.minimum(costs, steps + 1).astype(np.float32)
    tables = np.full((len(starts), TABLE_SIZE, len(faces)), steps + 1, np.uint8)
    counted = 0
    for row, start in enumerate(starts):
        parts = [scaled[start + k] if start + k >= counted else np.zeros_like(scaled[0]) for k in range(3)]
        counted = start + 3
        total = parts[0][:, None, None] + parts[1][None, :, None] + parts[2][None, None, :]
        np.minimum(total, steps + 1, out=total)
        tables[row, : SIZE**3] = total.reshape(SIZE**3, -1)  # the cast rounds down
    return tables
