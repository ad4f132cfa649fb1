"""Real cohorts: profiles and clinical tables joined and checked, communities, differences, courses in time.

``join(profiles, clinical, response=...)`` gives a frozen ``Cohort`` or raises with every problem found; all else takes
it.  Held everywhere: rows are aligned by id and never by order, the definition of response is chosen and
recorded, nothing is corrected for batch and then tested (a study is a stratum or a random effect), and what is missing
is left out of a test by name and counted.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hepaxis.cohort.joining import check, join
    from hepaxis.cohort.record import Cohort, ResponseDefinition
    from hepaxis.cohort.response import parse_definition, sensitivity

_FACE = {
    "join": "joining",
    "check": "joining",
    "Cohort": "record",
    "ResponseDefinition": "record",
    "parse_definition": "response",
    "sensitivity": "response",
}

__all__ = ["Cohort", "ResponseDefinition", "check", "join", "parse_definition", "sensitivity"]


def __getattr__(name: str) -> Any:
    """The face, imported on first use: statistics libraries load only when something needs them."""
    if name in _FACE:
        return getattr(import_module(f"hepaxis.cohort.{_FACE[name]}"), name)
    raise AttributeError(f"module 'hepaxis.cohort' has no attribute '{name}'")
