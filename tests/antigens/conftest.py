"""Small made-up proteomes and the real one of ../shared, for the tests of mimics."""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hepaxis.antigens.alphabet import decode
from hepaxis.antigens.index import SpeciesIndex, in_memory
from hepaxis.antigens.matrices import frequencies
from hepaxis.antigens.proteomes import Protein

NOT_BACTERIA = ("iCHO", "iMM1415", "iAM_", "iMM904", "iIS312", "iLB1027", "iAT_PLT")  # animals, protists, yeast


def random_sequence(rng: np.random.Generator, length: int) -> str:
    return decode(rng.choice(20, length, p=frequencies()).astype(np.uint8))


@pytest.fixture
def made_species() -> Callable[..., SpeciesIndex]:
    """``made_species("Name", seed, proteins, length, planted)`` -> an index in memory of random proteins."""

    def make(
        name: str, seed: int, proteins: int = 40, length: int = 200, planted: tuple[str, ...] = ()
    ) -> SpeciesIndex:
        rng = np.random.default_rng(seed)
        made = [Protein(f"p{i}", "made up", random_sequence(rng, length)) for i in range(proteins)]
        made += [
            Protein(f"planted{i}", "", random_sequence(rng, 30) + peptide + random_sequence(rng, 30))
            for i, peptide in enumerate(planted)
        ]
        return in_memory(name, made)

    return make


@pytest.fixture
def fasta_folder(tmp_path: Path) -> Path:
    """Two species as FASTA, one of them gzip."""
    rng = np.random.default_rng(3)
    folder = tmp_path / "proteomes"
    folder.mkdir()
    for name in ("Escherichia_coli", "Bacteroides_uniformis"):
        text = "".join(f">{name}_{i} protein {i}\n{random_sequence(rng, 120)}\n" for i in range(20))
        (folder / f"{name}.faa").write_text(text, encoding="ascii")
    packed = folder / "Akkermansia_muciniphila.faa.gz"
    packed.write_bytes(gzip.compress(f">one\n{random_sequence(rng, 300)}\n".encode()))
    return folder


@pytest.fixture(scope="session")
def bacteria(shared: Callable[[str], Path]) -> list[SpeciesIndex]:
    """The real bacterial proteins of ../shared, one index a genome-scale model."""
    path = shared("data/bacterial_proteome/bigg_proteins.faa.gz")
    held: dict[str, list[Protein]] = defaultdict(list)
    text = gzip.decompress(path.read_bytes()).decode("ascii")
    for record in text.split(">")[1:]:
        header, _, body = record.partition("\n")
        model, _, name = header.partition(".")
        if not model.startswith(NOT_BACTERIA):
            held[model].append(Protein(name.strip() or model, "", body.replace("\n", "")))
    return [in_memory(name, proteins) for name, proteins in sorted(held.items())]
