"""The one-page report of a cohort: the data check first, then who they are, then findings with intervals.

Takes ``cohort.json`` as it was written and estimates nothing.  Every figure carries its numbers: a table under it, and
the same as a CSV file inside the page, so that the page alone is enough.
"""

from __future__ import annotations

import base64
import csv
import io
from pathlib import Path
from typing import Any

from markupsafe import Markup

from hepaxis.problems import InputError, error

from .cohort_records import CohortDocument, Panel, Table, read_cohort
from .figures.cohort.forest import forest
from .figures.cohort.lines import clouds, lines
from .formats import ABSENT, counted, quantity, true_minus
from .sheet import printed
from .tables import DataTable
from .write import write_whole

RESULT, PAGE = "cohort.json", "report.html"
MOST_ROWS = 40  # of a data table on the page; the file beside it has all
NAVIGATION = (("check", "Data check"), ("people", "People"))
AFTER = (("methods", "Methods"), ("standards", "Standards"))
SEVERITIES = {"error": "block", "warning": "warn", "info": "plain"}


def render_cohort(document: CohortDocument) -> str:
    """The cohort as one HTML document: no script, no request, style allowed by its hash."""
    nav = (*NAVIGATION, *((s.id, _short(s.title)) for s in document.sections), *AFTER)
    problems = [
        {
            "css": SEVERITIES.get(str(p.get("severity")), "plain"),
            "severity": str(p.get("severity", "")),
            "where": _where(p),
            "found": str(p.get("found", "")),
            "hint": str(p.get("hint", "")),
            "code": str(p.get("code", "")),
        }
        for p in document.check
    ]
    context: dict[str, Any] = {
        "d": document,
        "problems": problems,
        "loud": [p for p in problems if p["severity"] != "info"],
        "quiet": [p for p in problems if p["severity"] == "info"],
        "draw": _drawn,
        "download": download,
        "shown": shown,
        "counted": counted,
        "it": _plain,
        "cell": _cell,
        "short": _short,
    }
    return printed("cohort.html.j2", nav, **context)


def write_cohort(folder: Path | str) -> Path:
    """Read ``cohort.json`` of the folder and write ``report.html`` beside it, whole or not at all; returns its path.

    Raises InputError where there is no cohort.json, it is not one, or the folder cannot be written.
    """
    source = Path(folder) / RESULT
    if not source.is_file():
        hint = "Give the folder that `hepaxis cohort` wrote."
        raise InputError([error("cohort.no_result", f"no {RESULT} here", hint, file=str(folder))])
    page = render_cohort(read_cohort(source.read_text(encoding="utf-8"), file=str(source)))
    try:
        (written,) = write_whole(Path(folder), {PAGE: page})
    except OSError as fault:
        hint = "Give a folder that can be written; nothing was changed."
        found = f"{fault.strerror or fault} ({Path(folder).name})"
        raise InputError([error("report.cannot_write", found, hint, file=str(folder))]) from None
    return written


def _drawn(panel: Panel) -> dict[str, Any]:
    """picture and charts of a panel; both empty for a table."""
    if panel.kind == "forest" and panel.marks:
        return {"picture": Markup(""), "charts": (forest(panel),)}
    if panel.kind == "lines":
        return {"picture": lines(panel), "charts": ()}
    if panel.kind == "clouds":
        return {"picture": clouds(panel), "charts": ()}
    return {"picture": Markup(""), "charts": ()}


def shown(table: Table, title: str) -> DataTable:
    """The first rows as text."""
    rows = tuple(tuple(_cell(v) for v in row) for row in table.rows[:MOST_ROWS])
    more = len(table.rows) - len(rows)
    told = f"{title} (first {len(rows)} of {len(table.rows)} rows; the file has all)" if more > 0 else title
    return DataTable(told, tuple(h.replace("_", " ") for h in table.head), rows)


def download(table: Table, name: str) -> Markup:
    """A link that holds the table as CSV: no request is made."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(table.head)
    writer.writerows([["" if v is None else v for v in row] for row in table.rows])
    text = base64.b64encode(stream.getvalue().encode("utf-8")).decode("ascii")
    return Markup('<a class="dl" download="{}.csv" href="data:text/csv;base64,{}">{}.csv</a>').format(name, text, name)


def _cell(value: Any) -> str:
    if value is None or value == "":
        return ABSENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return quantity(value)
    return str(value)


def _plain(words: str) -> str:
    return true_minus(words)


def _where(problem: dict[str, Any]) -> str:
    parts = [Path(str(problem.get("file") or "")).name]
    if problem.get("row"):
        parts.append(f"row {problem['row']}")
    if problem.get("column"):
        parts.append(f"column {problem['column']}")
    return ", ".join(p for p in parts if p)


def _short(title: str) -> str:
    """A section's title in the bar: its first words."""
    return {"Survival and exposures": "Survival", "Prediction of response": "Prediction"}.get(title, title)
