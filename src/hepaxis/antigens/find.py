"""One group of targets (same molecule, same length) against the gut: candidates with E-values from two nulls.

Held: the cut-off of a target is where ``expected`` k-mers would be as close by chance; all within are counted, the
closest ``keep`` are listed.  E is the number of k-mers of the searched gut that would be as close by chance, by the
Markov chain (``null_model``) and by permuting the antigen's facing residues; where they differ, the larger counts.
``strength`` sums P(cross-activation) above that of unrelated peptides over hits, weighted by species.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hepaxis.antigens import matrices
from hepaxis.antigens.alleles import is_class_two
from hepaxis.antigens.alphabet import decode
from hepaxis.antigens.calibration import UNRELATED, mean_probability, probability
from hepaxis.antigens.controls import (
    FLANK,
    Neighbour,
    flank_identity,
    human_neighbours,
    published_off_targets,
    where_in,
)
from hepaxis.antigens.decoys import Decoys, draw_decoys, search_decoys, surprise
from hepaxis.antigens.gut import Gut
from hepaxis.antigens.index import SpeciesIndex
from hepaxis.antigens.null_model import Chain, Tail, chain, reach_for
from hepaxis.antigens.permutation import p_value, permuted
from hepaxis.antigens.pool import Pool, make_pool
from hepaxis.antigens.search import Found, kmers_at, search
from hepaxis.antigens.targets import Ranks, Target, binding_limit, mismatches, rank_of

LONGEST = 30.0  # logits: no cut-off is wider
CURVE = 40  # points of the counts drawn in the report
MOST_HUMAN = 20  # human neighbours listed a target


@dataclass(frozen=True)
class Settings:
    """percent: binding rank of both sides; expected: chance hits within the cut-off; keep: listed a target."""

    percent: float = 2.0
    expected: float = 20.0
    keep: int = 30
    permutations: int = 1000
    seed: int = 1
    workers: int = 1


def find_group(
    targets: Sequence[Target],
    gut: Gut,
    *,
    with_hla: bool,
    human: SpeciesIndex | None,
    settings: Settings,
    others: Sequence[Ranks] = (),
) -> dict:
    """``targets`` and ``candidates`` of one group, as plain values that JSON can hold.

    All targets have the same molecule (or none, ``with_hla`` false) and length.  A molecule without a matrix is
    searched in all k-mers; ``others`` then say which candidates it binds, where they can.
    """
    length = len(targets[0].peptide)
    allele = targets[0].allele if with_hla and length in matrices.supported().get(targets[0].allele, ()) else None
    pool = make_pool(gut.species, length, allele, binding_limit(targets[0].allele, settings.percent))
    if not pool.size:
        return {"targets": [_empty(target) for target in targets], "candidates": []}
    null = chain(pool)
    faces = [target.face for target in targets]
    reach = [reach_for(null, face, pool.size, settings.expected, LONGEST) for face in faces]
    found = search(pool.columns, faces, [cutoff for cutoff, _ in reach], workers=settings.workers)
    decoys = _decoys(targets[0], pool, null, settings)
    near = _human(targets, human, allele, length, settings)
    rows, listed = [], []
    for place, target in enumerate(targets):
        cutoff, tail = reach[place]
        drawn = _draws(target, pool, gut, cutoff, settings)
        mine = Found(*(getattr(found, name)[found.query == place] for name in Found.__dataclass_fields__))
        row = _summary(target, pool, gut, mine, cutoff, tail, drawn, decoys)
        row["human"] = [vars(one) for one in near[place][:MOST_HUMAN]] if near else []
        row["published_off_targets"] = published_off_targets(target.peptide)
        rows.append(row)
        listed += _candidates(target, pool, gut, mine, tail, drawn, human, near[place] if near else None, settings)
    if with_hla:
        for one in listed:
            one["candidate_rank"] = rank_of(one["allele"], one["candidate"], others)
    return {"targets": rows, "candidates": listed}


@dataclass(frozen=True)
class Draws:
    """What permuted antigens found: distances of all hits (sorted), their number, strength and best of each draw."""

    count: int
    distances: np.ndarray
    strength: np.ndarray
    hits: np.ndarray
    best: np.ndarray

    def expected(self, distance: float) -> float | None:
        """Mean number of hits of a permuted antigen at most this far; None without draws."""
        if not self.count:
            return None
        return float(np.searchsorted(self.distances, distance, side="right") / self.count)


def _draws(target: Target, pool: Pool, gut: Gut, cutoff: float, settings: Settings) -> Draws:
    faces = permuted(target.face, settings.permutations, settings.seed, target.name)
    found = search(pool.columns, faces, [cutoff] * len(faces), workers=settings.workers)
    count = len(faces)
    weight = gut.weight[found.piece] * _excess(found.distance)
    best = np.full(count, np.inf)
    np.minimum.at(best, found.query, found.distance)
    return Draws(
        count,
        np.sort(found.distance),
        np.bincount(found.query, weight, minlength=count),
        np.bincount(found.query, minlength=count),
        best,
    )


def _decoys(target: Target, pool: Pool, null: Chain, settings: Settings) -> Decoys:
    percent = binding_limit(pool.allele, settings.percent) if pool.allele else None
    faces = draw_decoys(pool.species, target.allele, pool.length, settings.permutations, settings.seed, percent)
    return search_decoys(faces, pool, null, settings.expected, LONGEST, settings.workers)


def _excess(distance: np.ndarray) -> np.ndarray:
    return np.maximum(mean_probability(distance) - UNRELATED, 0.0)


def _empty(target: Target) -> dict:
    return {**_identity(target), "searched": 0, "hits": 0, "human": [], "published_off_targets": []}


def _identity(target: Target) -> dict:
    return {
        "antigen_id": target.antigen.identifier,
        "antigen": target.antigen.antigen,
        "kind": target.antigen.kind,
        "peptide": target.peptide,
        "allele": target.allele,
        "rank": target.rank,
        "reported": target.reported,
        "source": target.antigen.source,
        "checked": target.antigen.checked,
    }


def _summary(
    target: Target, pool: Pool, gut: Gut, found: Found, cutoff: float, tail: Tail, drawn: Draws, decoys: Decoys
) -> dict:
    excess = _excess(found.distance)
    by_species = np.bincount(found.piece, excess, minlength=len(gut.species))
    strength = float(gut.weight @ by_species)
    grid = np.linspace(0.0, cutoff, CURVE + 1)[1:]
    best = float(found.distance.min()) if len(found) else None
    e_best = np.inf if best is None else pool.size * float(tail.at(best))
    return {
        **_identity(target),
        "searched": pool.size,
        "binders_only": pool.allele is not None,
        "cutoff": cutoff,
        "weights": target.face.weights.tolist(),
        "hits": len(found),
        "best_distance": best,
        "best_by_species": [float(d) if np.isfinite(d) else None for d in _best(found, len(gut.species))],
        "e_species": [
            _chance(tail, int(n), d) for n, d in zip(pool.counts, _best(found, len(gut.species)), strict=True)
        ],
        "strength": strength,
        "strength_by_species": by_species.tolist(),
        "strength_permuted": drawn.strength.tolist(),
        "surprise": float(surprise(e_best)),
        "surprise_decoys": decoys.assigned(target.name, drawn.count).tolist(),
        "e_best": e_best if np.isfinite(e_best) else None,
        "p_best_decoys": decoys.p_value(e_best),
        "hits_permuted": drawn.hits.tolist(),
        "p_best_permuted": p_value(-best, -drawn.best) if best is not None and drawn.count else None,
        "curve": {
            "distance": grid.tolist(),
            "found": np.searchsorted(np.sort(found.distance), grid, side="right").tolist(),
            "markov": (pool.size * tail.at(grid)).tolist(),
            "permuted": [drawn.expected(d) for d in grid],
        },
    }


def _best(found: Found, species: int) -> np.ndarray:
    best = np.full(species, np.inf)
    np.minimum.at(best, found.piece, found.distance)
    return best


def _chance(tail: Tail, size: int, distance: float) -> float | None:
    return float(size * tail.at(distance)) if np.isfinite(distance) else None


def _candidates(
    target: Target,
    pool: Pool,
    gut: Gut,
    found: Found,
    tail: Tail,
    drawn: Draws,
    human: SpeciesIndex | None,
    near: list[Neighbour] | None,
    settings: Settings,
) -> list[dict]:
    order = np.argsort(found.distance, kind="stable")
    residues = _residues(pool, found)
    peptides = [decode(one) for one in residues]
    carriers = {one: len({int(s) for s, p in zip(found.piece, peptides, strict=True) if p == one}) for one in peptides}
    own = _own_stretch(target, human)
    calibrated = not is_class_two(target.allele)
    odds = probability(found.distance)
    made: list[dict] = []
    seen: set[tuple[str, int]] = set()
    for row in order:
        which = int(found.piece[row])
        if (peptides[row], which) in seen:
            continue
        if len(made) == settings.keep:
            break
        seen.add((peptides[row], which))
        species, distance = gut.species[which], float(found.distance[row])
        at = pool.place(which, int(found.position[row]))
        identifier, description, start = species.protein_at(at)
        every, facing = mismatches(residues[row], target.face.residues, target.face)
        by_chain = float(pool.size * tail.at(distance))
        by_order = drawn.expected(distance)
        expected = max(by_chain, by_order or 0.0, 1.0 / drawn.count if drawn.count else 0.0)
        identity = (
            None if own is None else flank_identity(own, species.stretch(at, FLANK, FLANK + pool.length), pool.length)
        )
        made.append(
            {
                "antigen_id": target.antigen.identifier,
                "antigen": target.antigen.antigen,
                "peptide": target.peptide,
                "allele": target.allele,
                "rank": target.rank,
                "species": species.name,
                "share": float(gut.share[which]),
                "protein": identifier,
                "description": description,
                "start": start,
                "candidate": peptides[row],
                "candidate_rank": None,
                "distance": distance,
                "mismatches": every,
                "facing_mismatches": facing,
                "p_low": float(odds[row, 0]) if calibrated else None,
                "p_median": float(odds[row, 1]) if calibrated else None,
                "p_high": float(odds[row, 2]) if calibrated else None,
                "e_markov": by_chain,
                "e_permuted": by_order,
                "e_value": expected,
                "species_with_it": carriers[peptides[row]],
                "flank_identity": identity,
                **_self(peptides[row], distance, human, near),
            }
        )
    return made


def _residues(pool: Pool, found: Found) -> np.ndarray:
    residues = np.empty((len(found), pool.length), np.uint8)
    for which in np.unique(found.piece):
        rows = found.piece == which
        residues[rows] = kmers_at(pool.columns[which], found.position[rows], pool.length)
    return residues


def _human(
    targets: Sequence[Target], human: SpeciesIndex | None, allele: str | None, length: int, settings: Settings
) -> list[list[Neighbour]] | None:
    if human is None:
        return None
    pool = make_pool([human], length, allele, binding_limit(allele or "", settings.percent))
    return human_neighbours(human, pool, [one.face for one in targets], workers=settings.workers) if pool.size else None


def _own_stretch(target: Target, human: SpeciesIndex | None) -> tuple[str, int] | None:
    if human is None:
        return None
    at = where_in(human, target.antigen.wildtype or target.peptide)
    return None if at is None else human.stretch(at, FLANK, FLANK + len(target.peptide))


def _self(peptide: str, distance: float, human: SpeciesIndex | None, near: list[Neighbour] | None) -> dict:
    """Human peptides that are as close to the antigen as the candidate, and whether the candidate itself is one."""
    if human is None:
        return {"human_as_close": None, "in_human": None}
    closer = next((one.peptide for one in near or [] if one.distance <= distance), None)
    return {"human_as_close": closer, "in_human": where_in(human, peptide) is not None}
