"""A folder of stool donors: a profile each, in any format, and a screening sheet ``donors.csv``.

Held: every sample of every profile file is a donor; what ``donors.csv`` (columns in ``donor_columns.csv``) says of it
answers the screening rules, and what it does not say stays unknown, which is asked for and never taken as passed.  A
donor is called rich in Prevotella where the guild lies above the 95th percentile of its profiler's reference.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import pandas as pd

from hepaxis.patient.folder import is_taxonomy, sha256
from hepaxis.problems import InputError, Problem, error
from hepaxis.profile import GUILDS, Profile, read, shares
from hepaxis.profile.reference import GuildReference, reference
from hepaxis.therapy import DonorShares

SHEET = "donors.csv"
NAMES = ("donor", "file", "kind")  # columns that answer no screening rule
HEALTHY = "healthy"
YES = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
RICH = 95  # percentile of the reference above which a donor counts as rich in Prevotella; assumed
SUFFIXES_LEFT_OUT = (".md", ".html", ".pdf", ".log", ".png", ".docx", ".xlsx", ".sha256")


@dataclass(frozen=True)
class Donor:
    """abundance, lineages   of the taxa found; guild (taxa,) of each
    shares      of the guilds, in the order of ``GUILDS``
    screening   column -> answer of ``donors.csv``, without what it does not say
    """

    id: str
    file: str
    kind: str
    abundance: pd.Series
    lineages: pd.DataFrame
    guild: pd.Series
    shares: DonorShares
    profiler: str
    screening: dict[str, bool | str]
    prevotella_rich: bool


def donor_files(folder: Path | None) -> dict[str, str]:
    """``donors/NAME`` -> SHA-256 of every file a donors' folder brings."""
    if folder is None or not folder.is_dir():
        return {}
    return {f"donors/{part.name}": sha256(part) for part in _parts(folder)}


def read_donors(folder: Path) -> tuple[Donor, ...]:
    """All donors of a folder, by name.  Raises InputError with every fault of the sheet and of the profiles."""
    if not folder.is_dir():
        raise InputError(
            [error("donors.folder", "this is not a folder", "give a folder of profiles", file=str(folder))]
        )
    parts = _parts(folder)
    taxonomy = next((part for part in parts if is_taxonomy(part)), None)
    sheet = folder / SHEET
    problems: list[Problem] = []
    profiles: list[tuple[str, Profile]] = []
    for part in parts:
        if part in (sheet, taxonomy):
            continue
        try:
            profiles.append((part.name, read(part, taxonomy=taxonomy)))
        except InputError as fault:
            problems += fault.problems
    if not profiles and not problems:
        hint = "put a stool profile of each donor there, in any format that is read"
        problems.append(error("donors.none", "no profile in the folder", hint, file=str(folder)))
    rows, noticed = _screening(sheet) if sheet.is_file() else ([], [])
    problems += noticed
    named = [(name, sample) for name, profile in profiles for sample in profile.samples]
    problems += _repeats(named, folder) + _strangers(rows, named, sheet)
    if problems:
        raise InputError(problems)
    made = [
        _donor(name, profile, sample, next((row for row in rows if _is_of(row, name, sample)), {}))
        for name, profile in profiles
        for sample in profile.samples
    ]
    return tuple(sorted(made, key=lambda one: one.id))


def _parts(folder: Path) -> list[Path]:
    there = sorted(part for part in folder.iterdir() if part.is_file() and not part.name.startswith("."))
    return [part for part in there if not part.name.lower().endswith(SUFFIXES_LEFT_OUT)]


def _is_of(row: dict[str, str], file: str, sample: str) -> bool:
    return row["donor"] == sample and row.get("file", "") in ("", file)


def _donor(file: str, profile: Profile, sample: str, row: dict[str, str]) -> Donor:
    abundance = profile.abundance.loc[[sample]]
    abundance = abundance.loc[:, abundance.iloc[0] > 0]
    lineages = profile.lineages.loc[abundance.columns]
    found = shares(abundance, lineages)
    own = found.shares.iloc[0].reindex(list(GUILDS)).to_numpy(float)
    known: GuildReference = reference(profile.profiler)
    answers = {name: _answer(name, row[name]) for name in row if name not in NAMES and row[name]}
    return Donor(
        id=sample,
        file=file,
        kind=row.get("kind") or HEALTHY,
        abundance=abundance.iloc[0],
        lineages=lineages,
        guild=found.by_taxon["guild"],
        shares=DonorShares(sample, tuple((own / own.sum()).tolist())),
        profiler=profile.profiler,
        screening=answers,
        prevotella_rich=bool(
            own[GUILDS.index("pre")] > known.quantiles[RICH].to_numpy(float)[list(known.quantiles.index).index("pre")]
        ),
    )


@cache
def columns() -> dict[str, dict[str, str]]:
    """Columns of ``donors.csv``: type, whether required, what is allowed, meaning."""
    with files("hepaxis.plan").joinpath("donor_columns.csv").open(encoding="utf-8") as stream:
        return {row["column"]: row for row in csv.DictReader(stream)}


def _answer(name: str, text: str) -> bool | str:
    return YES[text] if columns()[name]["type"] == "flag" else text


def _screening(sheet: Path) -> tuple[list[dict[str, str]], list[Problem]]:
    """Rows of the sheet, words in lower case where they are answers; with every fault by row and column."""
    with sheet.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        header = reader.fieldnames or []
        rows = [{key: (value or "").strip() for key, value in row.items() if key} for row in reader]
    problems = [
        error(
            "donors.column",
            f"unknown column '{name}'",
            f"columns: {', '.join(columns())}",
            file=str(sheet),
            column=name,
        )
        for name in header
        if name not in columns()
    ]
    if "donor" not in header:
        problems.append(error("donors.column", "no column 'donor'", "name the donor of each row", file=str(sheet)))
        return [], problems
    for number, row in enumerate(rows, 2):
        for name, rule in columns().items():
            text = row.get(name, "")
            if rule["type"] in ("flag", "choice"):
                row[name] = text = text.lower()
            allowed = YES if rule["type"] == "flag" else rule["allowed"].split("|") if rule["allowed"] else None
            if (rule["required"] == "yes" and not text) or (text and allowed is not None and text not in allowed):
                hint = (
                    f"give {'yes or no' if rule['type'] == 'flag' else rule['allowed'].replace('|', ', ') or 'a name'}"
                )
                found = f"'{text}'" if text else "nothing"
                problems.append(error("donors.value", found, hint, file=str(sheet), row=number, column=name))
    return rows, problems


def _repeats(named: Iterable[tuple[str, str]], folder: Path) -> list[Problem]:
    seen: dict[str, str] = {}
    problems = []
    for file, sample in named:
        if sample in seen:
            found = f"'{sample}' is in {seen[sample]} and {file}"
            problems.append(
                error("donors.twice", found, "give each donor one sample of its own name", file=str(folder))
            )
        seen.setdefault(sample, file)
    return problems


def _strangers(rows: list[dict[str, str]], named: list[tuple[str, str]], sheet: Path) -> list[Problem]:
    return [
        error(
            "donors.unknown",
            f"no sample '{row['donor']}'",
            f"samples: {', '.join(sample for _, sample in named[:8])}",
            file=str(sheet),
            row=number,
            column="donor",
        )
        for number, row in enumerate(rows, 2)
        if row["donor"] and not any(_is_of(row, file, sample) for file, sample in named)
    ]
