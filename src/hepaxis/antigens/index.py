"""The proteome index: trigram codes on disk, one folder a species, built once and memory-mapped.

Layout of an index folder: ``<species>/codes.npy`` (uint16 a residue, proteins one after another with a gap),
``starts.npy`` (int64, where each protein starts), ``proteins.tsv`` (identifier, description) and ``species.json``
(name, counts, SHA-256 of the FASTA, version of the layout).  A species is written beside and renamed, so that an
interrupted build leaves whole species only and goes on where it stopped; a changed FASTA is indexed again.
A residue takes two bytes: 150 gut species are about 0.28 GB.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from hepaxis.antigens.alphabet import BREAK, BROKEN, LENGTHS, TRIGRAM_STARTS, decode, encode, trigram_codes
from hepaxis.antigens.proteomes import Protein, fasta_files, looks_like_dna, read_fasta, species_name
from hepaxis.problems import InputError, Problem, error

LAYOUT = 1
RECORD, CODES, STARTS, PROTEINS = "species.json", "codes.npy", "starts.npy", "proteins.tsv"
MAX_CODES = 2**32 - 1  # positions of a species are kept as 32-bit numbers


@dataclass(frozen=True)
class SpeciesIndex:
    """One species of an index; arrays are read-only memory maps, opened when first asked for."""

    folder: Path
    name: str
    sha256: str
    proteins: int
    residues: int

    @cached_property
    def codes(self) -> np.ndarray:
        """(n,) uint16 trigram codes."""
        return np.load(self.folder / CODES, mmap_mode="r")

    @cached_property
    def starts(self) -> np.ndarray:
        """(proteins,) int64 position of each protein's first residue."""
        return np.load(self.folder / STARTS)

    @cached_property
    def names(self) -> list[tuple[str, str]]:
        """(identifier, description) of each protein."""
        lines = (self.folder / PROTEINS).read_text(encoding="utf-8").split("\n")
        return [(parts[0], parts[1]) for line in lines if (parts := [*line.split("\t"), ""])[0]]

    def columns(self, length: int) -> list[np.ndarray]:
        """Views of ``codes`` such that column c at p is the c-th trigram of the k-mer that starts at p."""
        starts = TRIGRAM_STARTS[length]
        n = max(len(self.codes) - starts[-1], 0)
        return [self.codes[start : start + n] for start in starts]

    def kmers(self, length: int) -> int:
        """Number of k-mers of that length without a break."""
        whole = np.logical_and.reduce([column < BROKEN for column in self.columns(length)])
        return int(whole.sum())

    def protein_at(self, position: int) -> tuple[str, str, int]:
        """(identifier, description, 1-based place in the protein) of a position."""
        which = int(np.searchsorted(self.starts, position, side="right")) - 1
        return *self.names[which], int(position - self.starts[which]) + 1

    def stretch(self, position: int, before: int, after: int) -> tuple[str, int]:
        """(letters around a position, place of the position in them), within its protein."""
        which = int(np.searchsorted(self.starts, position, side="right")) - 1
        first = max(int(self.starts[which]), position - before)
        end = int(self.starts[which + 1]) - 1 if which + 1 < len(self.starts) else len(self.codes) - 1
        last = min(end, position + after)
        return _letters(self.codes, first, last), position - first


def _letters(codes: np.ndarray, first: int, last: int) -> str:
    """Residues first..last-1 of a trigram array; a position whose trigram is broken is read from those before it."""
    found = []
    for position in range(first, last):
        residue = BREAK
        for back, divisor in ((0, 400), (1, 20), (2, 1)):
            if position - back >= 0 and codes[position - back] < BROKEN:
                residue = int(codes[position - back]) // divisor % 20
                break
        found.append(residue)
    return decode(np.array(found, np.uint8))


def pack(proteins: Iterable[Protein]) -> tuple[np.ndarray, np.ndarray]:
    """(trigram codes of all proteins with a gap after each, position of each protein's first residue)."""
    pieces, starts, at = [], [], 0
    gap = np.array([BREAK], np.uint8)
    for protein in proteins:
        residues = encode(protein.sequence)
        pieces += [residues, gap]
        starts.append(at)
        at += len(residues) + 1
    return trigram_codes(np.concatenate(pieces)), np.array(starts, np.int64)


def build_index(
    source: Path, target: Path, say: Callable[[str], None] = lambda text: None
) -> tuple[list[SpeciesIndex], list[Problem]]:
    """Index every FASTA of ``source`` into ``target``; species already there and unchanged are kept.

    say: told one line a species.  InputError lists every file that cannot be used; the others are indexed first.
    """
    problems: list[Problem] = []
    faults: list[Problem] = []
    files = fasta_files(source)
    target.mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(files, start=1):
        name = species_name(path)
        folder = target / _folder_name(name)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        kept = _record(folder)
        if kept is not None and kept["sha256"] == digest and kept["layout"] == LAYOUT:
            say(f"{number}/{len(files)} {name}: kept")
            continue
        try:
            proteins, noticed = read_fasta(path)
        except InputError as fault:
            faults += fault.problems
            continue
        if looks_like_dna(proteins):
            found, hint = "this looks like nucleotides", "give translated proteins (.faa)"
            faults.append(error("proteome.nucleotides", found, hint, file=str(path)))
            continue
        problems += noticed
        _write(folder, name, digest, proteins)
        say(f"{number}/{len(files)} {name}: {len(proteins)} proteins")
    if faults:
        raise InputError(faults)
    return open_index(target), problems


def _write(folder: Path, name: str, digest: str, proteins: list[Protein]) -> None:
    codes, starts = pack(proteins)
    if len(codes) > MAX_CODES:
        hint = "split the file into smaller ones"
        raise InputError([error("proteome.too_large", f"'{name}' has {len(codes)} residues", hint)])
    beside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".part-"))
    try:
        np.save(beside / CODES, codes)
        np.save(beside / STARTS, starts)
        lines = (f"{p.identifier}\t{p.description}".replace("\n", " ") for p in proteins)
        (beside / PROTEINS).write_text("\n".join(lines), encoding="utf-8")
        record = {
            "layout": LAYOUT,
            "name": name,
            "sha256": digest,
            "proteins": len(proteins),
            "residues": sum(len(p.sequence) for p in proteins),
        }
        (beside / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")
        beside.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        beside.rename(folder)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def open_index(folder: Path) -> list[SpeciesIndex]:
    """Species of an index, by name.  InputError where there is none, or one is of another layout or damaged."""
    found, problems = [], []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.name.startswith(".part-"):
            continue
        record = _record(path)
        if record is None:
            continue
        if record["layout"] != LAYOUT or not (path / CODES).is_file():
            hint = "delete it and run `hepaxis mimics index` again"
            problems.append(error("mimics.index_species", "of another version, or damaged", hint, file=str(path)))
            continue
        found.append(SpeciesIndex(path, record["name"], record["sha256"], record["proteins"], record["residues"]))
    if not found and not problems:
        hint = "make one with `hepaxis mimics index FASTA_FOLDER INDEX_FOLDER`"
        problems.append(error("mimics.no_index", "no proteome index here", hint, file=str(folder)))
    if problems:
        raise InputError(problems)
    return sorted(found, key=lambda one: one.name)


def in_memory(name: str, proteins: list[Protein]) -> SpeciesIndex:
    """An index of one proteome that is not kept on disk (a human proteome to check against)."""
    codes, starts = pack(proteins)
    digest = hashlib.sha256("".join(p.sequence for p in proteins).encode()).hexdigest()
    made = SpeciesIndex(Path(), name, digest, len(proteins), sum(len(p.sequence) for p in proteins))
    made.__dict__.update(codes=codes, starts=starts, names=[(p.identifier, p.description) for p in proteins])
    return made


def index_hash(species: Iterable[SpeciesIndex]) -> str:
    """SHA-256 over names and FASTA hashes: which proteomes a result is about."""
    digest = hashlib.sha256()
    for one in species:
        digest.update(f"{one.name}\t{one.sha256}\n".encode())
    return digest.hexdigest()


def count_kmers(species: Iterable[SpeciesIndex]) -> dict[int, int]:
    """Number of k-mers of each length, 8-11, over all species."""
    listed = list(species)
    return {length: sum(one.kmers(length) for one in listed) for length in LENGTHS}


def _record(folder: Path) -> dict | None:
    try:
        found = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and {"layout", "name", "sha256"} <= set(found) else None


def _folder_name(name: str) -> str:
    """A safe folder name that two species cannot share."""
    plain = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")[:60]
    return f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
