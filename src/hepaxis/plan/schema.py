"""What a plan says, as frozen dataclasses; ``plan.json`` is their JSON (``schema`` names the version).

Held here: the joint between the plan (which computes) and the report (which only shows).  Every number that is an
estimate is an :class:`Interval`; every statement that rests on literature carries the ids of its sources, which
resolve in ``Plan.sources``.  Probabilities are fractions 0-1 and changes of probabilities are fractions too (0.04 =
4 points); times are days relative to the first dose unless the name says months.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hepaxis.plan.schema_donors import DonorRow, Donors, Engraftment, FunctionChange, SpeciesChange
from hepaxis.plan.schema_search import Persistence, Schedule, ScheduleRow, Search, SearchRow
from hepaxis.plan.schema_terms import Interval, SafetyFlag

SCHEMA = "hepaxis.plan/1"

__all__ = [
    "DonorRow",
    "Donors",
    "Engraftment",
    "FunctionChange",
    "Interval",
    "Persistence",
    "SafetyFlag",
    "Schedule",
    "ScheduleRow",
    "Search",
    "SearchRow",
    "SpeciesChange",
]  # fmt: skip


@dataclass(frozen=True)
class Source:
    """One work or record the plan rests on.  ``checked``: seen, recomputed, read, part seen or recalled."""

    id: str
    label: str
    locator: str  # DOI, NCT, PMID or URL as printed
    checked: str
    table: str = ""  # knowledge table the fact came from
    record: str = ""  # ids of the records of evidence behind it, or table/row; '; '-joined


@dataclass(frozen=True)
class Fact:
    """One line of the patient header.  ``known`` False: at its prior, and said."""

    label: str
    value: str
    known: bool = True
    detail: str = ""


@dataclass(frozen=True)
class TimelineItem:
    """``kind``: exposure, therapy, sample, scan.  ``end`` None: a single day or ongoing (``ongoing``)."""

    kind: str
    label: str
    start: float
    end: float | None = None
    ongoing: bool = False
    planned: bool = False
    detail: str = ""


@dataclass(frozen=True)
class GuildRow:
    """Share of the identified community, against the reference cohort of the same profiler family.

    ``ref_lo``-``ref_hi``: 5-95% of that cohort.
    """

    guild: str
    label: str
    share: float
    ref_lo: float
    ref_median: float
    ref_hi: float
    detected: bool
    top_taxa: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProfileSection:
    sample: str
    file: str
    format: str
    profiler: str
    rank: str
    n_taxa: int
    unknown_fraction: float | None
    identified_fraction: float | None
    trait_coverage: float
    other_share: float
    shannon: float
    reference: str
    guilds: tuple[GuildRow, ...]
    log: tuple[str, ...] = ()
    widened: str = ""  # why the prior was widened, or ""


@dataclass(frozen=True)
class CapacityRow:
    """``status``: measured, predicted, unknown (no information in composition: stays at its prior)."""

    id: str
    label: str
    unit: str
    value: Interval
    ref_lo: float
    ref_median: float
    ref_hi: float
    status: str
    note: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True)
class AttributionRow:
    """Response (fraction) that a group of mechanisms takes from (negative) or adds to the reference patient.

    Shapley values: rows without a parent add up to ``Attribution.gap``, parts to their parent.  ``category``: gut,
    tumour, liver, exposure.  ``parent`` names the row it is a part of, or ''.  ``order_error``: standard error from the
    finite number of orders.
    """

    id: str
    label: str
    category: str
    effect: Interval
    parent: str = ""
    detail: str = ""
    sources: tuple[str, ...] = ()
    order_error: float = 0.0


@dataclass(frozen=True)
class Attribution:
    """The gap that the attribution's rows add up to: response of the reference patient and of this patient.

    On ``n_patients`` that stand for all virtual patients; ``solves``: courses computed for it.
    """

    gap: Interval
    reference: Interval
    patient: Interval
    n_patients: int
    solves: int


@dataclass(frozen=True)
class CounterfactualRow:
    """Predicted response of this patient with another gut; growth and host kept."""

    id: str
    label: str
    detail: str
    response: Interval


@dataclass(frozen=True)
class Evidence:
    """``grade``: A randomised in HCC, B randomised elsewhere, C early human or cohort, D animal, E concept.

    ``short``: the text in a few words, for a table.  ``records``: ids of the records that the grade rests on.
    """

    grade: str
    text: str
    sources: tuple[str, ...]
    conflict: str = ""
    short: str = ""
    records: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcomes:
    objective_response: Interval
    durable_response: Interval
    disease_control_6m: Interval
    pfs_months: Interval
    severe_immune_event: Interval


@dataclass(frozen=True)
class Strategy:
    """One candidate.  ``status``: base, ranked, trial_only, blocked.  Changes are against the base regimen.

    Chance of best and regret are among the strategies computed deep.
    """

    id: str
    label: str
    components: tuple[str, ...]
    status: str
    rank: int | None
    schedule: tuple[str, ...]
    mechanism: str
    evidence: Evidence
    safety: tuple[SafetyFlag, ...]
    outcomes: Outcomes | None = None
    change_response: Interval | None = None
    change_durable: Interval | None = None
    change_severe: Interval | None = None
    p_best: float | None = None
    at_ceiling: bool = False
    trials: tuple[str, ...] = ()
    kind: str = "microbiota"  # base, regimen, microbiota, metabolite, engineered, antibiotic
    changed: tuple[str, ...] = ()  # what differs from the schedule of the tables
    burden: str = "low"  # low, moderate, high
    burden_note: str = ""
    regret: float | None = None  # expected loss of response against the best of those compared, fraction
    stage: str = "deep"  # deep: on all virtual patients; wide: on the n_patients of the wide stage
    n_patients: int | None = None
    tested: str = ""  # what of the mechanism these virtual patients show, in one sentence

    def beside(self, base: Strategy | None) -> str:
        """The label next to its base regimen: ``+ fibre-rich food`` for the base with it added, else the label."""
        if base is None or base is self or not set(base.components) < set(self.components):
            return self.label
        return self.label.removeprefix(base.label).strip() if self.label.startswith(f"{base.label} + ") else self.label


@dataclass(frozen=True)
class Curve:
    """Sum of target diameters, change from baseline (fraction), at ``days``; bands over virtual patients."""

    id: str
    label: str
    days: tuple[float, ...]
    median: tuple[float, ...]
    lo50: tuple[float, ...]
    hi50: tuple[float, ...]
    lo90: tuple[float, ...]
    hi90: tuple[float, ...]


@dataclass(frozen=True)
class AxisNode:
    """``column``: guild, lumen, portal, port, tumour.  ``ratio``: this patient over the reference (median)."""

    id: str
    column: str
    label: str
    value: str
    ratio: float


@dataclass(frozen=True)
class AxisEdge:
    """``sign`` +1 raises, -1 lowers; ``weight`` share (0-1) of the gut's effect; ``disputed`` drawn dashed.

    ``records``: ids of the records for and against the gate's claim.
    """

    source: str
    target: str
    sign: int
    weight: float
    disputed: bool = False
    gate: str = ""
    records: tuple[str, ...] = ()


@dataclass(frozen=True)
class MissingRow:
    """``value``: share (0-1) of the variance of the largest change in response the item carries, or None."""

    id: str
    label: str
    action: str
    value: float | None
    detail: str = ""


@dataclass(frozen=True)
class CheckRow:
    """``result``: yes, hardly, no, not applicable."""

    label: str
    result: str
    detail: str = ""


@dataclass(frozen=True)
class TwinRow:
    """Something measured that weighs the virtual patients.  ``kind``: marker, scan, sample.

    ``chance_before`` and ``chance``: that a virtual patient shows something as far out, before and after weighting.
    """

    id: str
    label: str
    kind: str
    observed: str
    day: float | None
    chance_before: float
    chance: float
    fits: bool


@dataclass(frozen=True)
class ReachRow:
    """Where this patient stands in what the model was calibrated to; ``percentile`` 0-100."""

    id: str
    label: str
    value: str
    percentile: float
    inside: bool
    population: str


@dataclass(frozen=True)
class Verdict:
    """``state``: ranked, base_default (intervals include zero), cannot_tell (data do not move the answer)."""

    state: str
    sentence: str
    reasons: tuple[str, ...]
    limits_sentence: str  # what limits response
    gut_sentence: str  # how much is the gut's
    options: tuple[Fact, ...] = ()  # what to consider: default, low burden, in a trial, measure


@dataclass(frozen=True)
class Plan:
    """The whole result of ``hepaxis plan``."""

    patient_id: str
    title: str
    planned: str
    facts: tuple[Fact, ...]
    verdict: Verdict
    profile: ProfileSection | None
    capacities: tuple[CapacityRow, ...]
    base_response: Interval
    reference_gut_response: Interval
    clinic_only_response: Interval
    gut_effect: Interval  # change of response probability, this gut against the reference gut
    attribution: tuple[AttributionRow, ...]
    counterfactuals: tuple[CounterfactualRow, ...]
    strategies: tuple[Strategy, ...]
    curves: tuple[Curve, ...]
    nodes: tuple[AxisNode, ...]
    edges: tuple[AxisEdge, ...]
    timeline: tuple[TimelineItem, ...]
    missing: tuple[MissingRow, ...]
    checks: tuple[CheckRow, ...]
    sources: tuple[Source, ...]
    warnings: tuple[str, ...]
    limits: tuple[str, ...]
    n_patients: int
    horizon_days: float
    seed: int
    made: str  # ISO date
    versions: dict[str, str] = field(default_factory=dict)
    search: Search | None = None
    attribution_whole: Attribution | None = None
    another_gut: Interval | None = None  # change of response with a healthy donor's gut in place of this one
    twin: tuple[TwinRow, ...] = ()
    reach: tuple[ReachRow, ...] = ()
    effective_patients: float = 0.0  # of n_patients, after weighting
    schedules: tuple[Schedule, ...] = ()
    donors: Donors | None = None
    donor_files: dict[str, str] = field(default_factory=dict)  # donors/NAME -> SHA-256
    schema: str = SCHEMA
    statement: str = "Research use only, not for treatment decisions."
