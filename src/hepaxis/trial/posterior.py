"""What was calibrated to trial arms: where each value sits, and how far the trials leave it open.

Held: ``calibrated.csv`` (what may move, with the sd of its prior on the log) and ``calibration.json`` (the fit: factors
on the values of the tables of that day, their covariance, the rows fitted, the command).  The tables hold the centre;
a draw moves all of them together.  The posterior is normal on the log, by Gauss-Newton at the optimum: local, and not
checked by a sampler.  Gates are never among them: trial arms hold no stool data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from scipy import stats
from scipy.stats import qmc

from hepaxis.population import Population, Twin, engine_model
from hepaxis.trial.parameters import hazard_table, rows

FILE = "calibration.json"
SMALLEST = 1e-9  # chance at which a quantile is cut
SHARES = ("vegf_factor",)  # a factor at full block: it cannot exceed 1


@dataclass(frozen=True)
class Free:
    """One calibrated value.

    kind: ``input`` (what a population draws), ``model`` (a parameter), ``treated`` (a parameter that does nothing at
    rest, only under drugs of ``slots``), ``drug`` (sensitivity of who gets ``components``) or ``hazard``; target: its
    name there; prior: its centre before any trial was fitted, in the units of its table; prior_sd: of its log.
    """

    name: str
    kind: str
    target: str
    components: tuple[str, ...]
    slots: tuple[str, ...]
    prior: float
    prior_sd: float


@lru_cache(maxsize=1)
def free_values() -> tuple[Free, ...]:
    """Rows of ``calibrated.csv`` in order."""
    return tuple(
        Free(
            row["name"],
            row["kind"],
            row["target"],
            tuple(row["components"].split()),
            tuple(row["slots"].split()),
            float(row["prior"]),
            float(row["prior_sd_log"]),
        )
        for row in rows("calibrated.csv")
    )


@dataclass(frozen=True)
class Moved:
    """Factors on calibrated values by name (``calibrated.csv``); what is not named stays.

    Raises KeyError for a name that is not calibrated.
    """

    factors: Mapping[str, float]

    def __post_init__(self) -> None:
        unknown = set(self.factors) - {one.name for one in free_values()}
        if unknown:
            raise KeyError(f"not calibrated: {', '.join(sorted(unknown))}")

    def of(self, kind: str) -> list[tuple[Free, float]]:
        """Calibrated values of one kind that are moved, each with its factor."""
        return [(one, self.factors[one.name]) for one in free_values() if one.kind == kind and one.name in self.factors]

    def people(self, population: Population) -> Population:
        """The population with what it draws moved."""
        inputs = population.inputs
        for one, factor in self.of("input"):
            up = 1.0 / factor if one.name == "doubling_time" else factor
            inputs = inputs.assign(**{one.target: inputs[one.target] * up})
        return replace(population, inputs=inputs)

    def values(self, defaults: Mapping[str, float]) -> dict[str, float]:
        """Model parameters moved from their defaults."""
        return {one.target: defaults[one.target] * factor for one, factor in self.of("model")}

    def given(self, twin: Twin, components: Sequence[str]) -> Twin:
        """The twin with what acts under an arm's drugs alone moved; at rest nothing changes."""
        defaults = engine_model().default_parameters
        treated = {one.target: defaults[one.target] * factor for one, factor in self.of("treated")}
        parameters = twin.closed.parameters.assign(**treated)
        for one, factor in self.of("drug"):
            if set(one.components) & set(components):
                parameters = parameters.assign(**{one.target: parameters[one.target] * factor})
        return replace(twin, closed=replace(twin.closed, parameters=parameters))

    def hazards(self) -> dict[str, float]:
        """Hazards moved, for ``parameters.hazards_as``."""
        found = {one.target: float(hazard_table()[one.target]["value"]) * f for one, f in self.of("hazard")}
        return {name: min(value, 1.0) if name in SHARES else value for name, value in found.items()}


UNMOVED = Moved({})


@lru_cache(maxsize=1)
def calibration() -> dict[str, Any]:
    """The record of the last calibration (``tools/calibrate.py``)."""
    record: dict[str, Any] = json.loads(files("hepaxis.trial").joinpath(FILE).read_text(encoding="utf-8"))
    return record


def posterior_draws(n: int, seed: int) -> list[Moved]:
    """n draws of the calibrated values around those of the tables: Sobol points, each beside its mirror image.

    Any two draws 2k and 2k + 1 have the tables' values as their (geometric) mean, so that a mean over few draws does
    not wander off with them.
    """
    record = calibration()
    names = [row["name"] for row in record["values"]]
    pairs = -(-n // 2)
    sobol = qmc.Sobol(len(names), rng=np.random.default_rng([seed, 41]))
    points = sobol.random_base2(max(pairs - 1, 1).bit_length())
    normal = stats.norm.ppf(np.clip(points[:pairs], SMALLEST, 1.0 - SMALLEST))
    steps = normal @ np.linalg.cholesky(np.array(record["covariance"])).T
    mirrored = np.stack([steps, -steps], axis=1).reshape(2 * pairs, len(names))[:n]
    return [Moved(dict(zip(names, np.exp(step).tolist(), strict=True))) for step in mirrored]
