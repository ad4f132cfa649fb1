"""What a cohort of this size could have found, in one paragraph.

Sources: variance of an area, Hanley and McNeil 1982 (10.1148/radiology.143.1.7063747); events for a hazard ratio,
Schoenfeld 1983 (10.2307/2531021).
"""

from __future__ import annotations

from math import exp, sqrt

from scipy import stats

Z_TWO_SIDED = float(stats.norm.ppf(0.975))
Z_POWER = float(stats.norm.ppf(0.8))
EXAMPLE = 0.65  # an AUC of the size the field reports


def area_error(area: float, responders: int, others: int) -> float:
    """Standard error of an area under the curve."""
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    inside = area * (1 - area) + (responders - 1) * (q1 - area**2) + (others - 1) * (q2 - area**2)
    return sqrt(inside / (responders * others))


def smallest_area(responders: int, others: int) -> float:
    """Smallest area told from 0.5 with 80% power at 5%; 1 where none is."""
    low, high = 0.5, 1.0
    null = Z_TWO_SIDED * area_error(0.5, responders, others)
    for _ in range(60):
        middle = (low + high) / 2
        enough = middle - 0.5 >= null + Z_POWER * area_error(middle, responders, others)
        low, high = (low, middle) if enough else (middle, high)
    return high


def smallest_hazard_ratio(events: int, exposed_share: float) -> float:
    """Smallest hazard ratio above 1 told from 1 with 80% power at 5%."""
    return exp((Z_TWO_SIDED + Z_POWER) / sqrt(events * exposed_share * (1 - exposed_share)))


def power_statement(responders: int, others: int, events: dict[str, int], exposed: dict[str, float]) -> str:
    """``events``: endpoint -> events; ``exposed``: exposure -> share exposed."""
    words = []
    if min(responders, others) >= 2:
        error = area_error(EXAMPLE, responders, others)
        words.append(
            f"With {responders} responders and {others} others, an AUC of {EXAMPLE} would have a 95% interval of about "
            f"{EXAMPLE - Z_TWO_SIDED * error:.2f} to {min(EXAMPLE + Z_TWO_SIDED * error, 1):.2f}, and the smallest AUC "
            f"found with 80% power is {smallest_area(responders, others):.2f}."
        )
    for endpoint, number in events.items():
        for name, share in exposed.items():
            if number >= 10 and 0 < share < 1:
                words.append(
                    f"With {number} events of {endpoint} and {share:.0%} exposed to {name}, the smallest hazard ratio "
                    f"found with 80% power is {smallest_hazard_ratio(number, share):.2f}."
                )
    return " ".join(words) or "The cohort is too small for any statement of power."
