"""What differs between the patients of a batch: weight, day of progression, earlier drugs.

Held: one lane a virtual patient.  A protocol made with lanes has a column ``patient``; a row without one holds for all.
Not held: when a patient stops or pauses a drug, which follows from what was recorded (``trial.given_rows``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hepaxis.problems import InputError, error

if TYPE_CHECKING:
    from hepaxis.therapy.protocol import ExposureLike

Days = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Lanes:
    """n patients.

    weight_kg     (n,) or None: the one weight of the protocol
    progression   (n,) day of progression, NaN or inf where there is none yet: starts what waits for it
    exposures     what each took or takes; empty: nothing
    """

    n: int
    weight_kg: Days | None = None
    progression: Days | None = None
    exposures: Sequence[Sequence[ExposureLike]] = ()

    def __post_init__(self) -> None:
        found = []
        for name in ("weight_kg", "progression"):
            values = getattr(self, name)
            if values is not None and np.shape(values) != (self.n,):
                found.append(error("therapy.lanes", f"{name} of shape {np.shape(values)}", f"give {self.n} values"))
        if self.exposures and len(self.exposures) != self.n:
            found.append(error("therapy.lanes", f"exposures of {len(self.exposures)} patients", f"give {self.n}"))
        weight = self.weight_kg
        if weight is not None and not (np.isfinite(weight).all() and (np.asarray(weight) > 0).all()):
            found.append(error("therapy.lanes", "body weights that are not positive", "give every patient's weight"))
        if found:
            raise InputError(found)

    def start(self, trigger: str) -> Days:
        """(n,) day from which a component's days count, NaN where it never starts."""
        if trigger != "progression":
            return np.zeros(self.n)
        if self.progression is None:
            return np.full(self.n, np.nan)
        return np.where(np.isfinite(self.progression), self.progression, np.nan)
