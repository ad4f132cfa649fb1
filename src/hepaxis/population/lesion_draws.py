"""Lesions of a virtual patient: how many, how large each is, and how they differ in pace and in how they are killed.

Held: the number of lesions, the share of the volume that each holds, the growth of each above the mean, and the immune
killing of each against the mean (its antigen and its T cells as one factor).  The total volume and the patient's own
pace are drawn elsewhere and are not touched: the closure brings shares to a sum of 1 and both differences to a mean
over the volume that leaves the whole as it is.  Numbers and spreads, with sources, are in ``lesions.csv``.
Assumed: lesions of one patient are alike but for these; a lesion's size says nothing of its pace.
"""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib.resources import files

import numpy as np

from hepaxis.population.assumptions import assumed
from hepaxis.population.closure import lesions
from hepaxis.population.points import normal_points, uniform_points

DIFFERENCE_SCORES = tuple(f"lesion.{kind}.{place}" for kind in ("pace", "killing") for place in range(1, 6))


@lru_cache(maxsize=1)
def lesion_facts() -> dict[str, float]:
    """Values of ``lesions.csv`` by name."""
    text = files("hepaxis.population").joinpath("lesions.csv").read_text(encoding="utf-8")
    return {row["name"]: float(row["value"]) for row in csv.DictReader(text.splitlines())}


def draw_lesions(
    n: int, seed: int, pace: np.ndarray, *, shares: np.ndarray | None = None, count: int | None = None
) -> dict[str, np.ndarray]:
    """Model inputs ``lesion.share``, ``lesion.offset`` and ``lesion.killing`` of n people, each (n,).

    pace (n,) 1/day: of the whole tumour, what differences in growth are a share of
    shares (m,) where they were measured, largest first; count: lesions known without their sizes
    Empty for one lesion: a tumour of its own kind needs none.
    """
    most = len(lesions())
    known = count if shares is None else len(shares)
    if known == 1:
        return {}
    people = np.arange(n)
    if shares is not None:
        volume = np.tile(np.pad(shares, (0, most - len(shares))), (n, 1))
    else:
        chances = np.cumsum([lesion_facts()[f"count_{k}"] for k in range(1, most)])
        drawn = 1 + np.searchsorted(chances, uniform_points(seed, people, ["lesions"])[:, 0])
        held = drawn if known is None else np.full(n, min(known, most))
        size = normal_points(seed, people, [f"target.{place}" for place in range(1, most + 1)])
        volume = np.exp(3 * assumed("target_sd_log") * size) * (np.arange(most) < held[:, None])
        volume = -np.sort(-volume, axis=1)
    share = volume / volume.sum(axis=1, keepdims=True)
    scores = normal_points(seed, people, DIFFERENCE_SCORES)
    columns = {f"lesion.share.{lesion}": share[:, k] for k, lesion in enumerate(lesions())}
    return columns | differences(share, pace, scores)


def differences(share: np.ndarray, pace: np.ndarray, scores: np.ndarray) -> dict[str, np.ndarray]:
    """Model inputs ``lesion.offset`` and ``lesion.killing``, each (n,); a lesion alone, or without a share, has none.

    share (n, k); pace (n,) 1/day; scores (n, 2k) normal, by ``DIFFERENCE_SCORES``.
    """
    facts = lesion_facts()
    grows, killed = np.split(scores, 2, axis=1)
    apart = (share > 0) & ((share > 0).sum(axis=1) > 1)[:, None]
    offset = np.where(apart, facts["growth_sd"] * np.abs(pace)[:, None] * grows, 0.0)
    killing = np.where(apart, np.exp(facts["killing_sd_log"] * killed), 1.0)
    return {f"lesion.offset.{lesion}": offset[:, k] for k, lesion in enumerate(lesions())} | {
        f"lesion.killing.{lesion}": killing[:, k] for k, lesion in enumerate(lesions())
    }


def diameter_spread(columns: dict[str, np.ndarray], n: int) -> np.ndarray:
    """(n,) sum of the lesions' diameters against that of one sphere of the whole volume; 1 for one lesion."""
    share = [columns[f"lesion.share.{lesion}"] for lesion in lesions() if f"lesion.share.{lesion}" in columns]
    return np.cbrt(share).sum(axis=0) if share else np.ones(n)
