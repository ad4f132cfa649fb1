"""What the distance must and need not see: published pairs, positions of AFP158, and misses that are stated."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from hepaxis.antigens.alphabet import LENGTHS, encode
from hepaxis.antigens.similarity import anchors, face, position_classes, position_weights, substitution

#: Rows of facts/mimicry_known.csv whose similarity was found again with the receptor's help: strong pairs.
STRONG = ("1", "2", "3", "4", "5", "6", "14", "21", "40")
#: Real cross-reactivity that no similarity shows: LC13 (EEYLQAFTY/FLRGRAYGL), M1/BMLF1, DMF5, HuD, pBM1.
EXPECTED_MISSES = ("35", "41", "30", "33", "45")
TOP, FAR = 1e-4, 1e-3
SAMPLE = 1_000_000  # k-mers of the background


@pytest.fixture(scope="module")
def pairs(shared):
    with shared("facts/mimicry_known.csv").open(newline="", encoding="utf-8") as handle:
        return {row["id"]: row for row in csv.DictReader(handle)}


@pytest.fixture(scope="module")
def background(bacteria):
    found = {}
    codes = np.concatenate([_letters(one) for one in bacteria])
    codes = codes[codes < 20]  # k-mers across two proteins are as good a background
    for length in (8, 9, 10):
        windows = np.lib.stride_tricks.sliding_window_view(codes, length)
        found[length] = windows[:: len(windows) // SAMPLE][:SAMPLE]
    return found


def _letters(species):
    """Residues of a species: the first of each trigram (its last two residues are lost, which a null can spare)."""
    codes = np.asarray(species.codes).astype(int)
    return np.where(codes < 8000, codes // 400, 20).astype(np.uint8)


def tail(row, background):
    host, other = row["host_peptide"], row["microbial_peptide"]
    one = face(host, row["mhc"].split(" vs ")[0].replace("H-2-", "H2-"))
    distance = one.distance(encode(other)[None])[0]
    return float((one.distance(background[len(host)]) <= distance).mean())


@pytest.mark.parametrize("number", STRONG)
def test_strong_published_pairs_rank_in_the_top_of_bacterial_peptides(pairs, background, number):
    assert tail(pairs[number], background) <= TOP


@pytest.mark.parametrize("number", EXPECTED_MISSES)
def test_dissimilar_pairs_are_expected_misses(pairs, background, number):
    assert tail(pairs[number], background) > FAR


def test_titin_is_among_the_closest_to_mage_a3(pairs, background):
    titin = next(row for row in pairs.values() if row["microbial_peptide"] == "ESDPIVAQY")
    assert tail(titin, background) <= TOP


def test_afp158_keeps_the_order_of_positions_that_its_clones_show():
    """Three clones: nothing tolerated at P4 and P5, 11% at P3 and P8, most at P6 and P1."""
    p = dict(zip(range(1, 10), position_weights("HLA-A*02:01", 9, "FMNKFIYEI"), strict=True))
    assert min(p[4], p[5]) > max(p[3], p[8]) > max(p[1], p[6])
    assert p[2] == p[9] == 0.0


def test_distance_is_symmetric_and_zero_only_between_equal_residues():
    matrix = substitution()
    assert np.array_equal(matrix, matrix.T)
    assert (np.diag(matrix) == 0).all()
    assert (matrix[~np.eye(20, dtype=bool)] > 0).all()


@pytest.mark.parametrize("length", LENGTHS)
def test_anchors_weigh_nothing_and_every_other_position_something(length):
    weights = position_weights("HLA-A*11:01", length)
    assert np.flatnonzero(weights == 0).tolist() == [1, length - 1] == list(anchors("HLA-A*11:01", length))
    assert len(position_classes(length)) == length


def test_other_molecules_hold_other_anchors():
    assert anchors("H2-Kb", 8) == (4, 7)
    assert anchors("HLA-B*08:01", 9) == (4, 8)


def test_a_letter_that_is_no_amino_acid_is_refused():
    with pytest.raises(ValueError, match="not one of the twenty"):
        face("FMNKXIYEI", "HLA-A*02:01")
    with pytest.raises(ValueError, match="12 residues"):
        face("FMNKFIYEIFMN", "HLA-A*02:01")
