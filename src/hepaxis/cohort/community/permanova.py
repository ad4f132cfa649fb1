"""PERMANOVA with several factors: marginal or sequential tests, covariates, strata and repeated samples.

Anderson 2001, McArdle & Anderson 2001 (sums of squares from a distance matrix, 10.1890/0012-9658(2001)082); as vegan's
adonis2.  Sums of squares and F are those of the linear model of the Gower-centred matrix.  P values permute residuals
of the model without the term (Freedman & Lane 1983), so covariates keep their effect; ``raw`` permutes samples instead.
Strata restrict permutations; they are no covariate and take up no variance unless also named as a term.  People with
several samples are averaged in principal-coordinate space (their inner products), which keeps the unit of a test the
person, where no term varies within a person.  Permuting is matrix products throughout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from hepaxis.cohort.community.distances import Distances
from hepaxis.cohort.community.ordination import gower_centred
from hepaxis.cohort.design import Design, build_design
from hepaxis.problems import InputError, Problem, error, info, warning

EPSILON = float(np.sqrt(np.finfo(float).eps))
"""F values closer than this are ties and count as at least as large (as in vegan)."""

CHUNK = 512
"""Permutations worked on at once: a few hundred megabytes at most for 1,000 samples."""

FEW_PERMUTATIONS = 100


@dataclass(frozen=True)
class Permanova:
    """table: one row a term, then residual and total: ``df``, ``sum_of_squares``, ``R2``, ``omega2`` (share of variance
    without the part that chance gives; may be negative), ``F``, ``p``.

    by and permuting as asked; n samples or people used; unit sample or person; ``omitted`` left out for missing values.
    """

    table: pd.DataFrame
    by: str
    metric: str
    n: int
    unit: str
    permutations: int
    seed: int
    strata: str
    permuting: str
    omitted: tuple[str, ...]
    references: Mapping[str, str]
    problems: tuple[Problem, ...]

    def sentence(self) -> str:
        """The method in words."""
        how = {
            "margin": "each term after all others",
            "terms": "terms in the order given",
            "whole": "all terms together",
        }
        within = f" within {self.strata}" if self.strata else ""
        what = "residuals of the model without the term" if self.permuting == "reduced" else "samples"
        return (
            f"PERMANOVA on {self.metric.replace('_', '-')} distances of {self.n} {self.unit}s, {how[self.by]}; "
            f"{self.permutations} permutations{within} of {what} (seed {self.seed})."
        )


def permanova(
    distances: Distances,
    data: pd.DataFrame,
    terms: Sequence[str],
    *,
    by: Literal["margin", "terms", "whole"] = "margin",
    strata: pd.Series | None = None,
    subject: pd.Series | None = None,
    permutations: int = 999,
    permuting: Literal["reduced", "raw"] = "reduced",
    references: Mapping[str, str] | None = None,
    seed: int = 0,
) -> Permanova:
    """Test which ``terms`` (columns of ``data``, or 'a:b') explain distances.

    strata   permute only within these groups (a study)
    subject  person of each sample; people with several samples are averaged where no term or stratum varies within
             one, else samples are permuted within people, which tests only what changes within people
    InputError as ``build_design`` raises; also for terms that no allowed permutation can move.
    """
    joined = data.reindex(distances.index)
    design = build_design(joined, terms, references=references)
    problems: list[Problem] = []
    used = distances.take(design.index)
    gower = gower_centred(used.values)
    blocks = None if strata is None else strata.reindex(design.index).astype(str).to_numpy()
    unit = "sample"
    if subject is not None and subject.reindex(design.index).duplicated().any():
        people = subject.reindex(design.index).astype(str).to_numpy()
        design, gower, blocks, unit = _repeated(design, gower, blocks, people, problems)
    _movable(design, blocks, problems)
    rng = np.random.default_rng(seed)
    orders = np.stack([_order(len(design.index), blocks, rng) for _ in range(permutations)]) if permutations else None
    table = _tests(design, gower, by, orders, permuting)
    name = "" if strata is None else str(strata.name or "strata")
    return Permanova(
        table=table,
        by=by,
        metric=distances.metric,
        n=len(design.index),
        unit=unit,
        permutations=permutations,
        seed=seed,
        strata=name,
        permuting=permuting,
        omitted=design.omitted,
        references=design.references,
        problems=tuple(problems),
    )


def _repeated(
    design: Design, gower: np.ndarray, blocks: np.ndarray | None, people: np.ndarray, problems: list[Problem]
) -> tuple[Design, np.ndarray, np.ndarray | None, str]:
    names, codes = np.unique(people, return_inverse=True)
    membership = (codes[:, None] == np.arange(len(names))[None, :]).astype(float)
    mean = membership / membership.sum(axis=0)
    averaged = mean.T @ design.matrix
    steady = bool(np.allclose(averaged[codes], design.matrix))
    first = np.array([np.flatnonzero(codes == k)[0] for k in range(len(names))])
    if steady and (blocks is None or bool((blocks[first][codes] == blocks).all())):
        text = f"{len(people)} samples of {len(names)} people were averaged to one point a person"
        problems.append(info("cohort.people_averaged", text, "the test is about people, not samples"))
        inner = mean.T @ gower @ mean
        centre = np.eye(len(names)) - 1.0 / len(names)
        kept = Design(averaged, pd.Index(names), design.columns, design.terms, design.references, design.omitted)
        return kept, centre @ inner @ centre, None if blocks is None else blocks[first], "person"
    text = "a term varies within people: samples are permuted within people only"
    problems.append(info("cohort.within_people", text, "terms that do not vary within people cannot be tested here"))
    within = people if blocks is None else np.char.add(np.char.add(blocks.astype(str), "|"), people.astype(str))
    return design, gower, within, "sample"


def _movable(design: Design, blocks: np.ndarray | None, problems: list[Problem]) -> None:
    if blocks is None:
        return
    _, codes, counts = np.unique(blocks, return_inverse=True, return_counts=True)
    possible = float(sum(np.sum(np.log(np.arange(1, c + 1))) for c in counts))
    if possible < np.log(FEW_PERMUTATIONS):
        text = f"only about {np.exp(possible):.0f} permutations are possible within the strata"
        problems.append(warning("cohort.few_permutations", text, "P values cannot be small here"))
    stuck = []
    for term, columns in design.terms.items():
        block = design.matrix[:, columns]
        means = np.stack([np.bincount(codes, column) / counts for column in block.T], axis=1)
        if np.allclose(means[codes], block):
            stuck.append(term)
    if stuck:
        hint = "leave it out of the test, or drop the strata"
        raise InputError(
            [error("cohort.fixed_by_strata", f"'{t}' does not vary within the strata", hint, column=t) for t in stuck]
        )


def _order(n: int, blocks: np.ndarray | None, rng: np.random.Generator) -> np.ndarray:
    if blocks is None:
        return rng.permutation(n)
    order = np.arange(n)
    for block in np.unique(blocks):
        at = np.flatnonzero(blocks == block)
        order[at] = at[rng.permutation(len(at))]
    return order


def _basis(matrix: np.ndarray) -> np.ndarray:
    basis: np.ndarray = np.linalg.qr(matrix)[0]
    return basis


def _tests(design: Design, gower: np.ndarray, by: str, orders: np.ndarray | None, permuting: str) -> pd.DataFrame:
    n, width = design.matrix.shape
    total = float(np.trace(gower))
    full = _basis(design.matrix)
    residual = total - _explained(gower, full)
    rest = n - width
    rows = []
    for name, smaller, larger in _steps(design, by):
        low, high = _basis(smaller), _basis(larger)
        df = larger.shape[1] - smaller.shape[1]
        squares = _explained(gower, high) - _explained(gower, low)
        f = (squares / df) / (residual / rest)
        p = np.nan
        if orders is not None:
            drawn = _permuted_f(gower, low, high, full, orders, permuting) * (rest / df)
            p = float((1 + np.sum(drawn >= f - EPSILON)) / (1 + len(orders)))
        omega = (squares - df * residual / rest) / (total + residual / rest)
        rows.append((name, df, squares, squares / total, omega, f, p))
    rows.append(("residual", rest, residual, residual / total, np.nan, np.nan, np.nan))
    rows.append(("total", n - 1, total, 1.0, np.nan, np.nan, np.nan))
    return pd.DataFrame(rows, columns=["term", "df", "sum_of_squares", "R2", "omega2", "F", "p"]).set_index("term")


def _steps(design: Design, by: str) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """(name, smaller model, larger model) of each test."""
    matrix = design.matrix
    if by == "whole":
        return [("model", matrix[:, :1], matrix)]
    if by == "margin":
        return [(term, design.without(term), matrix) for term in _heads(design)]
    steps, end = [], 1
    for term, columns in design.terms.items():
        steps.append((term, matrix[:, :end], matrix[:, : columns[-1] + 1]))
        end = int(columns[-1]) + 1
    return steps


def _heads(design: Design) -> list[str]:
    """Terms that are part of no interaction: a main effect after its own interaction means nothing."""
    parts = {frozenset(t.split(":")): t for t in design.terms}
    return [t for s, t in parts.items() if not any(s < other for other in parts)]


def _explained(gower: np.ndarray, basis: np.ndarray) -> float:
    return float(np.einsum("ij,ij->", basis, gower @ basis))


def _permuted_f(
    gower: np.ndarray, low: np.ndarray, high: np.ndarray, full: np.ndarray, orders: np.ndarray, permuting: str
) -> np.ndarray:
    """SS of the term over residual SS for each permutation.

    Permuting the rows and columns of the inner products is permuting the rows of the basis the other way, so a batch of
    permutations is one product with the (n x n) matrix.
    """
    if permuting == "reduced":
        residuals = np.eye(len(gower)) - low @ low.T
        gower = residuals @ gower @ residuals
    total = float(np.trace(gower))
    term = _beyond(high, low)
    found = []
    for start in range(0, len(orders), CHUNK):
        part = orders[start : start + CHUNK]
        squares = _products(gower, term, part)
        found.append(squares / (total - _products(gower, full, part)))
    return np.concatenate(found)


def _beyond(high: np.ndarray, low: np.ndarray) -> np.ndarray:
    """Basis of what the larger model spans and the smaller does not."""
    rest = high - low @ (low.T @ high)
    u, s, _ = np.linalg.svd(rest, full_matrices=False)
    return u[:, : high.shape[1] - low.shape[1]] if len(s) else u


def _products(gower: np.ndarray, basis: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Trace of basis' G basis with the rows of the basis in each order."""
    n, width = basis.shape
    moved = basis[orders].transpose(1, 0, 2).reshape(n, -1)
    summed = np.einsum("ij,ij->j", moved, gower @ moved)
    out: np.ndarray = summed.reshape(len(orders), width).sum(axis=1)
    return out
