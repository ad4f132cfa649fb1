"""Antigens from tables, FASTA, VCF and pVACseq, and HLA names: what is read, and what is refused by name."""

from __future__ import annotations

import gzip

import pytest

from hepaxis.antigens.alleles import canonical, read_alleles
from hepaxis.antigens.antigen_files import read_any
from hepaxis.antigens.prediction_tables import read_ranks
from hepaxis.problems import InputError

WILD = "MATQADLMELDMAMEPDRKAAVSHWQQQSYLDSGIHSGATTTAPSLSGKGNPEEEDVDTSQVLYEWEQGFSQSFTQEQVADIDGQYAMTRAQRVRAAMFPE"
HEAD = (
    "##fileformat=VCFv4.2\n"
    '##INFO=<ID=CSQ,Number=.,Type=String,Description="VEP. Format: Allele|Consequence|SYMBOL|Protein_position|'
    'Amino_acids|FrameshiftSequence|WildtypeProtein">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
)


def vcf(tmp_path, *annotations: str, status: str = "PASS", name: str = "a.vcf"):
    path = tmp_path / name
    rows = "".join(f"3\t1\t.\tG\tT\t.\t{status}\tCSQ={one}\n" for one in annotations)
    text = HEAD + rows
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize("name", ["a.vcf", "a.vcf.gz"])
def test_a_missense_variant_gives_every_peptide_over_it_and_its_wild_type(tmp_path, name):
    """CTNNB1 D32Y, a hotspot of HCC."""
    found, problems = read_any(vcf(tmp_path, f"T|missense_variant|CTNNB1|32/781|D/Y||{WILD}", name=name))
    assert not problems
    assert len(found) == 8 + 9 + 10 + 11
    for one in found:
        assert one.kind == "neoantigen"
        assert one.antigen == "CTNNB1 D32Y"
        assert one.peptide not in WILD
        assert one.wildtype in WILD
        assert sum(a != b for a, b in zip(one.peptide, one.wildtype, strict=True)) == 1
    assert "SYLYSGIHS" in [one.peptide for one in found]


def test_a_deletion_and_an_insertion_give_peptides_over_the_joint_alone(tmp_path):
    found, _ = read_any(vcf(tmp_path, f"T|inframe_deletion|CTNNB1|32-33|DS/D||{WILD}"))
    joined = WILD[:32] + WILD[33:]
    assert all(one.peptide in joined and one.peptide not in WILD and not one.wildtype for one in found)
    assert "SYLDGIHSG" in [one.peptide for one in found]
    added, _ = read_any(vcf(tmp_path, f"T|inframe_insertion|CTNNB1|32-33|-/WW||{WILD}", name="b.vcf"))
    assert "SYLDWWSGI" in [one.peptide for one in added]


def test_a_frameshift_gives_the_new_tail(tmp_path):
    mutant = WILD[:40] + "RRPLLWCVVNNKTLS"
    found, _ = read_any(vcf(tmp_path, f"T|frameshift_variant|CTNNB1|41|T/X|{mutant}|{WILD}"))
    peptides = {one.peptide for one in found}
    assert "LLWCVVNNK" in peptides
    assert mutant[33:42] in peptides
    assert not [one for one in peptides if one in WILD]


def test_filtered_and_silent_variants_and_a_wrong_wild_type_give_nothing(tmp_path):
    with pytest.raises(InputError, match="no peptide"):
        read_any(vcf(tmp_path, f"T|missense_variant|CTNNB1|32|D/Y||{WILD}", status="germline"))
    with pytest.raises(InputError, match="no peptide"):
        read_any(vcf(tmp_path, f"T|synonymous_variant|CTNNB1|32|D||{WILD}"))
    with pytest.raises(InputError, match="the wild-type protein has 'D' there"):
        read_any(vcf(tmp_path, f"T|missense_variant|CTNNB1|32|G/Y||{WILD}"))


def test_a_vcf_without_the_plug_ins_says_which_are_missing(tmp_path):
    path = tmp_path / "a.vcf"
    path.write_text(HEAD.replace("|WildtypeProtein", "") + "3\t1\t.\tG\tT\t.\tPASS\tCSQ=T|x|C|32|D/Y|\n")
    with pytest.raises(InputError, match=r"CSQ lacks WildtypeProtein.*--plugin Wildtype"):
        read_any(path)
    path.write_text("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n1\t1\t.\tA\tT\t.\t.\tDP=1\n")
    with pytest.raises(InputError, match="no CSQ"):
        read_any(path)


def test_pvacseq_tables_bring_peptides_and_ranks(tmp_path):
    path = tmp_path / "all_epitopes.tsv"
    path.write_text(
        "Gene Name\tMutation\tHLA Allele\tMT Epitope Seq\tWT Epitope Seq\tMedian MT Percentile\n"
        "CTNNB1\tD/Y\tHLA-A*02:01\tSYLYSGIHS\tSYLDSGIHS\t1.5\n"
        "CTNNB1\tD/Y\tHLA-A*24:02\tSYLYSGIHS\tSYLDSGIHS\t0.2\n"
        "TP53\tR/S\tA2\tSYLYSGIHK\tNA\t1\n"
    )
    found, problems = read_any(path)
    assert [one.peptide for one in found] == ["SYLYSGIHS"]
    assert found[0].ranks == {"HLA-A*02:01": 1.5, "HLA-A*24:02": 0.2}
    assert found[0].wildtype == "SYLDSGIHS"
    assert [problem.row for problem in problems] == [4]
    path.write_text(
        "ID\tGene\tAA Change\tAllele\tBest Peptide\t%ile MT\n1\tCTNNB1\tD32Y\tHLA-A*24:02\tSYLYSGIHS\t0.4\n"
    )
    assert read_any(path)[0][0].ranks == {"HLA-A*24:02": 0.4}


def test_netmhcpan_output_brings_ranks(tmp_path):
    path = tmp_path / "out.txt"
    path.write_text(
        "# NetMHCpan version 4.1b\n---\n"
        " Pos  MHC  Peptide  Core Of Gp Gl Ip Il  Icore  Identity  Score_EL %Rank_EL BindLevel\n"
        "   1 HLA-A*02:07  FMNKFIYEI FMNKFIYEI  0  0  0  0  0  FMNKFIYEI  PEPLIST 0.8000000  0.120 <= SB\n"
        "   2 HLA-A*02:07  YMNKFIYEV YMNKFIYEV  0  0  0  0  0  YMNKFIYEV  PEPLIST 0.5000000  0.700 <= WB\n---\n"
    )
    ranks = read_ranks(path)
    assert ranks.alleles == ("HLA-A*02:07",)
    assert ranks.best("HLA-A*02:07", "FMNKFIYEI") == 0.12
    path.write_text("allele,peptide,rank\nA*02:07,FMNKFIYEI,0.5\n")
    assert read_ranks(path).best("HLA-A*02:07", "FMNKFIYEI") == 0.5
    path.write_text("nothing here\n")
    with pytest.raises(InputError, match="no row with molecule"):
        read_ranks(path)


def test_peptides_of_a_table_a_list_or_fasta(tmp_path):
    path = tmp_path / "p.tsv"
    path.write_text("id\tpeptide\thla\tkind\nafp\tFMNKFIYEI\tA*02:01\ttaa\nx\tEYILSLEEL\t\t\n")
    found, _ = read_any(path)
    assert [(one.identifier, one.hla, one.kind) for one in found] == [
        ("afp", ("HLA-A*02:01",), "taa"),
        ("x", (), "peptide"),
    ]
    path.write_text("FMNKFIYEI\n# note\nEYILSLEEL\n")
    assert [one.peptide for one in read_any(path)[0]] == ["FMNKFIYEI", "EYILSLEEL"]
    path.write_text(">a one\nFMNK\nFIYEI\n>b\nEYILSLEEL\n")
    assert [(one.identifier, one.peptide) for one in read_any(path)[0]] == [("a", "FMNKFIYEI"), ("b", "EYILSLEEL")]


def test_every_line_that_is_no_peptide_is_listed(tmp_path):
    path = tmp_path / "p.tsv"
    path.write_text("id\tpeptide\thla\na\tFMNKFIYEX\t\nb\tFMNK\t\nc\tFMNKFIYEI\tA2\n")
    with pytest.raises(InputError) as fault:
        read_any(path)
    assert [(p.row, p.column) for p in fault.value.problems] == [(2, "peptide"), (3, "peptide"), (4, "hla")]
    path.write_text("name\tsequence\na\tb\n")
    with pytest.raises(InputError, match="name one 'peptide'"):
        read_any(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_any(tmp_path / "missing.tsv")


@pytest.mark.parametrize("name", ["A*02:01", "HLA-A*02:01", "A02:01", "HLA-A0201", "HLA-A*02:01:01"])
def test_hla_names_are_read_as_they_are_written(name):
    pytest.importorskip("mhcgnomes", reason="mhcgnomes (extra mimics) is not installed")
    assert canonical(name) == "HLA-A*02:01"


def test_an_unsupported_molecule_is_refused_by_name_and_never_replaced():
    found, problems = read_alleles(["A*02:01", "A*33:03", "A*02:01"], ["HLA-A*02:01", "HLA-A*33:01"], "SMMPMBEC")
    assert found == ("HLA-A*02:01",)
    assert [problem.code for problem in problems] == ["mimics.allele_unsupported"]
    assert "HLA-A*33:03" in problems[0].found
    assert "not a substitute" in problems[0].hint


@pytest.mark.parametrize("name", ["A2", "HLA-A", "nonsense"])
def test_a_serotype_or_a_locus_is_not_one_molecule(name):
    pytest.importorskip("mhcgnomes", reason="mhcgnomes (extra mimics) is not installed")
    with pytest.raises(ValueError, match=name):
        canonical(name)
