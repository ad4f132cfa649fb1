"""Microbial mimics of tumour antigens: candidates by exact search, each with the number expected by chance.

Assumes that a receptor sees the residues that face it, position by position; that is a weak guide (held-out AUROC about
three quarters), so that nothing found here is more than a candidate.  See docs/mimics.md.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hepaxis.antigens.antigen_list import Antigen, read_antigens, shipped
    from hepaxis.antigens.find import Settings
    from hepaxis.antigens.index import SpeciesIndex, build_index, open_index
    from hepaxis.antigens.mimics import find_mimics

_FACE = {
    "Antigen": "antigen_list",
    "read_antigens": "antigen_list",
    "shipped": "antigen_list",
    "Settings": "find",
    "SpeciesIndex": "index",
    "build_index": "index",
    "open_index": "index",
    "find_mimics": "mimics",
}

__all__ = [
    "Antigen",
    "Settings",
    "SpeciesIndex",
    "build_index",
    "find_mimics",
    "open_index",
    "read_antigens",
    "shipped",
]


def __getattr__(name: str) -> Any:
    """The face, imported on first use so that the package itself loads at once."""
    if name in _FACE:
        return getattr(import_module(f"hepaxis.antigens.{_FACE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
