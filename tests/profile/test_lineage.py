"""Names as their writers write them become one lineage; unnamed clades stay told apart."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepaxis.profile import lineage as lin


@pytest.mark.parametrize(
    ("name", "genus", "species", "strain"),
    [
        ("k__Bacteria|p__V|c__V|o__V|f__A|g__Akkermansia|s__Akkermansia_muciniphila|t__SGB9226", "Akkermansia",
         "Akkermansia_muciniphila", "SGB9226"),
        ("d__Archaea;p__M;c__M;o__M;f__M;g__Methanobrevibacter_A;s__Methanobrevibacter_A smithii_A",
         "Methanobrevibacter_A", "Methanobrevibacter_A_smithii_A", ""),
        ("k__Archaea|p__E|c__M|o__M|f__M|g__Methanobrevibacter|s__Methanobrevibacter_unclassified",
         "Methanobrevibacter", "", ""),
        ("k__Bacteria; p__Firmicutes; c__Clostridia; o__; f__; g__; s__", "", "", ""),
        ("D_0__Bacteria;D_1__F;D_2__C;D_3__C;D_4__L;D_5__Blautia;D_6__uncultured bacterium", "Blautia", "", ""),
        ("Bacteria;Bacteroidota;Bacteroidia;Bacteroidales;Bacteroidaceae;Bacteroides", "Bacteroides", "", ""),
        ("Bacteroidota;Bacteroidia;Bacteroidales;Bacteroidaceae;Bacteroides", "Bacteroides", "", ""),
        ("Bacteria(100);Firmicutes(99);Clostridia(98);O(90);F(90);Roseburia(80)", "Roseburia", "", ""),
        ("Faecalibacterium_prausnitzii", "Faecalibacterium", "Faecalibacterium_prausnitzii", ""),
        ("Prevotella_copri_clade_A", "Prevotella", "Prevotella_copri_clade_A", ""),
        ("GGB9534_SGB14937", "GGB9534", "GGB9534_SGB14937", "SGB14937"),
        ("Candidatus_Cibiobacter_qucibialis", "Candidatus_Cibiobacter", "Candidatus_Cibiobacter_qucibialis", ""),
        ("Akkermansia", "Akkermansia", "", ""),
    ],
)  # fmt: skip
def test_each_writing_of_a_name_is_parsed(name: str, genus: str, species: str, strain: str) -> None:
    found = lin.parse(name)
    assert (found[5], found[6], found[7]) == (genus, species, strain)


def test_family_and_order_names_are_no_genera() -> None:
    assert lin.parse("Lachnospiraceae_bacterium_OM04_12BH")[4:6] == ("Lachnospiraceae", "")
    assert lin.parse("Clostridiales_bacterium_KLE1615")[3] == "Clostridiales"
    assert lin.parse("Lachnospiraceae|unclassified")[4] == "Lachnospiraceae"


def test_dada2_epithet_joins_its_genus_and_two_epithets_name_no_species() -> None:
    columns = ["domain", "genus", "species"]
    assert lin.from_columns(["Bacteria", "Bacteroides", "coprocola"], columns)[6] == "Bacteroides_coprocola"
    assert lin.from_columns(["Bacteria", "Bacteroides", "dorei/fragilis"], columns)[6] == ""
    assert lin.from_columns(["Bacteria", "Bacteroides", "NA", "bromii"], [*columns, "species"])[6] == (
        "Bacteroides_bromii"
    )


def test_unnamed_clades_of_two_families_get_two_names() -> None:
    """MicrobiotaProcess#88, mia#617: s__un_f__Lachnospiraceae of several parents collided."""
    one = lin.parse("k__Bacteria|p__Firmicutes|c__C|o__E|f__Lachnospiraceae|g__X|s__un_g__X")
    two = lin.parse("k__Bacteria|p__Firmicutes|c__C|o__E|f__Ruminococcaceae|g__X|s__un_g__X")
    labels = lin.unique_labels([one, two])
    assert labels == ["X_Lachnospiraceae", "X_Ruminococcaceae"]


def test_suffixes_are_kept() -> None:
    assert lin.parse("d__Bacteria;p__Bacillota_A;g__Blautia_A;s__Blautia_A wexlerae")[1] == "Bacillota_A"


@given(st.text(max_size=400))
def test_any_text_gives_eight_ranks_quickly(text: str) -> None:
    start = time.perf_counter()
    found = lin.parse(text)
    lin.looks_like_taxon(text)
    assert len(found) == 8
    assert all(isinstance(x, str) and "|" not in x for x in found if "|" not in text)
    assert time.perf_counter() - start < 0.5


@pytest.mark.parametrize("text", ["A" + "a" * 5000, "Aa-" * 3000, "Aa_" * 3000, "[" * 5000, "a;" * 5000])
def test_long_names_do_not_hang(text: str) -> None:
    start = time.perf_counter()
    lin.parse(text)
    lin.looks_like_taxon(text)
    assert time.perf_counter() - start < 0.5


@given(st.lists(st.text(alphabet="abcXYZ_", max_size=4), min_size=0, max_size=6, unique=True))
def test_labels_of_distinct_lineages_are_distinct(names: list[str]) -> None:
    lineages = [("Bacteria", "", "", "", f"F{i % 2}", n, "", "") for i, n in enumerate(names)]
    labels = lin.unique_labels(list(dict.fromkeys(lineages)))
    assert len(set(labels)) == len(set(lineages))
