"""Samples of a profile set against the ids of another table, by id and never by order.

Names what has no partner on either side (orphan rows of a metadata file), and joins runs: an accession cell may
hold several run ids with ';' between them (Qin 2014: 237 rows, 315 runs).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from hepaxis.problems import Problem, warning


@dataclass(frozen=True)
class Alignment:
    """pairs: one row a match (``id`` as given, ``sample`` of the profile); problems: what did not match."""

    pairs: pd.DataFrame
    problems: tuple[Problem, ...]


def align(samples: Sequence[str], ids: Sequence[str], *, file: str = "") -> Alignment:
    """Match profile samples to ids of ``file``; an id of joined runs matches each of its runs that is there."""
    there = dict.fromkeys(samples)
    pairs: list[tuple[str, str]] = []
    orphans: list[str] = []
    joined = 0
    for given in dict.fromkeys(str(i).strip() for i in ids):
        runs = [r.strip() for r in given.split(";") if r.strip()] if given not in there else [given]
        joined += len(runs) > 1
        hits = [(given, r) for r in runs if r in there]
        pairs.extend(hits)
        if not hits:
            orphans.append(given)
    frame = pd.DataFrame(pairs, columns=["id", "sample"])
    unmatched = [s for s in there if s not in set(frame["sample"])]
    problems: list[Problem] = []
    if orphans:
        problems.append(
            warning(
                "profile.orphan_rows",
                f"{len(orphans)} of {len(set(map(str, ids)))} rows have no sample in the profile (e.g. {orphans[0]})",
                "find the table these samples are in, or remove the rows",
                file=file,
            )
        )
    if unmatched:
        problems.append(
            warning(
                "profile.samples_without_row",
                f"{len(unmatched)} samples of the profile have no row (e.g. {unmatched[0]})",
                "add their rows or leave these samples out",
                file=file,
            )
        )
    if joined:
        problems.append(
            warning(
                "profile.joined_runs",
                f"{joined} ids hold several run ids joined by ';'; each run was matched on its own",
                "sum the runs of one sample before comparing patients",
                file=file,
            )
        )
    shared = frame["sample"][frame["sample"].duplicated()].drop_duplicates()
    if len(shared):
        problems.append(
            warning(
                "profile.run_claimed_twice",
                f"{len(shared)} samples belong to more than one row (e.g. {shared.iloc[0]})",
                "find out whose run it is; it would count for two patients",
                file=file,
            )
        )
    repeated = len(list(ids)) - len({str(i).strip() for i in ids})
    if repeated:
        problems.append(
            warning(
                "profile.duplicate_rows", f"{repeated} ids are listed more than once", "keep one row an id", file=file
            )
        )
    return Alignment(frame, tuple(problems))
