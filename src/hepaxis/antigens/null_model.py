"""How many k-mers of a pool are as close to a face by chance: the closed form.

The null draws a k-mer residue by residue from a Markov chain of order one whose steps differ from place to place and
are counted in the pool itself, so that composition, neighbours and what the HLA molecule asks for are as they are.  The
distribution of the distance follows by dynamic programming over (distance, last residue).  Distances are rounded to a
grid of ``GRID`` steps a cut-off.  Assumed: k-mers are independent; related proteins (homology) are not, and are why a
conserved enzyme has more neighbours than this null says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepaxis.antigens.alphabet import SIZE
from hepaxis.antigens.pool import Pool
from hepaxis.antigens.similarity import Face

GRID = 512
PSEUDOCOUNT = 1.0  # pairs, spread by what the second residue's frequency says


@dataclass(frozen=True)
class Chain:
    """first (20,): residue at the first place; steps (length - 1, 20, 20): P(next | this), rows sum to 1."""

    first: np.ndarray
    steps: np.ndarray


def chain(pool: Pool) -> Chain:
    """The Markov null of a pool."""
    counts = pool.pair_counts()
    following = counts.sum(axis=1) + PSEUDOCOUNT / SIZE
    following /= following.sum(axis=1, keepdims=True)
    steps = counts + PSEUDOCOUNT * following[:, None, :]
    first = counts[0].sum(axis=1) + PSEUDOCOUNT / SIZE
    return Chain(first / first.sum(), steps / steps.sum(axis=2, keepdims=True))


@dataclass(frozen=True)
class Tail:
    """P(distance <= d) of one face under a null, up to ``reach``."""

    reach: float
    cumulative: np.ndarray  # (GRID + 1,) at 0, reach / GRID, ..., reach

    def at(self, distance: np.ndarray | float) -> np.ndarray:
        """Chance of a distance at most this; only within ``reach``."""
        step = np.floor(np.asarray(distance, float) * (GRID / self.reach) + 0.5).astype(int)
        return np.asarray(self.cumulative[np.minimum(step, GRID)])


def tail(null: Chain, face: Face, reach: float) -> Tail:
    """Distribution of the distance of a k-mer of ``null`` to ``face``, exact on the grid up to ``reach``."""
    step = np.minimum(np.floor(face.costs * (GRID / reach) + 0.5), GRID + 1).astype(int)
    mass = np.zeros((SIZE, GRID + 1))
    within = step[0] <= GRID
    mass[within, step[0][within]] = null.first[within]
    for i in range(1, face.length):
        arriving = null.steps[i - 1].T @ mass
        mass = np.zeros_like(mass)
        for b in np.flatnonzero(step[i] <= GRID):
            mass[b, step[i, b] :] = arriving[b, : GRID + 1 - step[i, b]]
    return Tail(reach, np.cumsum(mass.sum(axis=0)))


def reach_for(null: Chain, face: Face, size: int, expected: float, longest: float) -> tuple[float, Tail]:
    """(cut-off at which ``expected`` k-mers of ``size`` are as close by chance, tail up to it), at most ``longest``."""
    wide = tail(null, face, longest)
    place = int(np.searchsorted(wide.cumulative * size, expected, side="right")) - 1
    cutoff = max(place, 1) * longest / GRID
    return cutoff, tail(null, face, cutoff)
