"""What only the joined cohort shows: batch that is the group, one-sided studies, repeats, labels against survival.

A study (platform, extraction kit, profiler) in which everybody responded or nobody did says nothing about response; if
every one is like that, response and batch are the same thing and no method can part them: the cohort is refused.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from hepaxis.cohort.record import Cohort
from hepaxis.problems import Problem, error, info, warning

MIN_GROUP = 5
"""Below this many in the smaller group of a study, its own results say nothing; a choice."""

INVERTED_SHARE = 0.3
"""Share of pairs in which the responder lives longer below which a label looks turned round; chance is 0.5."""

BATCHES = ("platform", "extraction", "country")
SMALL_COHORT = 20


def cohort_problems(cohort: Cohort) -> list[Problem]:
    """Every problem of a joined cohort that the single tables do not show."""
    return [
        *_nobody(cohort),
        *_batch_is_group(cohort),
        *_one_sided(cohort),
        *_repeats(cohort),
        *_unlike_within_person(cohort),
        *_against_survival(cohort),
        *_event_after_death(cohort),
        *_many_profilers(cohort),
    ]


def _nobody(cohort: Cohort) -> Iterator[Problem]:
    known = cohort.response.dropna()
    if known.empty:
        text = f"no sample has a known response under {cohort.definition}"
        yield error("cohort.no_response", text, "choose a definition that the tables can answer, or name the columns")
        return
    if known.nunique() < 2:
        what = "responds" if known.iloc[0] == 1 else "does not respond"
        yield error("cohort.one_class", f"everybody {what} under {cohort.definition}", "choose another definition")
    for study, labels in cohort.response.groupby(cohort.study):
        if labels.notna().sum() == 0:
            text = f"study {study}: none of its {len(labels)} samples has a known response under {cohort.definition}"
            yield warning("cohort.study_without_outcome", text, "it counts for nothing that needs a response")
    missing = int(cohort.response.isna().sum())
    if missing:
        text = f"{missing} of {len(cohort.response)} samples have no known response under {cohort.definition}"
        yield info("cohort.response_missing", text, "they are left out of comparisons, never counted as either")
    if len(known) < SMALL_COHORT:
        text = f"only {len(known)} samples have a known response"
        yield warning("cohort.small", text, "read intervals, not P values")


def aliased(group: pd.Series, batch: pd.Series) -> bool:
    """Whether ``batch`` (two levels or more) fixes ``group``: no batch holds both groups."""
    known = group.notna() & batch.notna()
    if batch[known].nunique() < 2 or group[known].nunique() < 2:
        return False
    return not group[known].groupby(batch[known]).nunique().gt(1).any()


def _batch_is_group(cohort: Cohort) -> Iterator[Problem]:
    for name, batch in _batches(cohort):
        if aliased(cohort.response, batch):
            text = f"every {name} holds only responders or only others: {name} and response are the same thing here"
            hint = "no method can part them; add samples of both kinds from one " + name
            hard = name in ("study", "profiler")
            yield (error if hard else warning)("cohort.batch_is_group", text, hint, column=name)


def _batches(cohort: Cohort) -> Iterator[tuple[str, pd.Series]]:
    yield "study", cohort.study
    yield "profiler", cohort.profiler
    for name in BATCHES:
        if name in cohort.clinical:
            yield name, cohort.clinical[name]


def _one_sided(cohort: Cohort) -> Iterator[Problem]:
    known = cohort.response.notna()
    if cohort.study[known].nunique() < 2 or aliased(cohort.response, cohort.study):
        return
    for study, labels in cohort.response[known].groupby(cohort.study[known]):
        smaller = int(min((labels == 1).sum(), (labels == 0).sum()))
        if smaller < MIN_GROUP:
            text = f"study {study} has {int((labels == 1).sum())} responders and {int((labels == 0).sum())} others"
            what = "nothing" if smaller == 0 else "little"
            yield warning("cohort.one_sided_study", text, f"by itself it says {what} about response")


def _repeats(cohort: Cohort) -> Iterator[Problem]:
    counts = cohort.subject.value_counts()
    repeated = counts[counts > 1]
    if len(repeated):
        text = (
            f"{len(repeated)} of {len(counts)} people have several samples "
            f"({int(repeated.sum())} of {len(cohort.subject)} samples, up to {int(repeated.max())} a person)"
        )
        hint = "tests take the person as a random effect or permute whole people; folds never split a person"
        yield info("cohort.repeated_samples", text, hint)
    if cohort.subject.eq(pd.Series(cohort.abundance.index, index=cohort.abundance.index)).all():
        hint = "name the column (columns={'subject': ...}) if people gave several samples"
        yield info(
            "cohort.no_subject", "no table names the person of a sample; each sample counts as its own person", hint
        )


def _unlike_within_person(cohort: Cohort) -> Iterator[Problem]:
    labels = cohort.response.groupby(cohort.subject).nunique()
    unlike = labels[labels > 1]
    if len(unlike):
        text = f"{len(unlike)} people have both labels, e.g. {unlike.index[0]}"
        yield error("cohort.label_varies", text, "a person has one response; correct the table or the subject column")
    for column in ("sex", "study"):
        values = cohort.study if column == "study" else cohort.clinical.get(column)
        if values is None:
            continue
        several = values.groupby(cohort.subject).nunique()
        if (several > 1).any():
            text = f"{int((several > 1).sum())} people have more than one {column}, e.g. {several.idxmax()}"
            yield warning("cohort.person_varies", text, "check the subject ids", column=column)


def _against_survival(cohort: Cohort) -> Iterator[Problem]:
    """A label that goes with shorter survival within a study was turned round on its way."""
    if cohort.definition.endpoint in ("PFS", "OS"):
        return
    for study, labels in cohort.response.groupby(cohort.study):
        for name in ("pfs_months", "os_months"):
            times = cohort.survival.loc[labels.index, name]
            yes, no = times[(labels == 1) & times.notna()], times[(labels == 0) & times.notna()]
            if min(len(yes), len(no)) < MIN_GROUP:
                continue
            share = _above(yes.to_numpy(), no.to_numpy())
            if share < INVERTED_SHARE:
                text = (
                    f"study {study}: response looks inverted: responders have the longer {name} in {share:.0%} "
                    f"of pairs (medians {yes.median():.3g} and {no.median():.3g} months)"
                )
                hint = f"check the source; if so, invert=['{study}']"
                yield error("cohort.inverted_response", text, hint, column=name)


def _above(yes: np.ndarray, no: np.ndarray) -> float:
    wins = (yes[:, None] > no[None, :]) + 0.5 * (yes[:, None] == no[None, :])
    return float(wins.mean())


def _event_after_death(cohort: Cohort) -> Iterator[Problem]:
    s = cohort.survival
    late = s.index[(s["pfs_months"] > s["os_months"] + 0.05)]
    if len(late):
        text = (
            f"{len(late)} samples progress or are followed for progression after the end of follow-up, e.g. {late[0]}"
        )
        yield warning("cohort.pfs_after_os", text, "progression cannot come after death; check both times")
    zero = s.index[(s["os_months"] == 0) | (s["pfs_months"] == 0)]
    if len(zero):
        yield warning("cohort.time_zero", f"{len(zero)} samples have a time of 0, e.g. {zero[0]}", "check the dates")


def _many_profilers(cohort: Cohort) -> Iterator[Problem]:
    kinds = sorted(set(cohort.profiler))
    if len(kinds) > 1:
        text = "profiles come from several profilers or databases: " + ", ".join(kinds)
        yield warning("cohort.profilers", text, "their databases act as a batch; keep the study as stratum")
