"""CD8 T cells in a biopsy on a given day.

Held: the model's density at that day, misread by what one core shows of a whole tumour; several cores are averaged.
The error is log-normal and independent of the tumour's size; where the biopsy is taken is not held.
"""

from __future__ import annotations

import numpy as np

from hepaxis.trial.course import at_days
from hepaxis.trial.parameters import hazard


def core_error() -> float:
    """Sd of the log density of one core about the tumour's."""
    return hazard("biopsy_sd") * hazard("biopsy_between_sd")


def biopsy_cd8(days: np.ndarray, cd8: np.ndarray, day: float, normal: np.ndarray) -> np.ndarray:
    """Density (n,) read on ``day`` from the course cd8 (n, m) over days (m,); normal (n, cores) standard normal.

    The mean over patients is that of the tumours.  Raises ValueError for a day outside the course or no core.
    """
    if not days[0] <= day <= days[-1]:
        raise ValueError(f"the course runs from day {days[0]:g} to {days[-1]:g}; a biopsy on day {day:g} is outside")
    if normal.ndim != 2 or normal.shape[0] != len(cd8) or normal.shape[1] < 1:
        raise ValueError(f"random numbers {normal.shape} do not fit {len(cd8)} patients and at least one core")
    true = at_days(cd8, days, np.array([day]))[:, 0]
    cores = np.exp(core_error() * normal - 0.5 * core_error() ** 2)
    read: np.ndarray = true * cores.mean(1)
    return read
