"""Exposures that begin during follow-up: whoever is to be exposed on day 60 cannot have died on day 30.

Held: three readings of one exposure side by side.  Ever against never counts the time before it begins as exposed and
makes any exposure look good; a landmark compares those alive at a set time by what had happened until then; a
time-varying exposure lets each person's time count where it belongs.  The first is given so that its bias is seen.
Sources: Anderson, Cain and Gelber 1983 (10.1200/JCO.1983.1.11.710); Suissa 2008 (10.1093/aje/kwm324).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hepaxis.cohort.survival.covariates import covariates
from hepaxis.cohort.survival.cox import CoxFit, NoFit, cox
from hepaxis.cohort.survival.times import Times

COLUMNS = ("reading", "landmark", "estimate", "low", "high", "p", "n", "exposed", "events", "ph_p", "note")
LEAST_EVENTS = 5  # in either group


@dataclass(frozen=True)
class Landmark:
    """table: rows of ``COLUMNS`` (reading ever_never, landmark, time_varying); left_out: what could not be fitted."""

    name: str
    outcome: str
    table: pd.DataFrame
    left_out: tuple[str, ...]

    @property
    def immortal_time(self) -> float | None:
        """Ratio of the ever-never hazard ratio to the time-varying one: below 1, time before exposure flattered it."""
        rows = self.table.set_index("reading")["estimate"]
        if "ever_never" not in rows or "time_varying" not in rows:
            return None
        return float(rows["ever_never"] / rows["time_varying"])


def landmark_analysis(
    times: Times,
    begins: np.ndarray,
    landmarks: tuple[float, ...],
    *,
    name: str,
    outcome: str,
    adjust: pd.DataFrame | None = None,
) -> Landmark:
    """Compare by an exposure that begins at ``begins`` (n, in the times' unit; NaN never, 0 or less: at start)."""
    begins = np.where(np.isfinite(begins), begins, np.inf)
    rows: list[dict[str, object]] = []
    left: list[str] = []
    known = covariates(adjust) if adjust is not None and adjust.shape[1] else None
    use = np.ones(len(times), bool) if known is None else known.rows
    design = pd.DataFrame(index=range(int(use.sum()))) if known is None else known.design.reset_index(drop=True)
    if known is not None:
        left += [f"{column} not adjusted for: {why}" for column, why in known.left_out.items()]
    kept, first = times.take(use), begins[use]
    ever = first <= kept.time  # an exposure after the end of follow-up was never seen
    _add(rows, left, "ever_never", np.nan, kept, ever, design, name, "time before exposure counted as exposed")
    for at in landmarks:
        alive = kept.time > at
        if not alive.any():
            left.append(f"landmark {at:g}: nobody is followed that long")
            continue
        since = Times(kept.time[alive] - at, kept.event[alive], np.zeros(int(alive.sum())), kept.merged)
        note = f"of those still followed at {at:g}; {int((~alive).sum())} were not"
        part = design.loc[alive].reset_index(drop=True)
        _add(rows, left, "landmark", at, since, first[alive] <= at, part, name, note)
    _varying(rows, left, kept, first, design, name)
    return Landmark(name, outcome, pd.DataFrame(rows, columns=list(COLUMNS)), tuple(left))


def _varying(
    rows: list[dict[str, object]], left: list[str], times: Times, first: np.ndarray, design: pd.DataFrame, name: str
) -> None:
    """Each person's time split where the exposure begins."""
    begin = np.maximum(first, 0.0)
    split = (begin > times.entry) & (begin < times.time)
    before = Times(np.where(split, begin, times.time), times.event & ~split, times.entry, times.merged)
    exposed_before = begin <= times.entry
    after = Times(times.time[split], times.event[split], begin[split], times.merged)
    both = Times(
        np.concatenate([before.time, after.time]),
        np.concatenate([before.event, after.event]),
        np.concatenate([before.entry, after.entry]),
        times.merged,
    )
    exposed = np.concatenate([exposed_before, np.ones(int(split.sum()), bool)])
    whole = pd.concat([design, design.loc[split]], ignore_index=True)
    who = np.concatenate([np.arange(len(times)), np.flatnonzero(split)])
    note = "each person's time before the exposure counts as not exposed"
    _add(rows, left, "time_varying", np.nan, both, exposed, whole, name, note, people=len(times), who=who)


def _add(
    rows: list[dict[str, object]],
    left: list[str],
    reading: str,
    at: float,
    times: Times,
    exposed: np.ndarray,
    design: pd.DataFrame,
    name: str,
    note: str,
    people: int | None = None,
    who: np.ndarray | None = None,
) -> None:
    events = (int(times.event[exposed].sum()), int(times.event[~exposed].sum()))
    label = reading.replace("_", " ") + ("" if np.isnan(at) else f" {at:g}")
    if min(events) < LEAST_EVENTS:
        left.append(f"{label}: {events[0]} events among the exposed and {events[1]} among the others")
        return
    varying = [c for c in design.columns if design[c].min() < design[c].max()]
    try:
        fit: CoxFit = cox(times, design[varying].assign(**{name: exposed.astype(float)}))
    except NoFit as fault:
        left.append(f"{label}: {fault}")
        return
    ratio = fit.hazard_ratio(name)
    count = len(set(who[exposed].tolist())) if who is not None else int(exposed.sum())
    rows.append(
        {
            "reading": reading,
            "landmark": at,
            **{"estimate": ratio["hr"], "low": ratio["low"], "high": ratio["high"], "p": ratio["p"]},
            **{"n": people or len(times), "exposed": count, "events": fit.events},
            **{"ph_p": fit.proportional_p(name), "note": note},
        }
    )
