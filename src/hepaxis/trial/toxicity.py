"""Severe (grade 3-4) events of a regimen: immune colitis, hepatitis and others, and toxicity that is not immune.

Held: the published grade 3-4 rates of trials are treatment-related totals; additive cumulative hazards a drug class,
fitted to ``fit`` arms, give them (``treatment_events.csv``).  What of it is immune comes from sourced priors
(``immune_events.csv``); the rest of the total is not immune.  CTLA-4 acts by cumulated exposure: doses received times
the occupancy at trough.  A loosening barrier raises colitis (uncertain: the caller's exponent).  A published rate is of
those treated, however long, so a short exposure does not lower the chance; only the day falls within it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from hepaxis import knowledge
from hepaxis.population.points import uniform_points
from hepaxis.trial.parameters import rows
from hepaxis.trial.schedule import WEEK

IMMUNE = ("colitis", "hepatitis", "other_immune")
EVENTS = (*IMMUNE, "not_immune")


@lru_cache(maxsize=1)
def management_table() -> dict[str, dict[str, str]]:
    """Rows of ``management.csv`` by name: value, unit, source, grade, note."""
    return {row["name"]: row for row in rows("management.csv")}


def management(name: str) -> float:
    """One value of ``management.csv``.  Raises KeyError for a name it does not have."""
    return float(management_table()[name]["value"])


@dataclass(frozen=True)
class Exposures:
    """What of a regimen makes severe events: parts present (0-1) and the cumulated CTLA-4 exposure; drugs by name."""

    pd1: float
    ctla4: float
    vegf: float
    sorafenib: float
    tki: float
    drugs: tuple[str, ...]

    @property
    def parts(self) -> dict[str, float]:
        """Parts of ``treatment_events.csv``; the background is there whatever is given."""
        return {
            "background": 1.0,
            "pd1": self.pd1,
            "ctla4": self.ctla4,
            "vegf": self.vegf,
            "sorafenib": self.sorafenib,
            "tki": self.tki,
        }


def exposures(regimen: str) -> Exposures:
    """Exposures of a regimen of ``knowledge`` (no doses: placebo and local treatments have none)."""
    slots = {str(row["drug"]): str(row["slot"]) for row in knowledge.records("drugs")}
    doses = [row for row in knowledge.records("regimen_doses") if row["regimen"] == regimen]
    drugs = tuple(dict.fromkeys(str(row["drug"]) for row in doses))
    kinds = {drug: slots[drug] for drug in drugs}
    ctla4: dict[float, float] = {}  # doses planned, by the tremelimumab dose each stands for
    for row in doses:
        if kinds[str(row["drug"])] == "ctla4":
            amount = float(str(row["amount"])) * (management("ctla4_per_mgkg") if row["unit"] == "mg/kg" else 1.0)
            planned = np.inf if row["doses"] is None else float(str(row["doses"]))
            ctla4[amount] = ctla4.get(amount, 0.0) + planned
    return Exposures(
        pd1=float("pd1" in kinds.values()),
        ctla4=sum(ctla4_exposure(amount, planned) for amount, planned in ctla4.items()),
        vegf=float("vegf" in kinds.values()),
        sorafenib=float("sorafenib" in kinds),
        tki=float(any(kind == "tki" and drug != "sorafenib" for drug, kind in kinds.items())),
        drugs=drugs,
    )


def ctla4_exposure(amount_mg: float, planned: float) -> float:
    """Doses received times occupancy at trough, of doses that stand for tremelimumab amount_mg."""
    level = management("ctla4_trough") * amount_mg / management("ctla4_trough_dose")
    most = management("ctla4_most")
    received = most if planned >= most / management("ctla4_received") else ceil(management("ctla4_received") * planned)
    return min(received, most) * level / (level + management("ctla4_ec50"))


def severe_hazards(given: Exposures) -> dict[str, float]:
    """Cumulative hazard of each of ``EVENTS`` over a treatment; together the treatment-related total."""
    made = dict.fromkeys(IMMUNE, 0.0)
    for row in rows("immune_events.csv"):
        made[row["event"]] += float(row["hazard"]) * given.parts[row["part"]]
    total = sum(float(row["hazard"]) * given.parts[row["part"]] for row in rows("treatment_events.csv"))
    return made | {"not_immune": max(total - sum(made.values()), 0.0)}


def severe_rate(given: Exposures) -> float:
    """Share of patients (0-1) with a grade 3-4 treatment-related event."""
    return float(-np.expm1(-sum(severe_hazards(given).values())))


def onset_weeks(given: Exposures) -> dict[str, float]:
    """Median onset (week) of each of ``EVENTS``: earlier with CTLA-4."""
    column = "onset_weeks_ctla4" if given.ctla4 > 0 else "onset_weeks"
    weeks = {row["event"]: float(row[column]) for row in rows("immune_events.csv")}
    return weeks | {"not_immune": management("treatment_onset_weeks")}


@dataclass(frozen=True)
class ToxicityChance:
    """Random numbers (n, len(EVENTS)) of a patient, shared by arms: unit exponential, uniform (day), uniform (end)."""

    happens: np.ndarray
    when: np.ndarray
    ends: np.ndarray

    @classmethod
    def of(cls, patients: np.ndarray, seed: int) -> ToxicityChance:
        """Of patients by their numbers (n,): each one's depend on the seed and its number alone."""
        happens, when, ends = (
            uniform_points(seed, patients, [f"toxicity.{what}.{event}" for event in EVENTS])
            for what in ("happens", "when", "ends")
        )
        return cls(-np.log(happens), when, ends)

    @classmethod
    def draw(cls, n: int, seed: int) -> ToxicityChance:
        rng = np.random.default_rng([seed, 7])
        shape = (n, len(EVENTS))
        return cls(rng.standard_exponential(shape), rng.random(shape), rng.random(shape))


@dataclass(frozen=True)
class Toxicity:
    """day (n, e) of the first event of each of ``EVENTS`` (inf: none); ends (n, e): it ends the drug for good."""

    day: np.ndarray
    ends: np.ndarray
    ctla4: bool

    def frame(self) -> pd.DataFrame:
        """Columns ``<event>_day``; ``severe``: any; ``severe_immune``: any that is immune."""
        table = pd.DataFrame({f"{event}_day": self.day[:, k] for k, event in enumerate(EVENTS)})
        found = np.isfinite(self.day)
        return table.assign(severe=found.any(1), severe_immune=found[:, : len(IMMUNE)].any(1))


def severe_events(
    given: Exposures, chance: ToxicityChance, watched_days: np.ndarray, *, colitis_factor: np.ndarray | float = 1.0
) -> Toxicity:
    """Draw the severe events of n patients treated for watched_days (n,).

    colitis_factor (n,): on the hazard of colitis (see ``barrier_factor``).  A patient treated for no time has none.
    """
    hazards, weeks = severe_hazards(given), onset_weeks(given)
    days = np.full(chance.happens.shape, np.inf)
    for k, event in enumerate(EVENTS):
        factor = colitis_factor if event == "colitis" else 1.0
        happens = (chance.happens[:, k] < hazards[event] * factor) & (watched_days > 0)
        days[:, k] = np.where(happens, _onset(weeks[event] * WEEK, chance.when[:, k], watched_days), np.inf)
    immune, other = management("immune_discontinuation"), management("treatment_discontinuation")
    share = np.array([immune if event in IMMUNE else other for event in EVENTS])
    return Toxicity(days, np.isfinite(days) & (chance.ends < share), given.ctla4 > 0)


def _onset(median: float, uniform: np.ndarray, until: np.ndarray) -> np.ndarray:
    """Day (n,) of an event with a log-normal onset, given that it comes within ``until`` (n,)."""
    sd = management("onset_sd")
    reach = ndtr(np.log(np.maximum(until, 1e-6) / median) / sd)
    day: np.ndarray = np.minimum(median * np.exp(sd * ndtri(np.maximum(uniform * reach, 1e-300))), until)
    return day


def barrier_factor(days: np.ndarray, barrier: np.ndarray, exponent: np.ndarray) -> np.ndarray:
    """Factor (n,) on a hazard from the barrier (n, m) over the days against its own rest, to the power (n,)."""
    ratio = np.maximum(barrier[:, :1] / np.maximum(barrier, 1e-6), 1e-6)
    mean: np.ndarray = np.trapezoid(ratio ** exponent[:, None], days, axis=1) / (days[-1] - days[0])
    return mean
