"""mOTUs, Bracken, Kraken 2 and HUMAnN.  Fixtures made here to the tools' published format pages:

mOTUs     motu-tool/mOTUs_v2 wiki "Parameters to change the resulting profiles"; motu-tool/mOTUs issue 103; MLP
          documentation (microbiome-tools.embl.de/mlp/documentation)
Bracken   jenniferlu717/Bracken README "Output formats"; rdrr.io microclass::bracken_read_report (the seven columns)
Kraken 2  DerrickWood/kraken2 MANUAL "Sample Report Output Format"; taxpasta.readthedocs.io/supported_profilers/kraken2
HUMAnN    biobakery/humann readme "Output files"
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hepaxis.problems import InputError
from hepaxis.profile import read, read_functions, sniff

Write = Callable[..., Path]

MOTUS2 = """# git tag version 2.0.0 |  motus version 2.0.0 | map_tax 2.0.0 | gene database: nr2.0.0
# call: python motus profile -s in.fastq -n P1
#consensus_taxonomy\tP1\tP2
Akkermansia muciniphila [ref_mOTU_v2_1301]\t0.2\t0.1
Faecalibacterium prausnitzii [ref_mOTU_v2_1379]\t0.1\t0.2
Faecalibacterium prausnitzii [ref_mOTU_v2_4875]\t0.1\t0.1
unknown Clostridiales [meta_mOTU_v2_5336]\t0.1\t0.1
unknown Clostridiales [meta_mOTU_v2_5337]\t0.1\t0.3
-1\t0.4\t0.2
"""
FULL = (
    "k__Bacteria|p__Verrucomicrobia|c__Verrucomicrobiae|o__Verrucomicrobiales|f__Akkermansiaceae|g__Akkermansia|"
    "s__Akkermansia muciniphila"
)
MOTUS3 = f"""# motus version 3.0.3 | map_tax 3.0.3
mOTU\tconsensus_taxonomy\tNCBI_tax_id\tERR1
ref_mOTU_v3_01301\t{FULL}\t2|74201|239935\t30
ref_mOTU_v3_01379\tk__Bacteria|p__F|c__C|o__E|f__O|g__Faecalibacterium|s__Faecalibacterium prausnitzii [C]\t2\t90
unassigned\tunassigned\tNA\t40
"""


def test_motus2_units_of_one_species_are_summed_and_unnamed_ones_stay_apart(write: Write) -> None:
    found = read(write(MOTUS2))
    assert (found.profiler, found.database) == ("motus", "mOTUs 2.0.0")
    assert found.abundance.shape == (2, 4)
    np.testing.assert_allclose(found.abundance.loc["P1", "Faecalibacterium_prausnitzii"], 0.2 / 0.6)
    unnamed = found.lineages[found.lineages["species"].eq("")]
    assert unnamed["order"].to_list() == ["Clostridiales", "Clostridiales"]
    np.testing.assert_allclose(found.unknown, [0.4, 0.2])


def test_motus3_full_taxonomy_and_counts(write: Write) -> None:
    found = read(write(MOTUS3))
    assert list(found.abundance.columns) == ["Akkermansia_muciniphila", "Faecalibacterium_prausnitzii"]
    np.testing.assert_allclose(found.abundance.to_numpy(), [[0.25, 0.75]])
    assert found.unknown.iloc[0] == pytest.approx(0.25)
    assert found.lineages.loc["Akkermansia_muciniphila", "phylum"] == "Verrucomicrobia"


BRACKEN = (
    "name\ttaxonomy_id\ttaxonomy_lvl\tkraken_assigned_reads\tadded_reads\tnew_est_reads\tfraction_total_reads\n"
    "Homo sapiens\t9606\tS\t9000\t0\t9000\t0.90\n"
    "Akkermansia muciniphila\t239935\tS\t200\t50\t250\t0.025\n"
    "[Eubacterium] rectale\t39491\tS\t700\t50\t750\t0.075\n"
)


def test_bracken_single_drops_the_host_and_uses_estimated_reads(write: Write) -> None:
    found = read(write(BRACKEN, "P1.bracken"))
    assert (found.profiler, found.rank, found.samples) == ("bracken", "species", ("P1",))
    np.testing.assert_allclose(found.abundance.to_numpy(), [[0.25, 0.75]])
    assert found.reads.iloc[0] == 1000
    dropped = next(s for s in found.log if s.code == "profile.dropped_host")
    assert dropped.counts["share"] == pytest.approx(0.9)


def test_bracken_combined_never_uses_the_fractions(write: Write) -> None:
    text = (
        "name\ttaxonomy_id\ttaxonomy_lvl\tA.bracken_num\tA.bracken_frac\tB.bracken_num\tB.bracken_frac\n"
        "Akkermansia muciniphila\t239935\tS\t250\t0.9\t100\t0.1\nBlautia wexlerae\t418240\tS\t750\t0.1\t300\t0.9\n"
    )
    found = read(write(text))
    assert found.samples == ("A", "B")
    np.testing.assert_allclose(found.abundance["Akkermansia_muciniphila"], [0.25, 0.25])


REPORT = [
    (10.0, 1000, 1000, "U", 0, "unclassified"),
    (90.0, 9000, 10, "R", 1, "root"),
    (89.9, 8990, 0, "R1", 131567, "  cellular organisms"),
    (70.0, 7000, 20, "D", 2, "    Bacteria"),
    (69.8, 6980, 0, "P", 74201, "      Verrucomicrobia"),
    (69.8, 6980, 480, "G", 239934, "        Akkermansia"),
    (65.0, 6500, 6000, "S", 239935, "          Akkermansia muciniphila"),
    (5.0, 500, 500, "S1", 349741, "            Akkermansia muciniphila ATCC BAA-835"),
    (19.9, 1990, 0, "D", 2759, "    Eukaryota"),
    (19.9, 1990, 0, "G", 9605, "      Homo"),
    (19.9, 1990, 1990, "S", 9606, "        Homo sapiens"),
    (0.0, 0, 0, "D", 10239, "  Viruses"),
]


def report(columns: int) -> str:
    lines = []
    for percent, clade, direct, code, taxon, name in REPORT:
        extra = ["12", "9"] if columns == 8 else []
        lines.append("\t".join([f"{percent:6.2f}", str(clade), str(direct), *extra, code, str(taxon), name]))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("columns", [6, 8])
def test_kraken2_uses_clade_reads_of_species_only(write: Write, columns: int) -> None:
    path = write(report(columns), "P1.report")
    assert sniff(path).name == "kraken2"
    found = read(path)
    assert found.abundance.to_dict() == {"Akkermansia_muciniphila": {"P1": 1.0}}
    assert found.lineages.iloc[0]["phylum"] == "Verrucomicrobia"
    step = next(s for s in found.log if s.code == "profile.read")
    assert step.counts["reads_above_species"] == 9000 - 6500 - 1990
    assert found.reads.iloc[0] == 10000


def test_kraken2_many_reads_above_species_asks_for_bracken(write: Write) -> None:
    text = report(6).replace("6500\t6000\tS", "650\t600\tS")
    assert any(p.code == "profile.reads_above_species" for p in read(write(text)).problems)


GENES = """# Gene Family\tP1_Abundance-RPKs\tP2_Abundance-RPKs
UNMAPPED\t500.0\t100.0
UniRef90_A\t30.0\t10.0
UniRef90_A|g__Bacteroides.s__Bacteroides_dorei\t20.0\t10.0
UniRef90_A|unclassified\t10.0\t0.0
UniRef90_B\t5.0\t2.0
UniRef90_B|unclassified\t5.0\t2.0
"""
PATHWAYS = """# Pathway\tP1_Abundance\tP2_Abundance\tP3_Abundance
UNMAPPED\t{0}
UNINTEGRATED\t{1}
UNINTEGRATED|unclassified\t1\t2\t3
PWY-5100: pyruvate fermentation to acetate and lactate II\t{2}
PWY-5100: pyruvate fermentation to acetate and lactate II|unclassified\t1.5\t2.5\t3.5
PWY-5676: acetyl-CoA fermentation to butanoate II\t{3}
"""


def test_humann_strata_do_not_enter_the_total(write: Write) -> None:
    found = read_functions(write(GENES))
    assert (found.kind, found.unit) == ("gene_family", "RPK")
    assert found.total.loc["P1"].to_dict() == {"UniRef90_A": 30.0, "UniRef90_B": 5.0}
    assert found.unmapped.to_dict() == {"P1": 500.0, "P2": 100.0}
    assert found.unintegrated.isna().all()
    assert found.stratified.loc["P1", ("UniRef90_A", "g__Bacteroides.s__Bacteroides_dorei")] == 20.0


def test_humann_pathways_keep_unintegrated_apart(write: Write) -> None:
    text = PATHWAYS.format("9\t8\t7", "5\t6\t7", "1.5\t2.5\t3.5", "0.1\t0.2\t0.3")
    found = read_functions(write(text))
    assert found.kind == "pathway"
    assert found.unintegrated.to_list() == [5, 6, 7]
    assert not any("UNINTEGRATED" in c for c in found.total.columns)


def test_humann_identical_special_rows_are_corrupt(write: Write) -> None:
    """Seen in a public humann2 table: UNMAPPED = UNINTEGRATED = first pathway to all digits."""
    same = "5.5\t6.5\t7.5"
    with pytest.raises(InputError) as fault:
        read_functions(write(PATHWAYS.format(same, same, same, "0.1\t0.2\t0.3")))
    assert {p.code for p in fault.value.problems} == {"profile.identical_rows"}


def test_humann_twin_pathways_are_a_warning(write: Write) -> None:
    text = PATHWAYS.format("9\t8\t7", "5\t6\t8", "1.5\t2.5\t3.5", "1.5\t2.5\t3.5")
    assert [p.code for p in read_functions(write(text)).problems] == ["profile.identical_rows"]


def test_humann_is_no_profile_and_says_what_to_give(write: Write) -> None:
    with pytest.raises(InputError) as fault:
        read(write(GENES))
    assert fault.value.problems[0].code == "profile.humann_file"
    assert "metaphlan_bugs_list" in fault.value.problems[0].hint
    with pytest.raises(InputError):
        read_functions(write(BRACKEN))
