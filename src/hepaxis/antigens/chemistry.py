"""How different two amino acids are to a T cell receptor, part by part; every part is 0 between a residue and itself.

BLOSUM62 (Henikoff 1992, 10.1073/pnas.89.22.10915), hydropathy (Kyte 1982, 10.1016/0022-2836(82)90515-0), volume in
cubic angstrom (Zamyatnin 1972, 10.1016/0079-6107(72)90005-3), charge at pH 7, aromatic ring (with histidine).  The
weights of the parts are fitted (``calibration.json``), not written here.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np

from hepaxis.antigens.alphabet import AMINO_ACIDS, SIZE

HERE = Path(__file__).resolve().parent
PARTS = ("any", "blosum62", "hydropathy", "volume", "charge", "aromatic", "proline", "glycine")


def _table(name: str) -> list[dict[str, str]]:
    with (HERE / name).open(newline="", encoding="utf-8") as handle:
        rows = {row["residue"]: row for row in csv.DictReader(handle)}
    return [rows[letter] for letter in AMINO_ACIDS]


@cache
def blosum62() -> np.ndarray:
    """(20, 20) half-bit scores in the order of ``AMINO_ACIDS``."""
    return np.array([[float(row[letter]) for letter in AMINO_ACIDS] for row in _table("blosum62.csv")])


@cache
def parts() -> np.ndarray:
    """(20, 20, len(PARTS)) differences, symmetric, scaled to about 0-1: what is fitted are their weights."""
    rows = _table("residues.csv")
    matrix = blosum62()
    own = np.diag(matrix)
    likeness = (own[:, None] + own[None, :]) / 2.0 - matrix

    def gap(name: str) -> np.ndarray:
        values = np.array([float(row[name]) for row in rows])
        difference: np.ndarray = np.abs(values[:, None] - values[None, :])
        return difference

    def involves(letter: str) -> np.ndarray:
        here = np.array([one == letter for one in AMINO_ACIDS])
        return (here[:, None] ^ here[None, :]).astype(float)

    stack = [
        1.0 - np.eye(SIZE),
        likeness / likeness.max(),
        *(gap(name) / gap(name).max() for name in ("hydropathy", "volume")),
        gap("charge"),
        gap("aromatic"),
        involves("P"),
        involves("G"),
    ]
    return np.stack(stack, axis=-1)
