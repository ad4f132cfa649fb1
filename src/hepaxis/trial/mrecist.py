"""mRECIST: the diameter that still takes up contrast, since anti-angiogenic drugs devascularise without shrinking.

Held: viable diameter = diameter x (1 - share devascularised), the share a property of the drug
(``devascularisation.csv``, derived from pairs of RECIST and mRECIST response in the same patients of ``fit`` arms) and
of the patient (log-normal about it), from the first scan on.  The response rules are those of RECIST on viable
diameters (10.1055/s-0030-1247132).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy.special import ndtri

from hepaxis.trial.parameters import criterion, hazard, rows

MOST = 0.95  # of a diameter; a lesion without any rim is read as gone by its size


@lru_cache(maxsize=1)
def devascularisation_table() -> dict[str, float]:
    """Share of the viable diameter lost, by drug."""
    return {row["drug"]: float(row["share"]) for row in rows("devascularisation.csv")}


def devascularised(drugs: Sequence[str], normal: np.ndarray) -> np.ndarray:
    """Share (n,) of the viable diameter lost under drugs together; normal (n,) the patient's own.

    Drugs without a row devascularise nothing.  Two drugs act on what the other leaves.
    """
    table = devascularisation_table()
    spread = hazard("devascularised_sd")
    own = np.exp(spread * normal - 0.5 * spread**2)
    left = np.ones(len(normal))
    for drug in drugs:
        left = left * (1.0 - np.minimum(table.get(drug, 0.0) * own, MOST))
    return 1.0 - left


def viable(mm: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Viable diameters of mm (n, ...) when share (n,) or (n, s) is devascularised."""
    made: np.ndarray = mm * (1.0 - share).reshape(share.shape + (1,) * (mm.ndim - share.ndim))
    return made


def share_from_pair(recist: float, mrecist: float, change_sd: float = 0.25) -> float:
    """Devascularised share that turns a RECIST response rate (0-1) into an mRECIST one in the same patients.

    change_sd: sd of the best relative change of the sum of diameters, taken as normal.
    """
    middle = criterion("partial_response") - 1.0 - ndtri(recist) * change_sd
    at = middle + ndtri(mrecist) * change_sd
    return float(1.0 - criterion("partial_response") / (1.0 + at))
