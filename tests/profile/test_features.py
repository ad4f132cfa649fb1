"""Tables of ids: ASV, OTU and genome, with the names in another file, given or beside."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import biom
import h5py
import numpy as np
import pytest

from hepaxis.problems import InputError
from hepaxis.profile import read, sniff

Write = Callable[..., Path]

SILVA = [
    "d__Bacteria; p__Verrucomicrobiota; c__Verrucomicrobiae; o__Verrucomicrobiales; f__Akkermansiaceae; g__Akkermansia",
    "d__Bacteria; p__Bacteroidota; c__Bacteroidia; o__Bacteroidales; f__Bacteroidaceae; g__Bacteroides",
    "d__Bacteria; p__Bacteroidota; c__Bacteroidia; o__Bacteroidales; f__Bacteroidaceae; g__Bacteroides",
    "d__Bacteria; p__Cyanobacteria; c__Cyanobacteriia; o__Chloroplast; f__Chloroplast; g__Chloroplast",
    "Unassigned",
]
HASHES = [f"{i:032x}" for i in range(11, 16)]
COUNTS = np.array([[100, 50], [300, 0], [100, 450], [40, 0], [500, 500]], dtype=float)


def qiime_table(ids: list[str] = HASHES, types: bool = False) -> str:
    head = "# Constructed from biom file\n#OTU ID\tS1\tS2\n" + ("#q2:types\tnumeric\tnumeric\n" if types else "")
    return head + "".join(f"{i}\t{a}\t{b}\n" for i, (a, b) in zip(ids, COUNTS, strict=True))


def qiime_taxonomy(ids: list[str] = HASHES) -> str:
    return "Feature ID\tTaxon\tConfidence\n" + "".join(f"{i}\t{t}\t0.99\n" for i, t in zip(ids, SILVA, strict=True))


def expect_qiime(found) -> None:  # type: ignore[no-untyped-def]
    assert found.profiler == "16s"
    assert found.rank == "genus"
    assert set(found.abundance.columns) == {"Akkermansia", "Bacteroides"}
    np.testing.assert_allclose(found.abundance.loc["S1", ["Akkermansia", "Bacteroides"]], [0.2, 0.8])
    np.testing.assert_allclose(found.unknown, [0.5, 0.5])
    assert any(s.code == "profile.dropped_organelle" for s in found.log)


@pytest.mark.parametrize("types", [False, True])
def test_qiime2_export_with_separate_taxonomy(write: Write, types: bool) -> None:
    table, names = write(qiime_table(types=types), "t"), write(qiime_taxonomy(), "elsewhere/n")
    assert sniff(table).name == "qiime2"
    found = read(table, taxonomy=names)
    expect_qiime(found)
    assert any(s.code == "profile.types_line" for s in found.log) is types


def test_taxonomy_is_found_beside_by_content(write: Write) -> None:
    table = write(qiime_table(), "t")
    write("just a note\n", "taxonomy_notes.txt")
    write(qiime_taxonomy([f"other{i}" for i in range(5)]), "taxonomy_other.tsv")
    write(qiime_taxonomy(), "zz.bin")
    found = read(table)
    expect_qiime(found)
    assert any("zz.bin" in s.text for s in found.log)


def test_ids_without_taxonomy_are_an_error_that_says_what_to_give(write: Write) -> None:
    with pytest.raises(InputError) as fault:
        read(write(qiime_table()))
    assert fault.value.problems[-1].code == "profile.taxonomy_missing"
    assert "--taxonomy" in fault.value.problems[-1].hint


def test_taxonomy_of_another_table_is_refused(write: Write) -> None:
    names = write(qiime_taxonomy([f"other{i}" for i in range(5)]), "n")
    with pytest.raises(InputError) as fault:
        read(write(qiime_table(), "t"), taxonomy=names)
    assert fault.value.problems[-1].code == "profile.taxonomy_mismatch"


def test_ids_missing_from_the_taxonomy_become_unknown(write: Write) -> None:
    names = write("\n".join(qiime_taxonomy().split("\n")[:4]) + "\n", "n")
    found = read(write(qiime_table(), "t"), taxonomy=names)
    np.testing.assert_allclose(found.unknown, [540 / 1040, 0.5])
    assert any(p.code == "profile.ids_without_taxonomy" for p in found.problems)


@pytest.mark.parametrize("across", [True, False])
def test_dada2_either_way_round(write: Write, across: bool) -> None:
    ids = [f"ASV{i}" for i in range(1, 4)]
    counts = np.array([[10, 0], [30, 50], [60, 150]])
    if across:
        text = '"",' + ",".join(f'"{i}"' for i in ids) + "\n"
        text += "".join(f'"S{j + 1}",' + ",".join(map(str, counts[:, j])) + "\n" for j in range(2))
    else:
        text = "\tS1\tS2\n" + "".join(f"{i}\t{a}\t{b}\n" for i, (a, b) in zip(ids, counts, strict=True))
    write(
        '"","Kingdom","Phylum","Class","Order","Family","Genus","Species"\n'
        '"ASV1","Bacteria","Firmicutes","Clostridia","L","Lachnospiraceae","Blautia","wexlerae"\n'
        '"ASV2","Bacteria","Firmicutes","Clostridia","L","Lachnospiraceae","Blautia",NA\n'
        '"ASV3","Bacteria","Firmicutes","Clostridia","L","Lachnospiraceae",NA,NA\n',
        "names",
    )
    found = read(write(text, "t"))
    assert found.format == "dada2"
    assert found.abundance.loc["S1"].to_dict() == {
        "Blautia_wexlerae": 0.1,
        "Blautia": 0.3,
        "Lachnospiraceae_unclassified": 0.6,
    }


def test_dada2_with_sequences_as_names(write: Write) -> None:
    sequences = ["ACGT" * 20 + x for x in ("A", "C")]
    write(
        "\tKingdom\tPhylum\tFamily\tGenus\n"
        + "".join(f"{s}\tBacteria\tP\tF\tG{i}x\n" for i, s in enumerate(sequences)),
        "n",
    )
    found = read(write("\t" + "\t".join(sequences) + "\nS1\t500\t1500\n", "t"))
    np.testing.assert_allclose(found.abundance.to_numpy(), [[0.25, 0.75]])


def test_genomes_of_one_species_are_summed_and_speciesless_stay_at_genus(write: Write) -> None:
    line = "d__Bacteria;p__Bacillota_A;c__Clostridia;o__Lachnospirales;f__Lachnospiraceae;g__Blautia_A;s__"
    named = f"{line}Blautia_A wexlerae"
    write(f"Feature ID\tTaxon\nbin.1.fa\t{named}\nbin.2.fa\t{named}\nbin.3.fa\t{line}\n", "names")
    found = read(write("OTU ID\tS1\tS2\nbin.1.fa\t20.5\t10\nbin.2.fa\t30.5\t0\nbin.3.fa\t49\t90\n", "t"))
    assert found.profiler == "ogu"
    np.testing.assert_allclose(found.abundance.loc["S1", ["Blautia_A_wexlerae", "Blautia_A"]], [0.51, 0.49])


def biom_table(metadata: str) -> biom.Table:
    values: list[object] = [{"taxonomy": t.split("; ") if metadata == "list" else t} for t in SILVA]
    return biom.Table(COUNTS, HASHES, ["S1", "S2"], None if metadata == "none" else values, type="OTU table")


@pytest.mark.parametrize("metadata", ["list", "string"])
def test_biom_1_json(write: Write, metadata: str) -> None:
    found = read(write(biom_table(metadata).to_json("hepaxis tests")))
    assert found.format == "biom-json"
    expect_qiime(found)


def test_biom_2_hdf5_with_list_and_with_separate_taxonomy(tmp_path: Path, write: Write) -> None:
    for metadata in ("list", "none"):
        path = tmp_path / metadata / "table.txt"
        path.parent.mkdir()
        with h5py.File(path, "w") as handle:
            biom_table(metadata).to_hdf5(handle, "hepaxis tests")
        assert sniff(path).name == "biom-hdf5"
        names = write(qiime_taxonomy(), "given/n") if metadata == "none" else None
        expect_qiime(read(path, taxonomy=names))


def test_damaged_biom_is_an_error(write: Write) -> None:
    whole = biom_table("list").to_json("hepaxis tests")
    for text in (whole[: len(whole) // 2], json.dumps({"matrix_type": "sparse"}), '{"matrix_type": '):
        with pytest.raises(InputError) as fault:
            read(write(text))
        assert fault.value.problems[0].code == "profile.biom_damaged"
    with pytest.raises(InputError):
        read(write(b"\x89HDF\r\n\x1a\n" + b"\x00" * 200))


@pytest.mark.shared
def test_hcc_asv_table_reads_in_two_seconds(shared: Callable[[str], Path]) -> None:
    path = shared("data/hcc_16s_waschina2022/asv_tab.tsv.gz")
    start = time.process_time()
    found = read(path)
    assert time.process_time() - start < 2.0
    assert len(found.samples) == 263
    assert next(s for s in found.log if s.code == "profile.taxonomy").counts == {"named": 6834, "ids": 6834}
    genus = read(shared("data/hcc_16s_waschina2022/tax_tab_Genus.tsv"))
    shared_taxa = ["Akkermansia", "Pseudomonas", "Faecalibacterium"]
    np.testing.assert_allclose(
        found.abundance[shared_taxa].to_numpy(),
        genus.abundance.loc[list(found.samples), shared_taxa].to_numpy(),
        atol=1e-12,
    )


@pytest.mark.shared
@pytest.mark.parametrize("cohort", ["Frankel_2017", "Lee_2022", "Spencer_2021"])
def test_ogu_real_tables_find_their_taxonomy(shared: Callable[[str], Path], cohort: str) -> None:
    found = read(shared(f"data/ici_ogu_11cohorts/{cohort}_table.tsv.gz"))
    assert (found.format, found.profiler, found.rank) == ("ogu", "ogu", "species")
    taxonomy = next(s for s in found.log if s.code == "profile.taxonomy")
    assert taxonomy.counts["named"] == taxonomy.counts["ids"]


@pytest.mark.shared
def test_cdiff_biom_qiime2_and_dada2_agree(shared: Callable[[str], Path]) -> None:
    """The same 12 samples x 60 ASVs as HDF5 and as text; the full table holds the same reads and more."""
    hdf5 = read(shared("data/cdiff_fmt_timecourse/example_12x60.biom"))
    text = read(shared("data/cdiff_fmt_timecourse/example_12x60_qiime2_export.tsv"))
    full = read(shared("data/cdiff_fmt_timecourse/asv_counts.csv.gz"))
    assert hdf5.samples == text.samples
    np.testing.assert_allclose(hdf5.reads, text.reads)
    phylum = [x.abundance.T.groupby(x.lineages["phylum"]).sum().T for x in (hdf5, text)]
    np.testing.assert_allclose(phylum[0].to_numpy(), phylum[1].to_numpy(), atol=1e-12)
    assert len(full.samples) == 159


@pytest.mark.shared
def test_sylph_genomes_become_species(shared: Callable[[str], Path]) -> None:
    found = read(shared("data/toposcore_nsclc/sylph_GTDBr220_test_data.tsv"))
    assert (found.profiler, found.rank) == ("sylph", "species")
    assert found.lineages["strain"].eq("").all()
    assert "Akkermansia_muciniphila" in found.abundance.columns


def test_sylphmpa_single_file(write: Write) -> None:
    """sylph-docs.github.io/sylph-tax-output-format: five columns, '|' between ranks, '#SampleID' names the reads."""
    line = (
        "d__Bacteria|p__Pseudomonadota|c__Gammaproteobacteria|o__Enterobacterales|f__Enterobacteriaceae|g__Escherichia"
    )
    text = (
        "#SampleID\t/data/reads/P7_1.fastq.gz\tTaxonomies_used:['GTDB_r220']\n"
        "clade_name\trelative_abundance\tsequence_abundance\tANI (if strain-level)\tCoverage (if strain-level)\n"
        f"d__Bacteria\t100.0\t100.0\tNA\tNA\n{line}|s__Escherichia coli\t100.0\t100.0\tNA\tNA\n"
        f"{line}|s__Escherichia coli|t__GCF_000005845.2\t60.0\t61.0\t99.1\t8.1\n"
        f"{line}|s__Escherichia coli|t__GCF_000008865.2\t40.0\t39.0\t98.1\t5.1\n"
    )
    found = read(write(text))
    assert (found.profiler, found.database, found.samples) == ("sylph", "GTDB_r220", ("P7_1",))
    assert found.abundance.to_dict() == {"Escherichia_coli": {"P7_1": 1.0}}
