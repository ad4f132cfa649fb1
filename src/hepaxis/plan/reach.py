"""Whether this patient is one of those the model was calibrated to, and the community one of those compared with.

Held: each characteristic of the sheet against its marginal in the default trial population, and the community's guild
shares against communities of the profiler's reference, singly and together (distance of centred log ratios).
Out of range is said, never corrected for.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import stats

from hepaxis.patient import Patient, scores
from hepaxis.plan.sample import Sample
from hepaxis.plan.schema import CheckRow, ReachRow
from hepaxis.plan.settings import setting
from hepaxis.population.baseline import Marginals, marginals
from hepaxis.population.sampling import arguments, quantile
from hepaxis.profile.guilds import GUILDS

POPULATION = "trial_default"
CRP_PER_MARGINAL = 10.0  # mg/L of the sheet in a mg/dL of the table
GRID = 4001
DRAWS, SEED = 4000, 20261201


def reach(patient: Patient, sample: Sample | None) -> tuple[ReachRow, ...]:
    """One row a characteristic that is known."""
    people = marginals(POPULATION)
    rows = [_row(people, *known) for known in _known(patient)]
    if sample is not None:
        rows.append(_community(sample))
    return tuple(rows)


def outside(rows: tuple[ReachRow, ...]) -> tuple[ReachRow, ...]:
    """Rows outside what the model was calibrated to."""
    return tuple(row for row in rows if not row.inside)


def reach_check(rows: tuple[ReachRow, ...]) -> tuple[CheckRow, ...]:
    """The check that a reader sees; none where nothing is known."""
    if not rows:
        return ()
    out = outside(rows)
    detail = "; ".join(f"{row.label} {row.value}, percentile {row.percentile:.1f} of {row.population}" for row in out)
    return (CheckRow("Within what the model was calibrated to", "no" if out else "yes", detail),)


def _known(patient: Patient) -> Iterator[tuple[str, str, float, str]]:
    """(variable, label, value on the table's scale, value in words)."""
    found = scores(patient)
    age, ecog = patient.demographics.age, patient.demographics.ecog
    if age is not None:
        yield "age", "Age", age, f"{age:.0f}"
    albi = found["albi"].value
    if albi is not None:
        yield "albi", "ALBI", albi, f"{albi:.2f}".replace("-", "\u2212")
    points = found["child_pugh"].value
    if points is not None:
        yield "child_pugh", "Child-Pugh points", points, f"{points:.0f}"
    if ecog is not None:
        yield "ecog", "ECOG", float(ecog), f"{ecog}"
    if patient.blood.afp:
        yield "afp", "AFP", patient.blood.afp, f"{patient.blood.afp:g} ng/mL"
    if patient.blood.crp:
        yield "crp", "CRP", patient.blood.crp / CRP_PER_MARGINAL, f"{patient.blood.crp:g} mg/L"
    total = found["sum_of_diameters"].value
    if total is not None:
        yield "diameter_sum", "Sum of target diameters", total, f"{total:.0f} mm"


def _row(people: Marginals, variable: str, label: str, value: float, shown: str) -> ReachRow:
    (line,) = [row for row in people.rows.to_dict("records") if row["variable"] == variable]
    below, upto = _levels(str(line["distribution"]), arguments(str(line["args"])), value)
    tail = 2.0 * min(upto, 1.0 - below)
    percentile = 50.0 * (below + upto)
    return ReachRow(variable, label, shown, percentile, tail >= setting("out_of_range"), "trial patients")


def _levels(distribution: str, args: dict[str, float], value: float) -> tuple[float, float]:
    """Shares of the population below the value, and up to it."""
    if distribution == "ordinal":
        levels = {float(level): share for level, share in args.items()}
        return (
            sum(share for level, share in levels.items() if level < value),
            sum(share for level, share in levels.items() if level <= value),
        )
    grid = quantile(distribution, args, (np.arange(GRID) + 0.5) / GRID)
    below, upto = (np.searchsorted(grid, value, side=side) / GRID for side in ("left", "right"))
    return float(below), float(upto)


def _community(sample: Sample) -> ReachRow:
    """The community as a whole: distance to the middle of the reference against that of drawn communities."""
    floor = setting("sample_floor")
    drawn = _centred(sample.reference.draw(DRAWS, SEED)[list(GUILDS)].to_numpy(float), floor)
    mine = _centred(sample.shares[list(GUILDS)].to_numpy(float)[None, :], floor)
    middle, spread = drawn.mean(axis=0), np.cov(drawn.T)
    inverse = np.linalg.pinv(spread)

    def distance(rows: np.ndarray) -> np.ndarray:
        gap = rows - middle
        far: np.ndarray = np.einsum("ij,jk,ik->i", gap, inverse, gap)
        return far

    percentile = float(stats.percentileofscore(distance(drawn), distance(mine)[0]))
    inside = percentile <= 100.0 * (1.0 - setting("out_of_range"))
    shown = f"{distance(mine)[0] ** 0.5:.1f} from its middle"
    return ReachRow("community", "Community", shown, percentile, inside, f"the {sample.reference.family} reference")


def _centred(shares: np.ndarray, floor: float) -> np.ndarray:
    logs = np.log(np.maximum(shares / shares.sum(axis=1, keepdims=True), floor))
    centred: np.ndarray = logs - logs.mean(axis=1, keepdims=True)
    return centred
