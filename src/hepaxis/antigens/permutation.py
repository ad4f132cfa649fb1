"""The second null: the same antigen with the residues that face the receptor in another order, anchors fixed.

A permuted antigen has the composition of the real one and binds as it does, so that neighbours which any peptide of
those residues would have are counted as chance.  The permutations of an antigen depend on the seed and on its name
alone.  Where few orders exist, the p-value cannot be small, and says so by its count.
"""

from __future__ import annotations

from zlib import crc32

import numpy as np

from hepaxis.antigens.similarity import Face, weighed

MAX_TRIES = 50  # draws for one permutation that differs from the antigen


def permuted(face: Face, count: int, seed: int, name: str) -> list[Face]:
    """``count`` faces with permuted facing residues, none the antigen itself; [] where all orders are the same."""
    facing = np.flatnonzero(face.weights > 0)
    own = face.residues[facing]
    if len(set(own.tolist())) < 2:
        return []
    rng = np.random.default_rng([seed, crc32(name.encode())])
    made = []
    for _ in range(count):
        for _ in range(MAX_TRIES):
            order = rng.permutation(own)
            if (order != own).any():
                break
        residues = face.residues.copy()
        residues[facing] = order
        made.append(weighed(residues, face.weights))
    return made


def p_value(observed: float, drawn: np.ndarray) -> float:
    """Share of draws at least as large, the observed one counted among them: never 0."""
    return float((1 + (drawn >= observed).sum()) / (1 + len(drawn)))
