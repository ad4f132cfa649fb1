"""One exposure and one time: curves, the association told several ways, landmark, mediation, the negative control."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from hepaxis import knowledge
from hepaxis.cohort.analysis.options import Options, baseline, flag, several_studies
from hepaxis.cohort.analysis.panels import Mark, Panel, listed, p_words, ratio_words
from hepaxis.cohort.analysis.survival_curves import curves, medians
from hepaxis.cohort.record import Cohort
from hepaxis.cohort.survival import Exposure, Times, exposure, landmark_analysis, mediation, negative_control

ENDPOINTS = {"os": "overall survival", "pfs": "progression-free survival"}
LEAST_EXPOSED = 5
LANDMARKS = (1.0, 3.0)  # months after the first dose
DAYS_PER_MONTH = 30.4375
RESAMPLES = 400
PUBLISHED_CONTROL = "pomej_2021_os"
NAMES = {"antibiotics": "antibiotics", "ppi": "proton-pump inhibitors", "steroids": "corticosteroids"}


def exposure_panels(
    people: Cohort,
    times: Times,
    endpoint: str,
    name: str,
    options: Options,
    measures: Mapping[str, pd.Series],
    left: list[str],
) -> list[Panel]:
    exposed = flag(people, name)
    known = exposed.notna().to_numpy()
    a = exposed.to_numpy(float)[known] == 1
    label = NAMES.get(name, name.replace("_", " "))
    if min(a.sum(), (~a).sum()) < LEAST_EXPOSED:
        left.append(f"{label}: {int(a.sum())} exposed and {int((~a).sum())} not exposed")
        return []
    part, kept = people.take(people.abundance.index[known]), times.take(known)
    adjust = baseline(part, options).drop(columns=[name], errors="ignore")
    strata = part.study.to_numpy() if several_studies(part) else None
    found = exposure(kept, a, adjust.reset_index(drop=True), name=label, outcome=ENDPOINTS[endpoint], strata=strata)
    left += found.left_out
    groups = {f"not exposed to {label}": ~a, f"exposed to {label}": a}
    id = f"{endpoint}_{name.split('=')[0]}"
    panels = [
        curves(
            f"{id}_curves",
            f"{ENDPOINTS[endpoint].capitalize()} and {label}",
            kept,
            groups,
            medians(kept, groups) + _log_rank(found),
            "Kaplan-Meier with 95% bands (log scale). Exposure as the table defines it.",
        )
    ]
    panels += _effects(found, id, label)
    panels += begun(part, kept, endpoint, name, adjust, label, left)
    panels += _mediated(part, kept, a, adjust, endpoint, label, measures, options, left)
    panels += _control(part, kept, a, adjust, endpoint, label, options, found, left)
    return panels


def _log_rank(found: Exposure) -> str:
    return "" if found.test is None else f" Log-rank {p_words(found.test.p)}."


def _effects(found: Exposure, id: str, label: str) -> list[Panel]:
    ratios = found.effects[found.effects["measure"] == "hazard ratio"]
    if ratios.empty or found.main is None:
        return []
    marks = [
        Mark(
            f"{row['model']}{'' if not row['note'] else ': ' + str(row['note'])}",
            float(row["estimate"]),
            float(row["low"]),
            float(row["high"]),
            f"{ratio_words(row['estimate'], row['low'], row['high'])}, PH {p_words(row['ph_p'])}",
            "main" if row["model"] == found.main["model"] else "other",
        )
        for _, row in ratios.iterrows()
    ]
    main = found.main
    finding = (
        f"{str(main['model']).capitalize()} hazard ratio {ratio_words(main['estimate'], main['low'], main['high'])}"
    )
    if found.proportional is False:
        mean = found.effects[found.effects["measure"] != "hazard ratio"].iloc[0]
        finding += (
            f", but it is not constant in time ({p_words(main['ph_p'])}): quote the restricted mean, "
            f"{mean['estimate']:+.1f} months ({mean['low']:+.1f} to {mean['high']:+.1f}, {mean['note']})"
        )
    how = "PH: test that the ratio is constant (Grambsch and Therneau)."
    if found.propensity is not None:
        worst = found.propensity.balance["after"].abs().max()
        how += (
            f" Weighting leaves a largest standardised difference of {worst:.2f} and the effective number of exposed "
            f"at {found.propensity.effective[0]:.0f}."
        )
    if found.e_value is not None:
        how += f" E-value: {found.e_value.sentence}."
    return [
        Panel(
            f"{id}_effects",
            "forest",
            f"{label.capitalize()}: one association, told several ways",
            f"Hazard ratio of {found.outcome}, exposed against not; {found.groups[1]} against {found.groups[0]}.",
            finding + ".",
            how,
            found.effects,
            marks=marks,
            log=True,
            reference=1.0,
        )
    ]


def begun(
    people: Cohort, times: Times, endpoint: str, name: str, adjust: pd.DataFrame, label: str, left: list[str]
) -> list[Panel]:
    """The readings of an exposure with a day; without one, that it cannot be told from immortal time."""
    column = f"{name.split('=')[0]}_day"
    if column not in people.clinical:
        left.append(f"{label}: no column {column}, so exposure before and after the start cannot be told apart")
        return []
    months = people.clinical[column].astype(float).to_numpy() / DAYS_PER_MONTH
    found = landmark_analysis(
        times, months, LANDMARKS, name=label, outcome=ENDPOINTS[endpoint], adjust=adjust.reset_index(drop=True)
    )
    left += found.left_out
    if found.table.empty:
        return []
    marks = [
        Mark(
            str(row["reading"]).replace("_", " ")
            + ("" if np.isnan(row["landmark"]) else f", {row['landmark']:g} months"),
            float(row["estimate"]),
            float(row["low"]),
            float(row["high"]),
            ratio_words(row["estimate"], row["low"], row["high"]),
            "quiet" if row["reading"] == "ever_never" else "main",
        )
        for _, row in found.table.iterrows()
    ]
    bias = found.immortal_time
    finding = "Ever against never cannot be compared with a time-varying reading here."
    if bias is not None:
        finding = f"Counting time before the exposure as exposed moves the hazard ratio by a factor of {bias:.2f}."
    return [
        Panel(
            f"{endpoint}_{name.split('=')[0]}_landmark",
            "forest",
            f"{label.capitalize()} that begin during follow-up",
            f"Hazard ratio of {ENDPOINTS[endpoint]}; landmark: those still followed at that month.",
            finding,
            "Ever-never carries immortal time and is shown for its bias only.",
            found.table,
            marks=marks,
            log=True,
            reference=1.0,
        )
    ]


def _mediated(
    people: Cohort,
    times: Times,
    exposed: np.ndarray,
    adjust: pd.DataFrame,
    endpoint: str,
    label: str,
    measures: Mapping[str, pd.Series],
    options: Options,
    left: list[str],
) -> list[Panel]:
    rows: list[tuple[Any, ...]] = []
    marks = []
    for name, values in measures.items():
        mediator = values.reindex(people.abundance.index).to_numpy(float)
        try:
            found = mediation(
                times,
                exposed,
                mediator,
                adjust.reset_index(drop=True),
                names=(label, name, ENDPOINTS[endpoint]),
                seed=options.seed,
                resamples=RESAMPLES,
            )
        except ValueError as fault:
            left.append(f"{label} through {name}: {fault}")
            continue
        share = found.table.loc["indirect"]
        rows += [(name, effect, *(float(v) for v in row), found.n) for effect, row in found.table.iterrows()]
        per = 100.0
        marks.append(
            Mark(
                name,
                per * float(share["estimate"]),
                per * float(share["low"]),
                per * float(share["high"]),
                f"{per * share['estimate']:+.2f} ({per * share['low']:+.2f} to {per * share['high']:+.2f})",
            )
        )
    if not rows:
        return []
    table = pd.DataFrame(rows, columns=["mediator", "effect", "estimate", "low", "high", "p", "n"])
    clear = [m.label for m in marks if m.low > 0 or m.high < 0]
    finding = (
        f"Part of it goes through {listed(clear)}" if clear else "None of the measures carries a part of it for sure"
    )
    if not any(row[1] == "total" and (row[3] > 0 or row[4] < 0) for row in rows):
        finding = "There is no clear effect to split: the interval of the total holds 0"
    return [
        Panel(
            f"{endpoint}_{label.replace(' ', '_')}_mediation",
            "forest",
            f"{label.capitalize()} through the microbiome",
            "Events per 100 person-months that go through each measure (additive hazards).",
            finding + ".",
            "Assumes no unrecorded common cause and an exposure before the sample; one cohort can test neither.",
            table,
            marks=marks,
            reference=0.0,
        )
    ]


def _control(
    people: Cohort,
    times: Times,
    exposed: np.ndarray,
    adjust: pd.DataFrame,
    endpoint: str,
    label: str,
    options: Options,
    found: Exposure,
    left: list[str],
) -> list[Panel]:
    """The cohort's own control therapy, or the published one."""
    if found.main is None:
        return []
    main = found.main
    marks = [_ratio_mark("this cohort", main)]
    if options.control:
        on_control = flag(people, options.control).to_numpy(float) == 1
        result = negative_control(
            times, exposed, on_control, adjust.reset_index(drop=True), name=label, outcome=ENDPOINTS[endpoint]
        )
        parts = (("under immunotherapy", result.treated), (f"under {options.control.split('=')[1]}", result.control))
        marks = [_ratio_mark(words, e.main) for words, e in parts if e.main is not None]
        left += [w for _, e in parts for w in e.left_out]
        finding = result.sentence[0].upper() + result.sentence[1:] + "."
        how = "What an exposure does without immunotherapy cannot be its effect on immunotherapy."
    elif label == "antibiotics" and endpoint == "os":
        row = knowledge.row("effects", PUBLISHED_CONTROL)
        value, low, high = (float(row[k]) for k in ("value", "low", "high"))  # type: ignore[arg-type]
        marks.append(Mark("sorafenib, published", value, low, high, ratio_words(value, low, high), "quiet"))
        finding = (
            "Without immunotherapy the association was as large: infection and frailty explain at least a part of it."
        )
        how = f"No control therapy is in this cohort; published: HCC on sorafenib, n {row['n']}, {row['source']}."
        how = how.replace("('", "").replace("')", "").replace("', '", "; ")
    else:
        return []
    table = pd.DataFrame(
        [(m.label, m.estimate, m.low, m.high) for m in marks], columns=["therapy", "hr", "low", "high"]
    )
    return [
        Panel(
            f"{endpoint}_{label.replace(' ', '_')}_control",
            "forest",
            f"{label.capitalize()} without immunotherapy: the negative control",
            f"Hazard ratio of {ENDPOINTS[endpoint]}, exposed against not.",
            finding,
            how,
            table,
            marks=marks,
            log=True,
            reference=1.0,
        )
    ]


def _ratio_mark(label: str, row: pd.Series) -> Mark:
    estimate, low, high = (float(row[name]) for name in ("estimate", "low", "high"))
    return Mark(label, estimate, low, high, ratio_words(estimate, low, high))
