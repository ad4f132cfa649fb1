"""E-value: how strongly an unrecorded cause would have to go with both exposure and outcome to explain a hazard ratio.

Source: VanderWeele and Ding 2017 (10.7326/M16-2607), with their conversion of a hazard ratio to a risk ratio when the
outcome is common (more than 15% by the end of follow-up).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

COMMON = 0.15  # share with the event by the end of follow-up


@dataclass(frozen=True)
class EValue:
    """For the estimate, and for the end of its interval nearer to 1 (1 when the interval holds 1)."""

    estimate: float
    limit: float
    common: bool

    @property
    def sentence(self) -> str:
        if self.limit <= 1.0:
            return "the interval holds no effect: nothing needs to be explained away"
        return (
            f"an unrecorded cause would have to go with both exposure and outcome by a risk ratio of "
            f"{self.estimate:.2f} each to explain the estimate, and of {self.limit:.2f} to move its interval to 1"
        )


def e_value(hr: float, low: float, high: float, event_share: float) -> EValue:
    """E-values of a hazard ratio with its 95% interval.  Raises ValueError for ratios that are not positive."""
    if min(hr, low, high) <= 0:
        raise ValueError("a hazard ratio is positive")
    common = event_share > COMMON
    near = low if hr >= 1 else high
    crosses = low <= 1.0 <= high
    return EValue(_of(_risk_ratio(hr, common)), 1.0 if crosses else _of(_risk_ratio(near, common)), common)


def _risk_ratio(hr: float, common: bool) -> float:
    return (1 - 0.5 ** sqrt(hr)) / (1 - 0.5 ** sqrt(1 / hr)) if common else hr


def _of(ratio: float) -> float:
    ratio = ratio if ratio >= 1 else 1 / ratio
    return ratio + sqrt(ratio * (ratio - 1))
