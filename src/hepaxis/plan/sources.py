"""Every source a plan rests on, once, with how far it was checked."""

from __future__ import annotations

from collections.abc import Iterable

from hepaxis import knowledge, therapy
from hepaxis.plan.citations import records_of
from hepaxis.plan.schema import Source

REVIEW = "doi:10.20517/2394-5079.2026.03"
REVIEW_LABEL = "Review: gut microbiota and HCC immunotherapy"
TABLES = (
    *("studies", "regimens", "microbiota_arms", "drugs", "safety_rules", "trials", "traits", "perturbations"),
    *("metabolite_predictability", "quantities"),
)
STRENGTH = ("seen", "recomputed", "read", "part_seen", "recalled")


def collect(locators: Iterable[str], components: Iterable[str]) -> tuple[Source, ...]:
    """Sources of the locators used anywhere in the plan, in order of first use.

    components: regimen and arm ids whose own sources are added.  The grade is that of the table row the locator
    stands in; the best where there are several.
    """
    wanted = [REVIEW, *locators]
    for id in components:
        one = therapy.regimen(id) if id in therapy.regimen_ids() else therapy.arm(id)
        wanted += list(one.sources)
    grades = _grades()
    found = []
    for locator in dict.fromkeys(part for word in wanted for part in _locators(word) if part):
        label, checked, table, row = grades.get(locator, (locator, "recalled", "", ""))
        record = records_of(locator, table, row)
        found.append(Source(id=locator, label=label, locator=locator, checked=checked, table=table, record=record))
    return tuple(found)


def _grades() -> dict[str, tuple[str, str, str, str]]:
    """Label, grade, table and row of the best checked row a locator stands in."""
    best: dict[str, tuple[str, str, str, str]] = {}
    for table in TABLES:
        for row in knowledge.records(table):
            checked = str(row.get("checked") or "recalled")
            label = next((str(row[c]) for c in ("label", "name", "title", "rationale", "id") if row.get(c)), "")
            for locator in _locators(row.get("source")):
                known = best.get(locator)
                if known is None or STRENGTH.index(checked) < STRENGTH.index(known[1]):
                    best[locator] = (label, checked, table, str(row["id"]))
    best[REVIEW] = (REVIEW_LABEL, *best[REVIEW][1:])
    return best


def _locators(cell: object) -> tuple[str, ...]:
    if isinstance(cell, tuple):
        return tuple(str(word) for word in cell)
    return tuple(word.strip() for word in str(cell or "").split(";"))
