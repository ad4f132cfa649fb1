"""Drug names -> kind and class of an exposure, so that 'ceftriaxone' alone is enough on the sheet.

Held in ``drugs.csv`` (WHO ATC groups).  A class written on the sheet is kept; one that disagrees is warned of.
"""

from __future__ import annotations

import csv
import difflib
import re
from functools import cache
from importlib.resources import files
from typing import Any

from hepaxis.problems import Problem, info, warning

TABLE = "drugs.csv"
ONGOING = "ongoing"


@cache
def drugs() -> dict[str, dict[str, str]]:
    """Rows of ``drugs.csv`` by drug name and by every other name, lower case with underscores."""
    text = files("hepaxis.patient").joinpath(TABLE).read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    return {_word(name): row for row in rows for name in (row["drug"], *row["other_names"].split("|")) if name}


@cache
def antibiotic_classes() -> tuple[str, ...]:
    return tuple(dict.fromkeys(row["class"] for row in drugs().values() if row["kind"] == "antibiotic"))


def complete(exposure: dict[str, Any], file: str, row: int, problems: list[Problem]) -> dict[str, Any]:
    """The exposure with kind and class filled from the drug, and ``ongoing`` set; disagreements are reported."""
    filled = dict(exposure)
    if filled.get("end_day") == ONGOING:
        filled["end_day"] = None
        filled["ongoing"] = True
    drug = filled.get("drug")
    known = drugs().get(_word(drug)) if drug else None
    if known:
        filled["drug"] = known["drug"]
    for key in ("kind", "class"):
        written = filled.get(key)
        if known and written is None:
            filled[key] = known[key]
        elif known and _word(str(written)) != known[key]:
            found = f"{drug} is written as {key} '{written}', the table says '{known[key]}'"
            hint = "check the drug or its class; what is written is used"
            problems.append(warning("patient.drug_class", found, hint, file=file, row=row, column=key))
    if filled.get("kind") == "antibiotic":
        _check_class(filled, file, row, problems)
    return filled


def _check_class(filled: dict[str, Any], file: str, row: int, problems: list[Problem]) -> None:
    written = filled.get("class")
    if written is None:
        found = f"the antibiotic '{filled.get('drug') or 'without a name'}' has no known class"
        hint = "write its class; else an average antibiotic is assumed. Known: " + ", ".join(antibiotic_classes())
        problems.append(info("patient.drug_unknown", found, hint, file=file, row=row, column="class"))
        return
    filled["class"] = _word(written)
    if filled["class"] not in antibiotic_classes():
        near = difflib.get_close_matches(filled["class"], antibiotic_classes(), n=1)
        hint = (f"did you mean '{near[0]}'? " if near else "") + "known: " + ", ".join(antibiotic_classes())
        problems.append(
            warning("patient.drug_class", f"antibiotic class '{written}' is not known", hint, file=file, row=row)
        )


def _word(text: str) -> str:
    return re.sub(r"[\s\-/]+", "_", text.strip().lower())
