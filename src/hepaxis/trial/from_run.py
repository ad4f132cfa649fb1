"""The trial's view of a run of the model.

Held: the course of each virtual patient; a failed one holds its first value so that the others are not touched, and is
left out by the caller.  Where the run was asked for ``LESIONS`` each lesion is read by itself, scaled so that they add
up to the recorded sum at day 0; where it was asked for ALBI, death and decompensation read it.
"""

from __future__ import annotations

import numpy as np

from hepaxis.population import Run, Twin
from hepaxis.trial.course import Course

LESIONS = tuple(f"lesion_diameter_{number}" for number in range(1, 6))
#: What a run must observe for a trial's patients, beside what every run does.
OBSERVE = (*LESIONS, "albi")


def course_of(run: Run, twin: Twin) -> Course:
    """Course of every virtual patient of a run (V, m)."""
    values = {name: _held(array) for name, array in run.values.items()}
    unslowed = values["growth_promoted"] * values["growth_slowing"]
    gained = unslowed - values["net_growth"] - values["kill_rest"]
    recorded = twin.hosts.diameter_sum[twin.host]
    return Course(
        days=run.days,
        volume=np.maximum(values["tumour_volume"], 1e-9),
        gained_killing=gained,
        vegf=np.clip(values["vegf_block"], 0.0, 1.0),
        liver_function=values["liver"],
        barrier=values["barrier"],
        net_growth=twin.closed.parameters["net_growth_start"].to_numpy(float),
        diameter_sum=recorded,
        spread=values["diameter_spread"],
        lesion_mm=_lesions(values, recorded),
        albi=values.get("albi"),
    )


def _lesions(values: dict[str, np.ndarray], recorded: np.ndarray) -> np.ndarray | None:
    """Diameters (V, m, k), or None where the run did not observe them all."""
    if not all(name in values for name in LESIONS):
        return None
    mm = np.stack([values[name] for name in LESIONS], axis=2)
    scale = recorded / np.maximum(mm[:, 0].sum(1), 1e-9)
    scaled: np.ndarray = mm * scale[:, None, None]
    return scaled


def _held(array: np.ndarray) -> np.ndarray:
    if np.isfinite(array).all():
        return array
    first = np.where(np.isfinite(array[:, :1]), array[:, :1], 1.0)
    return np.where(np.isfinite(array), array, first)
