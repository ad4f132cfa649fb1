"""Figures and the one-file HTML report; takes results, computes none.

``render`` gives the page, ``embed`` its sections alone, ``embed_strategies`` one of them, ``write`` puts report.html
and plan.json into a folder, ``summary_table`` is the short table for a terminal, ``dump_plan`` and ``load_plan`` are
the only way a plan becomes text and back.
"""

from __future__ import annotations

from .page import embed, embed_strategies, render
from .serialise import dump_plan, load_plan, plan_json_schema
from .sheet import STATEMENT
from .summary import summary_table
from .write import write

__all__ = [
    "STATEMENT",
    "dump_plan",
    "embed",
    "embed_strategies",
    "load_plan",
    "plan_json_schema",
    "render",
    "summary_table",
    "write",
]
