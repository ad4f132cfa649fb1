"""Effects as printed, on the scale on which they can be pooled.

Held: a ratio is pooled as its logarithm.  Its standard error comes from the printed limits, else from the printed p
value, else from counts (Woolf, half an event added to each cell where one is empty); which, is said.  Limits of a
hazard ratio that are narrower than the number of people allows (weighting without robust errors makes such) are widened
to that least.  A study that prints medians only has a direction; where it prints a p value too, the ratio of medians
(exponential survival) stands in for the hazard ratio on request, and is marked.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from scipy import stats

from hepaxis import knowledge

RATIOS = ("hr", "or", "rr")
DEFAULT_LEVEL = 95.0
#: Basis of a standard error whose printed limits are narrower than the number of people allows.
WIDENED = "limits, widened to what n allows"


@dataclass(frozen=True)
class Effect:
    """One effect.  ``y`` and ``se`` on the pooling scale, None where it cannot be pooled; ``basis`` says whence se."""

    id: str
    study: str
    label: str
    exposure: str
    comparator: str
    tumours: tuple[str, ...]
    treatment: str
    outcome: str
    measure: str
    value: float | None
    low: float | None
    high: float | None
    y: float | None
    se: float | None
    basis: str
    n: int | None
    n_exposed: int | None
    medians: str
    p: float | None
    adjusted: bool | None
    direction: str
    pool: bool
    checked: str
    unverified: str
    note: str
    y_medians: float | None = None
    se_medians: float | None = None

    @property
    def ratio(self) -> bool:
        """True where y is the logarithm of a ratio."""
        return self.measure in RATIOS


@cache
def effects() -> tuple[Effect, ...]:
    """Every effect of the project, in the order of the table."""
    return tuple(effect(row) for row in knowledge.records("effects"))


def effect(row: Mapping[str, object]) -> Effect:
    """A row in the columns of ``effects``."""
    y, se, basis = _pooling_scale(row)
    tumours = row["tumour"]
    adjusted = row["adjusted"]
    value = _number(row["value"])
    if value is None and y is not None:
        value = math.exp(y)
    n, exposed = row["n"], row["n_exposed"]
    stand_in = _of_medians(row)
    return Effect(
        id=str(row["id"]),
        study=str(row["study_id"]),
        label=str(row["label"]),
        exposure=str(row["exposure"]),
        comparator=str(row["comparator"]),
        tumours=tuple(str(one) for one in tumours) if isinstance(tumours, tuple) else (),
        treatment=str(row["treatment"]),
        outcome=str(row["outcome"]),
        measure=str(row["measure"]),
        value=value,
        low=_number(row["low"]),
        high=_number(row["high"]),
        y=y,
        se=se,
        basis=basis,
        n=n if isinstance(n, int) else None,
        n_exposed=exposed if isinstance(exposed, int) else None,
        medians=_medians(row),
        p=_number(row["p"]),
        adjusted=adjusted if isinstance(adjusted, bool) else None,
        direction=str(row["direction"]),
        pool=row["pool"] == "yes",
        checked=str(row["checked"]),
        unverified=str(row["unverified"]),
        note=str(row["note"]),
        y_medians=stand_in[0],
        se_medians=stand_in[1],
    )


def _pooling_scale(row: Mapping[str, object]) -> tuple[float | None, float | None, str]:
    measure = str(row["measure"])
    value, low, high, p = (_number(row[name]) for name in ("value", "low", "high", "p"))
    if measure == "median":
        return None, None, "medians only"
    if value is None:
        return _of_counts(row) if measure in ("or", "rr") else (None, None, "no number printed")
    y = math.log(value) if measure in RATIOS else value
    if low is not None and high is not None:
        level = _number(row["level"]) or DEFAULT_LEVEL
        width = math.log(high / low) if measure in RATIOS else high - low
        se = width / (2 * float(stats.norm.ppf(0.5 + level / 200)))
        least = _least_error(row) if measure == "hr" else 0.0
        return (y, least, WIDENED) if se < least else (y, se, "limits")
    if p is not None and 0 < p < 1 and y:
        return y, abs(y) / float(stats.norm.isf(p / 2)), "p value"
    return None, None, "no limits and no p value"


def _least_error(row: Mapping[str, object]) -> float:
    """Standard error of a log hazard ratio if everybody had the event: no analysis of these people can do better."""
    n, exposed = _number(row["n"]), _number(row["n_exposed"])
    return math.sqrt(1 / exposed + 1 / (n - exposed)) if n and exposed and n > exposed else 0.0


def _of_counts(row: Mapping[str, object]) -> tuple[float | None, float | None, str]:
    """Log odds ratio (or risk ratio) of a two-by-two table with its standard error."""
    n, exposed, a, c = (_number(row[name]) for name in ("n", "n_exposed", "events_exposed", "events_unexposed"))
    if n is None or exposed is None or a is None or c is None:
        return None, None, "no number printed"
    b, d = exposed - a, n - exposed - c
    if min(a, b, c, d) < 0:
        return None, None, "counts do not add up"
    if min(a, b, c, d) == 0:
        a, b, c, d = (cell + 0.5 for cell in (a, b, c, d))
    if row["measure"] == "rr":
        return math.log(a / (a + b) * (c + d) / c), math.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)), "counts"
    return math.log(a * d / (b * c)), math.sqrt(1 / a + 1 / b + 1 / c + 1 / d), "counts"


def _of_medians(row: Mapping[str, object]) -> tuple[float | None, float | None]:
    """Log ratio of printed medians, exponential survival, with the standard error its printed p value means."""
    exposed, other, p = (_number(row[name]) for name in ("median_exposed", "median_unexposed", "p"))
    if not exposed or not other or p is None or not 0 < p < 1 or exposed == other:
        return None, None
    y = math.log(other / exposed)
    return y, abs(y) / float(stats.norm.isf(p / 2))


def _medians(row: Mapping[str, object]) -> str:
    exposed, other = (_number(row[name]) for name in ("median_exposed", "median_unexposed"))
    if exposed is None and other is None:
        return ""
    first, second = ("not reached" if one is None else f"{one:g}" for one in (exposed, other))
    return f"{first} against {second} {row['unit']}s"


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
