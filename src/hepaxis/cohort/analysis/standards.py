"""What reporting standards ask, answered from the run where it knows, left to the authors where it does not.

Topics of the STORMS checklist (Mirzayi 2021, 10.1038/s41591-021-01552-x) are in this project's own words, in its order;
fields of the human-gut package of MIxS (Yilmaz 2011, 10.1038/nbt.1823) keep their names, with the INSDC term 'missing:
not provided' where nothing is known.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from importlib.resources import files

import pandas as pd

from hepaxis.cohort.record import Cohort

NOT_PROVIDED = "missing: not provided"
AUTHORS = "to be written by the authors"


def storms(answers: Mapping[str, str]) -> pd.DataFrame:
    """One row a topic: part, topic, answered (run or authors), answer."""
    rows = []
    for row in _table("storms.csv"):
        known = answers.get(row["from"], "") if row["answer"] == "run" else ""
        rows.append((row["part"], row["topic"], "run" if known else "authors", known or AUTHORS))
    return pd.DataFrame(rows, columns=["part", "topic", "answered", "answer"])


def mixs(cohort: Cohort) -> pd.DataFrame:
    """One row a sample, one column a field of the human-gut package."""
    found: dict[str, object] = {}
    for row in _table("mixs.csv"):
        name = row["field"]
        if name == "index":
            values = pd.Series(cohort.abundance.index.astype(str), index=cohort.abundance.index)
        elif name in ("subject", "study"):
            values = getattr(cohort, name)
        elif name and name in cohort.clinical:
            values = cohort.clinical[name]
        else:
            values = pd.Series(row["value"] or NOT_PROVIDED, index=cohort.abundance.index)
        found[row["term"]] = values.map(lambda v: NOT_PROVIDED if pd.isna(v) else v)
    return pd.DataFrame(found, index=cohort.abundance.index)


def _table(name: str) -> list[dict[str, str]]:
    text = files("hepaxis.cohort.analysis").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
