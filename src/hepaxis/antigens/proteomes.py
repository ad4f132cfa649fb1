"""Protein sequences from FASTA files, one file a species, plain or gzip; the file's name is the species' name.

``Escherichia_coli.faa.gz`` is *Escherichia coli*.  Nothing is downloaded.  A sequence's letters are kept as they are;
letters that are no amino acid break its peptides.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, cast

from hepaxis.problems import InputError, Problem, error, warning

SUFFIXES = (".faa", ".fasta", ".fa", ".pep", ".fas")
MAX_SHOWN = 20


@dataclass(frozen=True)
class Protein:
    """identifier (first word of the header), description (the rest) and sequence, upper case, without end stars."""

    identifier: str
    description: str
    sequence: str


def species_name(path: Path) -> str:
    """Species of a FASTA file by its name: suffixes off, underscores to blanks."""
    name = path.name.removesuffix(".gz")
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    return " ".join(name.replace("_", " ").split())


def fasta_files(folder: Path) -> list[Path]:
    """FASTA files of a folder, by name.  InputError where there is no such folder, none in it, or a species twice."""
    if not folder.is_dir():
        raise InputError([error("proteome.no_folder", "no such folder", "give a folder of FASTA", file=str(folder))])
    found = sorted(p for p in folder.iterdir() if p.name.removesuffix(".gz").endswith(SUFFIXES))
    if not found:
        hint = f"put one file a species there, ending in {', '.join(SUFFIXES)} (or .gz)"
        raise InputError([error("proteome.empty_folder", "no FASTA file in it", hint, file=str(folder))])
    seen: dict[str, Path] = {}
    problems = []
    for path in found:
        name = species_name(path)
        if name in seen:
            hint = f"keep one of it and {seen[name].name}"
            problems.append(error("proteome.twice", f"species '{name}' twice", hint, file=str(path)))
        seen[name] = path
    if problems:
        raise InputError(problems)
    return found


def read_fasta(path: Path) -> tuple[list[Protein], list[Problem]]:
    """Proteins of a file and what is odd in it (doubled identifiers, empty sequences).

    InputError where the file cannot be read, is not FASTA, is a damaged gzip or holds no protein.
    """
    problems: list[Problem] = []
    proteins: list[Protein] = []
    seen: set[str] = set()
    try:
        for row, header, sequence in _records(path):
            words = header.split(None, 1)
            name = words[0] if words else f"row_{row}"
            sequence = sequence.upper().rstrip("*")
            if not sequence:
                problems.append(
                    warning("proteome.no_sequence", f"'{name}' is empty", "left out", file=str(path), row=row)
                )
                continue
            if name in seen:
                found = f"'{name}' stands twice"
                problems.append(warning("proteome.doubled", found, "both are searched", file=str(path), row=row))
            seen.add(name)
            proteins.append(Protein(name, words[1] if len(words) > 1 else "", sequence))
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as fault:
        kind = "a damaged or unreadable file" if not isinstance(fault, FileNotFoundError) else "no such file"
        found = f"{kind} ({type(fault).__name__})"
        raise InputError([error("proteome.unreadable", found, "get it again", file=str(path))]) from None
    if not proteins:
        raise InputError([error("proteome.no_protein", "no protein in it", "give protein FASTA", file=str(path))])
    if len(problems) > MAX_SHOWN:
        rest = len(problems) - MAX_SHOWN
        problems = [*problems[:MAX_SHOWN], warning("proteome.more", f"{rest} more", "as above", file=str(path))]
    return proteins, problems


def open_text(path: Path, encoding: str) -> TextIO:
    """A text file, plain or gzip by its suffix."""
    return cast(
        TextIO, gzip.open(path, "rt", encoding=encoding) if path.suffix == ".gz" else path.open(encoding=encoding)
    )


def _records(path: Path) -> Iterator[tuple[int, str, str]]:
    """(row, header, sequence) of each record; InputError where text comes before the first header or it is DNA."""
    with open_text(path, "ascii") as handle:
        start, header = 0, ""
        lines: list[str] = []
        for row, line in enumerate(handle, start=1):
            line = line.strip()
            if line.startswith(">"):
                if start:
                    yield start, header, "".join(lines)
                start, header, lines = row, line[1:].strip(), []
            elif line and not start:
                hint = "FASTA starts with '>' and a name"
                raise InputError([error("proteome.not_fasta", f"'{line[:30]}' first", hint, file=str(path), row=row)])
            elif line:
                lines.append(line)
        if start:
            yield start, header, "".join(lines)


def looks_like_dna(proteins: list[Protein]) -> bool:
    """Whether nearly all letters are A, C, G, T, U or N: a genome given in place of a proteome."""
    text = "".join(protein.sequence for protein in proteins[:200])
    return sum(map(text.count, "ACGTUN")) > 0.95 * len(text)
