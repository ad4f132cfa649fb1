"""What the engine refuses, and how it says so.

EngineError(ValueError)
  UnsupportedModel   the SBML uses features outside the supported subset (all of them are listed)
  ProtocolError      rows of a dosing protocol that cannot be carried out (all of them are listed)
  InputMismatch      names, shapes or times handed to a call do not fit the model
Cancelled(Exception) the caller asked to stop
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: what was found, where, and what would be right."""

    found: str
    where: str = ""
    hint: str = ""

    def __str__(self) -> str:
        place = f" in {self.where}" if self.where else ""
        return f"{self.found}{place}" + (f" ({self.hint})" if self.hint else "")


class EngineError(ValueError):
    """``faults`` holds every fault found, not only the first."""

    def __init__(self, faults: Iterable[Fault]):
        self.faults: tuple[Fault, ...] = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class UnsupportedModel(EngineError):
    """The SBML cannot be read, or uses features outside the supported subset."""


class ProtocolError(EngineError):
    """Rows of a protocol cannot be carried out on this model."""


class InputMismatch(EngineError):
    """A name, shape or time handed to a call does not fit the model."""


class Cancelled(Exception):
    """The caller's ``cancel`` asked to stop; nothing was returned."""


class Refusal(Exception):
    """Inside the front end: one unsupported feature and the element that uses it."""

    def __init__(self, feature: str, element: str):
        self.fault = Fault(f"unsupported: {feature}", f"'{element}'" if element else "")
        super().__init__(str(self.fault))


def nearest(name: str, known: Collection[str]) -> str:
    """A hint with the best matches among the known names."""
    close = difflib.get_close_matches(name, list(known), n=3, cutoff=0.6)
    return "best matches are " + ", ".join(f"'{c}'" for c in close) if close else "no similar name exists"
