"""Columns of a mixed table that are not taxa: patient, sample and outcome fields beside the abundances.

A column goes out when its cells are no numbers, when its name is a known field, or when it neither looks like a
taxon nor like a genome placeholder (GTDB genera such as UBA71 or 14-2 must stay).
"""

from __future__ import annotations

import re

from hepaxis.profile import lineage as lin

_FIELD_WORDS = """
age sex gender bmi weight height group cohort country center centre site batch plate run study dataset patient
patientid subject subjectid sample sampleid individual id os pfs dfs rfs death dead status event response
responder recist treatment therapy drug line dose day days week weeks month months year visit timepoint time
date diagnosis disease condition cancer stage histology smoking ecog ecogps albi childpugh bclc afp crp albumin
bilirubin inr platelets antibiotics atb abx ppi probiotic diet shannon simpson simpsoninv fisheralpha srichness
jeveness pielou richness evenness chao1 observed faith reads depth readcount librarysize ph od rep replicate
label class outcome category type name barcode well akktricho score toposcore sigcat
"""
_FIELDS = frozenset(_FIELD_WORDS.split())
_TIMED = re.compile(r"^(?:os|pfs|dfs|rfs|ttp|orr|dcr)[ _.]?\d*(?:[ _.]?(?:months?|days?|mo|d))?$", re.IGNORECASE)
_PLACEHOLDER_GENUS = re.compile(r"^(?=.*\d)[A-Za-z0-9][A-Za-z0-9_.-]{2,}$")


def is_field(name: str) -> bool:
    """Whether a column's name is a known patient, sample or outcome field."""
    word = re.sub(r"[^a-z0-9]", "", name.lower())
    return word in _FIELDS or _TIMED.match(name.strip()) is not None


def split(names: list[str], numeric: list[bool]) -> tuple[list[int], list[int]]:
    """Column names and whether their cells are numbers -> positions of (taxa, other columns)."""
    taxa: list[int] = []
    other: list[int] = []
    for i, (name, number) in enumerate(zip(names, numeric, strict=True)):
        shaped = lin.looks_like_taxon(name) or _PLACEHOLDER_GENUS.match(name) or _is_unknown(name)
        (taxa if number and shaped and not is_field(name) else other).append(i)
    return taxa, other


def _is_unknown(name: str) -> bool:
    return name.strip().lower() in {"unclassified", "unknown", "unassigned", "unmapped", "other", "others", "__"}
