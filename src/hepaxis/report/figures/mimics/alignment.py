"""A candidate under its antigen, residue by residue: anchors apart from what faces the receptor.

Blue-green fields face the receptor, their strip as high as the position weighs; grey fields are anchors, which the HLA
molecule holds.  A line joins equal residues.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from ... import svg
from ...captions import Caption
from ...formats import percent, quantity
from ...tables import DataTable
from ..trial.panel import Panel

MOST_DRAWN = 8
ROOM = 96.0  # per cent of the width that residues share
ANTIGEN, LINES, CANDIDATE = "34%", ("48%", "62%"), "80%"
CONSERVED = 0.4  # identity of the flanks from which a protein counts as conserved


def alignments(candidates: Sequence[Mapping[str, Any]], targets: Sequence[Mapping[str, Any]]) -> list[Panel]:
    """The most surprising candidates, one a panel; of an antigen, molecule and peptide only the first species."""
    weights = {(one["peptide"], one["allele"]): one.get("weights") for one in targets}
    seen: set[tuple[str, str, str]] = set()
    made: list[Panel] = []
    for one in candidates:
        key = (one["peptide"], one["allele"], one["candidate"])
        if key in seen or len(made) == MOST_DRAWN:
            continue
        seen.add(key)
        made.append(_panel(one, weights[one["peptide"], one["allele"]] or [1.0] * len(one["peptide"])))
    return made


def _panel(one: Mapping[str, Any], weights: Sequence[float]) -> Panel:
    where = f"{one['species']}, {one['protein']}".strip(", ")
    rank = "" if one["candidate_rank"] is None else f", binding rank {quantity(one['candidate_rank'])}%"
    finding = (
        f"As close by chance: {quantity(one['e_value'])} "
        f"(Markov chain {quantity(one['e_markov'])}, permuted antigen {_or_none(one['e_permuted'])})."
    )
    odds = f"P(cross-activation) {percent(one['p_median'])} ({percent(one['p_low'])} to {percent(one['p_high'])})"
    how = (
        f"{odds if one['p_median'] is not None else 'Class II, exploratory: no probability'}; "
        f"{one['facing_mismatches']} of the facing residues differ; carried by {one['species_with_it']} of the species "
        f"searched. {warnings_of(one)}"
    )
    return Panel(
        f"{one['antigen']} {one['peptide']} and {one['candidate']}",
        f"{where}, residue {one['start']}; {one['allele']}{rank}.",
        Caption(finding, how.strip()),
        (_table(one, weights),),
        picture=svg.drawing(_picture(one, weights), css="h5", label=_said(one)),
    )


def warnings_of(one: Mapping[str, Any]) -> str:
    """What speaks against a candidate, in words; '' where nothing does."""
    parts = []
    if one["in_human"]:
        parts.append("The peptide itself is in human proteins.")
    elif one["human_as_close"]:
        parts.append(f"Human {one['human_as_close']} is as close: likely tolerised, or an off-target.")
    if one["flank_identity"] is not None and one["flank_identity"] >= CONSERVED:
        parts.append("The proteins are homologous around it (conserved).")
    return " ".join(parts)


def _or_none(value: float | None) -> str:
    return "not run" if value is None else quantity(value)


def _picture(one: Mapping[str, Any], weights: Sequence[float]) -> Markup:
    length, most = len(one["peptide"]), max(weights) or 1.0
    step = ROOM / length
    parts = []
    for i, (a, b) in enumerate(zip(one["peptide"], one["candidate"], strict=True)):
        left, middle = i * step, f"{(i + 0.5) * step:.2f}%"
        facing = weights[i] > 0
        ground = "f-gut-2" if facing else "f-exposure-2"
        parts.append(svg.box(f"{left + 0.3:.2f}%", "18%", f"{step - 0.6:.2f}%", "76%", f"{ground} faint"))
        if facing:
            high = 16.0 * weights[i] / most
            parts.append(
                svg.box(f"{left + 0.3:.2f}%", f"{17 - high:.1f}%", f"{step - 0.6:.2f}%", f"{high:.1f}%", "f-gut")
            )
        parts.append(svg.text(middle, ANTIGEN, a, "m b", dy=4))
        if a == b:
            parts.append(svg.line(middle, LINES[0], middle, LINES[1], "mk"))
        parts.append(svg.text(middle, CANDIDATE, b, "m b" if a == b else "m b f-tumour", dy=4))
    return svg.join(parts)


def _said(one: Mapping[str, Any]) -> str:
    equal = sum(a == b for a, b in zip(one["peptide"], one["candidate"], strict=True))
    return f"{one['peptide']} of {one['antigen']} above {one['candidate']} of {one['species']}: {equal} residues equal."


def _table(one: Mapping[str, Any], weights: Sequence[float]) -> DataTable:
    rows = tuple(
        (str(i + 1), a, b, "faces the receptor" if w > 0 else "anchor", quantity(w))
        for i, (a, b, w) in enumerate(zip(one["peptide"], one["candidate"], weights, strict=True))
    )
    return DataTable(
        f"{one['peptide']} and {one['candidate']}", ("Place", "Antigen", "Candidate", "Role", "Weight"), rows
    )
