"""A stool sample: one reader a format, names, guilds, quality."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
}

__all__ = [
    "PROFILERS",
    "RANKS",
    "Format",
    "FunctionTable",
    "Profile",
    "Step",
    "read",
    "sniff",
]


def __getattr__(name: str) -> Any:
    """The face, imported on first use so that the package itself loads at once."""
    if name in _FACE:
        return getattr(import_module(f"hepaxis.profile.{_FACE[name]}"), name)
    raise AttributeError(f"module 'hepaxis.profile' has no attribute '{name}'")
