"""Plain tables either way round, and the faults of real ones (../shared/reference/microbiome.md 1.4 and 3)."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hepaxis.problems import InputError
from hepaxis.profile import Profile, read

Write = Callable[..., Path]

TAXA = ["Akkermansia_muciniphila", "Faecalibacterium_prausnitzii", "Bacteroides_uniformis", "Blautia_wexlerae"]


def wide(rows: dict[str, list[object]] | list[tuple[str, list[object]]], header: list[str] | None = None) -> str:
    items = rows.items() if isinstance(rows, dict) else rows
    lines = [",".join(["Sample_id", *(header or TAXA)])]
    return "\n".join([*lines, *(",".join([s, *map(str, v)]) for s, v in items)]) + "\n"


def codes(found: Profile) -> set[str]:
    return {p.code for p in found.problems}


def step_codes(found: Profile) -> set[str]:
    return {s.code for s in found.log}


def many(n: int, values: list[object]) -> list[tuple[str, list[object]]]:
    return [(f"P{i:02d}x", values) for i in range(n)]


PERCENT: list[object] = [10, 20.5, 30.5, 39]


def test_orientation_is_told_from_the_names(write: Write) -> None:
    across = read(write(wide({"P1": [10, 20.5, 30.5, 39], "P2": [40, 30, 20.5, 9.5]}), "a"))
    text = "taxon\tP1\tP2\n" + "".join(
        f"{t}\t{a}\t{b}\n" for t, a, b in zip(TAXA, [10, 20.5, 30.5, 39], [40, 30, 20.5, 9.5], strict=True)
    )
    down = read(write(text, "b"))
    np.testing.assert_allclose(across.abundance.to_numpy(), down.abundance.to_numpy())
    assert list(across.abundance.columns) == list(down.abundance.columns) == TAXA
    assert across.samples == down.samples == ("P1", "P2")


@pytest.mark.parametrize(("factor", "scale"), [(1.0, "0-100"), (0.01, "0-1")])
def test_percent_and_fractions_give_the_same_profile(write: Write, factor: float, scale: str) -> None:
    found = read(write(wide({"P1": [10.5 * factor, 20 * factor, 30 * factor, 39.5 * factor]})))
    np.testing.assert_allclose(found.abundance.loc["P1"], [0.105, 0.2, 0.3, 0.395])
    assert any(f"Scale found: {scale} " in s.text for s in found.log)
    assert found.reads.isna().all()


def test_counts_are_recognised_and_kept_as_reads(write: Write) -> None:
    found = read(write(wide({"P1": [100, 200, 300, 400], "P2": [1, 0, 2, 3000]})))
    assert any("Scale found: counts" in s.text for s in found.log)
    assert found.reads.to_list() == [1000, 3003]
    np.testing.assert_allclose(found.abundance.loc["P1"], [0.1, 0.2, 0.3, 0.4])


def test_mixed_scales_are_named_and_each_sample_scaled(write: Write) -> None:
    found = read(write(wide({"P1": [10, 20.5, 30.5, 39], "P2": [0.1, 0.2, 0.3, 0.4], "P3": [100, 200, 300, 400]})))
    assert "profile.scale_mixed" in codes(found)
    np.testing.assert_allclose(found.abundance.loc["P2"], found.abundance.loc["P3"])


def test_duplicate_ids_identical_are_kept_once(write: Write) -> None:
    found = read(write(wide([("P1", PERCENT), ("P2", [25, 25, 25, 25.0]), ("P1", PERCENT)])))
    assert found.samples == ("P1", "P2")
    assert "profile.duplicate_sample_identical" in codes(found)


def test_duplicate_ids_conflicting_are_all_left_out(write: Write) -> None:
    """DS2: one pair adds up to 100.0 and 13.1; neither row can be trusted."""
    found = read(write(wide([("P1", PERCENT), ("P2", [25, 25, 25, 25.0]), ("P1", [10, 1, 1, 1.1])])))
    assert found.samples == ("P2",)
    assert "profile.duplicate_sample_conflict" in codes(found)
    with pytest.raises(InputError) as fault:
        read(write(wide([("P1", PERCENT), ("P2", PERCENT), ("P1", [10, 1, 1, 1.1])])), sample="P1")
    assert {"profile.sample_unusable", "profile.duplicate_sample_conflict"} <= {p.code for p in fault.value.problems}


def test_rows_above_101_are_named_and_absurd_ones_left_out(write: Write) -> None:
    rows = [*many(18, PERCENT), ("high", [60, 60, 5.5, 1]), ("absurd", [2070000, 100, 97, 0])]
    found = read(write(wide(rows)))
    assert {"profile.total_above_whole", "profile.absurd_total"} <= codes(found)
    assert "absurd" not in found.samples
    assert "high" in found.samples
    text = "\n".join(str(p) for p in found.problems)
    assert "absurd: 2,070,197.0" in text
    assert "high: 126.5" in text


def test_zero_rows_are_left_out_and_said(write: Write) -> None:
    found = read(write(wide({"P1": PERCENT, "P2": [0, 0, 0, 0]})))
    assert found.samples == ("P1",)
    assert "profile.empty_sample" in codes(found)


def test_nothing_usable_is_an_error_with_the_reasons(write: Write) -> None:
    with pytest.raises(InputError) as fault:
        read(write(wide({"P1": [0, 0, 0, 0], "P2": [0, 0, 0, 0]})))
    assert {"profile.no_sample", "profile.empty_sample"} <= {p.code for p in fault.value.problems}


def test_patient_columns_are_recognised_and_said(write: Write) -> None:
    header = ["Cohort", *TAXA, "OS", "Death", "OS12", "AKK_TRICHO", "Age"]
    rows: dict[str, list[object]] = {
        "P1": ["Valid", *PERCENT, 22.8, 1, "R", "Low", 61],
        "P2": ["Valid", *PERCENT, 3.1, 1, "NR", "Zero", 70],
    }
    found = read(write(wide(rows, header)))
    assert list(found.abundance.columns) == TAXA
    left = next(p for p in found.problems if p.code == "profile.not_taxon_columns")
    assert all(name in left.found for name in ("Cohort", "OS", "Death", "OS12", "AKK_TRICHO", "Age"))


def test_gtdb_placeholder_genera_are_no_patient_columns(write: Write) -> None:
    header = ["Akkermansia", "UBA71", "CAG-272", "14-2", "Blautia_A", "Bacteroides"]
    found = read(write(wide({"P1": [0.1, 0.1, 0.2, 0.2, 0.3, 0.1]}, header)))
    assert found.abundance.shape == (1, 6)
    assert found.rank == "genus" or found.lineages["genus"].ne("").sum() >= 4


def test_row_names_lost_in_a_spreadsheet_are_said(write: Write) -> None:
    found = read(write(wide({"1": PERCENT, "2": PERCENT, "3": PERCENT})))
    assert "profile.row_names_lost" in codes(found)
    bare = ",".join(TAXA) + "\n" + "10.5,20.5,30,39\n39.5,30,20.5,10\n"
    assert "profile.row_names_lost" in codes(read(write(bare, "c")))


def test_unclassified_column_is_the_unknown_fraction(write: Write) -> None:
    found = read(write(wide({"P1": [10, 20.5, 19.5, 10, 40]}, [*TAXA, "Unclassified"])))
    assert found.unknown.iloc[0] == pytest.approx(0.4)
    assert found.abundance.shape == (1, 4)


def test_duplicate_taxa_identical_and_different(write: Write) -> None:
    text = "t\tP1\tP2\n" + "".join(
        f"{n}\t{a}\t{b}\n"
        for n, a, b in [(TAXA[0], 10.5, 1), (TAXA[0], 10.5, 1), (TAXA[1], 50, 49), (TAXA[1], 39.5, 50)]
    )
    found = read(write(text))
    assert {"profile.duplicate_taxon_identical", "profile.duplicate_taxon"} <= codes(found)
    np.testing.assert_allclose(found.abundance.loc["P1"], [0.105, 0.895])


def test_gzip_is_told_by_its_magic_not_by_its_name(write: Write) -> None:
    path = write(gzip.compress(wide({"P1": PERCENT}).encode()), "profile.csv")
    assert read(path).samples == ("P1",)


def test_semicolons_and_decimal_commas(write: Write) -> None:
    text = ";".join(["id", *TAXA]) + "\nP1;10,5;20,5;30,0;39,0\nP2;10,5;20,5;30,0;39,0\n"
    np.testing.assert_allclose(read(write(text)).abundance.loc["P1"], [0.105, 0.205, 0.3, 0.39])


def test_ragged_rows_are_listed(write: Write) -> None:
    text = wide({"P1": PERCENT}) + "P2,1,2\nP3,1,2,3,4,5\n"
    with pytest.raises(InputError) as fault:
        read(write(text))
    assert [(p.code, p.row) for p in fault.value.problems] == [("profile.ragged_row", 3), ("profile.ragged_row", 4)]


def test_a_clinic_sheet_is_refused(write: Write) -> None:
    text = "Sample_id,Age,Sex,OS,Death,Akkermansia_muciniphila\nP1,61,M,3.2,1,0.5\nP2,70,F,9.1,0,0\n"
    with pytest.raises(InputError) as fault:
        read(write(text))
    assert fault.value.problems[0].code == "profile.clinical_file"


def test_missing_cells_are_said(write: Write) -> None:
    found = read(write(wide({"P1": [10, "NA", 30.5, 59.5], "P2": PERCENT})))
    assert "profile.missing_cells" in codes(found)


def test_taxonomy_completes_bare_genera(write: Write) -> None:
    names = write("column,lineage\nBlautia,d__Bacteria;p__Bacillota_A;c__C;o__L;f__Lachnospiraceae;g__Blautia\n", "n")
    found = read(write("id,Blautia,Bacteroides\nP1,40.5,59.5\n", "t"), taxonomy=names)
    assert found.lineages.loc["Blautia", "family"] == "Lachnospiraceae"
    assert found.lineages.loc["Bacteroides", "genus"] == "Bacteroides"


@pytest.mark.shared
def test_toposcore_validation_real_table(shared: Callable[[str], Path]) -> None:
    """236 rows: 7 ids are there twice alike, 41 ids with another profile under the same patient."""
    found = read(shared("data/toposcore_nsclc/met4_valid_complete.csv"))
    assert found.profiler == "metaphlan4"
    assert found.abundance.shape == (147, 565)
    left = next(p for p in found.problems if p.code == "profile.not_taxon_columns")
    assert "Cohort, OS, Death, OS12, AKK_TRICHO" in left.found
    by_code = {p.code: p.found for p in found.problems}
    assert by_code["profile.duplicate_sample_identical"].startswith("7 sample ids")
    assert by_code["profile.duplicate_sample_conflict"].startswith("41 sample ids")


@pytest.mark.shared
@pytest.mark.parametrize(
    ("path", "samples", "rank"),
    [
        ("toposcore_nsclc/DS6_longitudinal_microbiome_data.csv.gz", 97, "species"),
        ("erawijantari_gastrectomy_2020/genus_relative_abundance.csv", 96, "genus"),
        ("sinha_crc_2016/genus_relative_abundance.csv", 131, "genus"),
        ("gibbons_2024_exvivo_scfa/studyA_species_relative_abundance.csv", 18, "species"),
        ("hcc_16s_waschina2022/tax_tab_Genus.tsv", 263, "genus"),
    ],
)
def test_real_plain_tables(shared: Callable[[str], Path], path: str, samples: int, rank: str) -> None:
    found = read(shared(f"data/{path}"))
    assert (len(found.samples), found.rank) == (samples, rank)
    np.testing.assert_allclose(found.abundance.sum(axis=1), 1.0, atol=1e-12)


@pytest.mark.shared
@pytest.mark.parametrize(
    "path",
    [
        "toposcore_nsclc/DS1_oncology_clinical_data_DiscValid.csv",
        "toposcore_nsclc/clin_disc.csv",
        "toposcore_nsclc/scores_disc.csv",
        "ici_ogu_11cohorts/meta_data.tsv",
        "ici_ogu_11cohorts/taxonomy.tsv",
        "hcc_16s_waschina2022/DT_alpha_diversity.tsv",
        "sinha_crc_2016/metabolites.csv",
        "abx_recovery_chng2020/antibiotics.xlsx",
        "cmd4_ici_metadata/GunjurA_2024_sample.tsv",
    ],
)
def test_real_files_that_are_no_profile_are_refused(shared: Callable[[str], Path], path: str) -> None:
    with pytest.raises(InputError) as fault:
        read(shared(f"data/{path}"))
    assert fault.value.problems
