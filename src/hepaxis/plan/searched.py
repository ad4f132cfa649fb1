"""The wide stage as the plan shows it: one row a strategy, with its changes on that stage's virtual patients."""

from __future__ import annotations

from hepaxis.plan.catalogue import BURDENS
from hepaxis.plan.estimates import change
from hepaxis.plan.schema import Search, SearchRow
from hepaxis.plan.standing import burden_of
from hepaxis.plan.two_stage import Found


def search_section(found: Found, deep_patients: int) -> Search | None:
    """None where nothing was searched."""
    if found.searched is None or found.wide is None:
        return None
    cross, plain = found.wide.cross, found.wide.base.endpoints
    rows = []
    for one in found.searched.tried[1:]:
        got, candidate = one.run.endpoints, one.candidate
        rows.append(
            SearchRow(
                id=candidate.id,
                label=candidate.label,
                status=candidate.status,
                kind=candidate.kind,
                grade=candidate.evidence.grade,
                burden=BURDENS[burden_of(candidate.components)],
                change_response=change(cross, plain.response, got.response),
                change_durable=change(cross, plain.durable, got.durable),
                change_severe=change(cross, plain.severe_immune, got.severe_immune),
                front=one.front,
                deep=candidate.id in found.runs,
            )
        )
    rows.sort(key=lambda row: (-row.change_response.median, row.id))
    few = len(cross.ok)
    solves = few * len(found.searched.tried) + deep_patients * len(found.runs)
    return Search(tuple(rows), few, found.searched.generated, solves)
