"""The course of a patient as a trial sees it: the model's trajectories on one grid of days."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np


@dataclass(frozen=True)
class Course:
    """Trajectories of n virtual patients on m days after the first dose (day 0 first).

    days (m,); volume (n, m) mL; gained_killing (n, m) 1/day above that at rest; vegf (n, m) occupancy 0-1;
    liver_function (n, m) relative to Child-Pugh A5; barrier (n, m) relative; net_growth (n,) 1/day at rest;
    diameter_sum (n,) mm at baseline; spread (n, m) sum of the lesions' diameters against one sphere of the whole volume
    (None: one lesion); lesion_mm (n, m, k) diameters of the lesions, 0 where there is none (None: not known, and the
    sum is parted); albi (n, m) ALBI score (None: read from liver_function).
    """

    days: np.ndarray
    volume: np.ndarray
    gained_killing: np.ndarray
    vegf: np.ndarray
    liver_function: np.ndarray
    barrier: np.ndarray
    net_growth: np.ndarray
    diameter_sum: np.ndarray
    spread: np.ndarray | None = None
    lesion_mm: np.ndarray | None = None
    albi: np.ndarray | None = None

    def take(self, rows: np.ndarray) -> Course:
        """Some of the patients (positions)."""
        every = {field.name: getattr(self, field.name) for field in fields(self)}
        return Course(**{
            name: value if value is None or name == "days" else value[rows] for name, value in every.items()
        })  # fmt: skip

    @property
    def diameters(self) -> np.ndarray:
        """Sum of the lesions' diameters (n, m) relative to day 0."""
        return self.relative(self.volume, self.spread)

    def relative(self, volume: np.ndarray, spread: np.ndarray | None) -> np.ndarray:
        """Sum of diameters relative to day 0 of volumes (n, k) and spreads (n, k)."""
        sizes: np.ndarray = np.cbrt(volume / self.volume[:, :1])
        if spread is None or self.spread is None:
            return sizes
        return sizes * (spread / self.spread[:, :1])


def at_days(values: np.ndarray, days: np.ndarray, when: np.ndarray) -> np.ndarray:
    """Linear interpolation along the second axis at common days ``when`` (k,); (n, m) -> (n, k)."""
    right = np.clip(np.searchsorted(days, when), 1, len(days) - 1)
    left = right - 1
    share = np.clip((when - days[left]) / (days[right] - days[left]), 0.0, 1.0)
    return values[:, left] * (1 - share) + values[:, right] * share


def at_visits(values: np.ndarray, days: np.ndarray, when: np.ndarray) -> np.ndarray:
    """Linear interpolation at days ``when`` (n, s) of each patient's own; (n, m, ...) -> (n, s, ...)."""
    right = np.clip(np.searchsorted(days, when), 1, len(days) - 1)
    left = right - 1
    share = np.clip((when - days[left]) / (days[right] - days[left]), 0.0, 1.0)
    share = share.reshape(share.shape + (1,) * (values.ndim - 2))
    row = np.arange(len(values))[:, None]
    found: np.ndarray = values[row, left] * (1 - share) + values[row, right] * share
    return found
