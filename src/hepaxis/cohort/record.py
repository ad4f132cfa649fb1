"""The one in-memory form of a cohort: samples with a community, a person, a study, an outcome.

``join`` makes it; everything else in the room takes it.  One row is one sample; a person may have several.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from hepaxis.problems import Problem
from hepaxis.profile.record import Step

Endpoint = Literal["ORR", "DCR", "PFS", "OS", "LABEL"]
SURVIVAL_COLUMNS = ("os_months", "os_event", "pfs_months", "pfs_event")


@dataclass(frozen=True)
class ResponseDefinition:
    """What counts as response.

    endpoint  ORR (complete or partial response), DCR (also stable disease), PFS or OS (free of progression, or alive,
              at ``months``), LABEL (a column of the clinical table, whose own definition is the table's)
    months    time in months for PFS and OS, else None
    column    column for LABEL, else ''
    value     the value of that column that counts as response; '' reads yes/no and responder words
    """

    endpoint: Endpoint
    months: float | None = None
    column: str = ""
    value: str = ""

    def __str__(self) -> str:
        if self.endpoint == "LABEL":
            return f"LABEL:{self.column}" + (f"={self.value}" if self.value else "")
        return self.endpoint if self.months is None else f"{self.endpoint}@{self.months:g}"

    def sentence(self) -> str:
        """The definition in words, for a report and a methods paragraph."""
        if self.endpoint == "ORR":
            return "response is complete or partial response; stable and progressive disease are none"
        if self.endpoint == "DCR":
            return "response is disease control: complete response, partial response or stable disease"
        if self.endpoint == "PFS":
            return f"response is being alive without progression at {self.months:g} months"
        if self.endpoint == "OS":
            return f"response is being alive at {self.months:g} months"
        told = f"'{self.value}'" if self.value else "a yes or responder word"
        return f"response is {told} in column '{self.column}', as its authors defined it"


@dataclass(frozen=True)
class Cohort:
    """Samples of one or several studies.  All tables share one index: the sample ids, in the same order.

    abundance   samples x taxa, relative, each row sums to 1 over what was identified
    lineages    taxa x ranks (domain ... strain), '' where unknown
    counts      samples x taxa, whole numbers, where every profile came as counts; else None
    unknown     samples, fraction 0-1 that the profiler could not place; NaN where not reported
    reads       samples, reads or counts behind a row; NaN where not reported
    subject     samples, person; the sample's own id where the tables name no person
    study       samples, study
    profiler    samples, '<profiler> <database>' of the profile: a batch of its own
    day         samples, day relative to what the table counts from; NaN where there is none
    clinical    samples x columns: first the fields of ``columns.csv`` that the tables hold, cleaned, then every other
                column as its text; missing is NaN
    response    samples, 1.0, 0.0 or NaN (not to be told from what is given) under ``definition``
    responses   samples x definitions, the same under every definition that labels anybody; the chosen one first
    definition  the response definition that was asked for
    survival    samples x os_months, os_event, pfs_months, pfs_event; months, 1/0, NaN where missing
    log         what was done, in order
    problems    warnings and infos, and errors that the caller accepted by code; others are raised
    accepted    codes of errors that the caller accepted
    """

    abundance: pd.DataFrame
    lineages: pd.DataFrame
    counts: pd.DataFrame | None
    unknown: pd.Series
    reads: pd.Series
    subject: pd.Series
    study: pd.Series
    profiler: pd.Series
    day: pd.Series
    clinical: pd.DataFrame
    response: pd.Series
    responses: pd.DataFrame
    definition: ResponseDefinition
    survival: pd.DataFrame
    log: tuple[Step, ...] = ()
    problems: tuple[Problem, ...] = ()
    accepted: tuple[str, ...] = ()

    @property
    def samples(self) -> tuple[str, ...]:
        return tuple(str(s) for s in self.abundance.index)

    @property
    def taxa(self) -> tuple[str, ...]:
        return tuple(str(t) for t in self.abundance.columns)

    def take(self, samples: Sequence[str] | np.ndarray | pd.Index, reason: str = "") -> Cohort:
        """The cohort of these samples, in this order; taxa stay, also those absent from all of them.

        KeyError for a sample that is not there.
        """
        index = pd.Index(list(samples), name=self.abundance.index.name)
        missing = index.difference(self.abundance.index)
        if len(missing):
            raise KeyError(f"no sample {missing[0]!r} in the cohort")
        step = Step(
            f"{len(index)} of {len(self.abundance)} samples were taken" + (f": {reason}." if reason else "."),
            "cohort.taken",
            {"samples": len(index)},
        )
        return replace(
            self,
            abundance=self.abundance.loc[index],
            counts=None if self.counts is None else self.counts.loc[index],
            clinical=self.clinical.loc[index],
            survival=self.survival.loc[index],
            responses=self.responses.loc[index],
            log=(*self.log, step),
            **{
                name: getattr(self, name).loc[index]
                for name in ("unknown", "reads", "subject", "study", "profiler", "day", "response")
            },
        )

    def with_response(self) -> Cohort:
        """Only samples whose response is known."""
        known = self.response.notna()
        return self.take(self.response.index[known], "response known")

    def first_samples(self) -> Cohort:
        """One sample a person: the earliest day, then the first row."""
        order = self.day.fillna(np.inf).argsort(kind="stable")
        people = self.subject.iloc[order].drop_duplicates()
        kept = set(people.index)
        return self.take([s for s in self.abundance.index if s in kept], "the first sample of each person")
