"""A protocol as events of the SBML model, so that any simulator gives the same doses at the same times.

Rows of one time become one event.  Its assignments all read the values before it, as SBML has it; rows that follow one
another on one target are therefore worked into one expression.  Times, amounts and factors carry their units, so that
libSBML's unit check stays complete.  SBML time begins at 0: a course that starts before day 0 is moved, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import libsbml
import numpy as np
import pandas as pd

from hepaxis.problems import InputError, Problem, error

COLUMNS = ("time", "target", "action", "amount")
ACTIONS = ("add", "set", "multiply")


@dataclass(frozen=True)
class Change:
    """What becomes of one target at one time: ``factor`` x + ``shift``."""

    factor: float
    shift: float

    def then(self, action: str, amount: float) -> Change:
        if action == "add":
            return Change(self.factor, self.shift + amount)
        if action == "multiply":
            return Change(self.factor * amount, self.shift * amount)
        return Change(0.0, amount)

    def of(self, value: float) -> float:
        return self.factor * value + self.shift


def changes(protocol: pd.DataFrame) -> dict[float, dict[str, Change]]:
    """Time -> target -> what becomes of it, rows of one time carried out in their order."""
    found: dict[float, dict[str, Change]] = {}
    ordered = protocol.sort_values("time", kind="stable")
    for time, target, action, amount in ordered[list(COLUMNS)].itertuples(index=False):
        at = found.setdefault(float(time), {})
        at[str(target)] = at.get(str(target), Change(1.0, 0.0)).then(str(action), float(amount))
    return found


def sbml_with_protocol(
    sbml: str,
    protocol: pd.DataFrame | None = None,
    parameters: Mapping[str, float] | None = None,
    initial: Mapping[str, float] | None = None,
    *,
    start: float = 0.0,
    name: str = "",
) -> str:
    """SBML L3V2 with one patient's values and a protocol (time, target, action, amount) as events.

    ``start`` is the day at which ``initial`` holds; it becomes SBML time 0, and events stand at time - start.
    Raises InputError with every row or name that the model cannot take.
    """
    document = libsbml.readSBMLFromString(sbml)
    model = document.getModel()
    rows = pd.DataFrame(columns=list(COLUMNS)) if protocol is None else protocol
    problems = _faults(model, rows, {**(parameters or {}), **(initial or {})}, start)
    if problems:
        raise InputError(problems)
    for id, value in {**(parameters or {}), **(initial or {})}.items():
        model.getParameter(id).setValue(float(value))
    if name:
        model.setName(name)
    for number, (time, at) in enumerate(changes(rows).items(), start=1):
        _event(model, f"protocol_{number}", time - start, at)
    if start:
        model.setNotes(
            f'<body xmlns="http://www.w3.org/1999/xhtml"><p>Time 0 is day {start:g} of the protocol.</p></body>'
        )
    return str(libsbml.writeSBMLToString(document))


def _event(model: libsbml.Model, id: str, time: float, at: Mapping[str, Change]) -> None:
    event = model.createEvent()
    event.setId(id)
    event.setUseValuesFromTriggerTime(True)
    trigger = event.createTrigger()
    trigger.setInitialValue(False)
    trigger.setPersistent(True)
    trigger.setMath(_compared(time, model.getTimeUnits()))
    for target, change in at.items():
        parameter = model.getParameter(target)
        parameter.setConstant(False)
        assignment = event.createEventAssignment()
        assignment.setVariable(target)
        assignment.setMath(_expression(target, change, parameter.getUnits()))


def _expression(target: str, change: Change, unit: str) -> libsbml.ASTNode:
    shift = _number(change.shift, unit)
    if change.factor == 0:
        return shift
    scaled = _named(target)
    if change.factor != 1:
        scaled = _joined(libsbml.AST_TIMES, _number(change.factor, "dimensionless"), scaled)
    return scaled if change.shift == 0 else _joined(libsbml.AST_PLUS, scaled, shift)


def _compared(time: float, unit: str) -> libsbml.ASTNode:
    now = libsbml.ASTNode(libsbml.AST_NAME_TIME)
    now.setName("time")
    return _joined(libsbml.AST_RELATIONAL_GEQ, now, _number(time, unit))


def _joined(kind: int, left: libsbml.ASTNode, right: libsbml.ASTNode) -> libsbml.ASTNode:
    node = libsbml.ASTNode(kind)
    node.addChild(left)
    node.addChild(right)
    return node


def _named(name: str) -> libsbml.ASTNode:
    node = libsbml.ASTNode(libsbml.AST_NAME)
    node.setName(name)
    return node


def _number(value: float, unit: str) -> libsbml.ASTNode:
    node = libsbml.ASTNode(libsbml.AST_REAL)
    node.setValue(float(value))
    if unit:
        node.setUnits(unit)
    return node


def _faults(model: libsbml.Model, rows: pd.DataFrame, values: Mapping[str, float], start: float) -> list[Problem]:
    problems: list[Problem] = []

    def wrong(what: str, hint: str, row: int | None = None, column: str = "") -> None:
        problems.append(error("exchange.protocol", what, hint, row=row, column=column))

    missing = [column for column in COLUMNS if column not in rows.columns]
    if missing:
        wrong(f"no column {', '.join(missing)}", f"needed are {', '.join(COLUMNS)}")
        return problems
    states = {rule.getVariable() for rule in model.getListOfRules() if rule.isRate()}
    ruled = {rule.getVariable() for rule in model.getListOfRules() if rule.isAssignment()}

    def known(id: str, row: int | None = None) -> bool:
        if model.getParameter(id) is None or id in ruled:
            wrong(f"'{id}' is no state or constant of the model", "name a state or parameter", row, "target")
            return False
        return True

    for id, value in values.items():
        if known(id) and not np.isfinite(value):
            wrong(f"{id} is {value}", "give a number")
    for number, cells in enumerate(rows[list(COLUMNS)].to_dict("records"), start=1):
        target, action = str(cells["target"]), str(cells["action"])
        time, amount = float(cells["time"]), float(cells["amount"])
        if not np.isfinite(time) or time < start:
            wrong(f"time {time}", f"give a day from {start:g} on", number, "time")
        if not np.isfinite(amount):
            wrong(f"amount {amount}", "give a number", number, "amount")
        if action not in ACTIONS:
            wrong(f"action '{action}'", f"one of {', '.join(ACTIONS)}", number, "action")
        elif known(target, number) and action != "set" and target not in states:
            wrong(f"'{action}' on the parameter {target}", "use set", number, "action")
    return problems
