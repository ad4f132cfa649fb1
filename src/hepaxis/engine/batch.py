"""The state of many integrations under way, and the contract between the driver and a stepper.

A stepper advances each listed patient from where it stands until it is finished, has failed, or has met something the
driver must decide (an event's trigger became true within the last step, or the patient's ``limit`` was reached).
All it needs and all it changes is here, so that a patient can stop in one call and go on in another, in any company.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .protocol import Programs

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RUNNING, DONE, EVENT, LIMIT, TOO_SMALL, TOO_MANY, REJECTED, PIVOT, NOT_FINITE, EVENT_LOOP = range(10)
FAILED = (TOO_SMALL, TOO_MANY, REJECTED, PIVOT, NOT_FINITE, EVENT_LOOP)
REASONS = {
    TOO_SMALL: "step size fell below the resolution of time",
    TOO_MANY: "more than {max_steps} steps",
    REJECTED: "step rejected many times in a row (a value became infinite or undefined)",
    PIVOT: "linear system too close to singular",
    NOT_FINITE: "start values or parameters are not finite",
    EVENT_LOOP: "events trigger each other without end",
}

# Step control; the values are those of Hairer & Wanner, Solving ODEs II, section IV.7, but for the growth limit.
SAFETY = 0.9
SHRINK_LIMIT = 0.2
GROWTH_LIMIT = 6.0
# Until the first step after a start that was not far too short, growth may be faster.
START_GROWTH_LIMIT = 100.0
LEAST_NORM = 1e-12
NAN_SHRINK = 0.25
MAX_REJECTIONS = 60
# First step: this share of the time in which the fastest state would change by its own tolerance-weighted size.
FIRST_STEP = 0.01
# A step that would leave less than this share of itself before a stop goes to the stop.
REACH = 0.999999
# The least step, in units of |t|.
LEAST_STEP = 2.0**-50
# A pivot that lost more than this against its diagonal entry is not trusted.
PIVOT_LOSS = 1e-8


@dataclass(frozen=True)
class Settings:
    """What is the same for all patients of a call.  ``atol`` (n_states,); ``times`` (n_times,) rising."""

    end: float
    times: Floats
    rtol: float
    atol: Floats
    frozen: Ints
    record_states: Ints
    record_parameters: Ints
    max_steps: int
    programs: Programs


@dataclass
class Batch:
    """t, h (n,); y (n, n_states); p (n, n_parameters); record (n, n_times, n_recorded); the rest (n,)."""

    t: Floats
    h: Floats
    y: Floats
    p: Floats
    record: Floats
    next_time: Ints
    next_stop: Ints
    status: Ints
    steps: Ints
    rejections: Ints
    limit: Floats
    restart: Ints  # 1 = choose a first step, 2 = still growing from it, 0 = under way
    trigger: Ints
    # The last step of a patient parked for an event: its start, length and dense output.
    park_t: Floats = field(default_factory=lambda: np.empty(0))
    park_h: Floats = field(default_factory=lambda: np.empty(0))
    park_y: Floats = field(default_factory=lambda: np.empty((0, 5, 0)))

    @classmethod
    def start(cls, t: float, y: Floats, p: Floats, settings: Settings, *, events: bool) -> Batch:
        n, states = y.shape
        recorded = len(settings.record_states) + len(settings.record_parameters)
        finite = np.isfinite(y).all(axis=1)
        parked = n if events else 0
        return cls(
            t=np.full(n, t),
            h=np.zeros(n),
            y=np.ascontiguousarray(y),
            p=np.ascontiguousarray(p),
            record=np.full((n, len(settings.times), recorded), np.nan),
            next_time=np.zeros(n, np.int64),
            next_stop=settings.programs.stop_ptr[settings.programs.program].copy(),
            status=np.where(finite, RUNNING, NOT_FINITE),
            steps=np.zeros(n, np.int64),
            rejections=np.zeros(n, np.int64),
            limit=np.full(n, np.inf),
            restart=np.ones(n, np.int64),
            trigger=np.zeros(n, np.int64),
            park_t=np.zeros(parked),
            park_h=np.zeros(parked),
            park_y=np.zeros((parked, 5, states)),
        )
