"""Residues as small numbers, and the trigram codes that the index stores and the search reads.

Held: the order of the twenty amino acids (one-letter, alphabetical) and how three neighbours make one number.  Letters
that are not one of the twenty (X, B, Z, U, O, J, ``*``) end a peptide: no k-mer is read across them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"
SIZE = len(AMINO_ACIDS)
BREAK = SIZE  # residue code of anything else, and of the gap between two proteins
TRIGRAM = 3
BROKEN = SIZE**TRIGRAM  # trigram code of three neighbours that hold a break
TABLE_SIZE = 8192  # entries of a look-up table: the next power of two, so that a code is always inside
#: Where the trigrams start that together cover a peptide of each length; the last may overlap the one before.
TRIGRAM_STARTS = {8: (0, 3, 5), 9: (0, 3, 6), 10: (0, 3, 6, 7), 11: (0, 3, 6, 8)}
LENGTHS = tuple(TRIGRAM_STARTS)

_CODE_OF_BYTE = np.full(256, BREAK, np.uint8)
for _code, _letter in enumerate(AMINO_ACIDS):
    _CODE_OF_BYTE[ord(_letter)] = _CODE_OF_BYTE[ord(_letter.lower())] = _code
_LETTERS = np.frombuffer((AMINO_ACIDS + "X").encode(), np.uint8)


def encode(sequence: str | bytes) -> np.ndarray:
    """(n,) uint8 residue codes 0..19 in the order of ``AMINO_ACIDS``; anything else is ``BREAK``."""
    raw = sequence.encode("ascii", "replace") if isinstance(sequence, str) else sequence
    return _CODE_OF_BYTE[np.frombuffer(raw, np.uint8)]


def decode(residues: np.ndarray) -> str:
    """Letters of residue codes; a break is written X."""
    return _LETTERS[np.minimum(residues, BREAK)].tobytes().decode("ascii")


def trigram_codes(residues: np.ndarray) -> np.ndarray:
    """(n,) uint16 code of the three residues from each position on; ``BROKEN`` where one is a break or past the end."""
    codes = np.full(len(residues), BROKEN, np.uint16)
    if len(residues) >= TRIGRAM:
        first, second, third = residues[:-2].astype(np.uint16), residues[1:-1], residues[2:]
        whole = (first < SIZE) & (second < SIZE) & (third < SIZE)
        codes[:-2] = np.where(whole, (first * SIZE + second) * SIZE + third, BROKEN)
    return codes


def residues_of(codes: Sequence[np.ndarray], length: int) -> np.ndarray:
    """(n, length) uint8 residues of whole k-mers by the codes of their trigrams, in ``TRIGRAM_STARTS`` order."""
    found = np.empty((len(codes[0]), length), np.uint8)
    for start, code in zip(TRIGRAM_STARTS[length], codes, strict=True):
        found[:, start] = code // (SIZE * SIZE)
        found[:, start + 1] = code // SIZE % SIZE
        found[:, start + 2] = code % SIZE
    return found
