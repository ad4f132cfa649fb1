"""Endpoints of followed patients: response, progression-free survival, duration, survival, first event.

Held: progression is dated as trials date it, by the scan that found it, and kept beside it as the interval it lies in.
Death without progression found is an event while the patient is watched; who leaves is censored at the last scan.
Death before the first scan is an event of progression-free survival and no response can be evaluated.
Decompensation, progression found and death compete to be the first event.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from hepaxis.trial.follow_up import FollowUp, Lives
from hepaxis.trial.recist import NEVER, Reading

COLUMNS = {
    "best": "best overall response by the trial's rule (code of Response)",
    "best_unconfirmed": "the same without confirmation",
    "best_viable": "the same by mRECIST",
    "pfs_day": "day of the scan that found progression, of death, or of the last scan (censored)",
    "pfs_event": "progression or death",
    "pfs_left": "progression came after this day",
    "pfs_right": "and by this one (inf: not seen; equal to pfs_left for death)",
    "progression_day": "day of the scan that found progression (inf: none)",
    "immune_pfs_day": "as pfs_day with progression by iRECIST",
    "immune_pfs_event": "progression by iRECIST or death",
    "os_day": "day of death or of the end of follow-up",
    "os_event": "death",
    "response_day": "first scan of the response (NaN: none)",
    "duration": "days from the response to progression or death or the last scan (NaN: none)",
    "duration_event": "the response ended",
    "latent_day": "progression whether or not a scan found it (inf: none)",
    "decompensation_day": "first hepatic decompensation (inf: none)",
    "first_event": "0 none, 1 progression found, 2 decompensation, 3 death",
    "first_event_day": "its day, or when the patient was last watched",
    "last_scan_day": "day of the last scan (0: none after baseline)",
    "by_new_lesion": "progression by a new or non-target lesion alone",
    "beyond": "treated beyond progression",
    "change": "best relative change of the sum of targets (NaN: never scanned)",
}


def endpoints(got: FollowUp) -> pd.DataFrame:
    """One row a patient; the columns are those of ``COLUMNS``."""
    reading, lives = got.reading, got.lives
    row = np.arange(len(reading.progression))
    seen_days = np.where(reading.seen, reading.days, 0.0)
    last = seen_days.max(1)
    progressed = reading.progression != NEVER
    found = np.where(progressed, reading.days[row, np.maximum(reading.progression, 0)], np.inf)
    watched = np.minimum(lives.leaving, lives.horizon)
    pfs_day, pfs_event = _progression_or_death(found, lives, watched, last)
    immune = got.immune.event
    unconfirmed = np.where(immune != NEVER, reading.days[row, np.maximum(immune, 0)], np.inf)
    immune_day, immune_event = _progression_or_death(unconfirmed, lives, watched, last)
    clear = np.where(reading.seen & (np.arange(reading.days.shape[1]) < _scans_free(reading)[:, None]), seen_days, 0.0)
    died = pfs_event & ~progressed
    responds = got.best.objective
    response_day = np.where(responds, reading.days[row, np.maximum(got.best.onset, 0)], np.nan)
    events = np.stack([found, lives.decompensation, lives.death], axis=1)
    events = np.where(events <= watched[:, None], events, np.inf)
    first = events.argmin(1)
    smallest = np.where(reading.seen, got.sums_mm[:, 1:], np.inf).min(1)
    change = np.where(np.isfinite(smallest), smallest / got.sums_mm[:, 0] - 1.0, np.nan)
    columns = {
        "best": got.best.response,
        "best_unconfirmed": got.best_unconfirmed.response,
        "best_viable": got.best_viable.response,
        "pfs_day": pfs_day,
        "pfs_event": pfs_event,
        "pfs_left": np.where(died, pfs_day, clear.max(1)),
        "pfs_right": np.where(died, pfs_day, found),
        "progression_day": found,
        "immune_pfs_day": immune_day,
        "immune_pfs_event": immune_event,
        "os_day": np.minimum(lives.death, lives.horizon),
        "os_event": lives.death <= lives.horizon,
        "response_day": response_day,
        "duration": pfs_day - response_day,
        "duration_event": responds & pfs_event,
        "latent_day": lives.latent,
        "decompensation_day": lives.decompensation,
        "first_event": np.where(np.isfinite(events.min(1)), first + 1, 0),
        "first_event_day": np.minimum(events.min(1), watched),
        "last_scan_day": last,
        "by_new_lesion": reading.by_new_lesion,
        "beyond": got.beyond,
        "change": change,
    }
    return pd.DataFrame({name: columns[name] for name in COLUMNS})


def _scans_free(reading: Reading) -> np.ndarray:
    return np.where(reading.progression == NEVER, reading.days.shape[1], reading.progression)


def _progression_or_death(
    found: np.ndarray, lives: Lives, watched: np.ndarray, last: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Day and whether it is an event: progression found, death while watched, or the last scan."""
    progressed = np.isfinite(found)
    died = ~progressed & (lives.death <= watched)
    return np.where(progressed, found, np.where(died, lives.death, last)), progressed | died
