"""What is measured: the 90-state surrogate (public data beside the project) and the project's own model.

Both run two years with a regimen of more than 60 dosing times; a virtual patient varies 40 constants log-normally.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import antimony
import libsbml
import numpy as np
import pandas as pd

from hepaxis import axis, engine

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
DAYS = 728.0
VISITS = np.arange(0.0, DAYS + 1, 7.0)
VARIED, SPREAD = 40, 0.25
OBSERVED = 18


@dataclass(frozen=True)
class Series:
    """Doses at start, start + every, ...: ``changes`` is (state, amount) pairs."""

    start: float
    every: float
    count: int
    changes: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Workload:
    name: str
    sbml: str
    regimen: tuple[Series, ...]

    def protocol(self) -> pd.DataFrame:
        rows = [
            (s.start + k * s.every, state, "add", amount)
            for s in self.regimen
            for k in range(s.count)
            for state, amount in s.changes
        ]
        table = pd.DataFrame(rows, columns=["time", "target", "action", "amount"])
        return table[table["time"] < DAYS].reset_index(drop=True)

    def with_events(self) -> str:
        """The model with the regimen as recurring SBML events, the natural way for other tools."""
        document = libsbml.readSBMLFromString(self.sbml)
        model = document.getModel()
        for number, series in enumerate(self.regimen):
            due, given = f"bench_due_{number}", f"bench_given_{number}"
            for name, value in ((due, series.start), (given, 0.0)):
                parameter = model.createParameter()
                parameter.setId(name)
                parameter.setConstant(False)
                parameter.setValue(value)
            event = model.createEvent()
            event.setId(f"bench_dose_{number}")
            event.setUseValuesFromTriggerTime(True)
            trigger = event.createTrigger()
            trigger.setMath(libsbml.parseL3Formula(f"time >= {due}"))
            trigger.setInitialValue(False)
            trigger.setPersistent(True)
            last = series.count - 1
            effects = [(state, f"{state} + {amount}") for state, amount in series.changes]
            effects += [(given, f"{given} + 1"), (due, f"piecewise({due} + {series.every}, {given} < {last}, 1e9)")]
            for variable, formula in effects:
                assignment = event.createEventAssignment()
                assignment.setVariable(variable)
                assignment.setMath(libsbml.parseL3Formula(formula))
        return str(libsbml.writeSBMLToString(document))


def surrogate() -> Workload | None:
    """None where the public data is absent."""
    path = SHARED / "data" / "engine_surrogate" / "surrogate.ant"
    if not path.exists():
        return None
    antimony.clearPreviousLoads()
    if antimony.loadAntimonyFile(str(path)) < 0:
        raise ValueError(antimony.getLastError())
    transplant = (("B1", 0.5), ("B2", 0.5), ("B3", 0.3), ("B5", 0.25))
    regimen = (
        Series(0.5, 21, 35, (("A1c", 390.0),)),
        Series(0.5, 21, 4, (("A2c", 140.0),)),
        Series(14.5, 14, 51, (("A3c", 260.0),)),
        Series(0.7, 14, 12, (("Chc", 2.5),)),
        Series(60.25, 0.5, 14, (("AbxG", 25.0),)),
        Series(90.1, 7, 3, transplant),
    )
    return Workload("surrogate", antimony.getSBMLString(antimony.getMainModuleName()), regimen)


def own_model() -> Workload:
    """Anti-PD-L1 every four weeks, anti-VEGF every three, one anti-CTLA-4, a week of an oral antibiotic."""
    regimen = (
        Series(0.5, 28, 26, (("pd1_central", 1500.0),)),
        Series(0.5, 21, 35, (("vegf_central", 1050.0),)),
        Series(0.5, 28, 1, (("ctla4_central", 300.0),)),
        Series(60.25, 0.5, 14, (("antibiotic_gut_luminal", 250.0),)),
    )
    return Workload("own_model", axis.build().sbml, regimen)


def patients(model: engine.Model, count: int, seed: int = 1) -> dict[str, np.ndarray]:
    """Draws of 40 constants; 0 and 1 are left alone (switches, exponents, totals)."""
    draw = np.random.default_rng(seed)
    names = sorted(name for name, value in model.default_parameters.items() if value > 0 and value != 1)
    picked = draw.permutation(names)[:VARIED]
    factors = np.exp(SPREAD * draw.standard_normal((VARIED, count)))
    return {str(n): model.default_parameters[str(n)] * f for n, f in zip(picked, factors, strict=True)}


def observed(model: engine.Model) -> list[str]:
    places = np.linspace(0, len(model.states) - 1, OBSERVED).astype(int)
    return [model.states[k] for k in places]
