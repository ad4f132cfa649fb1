"""The sources of one run, as a list to read or as CSL-JSON for a reference manager."""

from __future__ import annotations

from typing import Any

from hepaxis.plan.schema import Plan, Source

from . import reading as read
from .sheet import STATEMENT


def cite_text(plan: Plan) -> str:
    """One numbered line a source, as numbered in the report, with how far it was checked."""
    lines = []
    for number, source in enumerate(plan.sources, 1):
        grade, _ = read.grade_of(source)
        label = "" if source.label == source.locator else f"{read.bare(source.label)}. "
        link = read.link_of(source.locator)
        lines.append(f"{number}. {label}{link or read.bare(source.locator)} ({grade})")
    version = plan.versions.get("hepaxis", "")
    return (
        "\n".join([*lines, "", f"Made by hepaxis {version}, model {plan.versions.get('model', '')}.", STATEMENT]) + "\n"
    )


def cite_document(plan: Plan) -> list[dict[str, Any]]:
    """CSL-JSON items."""
    return [_item(source) for source in plan.sources]


def _item(source: Source) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": source.id,
        "type": "article-journal" if source.locator.startswith("doi:") else "document",
        "title": read.bare(source.label),
        "note": f"checked: {read.grade_of(source)[0]}",
    }
    if source.locator.startswith("doi:"):
        item["DOI"] = read.bare(source.locator)
    elif link := read.link_of(source.locator):
        item["URL"] = link
    return item
