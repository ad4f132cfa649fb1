"""Profiles and clinical tables become one ``Cohort``, or every reason why not.

Order: profiles merged -> tables cleaned -> rows linked to samples -> outcomes derived under the chosen definition ->
cohort checked.  An error stops the join unless the caller has looked at it and accepts its code; what was accepted is
kept with the result.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from hepaxis.cohort.checks import cohort_problems
from hepaxis.cohort.clinical import Clinical, read_clinical
from hepaxis.cohort.linking import Link, link, link_by_person, missing_series, opposed, overlay, reach
from hepaxis.cohort.profiles import Merged, Source, average_runs, merge
from hepaxis.cohort.record import SURVIVAL_COLUMNS, Cohort, ResponseDefinition
from hepaxis.cohort.response import Outcomes, derive, parse_definition, usual_definitions
from hepaxis.problems import InputError, Problem, Severity, error
from hepaxis.profile.record import Step

Tables = str | Path | pd.DataFrame


def join(
    profiles: Source | Sequence[Source] | Mapping[str, Source],
    clinical: Tables | Sequence[Tables] | Mapping[str, Tables],
    *,
    response: str | ResponseDefinition,
    columns: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    sample: str | None = None,
    taxonomy: str | Path | None = None,
    rank: str | None = None,
    accept: Collection[str] = (),
    invert: Collection[str] = (),
) -> Cohort:
    """Join profiles to clinical tables by sample id.

    profiles  abundance tables (paths or ``Profile``), or study -> table; any format of ``profile.read``
    clinical  CSV/TSV paths or frames, or name -> table; several for one sample are laid over each other in this order
    response  ORR, DCR, PFS@<months>, OS@<months> or LABEL:<column>[=<value>]: there is no default
    columns   field of ``columns.csv`` -> column, where names do not say it
    units     pfs_time or os_time, or '<table name>.pfs_time' -> month, day, week or year
    sample    column that holds the sample ids; by default the one that meets most samples
    taxonomy  names for ASV, OTU or genome ids; rank: sum taxa to this rank
    accept    codes of errors that were looked at and are not to stop the join; they stay in ``problems``
    invert    studies whose label is known to be turned round, to be turned back

    Raises InputError with every problem found.
    """
    definition = parse_definition(response) if isinstance(response, str) else response
    merged = merge(profiles, taxonomy, rank)
    problems: list[Problem] = list(merged.problems)
    tables: list[Clinical] = []
    for name, source in _named(clinical).items():
        read = read_clinical(source, name, definition, named=columns, units=units)
        if isinstance(read, list):
            problems += read
        else:
            tables.append(read)
    problems += _unmet_columns(columns or {}, tables, sample, definition)
    links, merged = _links(tables, merged, sample, problems)
    problems = [_settled(p, tables, invert) for p in problems]
    cohort = _assemble(merged, tables, links, definition, problems, invert)
    problems += cohort_problems(cohort) if len(cohort.abundance) else []
    blocking = [p for p in problems if p.severity is Severity.ERROR and p.code not in accept]
    if blocking:
        raise InputError([*blocking, *[p for p in problems if p not in blocking]])
    return replace(cohort, problems=tuple(problems), accepted=tuple(sorted({p.code for p in problems} & set(accept))))


def check(
    profiles: Source | Sequence[Source] | Mapping[str, Source],
    clinical: Tables | Sequence[Tables] | Mapping[str, Tables],
    *,
    response: str | ResponseDefinition,
    **options: object,
) -> list[Problem]:
    """Every problem that ``join`` with the same arguments would find, errors first; nothing is raised for them."""
    try:
        found = list(join(profiles, clinical, response=response, **options).problems)  # type: ignore[arg-type]
    except InputError as fault:
        found = list(fault.problems)
    order = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
    return sorted(found, key=lambda p: order[p.severity])


def _settled(problem: Problem, tables: Sequence[Clinical], invert: Collection[str]) -> Problem:
    """A table's inverted label stops nothing once all of its studies are to be turned back."""
    if problem.code != "cohort.inverted_response":
        return problem
    studies = {
        str(study)
        for table in tables
        if table.table.file == problem.file
        for study in (table.fields["study"].dropna().unique() if "study" in table.fields else [table.name])
    }
    return replace(problem, severity=Severity.WARNING) if studies and studies <= set(invert) else problem


def _named(clinical: Tables | Sequence[Tables] | Mapping[str, Tables]) -> dict[str, Tables]:
    if isinstance(clinical, Mapping):
        return {str(key): table for key, table in clinical.items()}
    listed = [clinical] if isinstance(clinical, str | Path | pd.DataFrame) else list(clinical)
    names: dict[str, Tables] = {}
    for number, table in enumerate(listed, start=1):
        name = f"table {number}" if isinstance(table, pd.DataFrame) else Path(table).stem
        names[name if name not in names else f"{name} {number}"] = table
    return names


def _unmet_columns(
    columns: Mapping[str, str], tables: Sequence[Clinical], sample: str | None, definition: ResponseDefinition
) -> list[Problem]:
    there = {column for table in tables for column in table.raw.columns}
    wanted = dict(columns) | ({"sample": sample} if sample else {})
    if definition.column:
        wanted["response"] = definition.column
    return [
        error("cohort.no_column", f"no table has a column '{column}' ({field})", "name one that is there")
        for field, column in wanted.items()
        if tables and column not in there
    ]


def _links(
    tables: Sequence[Clinical], merged: Merged, sample: str | None, problems: list[Problem]
) -> tuple[list[Link], Merged]:
    samples = list(merged.abundance.index)
    links = [link(table, samples, sample) for table in tables]
    runs = {name: parts for one in links for name, parts in one.runs.items()}
    merged = average_runs(merged, runs)
    subject = _field("subject", tables, links, pd.Index(samples))
    for n, one in enumerate(links):
        if one.rows.empty:
            links[n] = link_by_person(tables[n], subject)
    for table, one in zip(tables, links, strict=True):
        problems += [p for p in table.problems if not (p.code == "cohort.duplicate_id" and p.column != one.column)]
        problems += one.problems
    # the single table's word on a repeated id is worth nothing beside that of the column the join used
    problems[:] = list(dict.fromkeys(problems))
    return links, merged


def _field(name: str, tables: Sequence[Clinical], links: Sequence[Link], index: pd.Index) -> pd.Series:
    parts = [(t.fields[[name]], one) for t, one in zip(tables, links, strict=True) if name in t.fields]
    parts = [(frame, one) for frame, one in parts if len(one.rows)]
    return overlay(parts, index)[name] if parts else missing_series(index)


def _assemble(
    merged: Merged,
    tables: Sequence[Clinical],
    links: Sequence[Link],
    definition: ResponseDefinition,
    problems: list[Problem],
    invert: Collection[str],
) -> Cohort:
    reached = set().union(*[set(one.rows.index) for one in links]) if links else set()
    problems += reach(links, merged.abundance.index)
    index = pd.Index([s for s in merged.abundance.index if s in reached], name="sample")
    pairs = list(zip(tables, links, strict=True))
    study = _field("study", tables, links, index).astype(object)
    study = study.where(study.notna(), merged.origin.reindex(index)).astype(str)
    subject = _people(_field("subject", tables, links, index), study)
    log = [*merged.log]
    labels = {str(d): _responses(d, pairs, index) for d in usual_definitions(_all_outcomes(pairs, index), definition)}
    problems += opposed([(t, _own(t, one, derive(t.outcomes, definition))) for t, one in pairs])
    turned = study.isin(set(invert))
    if turned.any():
        for name in [n for n in labels if n in ("ORR", "DCR") or n.startswith("LABEL")]:
            labels[name] = labels[name].where(~turned, 1.0 - labels[name])
        told = ", ".join(sorted(set(study[turned])))
        log.append(Step(f"The response labels of {told} were turned round, as asked.", "cohort.inverted"))
    kept = {name: values for name, values in labels.items() if values.notna().any() or name == str(definition)}
    outcomes = _all_outcomes(pairs, index)
    typed = overlay([(t.fields, one) for t, one in pairs if len(one.rows)], index)
    raw = overlay([(t.raw, one) for t, one in pairs if len(one.rows)], index)
    fields = typed.drop(columns=[c for c in ("subject", "study") if c in typed])
    day = fields["day"].astype(float) if "day" in fields else pd.Series(np.nan, index=index)
    log.append(Step(f"Definition: {definition.sentence()}.", "cohort.definition"))
    return Cohort(
        abundance=merged.abundance.loc[index],
        lineages=merged.lineages,
        counts=None if merged.counts is None else merged.counts.loc[index],
        unknown=merged.unknown.loc[index],
        reads=merged.reads.loc[index],
        subject=subject,
        study=study,
        profiler=merged.profiler.loc[index],
        day=day,
        clinical=pd.concat([fields, raw[[c for c in raw.columns if c not in fields.columns]]], axis=1),
        response=kept[str(definition)],
        responses=pd.DataFrame(kept, index=index),
        definition=definition,
        survival=outcomes.survival[list(SURVIVAL_COLUMNS)].astype(float),
        log=tuple(log),
    )


def _people(subject: pd.Series, study: pd.Series) -> pd.Series:
    """Persons, told apart by study where two studies use one id; a sample without one is its own person."""
    own = pd.Series(subject.index.astype(str), index=subject.index, dtype=object)
    people = subject.where(subject.notna(), own).astype(str)
    shared = study.groupby(people).nunique()
    clash = people.isin(shared.index[shared > 1])
    return people.where(~clash, study + ":" + people).rename("subject")


def _own(table: Clinical, found: Link, labels: pd.Series) -> pd.Series:
    return pd.Series(labels.loc[found.rows.to_numpy()].to_numpy(dtype=float), index=found.rows.index)


def _responses(definition: ResponseDefinition, pairs: Sequence[tuple[Clinical, Link]], index: pd.Index) -> pd.Series:
    """Each table answers for itself; the first that knows goes first."""
    found = pd.Series(np.nan, index=index)
    for table, one in pairs:
        if len(one.rows):
            found = found.fillna(_own(table, one, derive(table.outcomes, definition)).reindex(index))
    return found


def _all_outcomes(pairs: Sequence[tuple[Clinical, Link]], index: pd.Index) -> Outcomes:
    used = [(t, one) for t, one in pairs if len(one.rows)]
    survival = overlay([(t.outcomes.survival, one) for t, one in used], index)
    survival = survival.reindex(columns=list(SURVIVAL_COLUMNS))
    flags = {key for t, _ in used for key in t.outcomes.flags}
    empty = missing_series(index)
    return Outcomes(empty, empty, survival, dict.fromkeys(sorted(flags), empty), pd.DataFrame(), pd.DataFrame())
