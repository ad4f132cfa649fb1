"""Why this tumour may resist: the same virtual patients with groups of mechanisms at a reference, in every order.

Held: the reference patient has the gut's exposures at those of the reference community (every gate off), and each group
of ``tumour_groups.csv`` at its reference; this patient has them as drawn or measured.  What each group takes from
response or adds to it is its Shapley value on every virtual patient (``shapley``), so the groups add up to the gap
between the two.  Exposures leave the time line.  Growth and host are kept.  In points of response, since that is what
adds up; the Monte Carlo error of the orders is said.  Beside it this gut against whole other guts on all virtual
patients: how much is the gut's, and whether another could change it.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.resources import files

import numpy as np

from hepaxis import axis
from hepaxis.plan.estimates import Cross, change, of_few, probability
from hepaxis.plan.representatives import representatives
from hepaxis.plan.schema import Attribution, AttributionRow, CounterfactualRow, Interval
from hepaxis.plan.shapley import Shapley, shapley
from hepaxis.plan.simulation import Setting, Simulated, simulate
from hepaxis.population import Guts, Twin, gates_off, reference_gut, some_of, with_gut, with_parameters
from hepaxis.population.dosing import engine_protocol
from hepaxis.profile.reference import GuildReference
from hepaxis.therapy import donor_shares, exposure_protocol

GROUP_LABELS = {
    "scfa": "Short-chain fatty acids",
    "bile_acids": "Bile acids",
    "tryptophan": "Tryptophan routes",
    "prr": "Receptor ligands (LPS, STING, NOD2)",
    "antigens": "Antigens and cross-reactivity",
    "barrier": "Barrier",
    "taxa": "Taxa (Akkermansia, bifidobacteria, opportunists)",
}
WHOLE_GUT = "gut"
EXPOSURES = "exposures"
DONOR = "healthy_donor"
PATIENTS = 320  # virtual patients that the orders run over: the error of the orders is then below that of the hosts
NOTHING = Interval(0.0, 0.0, 0.0, 0.0, 0.0)
Tick = Callable[[str], None]


@dataclass(frozen=True)
class GutEffect:
    """Why this tumour may resist, and this gut against others on the base regimen."""

    rows: tuple[AttributionRow, ...]
    whole: Attribution
    counterfactuals: tuple[CounterfactualRow, ...]
    reference_response: Interval
    effect: Interval
    another: Interval
    reference_twin: Twin


@dataclass(frozen=True)
class Group:
    """Something that can be the patient's own or at its reference: gates, parameters, or the exposures."""

    id: str
    label: str
    category: str
    detail: str = ""
    gates: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()


def attribute(
    twin: Twin,
    base: Simulated,
    setting: Setting,
    reference: GuildReference,
    cross: Cross,
    tick: Tick = lambda _: None,
) -> GutEffect:
    """Attribution and counterfactual guts for the base regimen."""
    plain = base.endpoints.response
    reference_twin = with_gut(twin, _same_draws(reference_gut(reference), twin))
    tick("reference gut")
    reference_run = _response(reference_twin, base, setting)
    others = [
        CounterfactualRow("this_gut", "This gut", "as sampled", probability(cross, plain)),
        CounterfactualRow("reference_gut", "Reference gut", reference.statement, probability(cross, reference_run)),
    ]
    another = NOTHING
    for id, label, detail, other in _other_guts(twin, reference):
        tick(label)
        response = _response(other, base, setting)
        others.append(CounterfactualRow(id, label, detail, probability(cross, response)))
        if id == "donor_gut":
            another = change(cross, plain, response)
    tick("groups of mechanisms in every order")
    rows, whole = _groups(twin, base, setting, cross)
    return GutEffect(
        rows=rows,
        whole=whole,
        counterfactuals=tuple(others),
        reference_response=probability(cross, reference_run),
        effect=change(cross, reference_run, plain),
        another=another,
        reference_twin=reference_twin,
    )


def _groups(
    twin: Twin, base: Simulated, setting: Setting, cross: Cross
) -> tuple[tuple[AttributionRow, ...], Attribution]:
    groups = groups_of(twin)
    rows, weights = representatives(cross, PATIENTS, setting.seed)
    few, own = some_of(twin, rows), setting.of_lanes(rows)
    if not groups:
        return (), Attribution(NOTHING, NOTHING, NOTHING, len(rows), 0)
    game = Game(few, own, base.components, groups)
    found = shapley(game.response, game.inactive, setting.seed)
    fine = np.isfinite(found.values).all(axis=1)
    few_cross = Cross(few.host, few.draw, fine, weights)
    told = [_row(one, found.values[:, k], found.order_error[:, k], few_cross) for k, one in enumerate(groups)]
    gut = np.array([one.category == "gut" for one in groups])
    if gut.any():
        whole = Group(WHOLE_GUT, "Gut", "gut", "sum of its parts; against the exposures of the reference community")
        error = np.sqrt((found.order_error[:, gut] ** 2).sum(axis=1))
        total = _row(whole, found.values[:, gut].sum(axis=1), error, few_cross)
        told = [total, *(replace(row, parent=WHOLE_GUT) if row.category == "gut" else row for row in told)]
    return tuple(told), _whole(found, few_cross)


def _row(group: Group, values: np.ndarray, error: np.ndarray, cross: Cross) -> AttributionRow:
    weight = cross.lane_weights / cross.lane_weights.sum()
    spread = float(np.sqrt((weight**2 * np.where(cross.ok, error, 0.0) ** 2).sum()))
    sources = _gate_sources(group.id) if group.gates else ()
    return AttributionRow(
        group.id, group.label, group.category, of_few(cross, values), "", group.detail, sources, order_error=spread
    )


def _whole(found: Shapley, cross: Cross) -> Attribution:
    return Attribution(
        gap=of_few(cross, found.all_ - found.none),
        reference=probability(cross, found.none),
        patient=probability(cross, found.all_),
        n_patients=int(cross.ok.sum()),
        solves=found.solves,
    )


def groups_of(twin: Twin) -> tuple[Group, ...]:
    """Groups of the gut, the tumour and the liver, and the exposures where there are any."""
    gates = axis.build().gates
    found = []
    for id, label in GROUP_LABELS.items():
        names = tuple(str(name) for name in gates.index[gates["group"] == id])
        if names:
            found.append(Group(id, label, "gut", gates=names))
    for row in _tumour_groups():
        settings = tuple((part.split("=")[0], part.split("=")[1]) for part in row["settings"].split())
        found.append(Group(row["id"], row["label"], row["category"], row["detail"], settings=settings))
    if twin.exposures:
        detail = "the same people without the recorded exposures, from the same resting gut"
        found.append(Group(EXPOSURES, "Exposures (antibiotics, PPI, steroids)", "exposure", detail))
    return tuple(found)


@dataclass(frozen=True)
class Game:
    """Response of virtual patients with some groups their own and the others at their reference."""

    twin: Twin
    setting: Setting
    components: tuple[str, ...]
    groups: tuple[Group, ...]

    @property
    def inactive(self) -> np.ndarray:
        """(V, k) groups that change nothing in a patient: no claim of it holds, or it is at its reference already."""
        parameters = self.twin.closed.parameters
        found = np.zeros((len(self.twin.host), len(self.groups)), bool)
        for k, group in enumerate(self.groups):
            if group.gates:
                strengths = parameters[[f"g_{gate}" for gate in group.gates]].to_numpy(float)
                found[:, k] = (strengths == 0.0).all(axis=1)
            elif group.settings:
                values = self._references(group, np.arange(len(self.twin.host)))
                same = [parameters[name].to_numpy(float) == value for name, value in values.items()]
                found[:, k] = np.all(same, axis=0)
        return found

    def response(self, rows: np.ndarray, own: np.ndarray) -> np.ndarray:
        """(m,) response of patients ``rows`` with the groups of ``own`` (m, k) as they are; nan for who failed."""
        found = np.full(len(rows), np.nan)
        exposed = np.ones(len(rows), bool)
        for k, group in enumerate(self.groups):
            if group.id == EXPOSURES:
                exposed = own[:, k]
        for kept in (True, False):
            these = np.flatnonzero(exposed == kept)
            if len(these):
                found[these] = self._response(rows[these], own[these], kept)
        return found

    def _response(self, rows: np.ndarray, own: np.ndarray, exposed: bool) -> np.ndarray:
        few = some_of(self.twin, rows)
        values: dict[str, float | np.ndarray] = {}
        for k, group in enumerate(self.groups):
            names = {f"g_{gate}": 0.0 for gate in group.gates} or self._references(group, rows)
            for name, reference in names.items():
                as_is = few.closed.parameters[name].to_numpy(float)
                values[name] = np.where(own[:, k], as_is, reference)
        other = with_parameters(few, values)
        if not exposed:
            other = _without_exposures(other)
        made = simulate(other, self.components, self.setting.of_lanes(rows))
        response: np.ndarray = np.where(made.failed, np.nan, made.endpoints.response)
        return response

    def _references(self, group: Group, rows: np.ndarray) -> dict[str, float | np.ndarray]:
        """Parameter -> reference; ``warm`` takes the cold factor away where a host's tumour is cold."""
        names = axis.build().inputs["parameter"].to_dict()
        found: dict[str, float | np.ndarray] = {}
        for name, value in group.settings:
            if value == "warm":
                own = self.twin.closed.parameters[names[name]].to_numpy(float)[rows]
                found[names[name]] = own / self.twin.hosts.cold[self.twin.host[rows]]
            else:
                found[names[name]] = float(value)
        return found


def _response(other: Twin, base: Simulated, setting: Setting) -> np.ndarray:
    """(V,) response of the same people otherwise; nan where the change could not be simulated."""
    made = simulate(other, base.components, setting)
    response: np.ndarray = np.where(made.failed, np.nan, made.endpoints.response)
    return response


def _without_exposures(twin: Twin) -> Twin:
    """Courses off the time line, and the levels of long-standing ones (a PPI for years) out of the rest as well."""
    rows, _ = exposure_protocol(twin.exposures, horizon_days=1.0)
    _, before = engine_protocol(rows, twin.start_day)
    other = with_parameters(twin, dict.fromkeys(before, 0.0), exposures=())
    return replace(other, sample_day=None, sample_factor=None)


def _other_guts(twin: Twin, reference: GuildReference) -> list[tuple[str, str, str, Twin]]:
    donor = np.array([donor_shares(DONOR)[guild] for guild in donor_shares(DONOR)])
    like = reference_gut(reference)
    guts = Guts((donor / donor.sum())[None, :], like.absent, like.open, like.inputs, "donor")
    return [
        ("no_gut_effect", "No gut effect", "every claim about the gut switched off", gates_off(twin)),
        (
            "donor_gut",
            "Healthy donor's gut",
            "as if fully replaced, which no FMT does",
            with_gut(twin, _same_draws(guts, twin)),
        ),
    ]


def _same_draws(gut: Guts, twin: Twin) -> Guts:
    """A single gut repeated for every draw."""
    rows = np.zeros(len(twin.guts), int)
    inputs = gut.inputs.iloc[rows].reset_index(drop=True)
    return Guts(gut.shares[rows], gut.absent[rows], gut.open[rows], inputs, gut.source)


def _tumour_groups() -> list[dict[str, str]]:
    text = files("hepaxis.plan").joinpath("tumour_groups.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _gate_sources(group: str) -> tuple[str, ...]:
    gates = axis.build().gates
    listed = " ".join(gates.loc[gates["group"] == group, "sources"])
    return tuple(dict.fromkeys(f"doi:{word}" for word in listed.split() if word.startswith("10.")))
