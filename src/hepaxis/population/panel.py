"""A fixed panel of hosts on which every published experiment is set up, and what is read from it.

Held: what both arms share makes the person (references and growth solved with it on the reference community); what one
arm changes is a counterfactual of that person.  All have one tumour, as mice do.  Readouts across people have a
simulated cohort instead (``cohort``).
"""

from __future__ import annotations

import csv
from dataclasses import replace
from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd

from hepaxis import axis
from hepaxis.population import cohort
from hepaxis.population.arms import (
    SCALES,
    SPECIES_TOKENS,
    Token,
    course_of,
    levels_at,
    resting,
    tokens,
    with_inputs,
    work_out,
)
from hepaxis.population.closure import Closed, close, engine_model, kept_growth, references
from hepaxis.population.dosing import engine_protocol
from hepaxis.population.guts import Guts, reference_gut
from hepaxis.population.mechanisms import claimed_mechanisms, prior_mean_mechanisms
from hepaxis.population.tau import solved_tau
from hepaxis.population.twin import MAX_STEPS, TOLERANCE, Twin, build_twin
from hepaxis.profile.guilds import GUILDS
from hepaxis.profile.reference import reference as guild_reference

FAMILY = "metaphlan4"  # reference community for which tau was solved (tau.json)


class Panel:
    """A fixed panel of hosts on the reference community, with the gates at their prior means times a factor.

    gates         factor by gate, "*" for all
    species       of ``SCALES``: whose scale the gates have, and whose bile acids
    human_scale   gates at the scale of people whatever the species
    People and arms are kept, so that experiments that share one do not repeat it.
    """

    def __init__(
        self,
        hosts: int,
        seed: int,
        gates: dict[str, float] | None = None,
        species: str = "human",
        human_scale: bool = False,
    ):
        reference = guild_reference(FAMILY)
        self._gut = reference_gut(reference)
        self._species = SPECIES_TOKENS[species]
        people = human_scale or SCALES[species] == SCALES["human"]
        mechanisms = prior_mean_mechanisms(solved_tau()) if people else claimed_mechanisms()
        inputs = mechanisms.inputs.copy()
        for gate in axis.build().gates.index:
            factors = gates or {}
            inputs[f"gate.{gate}"] *= factors.get(gate, factors.get("*", 1.0))
        self._mechanisms, self._reference, self._seed = replace(mechanisms, inputs=inputs), reference, seed
        self.twin: Twin = build_twin(
            None, self._gut, self._mechanisms, reference, hosts=hosts, seed=seed, one_lesion=True
        )
        self._cohorts: dict[tuple[object, ...], cohort.People] = {}
        self._courses: dict[tuple[object, ...], tuple[Closed, np.ndarray]] = {}
        self._people: dict[tuple[tuple[str, str], ...], Closed] = {}
        self._rested: dict[tuple[object, ...], Closed] = {}
        self._runs: dict[tuple[object, ...], tuple[Closed, np.ndarray]] = {}

    def read(self, community: str, both: str, own: str, day: float, variable: str) -> np.ndarray:
        """(hosts,) the variable on the day; NaN for a host who did not rest or could not be simulated."""
        shared = tokens(f"community={community} {self._species} {both}")
        arm = tokens(f"community={community} {self._species} {both} {own}")
        key = (tuple(shared.values()), tuple(arm.values()), day)
        if key not in self._runs:
            self._runs[key] = self._run(shared, arm, day)
        closed, states = self._runs[key]
        found = work_out(variable, states, closed.parameters)
        return np.where(closed.ok, found, np.nan)

    def _run(self, shared: dict[str, Token], arm: dict[str, Token], day: float) -> tuple[Closed, np.ndarray]:
        return treated(self._rest(resting(shared), resting(arm), arm["community"].value), arm, day)

    def correlation(self, both: str, variables: str) -> tuple[float, float, float]:
        """Rank correlation over people at rest of "a ~ b", with its 10-90% interval."""
        people = self._cohort(both, cohort.PEOPLE, cohort.PEOPLE, crossed=False)
        closed = people.closed.take(np.flatnonzero(people.closed.ok))
        one, other = (work_out(text, closed.states, closed.parameters) for text in variables.split("~"))
        return cohort.rank_correlation(one, other)

    def responder_odds(self, both: str, drug: str, day: float, variable: str) -> tuple[float, float, float]:
        """Odds that who responds to the drug by the day had more of the variable before it, with 10-90% over guts."""
        people = self._cohort(both, cohort.HOSTS, cohort.GUTS, crossed=True)
        key = (both, drug, day)
        if key not in self._courses:
            self._courses[key] = treated(people.closed, tokens(f"{both} {drug}"), day)
        after, states = self._courses[key]
        rows = np.flatnonzero(after.ok)
        closed = people.closed.take(rows)
        if len(rows) == 0:
            return float("nan"), float("nan"), float("nan")
        weight = cohort.responder_weight(cohort.volume(closed.states), cohort.volume(states[rows]))
        values = work_out(variable, closed.states, closed.parameters)
        odds = cohort.responder_odds(values, weight, people.host[rows])
        return odds, *cohort.odds_interval(values, weight, people, rows, self._seed)

    def _cohort(self, both: str, hosts: int, guts: int, *, crossed: bool) -> cohort.People:
        shared = resting(tokens(f"{self._species} {both}"))
        key = (tuple(sorted(shared.items())), crossed)
        if key not in self._cohorts:
            self._cohorts[key] = cohort.draw_people(
                self._reference,
                self._mechanisms,
                shared,
                hosts=hosts,
                guts=guts,
                crossed=crossed,
                seed=self._seed,
            )
        return self._cohorts[key]

    def _rest(self, shared: dict[str, float], own: dict[str, float], community: str) -> Closed:
        person_key = tuple(sorted(shared.items()))
        if person_key not in self._people:
            self._people[person_key] = self._person(shared)  # type: ignore[index]
        person = self._people[person_key]  # type: ignore[index]
        key = (person_key, tuple(sorted(own.items())), community)
        if key not in self._rested:
            parameters = with_inputs(person.parameters, own)
            guts = _spread(community_gut(self._gut, community), len(parameters))
            self._rested[key] = close(parameters, guts, growth=kept_growth(person), near=person.states)
        return self._rested[key]

    def _person(self, shared: dict[str, float]) -> Closed:
        """The hosts with what both arms share: references and growth solved on the reference community."""
        if not shared:
            return self.twin.closed
        parameters = with_inputs(self.twin.closed.parameters, shared)
        own = references(parameters, self._gut)
        parameters = parameters.assign(**{str(name): own[name].to_numpy() for name in own})
        return close(parameters, _spread(self._gut, len(parameters)))


def treated(closed: Closed, arm: dict[str, Token], day: float) -> tuple[Closed, np.ndarray]:
    """(people with what the arm sets by the day, their states then).  Who cannot be simulated is not ok."""
    model = engine_model()
    protocol, parameters = course_of(arm, day, closed.parameters)
    rested = replace(closed, parameters=closed.parameters.assign(**parameters))
    initial = pd.DataFrame(closed.states, columns=list(model.states))
    run = model.simulate(
        engine_protocol(protocol, 0.0)[0],
        rested.parameters,
        [day],
        list(model.states),
        initial,
        rtol=TOLERANCE,
        max_steps=MAX_STEPS,
    )
    ok = rested.ok.copy()
    ok[run.failures["patient"].to_numpy(int)] = False
    now = rested.parameters.assign(**levels_at(protocol, day))
    return replace(rested, parameters=now, ok=ok), np.nan_to_num(run.values[:, 0])


def community_gut(gut: Guts, community: str) -> Guts:
    """The reference gut with another community; an empty niche stays open.  KeyError for an unknown one."""
    shares = gut.shares.copy()
    name, _, guild = community.partition(":")
    if name == "germ_free":
        shares[:] = 0.0
    elif name == "mono":
        shares[:] = 0.0
        shares[:, GUILDS.index(guild)] = 1.0
    elif name == "without":
        shares[:, GUILDS.index(guild)] = 0.0
    elif name != "reference":
        shares *= [community_factors()[name][one] for one in GUILDS]
    if name not in ("germ_free", "without"):
        shares /= shares.sum(axis=1, keepdims=True)
    return replace(gut, shares=shares)


@cache
def community_factors() -> dict[str, dict[str, float]]:
    """Community -> guild -> factor on the reference community's share."""
    text = files("hepaxis.population").joinpath("experiment_communities.csv").read_text(encoding="utf-8")
    found: dict[str, dict[str, float]] = {}
    for row in csv.DictReader(text.splitlines()):
        found.setdefault(row["community"], {})[row["guild"]] = float(row["factor"])
    return found


def _spread(guts: Guts, count: int) -> Guts:
    zero = np.zeros(count, int)
    inputs = guts.inputs.iloc[zero].reset_index(drop=True)
    return Guts(guts.shares[zero], guts.absent[zero], guts.open[zero], inputs, guts.source)
