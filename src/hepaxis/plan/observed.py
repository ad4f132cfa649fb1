"""What was measured on the patient beside what sets the virtual patients, and how likely each of them makes it.

Held: three kinds.  A marker of the sheet (``observations.csv``) and the setting that it hints at are normal scores with
a correlation; below the floor of its assay a marker is only known to be low.  The sum of target diameters on scans
after the first dose, against what the base regimen does to each virtual patient, with the error of reading (shared
baseline) and the model's own.  A later stool sample, against the simulated community of its day.
Assumed: markers are independent of each other given the settings; the guilds of a sample have independent errors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from hepaxis.patient import Patient, growth, target_lesions
from hepaxis.patient.later import LaterSample
from hepaxis.plan.settings import setting, table
from hepaxis.population import Run, Twin
from hepaxis.profile.guilds import GUILDS
from hepaxis.trial import course_of, hazard
from hepaxis.trial.course import at_days

SHARES = tuple(f"share_{guild}" for guild in GUILDS)
EVEN = 1e-9  # spread of scores below which a setting is the same in everyone


@dataclass(frozen=True)
class Observation:
    """One measurement.

    kind            marker, scan or sample
    log_likelihood  (V,) of each virtual patient
    value           what was measured, on the scale of ``replicates``
    replicates      (V,) the same as each virtual patient would show it, error included
    """

    id: str
    label: str
    kind: str
    shown: str
    day: float | None
    log_likelihood: np.ndarray
    value: float
    replicates: np.ndarray


def markers(patient: Patient, twin: Twin, seed: int) -> list[Observation]:
    """Markers of the sheet; one whose setting is known otherwise says nothing more."""
    found = []
    for place, row in enumerate(table("observations.csv")):
        value = patient.value(row["field"])
        if value is None or row["input"] not in twin.hosts.inputs or _known(row["input"], patient, twin):
            continue
        setting_values = twin.hosts.inputs[row["input"]].to_numpy(float)
        if float(np.std(setting_values)) < EVEN:
            continue
        rho, floor = float(row["correlation"]), float(row["floor"])
        score = special.ndtri((stats.rankdata(setting_values) - 0.5) / len(setting_values))[twin.host]
        mine = _score(max(float(value), floor), row)
        left = math.sqrt(1.0 - rho**2)
        if value <= floor:
            likely = stats.norm.logcdf((mine - rho * score) / left)
        else:
            likely = stats.norm.logpdf((mine - rho * score) / left)
        noise = np.random.default_rng([seed, 61, place]).standard_normal(len(score))
        drawn = np.maximum(rho * score + left * noise, _score(floor, row))
        unit = "" if row["unit"] == "1" else f" {row['unit']}"
        found.append(Observation(row["id"], row["label"], "marker", f"{value:g}{unit}", None, likely, mine, drawn))
    return found


def _known(name: str, patient: Patient, twin: Twin) -> bool:
    if name == "tumour.growth":
        return growth(patient) is not None
    return name in twin.hosts.known and twin.hosts.known[name] == "sheet"


def _score(value: float, row: dict[str, str]) -> float:
    return (math.log(value) - math.log(float(row["median"]))) / float(row["sd_log"])


@dataclass(frozen=True)
class Scanned:
    """Sums of target diameters after the first dose: ``days`` and ratios to the same lesions at baseline (k,)."""

    days: np.ndarray
    ratio: np.ndarray


def scans_after(patient: Patient, first: float = 0.0) -> Scanned:
    """Days after ``first`` on which every target lesion with a baseline was measured."""
    targets = [lesion for lesion in target_lesions(patient)[0] if lesion.diameter]
    seen = [{s.day: s.diameter for s in one.scans if s.day is not None and s.diameter is not None} for one in targets]
    days = sorted({day for one in seen for day in one if day > first and all(day in other for other in seen)})
    baseline = sum(float(one.diameter or 0.0) for one in targets)
    gone = hazard("disappearance_mm")
    sums = [sum(max(one[day], gone) for one in seen) for day in days]
    return Scanned(np.array(days), np.array(sums) / baseline if days else np.array([]))


def scans(scanned: Scanned, twin: Twin, run: Run, seed: int) -> list[Observation]:
    """Scans within the run's days, each with what is left of its likelihood given the ones before it."""
    within = scanned.days <= run.days[-1]
    days, ratio = scanned.days[within], scanned.ratio[within]
    if not len(days):
        return []
    course = course_of(run, twin)
    spread = None if course.spread is None else at_days(course.spread, course.days, days)
    mm = course.diameter_sum[:, None] * course.relative(at_days(course.volume, course.days, days), spread)
    least = hazard("disappearance_mm") / course.diameter_sum[:, None]
    true = np.log(np.maximum(mm / course.diameter_sum[:, None], least))
    covariance = scan_covariance(len(days))
    residual = np.log(ratio) - true
    noise = np.random.default_rng([seed, 62]).standard_normal(true.shape) @ np.linalg.cholesky(covariance).T
    found, before = [], np.zeros(len(true))
    for k, day in enumerate(days):
        upto = stats.multivariate_normal(np.zeros(k + 1), covariance[: k + 1, : k + 1]).logpdf(residual[:, : k + 1])
        upto = np.where(run.failed, -np.inf, np.reshape(upto, len(true)))
        step = np.where(run.failed, -np.inf, upto - before)
        before = np.where(run.failed, 0.0, upto)
        found.append(
            Observation(
                f"scan_{day:g}",
                f"Sum of target diameters, day {day:g}",
                "scan",
                f"{100 * (ratio[k] - 1):+.0f}%".replace("-", "\u2212"),
                float(day),
                step,
                float(np.log(ratio[k])),
                true[:, k] + noise[:, k],
            )
        )
    return found


def scan_covariance(n: int) -> np.ndarray:
    """(n, n) of log ratios of n scans to one baseline: each scan's own error, the baseline's and the model's."""
    reading, own = hazard("measurement_error") ** 2, setting("scan_discrepancy") ** 2
    covariance: np.ndarray = reading * np.eye(n) + (reading + own) * np.ones((n, n))
    return covariance


def samples(later: Sequence[LaterSample], shares: Sequence[np.ndarray], twin: Twin, run: Run) -> list[Observation]:
    """Later stool samples (guild shares (12,) each), within the run's days, which must have observed ``SHARES``."""
    found = []
    for one, measured in zip(later, shares, strict=True):
        if not 0 <= one.day <= run.days[-1]:
            continue
        day = np.array([one.day])
        predicted = np.column_stack([at_days(run.values[name], run.days, day)[:, 0] for name in SHARES])
        gap = _centred(predicted) - _centred(measured[None, :])
        sd = setting("sample_sd_log")
        distance = (gap**2).sum(axis=1) / sd**2
        likely = np.where(np.isfinite(distance), -0.5 * distance, -np.inf)
        typical = stats.chi2.rvs(len(GUILDS) - 1, size=len(gap), random_state=int(one.day) + 7)
        shown = f"{100 * np.abs(_closed(predicted) - measured).mean():.1f} points a guild apart"
        mine = float(np.nanmedian(distance))
        found.append(
            Observation(
                f"sample_{one.day:g}",
                f"Stool sample, day {one.day:g}",
                "sample",
                shown,
                one.day,
                likely,
                mine,
                typical,
            )
        )
    return found


def _closed(shares: np.ndarray) -> np.ndarray:
    closed: np.ndarray = shares / shares.sum(axis=1, keepdims=True)
    return closed


def _centred(shares: np.ndarray) -> np.ndarray:
    logs = np.log(np.maximum(_closed(shares), setting("sample_floor")))
    centred: np.ndarray = logs - logs.mean(axis=1, keepdims=True)
    return centred
