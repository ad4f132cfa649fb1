"""Published arms simulated anew, each figure beside the published one, its interval and the null predictors.

Held: patients come in batches, one draw of the calibrated values a batch, so that a figure is a mean over the posterior
and its interval holds what the trials leave open, the spread between trials or the misfit of the fitted arms
(``spread``) and the counting error of a trial of that size.  Rows marked ``fit`` were fitted, rows marked ``validate``
never; ``predict`` rows are shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from hepaxis import knowledge
from hepaxis.trial.arm_outcomes import curve, followed, simulated
from hepaxis.trial.arm_run import arm_prior, given
from hepaxis.trial.cohorts import cohorts
from hepaxis.trial.from_run import OBSERVE, course_of
from hepaxis.trial.nulls import NULLS, null_predictions
from hepaxis.trial.parameters import hazards_as
from hepaxis.trial.posterior import Moved, posterior_draws
from hepaxis.trial.published_arms import PublishedArm, published_arm
from hepaxis.trial.published_outcomes import Target, arcsine, targets
from hepaxis.trial.schedule import DAYS_PER_MONTH
from hepaxis.trial.spread import predictive_sd
from hepaxis.trial.survival import Curve

HORIZON = 1100.0  # days: three years
USES = ("fit", "validate", "predict")
LEVEL = 0.9
Z = float(stats.norm.ppf(0.5 + LEVEL / 2))
SHARES = {"orr": "orr_recist_pct", "cr": "cr_pct", "dcr": "dcr_pct", "pd": "pd_pct"}
MONTHS = {"pfs": "pfs_med_mo", "os": "os_med_mo"}


@dataclass(frozen=True)
class Followed:
    """Patients of an arm by draw of the calibrated values: endpoint tables."""

    arm: PublishedArm
    tables: tuple[pd.DataFrame, ...]

    @property
    def whole(self) -> pd.DataFrame:
        return pd.concat(self.tables, ignore_index=True)


def reproduce(
    patients: int,
    draws: int,
    seed: int,
    *,
    uses: Iterable[str] = USES,
    say: Callable[[str], None] = lambda text: None,
) -> list[dict[str, Any]]:
    """One record an arm: published, simulated with interval, inside or not, nulls.

    patients an arm over all draws; ``say`` is told of progress.
    """
    wanted = set(uses)
    arms = [published_arm(str(row["id"])) for row in knowledge.records("trials") if row["use"] in wanted]
    tables: dict[str, list[pd.DataFrame]] = {arm.id: [] for arm in arms}
    each = -(-patients // draws)
    for place, moved in enumerate(posterior_draws(draws, seed)):
        _batch(arms, each, moved, seed + place, tables)
        say(f"draw {place + 1} of {draws}")
    return [_record(Followed(arm, tuple(tables[arm.id]))) for arm in arms]


def _batch(arms: list[PublishedArm], n: int, moved: Moved, seed: int, tables: dict[str, list[pd.DataFrame]]) -> None:
    """Follow n patients of every arm; arms of one population share patients, arms of one treatment their courses."""
    by_people: dict[Any, list[PublishedArm]] = {}
    for arm in arms:
        by_people.setdefault((arm.population, arm.region, arm.child_pugh), []).append(arm)
    with hazards_as(moved.hazards()):
        for same in by_people.values():
            parts: dict[str, list[pd.DataFrame]] = {arm.id: [] for arm in same}
            for cohort in cohorts(arm_prior(same[0]), n, seed, moved=moved):
                courses: dict[Any, Any] = {}
                for arm in same:
                    if arm.treatments not in courses:
                        run = given(arm, cohort, HORIZON, seed, OBSERVE, moved)
                        fine = np.flatnonzero(~run.failed)
                        courses[arm.treatments] = (
                            course_of(run, cohort.twin).take(fine),
                            cohort.population.patients[fine],
                        )
                    course, numbers = courses[arm.treatments]
                    parts[arm.id].append(followed(course, arm, numbers, replicates=1, seed=seed))
            for arm in same:
                tables[arm.id].append(pd.concat(parts[arm.id], ignore_index=True))


def _record(got: Followed) -> dict[str, Any]:
    arm = got.arm
    row = knowledge.row("trials", arm.id)
    record: dict[str, Any] = {
        "id": arm.id, "label": arm.label, "use": arm.use, "n": arm.n, "simulated": len(got.whole),
        "unverified": arm.unverified, "outcomes": {},
    }  # fmt: skip
    for outcome, column in SHARES.items():
        record["outcomes"][outcome] = _share(got, outcome, column, _number(row[column]))
    for outcome, column in MONTHS.items():
        record["outcomes"][outcome] = _months(got, outcome, column, _number(row[column]))
    for target in targets(row):
        if target.outcome == "os" and target.value != 0.5:
            record["outcomes"][f"os{target.month:g}"] = _landmark(got, target)
    return record


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _spread(got: Followed, read: Callable[[pd.DataFrame], float], outcome: str) -> float:
    """sd on the arcsine scale of what a trial of the arm's size would find around the simulated mean."""
    each = np.array([float(arcsine(read(table))) for table in got.tables])
    chance = np.mean([0.25 / len(table) for table in got.tables])
    drawn = max(float(each.var(ddof=1)) - float(chance), 0.0) if len(each) > 1 else 0.0
    return float(np.sqrt(drawn + 0.25 / got.arm.n + predictive_sd(outcome) ** 2))


def _limits(share: float, sd: float) -> tuple[float, float]:
    centre = float(arcsine(share))
    return _unarcsine(centre - Z * sd), _unarcsine(centre + Z * sd)


def _unarcsine(angle: float) -> float:
    return float(np.sin(np.clip(angle, 0.0, np.pi / 2)) ** 2)


def _share(got: Followed, outcome: str, column: str, published: float | None) -> dict[str, Any]:
    target = Target(got.arm.id, outcome, None, 0.0, got.arm.n, 0.0)

    def read(table: pd.DataFrame) -> float:
        return float(simulated(table, got.arm, [target])[0])

    mean = read(got.whole)
    low, high = _limits(mean, _spread(got, read, outcome))
    found: dict[str, Any] = {"simulated": 100 * mean, "low": 100 * low, "high": 100 * high, "published": published}
    if published is not None:
        found |= {"covered": bool(100 * low <= published <= 100 * high), "nulls": null_predictions(got.arm, column)}
        if outcome == "orr":
            found |= _against_interval(got.arm, 100 * mean, float(published))
    return found


def _against_interval(arm: PublishedArm, simulated_pct: float, published: float) -> dict[str, Any]:
    """Inside the printed 95% interval, or the exact one at the trial's n where it is not printed."""
    row = knowledge.row("trials", arm.id)
    printed = (_number(row["orr_recist_low"]), _number(row["orr_recist_high"]))
    low, high = printed if None not in printed else exact_limits(published, arm.n)
    nulls = null_predictions(arm, "orr_recist_pct")
    return {
        "published_low": low,
        "published_high": high,
        "inside": _within(low, simulated_pct, high),
        "nulls_inside": {name: None if v is None else _within(low, v, high) for name, v in nulls.items()},
    }


def _within(low: float | None, value: float, high: float | None) -> bool:
    return (low is None or low <= value) and (high is None or value <= high)


def exact_limits(percent: float, n: int) -> tuple[float, float]:
    """95% Clopper-Pearson limits of a published percentage."""
    k = round(percent * n / 100)
    low = stats.beta.ppf(0.025, k, n - k + 1) if k else 0.0
    high = stats.beta.ppf(0.975, k + 1, n - k) if k < n else 1.0
    return 100 * float(low), 100 * float(high)


def _months(got: Followed, outcome: str, column: str, published: float | None) -> dict[str, Any]:
    """Median in months; None where the curve does not fall so far within the simulated time."""
    whole = curve(got.whole, outcome)
    when = min(whole.median(), HORIZON)
    sd = _spread(got, lambda table: float(curve(table, outcome).at(when)), outcome)
    high_share, low_share = (_unarcsine(np.pi / 4 + s * Z * sd) for s in (1, -1))
    found: dict[str, Any] = {
        "simulated": _reached(whole.median()),
        "low": _reached(_crossing(whole, high_share)),
        "high": _reached(_crossing(whole, low_share)),
        "published": published,
    }
    if published is not None:
        nulls = null_predictions(got.arm, column)
        found |= {
            "covered": _within(found["low"], published, found["high"]),
            "log_error": abs(float(np.log(when / DAYS_PER_MONTH / published))),
            "nulls": nulls,
            "null_log_errors": {
                name: None if v is None else abs(float(np.log(v / published))) for name, v in nulls.items()
            },
        }
    return found


def _reached(day: float) -> float | None:
    return float(day) / DAYS_PER_MONTH if np.isfinite(day) else None


def _crossing(whole: Curve, share: float) -> float:
    """Day at which a curve falls to a share; inf where it does not within the simulated time."""
    days = np.arange(0.0, HORIZON + 1.0)
    below = np.asarray(whole.at(days)) <= share
    return float(days[below.argmax()]) if below.any() else float("inf")


def _landmark(got: Followed, target: Target) -> dict[str, Any]:
    def read(table: pd.DataFrame) -> float:
        return float(simulated(table, got.arm, [target])[0])

    mean = read(got.whole)
    low, high = _limits(mean, _spread(got, read, "os"))
    return {
        "simulated": 100 * mean, "low": 100 * low, "high": 100 * high, "published": 100 * target.value,
        "covered": bool(low <= target.value <= high),
    }  # fmt: skip


def score(records: list[dict[str, Any]], use: str) -> dict[str, Any]:
    """Bars of one use: responses inside, mean log errors beside the nulls', coverage of the 90% intervals."""
    mine = [record for record in records if record["use"] == use]
    orr = [record["outcomes"]["orr"] for record in mine if record["outcomes"]["orr"]["published"] is not None]
    every = [o for record in mine for o in record["outcomes"].values() if o["published"] is not None]
    found: dict[str, Any] = {
        "arms": len(mine),
        "response": {"of": len(orr), "inside": sum(o["inside"] for o in orr)}
        | {f"null_{name}": sum(bool(o["nulls_inside"][name]) for o in orr) for name in NULLS},
        "coverage": {"of": len(every), "covered": sum(o["covered"] for o in every)},
    }  # fmt: skip
    for outcome in MONTHS:
        there = [r["outcomes"][outcome] for r in mine if r["outcomes"][outcome]["published"] is not None]
        nulls = {name: float(np.mean([o["null_log_errors"][name] for o in there])) for name in NULLS if there}
        found[outcome] = {
            "of": len(there), "log_error": float(np.mean([o["log_error"] for o in there])) if there else None,
            "nulls": nulls, "best_null": min(nulls.values()) if nulls else None,
        }  # fmt: skip
    return found
