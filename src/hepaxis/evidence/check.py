"""Faults of evidence tables that a schema cannot see: numbers that contradict each other, words no table knows, people
counted twice.

Held: the same checks for the project's tables and for a user's own files.  All faults are listed, each with file, row
and column.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Mapping, Sequence

from hepaxis import knowledge
from hepaxis.evidence import curie
from hepaxis.problems import Problem, error

Row = Mapping[str, object]
Numbered = Sequence[tuple[int, Row]]
#: Designs that pool the people of other records.
POOLING = ("meta_analysis",)
FIRST_YEAR = 1900
ALPHA = 0.05
#: Ratios are printed to two digits: a limit this near to 1 may stand for either side.
ROUNDING = 0.01


def check() -> list[Problem]:
    """Every fault of the project's own evidence tables."""
    studies = _numbered("studies")
    problems = check_studies(studies, "studies.csv")
    problems += check_effects(_numbered("effects"), [row for _, row in studies], "effects.csv")
    problems += check_taxa(_numbered("microbiome_response_taxa"), "microbiome_response_taxa.csv")
    problems += _check_terms(_numbered("terms"))
    problems += _check_names("conflict_reasons", "taxon", "taxa") + _check_names(
        "conflict_reasons", "studies", "studies"
    )
    strategies = _ids("microbiota_arms") | _ids("regimens")
    records = {name for table in ("studies", "trials", "perturbations", "safety_rules") for name in _ids(table)}
    for line, row in _numbered("strategy_records"):
        for column, words, known in (
            ("strategy", (str(row["strategy"]),), strategies),
            ("records", _many(row["records"]), records),
        ):
            for word in set(words) - known:
                found, hint = f"'{word}'", "use an id that is there"
                file = "strategy_records.csv"
                problems.append(error("evidence.unknown_word", found, hint, file=file, row=line, column=column))
    for line, row in _numbered("metabolites"):
        problems += _curie(str(row["chebi"]), "metabolites.csv", line) if row["chebi"] else []
    for line, row in _numbered("taxon_curies"):
        problems += _curie(str(row["curie"]), "taxon_curies.csv", line)
    return problems


def check_studies(rows: Numbered, file: str, known: Iterable[str] = ()) -> list[Problem]:
    """Faults of rows in the columns of ``studies``; known: ids of studies that stand elsewhere."""
    problems: list[Problem] = []
    ids = {str(row["id"]) for _, row in rows} | set(known)
    tumours = _ids("terms", "tumour")
    metabolites = _ids("metabolites")
    seen: dict[str, Row] = {}
    for line, row in rows:

        def fault(code: str, found: str, hint: str, column: str, line: int = line) -> None:
            problems.append(error(f"evidence.{code}", found, hint, file=file, row=line, column=column))

        for column, words in (("tumour", tumours), ("metabolites", metabolites), ("pools", ids)):
            for word in _many(row[column]):
                if word not in words:
                    fault("unknown_word", f"'{word}'", f"use an id of {_HOMES[column]}", column)
        year = row["year"]
        if isinstance(year, int) and not FIRST_YEAR <= year <= datetime.date.today().year + 1:
            fault("year", f"year {year}", "a year of four digits", "year")
        if isinstance(row["n"], int) and row["n"] < 0:
            fault("size", f"{row['n']} participants", "a whole number of people", "n")
        if row["nct"] and curie.fault(f"NCT:{row['nct']}"):
            fault("registry", f"'{row['nct']}'", "NCT and eight digits", "nct")
        if row["pools"] and row["design"] not in POOLING:
            fault("pools", f"a {row['design']} pools other studies", "make it a meta_analysis or empty pools", "pools")
        for locator in (*_many(row["source"]), *_many(row["retraction"])):
            compact = curie.of_locator(locator)
            if compact and (why := curie.fault(compact)):
                fault("curie", why, "mend the locator", "source")
        for locator in _many(row["source"]):
            other = seen.setdefault(locator, row)
            if curie.of_locator(locator) and other is not row and _independent(row, other):
                hint = "name the data set they share in 'data' of both, so that its people count once"
                fault("same_source", f"{locator} is also that of '{other['id']}'", hint, "data")
    return problems


def _independent(one: Row, other: Row) -> bool:
    """True where two records of people share a source but no data set."""
    human = all(row["species"] == "human" and row["kind"] in ("microbiome", "exposure") for row in (one, other))
    return human and not set(_many(one["data"])) & set(_many(other["data"]))


def check_effects(rows: Numbered, studies: Iterable[Row], file: str) -> list[Problem]:
    """Faults of rows in the columns of ``effects``."""
    problems: list[Problem] = []
    designs = {str(row["id"]): str(row["design"]) for row in studies}
    words = {name: _ids("terms", name) for name in ("exposure", "treatment", "outcome")}
    tumours = _ids("terms", "tumour")
    pooled: dict[tuple[object, ...], str] = {}
    for line, row in rows:

        def fault(code: str, found: str, hint: str, column: str, line: int = line) -> None:
            problems.append(error(f"evidence.{code}", found, hint, file=file, row=line, column=column))

        for column, known in words.items():
            if row[column] not in known:
                fault("unknown_word", f"'{row[column]}'", "use an id of terms", column)
        for word in _many(row["tumour"]):
            if word not in tumours:
                fault("unknown_word", f"'{word}'", "use an id of terms", "tumour")
        if row["study_id"] not in designs:
            fault("unknown_study", f"'{row['study_id']}'", "add the study first", "study_id")
        elif row["pool"] == "yes" and designs[str(row["study_id"])] in POOLING:
            fault("pooled_twice", "a meta-analysis may enter a pooled value", "set pool to no", "pool")
        for code, found, hint, column in _number_faults(row):
            fault(code, found, hint, column)
        key = tuple(row[name] for name in ("study_id", "exposure", "treatment", "outcome", "tumour"))
        if row["pool"] == "yes" and pooled.setdefault(key, str(row["id"])) != row["id"]:
            fault("counted_twice", f"the same people as '{pooled[key]}'", "set pool to no for one of them", "pool")
    return problems


def _number_faults(row: Row) -> Iterable[tuple[str, str, str, str]]:
    value, low, high = (_number(row[name]) for name in ("value", "low", "high"))
    ratio = row["measure"] in ("hr", "or", "rr")
    if ratio and any(one is not None and one <= 0 for one in (value, low, high)):
        yield "ratio", "a ratio at or below 0", "a positive number", "value"
        return
    if (low is None) != (high is None):
        yield "limits", "one limit without the other", "give both or none", "low"
    if value is not None and low is not None and high is not None and not low <= value <= high:
        yield "limits", f"{value:g} lies outside {low:g} to {high:g}", "check the three numbers", "value"
    p = _number(row["p"])
    if p is not None and not 0 <= p <= 1:
        yield "p_value", f"p = {p:g}", "a number from 0 to 1", "p"
    level = _number(row["level"])
    if level is not None and not 50 < level < 100:
        yield "level", f"{level:g}%", "a coverage such as 90 or 95", "level"
    n, exposed = _number(row["n"]), _number(row["n_exposed"])
    if n is not None and exposed is not None and exposed > n:
        yield "sizes", f"{exposed:g} exposed of {n:g}", "check the two numbers", "n_exposed"
    events = _number(row["events_exposed"])
    if events is not None and exposed is not None and events > exposed:
        yield "sizes", f"{events:g} with the outcome of {exposed:g} exposed", "check the two numbers", "events_exposed"
    if ratio and low is not None and high is not None:
        yield from _direction_faults(row, low, high, p)


def _direction_faults(row: Row, low: float, high: float, p: float | None) -> Iterable[tuple[str, str, str, str]]:
    outcome = next((one for one in knowledge.records("terms") if one["id"] == row["outcome"]), None)
    if outcome is None or row["direction"] == "unclear":
        return
    apart = 1 if low > 1 + ROUNDING else -1 if high < 1 - ROUNDING else 0
    if p is not None and (p < ALPHA) != (apart != 0):
        return  # the study's own test and its limits disagree, as the note has to say; its own test stands
    harm = bool(outcome["harm_if_high"])
    says = {1: "worse" if harm else "better", -1: "better" if harm else "worse", 0: "null"}[apart]
    near = apart == 0 and min(abs(math.log(low)), abs(math.log(high))) <= ROUNDING
    if row["direction"] != says and not near:
        found = f"limits {low:g} to {high:g} say '{says}', the row '{row['direction']}'"
        yield "direction", found, "check the sign", "direction"


def check_taxa(rows: Numbered, file: str) -> list[Problem]:
    """Faults of rows in the columns of ``microbiome_response_taxa``: a study that says both of one taxon."""
    problems: list[Problem] = []
    said: dict[tuple[object, object], object] = {}
    for line, row in rows:
        if row["direction"] not in ("up_in_responders", "up_in_nonresponders"):
            continue
        first = said.setdefault((row["study_id"], row["taxon_id"]), row["direction"])
        if first != row["direction"]:
            found = f"{row['taxon_id']} points both ways in {row['study_id']}"
            hint = "keep the direction the study concludes, or name two strains"
            problems.append(error("evidence.both_ways", found, hint, file=file, row=line, column="direction"))
    return problems


def _check_terms(rows: Numbered) -> list[Problem]:
    problems = []
    kinds = {str(row["id"]): row["kind"] for _, row in rows}
    for line, row in rows:
        if row["parent"] and kinds.get(str(row["parent"])) != row["kind"]:
            found = f"'{row['parent']}' is no {row['kind']}"
            problems.append(
                error("evidence.parent", found, "name a wider term of the same kind", file="terms.csv", row=line)
            )
        if row["curie"]:
            problems += _curie(str(row["curie"]), "terms.csv", line)
    return problems


def _check_names(table: str, column: str, holder: str) -> list[Problem]:
    known = _ids(holder)
    return [
        error(
            "evidence.unknown_word", f"'{word}'", f"use an id of {holder}", file=f"{table}.csv", row=line, column=column
        )
        for line, row in _numbered(table)
        for word in _many(row[column])
        if word not in known
    ]


def _curie(text: str, file: str, line: int) -> list[Problem]:
    why = curie.fault(text)
    hint = "use a prefix of curie_prefixes"
    return [error("evidence.curie", why, hint, file=file, row=line, column="curie")] if why else []


_HOMES = {"tumour": "terms (kind tumour)", "metabolites": "metabolites", "pools": "studies"}


def _ids(table: str, kind: str = "") -> frozenset[str]:
    return frozenset(str(row["id"]) for row in knowledge.records(table) if not kind or row["kind"] == kind)


def _numbered(table: str) -> list[tuple[int, Row]]:
    return list(enumerate(knowledge.records(table), start=2))


def _many(value: object) -> tuple[str, ...]:
    return tuple(str(part) for part in value) if isinstance(value, tuple) else ()


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
