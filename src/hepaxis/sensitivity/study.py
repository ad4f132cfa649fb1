"""The model as a function of the unit cube: draws of factors -> closed patients -> outputs.

Held: every draw is a person of its own, closed at rest with its own gut (niches, metabolites, immunity, growth).  The
references of its gates are those of the reference community in the same person at tau = 0; that rest is also the
person whom no gut moves.  Both are computed once for all draws that share host and parameters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hepaxis import axis
from hepaxis.population import Guts, Twin, close, engine_model, gut_from_prior, reference_gut
from hepaxis.population.closure import Closed, combine
from hepaxis.population.hosts import Hosts
from hepaxis.population.mechanisms import Mechanisms
from hepaxis.profile.reference import GuildReference, reference
from hepaxis.sensitivity.crew import ALONE, Crew
from hepaxis.sensitivity.factors import COMMUNITY, Factor, factors, parameter_values
from hepaxis.sensitivity.reading import GUT, output_table, read

FAMILY = "metaphlan4"
COMMUNITIES = 256  # guts of the generator that the factor "community" chooses from
CHUNK = 512  # people closed and simulated at once; bounds memory, results do not depend on it
STARTS = ("volume_start", "net_growth_start")  # the closure asks for them by name
OF_THE_GUT = ("gate", "gut", "tau")  # kinds of factor that neither the references nor a person without gates depend on


@dataclass(frozen=True)
class Study:
    """Factors and the communities they are drawn with; the face is ``evaluate``."""

    factors: tuple[Factor, ...]
    communities: Guts
    reference: GuildReference

    @classmethod
    def of(cls, seed: int, listed: tuple[Factor, ...] | None = None) -> Study:
        """All factors of the model, or those given (a factor that is left out stays at the model's value)."""
        known = reference(FAMILY)
        return cls(factors() if listed is None else listed, gut_from_prior(known, COMMUNITIES, seed), known)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(factor.name for factor in self.factors)

    def evaluate(self, cube: np.ndarray, *, chunk: int = CHUNK, crew: Crew = ALONE) -> np.ndarray:
        """Quantiles (n, factors) -> outputs (n, outputs) in the order of ``output_table``, NaN where a draw failed.

        A row's numbers depend on that row alone, but for rounding on ``chunk``, and not on the number of cores.
        """
        people = parameter_values(cube, self.factors)
        return self.values(people, self.guts_of(cube), output_table(), chunk=chunk, crew=crew)

    def values(
        self, parameters: pd.DataFrame, guts: Guts, table: pd.DataFrame, *, chunk: int = CHUNK, crew: Crew = ALONE
    ) -> np.ndarray:
        """People given by value: one row of parameters and one gut each -> (n, rows of ``table``)."""
        hosts, back = self._without_gut(parameters)
        of_gut = table["reading"].str.endswith(GUT).to_numpy()
        still = [
            Unmoved(hosts.iloc[rows], self.reference_guts(len(rows)), table[of_gut])
            for rows in _chunks(len(hosts), chunk)
        ]
        rests = crew.map(rest_of_unmoved, still)
        reference, near, unmoved = (np.concatenate(part)[back] for part in zip(*rests, strict=True))
        groups = [
            People(parameters.iloc[rows], take(guts, rows), reference[rows], near[rows], table)
            for rows in _chunks(len(parameters), chunk)
        ]
        values = np.concatenate(crew.map(outputs_of_people, groups))
        values[:, of_gut] -= unmoved
        return values

    def guts_of(self, cube: np.ndarray) -> Guts:
        """The community of each row; load and residuals are factors of their own and come with the parameters."""
        if COMMUNITY not in self.names:
            return self.reference_guts(len(cube))
        rows = np.floor(cube[:, self.names.index(COMMUNITY)] * len(self.communities)).astype(int)
        kept = [name for name in self.communities.inputs if not str(name).startswith(("residual.", "load"))]
        drawn = take(self.communities, rows)
        return Guts(drawn.shares, drawn.absent, drawn.open, drawn.inputs[kept], drawn.source)

    def reference_guts(self, count: int) -> Guts:
        return take(reference_gut(self.reference), np.zeros(count, int))

    def closed_people(self, parameters: pd.DataFrame, guts: Guts) -> Twin:
        """People given by value, each with the references of its own host."""
        hosts, back = self._without_gut(parameters)
        rest = unmoved_twin(hosts, self.reference_guts(len(hosts)))
        return person_twin(parameters, guts, _exposures(rest.closed)[back], rest.closed.states[back])

    def _without_gut(self, parameters: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
        """Distinct people once what belongs to the gut is left out, and where each row of ``parameters`` went."""
        left_out = {f.name for f in self.factors if f.kind in OF_THE_GUT}
        hosts = parameters.drop(columns=[name for name in parameters if name in left_out])
        if not len(hosts.columns):
            return hosts.iloc[:1], np.zeros(len(parameters), int)
        values = np.ascontiguousarray(hosts.to_numpy(float))
        keys = values.view(np.dtype((np.void, values.dtype.itemsize * values.shape[1]))).ravel()
        _, first, back = np.unique(keys, return_index=True, return_inverse=True)
        return hosts.iloc[first], back


@dataclass(frozen=True)
class Unmoved:
    """People without what belongs to the gut, the reference community for each, and what is read from them."""

    hosts: pd.DataFrame
    guts: Guts
    table: pd.DataFrame


@dataclass(frozen=True)
class People:
    """People with the gut of each, (n, gates) exposures that their gates refer to, and what is read from them.

    near (n, n_states) is the rest without a gut of their own: the same branch, and half the work of coming from afar.
    """

    parameters: pd.DataFrame
    guts: Guts
    reference: np.ndarray
    near: np.ndarray
    table: pd.DataFrame


def rest_of_unmoved(task: Unmoved) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """((n, gates) exposures, (n, n_states) rest, (n, rows of the table) readings)."""
    twin = unmoved_twin(task.hosts, task.guts)
    return _exposures(twin.closed), twin.closed.states, read(twin, task.table)


def outputs_of_people(task: People) -> np.ndarray:
    """(n, rows of the table)."""
    return read(person_twin(task.parameters, task.guts, task.reference, task.near), task.table)


def person_twin(parameters: pd.DataFrame, guts: Guts, reference: np.ndarray, near: np.ndarray) -> Twin:
    """People closed with their own guts; reference (n, gates) exposures, near (n, n_states) a rest to start from."""
    own = combine([guts.inputs])
    refs = {f"ref_{gate}": reference[:, k] for k, gate in enumerate(axis.build().gates.index)}
    frame = parameters.reset_index(drop=True).assign(**{str(n): own[n].to_numpy() for n in own}, **refs)
    return as_twin(close(_with_starts(frame), guts, near=near), guts)


def unmoved_twin(hosts: pd.DataFrame, guts: Guts) -> Twin:
    """The same people with the reference community at tau = 0: no gut moves their immunity or tumour."""
    own = combine([guts.inputs])
    frame = hosts.reset_index(drop=True).assign(tau=0.0, **{str(n): own[n].to_numpy() for n in own})
    return as_twin(close(_with_starts(frame), guts), guts)


def as_twin(closed: Closed, guts: Guts) -> Twin:
    """Closed people as a twin of as many hosts, for ``population.run_strategy``."""
    count = len(closed.ok)
    nothing = pd.DataFrame(index=range(count))
    return Twin(
        closed=closed,
        host=np.arange(count),
        draw=np.arange(count),
        hosts=Hosts(nothing, np.full(count, np.nan), np.ones(count), {}, ()),
        mechanisms=Mechanisms(nothing, np.ones(count)),
        guts=guts,
        references=nothing,
        exposures=(),
        start_day=0.0,
        sample_mismatch=float("nan"),
        carbohydrate=float(engine_model().default_parameters["diet_carbohydrate"]),
        notes=(),
    )


def _exposures(closed: Closed) -> np.ndarray:
    return engine_model().observe(closed.states, closed.parameters, list(axis.build().gates["exposure"]))


def _with_starts(parameters: pd.DataFrame) -> pd.DataFrame:
    defaults = engine_model().default_parameters
    return parameters.assign(**{name: defaults[name] for name in STARTS if name not in parameters})


def take(guts: Guts, rows: np.ndarray) -> Guts:
    """Rows of guts, repeats allowed."""
    inputs = guts.inputs.iloc[rows].reset_index(drop=True)
    return Guts(guts.shares[rows], guts.absent[rows], guts.open[rows], inputs, guts.source)


def _chunks(count: int, size: int) -> list[np.ndarray]:
    return [np.arange(start, min(start + size, count)) for start in range(0, count, size)]
