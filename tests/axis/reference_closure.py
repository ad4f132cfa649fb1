"""A small evaluator and closure of the axis model, for its tests only.

Reads the SBML (not the project's own text), so that what is tested is what is shipped.  Scalar Python, scipy for time
courses.  The production closure lives in ``population``; this one follows the same ``closure`` table.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import libsbml
import numpy as np
from scipy.integrate import solve_ivp

from hepaxis.axis import AxisModel

Values = dict[str, float]
Dose = tuple[float, str, float]  # day, state, amount added


class Evaluator:
    """Right-hand side and variables of an SBML model of rate and assignment rules."""

    def __init__(self, sbml: str):
        document = libsbml.readSBMLFromString(sbml)  # kept alive: the rules live in it
        model = document.getModel()
        rules = {rule.getVariable(): rule for rule in model.getListOfRules()}
        self.states = [name for name, rule in rules.items() if rule.isRate()]
        self.values = {p.getId(): p.getValue() for p in model.getListOfParameters()}
        self.parameters = {name: value for name, value in self.values.items() if name not in rules}
        self.assigned = {name: rule.getMath() for name, rule in rules.items() if rule.isAssignment()}
        self.index = {name: i for i, name in enumerate(self.states)}
        order: list[str] = []
        self._sort(order)
        self.order = order
        lines = [f" {name} = y[{i}]" for name, i in self.index.items()]
        lines += [f" {name} = {python(self.assigned[name])}" for name in order]
        rates = ", ".join(python(rules[name].getMath()) for name in self.states)
        source = "def rates(y, p):\n" + "\n".join(lines) + f"\n return [{rates}]\n"
        source += "def every(y, p):\n" + "\n".join(lines) + "\n return locals()\n"
        for name in sorted(self.parameters, key=len, reverse=True):
            source = source.replace(f"<{name}>", f"p['{name}']")
        for name in (*self.states, *order):
            source = source.replace(f"<{name}>", name)
        code = compile(source, "axis model", "exec")
        scope: dict[str, object] = {"exp": math.exp, "log": math.log}
        exec(code, scope)
        self._rates, self._every = scope["rates"], scope["every"]
        wide: dict[str, object] = {"exp": np.exp, "log": np.log}
        exec(code, wide)
        self._rates_wide = wide["rates"]  # the same equations over many columns at once, for slopes

    def _sort(self, order: list[str]) -> None:
        done: set[str] = set()

        def visit(name: str, path: tuple[str, ...]) -> None:
            if name in done or name not in self.assigned:
                return
            assert name not in path, f"algebraic loop {path} {name}"
            for needed in sorted(names(self.assigned[name])):
                visit(needed, (*path, name))
            done.add(name)
            order.append(name)

        for name in self.assigned:
            visit(name, ())

    def rates(self, y: np.ndarray, p: Values) -> np.ndarray:
        return np.array(self._rates(y.tolist(), p))

    def slopes(self, y: np.ndarray, p: Values) -> np.ndarray:
        """d rate_i / d state_j by central differences, all columns in one pass."""
        step = 1e-6 * np.maximum(np.abs(y), 1e-4)
        columns = np.concatenate([y[:, None] + np.diag(step), y[:, None] - np.diag(step)], axis=1)
        found = np.array([np.broadcast_to(row, columns.shape[1]) for row in self._rates_wide(list(columns), p)])
        n = len(y)
        return (found[:, :n] - found[:, n:]) / (2 * step)

    def every(self, y: np.ndarray, p: Values) -> Values:
        out = dict(self._every(y.tolist(), p))
        return {name: value for name, value in out.items() if name not in ("y", "p")}

    def rest(self, y: np.ndarray, p: Values, solve: tuple[str, ...], floor: float = 1e-6) -> tuple[np.ndarray, bool]:
        """Damped Newton on the listed states, kept positive; the others stay."""
        index = [self.index[name] for name in solve]
        y = y.copy()
        worst = [np.inf]
        for _ in range(80):
            f = self.rates(y, p)[index]
            worst.append(float(np.max(np.abs(f) / (np.abs(y[index]) + floor))))
            if worst[-1] < 1e-13 or (worst[-1] < 1e-10 and worst[-1] > 0.1 * worst[-2]):  # no better in doubles
                break
            jacobian = self.slopes(y, p)[np.ix_(index, index)]
            move = np.linalg.solve(jacobian, -f)
            y[index] = np.maximum(np.maximum(y[index] + move, 0.1 * y[index]), 1e-16)
        f = self.rates(y, p)[index]
        return y, bool(np.max(np.abs(f) - 1e-8 * (np.abs(y[index]) + floor)) <= 0)

    def course(
        self,
        y: np.ndarray,
        p: Values,
        times: list[float],
        doses: Sequence[Dose] = (),
        rtol: float = 1e-7,
        hold: tuple[str, ...] = (),
    ) -> list[np.ndarray]:
        """States at ``times`` (first one the start); doses (time, state, amount) are added."""
        held = [self.index[name] for name in hold]

        def rate(_: float, z: np.ndarray) -> np.ndarray:
            f = self.rates(z, p)
            f[held] = 0.0
            return f

        def slope(_: float, z: np.ndarray) -> np.ndarray:
            j = self.slopes(z, p)
            j[held] = 0.0
            return j

        stops = sorted({times[0], times[-1], *(t for t, _, _ in doses if times[0] <= t <= times[-1])})
        y, out = y.copy(), {times[0]: y.copy()}
        for i, start in enumerate(stops):
            for when, name, amount in doses:
                if when == start:
                    y[self.index[name]] += amount
            if i + 1 < len(stops):
                end = stops[i + 1]
                wanted = sorted({t for t in times if start < t <= end} | {end})
                answer = solve_ivp(
                    rate, (start, end), y, method="LSODA", jac=slope, t_eval=wanted, rtol=rtol, atol=1e-10
                )
                assert answer.success, answer.message
                out.update({t: answer.y[:, k].copy() for k, t in enumerate(wanted) if t in times})
                y = answer.y[:, -1].copy()
        return [out[t] for t in times]


def python(node: libsbml.ASTNode) -> str:
    kind = node.getType()
    parts = [python(node.getChild(i)) for i in range(node.getNumChildren())]
    if kind == libsbml.AST_NAME:
        return f"<{node.getName()}>"
    if node.isNumber():
        return repr(node.getValue())
    if kind == libsbml.AST_PLUS:
        return f"({' + '.join(parts)})"
    if kind == libsbml.AST_TIMES:
        return f"({' * '.join(parts)})"
    if kind == libsbml.AST_MINUS:
        return f"(-{parts[0]})" if len(parts) == 1 else f"({parts[0]} - {parts[1]})"
    if kind == libsbml.AST_DIVIDE:
        return f"({parts[0]} / {parts[1]})"
    if kind in (libsbml.AST_POWER, libsbml.AST_FUNCTION_POWER):
        return f"({parts[0]} ** {parts[1]})"
    if kind == libsbml.AST_FUNCTION_ROOT and len(parts) == 1:
        return f"({parts[0]} ** 0.5)"
    if kind == libsbml.AST_FUNCTION_ROOT:
        return f"({parts[1]} ** (1 / {parts[0]}))"
    if kind == libsbml.AST_FUNCTION_EXP:
        return f"exp({parts[0]})"
    if kind == libsbml.AST_FUNCTION_LN:
        return f"log({parts[0]})"
    raise AssertionError(libsbml.formulaToL3String(node))


def names(node: libsbml.ASTNode) -> set[str]:
    found = {node.getName()} if node.getType() == libsbml.AST_NAME else set()
    for i in range(node.getNumChildren()):
        found |= names(node.getChild(i))
    return found


LOW = {
    "node": 1e-4,
    "blood": 1e-3,
    "tpex": 1e-4,
    "effectors": 1e-4,
    "exhausted": 1e-4,
    "treg": 0.3,
}
HIGH = {"node": 2.0, "blood": 200.0, "tpex": 3.0, "effectors": 3.0, "exhausted": 1.0, "treg": 0.3}


@dataclass
class Patient:
    """A closed patient: states, parameters, and whether every stage came to rest."""

    y: np.ndarray
    p: Values
    closed: bool
    u: np.ndarray = field(default_factory=lambda: np.zeros(0))


class Closure:
    """The stages of ``AxisModel.closure`` for one patient."""

    def __init__(self, model: AxisModel, sbml: str | None = None):
        self.model = model
        self.evaluator = Evaluator(sbml or model.sbml)
        e = self.evaluator
        self.y0 = np.array([e.values[name] for name in e.states])
        self.guilds = list(model.guilds.index)
        self.solve = {stage: row["solve_for"] for stage, row in model.closure.iterrows()}
        self.exposures = model.gates["exposure"].to_dict()
        self._reference: dict[tuple[tuple[str, float], ...], Values] = {}

    def niche(self, y: np.ndarray, p: Values, share: np.ndarray, open_niche: float, is_open: float) -> np.ndarray:
        e = self.evaluator
        here = share > 1e-6
        c = self.model.interaction.to_numpy()
        w = np.where(here, 1.0, open_niche / (open_niche + 0.05))
        u = np.zeros(len(share))
        niche = np.where(here, share, open_niche)
        for _ in range(200):
            matrix = (np.eye(len(share)) + c * w)[np.ix_(here, here)]
            u[here] = np.linalg.solve(matrix, np.ones(here.sum())) if here.any() else 0.0
            niche = np.where(here, share / np.where(here, u, 1.0), open_niche)
            new = 0.5 * w + 0.5 * niche / (niche + 0.05)
            if np.max(np.abs(new - w)) < 1e-14:
                break
            w = new
        for i, g in enumerate(self.guilds):
            p[f"niche_{g}"], p[f"weight_{g}"] = float(niche[i]), float(w[i])
            p[f"open_{g}"] = 1.0 if here[i] else is_open
            y[e.index[f"res_{g}"]], y[e.index[f"don_{g}"]] = u[i], 0.0
        return u

    def gut(self, p: Values, share: np.ndarray, open_niche: float = 0.01, is_open: float = 0.0) -> Patient:
        y, p = self.y0.copy(), dict(p)
        u = self.niche(y, p, share, open_niche, is_open)
        y, closed = self.evaluator.rest(y, p, self.solve["metabolites"])
        every = self.evaluator.every(y, p)
        p.update(oral_rest=every["oral_drive"], bile_rest=every["bile_free"], inflammation_rest=every["inflammation"])
        return Patient(y, p, closed and bool(np.all(u[share > 1e-6] > 0)), u)

    def host(self, patient: Patient, branch: str = "low") -> Patient:
        e, y, p = self.evaluator, patient.y.copy(), dict(patient.p)
        for name, value in (LOW if branch == "low" else HIGH).items():
            y[e.index[name]] = value
        y[e.index["loss_logit"]] = math.log(p["antigen_loss"] / (1 - p["antigen_loss"]))
        hold = tuple(name for name in e.states if name not in self.solve["host"])
        closed = True
        for part in (0.02, 0.1, 0.4, 1.0) if branch == "low" else (1.0,):
            y[e.index["tumour_volume"]] = p["volume_start"] * part
            y = e.course(y, p, [0.0, 600.0], rtol=1e-6, hold=hold)[-1]
        y[e.index["tumour_volume"]] = p["volume_start"]
        y, closed = e.rest(y, p, self.solve["host"])
        every = e.every(y, p)
        p.update(kill_rest=every["kill_sensitive"], promotion_rest=every["direct_promotion"])
        return Patient(y, p, closed and patient.closed, patient.u)

    def references(self, p: Values) -> Values:
        """x_ref of every gate: the reference community in the same host (residuals and carriage 1), tau 0."""
        plain = {k: (1.0 if k.startswith(("residual_", "carriage_")) else v) for k, v in p.items()} | {"tau": 0.0}
        key = tuple(sorted((k, v) for k, v in plain.items() if not k.startswith(("g_", "ref_"))))
        if key not in self._reference:
            share = self.model.guilds["reference_share"].to_numpy()
            closed = self.host(self.gut(plain, share))
            assert closed.closed
            every = self.evaluator.every(closed.y, closed.p)
            self._reference[key] = {f"ref_{gate}": every[x] for gate, x in self.exposures.items()}
        return self._reference[key]

    def close(
        self, share: np.ndarray | None = None, open_niche: float = 0.01, is_open: float = 0.0, **changes: float
    ) -> Patient:
        """All stages.  ``share``: guild shares of the reference biomass (default the reference community)."""
        p = self.evaluator.parameters | changes
        assert set(changes) <= set(self.evaluator.parameters), set(changes) - set(self.evaluator.parameters)
        share = self.model.guilds["reference_share"].to_numpy() if share is None else share
        p |= self.references(p)
        return self.host(self.gut(p, share, open_niche, is_open))
