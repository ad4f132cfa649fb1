"""From a scenario to what a simulator needs: people at rest, their parameters, a protocol, times.

Held: the same closing as everywhere (``population.closure``): references of the gates with the reference community in
the same host, then the scenario's own community, then growth.  Gates stand at their prior means (the chance that a
claim transfers to people included) times the scenario's factors.  A profile's traits are taken at their median over
draws for a typical person, else draw by draw.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from hepaxis import axis, therapy
from hepaxis.exchange.scenario import Profile, Scenario
from hepaxis.metabolites import capacities
from hepaxis.population.arms import course_of, variable_names
from hepaxis.population.assumptions import liver_states
from hepaxis.population.closure import Closed, close, combine, engine_model, kept_growth, references, sizes_before
from hepaxis.population.diets import diets
from hepaxis.population.dosing import engine_protocol
from hepaxis.population.guts import Guts, gut_from_capacities, reference_gut
from hepaxis.population.hosts import draw_hosts, typical_host
from hepaxis.population.mechanisms import prior_mean_mechanisms
from hepaxis.population.panel import FAMILY, community_gut
from hepaxis.population.tau import solved_tau
from hepaxis.problems import InputError, Problem, error
from hepaxis.profile import read
from hepaxis.profile.reference import GuildReference
from hepaxis.profile.reference import reference as guild_reference

TYPICAL_DRAWS = 200  # draws over which a typical person's traits are the median


@dataclass(frozen=True)
class Setting:
    """V people ready to be simulated.

    closed      at rest before anything is given; ``closed.parameters`` with drugs' and held parameters
    protocol    time, target, action, amount: the same for all
    start       day at which the rest stands; times (m,) days from there to the end
    variables   names that ``observe`` needs
    notes       what was assumed
    """

    scenario: Scenario
    closed: Closed
    protocol: pd.DataFrame
    start: float
    times: np.ndarray
    variables: tuple[str, ...]
    notes: tuple[str, ...]

    def values(self, person: int) -> tuple[dict[str, float], dict[str, float]]:
        """(parameters that differ from the model's defaults, initial states) of one person."""
        parameters = self.closed.parameters.iloc[person]
        model = engine_model()
        own = {str(name): float(value) for name, value in parameters.items()}
        changed = {name: value for name, value in own.items() if value != model.default_parameters[name]}
        return changed, dict(zip(model.states, self.closed.states[person].tolist(), strict=True))


def prepare(scenario: Scenario) -> Setting:
    """People at rest and a protocol.  Raises InputError where ids, doses or the profile do not fit, or nobody rests."""
    rows, parameters = _given(scenario)
    times = [*(rows["time"] if len(rows) else ()), *(token.start for token in scenario.courses)]
    start = min([0.0, *times])
    gut, reference, notes = _gut(scenario)
    closed = _closed(scenario, gut, reference, start)
    if not closed.ok.any():
        reasons = sorted(set(closed.reason))
        hint = "take host values nearer to those of a living person"
        raise InputError([error("scenario.rest", f"nobody comes to rest: {', '.join(reasons)}", hint)])
    held, more = course_of(
        {str(k): token for k, token in enumerate(scenario.courses)}, scenario.days, closed.parameters
    )
    parts = [part[["time", "lever", "action", "amount"]] for part in (rows, held) if len(part)]
    table = pd.concat(parts).sort_values("time", kind="stable", ignore_index=True) if parts else held
    protocol, _ = engine_protocol(table, start)
    values = {**parameters, **more, **scenario.parameters}
    closed = replace(closed, parameters=closed.parameters.assign(**values))
    steps = np.arange(np.ceil(start / scenario.every), np.ceil(scenario.days / scenario.every)) * scenario.every
    names = [name for text in scenario.observe for name in variable_names(text)]
    return Setting(
        scenario=scenario,
        closed=closed,
        protocol=protocol,
        start=start,
        times=np.unique(np.concatenate([[start], steps, [scenario.days]])),
        variables=tuple(dict.fromkeys(names)),
        notes=notes,
    )


def _given(scenario: Scenario) -> tuple[pd.DataFrame, dict[str, float]]:
    """Lever rows of the regimens and arms, and the drugs' own parameters."""
    by_day: dict[float, list[str]] = defaultdict(list)
    for component in scenario.components:
        by_day[component.day].append(component.id)
    habitual = _at_rest(scenario).get("diet.carbohydrate", engine_model().default_parameters["diet_carbohydrate"])
    parts = [
        therapy.protocol(ids, scenario.days, start_day=day, habitual_carbohydrate=float(habitual))
        for day, ids in by_day.items()
    ]
    drugs = therapy.parameters([component.id for component in scenario.components])
    parameters = {} if not drugs else combine([pd.DataFrame(drugs, index=range(1))]).iloc[0].to_dict()
    rows = pd.concat([part for part in parts if len(part)]) if any(len(part) for part in parts) else pd.DataFrame()
    problems = _set_twice(scenario, parts)
    if problems:
        raise InputError(problems)
    return rows, {str(name): float(value) for name, value in parameters.items()}


def _set_twice(scenario: Scenario, parts: list[pd.DataFrame]) -> list[Problem]:
    """Levers held by components of different days, or by a component and a course: their ends would cut each other."""
    sources = [set(part.loc[part["action"] == "set", "lever"]) for part in parts if len(part)]
    levers = axis.build().levers
    sources.append({t.id for t in scenario.courses if t.id in levers.index and levers.at[t.id, "action"] == "set"})
    twice = {lever for k, one in enumerate(sources) for other in sources[:k] for lever in one & other}
    hint = "give the components one day, or leave the lever to one of them"
    return [
        error("scenario.overlap", f"{lever} is held by two parts of the scenario", hint, file=scenario.file)
        for lever in sorted(twice)
    ]


def _at_rest(scenario: Scenario) -> dict[str, float]:
    """Model inputs at rest: those of the liver's state, of the diet, then the scenario's own."""
    found: dict[str, float] = {}
    if scenario.liver is not None:
        found |= {name: mean for name, (mean, _) in liver_states()[scenario.liver].items()}
    if scenario.diet is not None:
        found |= diets()[scenario.diet]
    return found | dict(scenario.host)


def _gut(scenario: Scenario) -> tuple[Guts, GuildReference, tuple[str, ...]]:
    if not isinstance(scenario.community, Profile):
        reference = guild_reference(FAMILY)
        return community_gut(reference_gut(reference), scenario.community), reference, ()
    profile = read(scenario.community.path, taxonomy=scenario.community.taxonomy)
    name = scenario.community.sample or (profile.samples[0] if len(profile.samples) == 1 else "")
    if name not in profile.samples:
        found = f"no sample '{name}'" if name else f"{len(profile.samples)} samples and none named"
        hint = f"community.sample is one of {', '.join(profile.samples[:8])}"
        raise InputError([error("scenario.sample", found, hint, file=str(scenario.community.path))])
    draws = TYPICAL_DRAWS if scenario.n is None else scenario.n
    abundance = profile.abundance.loc[[name]].iloc[0]
    abundance = abundance[abundance > 0]
    lineages = profile.lineages.loc[abundance.index]
    able = capacities(abundance, lineages, profiler=profile.profiler, n=draws, seed=scenario.seed)
    reference = guild_reference(profile.profiler)
    load = 1.0 if scenario.n is None else None
    gut = gut_from_capacities(able, reference, draws, scenario.seed, recent_antibiotic=False, load=load)
    if scenario.n is None:
        one = np.zeros(1, int)
        middle = gut.inputs.median().to_frame().T.reset_index(drop=True)
        opened = np.round(np.median(gut.open, axis=0))[None]
        gut = Guts(gut.shares[one], gut.absent[one], opened, middle, gut.source)
    return gut, reference, tuple(str(problem) for problem in (*profile.problems, *able.problems))


def _closed(scenario: Scenario, gut: Guts, reference: GuildReference, start: float) -> Closed:
    """At rest on the day ``start``; an untreated tumour has its stated volume on day 0."""
    hosts = typical_host() if scenario.n is None else draw_hosts(None, scenario.n, scenario.seed)
    count = len(hosts)
    inputs = hosts.inputs.assign(**{name: np.full(count, value) for name, value in _at_rest(scenario).items()})
    ours = [name for name in inputs.columns if name not in gut.inputs.columns]
    person = sizes_before(combine([inputs[ours]]), start)
    standard = reference_gut(reference)
    refs = references(person, standard)
    same = [pd.concat([_mechanism(scenario)] * count, ignore_index=True), _spread(gut, count).inputs]
    given = [name for name in inputs.columns if name in gut.inputs.columns]
    same[1] = same[1].assign(**{name: inputs[name].to_numpy() for name in given})
    parameters = pd.concat([person, refs, combine(same)], axis=1)
    if scenario.growth == "own" or not isinstance(scenario.community, str):
        return close(parameters, _spread(gut, count))
    met = close(parameters, _spread(standard, count))
    return close(parameters, _spread(gut, count), growth=kept_growth(met), near=met.states)


def _mechanism(scenario: Scenario) -> pd.DataFrame:
    inputs = prior_mean_mechanisms(solved_tau() if scenario.tau is None else scenario.tau).inputs.copy()
    others = scenario.gates.get("*", 1.0)
    for gate in axis.build().gates.index:
        inputs[f"gate.{gate}"] *= scenario.gates.get(str(gate), others)
    return inputs


def _spread(gut: Guts, count: int) -> Guts:
    rows = np.arange(count) if len(gut) == count else np.zeros(count, int)
    inputs = gut.inputs.iloc[rows].reset_index(drop=True)
    return Guts(gut.shares[rows], gut.absent[rows], gut.open[rows], inputs, gut.source)
