"""What observational cohorts find when the gut does nothing, and what the mechanism alone would give.

Held: each cohort of a design is drawn from a pool of simulated patients with a new draw of who is exposed; its hazard
ratio is Cox's, of exposure alone (crude) or beside what the published cohort adjusted for.  Exposure is counted as a
cohort does (a course that begins before death: immortal time, since who dies early cannot be exposed) or as it was
going to be (no immortal time).  With the gates off any association is confounding or chance.
Assumed: an infection that calls for an antibiotic and itself kills is not in the model; it is added as a share of the
exposed who die of it within ``ILLNESS_DAYS`` of the course, at several sizes, to say how large it would have to be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hepaxis.trial.confounding_designs import CohortDesign, Published
from hepaxis.trial.confounding_pools import PoolRun, expected_score, indicated
from hepaxis.trial.cox import log_hazard_ratios
from hepaxis.trial.recist import Response

LOGS = ("afp", "crp", "diameter_sum")  # features that enter a Cox model as logarithms
FLOOR = 1e-3
Z = 1.96
LEAST_EXPOSED = 5
LEAST_EVENTS = 3  # among the exposed; with fewer a cohort reports no ratio
ILLNESS_DAYS = 90.0
ILLNESS = (0.05, 0.10, 0.20, 0.40)
STRENGTHS = (2.0, 2.5)  # factors on the correlations of exposure, most of which are assumed
#: Bar of the issue on the antibiotic's hazard ratio by mechanism alone.
BAR = (0.9, 1.5)
Json = dict[str, Any]


@dataclass(frozen=True)
class Manner:
    """How a cohort is made and read.

    adjusted    beside the design's features, or crude
    immortal    exposure counts once the course has begun, or by who was going to have one
    strength    factor on the correlations of the exposure (0: none)
    illness     share of the exposed who die of what they took it for
    """

    adjusted: bool = False
    immortal: bool = True
    strength: float = 1.0
    illness: float = 0.0


def cohort_ratios(
    run: PoolRun, design: CohortDesign, outcome: str, manner: Manner, cohorts: int, seed: int = 1
) -> np.ndarray:
    """Log hazard ratio and standard error (cohorts, 2) of ``cohorts`` cohorts; NaN where one finds none.

    outcome: os or pfs.
    """
    found = np.full((cohorts, 2), np.nan)
    for k in range(cohorts):
        rng = np.random.default_rng((seed, k))
        who, begins = indicated(run, design, k, manner.strength)
        rows = (
            _ill(run.seen(who), who, begins, manner.illness, rng)
            if design.exposure == "antibiotic"
            else (run.untreated)
        )
        counted = who & (begins <= rows["os_day"].to_numpy(float)) if manner.immortal else who
        if counted.sum() < LEAST_EXPOSED or (~counted).sum() < LEAST_EXPOSED:
            continue
        taken = np.concatenate([
            rng.choice(np.flatnonzero(counted), design.exposed_n),
            rng.choice(np.flatnonzero(~counted), design.n - design.exposed_n),
        ])  # fmt: skip
        got = _ratio(run, rows, counted, taken, outcome, design.adjusted if manner.adjusted else ())
        if got is not None:
            found[k] = got
    return found


def _ratio(
    run: PoolRun, rows: pd.DataFrame, exposed: np.ndarray, taken: np.ndarray, outcome: str, adjusted: tuple[str, ...]
) -> tuple[float, float] | None:
    day = np.maximum(rows[f"{outcome}_day"].to_numpy(float)[taken], FLOOR)
    event = rows[f"{outcome}_event"].to_numpy(bool)[taken]
    side = exposed[taken]
    if min(int(event[side].sum()), int(event[~side].sum())) < LEAST_EVENTS:
        return None
    columns = [side.astype(float)]
    for name in adjusted:
        values = run.untreated[name].to_numpy(float)[taken]
        values = np.log(np.maximum(values, FLOOR)) if name in LOGS else values
        if np.ptp(values) > 0:
            columns.append(values)
    got = log_hazard_ratios(day, event, np.stack(columns, axis=1))
    return None if got is None else (float(got[0][0]), float(got[1][0]))


def _ill(
    rows: pd.DataFrame, who: np.ndarray, begins: np.ndarray, share: float, rng: np.random.Generator
) -> pd.DataFrame:
    """Outcomes where a share of the exposed die of their infection in the weeks from the course (or the first dose)."""
    if share <= 0:
        return rows
    hit = who & (rng.random(len(rows)) < share)
    dies = np.where(hit, np.maximum(begins, 0.0) + ILLNESS_DAYS * rng.random(len(rows)), np.inf)
    changed = {}
    for outcome in ("os", "pfs"):
        day = rows[f"{outcome}_day"].to_numpy(float)
        changed[f"{outcome}_day"] = np.minimum(day, dies)
        changed[f"{outcome}_event"] = rows[f"{outcome}_event"].to_numpy(bool) | (dies < day)
    return rows.assign(**changed)


def summarised(ratios: np.ndarray, published: Published | None) -> Json:
    """Median and 90% of the hazard ratios cohorts find, and how often they find harm, benefit, or the published."""
    known = ratios[np.isfinite(ratios[:, 0])]
    if not len(known):
        return {"cohorts": 0}
    low, median, high = np.exp(np.quantile(known[:, 0], (0.05, 0.5, 0.95)))
    z = known[:, 0] / known[:, 1]
    found: Json = {
        "cohorts": len(known),
        "median": _rounded(median),
        "low": _rounded(low),
        "high": _rounded(high),
        "below_1": _rounded((known[:, 0] < 0).mean()),
        "significant_harm": _rounded((z > Z).mean()),
        "significant_benefit": _rounded((z < -Z).mean()),
    }
    if published is not None:
        at = np.log(published.value)
        beyond = known[:, 0] >= at if at >= 0 else known[:, 0] <= at
        found["as_far_as_published"] = _rounded(beyond.mean())
    return found


def cohort_record(
    design: CohortDesign, off: PoolRun, on: PoolRun | None, cohorts: int, seed: int = 1
) -> tuple[Json, dict[str, np.ndarray]]:
    """One design's record (docs/confounding.md) and its crude ratios with the gates off, by outcome."""
    record: Json = {
        "id": design.id,
        "label": design.label,
        "pool": design.pool,
        "exposure": design.exposure,
        "n": design.n,
        "exposed_n": design.exposed_n,
        "window": list(design.window),
        "adjusted_for": list(design.adjusted),
        "direction": design.direction,
        "source": design.source,
        "assumed": design.assumed,
        "note": design.note,
    }
    kept: dict[str, np.ndarray] = {}
    for outcome, published in (("os", design.os), ("pfs", design.pfs)):

        def told(
            run: PoolRun, manner: Manner, outcome: str = outcome, published: Published | None = published
        ) -> tuple[Json, np.ndarray]:
            ratios = cohort_ratios(run, design, outcome, manner, cohorts, seed)
            return summarised(ratios, published), ratios

        crude, kept[outcome] = told(off, Manner())
        record[outcome] = {
            "published": None if published is None else vars(published),
            "pool_error": pool_error(off, design, outcome),
            "chance": told(off, Manner(strength=0.0, immortal=False))[0],
            "crude": crude,
            "adjusted": told(off, Manner(adjusted=True))[0],
            "crude_no_immortal": told(off, Manner(immortal=False))[0],
            "adjusted_no_immortal": told(off, Manner(adjusted=True, immortal=False))[0],
            "gates_on": None if on is None else told(on, Manner())[0],
        }
        if design.exposure == "antibiotic" and outcome == "os":
            record[outcome]["strength"] = [{"factor": k, **told(off, Manner(strength=k))[0]} for k in STRENGTHS]
            steps = [(share, told(off, Manner(illness=share))[0]) for share in ILLNESS]
            record[outcome]["illness"] = [{"deaths": share, **found} for share, found in steps]
            record[outcome]["illness_needed"] = _needed(published, [(0.0, crude), *steps])
    return record, kept


def pool_error(run: PoolRun, design: CohortDesign, outcome: str) -> float | None:
    """Factor by which a finite pool may misplace every confounded ratio of a design (one standard error).

    Exposure is drawn anew for each cohort but the patients are the pool's: how their known part of the score goes with
    the outcome has an error of its own, which the gap between exposed and not carries into the ratio.
    """
    known, _ = expected_score(run, design.exposure)
    day = np.maximum(run.untreated[f"{outcome}_day"].to_numpy(float), FLOOR)
    got = log_hazard_ratios(day, run.untreated[f"{outcome}_event"].to_numpy(bool), known[:, None])
    if got is None:
        return None
    drawn = [indicated(run, design, k)[0] for k in range(20)]
    gap = float(np.mean([known[who].mean() - known[~who].mean() for who in drawn]))
    return _rounded(np.exp(got[1][0] * gap))


def _needed(published: Published | None, steps: list[tuple[float, Json]]) -> float | None:
    """Share dying of the infection at which the median cohort finds the published harm; None: none, or beyond all."""
    if published is None or published.value <= 1.0 or any("median" not in found for _, found in steps):
        return None
    medians = np.maximum.accumulate([found["median"] for _, found in steps])
    if published.value <= medians[0]:
        return 0.0
    if published.value > medians[-1]:
        return None
    return _rounded(float(np.interp(np.log(published.value), np.log(medians), [share for share, _ in steps])))


def paradox(crude: dict[str, dict[str, np.ndarray]], rounds: int = 2000, seed: int = 1) -> Json:
    """How often a literature of one cohort a design, gates off, holds harm with p < 0.05 and a ratio below 1 at once.

    crude: cohort -> outcome -> ratios (k, 2).  OS and PFS of one cohort are drawn together.
    """
    rng = np.random.default_rng(seed)
    harm, below = np.zeros((2, rounds), bool)
    for found in crude.values():
        picked = rng.integers(0, len(found["os"]), rounds)
        for ratios in found.values():
            log, error = ratios[picked].T
            with np.errstate(invalid="ignore"):
                harm |= log / error > Z
                below |= log < 0
    return {
        "cohorts": list(crude),
        "harm_somewhere": _rounded(harm.mean()),
        "below_1_somewhere": _rounded(below.mean()),
        "both": _rounded((harm & below).mean()),
    }


def mechanism(run: PoolRun, boots: int = 200, seed: int = 1) -> list[Json]:
    """The antibiotic's effect by mechanism alone: the same patients with and without it, by when the course began.

    Intervals (90%) resample draws of the mechanisms, each with all its patients.
    """
    begins = uniform_starts(run)
    rows = []
    for label, inside in (("any day", np.ones(len(run), bool)), ("before", begins < 0), ("after", begins >= 0)):
        for outcome in ("os", "pfs"):
            value = _between(run, outcome, np.flatnonzero(inside))
            found = _booted(run, outcome, np.flatnonzero(inside), boots, seed)
            rows.append({
                "course": label,
                "outcome": outcome,
                "hazard_ratio": None if value is None else _rounded(np.exp(value)),
                "low": _rounded(np.exp(found[0])),
                "high": _rounded(np.exp(found[1])),
                "inside_bar": value is not None and bool(BAR[0] <= np.exp(value) <= BAR[1]),
            })  # fmt: skip
        response = [responds(one)[inside].mean() for one in (run.treated, run.untreated)]
        rows.append(
            {"course": label, "outcome": "response", "with": _rounded(response[0]), "without": _rounded(response[1])}
        )
    return rows


def uniform_starts(run: PoolRun) -> np.ndarray:
    """Day (n,) each patient's simulated course begins."""
    from hepaxis.population import draw_candidates
    from hepaxis.trial.confounding_pools import prior_of

    patients = run.untreated["patient"].to_numpy()
    drawn = draw_candidates(prior_of(run.pool, 1.0), 0, int(patients[-1]) + 1, run.seed)
    starts = drawn.covariates["antibiotic_start"].to_numpy(float)
    found: np.ndarray = starts[np.searchsorted(drawn.patients, patients)]
    return found


def responds(rows: pd.DataFrame) -> np.ndarray:
    """Whether each patient responds (n,) bool."""
    found: np.ndarray = rows["best"].isin([Response.CR.value, Response.PR.value]).to_numpy()
    return found


def _between(run: PoolRun, outcome: str, at: np.ndarray) -> float | None:
    both = [run.treated, run.untreated]
    day = np.concatenate([one[f"{outcome}_day"].to_numpy(float)[at] for one in both])
    event = np.concatenate([one[f"{outcome}_event"].to_numpy(bool)[at] for one in both])
    side = np.repeat([1.0, 0.0], len(at))
    got = log_hazard_ratios(np.maximum(day, FLOOR), event, side[:, None])
    return None if got is None else float(got[0][0])


def _booted(run: PoolRun, outcome: str, at: np.ndarray, boots: int, seed: int) -> tuple[float, float]:
    rng = np.random.default_rng(seed)
    draw = run.untreated["draw"].to_numpy()[at]
    groups = [at[draw == one] for one in np.unique(draw)]
    values = []
    for _ in range(boots):
        got = _between(run, outcome, np.concatenate([groups[k] for k in rng.integers(0, len(groups), len(groups))]))
        if got is not None:
            values.append(got)
    low, high = np.quantile(values, (0.05, 0.95)) if values else (np.nan, np.nan)
    return float(low), float(high)


def _rounded(value: float) -> float | None:
    return round(float(value), 3) if np.isfinite(value) else None
