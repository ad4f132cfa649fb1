"""The plain search that the compiled one must agree with: every k-mer, one residue at a time, no tables."""

from __future__ import annotations

from hepaxis.antigens.alphabet import AMINO_ACIDS
from hepaxis.antigens.similarity import position_weights, substitution


def slow_search(sequences: list[str], peptide: str, allele: str, cutoff: float) -> list[tuple[float, int, int]]:
    """(distance, which sequence, where) of every k-mer within the cut-off, sorted."""
    weights = position_weights(allele, len(peptide), peptide)
    difference = substitution()
    found = []
    for which, sequence in enumerate(sequences):
        for start in range(len(sequence) - len(peptide) + 1):
            kmer = sequence[start : start + len(peptide)]
            if any(letter not in AMINO_ACIDS for letter in kmer):
                continue
            distance = 0.0
            for weight, a, b in zip(weights, peptide, kmer, strict=True):
                distance += weight * difference[AMINO_ACIDS.index(a), AMINO_ACIDS.index(b)]
            if distance <= cutoff:
                found.append((distance, which, start))
    return sorted(found)
