"""Which indexed proteomes stand for a patient's gut, and with what weight.

A species of the profile is matched to a proteome by its name in any known spelling.  The weight of a species is its
share of the matched part times an exposure factor (how much of it meets the immune system); exposure has not been
measured for gut species, so that it is 1 unless the user gives a table, and the doubt about it is in ``assumptions``.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hepaxis.antigens.index import SpeciesIndex
from hepaxis.problems import InputError, Problem, error, warning
from hepaxis.profile import Profile
from hepaxis.profile.names import candidates, canonical, species_spellings

MAX_NAMED = 8


@dataclass(frozen=True)
class Gut:
    """species searched, share of the sample and weight of each (weights sum to 1); covered: share with a proteome."""

    species: tuple[SpeciesIndex, ...]
    share: np.ndarray
    weight: np.ndarray
    covered: float
    source: str
    problems: tuple[Problem, ...] = ()
    every: bool = False


def whole_index(species: Sequence[SpeciesIndex], exposure: dict[str, float] | None = None) -> Gut:
    """Every species of an index, equally weighted: no profile was given."""
    even = np.full(len(species), 1.0 / len(species))
    return _weighed(tuple(species), even, exposure or {}, 1.0, "index", [])


def of_profile(
    profile: Profile,
    sample: str | None,
    species: Sequence[SpeciesIndex],
    exposure: dict[str, float] | None = None,
    *,
    every: bool = False,
) -> Gut:
    """The species of a sample that have a proteome.  InputError where none has, or there is no such sample.

    every: absent species are searched, too, with weight 0 (a cohort needs every gut with every patient's antigens).
    """
    if sample is None and len(profile.samples) > 1:
        hint = f"choose one with --sample: {', '.join(profile.samples[:MAX_NAMED])}"
        raise InputError([error("mimics.sample", f"{len(profile.samples)} samples", hint)])
    name = profile.samples[0] if sample is None else sample
    if name not in profile.samples:
        hint = f"it holds {', '.join(profile.samples[:MAX_NAMED])}"
        raise InputError([error("mimics.sample", f"no sample '{name}'", hint)])
    row = profile.abundance.loc[name]
    names = profile.lineages["species"]
    by_name: dict[str, int] = {}
    for place, one in enumerate(species):
        for spelling in _spellings(one.name):
            by_name.setdefault(spelling, place)
    share = np.zeros(len(species))
    missing: dict[str, float] = {}
    for taxon, value in zip(profile.taxa, row.to_numpy(float), strict=True):
        if value <= 0:
            continue
        label = str(names.get(taxon, "")) or taxon.split("|")[0]
        found = next((by_name[spelling] for spelling in _spellings(label) if spelling in by_name), None)
        if found is None:
            missing[label] = missing.get(label, 0.0) + float(value)
        else:
            share[found] += float(value)
    held = np.flatnonzero(share > 0).tolist()
    if not held:
        hint = "name each FASTA after its species (Escherichia_coli.faa), or leave out the profile"
        raise InputError([error("mimics.no_species", "no species of the sample has a proteome in the index", hint)])
    problems = []
    if missing:
        first = sorted(missing, key=lambda one: -missing[one])[:MAX_NAMED]
        said = f"{len(missing)} species ({100 * sum(missing.values()):.0f}% of the sample) have no proteome"
        problems.append(warning("mimics.not_indexed", said, f"most abundant: {', '.join(first)}"))
    kept = list(range(len(species))) if every else held
    chosen = tuple(species[i] for i in kept)
    made = _weighed(chosen, share[kept], exposure or {}, float(share.sum()), f"sample {name}", problems)
    return replace(made, every=every)


def read_exposure(path: Path) -> dict[str, float]:
    """A TSV or CSV with columns ``species`` and ``exposure`` (factor >= 0).  InputError lists every fault."""
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    rows = list(csv.reader(lines, delimiter="\t" if lines and "\t" in lines[0] else ","))
    if not rows or [cell.strip().lower() for cell in rows[0][:2]] != ["species", "exposure"]:
        hint = "columns species and exposure"
        raise InputError([error("mimics.exposure_columns", "other columns", hint, file=str(path), row=1)])
    found: dict[str, float] = {}
    problems = []
    for number, cells in enumerate(rows[1:], start=2):
        try:
            value = float(cells[1])
            if not 0.0 <= value < float("inf"):
                raise ValueError
        except (ValueError, IndexError):
            fault = f"'{','.join(cells)[:40]}'"
            hint = "write a species and a factor >= 0"
            problems.append(error("mimics.exposure", fault, hint, file=str(path), row=number, column="exposure"))
            continue
        found[cells[0].strip()] = value
    if problems:
        raise InputError(problems)
    return found


def _weighed(
    species: tuple[SpeciesIndex, ...],
    share: np.ndarray,
    exposure: dict[str, float],
    covered: float,
    source: str,
    problems: list[Problem],
) -> Gut:
    known = {spelling: value for name, value in exposure.items() for spelling in _spellings(name)}
    factor = np.array([next((known[s] for s in _spellings(one.name) if s in known), 1.0) for one in species])
    weight = share * factor
    if weight.sum() <= 0:
        raise InputError([error("mimics.exposure", "every species has exposure 0", "give one above 0")])
    return Gut(species, share, weight / weight.sum(), covered, source, tuple(problems))


def _spellings(name: str) -> tuple[str, ...]:
    plain = "_".join(name.replace("_", " ").split())
    genus = plain.split("_", 1)[0]
    written = dict.fromkeys(canonical(one) for one in (plain, *species_spellings(plain, genus)))
    return (*written, *(f"taxon {id}" for one in written for id in candidates(one)))
