"""Knock-down by an antibiotic and the way back, person by person.

Three questions that come apart in real data: does diversity return (a number), does the community return (distance to
what it was), and do the species that were lost return (names).  A recovered share is given only where something was
lost; a person without one of the stages has what can be said without it.  Presence depends on depth: a species below
the detection limit counts as lost, so lost and returned are read together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hepaxis.cohort.community.distances import distances
from hepaxis.problems import InputError, Problem, error, warning
from hepaxis.profile.diversity import alpha_diversity

STAGES = ("pre", "during", "post")
LEAST_LOSS = 0.1
"""Shannon entropy (nats) that must be lost before a recovered share means anything; a choice."""


@dataclass(frozen=True)
class Recovery:
    """people: one row a person; species: one row a species; own_baseline: how often ``post`` lies nearer to the
    person's own ``pre`` than to others' (``share``, ``chance`` = 1 / people, ``p`` by permuting whose baseline it is).

    people columns: shannon, simpson, richness at each stage ('shannon pre' ...); ``knock_down`` (log2 of Hill number 1,
    during over pre); ``recovered`` (share of lost Shannon back by post; NaN where under LEAST_LOSS was lost);
    ``displaced`` and ``remaining`` (distance to pre at during and post), ``returned_distance`` (1 - remaining /
    displaced); ``lost`` (species of pre absent during), ``returned`` (of these, share present at post), ``new``
    (species of post absent at pre and during).
    species columns: ``lost_in``, ``returned_in`` (people), ``returned`` (share) with a Wilson interval.
    """

    people: pd.DataFrame
    species: pd.DataFrame
    own_baseline: dict[str, float]
    problems: tuple[Problem, ...]


def recovery(
    abundance: pd.DataFrame,
    subject: pd.Series,
    stage: pd.Series,
    *,
    metric: str = "bray_curtis",
    stages: tuple[str, str, str] = STAGES,
    permutations: int = 999,
    seed: int = 0,
) -> Recovery:
    """samples x taxa (relative), person and stage of each sample; samples of one person and stage are averaged.

    InputError where nobody has a sample before and one during or after.
    """
    key = pd.MultiIndex.from_arrays(
        [subject.reindex(abundance.index).astype(str), stage.reindex(abundance.index).astype(str)]
    )
    table = abundance.set_axis(key)[[s in stages for s in key.get_level_values(1)]]
    table = table.groupby(level=[0, 1]).mean()
    pre, during, post = stages
    there = {name: set(table.index[table.index.get_level_values(1) == name].get_level_values(0)) for name in stages}
    people = sorted(there[pre] & (there[during] | there[post]))
    if not people:
        raise InputError([error("cohort.stages", f"nobody has '{pre}' and a later stage", "check the stage column")])
    flat = table.set_axis([f"{a}\0{b}" for a, b in table.index])
    apart = distances(flat, metric).frame()
    alpha = alpha_diversity(flat)
    rows = {who: _person(who, stages, flat, alpha, apart) for who in people}
    problems = []
    partial = [who for who in people if who not in there[during] or who not in there[post]]
    if partial:
        text = f"{len(partial)} of {len(people)} people miss a stage, e.g. {partial[0]}"
        problems.append(warning("cohort.stage_missing", text, "what needs that stage is missing for them"))
    return Recovery(
        people=pd.DataFrame.from_dict(rows, orient="index").rename_axis("subject"),
        species=_species([w for w in people if w not in partial], stages, flat),
        own_baseline=_own([w for w in people if w in there[post]], stages, apart, permutations, seed),
        problems=tuple(problems),
    )


def _person(
    who: str, stages: tuple[str, str, str], flat: pd.DataFrame, alpha: pd.DataFrame, apart: pd.DataFrame
) -> dict[str, float]:
    keys = {s: f"{who}\0{s}" for s in stages}
    pre, during, post = (keys[s] for s in stages)
    row: dict[str, float] = {}
    for name in ("shannon", "simpson", "richness"):
        for s in stages:
            row[f"{name} {s}"] = float(alpha[name].get(keys[s], np.nan))
    first, middle, last = (row[f"shannon {s}"] for s in stages)
    row["knock_down"] = (middle - first) / np.log(2.0)
    row["recovered"] = (last - middle) / (first - middle) if first - middle >= LEAST_LOSS else np.nan
    row["displaced"] = _between(apart, pre, during) if during in flat.index else np.nan
    row["remaining"] = _between(apart, pre, post) if post in flat.index else np.nan
    row["returned_distance"] = 1.0 - row["remaining"] / row["displaced"] if row["displaced"] > 0 else np.nan
    if during in flat.index:
        here, gone = flat.loc[pre] > 0, flat.loc[during] <= 0
        row["lost"] = float((here & gone).sum())
        if post in flat.index:
            back = flat.loc[post] > 0
            row["returned"] = float((here & gone & back).sum() / row["lost"]) if row["lost"] else np.nan
            row["new"] = float((~here & gone & back).sum())
    return row


def _between(apart: pd.DataFrame, first: str, second: str) -> float:
    return float(apart.to_numpy()[apart.index.get_loc(first), apart.columns.get_loc(second)])


def _species(people: list[str], stages: tuple[str, str, str], flat: pd.DataFrame) -> pd.DataFrame:
    pre, during, post = (flat.reindex([f"{w}\0{s}" for w in people]).to_numpy() for s in stages)
    lost = (pre > 0) & (during <= 0)
    back = lost & (post > 0)
    n, k = lost.sum(axis=0), back.sum(axis=0)
    low, high = wilson(k, n)
    found = pd.DataFrame(
        {
            "lost_in": n,
            "returned_in": k,
            "returned": np.where(n > 0, k / np.maximum(n, 1), np.nan),
            "low": low,
            "high": high,
        },
        index=flat.columns,
    )
    return found[found["lost_in"] > 0].sort_values(["lost_in", "returned"], ascending=False)


def _own(
    people: list[str], stages: tuple[str, str, str], apart: pd.DataFrame, permutations: int, seed: int
) -> dict[str, float]:
    if len(people) < 2:
        return {"share": np.nan, "chance": np.nan, "p": np.nan}
    table = apart.loc[[f"{w}\0{stages[2]}" for w in people], [f"{w}\0{stages[0]}" for w in people]].to_numpy()
    at = np.arange(len(people))
    share = float((table.argmin(axis=1) == at).mean())
    rng = np.random.default_rng(seed)
    own = float(table[at, at].mean())
    drawn = np.array([table[at, rng.permutation(len(people))].mean() for _ in range(permutations)])
    return {"share": share, "chance": 1.0 / len(people), "p": float((1 + (drawn <= own).sum()) / (1 + permutations))}


def wilson(k: np.ndarray, n: np.ndarray, z: float = 1.959964) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's 95% interval of k out of n; NaN where n is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = k / n
        middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
        return np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)
