"""Binding ranks and peptides from tables that other tools wrote: pVACseq, NetMHCpan.

pVACseq's ``all_epitopes.tsv`` and aggregated report give mutant peptides with their ranks; NetMHCpan's text output
gives ranks of any peptide with any molecule.  Only files are read; neither tool is run.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from hepaxis.antigens.alleles import canonical
from hepaxis.antigens.alphabet import AMINO_ACIDS, LENGTHS
from hepaxis.antigens.antigen_list import Antigen
from hepaxis.problems import InputError, Problem, error, warning

#: column of: peptide, molecule, rank (first that is there), wild type, gene, change
PVACSEQ = {
    "all epitopes": (
        "MT Epitope Seq",
        "HLA Allele",
        ("Median MT Percentile", "Best MT Percentile", "Median MT Percentile Score"),
        "WT Epitope Seq",
        "Gene Name",
        "Mutation",
    ),
    "aggregated": ("Best Peptide", "Allele", ("%ile MT",), "", "Gene", "AA Change"),
}
NETMHCPAN_RANKS = ("%Rank_EL", "%Rank_BA", "%Rank", "Rank_EL", "EL_Rank", "Rank")


class ImportedRanks:
    """Ranks (%) by (molecule, peptide) from a table; the molecules it holds."""

    def __init__(self, name: str, ranks: dict[tuple[str, str], float]):
        self.name = name
        self._ranks = ranks

    @property
    def alleles(self) -> tuple[str, ...]:
        return tuple(sorted({allele for allele, _ in self._ranks}))

    def rank(self, allele: str, peptides: list[str]) -> np.ndarray:
        """(n,) rank of each peptide; NaN where the table has none."""
        return np.array([self._ranks.get((allele, peptide), np.nan) for peptide in peptides])

    def best(self, allele: str, peptide: str) -> float | None:
        return self._ranks.get((allele, peptide))


def is_pvacseq(header: str) -> bool:
    """Whether a table's first line is pVACseq's."""
    columns = set(header.rstrip("\r\n").split("\t"))
    return any({names[0], names[1]} <= columns for names in PVACSEQ.values())


def read_pvacseq(path: Path) -> tuple[tuple[Antigen, ...], list[Problem]]:
    """Mutant peptides of a pVACseq table, one an antigen, with the rank of each molecule that is given.

    InputError where columns are missing or no row can be used; rows that cannot are listed as warnings.
    """
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    reader = csv.DictReader(lines, delimiter="\t")
    columns = reader.fieldnames or []
    layout = next((names for names in PVACSEQ.values() if {names[0], names[1]} <= set(columns)), None)
    if layout is None:
        hint = "give all_epitopes.tsv or the aggregated report"
        raise InputError([error("pvacseq.columns", f"columns {', '.join(columns[:6])}", hint, file=str(path), row=1)])
    peptide_column, allele_column, rank_columns, wild_column, gene_column, change_column = layout
    rank_column = next((name for name in rank_columns if name in columns), None)
    found: dict[str, Antigen] = {}
    problems: list[Problem] = []
    for row, cells in enumerate(reader, start=2):
        peptide = (cells.get(peptide_column) or "").strip().upper()
        try:
            allele = canonical(cells.get(allele_column) or "")
        except ValueError as fault:
            problems.append(warning("pvacseq.allele", str(fault), "left out", file=str(path), row=row))
            continue
        if len(peptide) not in LENGTHS or set(peptide) - set(AMINO_ACIDS):
            said = f"'{peptide[:30]}' is not an 8-11-mer"
            problems.append(
                warning("pvacseq.peptide", said, "left out", file=str(path), row=row, column=peptide_column)
            )
            continue
        label = f"{cells.get(gene_column) or 'gene'} {cells.get(change_column) or ''}".strip()
        known = found.get(peptide)
        ranks = dict(known.ranks) if known else {}
        value = _number(cells.get(rank_column or "", ""))
        if value is not None:
            ranks[allele] = value
        wild = (cells.get(wild_column) or "").upper() if wild_column else ""
        wild = wild if len(wild) == len(peptide) and not set(wild) - set(AMINO_ACIDS) else ""
        found[peptide] = Antigen(
            f"{label}:{peptide}", label, peptide, "neoantigen", source="pVACseq", wildtype=wild, ranks=ranks
        )
    if not found:
        hint = "see the warnings"
        raise InputError([*problems, error("pvacseq.empty", "no peptide in it can be used", hint, file=str(path))])
    return tuple(found.values()), problems


def read_ranks(path: Path) -> ImportedRanks:
    """Ranks of NetMHCpan's text output or of a table with columns allele, peptide, rank.  InputError where neither."""
    text = path.read_text(encoding="utf-8-sig")
    ranks: dict[tuple[str, str], float] = {}
    columns: list[str] = []
    problems: list[Problem] = []
    for row, line in enumerate(text.splitlines(), start=1):
        words = line.replace(",", "\t").split("\t") if "\t" in line or "," in line else line.split()
        words = [word.strip() for word in words if word.strip()]
        lower = [word.lower() for word in words]
        if "peptide" in lower and any(name in lower for name in ("mhc", "hla", "allele")):
            columns = words
            continue
        if not columns or len(words) < 3 or line.startswith(("#", "-")):
            continue
        made = _rank_row(columns, words)
        if made is None:
            if words[0].isdigit():
                problems.append(
                    error("binding.row", f"'{line.strip()[:50]}'", "mend or drop it", file=str(path), row=row)
                )
            continue
        key, value = made
        ranks[key] = min(value, ranks.get(key, value))
    if not ranks and not problems:
        hint = "give NetMHCpan's text output, or columns allele, peptide, rank"
        problems.append(error("binding.unknown", "no row with molecule, peptide and rank", hint, file=str(path)))
    if problems:
        raise InputError(problems[:20])
    return ImportedRanks(path.name, ranks)


def _rank_row(columns: list[str], words: list[str]) -> tuple[tuple[str, str], float] | None:
    lower = [name.lower() for name in columns]
    place = next(lower.index(name) for name in ("mhc", "hla", "allele") if name in lower)
    rank = next((columns.index(name) for name in NETMHCPAN_RANKS if name in columns), None)
    rank = lower.index("rank") if rank is None and "rank" in lower else rank
    if rank is None or max(place, lower.index("peptide"), rank) >= len(words):
        return None
    value, peptide = _number(words[rank]), words[lower.index("peptide")].upper()
    try:
        allele = canonical(words[place])
    except ValueError:
        return None
    return None if value is None or set(peptide) - set(AMINO_ACIDS) else ((allele, peptide), value)


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if np.isfinite(value) else None
