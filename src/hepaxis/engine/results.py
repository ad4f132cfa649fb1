"""What a call gives back: labelled arrays with units, and an account of what failed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Trajectory:
    """Observed values over time, one row a patient.

    values    (n_patients, n_times, n_observed) float64; NaN from where a patient failed
    times     (n_times,) model time
    observed  (n_observed,) names
    units     name -> unit as the model gives it ("" = not given)
    failures  patient, time, reason: one row a failed patient
    steps     (n_patients,) integration steps taken
    """

    values: Floats
    times: Floats
    observed: tuple[str, ...]
    units: dict[str, str]
    failures: pd.DataFrame
    steps: NDArray[np.int64]

    def frame(self, patient: int) -> pd.DataFrame:
        """One patient's values, times x observed."""
        index = pd.Index(self.times, name="time")
        return pd.DataFrame(self.values[patient], index=index, columns=list(self.observed))

    def of(self, name: str) -> Floats:
        """(n_patients, n_times) values of one observed name."""
        return self.values[:, :, self.observed.index(name)]


@dataclass(frozen=True)
class SteadyState:
    """Rest points, one row a patient.

    values    (n_patients, n_states)
    states    (n_states,) names
    residual  (n_patients,) largest |dy/dt| / (|y| + floor) over the states solved for, per model time
    ok        (n_patients,) residual within tolerance
    reason    (n_patients,) "" or why not ok
    """

    values: Floats
    states: tuple[str, ...]
    residual: Floats
    ok: NDArray[np.bool_]
    reason: tuple[str, ...]


@dataclass(frozen=True)
class Sensitivity:
    """Exact derivatives of a trajectory.

    values       (n_patients, n_times, n_observed), as in Trajectory
    derivatives  (n_patients, n_times, n_observed, n_parameters): d value / d parameter
    """

    values: Floats
    derivatives: Floats
    times: Floats
    observed: tuple[str, ...]
    parameters: tuple[str, ...]
    failures: pd.DataFrame
