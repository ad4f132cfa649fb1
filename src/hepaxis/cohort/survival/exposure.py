"""An exposure and survival, told the ways that can disagree: crude, adjusted, weighted, restricted mean, by period.

Held: every hazard ratio stands beside the test that it is constant; where it is not, it is also given for the first and
the second half of the events, and the restricted mean time, which needs no such assumption, is what to quote.
An exposure recorded only as ever or never, when it may have begun during follow-up, carries immortal time: see
``landmark``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from hepaxis.cohort.survival.covariates import covariates
from hepaxis.cohort.survival.cox import CoxFit, NoFit, cox
from hepaxis.cohort.survival.curves import (
    LogRank,
    SurvivalCurve,
    log_rank,
    restricted_mean_difference,
    survival_curve,
)
from hepaxis.cohort.survival.evalue import EValue, e_value
from hepaxis.cohort.survival.propensity import Propensity, propensity
from hepaxis.cohort.survival.times import Times

LEAST_EVENTS = 5  # in either group; with fewer no hazard ratio is given
EVENTS_PER_COVARIATE = 5  # below this an adjusted model is not fitted (Vittinghoff and McCulloch 2007)
PH_DOUBT = 0.05
COLUMNS = ("model", "measure", "estimate", "low", "high", "p", "n", "events", "ph_p", "note")


@dataclass(frozen=True)
class Exposure:
    """What an exposure goes with.

    effects     rows of ``COLUMNS``: hazard ratios (model crude, stratified, adjusted, weighted, early, late) and the
                restricted mean difference
    curves      of the unexposed and the exposed
    test        log-rank
    propensity  None without covariates
    e_value     of the best adjusted hazard ratio
    left_out    what was not fitted, and why
    """

    name: str
    outcome: str
    effects: pd.DataFrame
    curves: tuple[SurvivalCurve, SurvivalCurve]
    groups: tuple[int, int]
    test: LogRank | None
    propensity: Propensity | None
    e_value: EValue | None
    left_out: tuple[str, ...] = field(default=())

    @property
    def main(self) -> pd.Series | None:
        """The row to quote: adjusted where there is one, else stratified, else crude."""
        ratios = self.effects[self.effects["measure"] == "hazard ratio"]
        for model in ("adjusted", "stratified", "crude"):
            for _, row in ratios[ratios["model"] == model].iterrows():
                return row
        return None

    @property
    def proportional(self) -> bool | None:
        """Whether nothing speaks against a constant hazard ratio; None where none was fitted."""
        main = self.main
        return None if main is None else bool(main["ph_p"] >= PH_DOUBT)


def exposure(
    times: Times,
    exposed: np.ndarray,
    adjust: pd.DataFrame | None = None,
    *,
    name: str,
    outcome: str,
    strata: np.ndarray | None = None,
) -> Exposure:
    """Compare exposed (n, bool) with the others; ``adjust``: covariates known before the exposure (n x k)."""
    a = np.asarray(exposed, bool)
    curves = (survival_curve(times.take(~a)), survival_curve(times.take(a)))
    groups = (int((~a).sum()), int(a.sum()))
    rows: list[dict[str, object]] = []
    left: list[str] = []
    events = (int(times.event[~a].sum()), int(times.event[a].sum()))
    if min(events) < LEAST_EVENTS:
        left.append(f"no hazard ratio: {events[1]} events among the exposed and {events[0]} among the others")
        empty = pd.DataFrame(rows, columns=list(COLUMNS))
        return Exposure(name, outcome, empty, curves, groups, None, None, None, tuple(left))
    design = pd.DataFrame({name: a.astype(float)})
    crude = cox(times, design)
    rows.append(_row("crude", crude, name))
    if strata is not None and len(set(strata.tolist())) > 1:
        _try(rows, left, "stratified", name, lambda: cox(times, design, strata=strata), "by study")
    rows += _periods(times, a, name) if crude.proportional_p(name) < PH_DOUBT else []
    found = None
    if adjust is not None and adjust.shape[1]:
        found = _adjusted(times, a, adjust, name, strata, rows, left)
    until = min(float(times.time[~a].max()), float(times.time[a].max()))
    mean = restricted_mean_difference(*curves, until)
    rows.append(
        {
            "model": "unadjusted",
            "measure": "restricted mean difference",
            **{"estimate": mean["difference"], "low": mean["low"], "high": mean["high"], "p": mean["p"]},
            **{"n": len(times), "events": int(times.event.sum()), "ph_p": np.nan, "note": f"to {until:.4g}"},
        }
    )
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    part = Exposure(name, outcome, table, curves, groups, log_rank(times, a, strata), found, None, tuple(left))
    main = part.main
    value = None
    if main is not None:
        value = e_value(float(main["estimate"]), float(main["low"]), float(main["high"]), float(times.event.mean()))
    return Exposure(name, outcome, table, curves, groups, part.test, found, value, tuple(left))


def _adjusted(
    times: Times,
    a: np.ndarray,
    adjust: pd.DataFrame,
    name: str,
    strata: np.ndarray | None,
    rows: list[dict[str, object]],
    left: list[str],
) -> Propensity | None:
    known = covariates(adjust)
    left += [f"{column} not adjusted for: {why}" for column, why in known.left_out.items()]
    if not known.design.shape[1]:
        return None
    kept, exposed = times.take(known.rows), a[known.rows]
    layers = None if strata is None else strata[known.rows]
    if kept.event.sum() < EVENTS_PER_COVARIATE * (known.design.shape[1] + 1):
        left.append(f"no adjusted model: {int(kept.event.sum())} events for {known.design.shape[1] + 1} coefficients")
        return None
    if not exposed.any() or exposed.all():
        left.append("no adjusted model: nobody or everybody with all covariates was exposed")
        return None
    design = known.design.reset_index(drop=True).assign(**{name: exposed.astype(float)})
    note = ", ".join(dict.fromkeys(str(c).split(": ")[0] for c in known.design.columns))
    note += f"; {known.dropped} rows without all of them" if known.dropped else ""
    _try(rows, left, "adjusted", name, lambda: cox(kept, design, strata=layers), note)
    weights = propensity(exposed, known.design)
    one = pd.DataFrame({name: exposed.astype(float)})
    _try(rows, left, "weighted", name, lambda: cox(kept, one, strata=layers, weights=weights.weight), "propensity")
    return weights


def _try(rows: list[dict[str, object]], left: list[str], model: str, name: str, fit: object, note: str) -> None:
    try:
        rows.append(_row(model, fit(), name, note))  # type: ignore[operator]
    except NoFit as fault:
        left.append(f"no {model} model: {fault}")


def _row(model: str, fit: CoxFit, name: str, note: str = "") -> dict[str, object]:
    ratio = fit.hazard_ratio(name)
    return {
        "model": model,
        "measure": "hazard ratio",
        **{"estimate": ratio["hr"], "low": ratio["low"], "high": ratio["high"], "p": ratio["p"]},
        **{"n": fit.n, "events": fit.events, "ph_p": fit.proportional_p(name), "note": note},
    }


def _periods(times: Times, a: np.ndarray, name: str) -> list[dict[str, object]]:
    """Hazard ratios before and after the median time of the events."""
    cut = float(np.median(times.time[times.event]))
    early = Times(np.minimum(times.time, cut), times.event & (times.time <= cut), times.entry, times.merged)
    rows = []
    later = times.time > cut
    late = Times(times.time[later], times.event[later], np.full(int(later.sum()), cut), times.merged)
    for model, part, exposed, note in (
        ("early", early, a, f"to {cut:.4g}"),
        ("late", late, a[later], f"after {cut:.4g}, of those still followed"),
    ):
        if min(int(part.event[exposed].sum()), int(part.event[~exposed].sum())) >= LEAST_EVENTS:
            rows.append(_row(model, cox(part, pd.DataFrame({name: exposed.astype(float)})), name, note))
    return rows
