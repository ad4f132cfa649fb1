"""Who responded, under a definition that is always chosen and always recorded, and how much hangs on the choice.

A best response that could be two categories ('SD/PD') counts where both would count alike and is missing elsewhere.
Death before an assessment is no response and no disease control.  Someone censored before the month asked for is
missing for PFS and OS at that month, never a responder.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hepaxis.cohort.record import Cohort, ResponseDefinition
from hepaxis.patient.cohort_response import category
from hepaxis.problems import InputError, error

FORMS = "give ORR, DCR, PFS@<months>, OS@<months> or LABEL:<column>[=<value>]"
RESPONDS = {"ORR": {"CR", "PR"}, "DCR": {"CR", "PR", "SD"}}
USUAL_MONTHS = (("PFS", 6.0), ("PFS", 12.0), ("OS", 12.0))
NO_ASSESSMENT = frozenset({"death", "dead", "deceased", "clinical progression"})


def parse_definition(text: str) -> ResponseDefinition:
    """'ORR', 'DCR', 'PFS@6', 'OS@12', 'LABEL:response' or 'LABEL:group=cirrhosis' -> ResponseDefinition.

    Raises InputError for anything else.
    """
    word = text.strip()
    if word.upper() in RESPONDS:
        return ResponseDefinition(word.upper())  # type: ignore[arg-type]
    timed = re.fullmatch(r"(PFS|OS)@(\d+(?:\.\d+)?)", word, re.IGNORECASE)
    if timed and float(timed[2]) > 0:
        return ResponseDefinition(timed[1].upper(), months=float(timed[2]))  # type: ignore[arg-type]
    label = re.fullmatch(r"LABEL:([^=]+)(?:=(.+))?", word, re.IGNORECASE)
    if label:
        return ResponseDefinition("LABEL", column=label[1].strip(), value=(label[2] or "").strip())
    raise InputError([error("cohort.definition", f"'{text}' is no definition of response", FORMS)])


def recist_set(text: object) -> frozenset[str]:
    """The categories a best-response cell may mean; empty where it says none."""
    if not isinstance(text, str):
        return frozenset()
    found: set[str] = set()
    for part in re.split(r"[/+]", text):
        word = part.strip()
        if word.casefold() in NO_ASSESSMENT:
            found.add("PD")
        else:
            found.add(category(word) or "?")
    return frozenset() if found == {"?"} else frozenset(found)


@dataclass(frozen=True)
class Outcomes:
    """What a table says of the outcome, rows in one index; absent columns are all missing.

    recist  text; orr and label 1.0/0.0/NaN; survival os_months, os_event, pfs_months, pfs_event;
    flags (endpoint, months) -> 1.0/0.0/NaN; columns raw text by column name, for LABEL; signs of those columns
    """

    recist: pd.Series
    orr: pd.Series
    survival: pd.DataFrame
    flags: dict[tuple[str, float], pd.Series]
    columns: pd.DataFrame
    signs: pd.DataFrame


def derive(outcomes: Outcomes, definition: ResponseDefinition) -> pd.Series:
    """Response 1.0, 0.0 or NaN of each row under ``definition``."""
    if definition.endpoint in RESPONDS:
        return _by_recist(outcomes, RESPONDS[definition.endpoint], definition.endpoint)
    if definition.endpoint == "LABEL":
        return _by_label(outcomes, definition)
    return _by_time(outcomes, definition)


def _by_recist(outcomes: Outcomes, responds: set[str], endpoint: str) -> pd.Series:
    def one(text: object) -> float:
        names = recist_set(text)
        marks = {name in responds for name in names}
        return float(marks.pop()) if len(marks) == 1 and "?" not in names else np.nan

    found = outcomes.recist.map(one).astype(float)
    told = outcomes.orr
    if endpoint == "DCR":
        told = told.where(told == 1.0)  # an objective response is disease control; none may still be stable disease
    # a table's own yes/no stands in only where no category is given at all: 'SD/PD' stays undecided
    silent = outcomes.recist.map(lambda text: not isinstance(text, str))
    return found.where(~silent, told)


def _by_label(outcomes: Outcomes, definition: ResponseDefinition) -> pd.Series:
    if definition.column not in outcomes.columns:
        return pd.Series(np.nan, index=outcomes.recist.index)
    if not definition.value:
        return outcomes.signs[definition.column].astype(float)
    cells = outcomes.columns[definition.column]
    wanted = definition.value.casefold()
    known = cells.map(lambda c: isinstance(c, str) and bool(c.strip()))
    return cells.map(lambda c: float(str(c).strip().casefold() == wanted)).astype(float).where(known)


def _by_time(outcomes: Outcomes, definition: ResponseDefinition) -> pd.Series:
    name, months = definition.endpoint.lower(), float(definition.months or 0.0)
    time, event = outcomes.survival[f"{name}_months"], outcomes.survival[f"{name}_event"]
    found = pd.Series(np.nan, index=time.index)
    found[(time < months) & (event == 1)] = 0.0
    found[time >= months] = 1.0
    flag = outcomes.flags.get((definition.endpoint, months))
    return found if flag is None else found.fillna(flag)


def usual_definitions(outcomes: Outcomes, chosen: ResponseDefinition) -> list[ResponseDefinition]:
    """The chosen definition first, then the usual ones."""
    usual = [ResponseDefinition("ORR"), ResponseDefinition("DCR")]
    usual += [ResponseDefinition(name, months) for name, months in USUAL_MONTHS]  # type: ignore[arg-type]
    usual += [ResponseDefinition(name, months) for name, months in outcomes.flags]  # type: ignore[arg-type]
    return list(dict.fromkeys([chosen, *usual]))


def sensitivity(cohort: Cohort) -> pd.DataFrame:
    """How the other definitions would label the same samples.

    One row a definition that labels anybody: ``definition``, ``responders``, ``others``, ``missing``, and against the
    chosen one over the samples both label: ``both``, ``gained`` (response only here), ``lost`` (response only in the
    chosen one), ``kappa`` (Cohen 1960; NaN where either has one class).  The chosen definition is the first row.
    """
    rows = []
    for column in cohort.responses.columns:
        other, chosen = cohort.responses[column], cohort.response
        known = other.notna() & chosen.notna()
        a, b = chosen[known].to_numpy(dtype=float), other[known].to_numpy(dtype=float)
        rows.append(
            {
                "definition": str(column),
                "responders": int((other == 1).sum()),
                "others": int((other == 0).sum()),
                "missing": int(other.isna().sum()),
                "both": int(known.sum()),
                "gained": int(((a == 0) & (b == 1)).sum()),
                "lost": int(((a == 1) & (b == 0)).sum()),
                "kappa": _kappa(a, b),
            }
        )
    return pd.DataFrame(rows)


def _kappa(a: np.ndarray, b: np.ndarray) -> float:
    if not len(a):
        return float("nan")
    seen = float((a == b).mean())
    chance = float(a.mean() * b.mean() + (1 - a.mean()) * (1 - b.mean()))
    return float("nan") if chance >= 1.0 else (seen - chance) / (1.0 - chance)
