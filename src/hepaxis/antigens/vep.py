"""Mutant peptides from a VCF annotated by VEP with the Wildtype and Frameshift plug-ins, without a genome.

The plug-ins (shipped with pVACtools) put the wild-type protein and the frameshifted protein into CSQ, so that a mutant
protein follows from Protein_position and Amino_acids alone.  Kept are all 8-11-mers of the mutant protein that touch
the change and are nowhere in the wild-type protein.  Variants that failed the caller's filters are left out.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from hepaxis.antigens.alphabet import AMINO_ACIDS, LENGTHS
from hepaxis.antigens.antigen_list import MAX_SHOWN, Antigen
from hepaxis.antigens.proteomes import open_text
from hepaxis.problems import InputError, Problem, error, warning

WILDTYPE, FRAMESHIFT = "WildtypeProtein", "FrameshiftSequence"
NEEDED = ("Consequence", "Protein_position", "Amino_acids", WILDTYPE)
CHANGES = (
    "missense_variant",
    "inframe_insertion",
    "inframe_deletion",
    "protein_altering_variant",
    "frameshift_variant",
)
_FORMAT = re.compile(r'ID=CSQ,.*Format: ?([^">]+)')


def read_vcf(path: Path) -> tuple[tuple[Antigen, ...], list[Problem]]:
    """(mutant peptides with their wild type where it has the same length, warnings).

    InputError where it is no VCF, CSQ or one of its fields is missing, or nothing in it changes a protein.
    """
    fields: list[str] = []
    found: dict[str, Antigen] = {}
    problems: list[Problem] = []
    variants = 0
    for row, line in _lines(path):
        if line.startswith("#"):
            if match := _FORMAT.search(line):
                fields = [name.strip() for name in match[1].split("|")]
                _check_fields(fields, path, row)
            continue
        cells = line.split("\t")
        if len(cells) < 8:
            hint = "give the VCF as VEP wrote it"
            raise InputError([error("vcf.columns", f"{len(cells)} columns", hint, file=str(path), row=row)])
        if not fields:
            hint = "annotate it: vep --vcf --plugin Wildtype --plugin Frameshift"
            raise InputError([error("vcf.no_csq", "no CSQ in the header", hint, file=str(path))])
        if cells[6] not in ("PASS", ".", ""):
            continue
        variants += 1
        for entry in _annotations(cells[7]):
            named = dict(zip(fields, entry.split("|"), strict=False))
            if not set(named.get("Consequence", "").split("&")) & set(CHANGES):
                continue
            for antigen in _peptides(named, path, row, problems):
                found.setdefault(antigen.peptide, antigen)
    if not found:
        hint = "only missense, in-frame and frameshift variants that passed the filters count"
        raise InputError([*problems, error("vcf.no_change", f"{variants} variants, no peptide", hint, file=str(path))])
    if len(problems) > MAX_SHOWN:
        rest = len(problems) - MAX_SHOWN
        problems = [*problems[:MAX_SHOWN], warning("vcf.more", f"{rest} more", "as above", file=str(path))]
    return tuple(found.values()), problems


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with open_text(path, "utf-8") as handle:
            for row, line in enumerate(handle, start=1):
                if row == 1 and not line.startswith("##fileformat=VCF"):
                    hint = "the first line of a VCF is ##fileformat=VCFv4.x"
                    raise InputError(
                        [error("vcf.not_vcf", f"'{line[:30].strip()}' first", hint, file=str(path), row=1)]
                    )
                yield row, line.rstrip("\r\n")
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as fault:
        found = f"cannot be read ({type(fault).__name__})"
        raise InputError([error("vcf.unreadable", found, "get it again", file=str(path))]) from None


def _check_fields(fields: list[str], path: Path, row: int) -> None:
    missing = [name for name in NEEDED if name not in fields]
    if missing:
        hint = "run VEP with --plugin Wildtype and --plugin Frameshift (both come with pVACtools)"
        found = f"CSQ lacks {', '.join(missing)}"
        raise InputError([error("vcf.csq_fields", found, hint, file=str(path), row=row, column="INFO")])


def _annotations(info: str) -> list[str]:
    return next((part[4:].split(",") for part in info.split(";") if part.startswith("CSQ=")), [])


def _peptides(named: dict[str, str], path: Path, row: int, problems: list[Problem]) -> list[Antigen]:
    wild = named.get(WILDTYPE, "").rstrip("*").upper()
    if not wild:
        return []
    where = named["Protein_position"].split("/")[0].split("-")
    digits = [int(part) for part in where if part.isdigit()]
    if not digits:
        return []
    first, last = digits[0] - 1, digits[-1]
    old, _, new = named["Amino_acids"].partition("/")
    gene = named.get("SYMBOL") or named.get("Gene") or "gene"
    if "frameshift_variant" in named["Consequence"]:
        mutant, label = named.get(FRAMESHIFT, "").rstrip("*").upper(), f"{gene} {old}{digits[0]}fs"
        if not mutant:
            found = f"{label} without {FRAMESHIFT}"
            problems.append(warning("vcf.no_frameshift", found, "add --plugin Frameshift", file=str(path), row=row))
            return []
        changed = range(first, len(mutant))
    else:
        old, new = old.replace("-", ""), new.replace("-", "").split("*")[0].replace("X", "")
        first = first if old else digits[0]  # an insertion stands between two residues
        last = first + len(old)
        label = f"{gene} {old or '-'}{digits[0]}{new or '-'}"
        if wild[first:last] != old:
            found = f"{label}: the wild-type protein has '{wild[first:last]}' there"
            problems.append(warning("vcf.wildtype", found, "left out", file=str(path), row=row))
            return []
        mutant = wild[:first] + new + wild[last:]
        changed = range(first, first + max(len(new), 1))
    return _windows(mutant, wild, changed, label, len(old) == len(new))


def _windows(mutant: str, wild: str, changed: range, label: str, same_length: bool) -> list[Antigen]:
    made = []
    for length in LENGTHS:
        for start in range(max(changed.start - length + 1, 0), min(changed.stop, len(mutant) - length + 1)):
            peptide = mutant[start : start + length]
            if peptide in wild or set(peptide) - set(AMINO_ACIDS):
                continue
            own = wild[start : start + length] if same_length else ""
            name = f"{label}:{peptide}"
            made.append(
                Antigen(name, label, peptide, "neoantigen", source="VCF", wildtype=own if len(own) == length else "")
            )
    return made
