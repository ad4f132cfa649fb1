"""Pools of virtual patients that observational cohorts are drawn from, and who of a pool would be exposed.

Held: a pool is the same patients twice, once when none of them takes an antibiotic and once when all do, each with its
own day, class and length of a course; what an observer sees of a patient is the one or the other.  With the gates off
the two are the same outcome, and one is simulated.  Exposure is drawn from what else is known of the patient by the
correlations of ``baseline_correlation.csv``; multiplied by 0 they leave exposure to chance.
Not held: a day of the course moved into a design's window changes who is exposed, not the simulated course.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from hepaxis.population import Prior, marginals
from hepaxis.population.baseline import correlation, latent_scores
from hepaxis.population.points import normal_points, uniform_points
from hepaxis.problems import InputError, error
from hepaxis.profile.reference import reference
from hepaxis.trial.chunk_work import work
from hepaxis.trial.confounding_designs import CohortDesign, Pool
from hepaxis.trial.design import Design
from hepaxis.trial.design_files import parse_design
from hepaxis.trial.screening import FAMILY, Enrolment, Screen

CHUNK = 500
CLASS_A, CLASS_B = {5: 0.73, 6: 0.27}, {7: 0.6, 8: 0.3, 9: 0.1}  # shares within a class, as in baseline.csv
ALBI_A, ALBI_B, ALBI_SD = -2.65, -1.85, 0.40  # baseline.csv: trial_default and child_pugh_b
ARM = "drug"
OUTCOMES = ("os_day", "os_event", "pfs_day", "pfs_event", "best")


@dataclass(frozen=True)
class PoolRun:
    """Simulated patients of a pool.

    untreated, treated: rows (docs/trial.md) of the same n patients without and with an antibiotic
    scores  what the exposure is drawn from: name -> normal score (n,)
    """

    pool: Pool
    gates: str
    seed: int
    untreated: pd.DataFrame
    treated: pd.DataFrame
    scores: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.untreated)

    def seen(self, exposed: np.ndarray) -> pd.DataFrame:
        """Outcomes (n rows) where those who are ``exposed`` (n,) bool took the antibiotic."""
        if self.treated is self.untreated:
            return self.untreated[list(OUTCOMES)]
        return pd.DataFrame({
            name: np.where(exposed, self.treated[name].to_numpy(), self.untreated[name].to_numpy()) for name in OUTCOMES
        })  # fmt: skip


def run_pool(pool: Pool, patients: int, seed: int, gates: str, horizon_days: float = 730.0) -> PoolRun:
    """Simulate about ``patients`` patients (who can be closed both ways).

    Raises InputError for no patients, or when nobody may take part.
    """
    if patients < 1:
        raise InputError([error("trial.patients", f"{patients} patients", "give a whole number of at least 1")])
    design = pool_design(pool, gates, horizon_days, seed)
    untreated = _simulated(pool, design, patients, 0.0)
    treated = untreated if gates == "off" else _simulated(pool, design, patients, 1.0)
    if gates != "off":
        both = np.intersect1d(untreated["patient"], treated["patient"])
        untreated, treated = (one[one["patient"].isin(both)].reset_index(drop=True) for one in (untreated, treated))
    scores = latent_scores(seed, untreated["patient"].to_numpy(), [str(name) for name in correlation().index])
    return PoolRun(pool, gates, seed, untreated, treated, scores)


def pool_design(pool: Pool, gates: str, horizon_days: float, seed: int) -> Design:
    """The pool as a trial of one arm."""
    return parse_design(
        f"name: pool {pool.id}\nstatement: patients that cohorts are drawn from\nmode: parallel\nn: {CHUNK}\n"
        f"arms:\n  - {{id: {ARM}, regimen: {pool.regimen}}}\n"
        f"population:\n  name: {pool.population}\n  child_pugh: [A, B]\n  second_line: {pool.second_line:g}\n"
        f"  year: {pool.year:g}\n"
        f"endpoints:\n  primary: [response, pfs, os]\n"
        f"horizon_days: {horizon_days:g}\ngates: {gates}\nseed: {seed}\n"
    )


def prior_of(pool: Pool, antibiotic: float) -> Prior:
    """What the pool is drawn from, when this share takes an antibiotic."""
    rows = [("antibiotic", "bernoulli", f"probability={antibiotic:g}")]
    if pool.child_pugh_b is not None:
        share = pool.child_pugh_b
        points = {k: (1 - share) * part for k, part in CLASS_A.items()} | {k: share * v for k, v in CLASS_B.items()}
        mean = (1 - share) * ALBI_A + share * ALBI_B
        sd = np.sqrt(ALBI_SD**2 + share * (1 - share) * (ALBI_B - ALBI_A) ** 2)
        rows.append(("child_pugh", "ordinal", " ".join(f"{k}={part:.6f}" for k, part in points.items())))
        rows.append(("albi", "normal", f"mean={mean:.3f} sd={sd:.3f} low=-3.8 high=-0.4"))
    own = pd.DataFrame(rows, columns=["variable", "distribution", "args"])
    return Prior(marginals(pool.population, own), reference(FAMILY))


def _simulated(pool: Pool, design: Design, patients: int, antibiotic: float) -> pd.DataFrame:
    """Rows of the first ``patients`` candidates who may take part and can be closed."""
    screen = replace(Screen.of(design), prior=prior_of(pool, antibiotic))
    enrolment = Enrolment(screen)
    parts, asked = [], 0
    while asked < patients:
        task = enrolment.next(min(CHUNK, patients - asked))
        asked += len(task.patients)
        parts.append(work(screen, task).rows)
    found = pd.concat([part for part in parts if len(part)], ignore_index=True)
    return found.sort_values("patient", ignore_index=True)


def exposure_score(run: PoolRun, exposure: str, round_: int, strength: float = 1.0) -> np.ndarray:
    """A draw (n,) of the normal score of who is exposed, given what else is known of each patient.

    round_: another number is another draw; strength multiplies every correlation of the exposure (0: by chance alone).
    """
    known, explained = expected_score(run, exposure, strength)
    noise = normal_points(run.seed, run.untreated["patient"].to_numpy(), [f"confounding.{exposure}.{round_}"])[:, 0]
    return np.asarray(known + np.sqrt(1.0 - explained) * noise)


def expected_score(run: PoolRun, exposure: str, strength: float = 1.0) -> tuple[np.ndarray, float]:
    """What of the score (n,) of exposure the patient's other characteristics give, and the share of it they explain."""
    table = correlation()
    others = [str(name) for name in table.columns if name != exposure and name in run.scores]
    matrix = table.reindex(index=[exposure, *others], columns=[exposure, *others]).to_numpy(float)
    ties = strength * matrix[0, 1:]
    weight = np.linalg.solve(matrix[1:, 1:], ties)
    explained = float(ties @ weight)
    if explained >= 1.0:
        raise ValueError(f"strength {strength:g} explains more than all of {exposure}")
    known = np.stack([run.scores[name] for name in others], axis=1) @ weight
    return np.asarray(known), explained


def indicated(run: PoolRun, design: CohortDesign, round_: int, strength: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Who (n,) bool is going to be exposed in a design's share, and on which day (n,) its course begins."""
    score = exposure_score(run, design.exposure, round_, strength)
    who = score > np.quantile(score, 1.0 - design.exposed)
    patients = run.untreated["patient"].to_numpy()
    point = uniform_points(run.seed, patients, [f"confounding.day.{round_}"])[:, 0]
    first, last = design.window
    return who, first + (last - first) * point
