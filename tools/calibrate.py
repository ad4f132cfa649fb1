"""Calibrates the immune core and the trial hazards to the arms marked `fit`, and never to another row.

Run by hand when the model or its population changes: writes src/hepaxis/trial/calibration.json (factors, covariance,
every target beside what was reached) and, with `--apply`, the moved values into the tables they stand in.
Gauss-Newton on log factors with the priors of trial/calibrated.csv; the same patients and the same chances at every
step.  Gates are drawn from their priors, never fitted: trial arms hold no stool data.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hepaxis import axis, knowledge
from hepaxis.therapy import drug, regimen, regimen_ids
from hepaxis.trial import published_arm
from hepaxis.trial.arm_outcomes import followed, simulated
from hepaxis.trial.arm_run import arm_prior, given
from hepaxis.trial.cohorts import Cohort, cohorts
from hepaxis.trial.course import Course
from hepaxis.trial.from_run import OBSERVE, course_of
from hepaxis.trial.parameters import hazards_as
from hepaxis.trial.posterior import FILE, SHARES, Free, Moved, free_values
from hepaxis.trial.published_arms import PublishedArm
from hepaxis.trial.published_outcomes import Target, arcsine, fit_targets

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "hepaxis"
HORIZON = 735.0  # days: two years and the last landmark
STEP = 0.2  # log factor of a finite difference
FURTHEST = 0.5  # of a step on the log, so that the linear picture holds
REPLICATES = 6
TABLES = {
    "infiltration": ("axis/heterogeneity.csv", "infiltration"),
    "doubling_time": ("axis/heterogeneity.csv", "doubling time"),
    "kill_max": ("axis/modules/58_killing.csv", "kill_max"),
    "growth_vegf": ("axis/modules/60_tumour.csv", "growth_vegf"),
    "compensation_rate": ("axis/modules/57_checkpoints.csv", "compensation_rate"),
    "memory_recall": ("axis/modules/59_memory.csv", "memory_cd8_recall"),
    "priming_ctla4": ("axis/modules/55_cd8.csv", "priming_ctla4"),
    "sorafenib": ("knowledge/tables/drugs.csv", "sorafenib.kill"),
    "lenvatinib": ("knowledge/tables/drugs.csv", "lenvatinib.kill"),
}
ALSO = {"infiltration": (("axis/modules/55_cd8.csv", "host_infiltration"),)}  # the same value, where it stands twice


@dataclass
class Fit:
    """Patients and targets; courses are kept for as long as nothing that moves them has changed."""

    targets: tuple[Target, ...]
    n: int
    seed: int

    def __post_init__(self) -> None:
        self.arms = {id: published_arm(id) for id in dict.fromkeys(target.arm for target in self.targets)}
        self._people: dict[tuple[Any, ...], list[Cohort]] = {}
        self._courses: dict[tuple[Any, ...], tuple[list[Course], np.ndarray]] = {}

    def reached(self, moved: Moved) -> np.ndarray:
        """(targets,) shares 0-1 at these factors."""
        found = np.empty(len(self.targets))
        with hazards_as(moved.hazards()):
            for id, arm in self.arms.items():
                rows = [k for k, target in enumerate(self.targets) if target.arm == id]
                table = self._followed(arm, moved)
                found[rows] = simulated(table, arm, [self.targets[k] for k in rows])
        return found

    def residuals(self, moved: Moved) -> np.ndarray:
        """(targets,) published less simulated, in standard deviations."""
        published = np.array([target.value for target in self.targets])
        sd = np.array([target.sd for target in self.targets])
        return (arcsine(published) - arcsine(self.reached(moved))) / sd

    def _followed(self, arm: PublishedArm, moved: Moved) -> pd.DataFrame:
        courses, patients = self._course(arm, moved)
        cuts = np.cumsum([len(course.volume) for course in courses])[:-1]
        return pd.concat(
            [
                followed(course, arm, own, replicates=REPLICATES, seed=self.seed)
                for course, own in zip(courses, np.split(patients, cuts), strict=True)
            ],
            ignore_index=True,
        )

    def _course(self, arm: PublishedArm, moved: Moved) -> tuple[list[Course], np.ndarray]:
        acting = {one.name: moved.factors.get(one.name, 1.0) for one in free_values() if _acts(one, arm)}
        key = (*_who(arm), arm.treatments, tuple(acting.items()))
        if key not in self._courses:
            courses, patients = [], []
            for cohort in self._cohorts(arm, moved):
                run = given(arm, cohort, HORIZON, self.seed, OBSERVE, moved)
                fine = np.flatnonzero(~run.failed)
                courses.append(course_of(run, cohort.twin).take(fine))
                patients.append(cohort.population.patients[fine])
            self._courses[key] = (courses, np.concatenate(patients))
        return self._courses[key]

    def _cohorts(self, arm: PublishedArm, moved: Moved) -> list[Cohort]:
        acting = {one.name: moved.factors.get(one.name, 1.0) for one in free_values() if one.kind in ("input", "model")}
        key = (*_who(arm), tuple(acting.items()))
        if key not in self._people:
            self._people[key] = list(cohorts(arm_prior(arm), self.n, self.seed, moved=moved))
        return self._people[key]

    def forget(self) -> None:
        """Drop what is kept, before the factors move on."""
        self._people.clear()
        self._courses.clear()


def _acts(one: Free, arm: PublishedArm) -> bool:
    """Whether a value can move an arm's courses."""
    ids = [component for _, components in arm.treatments for component in components]
    if one.kind == "drug":
        return bool(set(one.components) & set(ids))
    if one.kind == "treated":
        drugs = [name for id in ids if id in regimen_ids() for name in regimen(id).drugs]
        return bool({drug(name).slot for name in drugs} & set(one.slots))
    return one.kind != "hazard"


def _who(arm: PublishedArm) -> tuple[Any, ...]:
    return (arm.population, arm.region, arm.child_pugh)


def moved_by(step: np.ndarray) -> Moved:
    return Moved({one.name: float(np.exp(x)) for one, x in zip(free_values(), step, strict=True) if x != 0.0})


def calibrate(n: int, rounds: int, seed: int, start: np.ndarray) -> dict[str, Any]:
    fit = Fit(fit_targets(), n, seed)
    prior, centre = np.array([one.prior_sd for one in free_values()]), -offsets()
    x, best, lowest = start.copy(), start.copy(), np.inf
    jacobian = np.zeros((len(fit.targets), len(prior)))
    for turn in range(rounds + 1):
        here = fit.residuals(moved_by(x))
        loss = float(here @ here + (((x - centre) / prior) ** 2).sum())
        print(
            f"round {turn}: loss {loss:.1f}, of which the prior {(((x - centre) / prior) ** 2).sum():.1f}", flush=True
        )
        print("  " + ", ".join(f"{o.name} {np.exp(v):.3f}" for o, v in zip(free_values(), x, strict=True)), flush=True)
        if loss < lowest:
            best, lowest = x.copy(), loss
        if turn == rounds:
            break
        for k in range(len(x)):
            step = x.copy()
            step[k] += STEP
            jacobian[:, k] = (fit.residuals(moved_by(step)) - here) / STEP
        fit.forget()
        a = np.vstack([jacobian, np.diag(1 / prior)])
        b = np.concatenate([-here, (centre - x) / prior])
        x = x + np.clip(np.linalg.lstsq(a, b, rcond=None)[0], -FURTHEST, FURTHEST)
    covariance = np.linalg.inv(jacobian.T @ jacobian + np.diag(prior**-2))
    reached = fit.reached(moved_by(best))
    sd = np.sqrt(np.diag(covariance))
    return {
        "statement": "Research use only, not for treatment decisions.",
        "command": f"python tools/calibrate.py --patients {n} --rounds {rounds} --seed {seed} --apply",
        "fitted_to_model": axis.build().hash,
        "knowledge": knowledge.content_hash()[:16],
        "patients": n,
        "rounds": rounds,
        "seed": seed,
        "loss": round(lowest, 2),
        "values": [
            {
                "name": one.name,
                "kind": one.kind,
                "target": one.target,
                "factor": round(float(np.exp(v)), 5),
                "prior": one.prior,
                "against_prior": round(float(np.exp(v - c)), 4),
                "prior_sd_log": one.prior_sd,
                "sd_log": round(float(s), 4),
                "contraction": round(1 - float(s / one.prior_sd) ** 2, 3),
            }
            for one, v, s, c in zip(free_values(), best, sd, centre, strict=True)
        ],
        "covariance": np.round(covariance, 7).tolist(),
        "targets": [
            {
                "arm": target.arm,
                "outcome": target.name,
                "published": target.value,
                "reached": round(float(got), 4),
                "sd_arcsine": round(target.sd, 4),
            }
            for target, got in zip(fit.targets, reached, strict=True)
        ],
    }


def last_factors() -> np.ndarray:
    """Logs of the factors of a fit to this same model, to go on from; zeros where there is none."""
    path = PACKAGE / "trial" / FILE
    if path.exists():
        record = json.loads(path.read_text(encoding="utf-8"))
        factors = {row["name"]: row["factor"] for row in record["values"]}
        if record["fitted_to_model"] == axis.build().hash:
            return np.log([factors.get(one.name, 1.0) for one in free_values()])
    return np.zeros(len(free_values()))


def places(one: Free) -> tuple[tuple[str, str], ...]:
    """Tables and rows that hold a value."""
    if one.kind == "hazard":
        return (("trial/hazards.csv", one.target),)
    return (TABLES[one.name], *ALSO.get(one.name, ()))


def offsets() -> np.ndarray:
    """Logs of the tables' values against the centres of their priors: a fit that was applied does not move a prior."""
    return np.log([_change(PACKAGE / places(one)[0][0], places(one)[0][1]) / one.prior for one in free_values()])


def apply(record: dict[str, Any]) -> None:
    """Write the moved values into their tables; the model and the reference values are then to be refreshed."""
    factors = {row["name"]: float(row["factor"]) for row in record["values"]}
    for one in free_values():
        for file, key in places(one):
            _change(PACKAGE / file, key, factors[one.name], 1.0 if one.name in SHARES else np.inf)
        if one.name == "doubling_time":
            _change(PACKAGE / "axis/modules/60_tumour.csv", "net_growth_start", 1 / factors[one.name])


def _change(path: Path, key: str, factor: float | None = None, most: float = np.inf) -> float:
    """The value of a row as it was (its median where it is a distribution), which is then multiplied by ``factor``."""
    lines = path.read_text(encoding="utf-8").split("\n")
    header = lines[0].split(",")
    at = next(k for k, line in enumerate(lines) if line.startswith(f"{key},"))
    if "value" in header:
        parts = re.findall(r'(?:^|,)("(?:[^"]|"")*"|[^,]*)', lines[at])
        place = header.index("value")
        before = float(parts[place])
    else:
        before = float(re.search(r"median=([^ ,]+)", lines[at])[1])  # type: ignore[index]
    if factor is None:
        return before
    text = f"{min(before * factor, most):.4g}"
    if "value" in header:
        parts[place] = text
        lines[at] = ",".join(parts)
    else:
        lines[at] = re.sub(r"median=[^ ,]+", f"median={text}", lines[at], count=1)
    path.write_text("\n".join(lines), encoding="utf-8")
    return before


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--apply", action="store_true")
    chosen = parser.parse_args(arguments)
    record = calibrate(chosen.patients, chosen.rounds, chosen.seed, last_factors())
    (PACKAGE / "trial" / FILE).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    for row in record["targets"]:
        print(f"  {row['arm']} {row['outcome']}: {100 * row['reached']:.1f} (published {100 * row['published']:.1f})")
    if chosen.apply:
        apply(record)


if __name__ == "__main__":
    main(sys.argv[1:])
