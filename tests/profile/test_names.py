"""Protects the names: every described taxon found under its NCBI, MetaPhlAn and GTDB name, genus-only profiles usable,
and a name that means two things never taken for one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepaxis import knowledge
from hepaxis.profile import names
from hepaxis.profile.names import RANKS

DESCRIBED = [str(record["taxon_id"]) for record in knowledge.records("traits")]
REPORTED = sorted({str(record["taxon_id"]) for record in knowledge.records("microbiome_response_taxa")})
TAXA = {str(record["id"]): record for record in knowledge.records("taxa")}


def lineage(**given: str) -> dict[str, str]:
    return dict.fromkeys(RANKS, "") | given


def frame(*rows: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), index=[f"t{i}" for i in range(len(rows))], columns=list(RANKS))


def as_printed(name: str, rank: str) -> dict[str, str]:
    return lineage(**{"species" if rank in ("species", "clade") else rank: name})


@pytest.mark.parametrize("taxon_id", sorted({*DESCRIBED, *REPORTED}))
def test_every_synonym_leads_to_its_taxon(taxon_id: str) -> None:
    rank = str(TAXA[taxon_id]["rank"])
    known = names.synonyms(taxon_id)
    forms = {synonym.form for synonym in known}
    if rank == "species":
        assert {"ncbi", "metaphlan", "gtdb"} <= forms, f"{taxon_id} lacks a name: {sorted(forms)}"
    else:
        assert forms
    for synonym in known:
        if rank not in ("species", "clade", "genus", "family"):
            assert taxon_id in names.candidates(synonym.name)
            continue
        found = names.resolve(frame(as_printed(synonym.name, rank))).iloc[0]
        assert found["taxon_id"] == taxon_id or (found["ambiguous"] and taxon_id in names.candidates(synonym.name)), (
            f"{synonym.name} ({synonym.form}) led to {found['taxon_id']!r}"
        )
        assert found["synonym_source"]


@pytest.mark.parametrize(
    ("printed", "taxon_id"),
    [
        (lineage(genus="Bacteroides", species="Bacteroides_vulgatus"), "phocaeicola_vulgatus"),
        (lineage(genus="Phocaeicola", species="Phocaeicola vulgatus"), "phocaeicola_vulgatus"),
        (lineage(genus="Clostridium_Q", species="Clostridium_Q symbiosum"), "clostridium_symbiosum"),
        (lineage(genus="Otoolea", species="Otoolea symbiosa"), "clostridium_symbiosum"),
        (lineage(genus="Lachnospira", species="Lachnospira eligens_A"), "lachnospira_eligens"),
        (lineage(genus="Clostridium_AP", species="Clostridium_AP sp000509125"), "clostridium_scindens"),
        (lineage(species="Eubacterium_rectale"), "agathobacter_rectalis"),
        (lineage(species="Prevotella_copri_clade_A"), "segatella_copri"),
        (lineage(genus="[Eubacterium] hallii group"), "anaerobutyricum_hallii"),
        (lineage(genus="[Ruminococcus] gnavus group"), "mediterraneibacter_gnavus"),
        (lineage(genus="Methanobrevibacter_A", species="Methanobrevibacter_A smithii_A"), "methanobrevibacter_smithii"),
        (lineage(species="Lactobacillus_reuteri"), "limosilactobacillus_reuteri"),
        (lineage(genus="Bacteroides", species="fragilis"), "bacteroides_fragilis"),
    ],
)
def test_names_of_one_organism_across_tools(printed: dict[str, str], taxon_id: str) -> None:
    found = names.resolve(frame(printed)).iloc[0]
    assert (found["taxon_id"], found["rank_matched"]) == (taxon_id, "species")


def test_an_sgb_number_alone_finds_its_species() -> None:
    found = names.resolve(frame(lineage(species="GGB9_SGB4933", strain="SGB4933"))).iloc[0]
    assert found["taxon_id"] == "agathobacter_rectalis"


def test_genus_and_family_match_where_the_species_does_not() -> None:
    rows = frame(
        lineage(genus="Blautia"),
        lineage(genus="Blautia_A", species="Blautia_A sp900066165"),
        lineage(family="Lachnospiraceae", genus="unheard"),
        lineage(phylum="Nowhere"),
    )
    assert names.resolve(rows)["rank_matched"].to_list() == ["genus", "genus", "family", "none"]


def test_gtdb_genus_of_another_family_is_not_taken_for_its_namesake() -> None:
    found = names.resolve(frame(lineage(genus="Clostridium_Q", species="Clostridium_Q sp003024715"))).iloc[0]
    assert found["taxon_id"] != "clostridium"


def test_a_dropped_suffix_is_said() -> None:
    found = names.resolve(frame(lineage(genus="Dorea", species="Dorea longicatena_Z"))).iloc[0]
    assert found["taxon_id"] == "dorea_longicatena"
    assert found["synonym_source"].endswith("(suffix dropped)")


def test_ambiguous_names_are_marked() -> None:
    ids = [names.candidates(synonym) for synonym in {str(r["name"]) for r in knowledge.records("synonyms")}]
    doubled = [pair for pair in ids if len(pair) > 1 and all(TAXA[i]["rank"] == "species" for i in pair)]
    name = next((r for r in knowledge.records("synonyms") if names.candidates(str(r["name"])) in doubled), None)
    if name is None:
        assert not names.resolve(frame(lineage(species="Bacteroides_ovatus")))["ambiguous"].any()
    else:
        assert names.resolve(frame(lineage(species=str(name["name"]))))["ambiguous"].all()


def test_bare_names_gain_their_family() -> None:
    rows = frame(
        lineage(species="Blautia_wexlerae"),
        lineage(species="Lachnospiraceae_bacterium_OM04_12BH"),
        lineage(species="GGB9633_SGB15091"),
        lineage(genus="Ruminococcaceae UCG-002"),
    )
    done = names.complete(rows)
    assert done["family"].to_list() == ["Lachnospiraceae", "Lachnospiraceae", "Oscillospiraceae", "Ruminococcaceae"]
    assert done.loc["t0", "phylum"] == "Bacillota"


@given(st.lists(st.sampled_from(sorted(TAXA)), min_size=1, max_size=6))
def test_completing_never_changes_a_given_name_and_is_idempotent(ids: list[str]) -> None:
    rows = frame(*[lineage(**{str(TAXA[i]["rank"]).replace("clade", "species"): str(TAXA[i]["name"])}) for i in ids])
    once = names.complete(rows)
    given_names = rows.to_numpy() != ""
    assert (once.to_numpy()[given_names] == rows.to_numpy()[given_names]).all()
    pd.testing.assert_frame_equal(names.complete(once), once)


def test_trait_coverage_keeps_species_and_genus_apart() -> None:
    rows = frame(lineage(species="Bacteroides_ovatus"), lineage(genus="Blautia"), lineage(genus="Unheard"))
    abundance = pd.DataFrame([[0.5, 0.3, 0.2], [0.0, 0.0, 1.0]], index=["a", "b"], columns=rows.index)
    share = names.trait_coverage(abundance, names.resolve(rows))
    np.testing.assert_allclose(share.to_numpy(), [[0.5, 0.3, 0.8], [0.0, 0.0, 0.0]])


def test_a_genus_has_its_species_mean_and_a_wider_spread() -> None:
    rows = frame(
        lineage(genus="Anaerostipes"),
        lineage(genus="Anaerostipes", species="Anaerostipes_hadrus"),
        lineage(genus="Bacteroides"),
        lineage(genus="Unheard"),
    )
    traits = names.taxon_traits(names.resolve(rows), "butyrate_but")
    assert traits["basis"].to_list() == ["genus", "species", "genus", "none"]
    assert traits.loc["t0", "mean"] == 1.0
    assert traits.loc["t0", "sd"] > traits.loc["t1", "sd"]
    assert traits.loc["t2", "mean"] == 0.0
    assert np.isnan(traits.loc["t3", "mean"])
    with pytest.raises(KeyError):
        names.taxon_traits(names.resolve(rows), "no_such_trait")


def test_the_genus_mean_is_weighted_by_abundance() -> None:
    weights = knowledge.table("traits").set_index("taxon_id")
    species = [i for i in weights.index if str(TAXA[i]["genus"]) == "Bacteroides"]
    share = weights.loc[species, "mean_abundance_pct"].fillna(0.01)
    code = weights.loc[species, "bsh"].map(names.TRAIT_PROBABILITY)
    expected = float((share * code).sum() / share.sum())
    found = names.taxon_traits(names.resolve(frame(lineage(genus="Bacteroides"))), "bsh")["mean"].iloc[0]
    assert found == pytest.approx(expected)
