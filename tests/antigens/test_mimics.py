"""From antigens and a gut to candidates: a planted mimic is found, chance is called chance, and warnings are raised."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest

pytest.importorskip("numba", reason="numba (extra mimics) is not installed")
pytest.importorskip("epytope", reason="epytope (extra mimics) is not installed")

from hepaxis.antigens import Antigen, Settings, find_mimics, mimics, shipped
from hepaxis.antigens.alphabet import decode, encode
from hepaxis.antigens.controls import flank_identity, where_in
from hepaxis.antigens.gut import of_profile, read_exposure, whole_index
from hepaxis.antigens.matrices import frequencies, rank
from hepaxis.antigens.mimics import benjamini_hochberg
from hepaxis.antigens.prediction_tables import ImportedRanks
from hepaxis.antigens.table import COLUMNS, candidate_table
from hepaxis.problems import InputError
from hepaxis.profile.record import RANKS, Profile

A2 = ("HLA-A*02:01",)
MIMIC = "YMNKFIYEV"  # AFP158 with another first residue and anchor
AFP = tuple(one for one in shipped() if one.identifier == "afp_158")
QUICK = Settings(permutations=200)


@pytest.fixture(scope="module")
def epitopes() -> tuple[Antigen, ...]:
    return tuple(one for one in shipped() if one.hla == A2)[:8]


def test_a_planted_mimic_is_found_first_and_is_surprising(made_species):
    gut = whole_index([made_species("Plain", 1), made_species("Carrier", 2, planted=(MIMIC,))])
    result = find_mimics(AFP, gut, A2, settings=QUICK)
    first = result["candidates"][0]
    assert (first["candidate"], first["species"], first["protein"], first["start"]) == (
        MIMIC,
        "Carrier",
        "planted0",
        31,
    )
    assert first["facing_mismatches"] == 1
    assert first["e_markov"] < 1e-3
    assert first["e_value"] == pytest.approx(1 / 200)  # what 200 permutations can show
    assert first["q"] < 0.05
    assert result["claim"]["permuted"]["p"] == pytest.approx(1 / 201)
    assert result["claim"]["p"] < 0.02
    assert "not evidence of cross-reactivity" in result["statement"]


def test_without_a_mimic_nothing_is_claimed(made_species, epitopes):
    gut = whole_index([made_species("Plain", seed, proteins=60) for seed in (11, 12)])
    result = find_mimics(epitopes, gut, A2, settings=QUICK)
    assert all(one["q"] is None or one["q"] > 0.05 for one in result["candidates"])
    assert 0.02 < result["claim"]["p"] <= 1.0


def random_antigens(seed: int, count: int, binders: bool) -> list[Antigen]:
    rng, made = np.random.default_rng([seed, 9]), []
    while len(made) < count:
        residues = rng.choice(20, 9, p=frequencies()).astype(np.uint8)
        if not binders or rank("HLA-A*02:01", residues[None])[0] <= 2.0:
            made.append(Antigen(f"r{len(made)}", "random", decode(residues), "peptide"))
    return made


@pytest.mark.parametrize(("name", "hla"), [("permuted", None), ("decoys", A2)])
def test_nulls_of_the_claim_are_uniform_where_antigens_and_gut_are_random(made_species, name, hla):
    found, jitter = [], np.random.default_rng(1)
    for i in range(40):
        gut = whole_index([made_species("s", 100 + i, proteins=12)])
        claim = find_mimics(random_antigens(i, 2, hla is not None), gut, hla, settings=Settings(permutations=60))[
            "claim"
        ]
        assert claim["p"] == max(claim[one]["p"] for one in ("permuted", "decoys") if claim[one])
        found.append(claim[name]["p"])
    assert kstest(np.array(found) - jitter.random(40) / 61, "uniform").pvalue > 0.01


def test_natural_peptides_that_are_no_antigen_do_not_beat_decoys_though_they_beat_permutations(bacteria):
    """Reversed peptides of other proteins: no homology, yet more neighbours than permutations have."""
    names = ("iML1515", "iYO844", "iHN637", "iJN1463")
    chosen, others = ([one for one in bacteria if (one.name in names) is which] for which in (True, False))
    made, rng = [], np.random.default_rng(4)
    while len(made) < 150:
        other = others[rng.integers(len(others))]
        peptide = other.stretch(int(rng.integers(len(other.codes) - 20)), 0, 9)[0][::-1]
        if len(peptide) == 9 and "X" not in peptide and rank("HLA-A*02:01", encode(peptide)[None])[0] <= 2:
            made.append(Antigen(f"r{len(made)}", "reversed", peptide, "peptide"))
    rows = find_mimics(made, whole_index(chosen), A2, settings=Settings(permutations=200))["targets"]
    beside_decoys = np.array([row["p_best_decoys"] for row in rows])
    beside_permuted = np.array([row["p_best_permuted"] or 1.0 for row in rows])
    assert beside_decoys.mean() == pytest.approx(0.5, abs=0.08)
    assert (beside_decoys < 0.05).mean() < 0.10
    assert beside_permuted.mean() < beside_decoys.mean() - 0.05


def test_the_result_is_the_same_for_any_number_of_threads(made_species, epitopes):
    gut = whole_index([made_species("a", 1), made_species("b", 2, planted=(MIMIC,))])
    texts = [
        json.dumps(find_mimics(epitopes, gut, A2, settings=Settings(permutations=50, workers=n)), sort_keys=True)
        for n in (1, 3)
    ]
    assert texts[0] == texts[1]


def test_a_stopped_run_goes_on_where_it_was(made_species, tmp_path, monkeypatch):
    antigens = [AFP[0], *(one for one in shipped() if one.identifier in ("hbv_core_18", "hbv_env_348"))]
    gut = whole_index([made_species("a", 1)])
    whole = find_mimics(antigens, gut, A2, settings=QUICK)
    real, calls = mimics.find_group, []

    def stop(*args, **kwargs):
        if calls:
            raise KeyboardInterrupt
        calls.append(1)
        return real(*args, **kwargs)

    monkeypatch.setattr(mimics, "find_group", stop)
    with pytest.raises(KeyboardInterrupt):
        find_mimics(antigens, gut, A2, settings=QUICK, keep=tmp_path)
    calls.clear()
    monkeypatch.setattr(mimics, "find_group", lambda *a, **k: calls.append(1) or real(*a, **k))
    assert json.dumps(find_mimics(antigens, gut, A2, settings=QUICK, keep=tmp_path)) == json.dumps(whole)
    assert len(calls) == 1  # one of two groups was kept
    find_mimics(antigens, gut, A2, settings=Settings(permutations=10), keep=tmp_path)
    assert len(calls) == 3  # other settings keep nothing


def test_titin_is_flagged_for_mage_a3_with_and_without_a_human_proteome(made_species):
    mage = [one for one in shipped() if one.identifier == "magea3_168"]
    gut = whole_index([made_species("a", 1)])
    plain = find_mimics(mage, gut, ["HLA-A*01:01"], settings=QUICK)["targets"][0]
    assert "ESDPIVAQY" in [one["human_peptide"] for one in plain["published_off_targets"]]
    assert plain["human"] == []
    human = made_species("human", 5, proteins=400, length=400, planted=("ESDPIVAQY",))
    row = find_mimics(mage, gut, ["HLA-A*01:01"], human=human, settings=QUICK)["targets"][0]
    assert row["human"][0]["peptide"] == "ESDPIVAQY"
    assert row["human"][0]["expected"] < 0.5


def test_a_hit_that_human_proteins_match_as_well_says_so(made_species):
    gut = whole_index([made_species("a", 1, planted=(MIMIC,))])
    human = made_species("human", 5, planted=("HMNKFIYEL", "FMNKFIYEI"))
    first = find_mimics(AFP, gut, A2, human=human, settings=QUICK)["candidates"][0]
    assert first["candidate"] == MIMIC
    assert first["in_human"] is False
    assert first["human_as_close"] in (None, "HMNKFIYEL")
    same = find_mimics(AFP, gut, A2, human=made_species("h", 6, planted=(MIMIC,)), settings=QUICK)["candidates"][0]
    assert (same["in_human"], same["human_as_close"]) == (True, MIMIC)


def test_homology_is_seen_in_the_flanks(made_species):
    left, right = "MKTAYIAKQRQISFV", "KSHFSRQLEERLGLI"
    gut = whole_index([made_species("a", 1, planted=(left + MIMIC + right,))])
    human = made_species("human", 5, planted=(left + "FMNKFIYEI" + right,))
    first = find_mimics(AFP, gut, A2, human=human, settings=QUICK)["candidates"][0]
    assert first["flank_identity"] == 1.0
    other = made_species("human", 7, planted=("FMNKFIYEI",))
    assert find_mimics(AFP, gut, A2, human=other, settings=QUICK)["candidates"][0]["flank_identity"] < 0.4
    assert flank_identity(("AAAFMN", 3), ("AAAFMN", 3), 3) is None  # too little to judge


def test_a_peptide_is_found_in_a_proteome_wherever_it_starts(made_species):
    one = made_species("a", 1, planted=("FMNKFIYEI",))
    assert one.stretch(where_in(one, "FMNKFIYEI"), 0, 9)[0] == "FMNKFIYEI"
    assert where_in(one, "WWWWWWWWW") is None


def test_without_hla_presentation_is_not_considered_and_that_is_said(made_species):
    gut = whole_index([made_species("a", 1, planted=(MIMIC,))])
    result = find_mimics(AFP, gut, None, settings=QUICK)
    assert result["targets"][0]["searched"] == gut.species[0].kmers(9)
    assert result["candidates"][0]["candidate"] == MIMIC
    assert any("presentation was not considered" in note for note in result["notes"])


def test_a_molecule_without_a_matrix_is_searched_with_imported_ranks(made_species):
    allele = "HLA-A*02:07"
    ranks = ImportedRanks("table", {(allele, "FMNKFIYEI"): 0.3, (allele, MIMIC): 0.7})
    gut = whole_index([made_species("a", 1, planted=(MIMIC,))])
    result = find_mimics(AFP, gut, [allele], settings=QUICK, others=[ranks])
    first = result["candidates"][0]
    assert (first["allele"], first["rank"], first["candidate"], first["candidate_rank"]) == (allele, 0.3, MIMIC, 0.7)
    assert any("no matrix of HLA-A*02:07" in note for note in result["notes"])


def test_nothing_to_search_is_an_error_that_says_why(made_species):
    gut = whole_index([made_species("a", 1)])
    with pytest.raises(InputError, match="no antigen is bound"):
        find_mimics([Antigen("x", "x", "GGGGGGGGG", "peptide")], gut, A2, settings=QUICK)


def test_long_peptides_stand_for_their_binding_pieces(made_species):
    gut = whole_index([made_species("a", 1)])
    one = Antigen("long", "AFP", "KKFMNKFIYEIKK", "peptide")
    rows = find_mimics([one], gut, A2, settings=Settings(permutations=5))["targets"]
    assert "FMNKFIYEI" in [row["peptide"] for row in rows]
    assert all(row["rank"] <= 2.0 for row in rows)


def profile_of(shares: dict[str, float]) -> Profile:
    taxa = [name.replace(" ", "_") for name in shares]
    lineages = pd.DataFrame("", index=taxa, columns=list(RANKS))
    lineages["species"] = taxa
    empty = pd.Series([np.nan], index=["S"])
    abundance = pd.DataFrame([list(shares.values())], index=["S"], columns=taxa)
    return Profile(abundance, lineages, empty, empty, "plain", "plain", "", "species", (), ())


def test_only_species_of_the_sample_are_searched_and_weigh_by_share_and_exposure(made_species):
    index = [
        made_species(name, i) for i, name in enumerate(("Escherichia coli", "Bacteroides uniformis", "Absent one"))
    ]
    profile = profile_of({"Escherichia coli": 0.2, "Bacteroides uniformis": 0.6, "Unknown species": 0.2})
    gut = of_profile(profile, None, index)
    assert [one.name for one in gut.species] == ["Escherichia coli", "Bacteroides uniformis"]
    assert gut.weight == pytest.approx([0.25, 0.75])
    assert gut.covered == pytest.approx(0.8)
    assert "Unknown_species" in gut.problems[0].hint
    exposed = of_profile(profile, None, index, {"escherichia_coli": 1.0, "Escherichia coli": 9.0})
    assert exposed.weight == pytest.approx([0.75, 0.25])
    with pytest.raises(InputError, match="no species of the sample"):
        of_profile(profile_of({"Other one": 1.0}), None, index)
    with pytest.raises(InputError, match="no sample"):
        of_profile(profile, "X", index)


def test_a_species_weighs_in_the_strength_as_it_does_in_the_gut(made_species):
    index = [made_species("Escherichia coli", 1, planted=(MIMIC,)), made_species("Bacteroides uniformis", 2)]
    strengths = []
    for share in (0.1, 0.8):
        gut = of_profile(profile_of({"Escherichia coli": share, "Bacteroides uniformis": 1 - share}), None, index)
        strengths.append(find_mimics(AFP, gut, A2, settings=Settings(permutations=5))["claim"]["permuted"]["observed"])
    assert strengths[1] / strengths[0] == pytest.approx(8.0, rel=0.1)


def test_exposure_faults_are_listed(tmp_path):
    path = tmp_path / "exposure.tsv"
    path.write_text("species\texposure\nE coli\t2\nB\t-1\nC\tx\n")
    with pytest.raises(InputError) as fault:
        read_exposure(path)
    assert [problem.row for problem in fault.value.problems] == [3, 4]


def test_q_values_are_those_of_benjamini_and_hochberg():
    p = np.array([0.04, 0.001, 0.02])
    assert benjamini_hochberg(p, 3) == pytest.approx([0.04, 0.003, 0.03])
    assert benjamini_hochberg(p, 10) == pytest.approx([0.4 / 3, 0.01, 0.1])


def test_the_table_holds_every_candidate_and_says_what_it_is(made_species):
    gut = whole_index([made_species("a", 1, planted=(MIMIC,))])
    result = find_mimics(AFP, gut, A2, settings=QUICK)
    lines = candidate_table(result).splitlines()
    assert "Candidates" in lines[0]
    assert lines[2].split("\t") == list(COLUMNS)
    assert len(lines) == 3 + len(result["candidates"])
    json.dumps(result, allow_nan=False)


def test_class_two_is_searched_by_its_core_and_called_exploratory(made_species):
    """GPC3 289-313 with DRB1*09:01: found by its core, without a probability, and no part of the claim."""
    antigens = [one for one in shipped(class_two=True) if one.identifier == "gpc3_long_289"]
    assert antigens
    assert "gpc3_long_289" not in {one.identifier for one in shipped()}
    plain = find_mimics(
        antigens, whole_index([made_species("a", 1)]), ["HLA-DRB1*09:01"], settings=Settings(permutations=5)
    )
    core = plain["targets"][0]["peptide"]
    assert core in antigens[0].peptide
    other = core[:4] + ("A" if core[4] != "A" else "V") + core[5:]  # one residue of the face changed
    gut = whole_index([made_species("a", 1, planted=(other,))])
    result = find_mimics(antigens, gut, ["HLA-DRB1*09:01"], settings=QUICK)
    first = result["candidates"][0]
    assert (first["candidate"], first["facing_mismatches"]) == (other, 1)
    assert first["p_median"] is None
    assert result["claim"]["p"] is None
    assert [i for i, w in enumerate(result["targets"][0]["weights"], start=1) if w > 0] == [2, 3, 5, 7, 8]
    assert any("exploratory" in note for note in result["notes"])
    both = find_mimics([*AFP, *antigens], gut, [*A2, "HLA-DRB1*09:01"], settings=Settings(permutations=20))
    assert {row["allele"] for row in both["targets"]} == {"HLA-A*02:01", "HLA-DRB1*09:01"}
    assert both["claim"]["antigens"] == 1
