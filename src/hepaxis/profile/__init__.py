"""A stool sample: one reader a format, names, guilds, quality."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hepaxis.profile.alignment import Alignment, align
    from hepaxis.profile.diversity import diversity
    from hepaxis.profile.humann import read_functions
    from hepaxis.profile.reading import read
    from hepaxis.profile.record import PROFILERS, RANKS, FunctionTable, Profile, Step
    from hepaxis.profile.sniff import Format, sniff

_FACE = {
    "read": "reading",
    "sniff": "sniff",
    "Format": "sniff",
    "Profile": "record",
    "FunctionTable": "record",
    "Step": "record",
    "RANKS": "record",
    "PROFILERS": "record",
    "read_functions": "humann",
    "diversity": "diversity",
    "align": "alignment",
    "Alignment": "alignment",
    "GUILDS": "guilds",
    "resolve": "names",
    "assign": "guilds",
    "shares": "guilds",
}

__all__ = [
    "PROFILERS",
    "RANKS",
    "Alignment",
    "Format",
    "FunctionTable",
    "Profile",
    "Step",
    "align",
    "diversity",
    "read",
    "read_functions",
    "sniff",
]


def __getattr__(name: str) -> Any:
    """The face, imported on first use so that the package itself loads at once."""
    if name in _FACE:
        return getattr(import_module(f"hepaxis.profile.{_FACE[name]}"), name)
    raise AttributeError(f"module 'hepaxis.profile' has no attribute '{name}'")
