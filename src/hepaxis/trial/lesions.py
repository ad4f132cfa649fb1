"""Target lesions: which are followed, and what a reader measures.

Held: at most five targets and two an organ, of at least 10 mm (RECIST 1.1, 10.1016/j.ejca.2008.10.026).  The model has
liver lesions only, so two of them are targets unless the caller names other organs; lesions that are not targets are
non-target and must vanish too for a complete response.  Each diameter is read with its own log-normal error.  A lesion
under ``disappearance_mm`` cannot be told from the liver and is read as gone; one still seen but read under 5 mm is
recorded as 5 mm.  Lymph nodes (short axis, 15 mm and 10 mm) and scars without living tumour are not held.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hepaxis.trial.parameters import criterion, hazard


def choose_targets(baseline_mm: np.ndarray, organs: Sequence[str] | None = None) -> np.ndarray:
    """Which lesions (n, k) are targets: the largest first, within the limits a patient and an organ.

    baseline_mm (n, k) true diameters, 0 where there is none; organs (k,): the organ of each lesion (default liver).
    Raises ValueError when organs do not fit the lesions.
    """
    n, k = baseline_mm.shape
    named = ["liver"] * k if organs is None else list(organs)
    if len(named) != k:
        raise ValueError(f"{len(named)} organs given for {k} lesions")
    kinds = sorted(set(named))
    organ = np.array([kinds.index(name) for name in named])
    chosen = np.zeros((n, k), bool)
    used = np.zeros((n, len(kinds)), int)
    order = np.argsort(-baseline_mm, axis=1, kind="stable")
    patient = np.arange(n)
    for place in range(k):
        lesion = order[:, place]
        room = (used[patient, organ[lesion]] < criterion("targets_per_organ")) & (used.sum(1) < criterion("targets"))
        take = room & (baseline_mm[patient, lesion] >= criterion("measurable_mm"))
        chosen[patient, lesion] = take
        used[patient, organ[lesion]] += take
    return chosen


def measure(true_mm: np.ndarray, error: np.ndarray) -> np.ndarray:
    """What a reader records (n, ..., k) of true diameters, with error standard normal of the same shape."""
    gone = true_mm < hazard("disappearance_mm")
    read = np.maximum(true_mm * np.exp(hazard("measurement_error") * error), criterion("too_small_mm"))
    return np.where(gone, 0.0, read)


def split_sum(sum_mm: np.ndarray, uniform: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Two target diameters (n, 2) that add up to sum_mm (n,), for patients whose lesions are not known.

    uniform (n,) says who has a second target; normal (n, 2) how the sum parts.
    """
    weight = np.exp(hazard("lesion_size_sd") * normal)
    weight[:, 1] *= uniform < hazard("second_lesion")
    parts: np.ndarray = sum_mm[:, None] * weight / weight.sum(1, keepdims=True)
    return parts
