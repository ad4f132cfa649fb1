"""Draws of what trials leave open, one for each draw of the mechanisms, carried through rest, course and endpoints.

Held: the posterior of the calibration (``trial.posterior``): entry of T cells, killing, growth, what acts under a drug
alone, hazards.  All of one draw move together, as the trial arms tie them.  It takes the place of the one factor on
infiltration that stands for it elsewhere (``Mechanisms.core``), so nothing is counted twice.
Assumed: the posterior is normal on the log at the optimum, as the calibration has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd

from hepaxis import axis
from hepaxis.population import Mechanisms, Twin, engine_model
from hepaxis.trial import Endpoints, Nuisance, assess
from hepaxis.trial.course import Course
from hepaxis.trial.parameters import hazards_as
from hepaxis.trial.posterior import Moved, posterior_draws

GROWTH = "doubling_time"
PER_PATIENT = ("response", "durable", "control_6m", "progression_first", "event_free", "severe_immune")


@dataclass(frozen=True)
class Calibrated:
    """One ``Moved`` for each draw; none: every value as it was fitted."""

    draws: tuple[Moved, ...] = ()

    @classmethod
    def drawn(cls, n: int, seed: int) -> Calibrated:
        """n draws of the posterior."""
        return cls(tuple(posterior_draws(n, seed)))

    def factors(self, *, growth_known: bool) -> pd.DataFrame | None:
        """Draws x model parameters to be multiplied before closing; growth that was measured stays as measured."""
        if not self.draws:
            return None
        names = axis.build().inputs["parameter"].to_dict()
        rows = []
        for moved in self.draws:
            row = {}
            for one, factor in moved.of("input"):
                if one.name == GROWTH:
                    row[names[one.target]] = 1.0 if growth_known else 1.0 / factor
                else:
                    row[names[one.target]] = factor
            row |= {one.target: factor for kind in ("model", "treated") for one, factor in moved.of(kind)}
            rows.append(row)
        return pd.DataFrame(rows).fillna(1.0)

    def mechanisms(self, drawn: Mechanisms) -> Mechanisms:
        """Mechanisms whose factor on infiltration is left to the calibration."""
        return replace(drawn, core=np.ones(len(drawn))) if self.draws else drawn

    def given(self, twin: Twin, components: Sequence[str]) -> Twin:
        """The twin with the sensitivity to a strategy's drugs moved, draw by draw."""
        factors: dict[str, np.ndarray] = {}
        for k, moved in enumerate(self.draws):
            for one, factor in moved.of("drug"):
                if set(one.components) & set(components):
                    factors.setdefault(one.target, np.ones(len(self.draws)))[k] *= factor
        if not factors:
            return twin
        parameters, defaults = twin.closed.parameters, engine_model().default_parameters
        moved_values = {
            name: (parameters[name].to_numpy(float) if name in parameters else defaults[name]) * values[twin.draw]
            for name, values in factors.items()
        }
        return replace_parameters(twin, parameters.assign(**moved_values))

    def assess(
        self,
        course: Course,
        nuisance: Nuisance,
        draw: np.ndarray,
        *,
        scan_interval_weeks: float,
        severe_immune_rate: float,
        immune_exponent: np.ndarray,
    ) -> Endpoints:
        """Endpoints of every virtual patient under the hazards of its draw (V,)."""
        settings = {"scan_interval_weeks": scan_interval_weeks, "severe_immune_rate": severe_immune_rate}
        if not self.draws:
            return assess(course, nuisance, immune_exponent=immune_exponent, **settings)
        parts, order = [], []
        for k in np.unique(draw):
            rows = np.flatnonzero(draw == k)
            own = Nuisance(nuisance.errors[rows], nuisance.frailty[rows])
            with hazards_as(self.draws[k].hazards()):
                parts.append(assess(course.take(rows), own, immune_exponent=immune_exponent[rows], **settings))
            order.append(rows)
        back = np.argsort(np.concatenate(order), kind="stable")
        joined = {name: np.concatenate([getattr(part, name) for part in parts])[back] for name in PER_PATIENT}
        shared = {field.name: getattr(parts[0], field.name) for field in fields(Endpoints) if field.name not in joined}
        return Endpoints(**joined, **shared)


def replace_parameters(twin: Twin, parameters: pd.DataFrame) -> Twin:
    """The twin with other parameters under treatment; its rest and states on the day of the sample stay."""
    made = replace(twin, closed=replace(twin.closed, parameters=parameters))
    if "sample_states" in vars(twin):
        vars(made)["sample_states"] = twin.sample_states
    return made


AS_FITTED = Calibrated()
