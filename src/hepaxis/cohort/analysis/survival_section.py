"""Time to progression and death by exposures, diversity and scores, with what each reading assumes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from hepaxis.cohort.analysis.exposure_panels import ENDPOINTS, LEAST_EXPOSED, begun, exposure_panels
from hepaxis.cohort.analysis.options import EXPOSURES, Options, baseline, several_studies
from hepaxis.cohort.analysis.panels import Mark, Panel, Section, listed, p_words, ratio_words
from hepaxis.cohort.analysis.survival_curves import curves, medians
from hepaxis.cohort.record import Cohort
from hepaxis.cohort.survival import NoFit, Times, cox, follow_up

LEAST_PEOPLE, LEAST_EVENTS = 20, 10
TOXICITY = "severe_immune"


def survival_section(cohort: Cohort, options: Options, measures: Mapping[str, pd.Series]) -> Section:
    """``measures``: samples, diversity and scores, to be read per standard deviation and as mediators."""
    people = cohort.first_samples()
    panels: list[Panel] = []
    left: list[str] = []
    for endpoint in ENDPOINTS:
        rows, times = _times(people, endpoint)
        if times is None:
            left.append(f"{ENDPOINTS[endpoint]}: fewer than {LEAST_PEOPLE} people or {LEAST_EVENTS} events with a time")
            continue
        part = people.take(people.abundance.index[rows])
        panels += _by_response(part, times, endpoint)
        panels += _by_measures(part, times, endpoint, measures, left)
        for name in _exposures(part, options):
            panels += exposure_panels(part, times, endpoint, name, options, measures, left)
        panels += _toxicity(part, times, endpoint, options, left)
    lead = (
        "Near-tied times are merged as R's survival does; every hazard ratio stands beside the test that "
        "it is constant "
        "in time. An association of an exposure is no effect of it: who is given antibiotics has an infection."
    )
    return Section("survival", "Survival and exposures", lead, panels, tuple(dict.fromkeys(left)))


def _times(people: Cohort, endpoint: str) -> tuple[np.ndarray, Times | None]:
    months, event = (people.survival[f"{endpoint}_{part}"].to_numpy(float) for part in ("months", "event"))
    rows = np.isfinite(months) & np.isfinite(event) & (months >= 0)
    if rows.sum() < LEAST_PEOPLE or event[rows].sum() < LEAST_EVENTS:
        return rows, None
    return rows, follow_up(months[rows], event[rows])


def _exposures(people: Cohort, options: Options) -> Iterator[str]:
    known = [name for name in EXPOSURES if name in people.clinical]
    yield from dict.fromkeys([*known, *options.exposures])


def _by_response(people: Cohort, times: Times, endpoint: str) -> list[Panel]:
    y = people.response.to_numpy(float)
    groups = {"responders": y == 1, "others": y == 0}
    if people.definition.endpoint in ("OS", "PFS") or min(m.sum() for m in groups.values()) < LEAST_EXPOSED:
        return []  # a response defined by survival would only show its own definition
    title = f"{ENDPOINTS[endpoint].capitalize()} by response"
    how = "Response takes time to be seen: responders must have lived to respond, so this is a check, not a finding."
    return [curves(f"{endpoint}_by_response", title, times, groups, medians(times, groups), how)]


def _by_measures(
    people: Cohort, times: Times, endpoint: str, measures: Mapping[str, pd.Series], left: list[str]
) -> list[Panel]:
    marks, rows = [], []
    strata = people.study.to_numpy() if several_studies(people) else None
    for name, values in measures.items():
        x = values.reindex(people.abundance.index).to_numpy(float)
        known = np.isfinite(x)
        if known.sum() < LEAST_PEOPLE or not x[known].std() > 0:
            continue
        z = (x[known] - x[known].mean()) / x[known].std()
        try:
            layers = None if strata is None else strata[known]
            fit = cox(times.take(known), pd.DataFrame({"z": z}), strata=layers)
        except NoFit as fault:
            left.append(f"{name} and {ENDPOINTS[endpoint]}: {fault}")
            continue
        r = fit.hazard_ratio("z")
        ph = fit.proportional_p("z")
        rows.append((name, r["hr"], r["low"], r["high"], r["p"], ph, fit.n, fit.events, fit.concordance))
        words = f"{ratio_words(r['hr'], r['low'], r['high'])}, PH {p_words(ph)}"
        marks.append(Mark(name, r["hr"], r["low"], r["high"], words))
    if not rows:
        return []
    columns = ["measure", "hr_per_sd", "low", "high", "p", "ph_p", "n", "events", "concordance"]
    table = pd.DataFrame(rows, columns=columns)
    clear = table[(table["low"] > 1) | (table["high"] < 1)]["measure"]
    what = f"{listed(clear)} go with {ENDPOINTS[endpoint]}" if len(clear) else "No measure's interval leaves 1"
    return [
        Panel(
            f"{endpoint}_by_measures",
            "forest",
            f"{ENDPOINTS[endpoint].capitalize()}: diversity and scores",
            f"Hazard ratio per standard deviation{' within studies' if strata is not None else ''}, "
            f"{len(times)} people.",
            f"{what}; {len(rows)} were looked at.",
            "Cox (Efron), one measure at a time, 95% interval; PH: test that the ratio is constant in time.",
            table,
            marks=marks,
            log=True,
            reference=1.0,
        )
    ]


def _toxicity(people: Cohort, times: Times, endpoint: str, options: Options, left: list[str]) -> list[Panel]:
    """Severe immune events and survival: only with the day they began."""
    if TOXICITY not in people.clinical:
        return []
    return begun(people, times, endpoint, TOXICITY, baseline(people, options), "severe immune events", left)
