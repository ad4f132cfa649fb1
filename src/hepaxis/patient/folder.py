"""A patient's folder: ``patient.yaml``, a stool profile in any format, and what else was measured.

The profile is found, not named: it is the one file that is neither the sheet nor another known part, unless
``stool.file`` on the sheet says which.  Its content is read by ``hepaxis.profile``; here it is only a path.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hepaxis.patient import measured
from hepaxis.patient.later import FILE as later_file
from hepaxis.patient.later import NOTHING_LATER, FollowUp, read_follow_up
from hepaxis.patient.peptides import read_peptides
from hepaxis.patient.record import Patient
from hepaxis.patient.sheet import SHEET, read_sheet
from hepaxis.problems import InputError, Problem, error, has_errors, info, warning

SHEETS = (SHEET, "patient.yml")
TAXONOMY_HEADERS = (
    "feature id\ttaxon",
    "#otuid\ttaxonomy",
    "#otu id\ttaxonomy",
    "user_genome\tclassification",
    "kingdom\tphylum",  # DADA2's assignTaxonomy as R writes it, with or without a cell above the row names
    "domain\tphylum",
)
IGNORED_SUFFIXES = (".md", ".html", ".pdf", ".json.bak", ".log", ".png", ".docx", ".xlsx")
PEPTIDE_NAMES = ("peptides", "neoantigens")
BLOCK = 1 << 20


@dataclass(frozen=True)
class PatientFolder:
    """What a folder brings.

    ``record`` the sheet; ``profile_path`` and ``taxonomy_path`` the stool profile, None when there is none;
    ``donor_path`` a donor's profile; ``metabolites`` one row a measurement (see ``read_metabolites``); ``peptides``
    sequences; ``files`` name -> SHA-256 of every file used; ``problems`` warnings and notes (errors are raised);
    ``follow_up`` what came after the first dose (its scans and courses are in ``record``).
    """

    path: Path
    record: Patient
    profile_path: Path | None
    taxonomy_path: Path | None
    donor_path: Path | None
    metabolites: pd.DataFrame
    peptides: tuple[str, ...]
    files: dict[str, str]
    problems: tuple[Problem, ...]
    follow_up: FollowUp = NOTHING_LATER


def load(folder: str | Path) -> PatientFolder:
    """Everything in ``folder``.  Raises InputError with every error and warning when any is an error."""
    found, problems = gather(folder)
    if found is None:
        raise InputError(problems)
    return found


def gather(folder: str | Path) -> tuple[PatientFolder | None, list[Problem]]:
    """As :func:`load`, but hands the problems back instead of raising."""
    path = Path(folder)
    if not path.is_dir():
        return None, [error("patient.folder", "this is not a folder", "give a patient's folder", file=str(folder))]
    sheets = [path / name for name in SHEETS if (path / name).is_file()]
    if not sheets:
        return None, [
            error("patient.no_sheet", f"there is no {SHEET}", "write one from the template", file=str(folder))
        ]
    record, problems = read_sheet(sheets[0], _shown(path, sheets[0]))
    known = record or Patient()
    later, follow_up = path / later_file, NOTHING_LATER
    if record is not None and later.is_file():
        record, follow_up, noticed = read_follow_up(later, record, _shown(path, later))
        known, problems = record, problems + noticed
    others = [other for other in _others(path) if other not in [sample.path for sample in follow_up.samples]]
    table = path / measured.FILE
    metabolites = measured.empty()
    if table.is_file():
        metabolites, noticed = measured.read_metabolites(table, _shown(path, table))
        problems += noticed
    peptide_path = _named(path, known.antigens.peptides, "antigens.peptides", sheets[0], problems) or next(
        (other for other in others if other.stem.lower() in PEPTIDE_NAMES), None
    )
    peptides: tuple[str, ...] = ()
    if peptide_path:
        peptides, noticed = read_peptides(peptide_path, _shown(path, peptide_path))
        problems += noticed
    donor = _named(path, known.donor.file, "donor.file", sheets[0], problems)
    rest = [other for other in others if other not in (peptide_path, donor)]
    taxonomy = next((other for other in rest if is_taxonomy(other)), None)
    profile = _named(path, known.stool.file, "stool.file", sheets[0], problems)
    if profile is None and not known.stool.file:
        profile = _only([other for other in rest if other != taxonomy], path, problems)
    if has_errors(problems) or record is None:
        return None, problems
    if profile is None:
        hint = "put the profile beside the sheet; without it the gut stays at its prior"
        problems.append(warning("patient.no_profile", "there is no stool profile", hint, file=str(folder)))
    used = [sheets[0], profile, taxonomy, donor, peptide_path, *(part for part in (table, later) if part.is_file())]
    used += [sample.path for sample in follow_up.samples]
    files = {part.relative_to(path).as_posix(): sha256(part) for part in used if part is not None}
    return PatientFolder(
        path, record, profile, taxonomy, donor, metabolites, peptides, files, tuple(problems), follow_up
    ), problems


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def is_taxonomy(path: Path) -> bool:
    """Whether the file is a feature -> taxon table, by its first line."""
    try:
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rb") as stream:
            line = stream.readline(4096).decode("utf-8", "replace").lstrip("\ufeff").lower()
    except (OSError, EOFError):
        return False
    first = line.replace(",", "\t").replace('"', "").strip()
    return first.startswith(TAXONOMY_HEADERS)


def _shown(folder: Path, part: Path) -> str:
    return (folder.name and f"{folder.name}/{part.relative_to(folder).as_posix()}") or part.name


def _others(folder: Path) -> list[Path]:
    parts = sorted(part for part in folder.iterdir() if part.is_file() and not part.name.startswith("."))
    return [
        part
        for part in parts
        if part.name not in (*SHEETS, measured.FILE, later_file) and not part.name.lower().endswith(IGNORED_SUFFIXES)
    ]


def _named(folder: Path, name: str | None, field: str, sheet: Path, problems: list[Problem]) -> Path | None:
    if not name:
        return None
    part = folder / name
    inside = not Path(name).is_absolute() and ".." not in Path(name).parts
    if inside and part.is_file():
        return part
    found = f"the file '{name}' is not in the folder" if inside else f"the file '{name}' is outside the folder"
    near = ", ".join(other.name for other in _others(folder)) or "no other file"
    hint = f"put it beside the sheet; found there: {near}"
    problems.append(error("patient.file", found, hint, file=_shown(folder, sheet), column=field))
    return None


def _only(candidates: Iterable[Path], folder: Path, problems: list[Problem]) -> Path | None:
    found = list(candidates)
    if len(found) > 1:
        names = ", ".join(part.name for part in found)
        hint = "name the right one on the sheet as stool: {file: ...}, or move the others away"
        problems.append(
            error("patient.which_profile", f"several files could be the profile: {names}", hint, file=folder.name)
        )
        return None
    if found:
        text = f"'{found[0].name}' is taken as the stool profile"
        problems.append(info("patient.profile_found", text, "", file=folder.name))
    return found[0] if found else None
