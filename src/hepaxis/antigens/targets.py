"""Antigen x HLA molecule: what is searched for, and what was left out and why.

A peptide is searched with a molecule of the patient when the molecule is predicted to bind it (rank <= ``percent``) or
is reported to present it.  Longer peptides stand for all their 8-11-mers that bind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from hepaxis.antigens import matrices
from hepaxis.antigens.alleles import is_class_two
from hepaxis.antigens.alphabet import LENGTHS, encode
from hepaxis.antigens.antigen_list import Antigen
from hepaxis.antigens.mhcflurry import FlurryRanks
from hepaxis.antigens.prediction_tables import ImportedRanks
from hepaxis.antigens.similarity import Face, face

#: Backends of ranks for molecules without a matrix: an imported table, MHCflurry.
Ranks = ImportedRanks | FlurryRanks
CLASS_TWO_PERCENT = 10.0  # usual limit of class II ranks
SHORTEST_CLASS_TWO = 12  # residues of a peptide that class II molecules present
ANY = "any class I molecule"  # anchors as most class I molecules have them


@dataclass(frozen=True)
class Target:
    """antigen with the peptide of it that is searched, the molecule, its binding rank (%, None: not predicted)."""

    antigen: Antigen
    peptide: str
    allele: str
    rank: float | None
    reported: bool

    @property
    def name(self) -> str:
        return f"{self.antigen.identifier}/{self.peptide}/{self.allele}"

    @property
    def face(self) -> Face:
        return face(self.peptide, self.allele)


def supported_alleles(others: Sequence[Ranks] = ()) -> tuple[str, ...]:
    """Every molecule that the matrices or another backend hold."""
    return tuple(sorted({*matrices.supported(), *(name for one in others for name in one.alleles)}))


def choose_targets(
    antigens: Iterable[Antigen], alleles: Sequence[str] | None, percent: float, others: Sequence[Ranks] = ()
) -> tuple[list[Target], list[str]]:
    """(targets in the order of antigens, then alleles; a sentence on each antigen that has none).

    alleles None: HLA is not known, every antigen is searched once, with the anchors of a molecule reported for it.
    """
    found: list[Target] = []
    left: list[str] = []
    for antigen in antigens:
        mine = _without_hla(antigen) if alleles is None else _with_hla(antigen, alleles, percent, others)
        if not mine:
            held = "no HLA" if alleles is None else ", ".join(alleles)
            left.append(f"{antigen.identifier} ({antigen.peptide}): no 8-11-mer of it is bound by {held}")
        found += mine
    return found, left


def _without_hla(antigen: Antigen) -> list[Target]:
    if len(antigen.peptide) not in LENGTHS:
        return []
    first = next((name for name in antigen.hla if not is_class_two(name)), ANY)
    return [Target(antigen, antigen.peptide, first, None, bool(antigen.hla))]


def _with_hla(antigen: Antigen, alleles: Sequence[str], percent: float, others: Sequence[Ranks]) -> list[Target]:
    made = []
    for allele in alleles:
        if is_class_two(allele):
            made += _core(antigen, allele, others)
            continue
        if antigen.hla and all(is_class_two(name) for name in antigen.hla):
            continue  # a class II peptide of the table; its class I epitopes have rows of their own
        for peptide in _pieces(antigen.peptide):
            whole = peptide == antigen.peptide
            reported = whole and allele in antigen.hla
            imported = antigen.ranks.get(allele) if whole else None
            rank = rank_of(allele, peptide, others) if imported is None else imported
            if reported or (rank is not None and rank <= percent):
                made.append(Target(antigen, peptide, allele, rank, reported))
    return made


def _core(antigen: Antigen, allele: str, others: Sequence[Ranks]) -> list[Target]:
    """The best core of a long peptide for a class II molecule, where it binds or is reported."""
    if len(antigen.peptide) < SHORTEST_CLASS_TWO:
        return []
    cores = [antigen.peptide[i : i + matrices.CORE] for i in range(len(antigen.peptide) - matrices.CORE + 1)]
    ranked = [(rank, core) for core in cores if (rank := rank_of(allele, core, others)) is not None]
    if not ranked:
        return []
    rank, core = min(ranked)
    reported = allele in antigen.hla
    return [Target(antigen, core, allele, rank, reported)] if reported or rank <= CLASS_TWO_PERCENT else []


def binding_limit(allele: str, percent: float) -> float:
    """Rank (%) up to which a peptide counts as bound: ``percent`` for class I, ten for class II."""
    return CLASS_TWO_PERCENT if is_class_two(allele) else percent


def rank_of(allele: str, peptide: str, others: Sequence[Ranks] = ()) -> float | None:
    """Binding rank (%) by the first backend that has one: imported tables and MHCflurry before the matrices."""
    for one in others:
        found = one.best(allele, peptide)
        if found is not None:
            return found
    if len(peptide) in matrices.supported().get(allele, ()):
        return float(matrices.rank(allele, encode(peptide)[None])[0])
    return None


def _pieces(peptide: str) -> list[str]:
    if len(peptide) <= max(LENGTHS):
        return [peptide] if len(peptide) in LENGTHS else []
    cut = (peptide[i : i + n] for n in LENGTHS for i in range(len(peptide) - n + 1))
    return list(dict.fromkeys(cut))


def mismatches(a: np.ndarray, b: np.ndarray, face: Face) -> tuple[int, int]:
    """(all, receptor-facing) differences between two peptides of residue codes."""
    different = a != b
    return int(different.sum()), int((different & (face.weights > 0)).sum())
