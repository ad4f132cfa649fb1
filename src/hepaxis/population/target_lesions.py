"""Target lesions of a virtual patient: the sum of diameters shared out among up to five spheres.

Held: RECIST 1.1 takes at most five targets and two an organ (doi:10.1016/j.ejca.2008.10.026), so a tumour of the liver
alone has at most two and one that has spread at most four here; each is at least 10 mm, and together they have the
drawn sum of diameters.  Their volume is what the model's tumour starts with; other lesions are not in it.
Assumed: spheres; log-normal sizes about each other (``target_sd_log``); spread is to one further organ.
"""

from __future__ import annotations

import numpy as np

from hepaxis.patient.burden import sphere_ml
from hepaxis.patient.consistency import MAX_TARGETS_PER_ORGAN, MIN_TARGET_MM
from hepaxis.population.assumptions import assumed
from hepaxis.population.points import Array


def target_diameters(total: Array, count: Array, spread: Array, scores: Array) -> Array:
    """(n, k) diameters in mm, largest first, 0 where there is none.

    total (n,) sum of diameters in mm; count (n,) lesions; spread (n,) 1 where the disease left the liver;
    scores (n, k) normal.
    """
    most = np.minimum(np.minimum(count, MAX_TARGETS_PER_ORGAN * (1 + spread)), scores.shape[1])
    held = np.clip(np.floor(total / MIN_TARGET_MM), 1, most)
    there = np.arange(scores.shape[1]) < held[:, None]
    size = np.where(there, np.exp(assumed("target_sd_log") * scores), 0.0)
    share = size / size.sum(axis=1, keepdims=True)
    even = np.where(there, 1.0 / held[:, None], 0.0)
    least = np.where(there, share, 1.0).min(axis=1)
    room = 1.0 / held - least
    wanted = np.minimum(MIN_TARGET_MM / total, 1.0 / held)
    pulled = np.where(room > 0, np.clip((wanted - least) / np.where(room > 0, room, 1.0), 0.0, 1.0), 0.0)
    share = share + pulled[:, None] * (even - share)
    diameters: Array = -np.sort(-share * total[:, None], axis=1)
    return diameters


def target_volumes(diameters: Array) -> Array:
    """(n, k) mL of the targets as spheres."""
    volumes: Array = sphere_ml(1.0) * diameters**3
    return volumes
