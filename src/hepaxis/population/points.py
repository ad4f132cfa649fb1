"""Random points that depend on the seed, the patient's number and the name of what is drawn, and on nothing else.

Held: patient k of a population is the same whatever the size of a chunk, the order of the chunks or the number of
workers, and a quantity that is drawn newly moves no other draw.  Each name has a stream of its own (SplitMix64:
doi:10.1145/2660193.2660195) that is read at position k.
Assumed: simple random numbers; a few thousand patients make the marginals even enough.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

Array = npt.NDArray[np.float64]
_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_BITS = 53  # of a double's mantissa


def uniform_points(seed: int, patients: npt.NDArray[np.int64], names: Sequence[str]) -> Array:
    """(len(patients), len(names)) in the open unit interval; row by patient number, column by name."""
    position = np.asarray(patients, dtype=np.uint64)
    columns = [_mixed(_start(seed, name) + position * _GAMMA) for name in names]
    whole = np.stack(columns, axis=1) >> np.uint64(64 - _BITS) if columns else np.zeros((len(position), 0), np.uint64)
    points: Array = (whole.astype(np.float64) + 0.5) * 2.0**-_BITS
    return np.minimum(points, 1.0 - 2.0**-_BITS)


def normal_points(seed: int, patients: npt.NDArray[np.int64], names: Sequence[str]) -> Array:
    """The same as standard normal scores."""
    scores: Array = ndtri(uniform_points(seed, patients, names))
    return scores


def correlated(scores: Array, root: Array) -> Array:
    """(n, d) independent scores times a lower or full root (d, d) of a correlation matrix: row by row, bit for bit.

    Not a matrix product: its rounding depends on the number of rows.
    """
    mixed = np.zeros((len(scores), len(root)))
    for row, weights in enumerate(root):
        for column, weight in enumerate(weights):
            if weight != 0.0:
                mixed[:, row] += weight * scores[:, column]
    return mixed


def _start(seed: int, name: str) -> np.uint64:
    digest = hashlib.blake2b(f"{seed}/{name}".encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def _mixed(state: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    state = (state ^ (state >> np.uint64(30))) * _FIRST
    state = (state ^ (state >> np.uint64(27))) * _SECOND
    mixed: npt.NDArray[np.uint64] = state ^ (state >> np.uint64(31))
    return mixed
