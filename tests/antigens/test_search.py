"""The search misses nothing: it agrees with a plain one on any input, and does not depend on threads or blocks."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("numba", reason="numba (extra mimics) is not installed")

from hepaxis.antigens import search as searching
from hepaxis.antigens.alphabet import AMINO_ACIDS, LENGTHS, TRIGRAM_STARTS
from hepaxis.antigens.index import pack
from hepaxis.antigens.proteomes import Protein
from hepaxis.antigens.search import search
from hepaxis.antigens.similarity import STEPS, face, trigram_tables

spec = importlib.util.spec_from_file_location("slow_search", Path(__file__).with_name("slow_search.py"))
slow = importlib.util.module_from_spec(spec)
spec.loader.exec_module(slow)

residues = st.text(alphabet=AMINO_ACIDS, min_size=0, max_size=40)
noisy = st.text(alphabet=AMINO_ACIDS + "XBU*", min_size=0, max_size=40)


def columns_of(sequences: list[str], length: int) -> tuple[list[np.ndarray], np.ndarray]:
    codes, starts = pack(Protein(f"p{i}", "", one) for i, one in enumerate(sequences))
    at = TRIGRAM_STARTS[length]
    n = max(len(codes) - at[-1], 0)
    return [codes[s : s + n] for s in at], starts


def fast(sequences: list[str], peptides: list[str], allele: str, cutoff: float, workers: int = 1) -> list[list]:
    columns, starts = columns_of(sequences, len(peptides[0]))
    found = search([columns], [face(one, allele) for one in peptides], [cutoff] * len(peptides), workers=workers)
    which = np.searchsorted(starts, found.position, side="right") - 1
    rows = zip(found.query, found.distance, which, found.position - starts[which], strict=True)
    listed: list[list] = [[] for _ in peptides]
    for query, distance, protein, start in rows:
        listed[query].append((float(distance), int(protein), int(start)))
    return listed


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_search_agrees_with_the_plain_one_to_the_last_bit(data):
    length = data.draw(st.sampled_from(LENGTHS))
    peptides = data.draw(st.lists(st.text(AMINO_ACIDS, min_size=length, max_size=length), min_size=1, max_size=5))
    sequences = data.draw(st.lists(noisy, min_size=1, max_size=5))
    sequences += [data.draw(residues) + peptides[0] + data.draw(residues)]
    allele = data.draw(st.sampled_from(["HLA-A*02:01", "H2-Kb", "HLA-B*08:01", "H2-Db"]))
    cutoff = data.draw(st.floats(0.5, 40.0))
    got = fast(sequences, peptides, allele, cutoff)
    for peptide, rows in zip(peptides, got, strict=True):
        assert rows == slow.slow_search(sequences, peptide, allele, cutoff)


def test_more_than_a_batch_of_queries_and_more_than_a_block_of_kmers(monkeypatch):
    monkeypatch.setattr(searching, "BLOCK", 64)
    rng = np.random.default_rng(1)
    letters = np.array(list(AMINO_ACIDS))
    sequences = ["".join(rng.choice(letters, 90)) for _ in range(12)]
    peptides = ["".join(rng.choice(letters, 9)) for _ in range(70)]
    one, two = (fast(sequences, peptides, "HLA-A*02:01", 22.0, workers) for workers in (1, 3))
    assert one == two
    assert one == [slow.slow_search(sequences, peptide, "HLA-A*02:01", 22.0) for peptide in peptides]
    assert sum(map(len, one)) > 1000


def test_a_distance_equal_to_the_cutoff_is_kept():
    query, other = "FMNKFIYEI", "FMNKLIYEV"
    distance = face(query, "HLA-A*02:01").distance(np.array([[AMINO_ACIDS.index(a) for a in other]], np.uint8))[0]
    assert fast([other], [query], "HLA-A*02:01", float(distance)) == [[(float(distance), 0, 0)]]
    assert fast([other], [query], "HLA-A*02:01", float(distance) * (1 - 1e-6)) == [[]]


def test_rounded_tables_never_exceed_the_exact_distance():
    rng = np.random.default_rng(2)
    for length in LENGTHS:
        starts = TRIGRAM_STARTS[length]
        one = face("".join(rng.choice(list(AMINO_ACIDS), length)), "HLA-A*02:01")
        others = rng.integers(0, 20, (500, length)).astype(np.uint8)
        exact = one.distance(others)
        cutoff = float(np.quantile(exact, 0.7))
        tables = trigram_tables([one], [cutoff])[..., 0].astype(int)
        codes = [(others[:, s].astype(int) * 20 + others[:, s + 1]) * 20 + others[:, s + 2] for s in starts]
        total = sum(table[code] for table, code in zip(tables, codes, strict=True))
        assert (total[exact <= cutoff] <= STEPS[len(starts)]).all()
        assert tables.max() * len(starts) <= 255


def test_peptides_of_different_length_are_refused():
    with pytest.raises(ValueError, match="different length"):
        search([], [face("FMNKFIYEI", "HLA-A*02:01"), face("FLPSDFFPSV", "HLA-A*02:01")], [5.0, 5.0])


def test_empty_proteomes_give_nothing():
    assert fast(["", "ACD"], ["FMNKFIYEI"], "HLA-A*02:01", 30.0) == [[]]
