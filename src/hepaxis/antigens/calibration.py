"""The shipped fit of cross-activation on distance, and what it makes of a hit: a probability with its interval.

``calibration.json`` is written by ``tools/calibrate_mimics.py`` from measured mutational scans (BATMAN's collection,
10.1101/2024.01.22.576714); it holds fitted weights and summary figures, no measurement.  The fit answers "does a clone
that knows the tumour peptide also answer this one"; picked candidates (``hit_rates.csv``) do worse when tested, and
every probability is brought down to it: P(d) = floor + (ceiling - floor) * answer(d) / answer(0).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from scipy.special import expit, gammaln, ndtri
from scipy.stats import beta

from hepaxis.antigens.tables import records

HERE = Path(__file__).resolve().parent
#: A clone answers an unrelated peptide about once in 30,000 (Ishizuka 2009, 10.4049/jimmunol.0901607).
UNRELATED = 1.0 / 30_000.0
GRID = 33  # equal-probability points of the ceiling and of the clone's tolerance
LEVELS = (0.05, 0.5, 0.95)
FARTHEST, CURVE_POINTS = 40.0, 801  # logits; of the curve that mean probabilities are read from
CEILING_MEANS, CEILING_SIZES = np.linspace(0.01, 0.6, 119), np.geomspace(0.5, 100.0, 60)


@dataclass(frozen=True)
class Calibration:
    """positions, chemistry  weights of positions (logits) and of the parts of a chemical difference
    kb                       weights of the eight positions of an H2-Kb ligand (one epitope; not held out)
    epitopes                 weights of single tumour epitopes, drawn to ``positions`` (their own clones; not held out)
    intercept, clone_sd      logit of an answer at distance 0 and how much it differs between clones
    held_out                 leave-one-epitope-out record: AUROC by epitope, mean, interval, reliability
    """

    positions: dict[str, float]
    chemistry: dict[str, float]
    kb: tuple[float, ...]
    epitopes: dict[str, list[float]]
    intercept: float
    clone_sd: float
    held_out: dict
    data: dict


@cache
def calibration() -> Calibration:
    found = json.loads((HERE / "calibration.json").read_text(encoding="utf-8"))
    return Calibration(
        found["positions"],
        found["chemistry"],
        tuple(found["kb"]),
        found["epitopes"],
        found["intercept"],
        found["clone_sd"],
        found["held_out"],
        found["data"],
    )


@cache
def ceiling() -> tuple[float, float]:
    """(a, b) of the Beta over studies of the share of picked candidates that activate: most likely beta-binomial."""
    activated, tested = np.array([(row["activated"], row["tested"]) for row in records("hit_rates")], float).T
    mean, size = np.meshgrid(CEILING_MEANS, CEILING_SIZES, indexing="ij")
    a, b = mean * size, (1.0 - mean) * size
    fit = np.zeros_like(a)
    for k, n in zip(activated, tested, strict=True):
        fit += gammaln(a + k) + gammaln(b + n - k) - gammaln(a + b + n) - gammaln(a) - gammaln(b) + gammaln(a + b)
    best = np.unravel_index(np.argmax(fit), fit.shape)
    return float(a[best]), float(b[best])


def answer(distance: np.ndarray | float) -> np.ndarray:
    """Chance that a typical clone of the index peptide keeps half of its activity, at a distance in logits."""
    return np.asarray(expit(calibration().intercept - np.asarray(distance, float)))


@cache
def _mean_curve() -> tuple[np.ndarray, np.ndarray]:
    grid = np.linspace(0.0, FARTHEST, CURVE_POINTS)
    return grid, probability(grid)[:, -1]


def mean_probability(distance: np.ndarray) -> np.ndarray:
    """(n,) mean of P(cross-activation), interpolated on a fine grid; for many distances at once."""
    return np.interp(distance, *_mean_curve())


@cache
def _points() -> tuple[np.ndarray, np.ndarray]:
    level = (np.arange(GRID) + 0.5) / GRID
    top = beta.ppf(level, *ceiling())
    shift = calibration().clone_sd * ndtri(level)
    return np.repeat(top, GRID), np.tile(shift, GRID)


def probability(distance: np.ndarray) -> np.ndarray:
    """(n, 4): 5th, 50th, 95th percentile and mean of P(cross-activation) at each distance.

    Spread: how clones differ (normal on the logit) and how studies of picked candidates differ (Beta).
    """
    top, shift = _points()
    intercept = calibration().intercept
    flat = np.asarray(distance, float).reshape(-1)
    found = np.empty((len(flat), len(LEVELS) + 1))
    for row, d in enumerate(flat):
        kept = expit(intercept + shift - d) / expit(intercept + shift)
        draws = UNRELATED + np.maximum(top - UNRELATED, 0.0) * kept
        found[row, :-1] = np.quantile(draws, LEVELS)
        found[row, -1] = draws.mean()
    return found
