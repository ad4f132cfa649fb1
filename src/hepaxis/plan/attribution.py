"""Why this tumour may resist: the same virtual patients with one group of mechanisms switched to its reference.

Held: a gut group's effect is the log-odds of response with all gates on against the same patients with that group's
gates off (off is the reference gut's exposure, in the same host, growth kept).  Tumour and liver rows change one host
setting to a reference.  Exposures are removed from the time line.  Effects of single groups need not add up to the
whole: mechanisms act on one another; the sum is not forced.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.resources import files

import numpy as np

from hepaxis import axis
from hepaxis.plan.estimates import Cross, change, log_odds_change, probability
from hepaxis.plan.schema import AttributionRow, CounterfactualRow, Interval
from hepaxis.plan.simulation import Setting, Simulated, simulate
from hepaxis.population import Guts, Twin, gates_off, reference_gut, with_gut, with_parameters
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
DONOR = "healthy_donor"
Tick = Callable[[str], None]


@dataclass(frozen=True)
class GutEffect:
    """This gut against others on the base regimen."""

    rows: tuple[AttributionRow, ...]
    counterfactuals: tuple[CounterfactualRow, ...]
    reference_response: Interval
    effect: Interval
    reference_twin: Twin


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
    rows: list[AttributionRow] = []

    def row(id: str, label: str, category: str, other: Twin, parent: str = "", detail: str = "") -> None:
        tick(label)
        effect = _paired_log_odds(cross, _response(other, base, setting), plain)
        sources = _gate_sources(id) if category == "gut" and parent else ()
        rows.append(AttributionRow(id, label, category, effect, parent, detail, sources))

    reference_twin = with_gut(twin, _same_draws(reference_gut(reference), twin))
    tick("reference gut")
    reference_run = _response(reference_twin, base, setting)
    rows.append(
        AttributionRow(
            WHOLE_GUT,
            "Gut",
            "gut",
            _paired_log_odds(cross, reference_run, plain),
            detail="this gut against the reference community in the same people",
        )
    )
    gates = axis.build().gates
    for group, label in GROUP_LABELS.items():
        names = list(gates.index[gates["group"] == group])
        if names:
            row(group, label, "gut", gates_off(twin, names), WHOLE_GUT)
    for found in _tumour_groups():
        values = {axis.build().inputs["parameter"].to_dict()[found["input"]]: _reference_value(found, twin)}
        row(found["id"], found["label"], found["category"], with_parameters(twin, values), detail=found["detail"])
    if twin.exposures:
        row(
            "exposures",
            "Exposures (antibiotics, PPI, steroids)",
            "exposure",
            _without_exposures(twin),
            detail="the same people without the recorded exposures, from the same resting gut",
        )
    others = [
        CounterfactualRow("this_gut", "This gut", "as sampled", probability(cross, plain)),
        CounterfactualRow("reference_gut", "Reference gut", reference.statement, probability(cross, reference_run)),
    ]
    for id, label, detail, other in _other_guts(twin, reference):
        tick(label)
        response = _response(other, base, setting)
        others.append(CounterfactualRow(id, label, detail, probability(cross, response)))
    return GutEffect(
        rows=tuple(rows),
        counterfactuals=tuple(others),
        reference_response=probability(cross, reference_run),
        effect=change(cross, reference_run, plain),
        reference_twin=reference_twin,
    )


def _response(other: Twin, base: Simulated, setting: Setting) -> np.ndarray:
    """(V,) response of the same people otherwise; nan where the change could not be simulated."""
    made = simulate(other, base.components, setting)
    response: np.ndarray = np.where(made.failed, np.nan, made.endpoints.response)
    return response


def _paired_log_odds(cross: Cross, other: np.ndarray, plain: np.ndarray) -> Interval:
    """``plain`` against ``other``, over those that have both."""
    return log_odds_change(cross, other, np.where(np.isfinite(other), plain, np.nan))


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


def _reference_value(found: dict[str, str], twin: Twin) -> float | np.ndarray:
    """The reference of a host setting; ``warm`` takes the cold factor away where a host's tumour is cold."""
    if found["value"] != "warm":
        return float(found["value"])
    own = twin.closed.parameters[axis.build().inputs["parameter"].to_dict()[found["input"]]].to_numpy(float)
    warm: np.ndarray = own / twin.hosts.cold[twin.host]
    return warm


def _gate_sources(group: str) -> tuple[str, ...]:
    gates = axis.build().gates
    listed = " ".join(gates.loc[gates["group"] == group, "sources"])
    return tuple(dict.fromkeys(f"doi:{word}" for word in listed.split() if word.startswith("10.")))
