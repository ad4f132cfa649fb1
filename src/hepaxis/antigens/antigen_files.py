"""Antigens from any file that is understood, found by its look: VCF, pVACseq table, FASTA or peptide table."""

from __future__ import annotations

import zlib
from pathlib import Path

from hepaxis.antigens.antigen_list import Antigen, read_antigens
from hepaxis.antigens.prediction_tables import is_pvacseq, read_pvacseq
from hepaxis.antigens.proteomes import open_text
from hepaxis.antigens.vep import read_vcf
from hepaxis.problems import InputError, Problem, error


def read_any(path: Path) -> tuple[tuple[Antigen, ...], list[Problem]]:
    """(antigens, warnings).  InputError with every fault of the file."""
    try:
        with open_text(path, "utf-8-sig") as handle:
            first = handle.readline(100_000)
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as fault:
        found = f"cannot be read ({type(fault).__name__})"
        raise InputError([error("antigens.unreadable", found, "give a readable file", file=str(path))]) from None
    if first.startswith("##fileformat=VCF"):
        return read_vcf(path)
    if is_pvacseq(first):
        return read_pvacseq(path)
    return read_antigens(path)
