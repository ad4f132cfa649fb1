"""What an arm is said to do, held against what it does in this patient's virtual patients.

Held: ``mechanism_claims.csv``, one row a claim: a quantity of the model and the direction in which the arm is said to
move it.  Each is compared with the base regimen on the same virtual patients, as the mean over the first three months.
The sentence says which claims the 90% interval over virtual patients bears out, which it contradicts, and which it
does not show; a claim is never repeated as if it were shown.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from hepaxis.plan.estimates import Cross, over_people
from hepaxis.plan.schema import Interval
from hepaxis.plan.simulation import Simulated

READ_UNTIL = 91.0  # days over which a quantity is averaged
SMALLEST = 1e-9
HUNDREDFOLD = 100.0  # a rise beyond which a per cent says nothing


@dataclass(frozen=True)
class Claim:
    """``direction`` +1 or -1 of ``observable``; ``words`` say it."""

    arm: str
    observable: str
    direction: int
    words: str
    source: str


@cache
def claims() -> tuple[Claim, ...]:
    """All claims, in table order."""
    with files("hepaxis.plan").joinpath("mechanism_claims.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return tuple(
        Claim(row["arm"], row["observable"], int(row["direction"]), row["words"], row["source"]) for row in rows
    )


def claims_of(components: Sequence[str]) -> tuple[Claim, ...]:
    """The claims of a strategy's arms."""
    return tuple(claim for claim in claims() if claim.arm in components)


def observed_by(components: Sequence[str] | None = None) -> tuple[str, ...]:
    """Quantities to record for a strategy's claims; None: for all."""
    chosen = claims() if components is None else claims_of(components)
    return tuple(dict.fromkeys(claim.observable for claim in chosen))


def shift(name: str, base: Simulated, other: Simulated, cross: Cross) -> Interval:
    """Ratio of the mean over the first three months to that under the base regimen, over virtual patients."""
    early = base.run.days <= READ_UNTIL
    before, after = (made.run.values[name][:, early].mean(axis=1) for made in (base, other))
    return over_people(cross, np.maximum(after, SMALLEST) / np.maximum(before, SMALLEST))


def standing(claim: Claim, ratio: Interval) -> str:
    """``seen``, ``opposite`` or ``not seen``, by the 90% interval."""
    low, high = (ratio.lo90, ratio.hi90) if claim.direction > 0 else (1.0 / ratio.hi90, 1.0 / ratio.lo90)
    return "seen" if low > 1.0 else "opposite" if high < 1.0 else "not seen"


def tested(components: Sequence[str], base: Simulated, other: Simulated, cross: Cross) -> str:
    """One sentence on a strategy's claims in these virtual patients; '' where it makes none that is in the model."""
    found: dict[str, list[str]] = {"seen": [], "opposite": [], "not seen": []}
    for claim in claims_of(components):
        if claim.observable not in base.run.values or claim.observable not in other.run.values:
            continue
        ratio = shift(claim.observable, base, other, cross)
        found[standing(claim, ratio)].append(f"{claim.words} ({_size(ratio)})")
    parts = []
    if found["seen"]:
        parts.append(f"as claimed, {_and(found['seen'])}")
    if found["not seen"]:
        parts.append(f"it is not shown that {_and(found['not seen'])}")
    if found["opposite"]:
        parts.append(f"against the claim that {_and(found['opposite'])}")
    return f"In these virtual patients, {'; '.join(parts)}." if parts else ""


def _size(ratio: Interval) -> str:
    if ratio.median > HUNDREDFOLD:
        return "from next to nothing"
    low, high = (_percent(x) for x in (ratio.lo90, ratio.hi90))
    return f"{_percent(ratio.median)}%, 90% {low} to {high}"


def _percent(ratio: float) -> str:
    change = round(100 * (min(ratio, HUNDREDFOLD) - 1))
    return "0" if change == 0 else f"{change:+d}".replace("-", "\u2212")


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
