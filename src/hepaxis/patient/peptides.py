"""The optional peptide file: one sequence a line, a CSV with a ``peptide`` column, or FASTA."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from hepaxis.problems import Problem, error

AMINO_ACIDS = frozenset("ACDEFGHIKLMNPQRSTVWY")
SHORTEST, LONGEST = 8, 35  # residues: class I ligands from 8, long neoantigen peptides to about 35
MAX_BYTES = 2_000_000
MAX_SHOWN = 20


def read_peptides(path: Path, name: str = "") -> tuple[tuple[str, ...], list[Problem]]:
    """Sequences in the order of the file, without repeats, and every line that is not one."""
    label = name or str(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            return (), [error("peptides.too_large", "the file is over 2 MB", "give one patient's peptides", file=label)]
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        return (), [error("peptides.unreadable", f"cannot be read: {fault}", "save it as UTF-8 text", file=label)]
    found: dict[str, int] = {}
    problems: list[Problem] = []
    for row, sequence in _sequences(text):
        wrong = sorted(set(sequence) - AMINO_ACIDS)
        if wrong or not SHORTEST <= len(sequence) <= LONGEST:
            what = f"letters {', '.join(wrong)}" if wrong else f"{len(sequence)} residues"
            hint = f"write {SHORTEST}-{LONGEST} one-letter amino acids"
            problems.append(error("peptides.sequence", f"'{sequence[:40]}' has {what}", hint, file=label, row=row))
        else:
            found.setdefault(sequence, row)
    if len(problems) > MAX_SHOWN:
        rest = len(problems) - MAX_SHOWN
        problems = [*problems[:MAX_SHOWN], error("peptides.more", f"{rest} more lines", "as above", file=label)]
    return tuple(found), problems


def _sequences(text: str) -> list[tuple[int, str]]:
    lines = text.splitlines()
    if any(line.startswith(">") for line in lines):
        return _fasta(lines)
    header = [cell.strip().lower() for cell in lines[0].replace("\t", ",").split(",")] if lines else []
    if "peptide" in header:
        column = header.index("peptide")
        table = csv.reader(io.StringIO(text.replace("\t", ",")))
        cells = [(row, line[column].strip().upper()) for row, line in enumerate(table, 1) if len(line) > column]
        return [(row, cell) for row, cell in cells[1:] if cell]
    return [(row, line.strip().upper()) for row, line in enumerate(lines, 1) if line.strip() and line[0] != "#"]


def _fasta(lines: list[str]) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    for row, line in enumerate(lines, start=1):
        if line.startswith(">"):
            found.append((row, ""))
        elif line.strip() and found:
            found[-1] = (found[-1][0], found[-1][1] + line.strip().upper())
    return [(row, sequence) for row, sequence in found if sequence]
