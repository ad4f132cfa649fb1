"""What a user asks of an analysis, and the covariates that are used where nothing is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hepaxis.cohort.record import Cohort
from hepaxis.problems import InputError, error

BASELINE = ("age", "sex", "bmi", "ecog", "child_pugh", "bclc", "afp", "aetiology")
"""Known before treatment and known to bear on outcome; adjusted for where the tables hold them."""
EXPOSURES = ("antibiotics", "ppi", "steroids")
MOST_LEVELS = 12  # of a text covariate; with more it is a name rather than a category
PERMUTATIONS = 999


@dataclass(frozen=True)
class Options:
    """What to do beyond what the tables decide.

    adjust        covariates in place of ``BASELINE`` (columns of ``Cohort.clinical``)
    exposures     flags to look at beside ``EXPOSURES``; 'column' or 'column=value'
    control       'column=value' of the patients on a control therapy without immunotherapy, '' where there are none
    scores        files of scores the user brings
    tree          Newick file for UniFrac
    seed, workers, permutations (of PERMANOVA), refits (permutations of predictions)
    mechanism     whether the model of this project is asked
    """

    adjust: Sequence[str] | None = None
    exposures: Sequence[str] = ()
    control: str = ""
    scores: Sequence[str | Path] = ()
    tree: str | Path | None = None
    seed: int = 1
    workers: int = 2
    permutations: int = PERMUTATIONS
    refits: int = 200
    mechanism: bool = True


def baseline(cohort: Cohort, options: Options) -> pd.DataFrame:
    """samples x covariates.  InputError for an asked covariate that is not there or names people."""
    names = list(options.adjust) if options.adjust is not None else [n for n in BASELINE if n in cohort.clinical]
    missing = [n for n in names if n not in cohort.clinical]
    if missing:
        known = ", ".join(map(str, cohort.clinical.columns[:20]))
        raise InputError(
            [error("cohort.adjust", f"no column '{name}'", f"columns begin with: {known}") for name in missing]
        )
    kept = {}
    for name in names:
        column = cohort.clinical[name]
        numbers = pd.to_numeric(column, errors="coerce")
        if numbers.notna().sum() == column.notna().sum():
            kept[name] = numbers.astype(float)
        elif column.nunique() <= MOST_LEVELS:
            kept[name] = column.astype(object)
        elif options.adjust is not None:
            found = f"'{name}' has {column.nunique()} categories"
            raise InputError([error("cohort.adjust", found, f"group them into at most {MOST_LEVELS}")])
    return pd.DataFrame(kept, index=cohort.clinical.index)


def flag(cohort: Cohort, asked: str) -> pd.Series:
    """samples: 1.0, 0.0 or NaN of 'column' (numbers 0/1, yes/no words) or 'column=value'.  InputError otherwise."""
    name, _, value = asked.partition("=")
    if name not in cohort.clinical:
        raise InputError([error("cohort.exposure", f"no column '{name}'", "give a column of the clinical table")])
    column = cohort.clinical[name]
    if value:
        same = column.astype(str).str.strip().str.casefold() == value.strip().casefold()
        if not same.any():
            raise InputError([error("cohort.exposure", f"no row has {name} = {value}", "check the value")])
        return same.astype(float).where(column.notna())
    numbers = pd.to_numeric(column, errors="coerce")
    words = column.astype(str).str.strip().str.casefold().map({"yes": 1.0, "no": 0.0, "true": 1.0, "false": 0.0})
    found = numbers.where(numbers.isin([0.0, 1.0]), words).astype(float)
    if not found.notna().any():
        hint = f"name the value that counts as exposed: {name}=<value>"
        raise InputError([error("cohort.exposure", f"'{name}' is neither 0/1 nor yes/no", hint)])
    return found


def several_studies(cohort: Cohort) -> bool:
    return len(set(cohort.study)) > 1
