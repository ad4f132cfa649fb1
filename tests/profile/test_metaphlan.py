"""MetaPhlAn 2, 3 and 4 in all their shapes.  Fixtures made to the format of the MetaPhlAn 4 wiki ("Output files")."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hepaxis.problems import InputError
from hepaxis.profile import read, sniff

AKK = "k__Bacteria|p__Verrucomicrobia|c__Verrucomicrobiae|o__Verrucomicrobiales|f__Akkermansiaceae|g__Akkermansia"
FAE = "k__Bacteria|p__Firmicutes|c__Clostridia|o__Eubacteriales|f__Oscillospiraceae|g__Faecalibacterium"
PRE = "k__Bacteria|p__Bacteroidetes|c__Bacteroidia|o__Bacteroidales|f__Prevotellaceae|g__Prevotella"

Write = Callable[..., Path]


def stacked(leaves: dict[str, list[float]]) -> list[tuple[str, list[float]]]:
    """All ranks of the leaves, each the sum of what lies below, as MetaPhlAn writes them."""
    rows: dict[str, np.ndarray] = {}
    for leaf, values in leaves.items():
        parts = leaf.split("|")
        for depth in range(1, len(parts) + 1):
            name = "|".join(parts[:depth])
            rows[name] = rows.get(name, np.zeros(len(values))) + np.array(values)
    return [(name, values.tolist()) for name, values in sorted(rows.items())]


def table(header: str, leaves: dict[str, list[float]], first: list[str] | None = None) -> str:
    lines = [header, *(first or [])]
    lines += ["\t".join([name, *(f"{v:.5f}" for v in values)]) for name, values in stacked(leaves)]
    return "\n".join(lines) + "\n"


LEAVES = {
    f"{AKK}|s__Akkermansia_muciniphila|t__SGB9226": [10.0, 5.0],
    f"{FAE}|s__Faecalibacterium_prausnitzii|t__SGB15316_group": [12.0, 20.0],
    f"{FAE}|s__Faecalibacterium_prausnitzii|t__SGB15342": [3.0, 0.0],
}


def test_all_ranks_stacked_are_counted_once(write: Write) -> None:
    path = write(table("#mpa_vJun23_CHOCOPhlAnSGB_202403\nclade_name\tA\tB", LEAVES, ["UNCLASSIFIED\t75.0\t75.0"]))
    found = read(path)
    assert found.profiler == "metaphlan4"
    assert found.database == "mpa_vJun23_CHOCOPhlAnSGB_202403"
    assert found.rank == "strain"
    assert found.abundance.loc["A"].round(12).to_dict() == {
        "Akkermansia_muciniphila|SGB9226": 0.4,
        "Faecalibacterium_prausnitzii|SGB15316_group": 0.48,
        "Faecalibacterium_prausnitzii|SGB15342": 0.12,
    }
    assert {s.code for s in found.log} >= {"profile.ranks_stacked", "profile.scale"}


def test_unclassified_estimation_gives_the_unknown_fraction(write: Write) -> None:
    """From 4.2 on by default: bacteria add up to 25%, not 100% (real example: median 25.1%)."""
    found = read(write(table("clade_name\tA\tB", LEAVES, ["UNCLASSIFIED\t75.0\t75.0"])))
    np.testing.assert_allclose(found.unknown, [0.75, 0.75])
    np.testing.assert_allclose(found.abundance.sum(axis=1), 1.0)
    assert any(p.code == "profile.mostly_unknown" for p in found.problems)


def test_without_unclassified_row_unknown_is_nan_not_zero(write: Write) -> None:
    leaves = {name: [v * 4 for v in values] for name, values in LEAVES.items()}
    found = read(write(table("clade_name\tA\tB", leaves)))
    assert found.unknown.isna().all()
    assert any(p.code == "profile.unknown_not_reported" for p in found.problems)


def test_metaphlan4_single_with_reads_processed(write: Write) -> None:
    rows = [(n, v) for n, v in stacked({k: [x[0] * 4] for k, x in LEAVES.items()})]
    text = (
        "#mpa_vOct22_CHOCOPhlAnSGB_202212\n#/usr/bin/metaphlan in.fq --input_type fastq\n#1048576 reads processed\n"
        "#SampleID\tPatient_7\n#clade_name\tNCBI_tax_id\trelative_abundance\tadditional_species\n"
        + "".join(f"{n}\t2|{i}\t{v[0]}\t\n" for i, (n, v) in enumerate(rows))
    )
    found = read(write(text))
    assert found.samples == ("Patient_7",)
    assert found.database == "mpa_vOct22_CHOCOPhlAnSGB_202212"
    assert found.reads["Patient_7"] == 1048576


def test_metaphlan3_single_unknown_row(write: Write) -> None:
    text = (
        "#mpa_v30_CHOCOPhlAn_201901\n#SampleID\tMetaphlan_Analysis\n"
        "#clade_name\tNCBI_tax_id\trelative_abundance\tadditional_species\n"
        "UNKNOWN\t-1\t60.0\t\n"
        "k__Bacteria\t2\t40.0\t\n"
        f"{AKK}|s__Akkermansia_muciniphila\t2|74201|203494|48461|1647988|239934|239935\t40.0\t\n"
    )
    found = read(write(text, "stool_9.txt"))
    assert (found.profiler, found.rank, found.samples) == ("metaphlan3", "species", ("stool_9",))
    assert found.unknown.iloc[0] == pytest.approx(0.6)


def test_metaphlan3_merged_tax_id_column_is_no_sample(write: Write) -> None:
    text = (
        "#mpa_v30_CHOCOPhlAn_201901\nclade_name\tNCBI_tax_id\tS1\tS2\n"
        f"{AKK}|s__Akkermansia_muciniphila\t2|74201|239935\t40.0\t10\n"
        f"{FAE}|s__Faecalibacterium_prausnitzii\t2|1239|853\t60.0\t90\n"
    )
    found = read(write(text))
    assert found.samples == ("S1", "S2")
    assert found.profiler == "metaphlan3"
    assert found.abundance.loc["S2", "Faecalibacterium_prausnitzii"] == pytest.approx(0.9)


def test_prevotella_copri_clades_sharing_a_tax_id_stay_apart(write: Write) -> None:
    """taxprofiler/taxpasta#140: clades A-F share NCBI id 165179."""
    rows = "".join(f"{PRE}|s__Prevotella_copri_clade_{c}\t2|976|165179\t{10 * (i + 1)}\n" for i, c in enumerate("ABCD"))
    found = read(write("#mpa_vJan21_CHOCOPhlAnSGB_202103\nclade_name\tNCBI_tax_id\tS1\n" + rows))
    assert found.abundance.shape == (1, 4)
    np.testing.assert_allclose(found.abundance.loc["S1"], [0.1, 0.2, 0.3, 0.4])
    assert any(p.code == "profile.shared_tax_id" for p in found.problems)


def test_headerless_metaphlan2(write: Write) -> None:
    text = (
        f"{AKK}|s__Akkermansia_muciniphila\t1.5\t0\t3\n"
        "k__Archaea|p__E|c__M|o__M|f__M|g__Methanobrevibacter|s__Methanobrevibacter_unclassified\t48.5\t60\t37\n"
        "k__Viruses|p__Viruses_noname|c__V|o__Caudovirales|f__Siphoviridae|g__Lambda|s__Phage_X\t50\t40\t60\n"
    )
    found = read(write(text))
    assert found.profiler == "metaphlan2"
    assert found.samples == ("sample_1", "sample_2", "sample_3")
    assert "Methanobrevibacter" in found.abundance.columns
    assert found.lineages.loc["Methanobrevibacter", "species"] == ""
    step = next(s for s in found.log if s.code == "profile.dropped_virus")
    assert step.counts["rows"] == 1
    assert found.abundance.loc["sample_2", "Methanobrevibacter"] == 1.0


def test_leaves_that_do_not_add_up_are_named(write: Write) -> None:
    whole = table("clade_name\tA\tB", {k: [x * 4 for x in v] for k, v in LEAVES.items()})
    cut = "\n".join(x for x in whole.split("\n") if "SGB15316" not in x)
    assert any(p.code == "profile.leaves_do_not_add_up" for p in read(write(cut)).problems)


def test_every_bad_cell_is_listed_with_its_place(write: Write) -> None:
    text = f"clade_name\tA\tB\n{AKK}|s__Akkermansia_muciniphila\tten\t5\n{FAE}|s__Faecalibacterium_x\t90\t-95\n"
    with pytest.raises(InputError) as fault:
        read(write(text))
    places = {(p.row, p.column, p.code) for p in fault.value.problems}
    assert places == {(2, "A", "profile.bad_number"), (3, "B", "profile.bad_number")}


@pytest.mark.shared
def test_qin2014_real_table(shared: Callable[[str], Path]) -> None:
    found = read(shared("data/cirrhosis_qin2014/abundance.tsv"))
    assert (found.profiler, found.rank) == ("metaphlan2", "species")
    assert found.abundance.shape == (232, 542)
    np.testing.assert_allclose(found.abundance.sum(axis=1), 1.0, atol=1e-12)


@pytest.mark.shared
def test_metaphlan4_real_example(shared: Callable[[str], Path]) -> None:
    path = shared("data/toposcore_nsclc/mpa4_vJan21_test_data.tsv")
    assert sniff(path).name == "metaphlan"
    found = read(path, sample="Sample_4")
    assert found.samples == ("Sample_4",)
    assert found.unknown.iloc[0] == pytest.approx(0.9107134, abs=1e-6)
