"""What a plan says of stool donors: engraftment, function, species, screening, with or without a lead-in."""

from __future__ import annotations

from dataclasses import dataclass

from hepaxis.plan.schema_terms import Interval, SafetyFlag


@dataclass(frozen=True)
class Engraftment:
    """A guild after the transplant.  ``donor``: share of its cells that are the donor's; ``fold``: against before."""

    guild: str
    label: str
    given: float  # share of the guild in what is given
    donor: Interval
    fold: Interval
    harmful: bool


@dataclass(frozen=True)
class FunctionChange:
    """A function with the transplant over the same people without it.  ``wanted`` +1, -1, or 0 where disputed."""

    id: str
    label: str
    ratio: Interval
    wanted: int


@dataclass(frozen=True)
class SpeciesChange:
    """``origin``: donor, recipient or both.  ``chance``: that it can be found afterwards; ``share``: its share then."""

    name: str
    guild: str
    origin: str
    before: float
    share: Interval
    chance: float
    harmful: bool


@dataclass(frozen=True)
class DonorRow:
    """One donor for this recipient.  ``status``: open, trial_only, blocked; ``rank`` None where blocked.

    ``donor_share``: of the living biomass on the day named in the section, without and with an antibiotic lead-in.
    ``change_response``: against the base regimen; ``lead_in_change``: with the lead-in against without.
    """

    id: str
    file: str
    kind: str
    status: str
    rank: int | None
    change_response: Interval | None
    lead_in_change: Interval | None
    p_best: float | None
    donor_share: Interval | None
    donor_share_lead_in: Interval | None
    lead_in: str
    guilds: tuple[Engraftment, ...]
    functions: tuple[FunctionChange, ...]
    species: tuple[SpeciesChange, ...]
    safety: tuple[SafetyFlag, ...]
    evidence: str
    sentence: str


@dataclass(frozen=True)
class Donors:
    """Donors in order.  ``sentence``: whether they can be told apart; ``day``: when engraftment is read."""

    rows: tuple[DonorRow, ...]
    sentence: str
    day: float
    detection: float  # share of the community from which a species counts as found
    n_patients: int
    sources: tuple[str, ...]
