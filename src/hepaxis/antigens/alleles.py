"""HLA names as users write them, to the one form used here (``HLA-A*02:01``), by mhcgnomes where it is installed.

mhcgnomes (extra ``mimics``) knows how names are written, not which molecules exist: whether a molecule can be predicted
is each backend's own explicit list.  A serotype (A2) or a locus is refused: it stands for many molecules.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Any

from hepaxis.problems import Problem, error

PLAIN = re.compile(r"^(?:HLA-)?([ABCEG])\*?(\d{2,3}):(\d{2,3})$")
MOUSE = re.compile(r"^(?:H-?2)-?([KDL])([a-z])$")
MAX_SUGGESTIONS = 4


def canonical(name: str) -> str:
    """``HLA-A*02:01`` (class I and E), ``HLA-DRB1*15:01`` (class II) or ``H2-Kb``.  ValueError says what is wrong."""
    text = name.strip()
    if found := PLAIN.match(text):
        return f"HLA-{found[1]}*{found[2]}:{found[3]}"
    if found := MOUSE.match(text):
        return f"H2-{found[1]}{found[2]}"
    try:
        import mhcgnomes
    except ImportError:
        raise ValueError(f"'{name}' is not written like HLA-A*02:01") from None
    parsed: Any = mhcgnomes.parse(text, raise_on_error=False)
    kind = type(parsed).__name__
    if parsed is None or kind == "str":
        raise ValueError(f"'{name}' is not an HLA name")
    if kind == "Pair":
        parsed = parsed.beta if parsed.beta.gene.name.startswith("DR") else parsed
    if type(parsed).__name__ not in ("Allele", "Pair"):
        what = "a serotype" if "Serotype" in kind else f"not one molecule ({kind})"
        raise ValueError(f"'{name}' is {what}: two fields are needed, such as HLA-A*02:01")
    said = str(parsed.to_string())
    if found := PLAIN.match(":".join(said.split(":")[:2])):
        return f"HLA-{found[1]}*{found[2]}:{found[3]}"
    if found := MOUSE.match(said.replace("H2-", "H-2-")):
        return f"H2-{found[1]}{found[2]}"
    return said if said.startswith(("HLA-D", "H2-")) else f"HLA-{said}"


def read_alleles(names: Iterable[str], supported: Sequence[str], backend: str) -> tuple[tuple[str, ...], list[Problem]]:
    """(alleles in the order given, without repeats; every name that cannot be used).

    An allele that the backend does not hold is refused by name; no other is put in its place.
    """
    found: dict[str, None] = {}
    problems = []
    for name in names:
        try:
            allele = canonical(name)
        except ValueError as fault:
            problems.append(error("mimics.allele", str(fault), "write two fields, such as HLA-A*24:02", column="hla"))
            continue
        if allele not in supported:
            near = difflib.get_close_matches(allele, supported, n=MAX_SUGGESTIONS)
            hint = (
                f"leave it out, or import predictions for it (`--binding`); {len(supported)} molecules are there"
            )
            hint += f", the nearest names are {', '.join(near)} (not a substitute)" if near else ""
            problems.append(
                error("mimics.allele_unsupported", f"no model of {allele} in {backend}", hint, column="hla")
            )
            continue
        found.setdefault(allele, None)
    return tuple(found), problems


def is_class_two(allele: str) -> bool:
    return allele.startswith("HLA-D")
