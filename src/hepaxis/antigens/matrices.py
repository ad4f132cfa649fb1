"""Binding by the SMMPMBEC matrices that the epytope package holds (extra ``mimics``); no matrix is copied here.

Kim 2009 (10.1186/1471-2105-10-394): log10 IC50 in nM is a sum over residues, for class I and 8-11-mers.  A score is
read as a rank: the percentage of natural peptides (drawn from Swiss-Prot residue frequencies, seeded) that bind better.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from hepaxis.antigens.alleles import is_class_two
from hepaxis.antigens.alphabet import AMINO_ACIDS, SIZE, TABLE_SIZE, TRIGRAM_STARTS
from hepaxis.antigens.extra import INSTALL
from hepaxis.problems import InputError, error

HERE = Path(__file__).resolve().parent
PACKAGE = "epytope.Data.pssms.smmpmbec.mat"
NAME = "SMMPMBEC"
NOTICE = (
    "HLA binding: SMMPMBEC matrices (Kim 2009, 10.1186/1471-2105-10-394) as distributed in the epytope package "
    "(BSD-3-Clause); the matrices stem from IEDB, whose terms ask for citation and restrict commercial use."
)
NATURAL, SEED = 100_000, 20090  # peptides of the background that ranks are read from
#: Class II (exploratory): TEPITOPEpan (Zhang 2012, 10.1371/journal.pone.0030483), the nine residues of the core.
CLASS_TWO = "epytope.Data.pssms.tepitopepan.mat"
CLASS_TWO_NAME, CORE = "TEPITOPEpan", 9
CLASS_TWO_NOTICE = (
    "HLA class II is exploratory: TEPITOPEpan matrices (Zhang 2012, 10.1371/journal.pone.0030483) from the epytope "
    "package rank known binders at AUROC 0.63 to 0.77 only, the positions that face the receptor weigh the same, no "
    "probability is given, and these antigens take no part in the claim."
)
FORBIDDEN = -999.0  # TEPITOPEpan's score of a residue that no pocket takes
FAR = np.float32(1e9)  # of a trigram with a break: never below a limit
_FILE_TWO = re.compile(r"^(DRB\d)_(\d{2})(\d{2,3})_9\.py$")
_FILE = re.compile(r"^([ABCE])_(\d+)_(\d+)_(\d+)\.py$")


@cache
def _files() -> dict[str, tuple[int, ...]]:
    found: dict[str, list[int]] = {}
    for name in _modules(PACKAGE):
        if match := _FILE.match(name):
            found.setdefault(f"HLA-{match[1]}*{match[2]}:{match[3]}", []).append(int(match[4]))
    for name in _modules(CLASS_TWO):
        if match := _FILE_TWO.match(name):
            found[f"HLA-{match[1]}*{match[2]}:{match[3]}"] = [CORE]
    return {allele: tuple(sorted(lengths)) for allele, lengths in found.items()}


def _modules(package: str) -> list[str]:
    """File names of a package's modules; [] where it is not installed."""
    try:
        spec = find_spec(package)
    except ImportError:
        spec = None
    if spec is None or not spec.submodule_search_locations:
        return []
    return sorted(path.name for path in Path(next(iter(spec.submodule_search_locations))).glob("*.py"))


def available() -> bool:
    """Whether the epytope package is installed."""
    return bool(_files())


def need_matrices() -> None:
    """InputError naming the extra where epytope is not installed."""
    if not available():
        hint = f"install the extra ({INSTALL}), or import predictions with `--binding`, or leave out `--hla`"
        raise InputError([error("mimics.no_epytope", "HLA matrices need the epytope package", hint)])


def supported() -> dict[str, tuple[int, ...]]:
    """Allele -> lengths with a matrix."""
    return dict(_files())


@cache
def matrix(allele: str, length: int) -> np.ndarray:
    """(length, 20) contributions to log10 IC50 (nM), the constant spread over positions.  KeyError if there is none.

    Of a class II molecule: TEPITOPEpan's scores of the core with their sign turned, so that less binds better, too.
    """
    if length not in _files().get(allele, ()):
        raise KeyError(f"no {NAME} matrix of {allele} for {length}-mers")
    if is_class_two(allele):
        name = f"{allele.removeprefix('HLA-').replace('*', '_').replace(':', '')}_{length}"
        held = getattr(import_module(f"{CLASS_TWO}.{name}"), name)
        return -np.array([[held[i].get(letter, FORBIDDEN) for letter in AMINO_ACIDS] for i in range(length)])
    name = f"{allele.removeprefix('HLA-').replace('*', '_').replace(':', '_')}_{length}"
    held = getattr(import_module(f"{PACKAGE}.{name}"), name)
    values = np.array([[held[i][letter] for letter in AMINO_ACIDS] for i in range(length)])
    constant = float(held[-1]["con"])
    return values + constant / length


def log_affinity(allele: str, residues: np.ndarray) -> np.ndarray:
    """(n,) log10 IC50 (nM) of (n, length) residue codes."""
    values = matrix(allele, residues.shape[1])
    return np.asarray(values[np.arange(residues.shape[1]), residues].sum(axis=1))


@cache
def frequencies() -> np.ndarray:
    """(20,) residue frequencies of Swiss-Prot (UniProt release statistics), sum 1."""
    with (HERE / "residues.csv").open(newline="", encoding="utf-8") as handle:
        rows = {row["residue"]: float(row["frequency"]) for row in csv.DictReader(handle)}
    values = np.array([rows[letter] for letter in AMINO_ACIDS])
    return values / values.sum()


@cache
def _background(allele: str, length: int) -> np.ndarray:
    rng = np.random.default_rng(SEED + length)
    return np.sort(log_affinity(allele, rng.choice(SIZE, (NATURAL, length), p=frequencies())))


def rank(allele: str, residues: np.ndarray) -> np.ndarray:
    """(n,) percentage of natural peptides of that length that bind better; below 1e-3 is not told apart."""
    place = np.searchsorted(_background(allele, residues.shape[1]), log_affinity(allele, residues))
    return np.maximum(100.0 * place / NATURAL, 100.0 / NATURAL)


def binder_tables(allele: str, length: int, percent: float) -> tuple[np.ndarray, float]:
    """((3 or 4, 8192) float32 trigram tables, limit): a k-mer is a binder when its sum is <= limit."""
    values = matrix(allele, length)
    starts = TRIGRAM_STARTS[length]
    tables = np.full((len(starts), TABLE_SIZE), FAR, np.float32)
    counted = 0
    for row, start in enumerate(starts):
        parts = [values[start + k] if start + k >= counted else np.zeros(SIZE) for k in range(3)]
        counted = start + 3
        total = parts[0][:, None, None] + parts[1][None, :, None] + parts[2][None, None, :]
        tables[row, : SIZE**3] = total.ravel()
    return tables, float(np.quantile(_background(allele, length), percent / 100.0))
