"""Terms that every section of a plan uses: an interval, and the flag of a safety rule."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """Median with 50% and 90% limits over virtual patients and parameter draws."""

    median: float
    lo50: float
    hi50: float
    lo90: float
    hi90: float


@dataclass(frozen=True)
class SafetyFlag:
    """``severity``: block, trial_only, warn, info, override.  ``question``: asks for something that is not known."""

    rule: str
    severity: str
    text: str
    source: str
    question: bool = False
