"""A patient's capacities: what the stool community can make, with what is not known, and the model inputs they become.

Prediction (traits, yields) x a person's residual, replaced by a measurement where there is one.  Every draw of the
summary and of the model inputs is the same virtual person.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from hepaxis import knowledge
from hepaxis.metabolites import bile
from hepaxis.metabolites.community import GUILDS, Community, community
from hepaxis.metabolites.facts import fact_table, parameter, uncertainty
from hepaxis.metabolites.measured import Measurement, read_measured
from hepaxis.metabolites.prediction import RELATIVE, predict
from hepaxis.metabolites.reference import bai_blind, bai_scale, reference_community, reference_family
from hepaxis.metabolites.residuals import (
    RESIDUALS,
    SCFA,
    draw_residual,
    low_coverage,
    redistribute,
    residuals_for,
    spread,
)
from hepaxis.problems import Problem, info, warning

DEFAULT_DRAWS = 1000
QUANTILES = {"lo90": 0.05, "lo50": 0.25, "median": 0.5, "hi50": 0.75, "hi90": 0.95}
UNPREDICTED = ("ipa",)  # known carriers do not predict it: the population's spread stands instead
PATIENT_STREAM, REFERENCE_STREAM = 0, 1  # independent random streams of one seed
GENUS_PROFILE = 0.5  # share known only by genus above which the profile is called a genus profile


@dataclass(frozen=True)
class Capacities:
    """What a community can make.

    summary   one row a capacity (index ``capacity``): label, unit, median, lo50, hi50, lo90, hi90, ref_lo,
              ref_median, ref_hi (5, 50, 95% of the reference community with its residuals), relative (median over
              ref_median), status (measured, predicted, unknown), note, sources
    draws     n x capacities, in the units of the summary
    inputs    n x model inputs: yield.<acid>.<guild> (mol per mol hexose), carriage.bai, .udca, .indole, .ipa and
              carriage.hexa_lps.<guild> (relative to the mean healthy community, which is 1; carriage.bai also holds
              the profiler's scale), residual.<name> (factor of median 1)
    guilds    share of each guild, in the order of ``profile.guilds.GUILDS``
    coverage  share of abundance known by species, genus and only by guild
    problems  warnings and infos: low coverage, genus-only profile, measurements that were not used
    """

    summary: pd.DataFrame
    draws: pd.DataFrame
    inputs: pd.DataFrame
    guilds: pd.Series
    coverage: pd.Series
    problems: tuple[Problem, ...]


def capacities(
    abundance: pd.Series,
    lineages: pd.DataFrame,
    *,
    measured: pd.DataFrame | None = None,
    profiler: str,
    n: int = DEFAULT_DRAWS,
    seed: int,
) -> Capacities:
    """Capacities of one stool sample.

    abundance  taxa -> share, 0 or more (a row of ``Profile.abundance``)
    lineages   taxa x ranks (``Profile.lineages``)
    measured   optional, columns metabolite, value, unit, matrix (stool, serum), day; overrides the prediction, and the
               ``residual`` inputs are then measured / predicted-without-residual, draw by draw, so that the model
               follows.  For the SCFA carbon is kept: the other acids give way, and where all three are measured only
               their proportions are taken.
    profiler   who made the profile; chooses the reference community
    n, seed    draws; the same seed gives the same result bit for bit

    Raises InputError with all faults of the profile or of ``measured``.
    """
    found, problems = read_measured(measured)
    sample = community(abundance, lineages)
    low = low_coverage(sample)
    reference = _reference(reference_family(profiler), n, seed)
    rng = np.random.default_rng([seed, PATIENT_STREAM])
    prediction = predict(sample, n, rng, bai_scale=bai_scale(profiler))
    residual = _residuals(n, rng, widen=bool(low))
    if bai_blind(profiler):
        residual["dca"] *= draw_residual(uncertainty("widening", "blind_bai_sd_log"), n, rng)
        low = (*low, _blind(profiler))
    for route in UNPREDICTED:
        prediction.raw[route] = reference.raw[route]
    targets = _targets(found, reference, rng, n)
    residual = _follow(prediction.raw, residual, targets)
    draws = _values(prediction.raw, residual, reference.median)
    inputs = prediction.inputs.assign(**{f"residual.{name}": residual[name] for name in RESIDUALS})
    return Capacities(
        summary=_summary(draws, reference, found),
        draws=draws,
        inputs=inputs,
        guilds=pd.Series({guild: sample.guild_share(guild) for guild in GUILDS}, name="share"),
        coverage=pd.Series({basis: sample.basis_share(basis) for basis in ("species", "genus", "guild")}),
        problems=(*problems, *low, *_genus_note(sample)),
    )


@dataclass(frozen=True)
class _Reference:
    raw: dict[str, np.ndarray]
    draws: pd.DataFrame
    median: dict[str, float]


@lru_cache(maxsize=8)
def _reference(family: str, n: int, seed: int) -> _Reference:
    """The reference community's draws; ``median`` is on the scale of ``raw`` x residual."""
    rng = np.random.default_rng([seed, REFERENCE_STREAM])
    raw = predict(reference_community(family), n, rng, bai_scale=bai_scale(family)).raw
    residual = _residuals(n, rng, widen=False)
    made = redistribute(raw, residual)
    median = {name: float(np.median(made[name])) for name in SCFA}
    for name in raw:
        if name not in SCFA:
            median[name] = float(np.median(raw[name] * _residual_of(name, residual)))
    return _Reference(raw, _values(raw, residual, median), median)


@lru_cache(maxsize=1)
def _catalogue() -> pd.DataFrame:
    return fact_table("capacities").set_index("id")


def _residuals(n: int, rng: np.random.Generator, *, widen: bool) -> dict[str, np.ndarray]:
    """Residual factors by model input and, for capacities the model does not take, by capacity."""
    out = {name: draw_residual(spread(name, widen), n, rng) for name in RESIDUALS}
    for row in _catalogue().itertuples():
        if not isinstance(row.residual, str) and isinstance(row.spread, str):
            out[str(row.Index)] = draw_residual(spread(row.spread, widen), n, rng)
    return out


def _residual_of(capacity: str, residual: dict[str, np.ndarray]) -> np.ndarray | float:
    name = _catalogue()["residual"].get(capacity)
    return residual[name] if isinstance(name, str) else residual.get(capacity, 1.0)


def _values(raw: dict[str, np.ndarray], residual: dict[str, np.ndarray], median: dict[str, float]) -> pd.DataFrame:
    values = redistribute(raw, residual)
    for name in _catalogue().index:
        if name in SCFA:
            continue
        x = raw[name] * _residual_of(name, residual)
        if name == "dca_conversion":
            x = bile.dca_fraction(x)
        elif name == "udca_formation":
            x = bile.odds_to_fraction(x)
        elif name in RELATIVE:
            x = x / max(median[name], np.finfo(float).tiny)
        values[name] = x
    return pd.DataFrame({name: values[name] for name in _catalogue().index})


def _targets(
    found: dict[str, Measurement], reference: _Reference, rng: np.random.Generator, n: int
) -> dict[str, np.ndarray]:
    """Draws of the measured capacities on the scale of ``raw`` x residual."""
    out = {}
    for name, one in found.items():
        drawn = np.exp(one.centre + one.sd * np.log(draw_residual(1.0, n, rng)))
        if one.kind == "fraction":
            out[name] = bile.rate_of_fraction(drawn / (1.0 + drawn))
        else:
            out[name] = reference.median[name] * drawn
    return out


def _follow(
    raw: dict[str, np.ndarray], residual: dict[str, np.ndarray], targets: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Residuals with which the prediction meets the measured targets."""
    out = dict(residual)
    acids = {name: targets[name] for name in SCFA if name in targets}
    if acids:
        fluxes = {name: raw[name] for name in SCFA}
        drawn = {name: residual[name] for name in SCFA}
        out |= residuals_for(fluxes, drawn, acids, parameter("measured_carbon_ceiling"))
    for name, target in targets.items():
        model = _catalogue()["residual"].get(name)
        if name not in SCFA:
            out[model if isinstance(model, str) else name] = target / np.maximum(raw[name], np.finfo(float).tiny)
    return out


def _summary(draws: pd.DataFrame, reference: _Reference, found: dict[str, Measurement]) -> pd.DataFrame:
    catalogue = _catalogue()
    table = draws.quantile(list(QUANTILES.values())).T
    table.columns = list(QUANTILES)
    ref = reference.draws.quantile([0.05, 0.5, 0.95]).T
    table["ref_lo"], table["ref_median"], table["ref_hi"] = (ref[q] for q in (0.05, 0.5, 0.95))
    table["relative"] = table["median"] / table["ref_median"].where(table["ref_median"] > 0)
    table["status"] = [("measured" if name in found else catalogue.loc[name, "status"]) for name in table.index]
    table["note"] = [found[name].text if name in found else _accuracy(name) for name in table.index]
    table["label"], table["unit"], table["sources"] = (catalogue[c] for c in ("label", "unit", "sources"))
    order = [
        "label",
        "unit",
        "median",
        "lo50",
        "hi50",
        "lo90",
        "hi90",
        "ref_lo",
        "ref_median",
        "ref_hi",
        "relative",
        "status",
        "note",
        "sources",
    ]
    return table[order].rename_axis("capacity")


@lru_cache(maxsize=64)
def _accuracy(name: str) -> str:
    """How well composition predicts a capacity, as published, in one sentence."""
    row = _catalogue().loc[name]
    parts = [row["note"]] if isinstance(row["note"], str) else []
    if np.isfinite(row["correlation"]):
        text = f"rank correlation {row['correlation']:+.2f} with {row['correlation_of']}"
        if isinstance(row["target"], str):
            table = knowledge.table("metabolite_predictability")
            others = table[(table["target"] == row["target"].lower()) & table["spearman_traits"].notna()]
            seen = [f"{x.spearman_traits:+.2f} (n = {x.n_samples})" for x in others.itertuples()]
            text += f"; in other cohorts {', '.join(seen)}" if seen else ""
        parts.append(text)
    return "; ".join(parts)


def _blind(profiler: str) -> Problem:
    return warning(
        "metabolites.blind_bai",
        f"{profiler} does not see most bacteria that make secondary bile acids",
        "The DCA interval was widened; measure DCA and CA in stool, or profile again with a current database.",
    )


def _genus_note(sample: Community) -> tuple[Problem, ...]:
    share = sample.basis_share("genus")
    if share <= GENUS_PROFILE:
        return ()
    return (
        info(
            "metabolites.genus_profile",
            f"{share:.0%} of abundance is known by genus only",
            "Species of a genus differ; the trait and yield layers are wider than for a profile by species.",
        ),
    )
