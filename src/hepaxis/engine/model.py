"""The face: load a model, integrate many patients, find their rest points.

model = load(sbml)
run = model.simulate(protocol, {"k_kill": draws}, times=np.arange(0, 731, 7), observe=["Vsen", "port_killing"])
run.values  # patients x times x observed
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from .batch import Settings
from .compiled import CompiledStepper
from .evaluate import Evaluation
from .faults import Fault, InputMismatch, nearest
from .graph import Node
from .kept import load_system
from .protocol import check_protocol, lay_out
from .reference import ReferenceStepper
from .results import Sensitivity, SteadyState, Trajectory
from .sensitivity import check_directions, direction_name, tangent_name, tangent_protocol, tangent_system
from .simulate import Observation, Run, Values, batch_rows, run_chunks, time_jumps
from .steady import RestTask, rest
from .system import System

Floats = NDArray[np.float64]

# Share of rtol that is the absolute tolerance where none is given, in the unit of each state.
ATOL_PER_RTOL = 1e-3
MAX_STEPS = 200_000


def load(sbml: str) -> Model:
    """A model from SBML text (Level 2 or 3).  Raises UnsupportedModel, which lists every refused element by id."""
    return Model(load_system(sbml))


@dataclass(frozen=True)
class Model:
    """A loaded model.  Immutable; safe to use from several threads."""

    system: System

    @property
    def states(self) -> tuple[str, ...]:
        """Integrated quantities, in the order of the last axis of state arrays."""
        return self.system.states

    @property
    def parameters(self) -> tuple[str, ...]:
        """Constants: what ``parameters=`` may override and a protocol may ``set``."""
        return self.system.parameters

    @property
    def observables(self) -> tuple[str, ...]:
        """Targets of assignment rules."""
        return self.system.observables

    @property
    def units(self) -> dict[str, str]:
        """Name -> unit as the model gives it ("" = not given)."""
        return self.system.units

    @property
    def species(self) -> dict[str, tuple[str, str]]:
        """Species -> ("amount" or "concentration": what its name stands for where observed, its compartment)."""
        return self.system.species

    @property
    def hash(self) -> str:
        """SHA-256 over the SBML text and the version of the front end."""
        return self.system.hash

    @cached_property
    def default_parameters(self) -> dict[str, float]:
        """Parameter -> value, initial assignments carried out."""
        _, p = batch_rows(self.system, None, None, 1)
        return dict(zip(self.parameters, p[0].tolist(), strict=True))

    @cached_property
    def default_initial(self) -> dict[str, float]:
        """State -> start value, initial assignments carried out."""
        y, _ = batch_rows(self.system, None, None, 1)
        return dict(zip(self.states, y[0].tolist(), strict=True))

    @cached_property
    def _reference(self) -> ReferenceStepper:
        return ReferenceStepper(self.system)

    @cached_property
    def _stepper(self) -> CompiledStepper:
        return CompiledStepper(self.system)

    def _nodes(self, names: Iterable[str]) -> list[Node]:
        nodes, faults = [], []
        known = (*self.states, *self.observables, *self.parameters, *self.system.symbols)
        for name in names:
            node = self.system.expression(name)
            if node is None:
                faults.append(Fault(f"unknown name '{name}'", "observe", nearest(name, known)))
            else:
                nodes.append(node)
        if faults:
            raise InputMismatch(faults)
        return nodes

    def simulate(
        self,
        protocol: pd.DataFrame | None = None,
        parameters: Values = None,
        times: ArrayLike = (),
        observe: Sequence[str] | None = None,
        initial: Values = None,
        *,
        rtol: float = 1e-5,
        atol: float | ArrayLike | None = None,
        start: float = 0.0,
        patients: int | None = None,
        max_steps: int = MAX_STEPS,
        threads: int | None = None,
        progress: Callable[[int, int], None] | None = None,
        cancel: Callable[[], bool] | None = None,
    ) -> Trajectory:
        """Integrate a batch of patients from ``start`` to the last of ``times``.

        protocol    rows time, target, action ("add" | "set" | "multiply"), amount, optional patient (see protocol.py)
        parameters  name -> number or (n_patients,) array, or a DataFrame with one row a patient
        times       (n_times,) not falling, none before ``start``; at an action or event: the value AFTER it
        observe     names of states, rules or parameters; default all states
        initial     as ``parameters``, for start values of states
        rtol, atol  relative tolerance; absolute tolerance, one or (n_states,); default 1e-3 rtol
        patients    batch size where no array gives it
        threads     default: all cores this process may use.  Results do not depend on it
        progress    called with (patients done, patients)
        cancel      polled while running; when it returns True the call raises Cancelled

        A patient that fails holds NaN from its failure on and is listed in ``failures``; the others are not touched.
        Raises InputMismatch, ProtocolError, Cancelled.
        """
        when = self._times(times, start)
        names = tuple(observe) if observe is not None else self.states
        nodes = self._nodes(names)
        y, p = batch_rows(self.system, parameters, initial, patients)
        run = self._run(protocol, when, nodes, (rtol, self._atol(atol, rtol)), start, p, max_steps)
        values, failures, steps, _ = run_chunks(run, y, p, threads=threads, progress=progress, cancel=cancel)
        return Trajectory(
            values=values,
            times=when,
            observed=names,
            units={name: self.units.get(name, "") for name in names},
            failures=pd.DataFrame(failures, columns=["patient", "time", "reason"]),
            steps=steps,
        )

    def sensitivities(
        self,
        wrt: Sequence[str],
        protocol: pd.DataFrame | None = None,
        parameters: Values = None,
        times: ArrayLike = (),
        observe: Sequence[str] | None = None,
        initial: Values = None,
        *,
        rtol: float = 1e-6,
        atol: float | None = None,
        start: float = 0.0,
        patients: int | None = None,
        threads: int | None = None,
    ) -> Sensitivity:
        """A trajectory and its exact derivatives by the parameters ``wrt`` (tangent equations, forward).

        The other arguments are those of ``simulate``.  Doses and their times are held fixed.  Models with events, and
        parameters that time is compared with, are refused.  Switches on states are differentiated on either side; the
        motion of the switch itself is not, so a right-hand side must be continuous there.
        Raises InputMismatch, ProtocolError, UnsupportedModel.
        """
        given = [str(name) for name in (parameters if parameters is not None else {})]
        check_directions(self.system, wrt, given)
        names = tuple(observe) if observe is not None else self.states
        nodes = self._nodes(names)
        y, p = batch_rows(self.system, parameters, initial, patients)
        check_protocol(protocol, self.system, len(p), start)
        if tuple(zip(names, nodes, strict=True)) not in self._tangents:
            observed = list(zip(names, nodes, strict=True))
            self._tangents[tuple(observed)] = Model(tangent_system(self.system, observed))
        tangent = self._tangents[tuple(zip(names, nodes, strict=True))]
        k, n = len(wrt), len(p)
        # Along ln p where p is not zero: the derivatives then have the size of the states, and their tolerances.
        size = np.stack([p[:, self.parameters.index(name)] for name in wrt], axis=1)
        size = np.where(size == 0, 1.0, np.abs(size))
        rows: dict[str, Floats] = {name: np.repeat(p[:, i], k) for i, name in enumerate(self.parameters)}
        rows |= {direction_name(name): np.zeros(n * k) for name in (*given, *wrt)}
        for column, name in enumerate(wrt):
            rows[direction_name(name)][column::k] = size[:, column]
        held = [str(name) for name in (initial if initial is not None else {})]
        states: dict[str, Floats] = {name: np.repeat(y[:, self.states.index(name)], k) for name in held}
        states |= {tangent_name(name): np.zeros(n * k) for name in list(states)}
        # A parameter computed by an initial assignment must stay so, for its derivative to follow.
        computed = {self.parameters[s.slot.index] for s in self.system.initials if s.slot.kind == "param"}
        for name in computed - set(given):
            del rows[name]
        run = tangent.simulate(
            tangent_protocol(protocol, self.system, k), rows, times, [*names, *(tangent_name(x) for x in names)],
            states, rtol=rtol, atol=atol, start=start, threads=threads,
        )  # fmt: skip
        both = run.values.reshape(n, k, len(run.times), 2, len(names))
        derivatives = np.moveaxis(both[:, :, :, 1], 1, 3) / size[:, None, None, :]
        failures = run.failures.assign(patient=run.failures["patient"] // max(k, 1)).drop_duplicates("patient")
        return Sensitivity(both[:, 0, :, 0], derivatives, run.times, names, tuple(wrt), failures.reset_index(drop=True))

    @cached_property
    def _tangents(self) -> dict[tuple[tuple[str, Node], ...], Model]:
        return {}

    def _run(
        self,
        protocol: pd.DataFrame | None,
        times: Floats,
        nodes: Sequence[Node],
        tolerance: tuple[float, Floats],
        start: float,
        p: Floats,
        max_steps: int = MAX_STEPS,
        frozen: Sequence[int] = (),
    ) -> Run:
        table = check_protocol(protocol, self.system, len(p), start)
        changing = {a.slot.index for e in self.system.events for a in e.assignments if a.slot.kind == "param"}
        changing |= {int(i) for k, i in zip(table["kind"], table["index"], strict=True) if k == 3}
        programs = lay_out(table, len(p), start, time_jumps(self.system, p, changing))
        observation = Observation.of(self.system.graph, nodes, changing)
        settings = Settings(
            end=float(times[-1]),
            times=times,
            rtol=tolerance[0],
            atol=tolerance[1],
            frozen=np.array(frozen, dtype=np.int64),
            record_states=observation.states,
            record_parameters=observation.parameters,
            max_steps=max_steps,
            programs=programs,
        )
        stop = np.zeros(1, dtype=np.int64)
        return Run(self.system, self._stepper, lambda: self._reference, settings, start, observation, stop)

    def _times(self, times: ArrayLike, start: float) -> Floats:
        when = np.atleast_1d(np.ascontiguousarray(times, dtype=float))
        faults = []
        if when.ndim != 1 or len(when) == 0:
            faults.append(Fault(f"times have shape {when.shape}", "times", "give at least one time"))
        elif not np.isfinite(when).all():
            faults.append(Fault("a time is not finite", "times"))
        else:
            if (np.diff(when) < 0).any():
                faults.append(Fault("times fall", "times", "sort them"))
            if when[0] < start:
                faults.append(Fault(f"time {when[0]:g} lies before the start {start:g}", "times"))
        if faults:
            raise InputMismatch(faults)
        return when

    def _atol(self, atol: float | ArrayLike | None, rtol: float) -> Floats:
        if not rtol > 0:
            raise InputMismatch([Fault(f"rtol is {rtol}", "tolerances", "it must be above zero")])
        given = np.asarray(ATOL_PER_RTOL * rtol if atol is None else atol, dtype=float)
        if given.shape not in ((), (len(self.states),)) or not (given > 0).all():
            raise InputMismatch([Fault("atol does not fit", "tolerances", "one or one a state, above zero")])
        return np.ascontiguousarray(np.broadcast_to(given, (len(self.states),)))

    def steady_state(
        self,
        parameters: Values = None,
        initial: Values = None,
        frozen: Sequence[str] = (),
        solve_for: Sequence[str] | None = None,
        *,
        horizon: float = 1000.0,
        tol: float = 1e-8,
        floor: float = 1e-6,
        keep: bool = False,
        patients: int | None = None,
        threads: int | None = None,
    ) -> SteadyState:
        """Rest points of a batch, on the branch reached from ``initial``.

        frozen      states held at their start value throughout
        solve_for   states that must be at rest and are polished by Newton's method with all others held;
                    default all that are not frozen
        horizon     model time integrated before the polish; up to three times repeated, each four times longer
        tol, floor  rest means |dy/dt| <= tol (|y| + floor), per model time
        keep        a start that rests already is taken as it is (for starts known to lie on their branch)

        Time-dependent models are taken at the time reached.  Events do not act.  Raises InputMismatch.
        """
        unknown = [n for n in (*frozen, *(solve_for or ())) if n not in self.states]
        if unknown:
            raise InputMismatch(
                [Fault(f"unknown state '{n}'", "steady_state", nearest(n, self.states)) for n in unknown]
            )
        held = [self.states.index(n) for n in frozen]
        wanted = [self.states.index(n) for n in solve_for] if solve_for is not None else range(len(self.states))
        solve = np.array([i for i in wanted if i not in held], dtype=np.int64)
        y, p = batch_rows(self.system, parameters, initial, patients)

        def integrate(start: Floats, rows: NDArray[np.int64], length: float) -> tuple[Floats, dict[int, str]]:
            times = np.array([length])
            quiet = Model(_without_events(self.system)) if self.system.events else self
            tolerance = (1e-6, self._atol(None, 1e-6))
            run = quiet._run(None, times, [], tolerance, 0.0, p[rows], frozen=held)
            _, failures, _, last = run_chunks(run, start, p[rows], threads=threads, progress=None)
            return last, {patient: f"{reason} at time {time:g}" for patient, time, reason in failures}

        rates, slopes, cells = self._reference.part(solve)

        def jacobian(states: Floats, rows: NDArray[np.int64]) -> Floats:
            flat = np.zeros((len(states), len(solve) ** 2))
            flat[:, cells] = slopes(states, p[rows])
            return flat.reshape(len(states), len(solve), len(solve))

        task = RestTask(
            integrate=integrate,
            rhs=lambda states, rows: rates(states, p[rows]),
            jacobian=jacobian,
            solve=solve,
            tolerance=tol,
            floor=floor,
        )
        values, residual, reasons = rest(task, y, horizon, keep=keep)
        ok = (residual <= tol) & ~np.isin(np.arange(len(y)), list(reasons))
        return SteadyState(values, self.states, residual, ok, tuple(reasons.get(i, "") for i in range(len(y))))

    def _rows(self, states: ArrayLike, parameters: Values) -> tuple[Floats, Floats]:
        y = np.atleast_2d(np.asarray(states, dtype=float))
        if y.shape[1] != len(self.states):
            raise InputMismatch(
                [Fault(f"states have {y.shape[1]} columns", "states", f"needed are {len(self.states)}")]
            )
        _, p = batch_rows(self.system, parameters, None, len(y))
        return y, p

    def observe(
        self, states: ArrayLike, parameters: Values = None, names: Sequence[str] | None = None, *, time: float = 0.0
    ) -> Floats:
        """Rules (default: all observables) at given states (n, n_states), no integration -> (n, n_names)."""
        y, p = self._rows(states, parameters)
        nodes = self._nodes(names if names is not None else self.observables)
        return Evaluation(self.system.graph, nodes)(y, p, time)

    def rhs(self, states: ArrayLike, parameters: Values = None, *, time: float = 0.0) -> Floats:
        """d states / d time at given states (n, n_states) -> (n, n_states)."""
        y, p = self._rows(states, parameters)
        return self._reference.rhs(y, p, time)

    def jacobian(self, states: ArrayLike, parameters: Values = None, *, time: float = 0.0) -> Floats:
        """d rhs_i / d state_j -> (n, n_states, n_states)."""
        y, p = self._rows(states, parameters)
        return self._reference.jacobian(y, p, time)


def _without_events(system: System) -> System:
    return replace(system, events=())
