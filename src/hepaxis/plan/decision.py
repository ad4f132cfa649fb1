"""Whether the add-ons can be ranked: what the data move along the decision, and what forbids a ranking.

Held: the decision is the gain of each add-on over the planned regimen.  The same people with a gut of the prior answer
it from the clinic alone; a gut that leaves the gain of the leading add-on where those have it says nothing about it.
Nothing is ranked without a profile, with too little of it identified, or on a twin that does not show what was
measured.  ``doubt`` is one less the chance that the leading choice is the best of all that were computed; it is 1 where
nothing can be ranked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hepaxis.plan.catalogue import Candidate
from hepaxis.plan.conditioning import Conditioned
from hepaxis.plan.estimates import Cross, change
from hepaxis.plan.representatives import representatives
from hepaxis.plan.sample import Sample
from hepaxis.plan.schema import ClinicOnlyRow
from hepaxis.plan.simulation import Setting, Simulated, simulate
from hepaxis.plan.verdict import Movement
from hepaxis.population import Twin, some_of

PATIENTS = 320  # virtual patients with a gut of the prior that each add-on is tried on


@dataclass(frozen=True)
class ClinicOnly:
    """What the clinic alone would say.  gains: id -> (G,) gain of response by draw, rows as shown."""

    gains: Mapping[str, np.ndarray]
    rows: tuple[ClinicOnlyRow, ...]

    @property
    def leader(self) -> str:
        """Id of the add-on with the largest gain, '' where none has one above zero."""
        best = max(self.rows, key=lambda row: row.change_response.median, default=None)
        return best.id if best is not None and best.change_response.median > 0 else ""


@dataclass(frozen=True)
class Decision:
    """reasons: why nothing can be ranked, empty where it can; movement along the decision, None without a profile."""

    reasons: tuple[str, ...]
    movement: Movement | None
    doubt: float

    @property
    def cannot(self) -> bool:
        return bool(self.reasons)


def clinic_only(
    blank: Twin, base: Simulated, setting: Setting, offered: Sequence[Candidate], cross: Cross
) -> ClinicOnly:
    """The add-ons on people with a gut of the prior; base: their run of the planned regimen."""
    rows, weights = representatives(cross, PATIENTS, setting.seed)
    few, own = some_of(blank, rows), setting.of_lanes(rows)
    plain = base.endpoints.response[rows]
    gains, shown = {}, []
    for one in offered:
        made = simulate(few, one.given, own)
        there = Cross(few.host, few.draw, ~made.failed, weights)
        gains[one.id] = there.by_draw(np.where(made.failed, np.nan, made.endpoints.response - plain))
        found = change(there, plain, np.where(made.failed, np.nan, made.endpoints.response))
        shown.append(ClinicOnlyRow(one.id, one.label, found))
    return ClinicOnly(gains, tuple(shown))


def decide(
    sample: Sample | None,
    conditioned: Conditioned,
    gains: Mapping[str, np.ndarray],
    clinic: ClinicOnly,
    chance: Mapping[str, float],
) -> Decision:
    """gains: id -> (G,) gain by draw on the patient's twin; chance: id -> of being best, the base among them."""
    reasons = list(conditioned.reasons())
    movement = None
    if sample is None:
        reasons.insert(0, "there is no stool profile")
    elif sample.doubtful:
        reasons.append(f"the profile says too little of the community: {sample.doubtful}")
    leader = max(gains, key=lambda id: float(np.nanmean(gains[id])), default=None)
    if sample is not None and leader is not None and leader in clinic.gains:
        movement = Movement.between(gains[leader], clinic.gains[leader])
        if not movement.moved:
            reasons.append(
                f"the profile leaves the gain of the leading add-on where the prior had it (shift "
                f"{movement.shift:+.2f} prior sd, spread {movement.narrowing:.2f} of the prior's)"
            )
    doubt = 1.0 if reasons else 1.0 - max(chance.values(), default=0.0)
    return Decision(tuple(reasons), movement, doubt)
