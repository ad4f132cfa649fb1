"""Tumour antigens to search for: the shipped HCC table, or peptides of the user (TSV, CSV, FASTA).

The default are tumour-associated and HBV epitopes: in HCC, mutated ligands were looked for by mass spectrometry and not
found (Loffler 2019, 10.1186/s13073-019-0636-8), so that neoantigens come second.  A longer peptide stands for all its
8-11-mers; class II peptides are kept apart.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from hepaxis.antigens.alleles import canonical
from hepaxis.antigens.alphabet import AMINO_ACIDS, LENGTHS
from hepaxis.antigens.tables import records
from hepaxis.problems import InputError, Problem, error

LONGEST = 60
MAX_SHOWN = 20
KINDS = ("taa", "hbv", "neoantigen", "peptide")


@dataclass(frozen=True)
class Antigen:
    """A peptide to search for.

    hla       molecules reported to present it; () where unknown (then each of the patient's is predicted)
    kind      taa, hbv, neoantigen or peptide (the user's, of unknown kind)
    wildtype  of a mutant peptide, where known
    ranks     binding ranks (%) that came with an imported table, by molecule
    """

    identifier: str
    antigen: str
    peptide: str
    kind: str
    hla: tuple[str, ...] = ()
    source: str = ""
    checked: str = ""
    wildtype: str = ""
    ranks: dict[str, float] = field(default_factory=dict)


def shipped(kinds: Iterable[str] = ("taa", "hbv"), *, class_two: bool = False) -> tuple[Antigen, ...]:
    """Epitopes of the shipped table, of the given kinds, in its order; class II peptides only when asked for."""
    wanted, classes = set(kinds), ("I", "II") if class_two else ("I",)
    return tuple(
        Antigen(
            str(row["id"]),
            str(row["antigen"]),
            str(row["peptide"]),
            str(row["kind"]),
            (str(row["hla"]),),
            "; ".join(row["source"]),  # type: ignore[arg-type]
            str(row["checked"]),
        )
        for row in records("antigens")
        if row["kind"] in wanted and row["mhc_class"] in classes
    )


def read_antigens(path: Path) -> tuple[tuple[Antigen, ...], list[Problem]]:
    """Peptides of a FASTA, TSV or CSV file (columns ``peptide``; optional ``id``, ``antigen``, ``hla``, ``wildtype``).

    InputError with every line that is not a peptide of 8-60 amino acids, by row and column.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        hint = "give a UTF-8 text file"
        raise InputError([error("antigens.unreadable", f"cannot be read: {fault}", hint, file=str(path))]) from None
    lines = text.splitlines()
    rows = _fasta(lines) if any(line.startswith(">") for line in lines) else _table(lines, path)
    problems: list[Problem] = []
    found: dict[str, Antigen] = {}
    for row, cells in rows:
        made = _antigen(row, cells, path, problems)
        if made is not None:
            found.setdefault(made.identifier, made)
    if len(problems) > MAX_SHOWN:
        rest = len(problems) - MAX_SHOWN
        problems = [*problems[:MAX_SHOWN], error("antigens.more", f"{rest} more lines", "as above", file=str(path))]
    if not found and not problems:
        problems.append(error("antigens.empty", "no peptide in it", "give one a line", file=str(path)))
    if problems:
        raise InputError(problems)
    return tuple(found.values()), problems


def _antigen(row: int, cells: dict[str, str], path: Path, problems: list[Problem]) -> Antigen | None:
    peptide = cells["peptide"].upper()
    wrong = sorted(set(peptide) - set(AMINO_ACIDS))
    if wrong or not LENGTHS[0] <= len(peptide) <= LONGEST:
        what = f"letters {', '.join(wrong)}" if wrong else f"{len(peptide)} residues"
        hint = f"write {LENGTHS[0]}-{LONGEST} one-letter amino acids"
        fault = f"'{peptide[:40]}' has {what}"
        problems.append(error("antigens.peptide", fault, hint, file=str(path), row=row, column="peptide"))
        return None
    hla: list[str] = []
    for name in cells.get("hla", "").replace(";", ",").split(","):
        if not name.strip():
            continue
        try:
            hla.append(canonical(name))
        except ValueError as fault:
            problems.append(
                error("antigens.hla", str(fault), "write HLA-A*02:01", file=str(path), row=row, column="hla")
            )
    identifier = cells.get("id") or cells.get("antigen") or peptide
    kind = cells.get("kind", "") if cells.get("kind", "") in KINDS else "peptide"
    antigen, wildtype = cells.get("antigen") or identifier, cells.get("wildtype", "").upper()
    return Antigen(identifier, antigen, peptide, kind, tuple(hla), f"file:{path.name}", "", wildtype)


def _table(lines: list[str], path: Path) -> list[tuple[int, dict[str, str]]]:
    kept = [(row, line) for row, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    if not kept:
        return []
    tab = "\t" if "\t" in kept[0][1] else ","
    header = [cell.strip().lower() for cell in kept[0][1].split(tab)]
    if "peptide" not in header:
        if len(header) > 1:
            raise InputError(
                [
                    error(
                        "antigens.no_column",
                        f"columns {', '.join(header[:8])}",
                        "name one 'peptide', or give one peptide a line",
                        file=str(path),
                        row=kept[0][0],
                    )
                ]
            )
        return [(row, {"peptide": line.strip()}) for row, line in kept]
    rows = []
    for (row, _), cells in zip(kept[1:], csv.reader([line for _, line in kept[1:]], delimiter=tab), strict=True):
        named = {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
        if named.get("peptide"):
            rows.append((row, named))
    return rows


def _fasta(lines: list[str]) -> list[tuple[int, dict[str, str]]]:
    found: list[tuple[int, dict[str, str]]] = []
    for row, line in enumerate(lines, 1):
        if line.startswith(">"):
            words = line[1:].split()
            found.append((row, {"id": words[0] if words else "", "peptide": ""}))
        elif line.strip():
            if not found:
                found.append((row, {"id": "", "peptide": ""}))
            found[-1][1]["peptide"] += line.strip()
    return found
