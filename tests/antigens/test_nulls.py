"""Both nulls say how many hits chance gives: by enumeration, and uniform on shuffled proteomes."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import numpy as np
import pytest
from scipy.stats import kstest

pytest.importorskip("numba", reason="numba (extra mimics) is not installed")

from hepaxis.antigens.alphabet import SIZE, decode, encode
from hepaxis.antigens.antigen_list import shipped
from hepaxis.antigens.index import in_memory
from hepaxis.antigens.matrices import frequencies
from hepaxis.antigens.null_model import GRID, Chain, chain, reach_for, tail
from hepaxis.antigens.permutation import p_value, permuted
from hepaxis.antigens.pool import make_pool
from hepaxis.antigens.proteomes import Protein
from hepaxis.antigens.search import search
from hepaxis.antigens.similarity import Face, face


def test_the_tail_is_what_enumeration_gives():
    rng = np.random.default_rng(1)
    few = [0, 3, 7, 11]  # a chain over four residues, so that all peptides can be listed
    first = np.zeros(SIZE)
    first[few] = rng.dirichlet(np.ones(4))
    steps = np.zeros((3, SIZE, SIZE))
    for i, a in product(range(3), range(SIZE)):
        steps[i, a, few] = rng.dirichlet(np.ones(4))
    costs = rng.integers(0, 60, (4, SIZE)) * 0.1
    one = Face(np.zeros(4, np.uint8), np.ones(4), costs)
    found = tail(Chain(first, steps), one, GRID * 0.1)
    for distance in (1.0, 4.0, 9.0):
        expected = 0.0
        for kmer in product(few, repeat=4):
            if costs[range(4), kmer].sum() <= distance + 1e-9:
                expected += first[kmer[0]] * np.prod([steps[i, kmer[i], kmer[i + 1]] for i in range(3)])
        assert found.at(distance) == pytest.approx(expected, rel=1e-9)


def random_proteome(seed: int, residues: int = 60_000):
    """Random proteins by a Markov chain with preferences between neighbours, as real ones have."""
    rng = np.random.default_rng([7, seed])
    table = frequencies() * rng.lognormal(0.0, 0.25, (SIZE, SIZE))
    cumulative = np.cumsum(table / table.sum(axis=1, keepdims=True), axis=1)
    draws, letters, last = rng.random(residues), np.empty(residues, np.uint8), 0
    for i in range(residues):
        last = min(int(np.searchsorted(cumulative[last], draws[i])), SIZE - 1)
        letters[i] = last
    return in_memory("made up", [Protein("all", "", decode(letters))])


PEPTIDES = tuple(one.peptide for one in shipped() if len(one.peptide) == 9)
QUERIES = ("FMNKFIYEI", "RMFPNAPYL", "SLLMWITQC", "GLSRYVARL", "FLLTRILTI", "HLSLRGLPV", "TIHDSIQYV", "PLFQVPEPV")


def p_of_best(pool, peptides: Iterable[str], rng: np.random.Generator) -> list[float]:
    """1 - exp(-E) of the closest hit of each peptide; the grid's ties, and finding nothing, are broken by a draw."""
    null, expected, found = chain(pool), 6.0, []
    for peptide in peptides:
        one = face(peptide, "HLA-A*02:01")
        cutoff, its = reach_for(null, one, pool.size, expected, 40.0)
        hits = search(pool.columns, [one], [cutoff])
        if not len(hits):
            found.append(rng.uniform(1 - np.exp(-expected), 1.0))
            continue
        top, step = hits.distance.min(), cutoff / GRID
        low, high = (pool.size * float(its.at(max(d, 0.0))) for d in (top - 1.01 * step, top))
        found.append(rng.uniform(1 - np.exp(-low), 1 - np.exp(-high)))
    return found


@pytest.mark.parametrize("allele", [None, "HLA-A*02:01"])
def test_e_values_are_uniform_on_random_proteomes(allele):
    if allele:
        pytest.importorskip("epytope", reason="epytope (extra mimics) is not installed")
    rng, found = np.random.default_rng(5), []
    for seed in range(30):
        found += p_of_best(make_pool([random_proteome(seed)], 9, allele, 2.0), QUERIES, rng)
    assert len(found) == 240
    assert kstest(found, "uniform").pvalue > 0.01
    assert 0.02 < np.mean(np.array(found) < 0.05) < 0.09


def test_e_values_are_uniform_on_shuffled_real_proteomes(bacteria):
    """Each protein of a bacterium shuffled: composition of real proteins, no relatives."""
    pytest.importorskip("epytope", reason="epytope (extra mimics) is not installed")
    rng, found = np.random.default_rng(6), []
    for name in ("iML1515", "iYO844", "iHN637", "iAF987", "iJN1463", "iEK1008"):
        one = next(species for species in bacteria if species.name == name)
        ends = [*one.starts[1:].tolist(), len(one.codes)]
        made = []
        for start, end in zip(one.starts.tolist(), ends, strict=True):
            letters = list(one.stretch(start, 0, end - start - 1)[0])
            rng.shuffle(letters)
            made.append(Protein(str(start), "", "".join(letters)))
        found += p_of_best(make_pool([in_memory(name, made)], 9, "HLA-A*02:01", 2.0), PEPTIDES, rng)
    assert kstest(found, "uniform").pvalue > 0.01
    assert np.mean(np.array(found) < 0.05) < 0.10


def test_the_number_of_hits_is_what_the_chain_expects_on_real_bacteria(bacteria):
    """Within the published excess for homology-free antigens: viral and tumour epitopes against bacteria."""
    pytest.importorskip("epytope", reason="epytope (extra mimics) is not installed")
    chosen = [one for one in bacteria if one.name in ("iML1515", "iYO844", "iHN637", "iAF987", "iJN1463")]
    pool = make_pool(chosen, 9, "HLA-A*02:01", 2.0)
    null = chain(pool)
    faces = [face(one, "HLA-A*02:01") for one in QUERIES]
    reach = [reach_for(null, one, pool.size, 20.0, 40.0)[0] for one in faces]
    hits = len(search(pool.columns, faces, reach))
    assert hits / (20.0 * len(faces)) == pytest.approx(1.0, abs=0.35)


def test_permuted_antigens_keep_anchors_and_composition_and_depend_on_seed_and_name_alone():
    one = face("FMNKFIYEI", "HLA-A*02:01")
    made = permuted(one, 50, 1, "afp")
    assert [decode(x.residues) for x in made] == [decode(x.residues) for x in permuted(one, 50, 1, "afp")]
    assert [decode(x.residues) for x in made] != [decode(x.residues) for x in permuted(one, 50, 1, "other")]
    for x in made:
        text = decode(x.residues)
        assert text != "FMNKFIYEI"
        assert (text[1], text[8]) == ("M", "I")
        assert sorted(text) == sorted("FMNKFIYEI")
        assert np.array_equal(x.weights, one.weights)


def test_an_antigen_with_one_face_only_has_no_permutations():
    assert permuted(face("ALAAAAAAL", "HLA-A*02:01"), 10, 1, "a") == []


def test_a_p_value_is_never_zero():
    assert p_value(5.0, np.zeros(99)) == 0.01
    assert p_value(0.0, np.zeros(99)) == 1.0


def test_binders_are_those_the_matrix_ranks_within_the_limit(bacteria):
    pytest.importorskip("epytope", reason="epytope (extra mimics) is not installed")
    from hepaxis.antigens.matrices import log_affinity, rank
    from hepaxis.antigens.search import kmers_at

    one = bacteria[0]
    for length in (8, 9, 10, 11):
        pool = make_pool([one], length, "HLA-A*02:01", 2.0)
        whole = make_pool([one], length)
        at = np.flatnonzero(np.logical_and.reduce([c < 8000 for c in whole.columns[0]]))[:200_000]
        ranks = rank("HLA-A*02:01", kmers_at(whole.columns[0], at, length))
        inside = pool.positions[0][pool.positions[0] <= at[-1]]
        clear = set(at[ranks < 1.99]), set(at[ranks > 2.01])
        assert clear[0] <= set(inside.tolist())
        assert not clear[1] & set(inside.tolist())
    known = {"FMNKFIYEI": 3.8, "FLPSDFFPSV": 13, "GILGFVFTL": 46, "NLVPMVATV": 63, "SLLMWITQC": 309}
    for peptide, affinity in known.items():
        assert 10 ** log_affinity("HLA-A*02:01", encode(peptide)[None])[0] == pytest.approx(affinity, rel=0.03)
