"""When a drug stops, pauses, and what is given instead: from what was recorded to rows of a protocol.

Held: treatment ends at progression (where it goes on beyond, at confirmed progression), at a severe event that ends
it, at the cap of the protocol, at leaving or death.  Other severe events hold the drug while steroids are given, in
three steps down; events that are not immune hold it without.  The rows can be put before the simulation again: doses
that were not given are taken out patient by patient and steroids put in, so that gut and response feel them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hepaxis.trial.follow_up import FollowUp
from hepaxis.trial.recist import NEVER
from hepaxis.trial.schedule import WEEK
from hepaxis.trial.toxicity import EVENTS, IMMUNE, Toxicity, management

DRUGS = ("antibody.", "tki.")  # levers that are held and stopped
LEVELS = ("tki.level",)  # of those, levels that stand until changed
TAPER = (1.0, 0.5, 0.25)  # of the lever, in the thirds of a course
REASONS = ("progression", "toxicity", "cap", "left", "death", "end of follow-up")


@dataclass(frozen=True)
class Exposure:
    """end (n,) last day of the drug; reason (n,) index into ``REASONS``; hold_from, hold_to (n, e) inf where none."""

    end: np.ndarray
    reason: np.ndarray
    hold_from: np.ndarray
    hold_to: np.ndarray

    def on_drug(self, days: np.ndarray) -> np.ndarray:
        """Whether the drug is being given (n, m) at days (m,) or (n, m): up to its end and outside holds."""
        when = np.broadcast_to(days, (len(self.end), np.shape(days)[-1]))
        held = ((when[:, :, None] >= self.hold_from[:, None, :]) & (when[:, :, None] < self.hold_to[:, None, :])).any(2)
        given: np.ndarray = (when < self.end[:, None]) & ~held
        return given


def treated_days(got: FollowUp, *, cap_days: float = np.inf) -> tuple[np.ndarray, np.ndarray]:
    """Day the drug would end without toxicity (n,), and why (index into ``REASONS``)."""
    reading, row = got.reading, np.arange(len(got.beyond))
    stop = np.where(got.beyond, got.immune.confirmed, reading.progression)
    progression = np.where(stop == NEVER, np.inf, reading.days[row, np.maximum(stop, 0)])
    n = len(row)
    ends = np.stack(
        [
            progression,
            np.full(n, np.inf),
            np.full(n, cap_days),
            got.lives.leaving,
            got.lives.death,
            np.full(n, got.lives.horizon),
        ],
        axis=1,
    )
    return ends.min(1), ends.argmin(1)


def exposure(got: FollowUp, toxicity: Toxicity, *, cap_days: float = np.inf) -> Exposure:
    """When each patient was given the drug.

    cap_days: longest treatment of the protocol (two years in many).
    """
    planned, why = treated_days(got, cap_days=cap_days)
    fatal = np.where(toxicity.ends, toxicity.day, np.inf).min(1)
    end = np.minimum(planned, fatal)
    pauses = ~toxicity.ends & (toxicity.day < end[:, None])
    start = np.where(pauses, toxicity.day, np.inf)
    weeks = np.array([_hold_weeks(event, toxicity.ctla4) for event in EVENTS])
    return Exposure(end, np.where(fatal < planned, REASONS.index("toxicity"), why), start, start + WEEK * weeks)


def _hold_weeks(event: str, ctla4: bool) -> float:
    if event not in IMMUNE:
        return management("hold_weeks")
    return management("steroid_weeks_ctla4" if ctla4 else "steroid_weeks")


def given_rows(rows: pd.DataFrame, taken: Exposure) -> pd.DataFrame:
    """Protocol rows (time, lever, action, amount, ...) with what was not given taken out.

    Rows may have a column ``patient`` (NaN: all); the result has.  A dose that some patients miss becomes one row for
    each that had it; a level is set to nothing at each patient's pauses and end, and back after a pause.  Rows of other
    levers are left alone.
    """
    lane = rows["patient"].to_numpy(float) if "patient" in rows else np.full(len(rows), np.nan)
    rows = rows.assign(patient=lane)
    doses = rows[rows["lever"].str.startswith(DRUGS) & (rows["action"] == "add")]
    mine = doses["patient"].to_numpy()
    shared = np.isnan(mine)
    on = taken.on_drug(doses["time"].to_numpy(float))
    had = on[np.where(shared, 0, mine).astype(int), np.arange(len(doses))]
    everyone = on.all(0)
    place, who = np.nonzero((on & ~everyone & shared).T)
    kept = [
        rows.drop(doses.index),
        doses[np.where(shared, everyone, had)],
        doses.iloc[place].assign(patient=who.astype(float)),
    ]
    levels = rows[rows["lever"].isin(LEVELS) & (rows["action"] == "set") & (rows["amount"] > 0)]
    kept += [_level_changes(levels.iloc[[k]], taken) for k in range(len(levels))]
    made = pd.concat([part for part in kept if len(part)], ignore_index=True)
    return made.sort_values("time", kind="stable", ignore_index=True)


def _level_changes(level: pd.DataFrame, taken: Exposure) -> pd.DataFrame:
    """A level (one row) off at pauses and the end of each patient, and back on after pauses that end before it."""
    days = np.concatenate([taken.hold_from, taken.hold_to, taken.end[:, None]], axis=1)
    begins = float(level["time"].iloc[0])
    lane = float(level["patient"].iloc[0])
    mine = np.isnan(lane) | (np.arange(len(days)) == lane)
    patient, change = np.nonzero(mine[:, None] & (days >= begins) & (days <= taken.end[:, None]) & np.isfinite(days))
    amount = np.where(taken.on_drug(days)[patient, change], float(level["amount"].iloc[0]), 0.0)
    made = level.iloc[np.zeros(len(patient), int)]
    return made.assign(time=days[patient, change], amount=amount, patient=patient.astype(float))


def steroid_rows(taken: Exposure, toxicity: Toxicity) -> pd.DataFrame:
    """Rows (time, lever, action, amount, component, patient) of the steroids given for immune events.

    An event that ends the drug is treated too.  Courses that overlap take the larger dose.
    """
    found = []
    weeks = _hold_weeks(IMMUNE[0], toxicity.ctla4)
    for patient in np.nonzero(np.isfinite(toxicity.day[:, : len(IMMUNE)]).any(1))[0]:
        starts = toxicity.day[patient, : len(IMMUNE)]
        starts = starts[np.isfinite(starts) & (starts <= taken.end[patient])]
        for day, amount in _steroid_levels(starts, WEEK * weeks):
            found.append((day, "steroid", "set", amount, "severe immune event", float(patient)))
    return pd.DataFrame(found, columns=["time", "lever", "action", "amount", "component", "patient"])


def as_given(taken: Exposure, toxicity: Toxicity) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """What becomes of planned rows: doses missed are out and steroids are in.  For ``run_strategy(amend=...)``."""

    def amend(rows: pd.DataFrame) -> pd.DataFrame:
        both = [part for part in (given_rows(rows, taken), steroid_rows(taken, toxicity)) if len(part)]
        return pd.concat(both, ignore_index=True).sort_values("time", kind="stable", ignore_index=True)

    return amend


def _steroid_levels(starts: np.ndarray, length: float) -> list[tuple[float, float]]:
    """Days and levels at which the steroid changes."""
    third = length * management("steroid_full_share")
    edges = np.unique([day + step * third for day in starts for step in range(3)] + [day + length for day in starts])
    levels = []
    for edge in edges:
        steps = np.floor((edge - starts + 1e-9) / third).astype(int)
        active = (edge >= starts - 1e-9) & (edge < starts + length - 1e-9)
        levels.append(max((TAPER[min(step, 2)] for step in steps[active]), default=0.0))
    return [(float(edge), level) for edge, level in zip(edges, levels, strict=True)]
