"""The candidates of a result as a tab-separated table, one a row, most surprising first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

COLUMNS = (
    "antigen_id", "antigen", "peptide", "allele", "rank", "candidate", "candidate_rank", "species", "share", "protein",
    "description", "start", "distance", "mismatches", "facing_mismatches", "p_low", "p_median", "p_high", "e_value",
    "e_markov", "e_permuted", "q", "tests", "species_with_it", "flank_identity", "human_as_close", "in_human",
)  # fmt: skip


def candidate_table(result: Mapping[str, Any]) -> str:
    """Text of ``candidates.tsv``; empty where a value is not known.  The first lines say what it is."""
    head = [f"# {result['statement']}", "# Research use only, not for treatment decisions."]
    rows = ["\t".join(_cell(one[name]) for name in COLUMNS) for one in result["candidates"]]
    return "\n".join([*head, "\t".join(COLUMNS), *rows]) + "\n"


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.5g}"
    return str(value).replace("\t", " ")
