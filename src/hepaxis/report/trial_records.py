"""What a page of a virtual trial shows, as plain records: the content of ``trial.json`` (``docs/trial.md``).

Held here: shapes only.  Days count from the first dose, shares are 0-1.  An estimate carries up to two intervals that
are never mixed: ``trial``, where a trial of the design's size would find it (chance of patients), and ``draws``, how
far it moves between draws of the model's mechanisms (chance of patients taken out).
"""

from __future__ import annotations

from dataclasses import dataclass

SCHEMA = "hepaxis.trial/1"
WITHIN = "within_"  # kinds of contrast between arms of the same virtual patient


@dataclass(frozen=True)
class Range:
    """``level`` 0-1; ``n``: patients of the trial, or draws of the mechanisms; ``high`` inf: not reached.

    ``sd_most``: upper limit of the standard deviation over draws, which tells how well their range is known.
    """

    low: float
    high: float
    level: float
    n: int | None = None
    sd_most: float | None = None

    @property
    def unseen(self) -> bool:
        """Whether no spread was told apart from none."""
        return self.low == self.high


@dataclass(frozen=True)
class Estimate:
    """``value`` with its intervals; ``day`` of a landmark; ``count`` of ``n`` simulated, of a share."""

    value: float
    trial: Range | None = None
    draws: Range | None = None
    day: float | None = None
    count: float | None = None
    n: float | None = None

    @property
    def told(self) -> bool:
        """Whether an interval with a width stands beside the value; without one no mark is drawn."""
        return any(r is not None and not r.unseen for r in (self.trial, self.draws))


@dataclass(frozen=True)
class Curve:
    """Steps of a Kaplan-Meier estimate, with the band in which a trial of the design's size would lie."""

    day: tuple[float, ...]
    value: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True)
class Risk:
    day: tuple[float, ...]
    at_risk: tuple[float, ...]
    events: tuple[float, ...]


@dataclass(frozen=True)
class Times:
    """One time-to-event outcome on one arm; ``median`` None: not reached."""

    n: float
    events: float
    median: Estimate | None
    landmarks: tuple[Estimate, ...]
    curve: Curve  # empty where nobody has the outcome
    risk: Risk


@dataclass(frozen=True)
class Route:
    """``of``: primary or acquired; ``share`` of those, with an interval where one was estimated."""

    of: str
    route: str
    label: str
    count: float
    share: Estimate


@dataclass(frozen=True)
class Event:
    label: str
    rate: Estimate | None
    median_day: float | None


@dataclass(frozen=True)
class Biopsy:
    """Density of CD8 cells; ``low`` and ``high`` hold the middle half of patients."""

    day: float
    n: float
    geometric_mean: float | None
    low: float
    median: float
    high: float


@dataclass(frozen=True)
class Shown:
    """One virtual patient of the waterfall, spider and swimmer plots; None: it did not happen."""

    patient: int
    best: str
    change: float | None
    scan_day: tuple[float, ...]
    scan_change: tuple[float, ...]
    response_day: float | None
    progression_day: float | None
    death_day: float | None
    drug_end_day: float | None
    end_day: float
    severe_immune: bool


@dataclass(frozen=True)
class Arm:
    """``n`` simulated; ``trial_n`` patients of the trial on this arm."""

    id: str
    label: str
    control: bool
    n: float
    trial_n: float
    rates: dict[str, Estimate]
    best: dict[str, float]
    times: dict[str, Times]
    primary_resistance: Estimate | None
    acquired_resistance: Estimate | None
    other_resistance: dict[str, float]
    routes: tuple[Route, ...]
    events: tuple[Event, ...]
    biopsy: Biopsy | None
    shown: tuple[Shown, ...]


@dataclass(frozen=True)
class Contrast:
    """``kind``: difference, ratio or hazard_ratio; with ``within_`` before it between arms of the same patient."""

    outcome: str
    label: str
    primary: bool
    arm: str
    control: str
    kind: str
    estimate: Estimate

    @property
    def within(self) -> bool:
        return self.kind.startswith(WITHIN)

    @property
    def measure(self) -> str:
        return self.kind.removeprefix(WITHIN)


@dataclass(frozen=True)
class Tertile:
    """``label`` where the groups are no thirds; ``low`` and ``high`` None for words."""

    low: float | None
    high: float | None
    n: float
    response: Estimate | None
    label: str = ""


@dataclass(frozen=True)
class Feature:
    feature: str
    label: str
    unit: str
    arm: str
    tertiles: tuple[Tertile, ...]
    odds_ratio: Estimate | None


@dataclass(frozen=True)
class DesignArm:
    id: str
    label: str
    given: tuple[str, ...]
    share: float


@dataclass(frozen=True)
class TrialDesign:
    name: str
    statement: str
    note: str
    sources: tuple[str, ...]
    paired: bool
    n: int
    control: str
    horizon_days: float
    gates: str
    seed: int
    primary: tuple[str, ...]
    secondary: tuple[str, ...]
    arms: tuple[DesignArm, ...]


@dataclass(frozen=True)
class Choice:
    """The arms' responses under other weights of the same patients; ``note`` says why there are none.

    arms: id -> (objective response, gain in response against the control or None).
    """

    words: str
    ess: float | None
    note: str
    arms: dict[str, tuple[float, float | None]]


@dataclass(frozen=True)
class Trial:
    """Everything of one virtual trial; ``population`` and ``enrolled`` as words and numbers in their own order."""

    design: TrialDesign
    stamp: dict[str, str]
    sentence: str
    population: dict[str, str]
    inclusion: tuple[str, ...]
    eligible: tuple[str, ...]
    patients: int
    candidates: int
    lost: dict[str, int]
    not_simulated: dict[str, int]
    ess: float | None
    arms: tuple[Arm, ...]
    contrasts: tuple[Contrast, ...]
    not_compared: tuple[str, ...]  # outcomes and arms whose contrast could not be estimated
    features: tuple[Feature, ...]
    choices: tuple[Choice, ...]
    notes: tuple[str, ...]
    example: str = ""

    @property
    def control(self) -> Arm:
        return next((a for a in self.arms if a.control), self.arms[0])

    @property
    def others(self) -> tuple[Arm, ...]:
        return tuple(a for a in self.arms if a is not self.control)

    def arm_label(self, id: str) -> str:
        return next((a.label for a in self.arms if a.id == id), id)
