"""``check``: every problem of a path at once, whatever it is - a patient's folder, a sheet, a table, a profile.

The kind is found by looking inside.  A folder without a sheet is taken as a study: each file is checked, and the ids of
its clinical tables are compared with the samples of its profiles.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hepaxis.patient import cohort_response, cohort_values
from hepaxis.patient.cohort import Cohort, looks_clinical, read_cohort, separator
from hepaxis.patient.folder import IGNORED_SUFFIXES, SHEETS, gather, is_taxonomy
from hepaxis.patient.measured import REQUIRED, read_metabolites
from hepaxis.patient.sheet import read_sheet
from hepaxis.problems import InputError, Problem, error, info, warning

HEAD_BYTES = 65_536
GZIP_MAGIC = b"\x1f\x8b"
COLUMN_CHECKS: tuple[Callable[[Cohort], Iterator[Problem]], ...] = (
    cohort_values.repeated_ids,
    cohort_values.joined_ids,
    cohort_values.days_as_months,
    cohort_response.inverted,
    cohort_response.conflicts,
    cohort_response.mixed_words,
    cohort_values.spelling_variants,
    cohort_values.trailing_blanks,
    cohort_values.placeholders,
    cohort_values.impossible_labs,
    cohort_values.ages,
)


def check(path: str | Path) -> list[Problem]:
    """Every problem of ``path``, errors first within a file; nothing is raised for what a file holds."""
    place = Path(path)
    if place.is_dir():
        sheet = any((place / name).is_file() for name in SHEETS)
        return _patient(place) if sheet else _study(place)
    if not place.exists():
        return [error("check.missing", "there is no such file or folder", "check the path", file=str(path))]
    return _file(place, str(path))


def check_cohort(path: str | Path, samples: list[str] | None = None, profile: str = "the profile") -> list[Problem]:
    """Problems of one clinical table; with ``samples`` also the rows that no profile has."""
    cohort, problems = read_cohort(Path(path), str(path))
    if cohort is None:
        return problems
    for one in COLUMN_CHECKS:
        problems.extend(one(cohort))
    if samples is not None:
        problems.extend(cohort_values.orphans(cohort, samples, profile))
    return problems


def check_labels(first: str | Path, second: str | Path, join: str | None = None) -> list[Problem]:
    """Response labels on which two tables of the same samples disagree."""
    tables = [read_cohort(Path(path), str(path)) for path in (first, second)]
    problems = [problem for _, found in tables for problem in found]
    one, other = tables[0][0], tables[1][0]
    if one is None or other is None:
        return problems
    return problems + cohort_response.label_conflicts(one, other, join)


def kind_of(path: Path) -> str:
    """``sheet``, ``metabolites``, ``cohort``, ``taxonomy`` or ``profile``, by what the file holds."""
    if path.suffix.lower() in (".yaml", ".yml"):
        return "sheet"
    if is_taxonomy(path):
        return "taxonomy"
    header = _header(path)
    words = {cell.strip().lower() for cell in header}
    if {"metabolite", "value"} <= words or set(REQUIRED) <= words:
        return "metabolites"
    return "cohort" if looks_clinical(header) else "profile"


def _header(path: Path) -> list[str]:
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
        if head.startswith(GZIP_MAGIC):
            with gzip.open(path) as packed:
                head = packed.read(HEAD_BYTES)
    except (OSError, EOFError, zlib.error):
        return []
    text = head.decode("utf-8-sig", "replace")
    if not text.strip() or "\0" in text:
        return []
    first = text.splitlines()[0]
    return next(csv.reader(io.StringIO(first), delimiter=separator(first)), [])


def _file(path: Path, name: str) -> list[Problem]:
    kind = kind_of(path)
    if kind == "sheet":
        return read_sheet(path, name)[1]
    if kind == "metabolites":
        return read_metabolites(path, name)[1]
    if kind == "cohort":
        return check_cohort(name)
    if kind == "taxonomy":
        return [info("check.taxonomy", "this is a taxonomy table", "it is read with its feature table", file=name)]
    problems = _profile(path, None)[1]
    return check_cohort(name) if _is_clinical(problems) else problems


def _is_clinical(problems: list[Problem]) -> bool:
    """Whether the profile room recognised a sheet of samples: it knows taxa, so its word counts."""
    return any(problem.code == "profile.clinical_file" for problem in problems)


def _patient(folder: Path) -> list[Problem]:
    found, problems = gather(folder)
    if found is None or found.profile_path is None:
        return problems
    profile, noticed = _profile(found.profile_path, found.taxonomy_path)
    problems = problems + noticed
    samples = _samples(profile)
    wanted = found.record.stool.sample
    if wanted and samples and wanted not in samples:
        text = f"sample '{wanted}' is not in {found.profile_path.name}; it holds {', '.join(samples[:8])}"
        problems.append(error("patient.sample", text, "name one of them", file=str(folder), column="stool.sample"))
    if not wanted and len(samples) > 1:
        text = f"{found.profile_path.name} holds {len(samples)} samples and stool.sample names none"
        hint = "write stool: {sample: ...}; it holds " + ", ".join(samples[:8])
        problems.append(error("patient.sample", text, hint, file=str(folder), column="stool.sample"))
    if found.donor_path is not None:
        problems += _profile(found.donor_path, None)[1]
    return problems


def _study(folder: Path) -> list[Problem]:
    parts = [part for part in sorted(folder.iterdir()) if part.is_file() and not part.name.startswith(".")]
    parts = [part for part in parts if not part.name.lower().endswith((*IGNORED_SUFFIXES, ".txt"))]
    kinds = {part: kind_of(part) for part in parts}
    tables = [part for part, kind in kinds.items() if kind == "cohort"]
    if not parts:
        hint = "a patient's folder holds patient.yaml; a study's folder holds a clinical table"
        return [error("patient.no_sheet", "there is neither a sheet nor a table", hint, file=str(folder))]
    problems: list[Problem] = []
    samples: list[str] = []
    names: list[str] = []
    for part in (part for part, kind in kinds.items() if kind == "profile"):
        profile, noticed = _profile(part, None)
        if _is_clinical(noticed):
            tables.append(part)
            continue
        problems += noticed
        if profile is not None:
            samples += _samples(profile)
            names.append(part.name)
    for part in tables:
        problems += check_cohort(part, samples or None, ", ".join(names))
    return problems


def _profile(path: Path, taxonomy: Path | None) -> tuple[Any, list[Problem]]:
    """The profile through the profile room: (profile or None, problems)."""
    from hepaxis import profile as room  # heavy, and only needed for profiles

    reader = getattr(room, "read", None)
    if reader is None:
        return None, [warning("check.profile", "profiles cannot be checked yet", "", file=str(path))]
    try:
        found = reader(path) if taxonomy is None else reader(path, taxonomy=taxonomy)
    except InputError as fault:
        return None, list(fault.problems)
    return found, list(getattr(found, "problems", ()))


def _samples(profile: Any) -> list[str]:
    return [] if profile is None else [str(name) for name in profile.abundance.index]
