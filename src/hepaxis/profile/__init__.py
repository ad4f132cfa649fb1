"""A stool sample: one reader a format, names, guilds, quality."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hepaxis.profile.alignment import Alignment, align
    from hepaxis.profile.diversity import alpha_diversity, richness, shannon, simpson
    from hepaxis.profile.formats import Format, sniff
    from hepaxis.profile.humann import read_functions
    from hepaxis.profile.reading import read
    from hepaxis.profile.record import PROFILERS, RANKS, FunctionTable, Profile, Step

_FACE = {
    "read": "reading",
    "sniff": "formats",
    "Format": "formats",
    "Profile": "record",
    "FunctionTable": "record",
    "Step": "record",
    "RANKS": "record",
    "PROFILERS": "record",
    "read_functions": "humann",
    "alpha_diversity": "diversity",
    "shannon": "diversity",
    "simpson": "diversity",
    "richness": "diversity",
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
    "alpha_diversity",
    "read",
    "read_functions",
    "richness",
    "shannon",
    "simpson",
    "sniff",
]


def __getattr__(name: str) -> Any:
    """The face, imported on first use so that the package itself loads at once."""
    if name in _FACE:
        return getattr(import_module(f"hepaxis.profile.{_FACE[name]}"), name)
    raise AttributeError(f"module 'hepaxis.profile' has no attribute '{name}'")
